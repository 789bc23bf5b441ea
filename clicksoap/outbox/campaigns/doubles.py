"""Finds values that may have been seen before, in little memory (a Bloom filter)."""

from typing import Final

_BITS: Final = 1 << 25  # 4 MB; of a million numbers one in three hundred is suspected in vain
_MASK: Final = _BITS - 1
_FACTOR: Final = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio (Knuth, volume 3, section 6.4)
_WORD: Final = (1 << 64) - 1


class Suspicion:
    """Numbers that were added, as a filter: it never forgets one, and may suspect one that was not added."""

    __slots__ = ("_bits",)

    def __init__(self) -> None:
        self._bits = bytearray(_BITS >> 3)

    def add(self, number: int) -> bool:
        """Add a number, and return whether it may have been added before."""
        bits = self._bits
        mixed = number * _FACTOR & _WORD
        first, second = mixed & _MASK, mixed >> 39
        one, other = 1 << (first & 7), 1 << (second & 7)
        first, second = first >> 3, second >> 3
        is_suspect = bits[first] & one and bits[second] & other
        bits[first] |= one
        bits[second] |= other
        return bool(is_suspect)
