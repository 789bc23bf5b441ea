"""One connection of the synchronous transport; every wait of it ends at the limits of the call."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from urllib3.connection import HTTPConnection
from urllib3.util import connection as urllib3_settings

from clicksoap.transports.connection_limits import IDLE_SECONDS, LONGEST_WAIT
from clicksoap.transports.incoming import IncomingReply
from clicksoap.transports.lookup import addresses_of
from clicksoap.transports.polling import is_readable

T = TypeVar("T")

_CHUNK: Final = 64 * 1024

Wait = Callable[[], float]
"""Seconds that the next wait may take; raises TimeoutError once there is no time left."""


class _Stream(Protocol):
    """Bytes in both directions."""

    def send(self, data: bytes, wait: Wait) -> None:
        """Send everything."""
        ...

    def receive(self, wait: Wait) -> bytes:
        """Wait for the next bytes; none at the end of the connection."""
        ...

    def holds_more(self) -> bool:
        """Whether more was taken from the network than was received from here."""
        ...


class Connection:
    """A connection that carries one exchange at a time.

    Args:
        sock: A connected socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._stream: _Stream = _Plain(sock)
        self._used = 0.0

    @classmethod
    def to(cls, host: str, port: int, limit: float) -> "Connection":
        """Connect to the first of the host's addresses that takes a connection.

        Each address has its share of the time that is left.

        Args:
            host: A host name or an IP address.
            port: The port.
            limit: When all waiting ends, as a reading of ``time.monotonic``.

        Raises:
            OSError: No address takes one in time.
        """
        options: Any = HTTPConnection.default_socket_options
        found = addresses_of(host, port, limit, urllib3_settings.allowed_gai_family())
        for behind, address in zip(range(len(found) - 1, -1, -1), found, strict=True):
            share = (limit - time.monotonic()) / (behind + 1)
            if share <= 0:
                break
            try:
                # urllib3's, looked up at each call: programs put their own way of connecting in its place.
                return cls(
                    urllib3_settings.create_connection(
                        (address, port),
                        min(share, LONGEST_WAIT),
                        socket_options=options,
                    )
                )
            except OSError:
                if not behind:
                    raise
        raise TimeoutError("the connection did not stand in time")

    def secure(self, context: ssl.SSLContext, host: str, limit: float) -> None:
        """Start TLS, also within TLS, and verify the certificate.

        Args:
            context: The TLS settings.
            host: The host name that the certificate has to have.
            limit: When all waiting ends, as a reading of ``time.monotonic``.
        """
        tls = _Tls(self._stream, context, host)
        tls.shake_hands(_until(limit))
        self._stream = tls

    def exchange(self, request: bytes, reply: IncomingReply, read: float, deadline: float) -> None:
        """Send a request and take its reply.

        Args:
            request: The request.
            reply: Takes the reply.
            read: Seconds between two arrivals of data, and for each piece of the request to leave.
            deadline: When all waiting ends, as a reading of ``time.monotonic``.

        Raises:
            OSError: The connection broke, or the time ran out.
            ProtocolError: The reply cannot be taken.
        """
        wait = _until(deadline, read)
        wait()
        reply.is_expected = True
        with contextlib.suppress(BrokenPipeError):  # a server may refuse a request before it has read it all
            self._stream.send(request, wait)
        while not reply.feed(self._stream.receive(wait)):
            pass
        self._used = time.monotonic()

    def is_usable(self) -> bool:
        """Whether it stands, was not idle for too long, and nothing came over it meanwhile."""
        is_fresh = time.monotonic() - self._used < IDLE_SECONDS
        return is_fresh and not self._stream.holds_more() and not is_readable(self._socket.fileno())

    def abort(self) -> None:
        """Close the connection at once, without a goodbye."""
        self._socket.close()


class _Plain:
    """A stream over a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(self, data: bytes, wait: Wait) -> None:
        view = memoryview(data)
        while view:
            self._socket.settimeout(wait())
            view = view[self._socket.send(view) :]

    def receive(self, wait: Wait) -> bytes:
        self._socket.settimeout(wait())
        return self._socket.recv(_CHUNK)

    def holds_more(self) -> bool:
        return False


class _Tls:
    """A stream of TLS over another stream."""

    def __init__(self, below: _Stream, context: ssl.SSLContext, host: str) -> None:
        self._below = below
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host.rstrip("."))

    def shake_hands(self, wait: Wait) -> None:
        self._carry_out(self._tls.do_handshake, wait)

    def send(self, data: bytes, wait: Wait) -> None:
        view = memoryview(data)
        while view:
            piece = view[:_CHUNK]
            view = view[self._carry_out(lambda piece=piece: self._tls.write(piece), wait) :]  # type: ignore[misc]

    def receive(self, wait: Wait) -> bytes:
        try:
            return self._carry_out(lambda: self._tls.read(_CHUNK), wait)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def holds_more(self) -> bool:
        return bool(self._incoming.pending or self._tls.pending()) or self._below.holds_more()

    def _carry_out(self, step: Callable[[], T], wait: Wait) -> T:
        """Repeat a step of TLS until it needs nothing more from the other side."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                pass  # the wait comes below, so that its own failure has no other one for a reason
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush(wait)  # the alert that tells the other side why
                raise
            else:
                self._flush(wait)
                return result
            self._flush(wait)
            data = self._below.receive(wait)
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self, wait: Wait) -> None:
        if self._outgoing.pending:
            self._below.send(self._outgoing.read(), wait)


def _until(deadline: float, longest: float = LONGEST_WAIT) -> Wait:
    def wait() -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return min(left, longest, LONGEST_WAIT)

    return wait
