"""The synchronous transport, on the connection pool of requests.

No redirect is followed, no netrc, proxy variable or cookie is used.
"""

import functools
import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from clicksoap.errors import ConfigurationError, ProtocolError, TransportError, TransportLost, TransportTimeout
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import ClientCert, FilePath, WireReply, WireRequest, lower_named
from clicksoap.transports.connection_limits import MAX_CONNECTIONS
from clicksoap.transports.content import BoundedBody
from clicksoap.transports.failures import ErrorMapping, translated, wrapped
from clicksoap.transports.incoming import IncomingReply
from clicksoap.transports.outgoing import request_bytes, target_of
from clicksoap.transports.tls import checked_proxy, tls_context
from clicksoap.transports.urllib3_connections import POOLS, TimedTLSSocket, call

_CHUNK: Final = 64 * 1024


class RequestsTransport:
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
        self._proxies = {"http": checked_proxy(proxy), "https": proxy} if proxy is not None else None
        self._tls = functools.partial(tls_context, ca, client_cert, TimedTLSSocket)
        if ca is not None or client_cert is not None:
            self._tls()  # a wrong path is said at construction, not at the first message
        self._adapter = _Adapter(self._tls)
        self._pools: dict[tuple[str, str], Any] = {}

    def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request; see `clicksoap.protocol.wire.Transport`."""
        started = time.monotonic()
        failure: TransportError
        with call.begun(started + timeout.connect, timeout.read, deadline):
            try:
                return self._exchange(request, timeout, started, deadline)
            except _FOREIGN as error:
                failure = translated(
                    error, _MAPPINGS, may_have_left=call.may_have_left, proxied=self._proxies is not None
                )
        # Raised out here, so that no foreign exception (they hold the request, password and all) hangs on ours.
        raise failure

    def _exchange(self, request: WireRequest, timeout: Timeout, started: float, deadline: float) -> WireReply:
        """Exchange over a connection of urllib3's pool.

        The pool's own urlopen is left out: its bookkeeping is for what cannot happen here (redirects, retries,
        streaming), costs more than all the rest of a call, and logs URLs, which by GET hold the password.
        """
        pool, target = self._route(request.url)
        connection = pool._get_conn(timeout=_positive(deadline - started))  # noqa: SLF001 - there is no public way
        reusable = False
        try:
            if connection.is_closed:
                self._connect(pool, connection, request.url, min(timeout.connect, deadline - time.monotonic()))
            forwarding: Mapping[str, str] = {} if target.startswith("/") else pool.proxy_headers
            reply = IncomingReply()
            try:
                connection.exchange(request_bytes(request, target, {**self._headers, **forwarding}), reply)
            except (*_FOREIGN, ProtocolError):
                # The status has said already that nothing was done; its body is only its reasons.
                if not reply.is_refusal:
                    raise
            else:
                reusable = connection.is_reusable_after(reply)
        finally:
            if not reusable:
                connection.close()
            pool._put_conn(connection)  # noqa: SLF001
        return reply.received(time.monotonic() - started)

    def _connect(self, pool: Any, connection: Any, url: str, limit: float) -> None:
        connection.timeout = _positive(limit)
        if self._proxies and url.startswith("https:"):
            pool._prepare_proxy(connection)  # noqa: SLF001 - connects, and asks the proxy for a tunnel
        else:
            connection.connect()

    def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        self._adapter.close()
        self._pools = {}

    def after_fork(self) -> None:
        """Start with no connections; those of the parent are left alone."""
        # Closed by hand: their own queues may be locked by a thread that the child does not have. The pools are kept,
        # since to be collected they would take those locks.
        for pool in self._pools.values():
            for connection in list(pool.pool.queue):
                if connection is not None and connection.sock is not None:
                    connection.sock.close()
        _inherited.append((self._adapter, self._pools))
        self._adapter = _Adapter(self._tls)
        self._pools = {}

    def _route(self, url: str) -> tuple[Any, str]:
        """The pool of a URL, and the request target: absolute where a proxy forwards plain http (RFC 9112, 3.2.2)."""
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        pool = self._pools.get(origin)
        if pool is None:
            prepared = requests.Request("POST", url).prepare()
            made: Any = self._adapter.get_connection_with_tls_context(prepared, True, self._proxies)
            pool = self._pools[origin] = made
        if self._proxies and parts.scheme == "http":
            return pool, url
        return pool, target_of(url)


_inherited: Final[list[object]] = []


class SessionTransport:
    """Requests through a caller's own `requests.Session`, which keeps its powers: auth, cookies, hooks, adapters.

    The time limits are those that requests can keep (a reply that trickles is left only between its chunks), and what
    left before a failure is judged by requests' exceptions, in doubt as unknown.
    """

    def __init__(self, *, headers: Mapping[str, str], session: requests.Session) -> None:
        if not isinstance(session, requests.Session):
            raise ConfigurationError(f"session= is {type(session).__name__}: give a requests.Session")
        self._headers = dict(headers)
        self._session = session

    def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request; see `clicksoap.protocol.wire.Transport`."""
        started = time.monotonic()
        failure: TransportError
        try:
            session = self._session
            prepared = session.prepare_request(
                requests.Request(
                    request.method, request.url, data=request.body, headers={**request.headers, **self._headers}
                )
            )
            settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
            response: Any = session.send(
                prepared,
                timeout=(
                    _positive(min(timeout.connect, deadline - started)),
                    _positive(min(timeout.read, deadline - started)),
                ),
                allow_redirects=False,
                **settings,
            )
            if response._content_consumed:  # noqa: SLF001 - a hook of the caller read it, so nothing is left in raw
                headers = lower_named(response.headers.items())
                return WireReply(response.status_code, headers, response.content, time.monotonic() - started)
            return _received(response.raw, started, deadline)
        except (requests.RequestException, *_FOREIGN) as error:
            retries = getattr(self._session.get_adapter(request.url), "max_retries", None)
            once = getattr(retries, "total", None) == 0  # else an earlier try of the same may have left
            failure = translated(error, _MAPPINGS, may_have_left=not once or _may_have_left(error), proxied=False)
        raise failure

    def close(self) -> None:
        """Leave the session open: it is the caller's."""

    def after_fork(self) -> None:
        """Drop the connections that the session shares with the parent."""
        self._session.close()


