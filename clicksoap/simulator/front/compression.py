"""gzip: compress replies, and expand requests up to a limit."""

import gzip
import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class CompressionError(ValueError):
    """A compressed request cannot be expanded, or is too large when expanded."""


def expand(body: bytes, limit: int) -> bytes:
    """Decompress one gzip member of at most ``limit`` bytes.

    Raises:
        CompressionError: The body is not one complete gzip member, or is larger when expanded.
    """
    expander = zlib.decompressobj(_GZIP)
    try:
        expanded = expander.decompress(body, limit + 1)
    except zlib.error:
        raise CompressionError("not gzip") from None
    if len(expanded) > limit or not expander.eof or expander.unused_data:
        raise CompressionError("not one complete gzip member within bounds")
    return expanded


def accepts_gzip(header: str) -> bool:
    """True if an Accept-Encoding header allows gzip."""
    accepted: dict[str, bool] = {}
    for item in header.lower().split(","):
        coding, _, parameter = item.partition(";")
        weight = parameter.strip().removeprefix("q=")
        accepted[coding.strip()] = weight.strip("0.") != "" if weight else True
    return accepted.get("gzip", accepted.get("x-gzip", accepted.get("*", False)))


def compress(body: bytes) -> bytes:
    """Compress a reply; the same bytes always give the same bytes."""
    return gzip.compress(body, compresslevel=1, mtime=0)
