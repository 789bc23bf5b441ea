"""gzip, there and back, within bounds."""

import gzip
import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class CompressionError(ValueError):
    """A compressed request that cannot be read, or is too large when read."""


def expand(body: bytes, limit: int) -> bytes:
    """Decompress one gzip member of at most ``limit`` bytes.

    Raises:
        CompressionError: It is not gzip, not complete, or larger.
    """
    machine = zlib.decompressobj(_GZIP)
    try:
        expanded = machine.decompress(body, limit + 1)
    except zlib.error:
        raise CompressionError("not gzip") from None
    if len(expanded) > limit or not machine.eof or machine.unused_data:
        raise CompressionError("not one complete gzip member within bounds")
    return expanded


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header welcomes gzip."""
    wishes: dict[str, bool] = {}
    for wish in header.lower().split(","):
        coding, _, parameter = wish.partition(";")
        weight = parameter.strip().removeprefix("q=")
        wishes[coding.strip()] = weight.strip("0.") != "" if weight else True
    return wishes.get("gzip", wishes.get("x-gzip", wishes.get("*", False)))


def compress(body: bytes) -> bytes:
    """Compress a reply; the same bytes always give the same bytes."""
    return gzip.compress(body, compresslevel=1, mtime=0)