class _Adapter(HTTPAdapter):
    """requests' adapter over our connections; its pool makes threads wait instead of opening without limit."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls
        super().__init__(pool_connections=2, pool_maxsize=MAX_CONNECTIONS, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if proxy.startswith("https:"):
            proxy_kwargs["proxy_ssl_context"] = self._tls()
        manager: Any = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            pool["ssl_context"] = self._tls()
        return host, pool


def _positive(seconds: float) -> float:
    return max(seconds, 0.001)


def _received(response: BaseHTTPResponse, started: float, deadline: float | None = None) -> WireReply:
    """Read a reply to its end; a connection is given back to the pool only in a known state."""
    read = False
    try:
        headers = lower_named(response.headers.items())
        body = BoundedBody(response.status, headers.get("content-encoding", ""))
        for chunk in response.stream(_CHUNK, decode_content=False):
            body.feed(chunk)
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError("the time is up")
        reply = WireReply(response.status, headers, body.complete(), time.monotonic() - started)
        read = response.status >= HTTPStatus.OK  # behind an interim reply comes another one
    finally:
        if not read:
            response.close()
        response.release_conn()
    return reply


# Whatever a library raises between here and the wire; ValueError is urllib3's for a host or header it cannot use.
_FOREIGN: Final = (HTTPError, http.client.HTTPException, OSError, ValueError)

_MAPPINGS: Final[tuple[ErrorMapping, ...]] = (
    ((EmptyPoolError,), TransportTimeout, "all connections stayed in use until the time ran out"),
    ((NameResolutionError,), TransportLost, "the host name cannot be found"),
    ((NewConnectionError,), TransportLost, "the connection was not accepted"),
    ((ConnectTimeoutError, requests.ConnectTimeout), TransportTimeout, "the connection did not stand in time"),
    ((ProxyError, requests.exceptions.ProxyError), TransportLost, "the proxy did not make the connection"),
    ((SSLError, requests.exceptions.SSLError), TransportError, "TLS failed"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout), TransportTimeout, "the time ran out"),
    ((HTTPError, http.client.HTTPException, requests.ConnectionError), TransportLost, "the connection was lost"),
    ((requests.RequestException,), TransportError, "the request could not be made"),
)


def _may_have_left(error: BaseException) -> bool:
    """Whether a failure of a caller's own session may have come after bytes left; in doubt it may."""
    never: tuple[type[BaseException], ...] = (
        ConnectTimeoutError,
        NewConnectionError,
        EmptyPoolError,
        ssl.SSLCertVerificationError,
        requests.ConnectTimeout,
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidHeader,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidProxyURL,
    )
    seen: set[int] = set()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        if isinstance(inner, never) or str(inner).startswith("Tunnel connection failed"):
            return False
        seen.add(id(inner))
        inner = wrapped(inner) or inner.__cause__ or inner.__context__
    return True
