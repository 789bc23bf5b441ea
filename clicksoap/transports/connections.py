"""urllib3's connections, taught three things: one deadline for all, to tell what left, and to retire when idle."""

import contextlib
import errno
import http
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, Final, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from clicksoap.wire import MOST_REPLY_BYTES

IDLE_SECONDS: Final = 4.0
"""Servers drop idle connections after five seconds and up; a POST that meets the drop is lost with an unknown
outcome, so a connection is left before that."""


_MOST_RAW_BYTES: Final = MOST_REPLY_BYTES + 1024 * 1024
"""Cap on what one call may receive at all, framing and headers included."""


class Call(threading.local):
    """What the call of this thread is allowed and has done.

    Attributes:
        deadline: When its waiting ends, as a reading of ``time.monotonic``; while connecting, that of the connection.
        total: When everything ends.
        read: Between two arrivals of data, and for each piece of the request to leave, in seconds.
        requesting: Whether the connection stands, and what is sent from here on is the request.
        left: Whether any byte of the request may have left.
        room: How many bytes may still come in.
        peeking: Whether a read is only to look at what has come already.
    """

    deadline: float = float("inf")
    total: float = float("inf")
    requesting: bool = False
    left: bool = False
    read: float = float("inf")
    room: int = 0
    peeking: bool = False

    @contextlib.contextmanager
    def begun(self, connect: float, read: float, total: float) -> Generator[None]:
        """Start the clock of a call, and go back to that of the call around it, if a signal handler made this one."""
        outer = dict(self.__dict__)
        self.deadline, self.read, self.total = min(connect, total), read, total
        self.requesting = self.left = self.peeking = False
        self.room = _MOST_RAW_BYTES
        try:
            yield
        finally:
            self.__dict__.update(outer)

    def request(self) -> None:
        """Turn from connecting to the request itself."""
        self.deadline, self.requesting = self.total, True


call: Final = Call()


class _TimedSocket(socket.socket):
    """A socket on which every single wait ends at the call's deadline; a plain time-out starts anew at each byte."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _may_receive(self)
        return _counted(super().recv_into(*args, **kwargs))

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        _may_receive(self)
        received = super().recv(*args, **kwargs)
        _counted(len(received))
        return received

    def send(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        call.left = call.requesting
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _limit(self)
        call.left = call.requesting
        super().sendall(*args, **kwargs)


class TimedTLSSocket(_TimedSocket, ssl.SSLSocket):
    """The same for TLS; set as ``sslsocket_class`` of a context."""


def _may_receive(sock: socket.socket) -> None:
    if call.peeking:
        raise BlockingIOError(errno.EAGAIN, "nothing is waited for")
    _limit(sock)


def _counted(received: int) -> int:
    call.room -= received
    if call.room < 0:
        raise OSError("the reply is too large")
    return received


def _limit(sock: socket.socket) -> None:
    remaining = call.deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the time is up")
    timeout = sock.gettimeout()
    if timeout is None or timeout > remaining:
        sock.settimeout(remaining)


def _timed(sock: socket.socket) -> _TimedSocket:
    timeout = sock.gettimeout()
    timed = _TimedSocket(fileno=sock.detach())
    timed.settimeout(timeout)
    try:
        # The TLS handshake, which comes next, takes the socket's time-out as its own whole limit.
        timed.settimeout(call.deadline - time.monotonic())
    except ValueError:
        timed.close()
        raise TimeoutError("the time is up") from None
    return timed


class Response(http.client.HTTPResponse):
    """A reply that skips what comes before it, and knows whether anything comes behind it."""

    is_clean = False

    def _read_status(self) -> tuple[str, int, str]:
        # http.client knows 100 alone; any other interim reply (RFC 9110, 15.2) would be taken for the answer, and the
        # answer for that of the next request.
        read = cast("Callable[[], tuple[str, int, str]]", super()._read_status)  # type: ignore[misc]
        version, status, reason = read()
        while 100 < status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - 1xx
            http.client.parse_headers(self.fp)
            version, status, reason = read()
        return version, status, reason

    def _close_conn(self) -> None:
        call.peeking = True
        try:
            # Whatever came along with this reply would be read as the next one.
            with contextlib.suppress(OSError, ValueError):  # of a connection that has failed already
                self.is_clean = not self.fp.peek(1)
        finally:
            call.peeking = False
            super()._close_conn()  # type: ignore[misc]


class _PlainConnection(HTTPConnection):
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        """Try the host's addresses in turn within one limit, each with its share of what is left of it."""
        host, timeout = self._dns_host, self.timeout
        try:
            found = socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        try:
            for behind, address in zip(range(len(found) - 1, -1, -1), found, strict=True):
                self._dns_host = str(address[4][0])
                self.timeout = max((call.deadline - time.monotonic()) / (behind + 1), 0.001)
                try:
                    return _timed(super()._new_conn())
                except (NewConnectionError, ConnectTimeoutError):
                    if not behind:
                        raise
        finally:
            self._dns_host, self.timeout = host, timeout
        raise NewConnectionError(self, "no address")

    def exchange(self, method: str, head: bytes, body: bytes) -> "Response":
        """Send a request over the standing connection and read the reply up to its body."""
        call.request()
        sock: Any = self.sock
        sock.settimeout(call.read)
        with contextlib.suppress(BrokenPipeError):  # a server may refuse a request before it has read it all
            sock.sendall(head + body)
        response = Response(sock, method=method)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        self._used = time.monotonic()
        return response

    def is_reusable_after(self, reply: Response) -> bool:
        """Whether the connection stands and nothing but the reply came over it."""
        undecrypted = getattr(self.sock, "pending", lambda: 0)
        return not reply.will_close and reply.is_clean and reply.status >= http.HTTPStatus.OK and not undecrypted()

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used < IDLE_SECONDS and super().is_connected


class _TLSConnection(_PlainConnection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection  # pyright: ignore[reportAssignmentType] # its request() takes whatever comes


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection  # pyright: ignore[reportAssignmentType]


POOLS: Final = {"http": _PlainPool, "https": _TLSPool}
