"""urllib3's connections, taught three things: one deadline for all, to tell what left, and to retire when idle."""

import socket
import ssl
import threading
import time
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

IDLE_SECONDS: Final = 4.0
"""Servers drop idle connections after five seconds and up; a POST that meets the drop is lost with an unknown
outcome, so a connection is left before that."""


class Call(threading.local):
    """What the call of this thread is allowed and has done.

    Attributes:
        deadline: When its waiting ends, as a reading of ``time.monotonic``; while connecting, that of the connection.
        total: When everything ends.
        left: Whether any byte of the request may have left.
    """

    deadline: float = float("inf")
    total: float = float("inf")
    left: bool = False

    def begin(self, connect: float, total: float) -> None:
        """Start the clock of a call."""
        self.deadline, self.total, self.left = min(connect, total), total, False


call: Final = Call()


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
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _limit(self)
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
    # The TLS handshake, which comes next, takes the socket's time-out as its own whole limit.
    _limit(timed)
    return timed


class _PlainConnection(HTTPConnection):
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        return _timed(super()._new_conn())

    def request(self, *args: Any, **kwargs: Any) -> None:
        _connect_first(self)
        super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._used = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used < IDLE_SECONDS and super().is_connected


class _TLSConnection(_PlainConnection, HTTPSConnection):
    pass


def _connect_first(connection: HTTPConnection) -> None:
    """Make the connection stand before the request begins: up to here it is certain that nothing left."""
    if connection.sock is None:
        connection.connect()
    call.left = True
    call.deadline = call.total


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection  # pyright: ignore[reportAssignmentType] # its request() takes whatever comes


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection  # pyright: ignore[reportAssignmentType]


POOLS: Final = {"http": _PlainPool, "https": _TLSPool}
