"""A reply's body, decompressed under a cap."""

import re
import zlib
from typing import Final

from clicksoap.errors import ProtocolError
from clicksoap.protocol.bindings.http_status import proves_nothing_done
from clicksoap.protocol.wire import MAX_REPLY_BYTES

# 32 + 15: zlib tells gzip from zlib by the header itself; below zero: deflate without a header.
_EITHER_HEADER: Final = 47
_NO_HEADER: Final = -15
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_DEFLATE: Final = frozenset({"deflate", "x-deflate"})
# Registered codings that change the bytes and are not asked for. All other words change nothing.
_UNREADABLE: Final = frozenset(
    {"br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip", "aes128gcm"}
)

_GZIP_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = 64 * 1024
_MAX_MEMBERS: Final = 100
# One round for each coding of a list; a word that changes nothing takes one, too.
_MAX_LAYERS: Final = 8
# As RFC 1952 has it for tapes: nothing but zeros; and what text editors and scripts leave at an end.
_PADDING: Final = b"\0\r\n\t "
# An answer as text: no control characters, and what every line and every document of the contract has.
_ANSWER: Final = re.compile(rb"[^\x00-\x08\x0b\x0c\x0e-\x1f]*[:<][^\x00-\x08\x0b\x0c\x0e-\x1f]*")


class BoundedBody:
    """Collects a body chunk by chunk, and decompresses it; its size in memory never exceeds twice the cap.

    Servers name codings that are not there (``utf-8``, the list that the client offered). Of such words, those count
    that the bytes agree with.

    Args:
        status: The HTTP status, for errors.
        content_encoding: The header's value, also a list.
        may_be_decoded: Whether the body may be decoded although the header is still there, as recorders keep it.
    """

    def __init__(self, status: int, content_encoding: str, *, may_be_decoded: bool = False) -> None:
        self._status = status
        self._codings = [name for part in content_encoding.lower().split(",") if (name := part.strip())]
        self._may_be_decoded = may_be_decoded
        self._chunks: list[bytes] = []
        self._room = MAX_REPLY_BYTES

    def expect(self, length: int) -> None:
        """Refuse a length over the cap before its bytes come.

        Raises:
            ProtocolError: The body is over the cap.
        """
        if length > self._room:
            raise self._too_large()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire.

        Raises:
            ProtocolError: The body is over the cap.
        """
        self._room -= len(chunk)
        if self._room < 0:
            raise self._too_large()
        self._chunks.append(chunk)

    def so_far(self) -> bytes:
        """The bytes that came, in the coding that they came in."""
        return b"".join(self._chunks)

    def complete(self) -> bytes:
        """The whole body.

        Raises:
            ProtocolError: It is over the cap, cut off within its coding, or not packed as it says.
        """
        body, self._chunks = self.so_far(), []
        codings, is_unpacked = self._codings.copy(), False
        for _ in range(_MAX_LAYERS):
            if body.startswith(_GZIP_MAGIC):
                coding = "gzip"
                codings = [each for each in codings if each not in _GZIP]
            elif not body or not codings or ((is_unpacked or self._may_be_decoded) and _ANSWER.fullmatch(body)):
                break
            else:
                coding = codings.pop()  # the one that was applied last
            try:
                unpacked = self._without(coding, body)
            except _NotInCodingError:
                if not is_unpacked:
                    raise self._error("is not in the content coding that it names") from None
                break  # the header is the list that was offered
            is_unpacked = is_unpacked or unpacked is not body
            body = unpacked
        return body

    def _without(self, coding: str, body: bytes) -> bytes:
        if coding in _GZIP:
            return self._unpacked(body, _EITHER_HEADER)
        if coding in _DEFLATE:
            try:
                return self._unpacked(body, _EITHER_HEADER)
            except _NotInCodingError:  # RFC 9110 wants the header of zlib, and many servers send none
                return self._unpacked(body, _NO_HEADER)
        if coding in _UNREADABLE:
            raise self._error("has a content coding that was not asked for")
        return body

    def _unpacked(self, body: bytes, form: int) -> bytes:
        """The members of a body one after the other, without the padding behind the last one."""
        plain = bytearray()
        decoder, members = zlib.decompressobj(form), 1
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            while piece:
                if decoder.eof:
                    piece = piece.lstrip(_PADDING)
                    if not piece:
                        break
                    if not _GZIP_MAGIC.startswith(piece[:2]) or members == _MAX_MEMBERS:
                        raise self._error("goes on behind the end of its content coding")
                    decoder, members = zlib.decompressobj(form), members + 1
                try:
                    # One byte more than there is room for: enough to see that it is too much.
                    plain += decoder.decompress(piece, MAX_REPLY_BYTES - len(plain) + 1)
                except zlib.error:
                    raise _NotInCodingError from None
                if len(plain) > MAX_REPLY_BYTES:
                    raise self._too_large()
                piece = decoder.unused_data
        if not decoder.eof:
            raise self._error("was cut off inside its content coding")
        return bytes(plain)

    def _too_large(self) -> ProtocolError:
        return self._error(f"is larger than {MAX_REPLY_BYTES} bytes")

    def _error(self, what: str) -> ProtocolError:
        return ProtocolError(
            f"HTTP {self._status}: the body {what}",
            status=self._status,
            may_have_taken_effect=not proves_nothing_done(self._status, self.so_far()),
        )


class _NotInCodingError(Exception):
    """The bytes are not in a coding."""
