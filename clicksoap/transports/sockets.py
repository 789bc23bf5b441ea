"""The synchronous transport, on a pool of its own connections.

No redirect is followed, no netrc, proxy variable or cookie is used, and nothing is sent twice.
"""

import functools
import time
import weakref
from collections import deque
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import ClientCert, FilePath, WireReply, WireRequest
from clicksoap.transports.connection import Connection
from clicksoap.transports.connection_limits import MAX_CONNECTIONS
from clicksoap.transports.failures import judged, raised_by_signal_handler
from clicksoap.transports.incoming import IncomingReply
from clicksoap.transports.outgoing import direct_bytes, forwarded_bytes, port_of, tunnel_bytes
from clicksoap.transports.places import Places
from clicksoap.transports.tls import checked_proxy, proxy_headers, tls_context

_Idle = dict[tuple[str, str], deque[Connection]]


class SocketTransport:
    """Requests over a pool of its own, safe for any number of threads.

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
        self._places = Places(MAX_CONNECTIONS)
        self._idle: _Idle = {}
        weakref.finalize(self, _close_all, self._idle)

    def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request; see `clicksoap.protocol.wire.Transport`."""
        started = time.monotonic()
        reply = IncomingReply()
        try:
            place = self._places.take(deadline)
            try:
                self._exchange(request, reply, timeout, deadline)
            finally:
                place.leave()
                self._places.wake()
            return reply.received(time.monotonic() - started)
        except BaseException as error:  # noqa: BLE001 - what passes unchanged is raised by `judged`
            failure = judged(error, may_have_left=reply.may_have_taken_effect, proxied=self._proxy is not None)
        # Raised out here, so that no foreign exception hangs on ours.
        raise failure

    def _exchange(self, request: WireRequest, reply: IncomingReply, timeout: Timeout, deadline: float) -> None:
        to = urlsplit(request.url)
        if self._proxy is not None and to.scheme == "http":
            data = forwarded_bytes(request, to, {**self._headers, **self._proxy_headers})
        else:
            data = direct_bytes(request, to, self._headers)
        origin = to.scheme, to.netloc
        idle = self._idle.setdefault(origin, deque())
        connection = _usable(idle) or self._connected(to, timeout, deadline)
        try:
            connection.exchange(data, reply, timeout.read, deadline)
        except Exception as error:
            # The status has said already that nothing was done; its body is only its reasons.
            if not reply.is_refusal or raised_by_signal_handler(error):
                raise
        finally:
            if reply.keeps_connection:
                idle.append(connection)
                if idle is not self._idle.get(origin):  # the client was closed meanwhile
                    _close_all({origin: idle})
            else:
                connection.abort()

    def close(self) -> None:
        """Close the connections that are idle, and the others behind their calls; a later request opens new ones."""
        _close_all(self._idle)

    def after_fork(self) -> None:
        """Start with no connections; those of the parent are left alone."""
        # Closing them here sends nothing, and the parent's own ends stay open.
        _close_all(self._idle)
        self._places = Places(MAX_CONNECTIONS)

    def _connected(self, to: SplitResult, timeout: Timeout, deadline: float) -> Connection:
        """A new connection, with TLS and through the proxy."""
        limit = min(deadline, time.monotonic() + timeout.connect)
        first = self._proxy or to
        if "https" in {first.scheme, to.scheme}:
            self._tls()  # reads the certificates, which may fail or take its time
        connection = Connection.to(first.hostname or "", port_of(first), limit)
        try:
            if self._proxy is not None:
                if self._proxy.scheme == "https":
                    connection.secure(self._tls(), self._proxy.hostname or "", limit)
                if to.scheme == "https":
                    answer = IncomingReply(has_body=False)
                    connection.exchange(tunnel_bytes(to, self._proxy_headers), answer, timeout.connect, limit)
                    answer.check_tunnel()
            if to.scheme == "https":
                connection.secure(self._tls(), to.hostname or "", limit)
        except BaseException:
            connection.abort()
            raise
        return connection


def _usable(idle: deque[Connection]) -> Connection | None:
    while True:
        try:
            connection = idle.pop()  # the one that was used last; a single step, so that no two threads have it
        except IndexError:
            return None
        if connection.is_usable():
            return connection
        connection.abort()


def _close_all(idle: _Idle) -> None:
    for origin in list(idle):
        connections = idle.pop(origin, None)
        while connections:
            try:
                connections.pop().abort()
            except IndexError:  # another thread was quicker
                break
