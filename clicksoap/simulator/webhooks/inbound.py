"""What a handset sends: a message, or the parts of a long one."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from clicksoap.simulator.gateway import segments

LATIN: Final = "ISO-8859-1"
"""The charset of a text that is all Western European."""

UTF16: Final = "UTF-16BE"
"""The charset of every other text."""

MAX_PARTS: Final = 255
"""The parts that a long message may have: the header gives their number one byte."""

# Control characters are not: neither XML nor the readers of ISO-8859-1 agree on them.
_PLAIN: Final = re.compile("[\t\n\r\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message from a handset; a long one is several of them, which share the reference in their UDH.

    Attributes:
        id: The gateway's id, 32 hexadecimal digits (``moMsgId``).
        at: When it came, by the gateway's clock.
        api_id: The API id of the account it is for.
        user: That account's user.
        sender: The handset's number.
        to: The number it was sent to.
        text: What it says.
        charset: ``ISO-8859-1`` or ``UTF-16BE``.
        udh: Its user data header, which makes it a part of a longer one; empty if it is whole.
    """

    id: str
    at: datetime
    api_id: int
    user: str
    sender: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    charset: str
    udh: bytes = field(repr=False)


def charset_of(text: str) -> str:
    """The charset that a text is passed on in."""
    return LATIN if _PLAIN.fullmatch(text) else UTF16


def split(text: str, charset: str) -> list[str]:
    """A text as the parts it takes on the air; no character is split over two."""
    return [each.text for each in segments.split(text, unicode=charset == UTF16)]


def header(reference: int, total: int, number: int) -> bytes:
    """The user data header of a part: concatenation with a reference of eight bits."""
    return bytes((5, 0, 3, reference, total, number))
