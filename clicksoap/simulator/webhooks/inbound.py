"""Messages from handsets: the value, its charset and its parts."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from clicksoap.simulator.gateway import segments

LATIN: Final = "ISO-8859-1"
"""The charset of a text with Western European characters only."""

UTF16: Final = "UTF-16BE"
"""The charset of every other text."""

MAX_PARTS: Final = 255
"""The maximum number of parts of a long message: the header has one byte for it."""

# Without control characters: XML and readers of ISO-8859-1 disagree about them.
_PLAIN: Final = re.compile("[\t\n\r\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message from a handset, or one part of a long one. All parts share the reference in their UDH.

    Attributes:
        id: The gateway's id, 32 hexadecimal digits (``moMsgId``).
        at: The time of arrival, by the gateway's clock.
        api_id: The API id of the receiving account.
        user: The user of that account.
        sender: The handset's number.
        to: The number of the customer.
        text: The text.
        charset: ``ISO-8859-1`` or ``UTF-16BE``.
        udh: The user data header of a part; empty in a message of one part.
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
    """The charset in which a text is delivered."""
    return LATIN if _PLAIN.fullmatch(text) else UTF16


def split(text: str, charset: str) -> list[str]:
    """Split a text into the parts it takes on the air; no character is split over two."""
    return [each.text for each in segments.split(text, unicode=charset == UTF16)]


def concatenation_header(reference: int, total: int, number: int) -> bytes:
    """The user data header of a part: concatenation with an 8-bit reference."""
    return bytes((5, 0, 3, reference, total, number))
