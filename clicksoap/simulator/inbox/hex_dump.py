"""Hex dump of bytes, sixteen per line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 16
_PRINTABLE: Final = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class HexLine:
    """One line of a hex dump.

    Attributes:
        offset: The offset of the first byte, as four hexadecimal digits.
        digits: The bytes as pairs of hexadecimal digits with blanks between them.
        characters: The bytes as ASCII characters; a dot for each byte that is not printable.
    """

    offset: str
    digits: str
    characters: str


def hex_dump(data: bytes) -> Iterator[HexLine]:
    """The lines of the hex dump of some bytes."""
    for place in range(0, len(data), _WIDTH):
        row = data[place : place + _WIDTH]
        characters = "".join(chr(each) if each in _PRINTABLE else "." for each in row)
        yield HexLine(f"{place:04X}", row.hex(" ").upper(), characters)
