"""The asynchronous transport, on asyncio's own connections.

No redirect is followed, no netrc, proxy variable or cookie is used, and nothing is sent twice.
"""

import asyncio
import functools
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from clicksoap.errors import ProtocolError, TransportError
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import ClientCert, FilePath, WireReply, WireRequest
from clicksoap.transports.connection_limits import IDLE_SECONDS, MAX_CONNECTIONS
from clicksoap.transports.failures import judged, raised_by_signal_handler
from clicksoap.transports.incoming import BrokenReply, IncomingReply
from clicksoap.transports.lookup import is_address
from clicksoap.transports.loop_threads import in_thread
from clicksoap.transports.outgoing import direct_bytes, forwarded_bytes, port_of, tunnel_bytes
from clicksoap.transports.polling import is_readable
from clicksoap.transports.tls import checked_proxy, proxy_headers, tls_context


class AsyncioTransport:
    """Requests over a pool of its own, for one event loop; nothing is opened before the first request.

    Args:
        headers: Sent with every request.
        proxy: ``http://`` or ``https://`` URL of a forward proxy, with its credentials if it asks for some.
        ca: Path of the CA bundle (or folder) to trust instead of the usual one.
        client_cert: Path of a client certificate with its key, or the two paths.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str],
        proxy: str | None = None,
        ca: FilePath | None = None,
        client_cert: ClientCert | None = None,
    ) -> None:
        self._headers = dict(headers)
        self._proxy = None if proxy is None else urlsplit(checked_proxy(proxy))
        self._proxy_headers = {} if proxy is None else proxy_headers(proxy)
        self._tls = functools.cache(functools.partial(tls_context, ca, client_cert))
        if ca is not None or client_cert is not None:
            self._tls()  # a wrong path is said at construction, not at the first message
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)
        self._kept: dict[tuple[str, str], deque[_Connection]] = {}

    def prepare(self) -> None:
        """Read the certificates, which blocks; meant for a thread beside the loop."""
        self._tls()

    async def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request; see `clicksoap.protocol.wire.AsyncTransport`."""
        started = time.monotonic()
        reply = IncomingReply()
        failure: TransportError
        try:
            if self._places.locked():
                async with asyncio.timeout_at(deadline):
                    await self._places.acquire()
            else:
                await self._places.acquire()
            try:
                await self._exchange(request, reply, timeout, deadline)
            finally:
                self._places.release()
            return reply.received(time.monotonic() - started)
        except BaseException as error:  # noqa: BLE001 - what passes unchanged is raised by `judged`
            failure = judged(error, may_have_left=reply.may_have_taken_effect, proxied=self._proxy is not None)
        # Raised out here, so that no foreign exception hangs on ours.
        raise failure

    async def _exchange(self, request: WireRequest, reply: IncomingReply, timeout: Timeout, deadline: float) -> None:
        to = urlsplit(request.url)
        if self._proxy is not None and to.scheme == "http":
            data = forwarded_bytes(request, to, {**self._headers, **self._proxy_headers})
        else:
            data = direct_bytes(request, to, self._headers)
        kept = self._kept.setdefault((to.scheme, to.netloc), deque())
        connection = _usable(kept) or await self._connected(to, timeout, deadline)
        try:
            await connection.exchange(data, reply, timeout.read, deadline)
        except Exception as error:
            # The status has said already that nothing was done; its body is only its reasons.
            if not reply.is_refusal or raised_by_signal_handler(error):
                raise
        finally:
            # Not where the client was closed meanwhile.
            if reply.keeps_connection and kept is self._kept.get((to.scheme, to.netloc)):
                kept.append(connection)
            else:
                connection.abort()

    async def close(self) -> None:
        """Close the connections that are idle, and the others behind their calls; a later request opens new ones."""
        idle = [connection for kept in self._kept.values() for connection in kept]
        self._kept = {}
        for connection in idle:
            connection.abort()
        for connection in idle:
            await connection.closed

    async def _connected(self, to: SplitResult, timeout: Timeout, deadline: float) -> "_Connection":
        """A new connection, with TLS and through the proxy."""
        limit = min(deadline, time.monotonic() + timeout.connect)
        async with asyncio.timeout_at(limit):
            connection = await _reached(self._proxy or to, limit)
            try:
                if self._proxy is not None:
                    if self._proxy.scheme == "https":
                        await connection.secure(self._tls(), self._proxy)
                    if to.scheme == "https":
                        answer = IncomingReply(has_body=False)
                        asking = tunnel_bytes(to, self._proxy_headers)
                        await connection.exchange(asking, answer, timeout.connect, limit)
                        answer.check_tunnel()
                if to.scheme == "https":
                    await connection.secure(self._tls(), to)
            except BaseException:
                connection.abort()
                raise
        return connection


