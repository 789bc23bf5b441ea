"""What a message says, in words or in bytes, and how many parts it takes on the air."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.rules import MAX_PARTS, Refused

MAX_BYTES: Final = 140
"""The bytes that an 8-bit message holds, its user data header included."""

# Units of a single message, and of one part of several (3GPP TS 23.038 and 23.040).
_SEPTETS: Final = (160, 153)
_UTF16_UNITS: Final = (70, 67)
# The extension table of TS 23.038 section 6.2.1.1; whatever else is not in the alphabet is replaced by one character.
_TWO_SEPTETS: Final = frozenset("\f^{}\\[~]|€")

_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_FLASH: Final = 512  # FEAT_FLASH among the bits of req_feat
_LOGOS: Final = "SMS_NOKIA_"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes to every recipient of a request.

    Attributes:
        text: The text as a phone would show it; empty in an 8-bit message.
        text_as_sent: The text as it arrived.
        unicode: Whether it came as hexadecimal UTF-16.
        data: The bytes of an 8-bit message.
        udh: Its user data header.
        flash: Whether the phone is to show the message at once.
        parts: How many messages it takes on the air.
        too_long: Whether that is more than was allowed (113).
    """

    text: str = field(repr=False)
    text_as_sent: str = field(repr=False)
    unicode: bool = False
    data: bytes = field(default=b"", repr=False)
    udh: bytes = field(default=b"", repr=False)
    flash: bool = False
    parts: int = 1
    too_long: bool = False


def content_of(values: Mapping[str, str], name: str, concat_default: int) -> Content:
    """Read the content of a message.

    Args:
        values: The parameters of the request.
        name: The parameter that holds the text.
        concat_default: The parts allowed where ``concat`` says nothing.

    Raises:
        Refused: It is no hexadecimal where that belongs (101, 102 or 116), or ``concat`` is none (101).
    """
    sent = values.get(name, "")
    kind = values.get("msg_type", "")
    flash = kind == "SMS_FLASH" or bool(rules.integer(values, "req_feat") & _FLASH)
    allowed = min(_concat(values) or concat_default, MAX_PARTS)
    if "udh" in values or "data" in values or rules.integer(values, "binary") == 1:
        udh = _bytes(values.get("udh", ""), "102")
        data = _bytes(values.get("data", sent), "101")
        too_long = len(udh) + len(data) > MAX_BYTES
        return Content("", sent, data=data, udh=udh, flash=flash, too_long=too_long)
    text, is_unicode = rules.shown_text(values, name)
    if kind.startswith(_LOGOS):  # the vendor packs these by rules of its own
        return Content(text, sent, is_unicode, flash=flash)
    parts = parts_of(text, unicode=is_unicode)
    return Content(text, sent, is_unicode, flash=flash, parts=parts, too_long=parts > allowed)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the messages that a text is sent as.

    Attributes:
        text: What it carries.
        size: The septets, or UTF-16 units, that it takes.
        most: How many it may take.
    """

    text: str = field(repr=False)
    size: int
    most: int


def split(text: str, *, unicode: bool) -> tuple[Part, ...]:
    """The parts that a text is sent in, as GSM 7-bit or as UTF-16; no character is split over two."""
    single, joined = _UTF16_UNITS if unicode else _SEPTETS
    sizes = [_size(char, unicode=unicode) for char in text]
    whole = sum(sizes)
    if whole <= single:
        return (Part(text, whole, single),)
    parts: list[Part] = []
    began, filled = 0, 0
    for place, size in enumerate(sizes):
        if filled + size > joined:
            parts.append(Part(text[began:place], filled, joined))
            began, filled = place, 0
        filled += size
    return (*parts, Part(text[began:], filled, joined))


def parts_of(text: str, *, unicode: bool) -> int:
    """The parts that a text takes, as GSM 7-bit or as UTF-16."""
    return len(split(text, unicode=unicode))


def _size(char: str, *, unicode: bool) -> int:
    two = char > "\uffff" if unicode else char in _TWO_SEPTETS
    return 2 if two else 1


def _concat(values: Mapping[str, str]) -> int:
    concat = rules.integer(values, "concat")
    if concat < 0:
        raise Refused("101")
    return concat


def _bytes(digits: str, code: str) -> bytes:
    if digits and not _HEXADECIMAL.fullmatch(digits):
        raise Refused(code)
    return bytes.fromhex(digits)
