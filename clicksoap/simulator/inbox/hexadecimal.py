"""Bytes, sixteen to a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 16
_PRINTABLE: Final = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a dump.

    Attributes:
        offset: Where it begins, as four hexadecimal digits.
        digits: Its bytes as hexadecimal digits.
        characters: The same as ASCII, with dots for what cannot be printed.
    """

    offset: str
    digits: str
    characters: str


def dump(data: bytes) -> Iterator[Line]:
    """The lines that show some bytes."""
    for place in range(0, len(data), _WIDTH):
        row = data[place : place + _WIDTH]
        characters = "".join(chr(each) if each in _PRINTABLE else "." for each in row)
        yield Line(f"{place:04X}", row.hex(" ").upper(), characters)