def _usable(kept: "deque[_Connection]") -> "_Connection | None":
    while kept:
        connection = kept.pop()
        if connection.is_usable():
            return connection
        connection.abort()
    return None


async def _reached(to: SplitResult, limit: float) -> "_Connection":
    """A connection to the first of the host's addresses that takes one; each has its share of the time that is left."""
    loop = asyncio.get_running_loop()
    found = await _addresses_of(to.hostname or "", port_of(to))
    for behind, address in zip(range(len(found) - 1, -1, -1), found, strict=True):
        try:
            async with asyncio.timeout((limit - time.monotonic()) / (behind + 1)):
                _, connection = await loop.create_connection(_Connection, address, port_of(to))
                return connection
        except OSError:
            if not behind:
                raise
    raise OSError("the host has no address")


async def _addresses_of(host: str, port: int) -> list[str]:
    """The IP addresses of a host, looked up in a thread; an address needs none."""
    if is_address(host):
        return [host]
    found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(answer[4][0]) for answer in found]


class _Connection(asyncio.Protocol):
    """A connection that carries one exchange at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self._loop = asyncio.get_running_loop()
        self.closed = self._loop.create_future()
        self._transport: Any = None
        self._reply: IncomingReply | None = None
        self._done: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = 0.0
        self._unsent: int = 0

    async def exchange(self, request: bytes, reply: IncomingReply, read: float, deadline: float) -> None:
        """Send a request and take its reply.

        Raises:
            OSError: The connection broke, nothing moved for as long as ``read``, or ``deadline`` came.
            ProtocolError: The reply cannot be taken.
        """
        if not self.is_open:
            raise ConnectionResetError
        self._reply, self._done, self._moved = reply, self._loop.create_future(), time.monotonic()
        reply.is_expected = True
        self._transport.write(request)
        self._watch(read, deadline)
        try:
            await self._done
        finally:
            self._reply = self._done = None
            if self._timer is not None:
                self._timer.cancel()

    async def secure(self, context: ssl.SSLContext, to: SplitResult) -> None:
        """Start TLS on the connection."""
        self._transport = await self._loop.start_tls(self._transport, self, context, server_hostname=to.hostname)

    def is_usable(self) -> bool:
        """Whether it is open, not idle for too long, and nothing came over it meanwhile.

        Its end, or a reply that nobody asked for, may wait in the socket for the loop to read it: a request that leaves
        before that would be lost, or be taken for answered.
        """
        if not self.is_open or time.monotonic() - self._moved >= IDLE_SECONDS:
            return False
        # Of a lost TLS connection, the socket is gone one turn of the loop before the loss is told.
        sock = self._transport.get_extra_info("socket")
        return sock is not None and not is_readable(sock.fileno())

    def abort(self) -> None:
        """Close the connection at once, without a goodbye."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._moved = time.monotonic()
        if self._reply is None or self._done is None or self._done.done():
            self.abort()  # nobody asked for it
            return
        try:
            if self._reply.feed(data):
                self._done.set_result(None)
        except (BrokenReply, ProtocolError) as error:
            self._done.set_exception(error)

    def eof_received(self) -> None:
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if not self.closed.done():
            self.closed.set_result(None)
        if self._done is None or self._done.done():
            return
        if exc is None:
            self.data_received(b"")
        else:
            self._done.set_exception(exc)

    def _watch(self, read: float, deadline: float) -> None:
        """End the exchange once its time is up; looked at again where something moved meanwhile."""
        unsent: int = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._moved = unsent, time.monotonic()
        due = min(self._moved + read, deadline)
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._watch, read, deadline)
        elif self._done is not None and not self._done.done():
            self._done.set_exception(TimeoutError("the time is up"))
