"""Reads HTTP/1.1 replies from bytes, without I/O, for both transports.

h11 is not used: it would be a fourth base dependency, and a cut, oversized or refused reply has to be judged here by
what the bytes so far prove.
"""

import re
from collections.abc import Generator
from typing import Final

from clicksoap.protocol.bindings.http_status import proves_nothing_done
from clicksoap.protocol.wire import MAX_REPLY_BYTES, WireReply
from clicksoap.transports.content import BoundedBody

_MAX_HEAD_BYTES: Final = 128 * 1024
_MAX_RAW_BYTES: Final = MAX_REPLY_BYTES + 1024 * 1024
"""Cap on what one reply may bring at all, framing and interim replies included."""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([0-9])[ \t]+([1-9][0-9]{2})(?:[ \t].*)?", re.DOTALL)
_LENGTH: Final = re.compile(r"0*([0-9]+)(?:\s*,\s*0*\1)*", re.ASCII)
_MAX_LENGTH_DIGITS: Final = 15
_CHUNK_LINE: Final = re.compile(rb"[ \t]*0*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
# A bare line feed ends a line, too (RFC 9112, 2.2).
_NO_HEADERS: Final = re.compile(rb"\r?\n")
_HEADERS_END: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
# Lines that continue no header are to be passed over (RFC 9112, 2.2).
_FOLDED_BEFORE_ALL: Final = re.compile(r"\A(?:[ \t][^\n]*(?:\n|\Z))+")
_LISTS: Final = frozenset({"connection", "transfer-encoding", "content-encoding"})
_PADDING: Final = b"\0\r\n\t "

_INTERIM: Final = range(100, 200)
_SWITCHING: Final = 101
_WITHOUT_BODY: Final = frozenset({_SWITCHING, 204, 304})


class BrokenReply(ConnectionError):
    """The reply is not whole or not HTTP; the text holds nothing of it."""


def stated_length(value: str) -> int | None:
    """The number of a Content-Length, at most 10 to the power of 15; None if it is something else.

    A number that is said several times alike counts once (RFC 9110, 8.6).
    """
    found = _LENGTH.fullmatch(value.strip())
    if found is None:
        return None
    return int(found[1]) if len(found[1]) <= _MAX_LENGTH_DIGITS else 10**_MAX_LENGTH_DIGITS


def _words(value: str) -> set[str]:
    """The words of a header that is a list, in lower case."""
    return {word for part in value.lower().split(",") if (word := part.strip())}


class IncomingReply:
    """One reply, fed with bytes until it is complete.

    Args:
        has_body: False for the answer to a CONNECT, which ends with its head.

    Attributes:
        is_expected: Whether its request may have left; set by who sends it.
        status: The HTTP status, as soon as its line has come; 0 before.
        keeps_connection: Whether another request may follow over the same connection; known once it is complete.
    """

    def __init__(self, *, has_body: bool = True) -> None:
        self.is_expected = False
        self.status = 0
        self.keeps_connection = False
        self._has_body = has_body
        self._minor = b"0"
        self._headers: dict[str, str] = {}
        self._body = BoundedBody(0, "")
        self._content = b""
        self._data = bytearray()
        self._room = _MAX_RAW_BYTES
        self._steps = self._read()
        next(self._steps)

    @property
    def is_refusal(self) -> bool:
        """Whether the status has said that nothing was done, and no part of the body that came resembles an answer."""
        return proves_nothing_done(self.status, self._body.so_far())

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the request may have left, and the reply so far does not refuse it."""
        return self.is_expected and not self.is_refusal

    def check_tunnel(self) -> None:
        """Refuse the answer to a CONNECT unless it is in the class of 2xx.

        Raises:
            OSError: There is no tunnel.
        """
        if self.status // 100 != 2:  # noqa: PLR2004 - the class of 2xx
            raise OSError(f"Tunnel connection failed: {self.status}")

    def feed(self, data: bytes) -> bool:
        """Take what came, or nothing for the end of the connection; true once the reply is complete.

        Raises:
            BrokenReply: It is none, or does not come to its end.
            ProtocolError: Its body is over the cap, or not packed as it says.
        """
        self._room -= len(data)
        if self._room < 0:
            raise BrokenReply("the reply is too large")
        try:
            self._steps.send(data)
        except StopIteration:
            return True
        return False

    def received(self, seconds: float) -> WireReply:
        """The reply; of one that is a refusal and broke off, what came whole."""
        return WireReply(self.status, self._headers, self._content, seconds)

    def _read(self) -> Generator[None, bytes, None]:
        yield from self._head()
        while self.status in _INTERIM and self.status != _SWITCHING:
            yield from self._head()
        headers = self._headers
        has_body = self._has_body and self.status not in _WITHOUT_BODY
        coding = headers.get("content-encoding", "") if has_body else ""
        self._body = body = BoundedBody(self.status, coding)
        length = stated_length(headers.get("content-length", ""))
        framing = _words(headers["transfer-encoding"]) - {"identity"} if "transfer-encoding" in headers else None
        is_framed = True
        if not has_body:
            pass
        elif framing == {"chunked"}:
            if "," in headers["transfer-encoding"]:  # its one word that means something
                headers["transfer-encoding"] = "chunked"
            is_framed = yield from self._chunks(body)
        elif framing:
            raise BrokenReply("the reply has an unknown transfer coding")
        elif length is not None:
            body.expect(length)
            yield from self._counted(length, body)
            if self._data and not coding:
                self._take_what_goes_on(body)
        else:
            is_framed = False
            yield from self._until_the_end(body)
        self._content = body.complete()
        self.keeps_connection = is_framed and self._may_persist() and not self._data and self.status != _SWITCHING

    def _take_what_goes_on(self, body: BoundedBody) -> None:
        """Take text behind the stated length to the body: the length lies, and may have cut the body anywhere.

        Without its length, the body has to show its end by itself. Padding is no text, and another reply is not ours.
        """
        behind = bytes(self._data)
        if behind.strip(_PADDING) and not b"HTTP/".startswith(behind[:5]):
            body.feed(behind)
            del self._headers["content-length"]

    def _head(self) -> Generator[None, bytes, None]:
        line = _STATUS_LINE.fullmatch((yield from self._line()))
        if line is None:
            raise BrokenReply("the reply is not HTTP")
        self._minor, self.status, self._headers = line[1], int(line[2]), {}
        block = (yield from self._header_lines()).decode("latin-1")
        if block.startswith((" ", "\t")) or "\n " in block or "\n\t" in block:
            block = _FOLD.sub(" ", _FOLDED_BEFORE_ALL.sub("", block))
        headers: dict[str, str] = {}
        for field in block.split("\n"):
            name, colon, value = field.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name in headers:
                if name == "content-length" and stated_length(headers[name]) != stated_length(value):
                    raise BrokenReply("the reply has two lengths")
                if name in _LISTS:
                    value = f"{headers[name]}, {value}"
            if colon:
                headers[name] = value
        self._headers = headers

    def _may_persist(self) -> bool:
        connection = self._headers.get("connection", "").lower()
        return "close" not in connection and (self._minor != b"0" or "keep-alive" in connection)

    def _chunks(self, body: BoundedBody) -> Generator[None, bytes, bool]:
        """Whether the last chunk was followed by what belongs behind it."""
        while True:
            line = _CHUNK_LINE.fullmatch((yield from self._line()))
            if line is None:
                raise BrokenReply("a chunk of the reply has no length")
            length = int(line[1], 16)
            if not length:
                break
            yield from self._counted(length, body)
            if (yield from self._line()):
                raise BrokenReply("a chunk of the reply is longer than its length")
        try:
            while (yield from self._line()):
                pass  # a trailer
        except BrokenReply:
            return False  # the body itself is whole
        return True

    def _counted(self, length: int, body: BoundedBody) -> Generator[None, bytes, None]:
        while length:
            if not self._data:
                yield from self._more()
            piece = bytes(self._data[:length])
            del self._data[:length]
            body.feed(piece)
            length -= len(piece)

    def _until_the_end(self, body: BoundedBody) -> Generator[None, bytes, None]:
        body.feed(bytes(self._data))
        self._data.clear()
        while data := (yield):
            body.feed(data)

    def _line(self) -> Generator[None, bytes, bytes]:
        """Take a line, without its end."""
        looked_at = 0
        while (end := self._data.find(b"\n", looked_at)) < 0:
            looked_at = len(self._data)
            yield from self._more_of_head()
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        return line.removesuffix(b"\r")

    def _header_lines(self) -> Generator[None, bytes, bytes]:
        """Take the lines up to an empty one, and that one with them."""
        looked_at = 0
        while (end := _NO_HEADERS.match(self._data) or _HEADERS_END.search(self._data, looked_at)) is None:
            looked_at = max(0, len(self._data) - 2)
            yield from self._more_of_head()
        lines = bytes(self._data[: end.start()])
        del self._data[: end.end()]
        return lines

    def _more_of_head(self) -> Generator[None, bytes, None]:
        if len(self._data) > _MAX_HEAD_BYTES:
            raise BrokenReply("the head of the reply has no end")
        yield from self._more()

    def _more(self) -> Generator[None, bytes, None]:
        data = yield
        if not data:
            raise BrokenReply("the connection ended before the reply did")
        self._data += data
