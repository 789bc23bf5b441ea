"""HTTP client for one call to the customer's server, with one deadline for the whole call."""

import io
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from clicksoap.simulator.event_loop import steady_time
from clicksoap.simulator.webhooks.formats import WebhookRequest

TIME_LIMIT: Final = 10.0
"""The default limit for one call in real seconds, from connecting to the end of the answer."""

_MAX_READ: Final = 64 * 1024
_CONNECTION_BROKE: Final = "the connection broke"
_ERROR_TEXTS: Final[dict[type[Exception], str]] = {
    ConnectionRefusedError: "connection refused: nothing listens there",
    socket.gaierror: "unknown host",
    ConnectionError: _CONNECTION_BROKE,
    HTTPException: "the answer is not HTTP",
}


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of a call.

    Attributes:
        http_status: The HTTP status of the answer; None if there was none.
        error: The reason why there was no answer, without the address; empty if there was one.
    """

    http_status: int | None
    error: str = ""

    @property
    def is_success(self) -> bool:
        """True for a status of 200 to 299. Redirects are not followed and count as failures."""
        return self.http_status is not None and HTTPStatus.OK <= self.http_status < HTTPStatus.MULTIPLE_CHOICES


class ForbiddenAddressError(OSError):
    """The address may not be called."""


class HttpCall:
    """One HTTP call. It is performed once, and any thread can abort it.

    It uses no proxy and follows no redirect. It checks no certificate, because the vendor's https only encrypts.

    Args:
        request: The request to send.
        seconds: The limit for the whole call in real seconds.
        may_call: Decides by the addresses of the server and of this machine whether the server may be called.
    """

    def __init__(
        self,
        request: WebhookRequest,
        seconds: float = TIME_LIMIT,
        may_call: Callable[[str, str], bool] = lambda _peer, _own: True,
    ) -> None:
        self._request = request
        self._may_call = may_call
        self._seconds = seconds
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._aborted = False

    def perform(self) -> CallResult:
        """Send the request and wait for the answer. Failures are part of the result."""
        try:
            return CallResult(self._exchange(steady_time() + self._seconds))
        except (OSError, HTTPException, ValueError) as error:
            return CallResult(None, "aborted" if self._aborted else self._error_text(error))

    def abort(self) -> None:
        """Make the call fail at once, or as soon as it begins."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _exchange(self, deadline: float) -> int:
        parts = urlsplit(self._request.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        with socket.create_connection((host, port), timeout=_remaining(deadline)) as plain:
            self._keep_socket(plain)
            # Asked of the connection and not of the name, which may have other addresses the next time.
            if not self._may_call(plain.getpeername()[0], plain.getsockname()[0]):
                raise ForbiddenAddressError
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not secure:
                return self._send(plain, deadline)
            plain.settimeout(_remaining(deadline))
            with _context().wrap_socket(plain, server_hostname=host) as wrapped:
                self._keep_socket(wrapped)
                return self._send(wrapped, deadline)

    def _send(self, connection: socket.socket, deadline: float) -> int:
        connection.settimeout(_remaining(deadline))
        connection.sendall(_head(self._request) + (self._request.body or b""))
        answer = HTTPResponse(_Reader(connection, deadline))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - it only calls makefile()
        with answer:
            answer.begin()
            with suppress(OSError, HTTPException, ValueError):  # the status is enough: the server has the report
                answer.read(_MAX_READ)
            return answer.status

    def _error_text(self, error: Exception) -> str:
        if isinstance(error, ForbiddenAddressError):
            return "not called: a shared simulator calls no private address, unless private_callbacks allows it"
        if isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} seconds"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {error.reason}"
        known = next((words for kind, words in _ERROR_TEXTS.items() if isinstance(error, kind)), None)
        if known is None and isinstance(error, OSError):
            return error.strerror or _CONNECTION_BROKE
        return known or "the address cannot be called"  # the text of the exception may quote the address

    def _keep_socket(self, connection: socket.socket) -> None:
        with self._lock:
            if self._aborted:
                raise ConnectionAbortedError
            self._socket = connection


class _Reader(io.RawIOBase):
    """A file that reads from a socket, with one deadline for all reads."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - the mode is always "rb"
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        self._connection.settimeout(_remaining(self._deadline))
        return self._connection.recv_into(buffer)


def _remaining(deadline: float) -> float:
    remaining = deadline - steady_time()
    if remaining <= 0:
        raise TimeoutError
    return remaining


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _head(request: WebhookRequest) -> bytes:
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
