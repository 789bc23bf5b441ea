"""The content of a message: its text or its bytes, and the segments that it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.front.rules import MAX_PARTS
from clicksoap.simulator.gateway.segments import segment_count

MAX_BYTES: Final = 140
"""The bytes that an 8-bit message holds, its user data header included."""

_FLASH: Final = 512  # FEAT_FLASH among the bits of req_feat
_NOKIA_PREFIX: Final = "SMS_NOKIA_"


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message, the same for every recipient of a command.

    Attributes:
        text: The text as a phone shows it; empty in an 8-bit message.
        text_as_sent: The text as it arrived.
        unicode: True if the text came as hexadecimal UTF-16.
        data: The bytes of an 8-bit message.
        udh: The user data header of an 8-bit message.
        flash: True if the phone shows the message at once.
        parts: The number of segments that it takes.
        excess: The rule that it breaks if it takes more segments, or bytes, than are allowed (113); empty otherwise.
        name: The parameter that held it.
    """

    text: str = field(repr=False)
    text_as_sent: str = field(repr=False)
    unicode: bool = False
    data: bytes = field(default=b"", repr=False)
    udh: bytes = field(default=b"", repr=False)
    flash: bool = False
    parts: int = 1
    excess: str = ""
    name: str = "text"


def content_of(values: Mapping[str, str], name: str, concat_default: int) -> Content:
    """Read the content of a message.

    Args:
        values: The parameters of the command.
        name: The parameter that holds the text.
        concat_default: The segments that are allowed if ``concat`` is not given.

    Raises:
        Refused: Text or bytes are not valid hexadecimal (101, 102 or 116), or ``concat`` is not a number of
            segments (101).
    """
    sent = values.get(name, "")
    message_type = values.get("msg_type", "")
    flash = message_type == "SMS_FLASH" or bool(rules.integer(values, "req_feat") & _FLASH)
    max_parts = min(_concat(values) or concat_default, MAX_PARTS)
    if "udh" in values or "data" in values or rules.integer(values, "binary") == 1:
        udh = rules.hexadecimal("102", "udh", values.get("udh", ""))
        data = rules.hexadecimal("101", "data" if "data" in values else name, values.get("data", sent))
        size = len(udh) + len(data)
        excess = f"{size} bytes with the header, at most {MAX_BYTES}" if size > MAX_BYTES else ""
        return Content(
            "", sent, data=data, udh=udh, flash=flash, excess=excess, name="data" if "data" in values else name
        )
    text, is_unicode = rules.shown_text(values, name)
    if message_type.startswith(_NOKIA_PREFIX):  # the vendor packs these by rules of its own
        return Content(text, sent, is_unicode, flash=flash)
    parts = segment_count(text, unicode=is_unicode)
    excess = f"takes {parts} parts, at most {max_parts} allowed by concat" if parts > max_parts else ""
    return Content(text, sent, is_unicode, flash=flash, parts=parts, excess=excess, name=name)


def _concat(values: Mapping[str, str]) -> int:
    concat = rules.integer(values, "concat")
    if concat < 0:
        raise Refused(
            "101", "concat", "negative", "give the greatest number of parts, 1 or more", value=values["concat"]
        )
    return concat
