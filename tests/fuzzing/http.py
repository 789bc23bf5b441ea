"""HTTP requests and replies, and a connection that is kept open."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import urlsplit

XML: Final = "text/xml; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whose framing is always correct."""

    method: str
    path: str
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False

    @property
    def payload(self) -> bytes:
        """The bytes that hold the command: the body of a POST, else the query."""
        return self.body if self.method == "POST" else self.query

    def with_payload(self, payload: bytes) -> "Request":
        """The same request with another command."""
        return replace(self, body=payload) if self.method == "POST" else replace(self, query=payload)

    def with_header(self, name: str, value: str | None) -> "Request":
        """The same request with another value of a header; None removes it."""
        others = {each: text for each, text in self.headers.items() if each.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})

    def to_bytes(self) -> bytes:
        """The bytes on the wire."""
        # Beyond these the request line is not HTTP, and beyond 64 KB servers stop reading it.
        query = re.sub(rb"[^\x21-\x7e]", lambda found: b"%%%02X" % found[0][0], self.query)[:50_000]
        target = self.path.encode("ascii") + (b"?" + query if query else b"")
        head = [self.method.encode("ascii") + b" " + target + b" HTTP/1.1"]
        head += [f"{name}: {value}".encode("latin-1") for name, value in {"Host": "localhost", **self.headers}.items()]
        if self.chunked:
            half = len(self.body) // 2
            chunks = [each for each in (self.body[:half], self.body[half:]) if each]
            body = b"".join(b"%X\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
            head.append(b"Transfer-Encoding: chunked")
        else:
            body = self.body
            if self.method not in {"GET", "HEAD"} or body:
                head.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join((*head, b"", body))


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class KeptConnection:
    """One connection to the server, used for every request of its owner."""

    def __init__(self, origin: str) -> None:
        place = urlsplit(origin)
        self._socket = socket.create_connection((place.hostname, place.port or 0), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def exchange(self, request: Request) -> Reply:
        self._socket.sendall(request.to_bytes())
        status, headers = self._head()
        while status == 100:
            status, headers = self._head()
        length = 0 if request.method == "HEAD" else int(headers["content-length"])
        while len(self._unread) < length:
            self._read()
        body, self._unread = self._unread[:length], self._unread[length:]
        assert not self._unread, "more came than was announced"
        assert headers.get("connection", "keep-alive") == "keep-alive", "the connection is to be closed"
        return Reply(status, headers, body)

    def _head(self) -> tuple[int, dict[str, str]]:
        while (end := self._unread.find(b"\r\n\r\n")) < 0:
            self._read()
        first, *lines = self._unread[:end].decode("latin-1").split("\r\n")
        self._unread = self._unread[end + 4 :]
        headers = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in headers}

    def _read(self) -> None:
        more = self._socket.recv(1 << 16)
        assert more, "the connection was broken off"
        self._unread += more
