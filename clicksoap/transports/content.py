"""A reply's body, decompressed under a cap."""

import zlib
from typing import Final

from clicksoap.errors import ProtocolError
from clicksoap.protocol.bindings.http_status import is_refused_unread
from clicksoap.protocol.wire import MAX_REPLY_BYTES

# 32 + 15: zlib tells gzip from zlib by the header itself.
_EITHER_HEADER: Final = 47
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})


class BoundedBody:
    """Collects and decompresses a body chunk by chunk; its size in memory never exceeds the cap."""

    def __init__(self, status: int, content_encoding: str) -> None:
        encoding = content_encoding.strip().lower()
        self._status = status
        self._decoder = zlib.decompressobj(_EITHER_HEADER) if encoding in _COMPRESSED else None
        if self._decoder is None and encoding not in {"", "identity"}:
            raise self._error("has a content coding that was not asked for")
        self._chunks: list[bytes] = []
        self._room = MAX_REPLY_BYTES

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire.

        Raises:
            ProtocolError: The body is over the cap, or not packed as it says.
        """
        plain = self._unpacked(chunk)
        self._room -= len(plain)
        if self._room < 0:
            raise self._error(f"is larger than {MAX_REPLY_BYTES} bytes")
        self._chunks.append(plain)

    def complete(self) -> bytes:
        """The whole body.

        Raises:
            ProtocolError: The packed body was cut off.
        """
        if self._decoder is not None and not self._decoder.eof and self._chunks:
            raise self._error("was cut off inside its content coding")
        return b"".join(self._chunks)

    def _unpacked(self, chunk: bytes) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            # One byte more than there is room for: enough to see that it is too much.
            plain = self._decoder.decompress(chunk, self._room + 1)
        except zlib.error:
            raise self._error("is not in the content coding that it names") from None
        if self._decoder.unused_data:
            raise self._error("goes on behind the end of its content coding")
        return plain

    def _error(self, what: str) -> ProtocolError:
        return ProtocolError(
            f"HTTP {self._status}: the body {what}",
            status=self._status,
            may_have_taken_effect=not is_refused_unread(self._status),
        )
