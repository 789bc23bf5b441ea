"""The asynchronous transport, on aiohttp.

No redirect is followed, no netrc, proxy variable or cookie is used, and nothing is sent twice.
"""

import asyncio
import functools
import os
import select
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from clicksoap.errors import ProtocolError, TransportError, TransportLost, TransportTimeout
from clicksoap.transports.connections import IDLE_SECONDS
from clicksoap.transports.content import BoundedBody
from clicksoap.transports.tls import ClientCert, FilePath, checked_proxy, tls_context
from clicksoap.wire import Timeout, WireReply, WireRequest, is_refused_unread, lower_named

MOST_CONNECTIONS: Final = 64
"""Connections of one client, and so its requests in flight; further calls wait for one, within the total time."""

_MOST_HEADER_BYTES: Final = 64 * 1024
"""Of one header; as much as http.client takes."""


class _Call:
    """One request on its way: whether it began to leave, and the clock that is set by its phases."""

    __slots__ = ("connect", "left", "limit", "total")

    def __init__(self, connect: float, total: float) -> None:
        self.connect = connect
        self.total = total
        self.left = False
        self.limit = asyncio.timeout_at(total)

    def connecting(self) -> None:
        """A connection is being made: until it stands, its own limit counts as well."""
        self.limit.reschedule(min(self.total, time.monotonic() + self.connect))

    def connected(self) -> None:
        """The connection stands: from here on it is not certain that nothing left."""
        self.left = True
        self.limit.reschedule(self.total)


class AiohttpTransport:
    """Requests over a pool of its own, for one event loop; nothing is opened before the first request.

    Args:
        timeout: The limits of each request.
        headers: Sent with every request.
        proxy: ``http://`` or ``https://`` URL of a forward proxy, with its credentials if it asks for some.
        ca: Path of the CA bundle (or folder) to trust instead of the usual one.
        client_cert: Path of a client certificate with its key, or the two paths.
    """

    def __init__(
        self,
        timeout: Timeout,
        *,
        headers: Mapping[str, str],
        proxy: str | None = None,
        ca: FilePath | None = None,
        client_cert: ClientCert | None = None,
    ) -> None:
        self._timeout = timeout
        self._headers = dict(headers)
        self._proxy = None if proxy is None else checked_proxy(proxy)
        self._tls = functools.cache(functools.partial(tls_context, ca, client_cert))
        if ca is not None or client_cert is not None:
            self._tls()  # a wrong path is said at construction, not at the first message
        self._session: aiohttp.ClientSession | None = None
        # aiohttp's own queue for connections is cancelled when the session closes, and its callers with it.
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    def prepare(self) -> None:
        """Read the certificates, which blocks; meant for a thread beside the loop."""
        self._tls()

    async def send(self, request: WireRequest, deadline: float) -> WireReply:
        """Exchange one request; see `clicksoap.wire.AsyncTransport`."""
        started = time.monotonic()
        call = _Call(self._timeout.connect, deadline)
        failure: TransportError
        try:
            async with (
                call.limit,
                self._places,
                self._current().request(
                    request.method,
                    URL(request.url, encoded=True),
                    data=request.body or None,
                    headers={**request.headers, **self._headers},
                    proxy=self._proxy,
                    allow_redirects=False,
                    trace_request_ctx=call,
                ) as response,
            ):
                headers = lower_named(response.headers.items())
                try:
                    body = await _body(response, headers)
                except (*_FOREIGN, ProtocolError):
                    # The status has said already that nothing was done; its body is only its reasons.
                    if not is_refused_unread(response.status):
                        raise
                    response.close()
                    body = b""
                return WireReply(response.status, headers, body, time.monotonic() - started)
        except asyncio.CancelledError as error:
            error.may_have_taken_effect = call.left  # type: ignore[attr-defined]
            raise
        except _FOREIGN as error:
            failure = _told(error, left=call.left)
        # Raised out here, so that no foreign exception (they hold the request, password and all) hangs on ours.
        raise failure

    async def close(self) -> None:
        """Close every connection; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _current(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._opened()
        return self._session

    def _opened(self) -> aiohttp.ClientSession:
        trace: Any = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(_when_connecting)
        trace.on_connection_create_end.append(_when_connected)
        trace.on_connection_reuseconn.append(_when_connected)
        connector = aiohttp.TCPConnector(
            resolver=aiohttp.ThreadedResolver(),
            limit=0,
            keepalive_timeout=IDLE_SECONDS,
            ssl=self._tls(),
            use_dns_cache=False,
        )
        factory: Any = functools.partial(_Connection, loop=asyncio.get_running_loop())
        connector._factory = factory  # noqa: SLF001 - there is no public way to look at a kept connection
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=self._timeout.read),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=_MOST_HEADER_BYTES,
            max_field_size=_MOST_HEADER_BYTES,
            trust_env=False,
            trace_configs=[trace],
        )
        # aiohttp repeats a GET whose kept connection broke; by GET the HTTP API would send a message twice.
        session._retry_connection = False  # noqa: SLF001 - there is no public switch
        return session


class _Connection(ResponseHandler):
    """A connection that is used again only if nothing came over it meanwhile.

    Its end, or a reply that nobody asked for, waits in the socket for the loop to read it: a request that leaves before
    that would be lost, or be taken for answered.
    """

    def is_connected(self) -> bool:
        if self.transport is None or self.should_close or not super().is_connected():
            return False
        return not _readable(self.transport.get_extra_info("socket").fileno())


def _readable(fd: int) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([fd], [], [], 0)[0])
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


async def _body(response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
    body = BoundedBody(response.status, headers.get("content-encoding", ""))
    async for chunk in response.content.iter_any():
        body.feed(chunk)
    return body.complete()


async def _when_connecting(_session: object, context: Any, _params: object) -> None:
    context.trace_request_ctx.connecting()


async def _when_connected(_session: object, context: Any, _params: object) -> None:
    context.trace_request_ctx.connected()


# Whatever comes from the library between here and the wire; ValueError is its word for a header it cannot use.
_FOREIGN: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError)

_TABLE: Final[tuple[tuple[tuple[type[BaseException], ...], type[TransportError], str], ...]] = (
    ((aiohttp.ClientConnectorDNSError,), TransportLost, "the host name cannot be found"),
    ((aiohttp.ClientSSLError, ssl.SSLError), TransportError, "TLS failed"),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        TransportLost,
        "the proxy did not make the connection",
    ),
    ((TimeoutError,), TransportTimeout, "the time ran out"),
    ((aiohttp.ClientConnectorError,), TransportLost, "the connection was not accepted"),
    ((aiohttp.ClientError, OSError), TransportLost, "the connection was lost"),
)


def _told(error: BaseException, *, left: bool) -> TransportError:
    """Ours for a foreign exception: its kind by the table, its reason without anything that it holds."""
    kind, what = next(
        ((kind, what) for foreign, kind, what in _TABLE if isinstance(error, foreign)),
        (TransportError, "the request could not be made"),
    )
    phase = "after the request began to leave" if left else "before anything left"
    return kind(f"{what}, {phase} ({_reason(error)})", left=left, retryable=kind is not TransportError)


def _reason(error: BaseException) -> str:
    """The innermost cause in words that hold nothing of the request; aiohttp's own hold addresses and URLs."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {inner.verify_message}"
    if isinstance(inner, ssl.SSLError) and inner.reason:
        return inner.reason
    if isinstance(inner, aiohttp.ClientHttpProxyError):
        return f"HTTP {inner.status} from the proxy"
    if isinstance(inner, socket.gaierror) and inner.strerror:
        return inner.strerror
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno)
    return type(error).__name__
