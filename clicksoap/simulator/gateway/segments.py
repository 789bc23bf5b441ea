"""Split a text into the segments that it is sent in: GSM 7-bit or UTF-16, whole or concatenated."""

from dataclasses import dataclass, field
from typing import Final

# Units of a single segment, and of one of several (3GPP TS 23.038 and 23.040).
_SEPTETS: Final = (160, 153)
_UTF16_UNITS: Final = (70, 67)
_VERY_LONG: Final = 20_000  # characters, more than the most segments hold
# The extension table of TS 23.038 section 6.2.1.1. A character outside the alphabet is replaced by one septet.
_TWO_SEPTETS: Final = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segment:
    """One of the segments that a text is sent in.

    Attributes:
        text: The text of the segment.
        size: The septets, or UTF-16 units, that it takes.
        max_size: The septets, or UTF-16 units, that it may take.
    """

    text: str = field(repr=False)
    size: int
    max_size: int


def split(text: str, *, unicode: bool) -> tuple[Segment, ...]:
    """Split a text into segments; no character is split over two.

    Args:
        text: The text.
        unicode: True for UTF-16, false for GSM 7-bit.
    """
    single, joined = _UTF16_UNITS if unicode else _SEPTETS
    sizes = [_size(char, unicode=unicode) for char in text]
    whole = sum(sizes)
    if whole <= single:
        return (Segment(text, whole, single),)
    segments: list[Segment] = []
    start, filled = 0, 0
    for index, size in enumerate(sizes):
        if filled + size > joined:
            segments.append(Segment(text[start:index], filled, joined))
            start, filled = index, 0
        filled += size
    return (*segments, Segment(text[start:], filled, joined))


def segment_count(text: str, *, unicode: bool) -> int:
    """The number of segments that a text takes, as UTF-16 or as GSM 7-bit; of a very long text, at least so many."""
    if len(text) > _VERY_LONG:  # it is refused in any case, and splitting it would take long
        return -(-len(text) // (_UTF16_UNITS if unicode else _SEPTETS)[1])
    return len(split(text, unicode=unicode))


def _size(char: str, *, unicode: bool) -> int:
    two = char > "\uffff" if unicode else char in _TWO_SEPTETS
    return 2 if two else 1
