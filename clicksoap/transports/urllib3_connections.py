"""urllib3's connections with one deadline per call, a record of what left, and an idle limit."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Generator
from queue import Empty, SimpleQueue
from typing import Any, Final

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssltransport import SSLTransport

from clicksoap.transports.connection_limits import IDLE_SECONDS
from clicksoap.transports.incoming import IncomingReply

# requests admits urllib3 1 and 2; 1 lacks what is used here, and BaseHTTPResponse is the mark of 2.
if not hasattr(urllib3, "BaseHTTPResponse"):
    raise ImportError('clicksoap needs urllib3 2, which requests uses: pip install --upgrade "urllib3>=2"')

_CHUNK: Final = 64 * 1024


class CallState(threading.local):
    """The state of the call that this thread makes: its limits, and whether bytes may have left.

    Attributes:
        deadline: When its waiting ends, as a reading of ``time.monotonic``; while connecting, that of the connection.
        total: When everything ends.
        read: Between two arrivals of data, and for each piece of the request to leave, in seconds.
        requesting: Whether the connection stands, and what is sent from here on is the request.
        may_have_left: Whether any byte of the request may have left.
    """

    deadline: float = float("inf")
    total: float = float("inf")
    requesting: bool = False
    may_have_left: bool = False
    read: float = float("inf")

    @contextlib.contextmanager
    def begun(self, connect: float, read: float, total: float) -> Generator[None]:
        """Start the clock of a call, and go back to that of the call around it, if a signal handler made this one."""
        outer = dict(self.__dict__)
        self.deadline, self.read, self.total = min(connect, total), read, total
        self.requesting = self.may_have_left = False
        try:
            yield
        finally:
            self.__dict__.update(outer)

    def request(self) -> None:
        """Turn from connecting to the request itself."""
        self.deadline, self.requesting = self.total, True


call: Final = CallState()


class _TimedSocket(socket.socket):
    """A socket on which every single wait ends at the call's deadline; a plain time-out starts anew at each byte."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        return super().recv_into(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        _limit(self)
        return super().recv(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        call.may_have_left = call.requesting
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _limit(self)
        call.may_have_left = call.requesting
        super().sendall(*args, **kwargs)


class TimedTLSSocket(_TimedSocket, ssl.SSLSocket):
    """The same for TLS; set as ``sslsocket_class`` of a context."""


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


def _holds_more(sock: Any) -> bool:
    """Whether TLS has taken more from the network than was read from it."""
    if isinstance(sock, SSLTransport):  # within the TLS of a proxy
        return bool(sock.incoming.pending or sock.sslobj.pending()) or _holds_more(sock.socket)
    return isinstance(sock, ssl.SSLSocket) and bool(sock.pending())


_Address = tuple[int, int, int, str, tuple[Any, ...]]


def _looked_up(host: str, port: int) -> list[_Address]:
    """The addresses of a host, in a thread of its own: the system's look-up knows no limit, nor does Ctrl-C end it."""
    answer: SimpleQueue[list[_Address] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)))
        except (OSError, ValueError) as error:
            answer.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answer.get(timeout=max(call.deadline - time.monotonic(), 0))
    except Empty:
        raise TimeoutError("the name was not found in time") from None
    if isinstance(found, Exception):
        raise found
    return found


class _PlainConnection(HTTPConnection):
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        """Try the host's addresses in turn within one limit, each with its share of what is left of it."""
        host, timeout = self._dns_host, self.timeout
        try:
            found = _looked_up(host, self.port)
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

    def exchange(self, request: bytes, reply: IncomingReply) -> None:
        """Send a request over the standing connection and take its reply."""
        call.request()
        sock: Any = self.sock
        sock.settimeout(call.read)
        with contextlib.suppress(BrokenPipeError):  # a server may refuse a request before it has read it all
            sock.sendall(request)
        while not reply.feed(sock.recv(_CHUNK)):
            pass
        self._used = time.monotonic()

    def is_reusable_after(self, reply: IncomingReply) -> bool:
        """Whether the connection stands and nothing but the reply came over it."""
        return reply.keeps_connection and not _holds_more(self.sock)

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
