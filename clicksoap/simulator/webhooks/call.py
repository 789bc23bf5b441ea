"""One call of the customer's server: a request, the status of its answer, and so much time for all of it."""

import io
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from clicksoap.simulator.webhooks.formats import Outgoing

TIME_LIMIT: Final = 10.0
"""The real seconds that a call may take, from the connection to the end of the answer."""

_MAX_READ: Final = 64 * 1024
_WORDS: Final[dict[type[Exception], str]] = {
    ConnectionRefusedError: "nobody listens there",
    socket.gaierror: "there is no such host",
    ConnectionError: "the connection broke",
    HTTPException: "the answer is no HTTP",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call.

    Attributes:
        http_status: The HTTP status of the answer; None if there was none.
        error: Why there was none, in words and without the address; empty if there was one.
    """

    http_status: int | None
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the server took it; a redirection is not followed, and so is no success."""
        return self.http_status is not None and HTTPStatus.OK <= self.http_status < HTTPStatus.MULTIPLE_CHOICES


class Call:
    """A call; made once, and broken off from any other thread.

    No proxy is asked, no redirect followed, and no certificate checked: the vendor promises that https encrypts, and
    nothing more.

    Args:
        outgoing: What is sent.
        seconds: The real seconds that it may take.
    """

    def __init__(self, outgoing: Outgoing, seconds: float = TIME_LIMIT) -> None:
        self._outgoing = outgoing
        self._seconds = seconds
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._broken_off = False

    def make(self) -> Result:
        """Make it."""
        try:
            return Result(self._exchange(time.monotonic() + self._seconds))
        except (OSError, HTTPException, ValueError) as error:
            return Result(None, "broken off" if self._broken_off else self._words(error))

    def break_off(self) -> None:
        """Let it fail now."""
        with self._lock:
            self._broken_off = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _exchange(self, deadline: float) -> int:
        parts = urlsplit(self._outgoing.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        with socket.create_connection((host, port), timeout=_left(deadline)) as plain:
            self._note(plain)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not secure:
                return self._ask(plain, deadline)
            plain.settimeout(_left(deadline))
            with _context().wrap_socket(plain, server_hostname=host) as wrapped:
                self._note(wrapped)
                return self._ask(wrapped, deadline)

    def _ask(self, connection: socket.socket, deadline: float) -> int:
        connection.settimeout(_left(deadline))
        connection.sendall(_head(self._outgoing) + (self._outgoing.body or b""))
        answer = HTTPResponse(_Reader(connection, deadline))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - asks for a file alone
        with answer:
            answer.begin()
            with suppress(OSError, HTTPException, ValueError):  # a server that got as far as its status has been told
                answer.read(_MAX_READ)
            return answer.status

    def _words(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} seconds"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {error.reason}"
        known = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), None)
        if known is None and isinstance(error, OSError):
            return error.strerror or "the connection broke"
        return known or "the address cannot be called"  # the error's own text may quote it

    def _note(self, connection: socket.socket) -> None:
        with self._lock:
            if self._broken_off:
                raise ConnectionAbortedError
            self._socket = connection


class _Reader(io.RawIOBase):
    """Reads from a socket, with one deadline for everything that is read."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - it is only ever read from
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _head(outgoing: Outgoing) -> bytes:
    parts = urlsplit(outgoing.url)
    asked = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{outgoing.method} {asked} HTTP/1.1", *(f"{name}: {value}" for name, value in outgoing.headers.items())]
    if outgoing.body is not None:
        lines.append(f"Content-Length: {len(outgoing.body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
