"""The transport through a caller's own session of requests."""

import http.client
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
from urllib3.response import BaseHTTPResponse

from clicksoap.errors import ConfigurationError, TransportError
from clicksoap.protocol.bindings.http_status import proves_nothing_done
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.transports.connection_limits import LONGEST_WAIT
from clicksoap.transports.content import BoundedBody
from clicksoap.transports.failures import judged, raised_by_signal_handler
from clicksoap.transports.incoming import BrokenReply, stated_length
from clicksoap.transports.requests_failures import MAPPINGS, may_have_left

_CHUNK: Final = 64 * 1024
_LONGEST_CHAIN: Final = 8


class SessionTransport:
    """Requests through a caller's own `requests.Session`, which keeps its powers: auth, cookies, hooks, adapters.

    Every request goes through the session's ``request``, which a session with a login of its own overrides. The time
    limits are those that requests can keep (a reply that trickles is left only between its chunks), and what left
    before a failure is judged by the exceptions of requests and urllib3, in doubt as unknown.
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
        has_left: bool | None = False
        try:
            limits = _wait(min(timeout.connect, deadline - started)), _wait(min(timeout.read, deadline - started))
            has_left = None
            response = self._response(request, limits)
            has_left = True
            return _received(response, started, deadline)
        except BaseException as error:  # noqa: BLE001 - what passes unchanged is raised by `judged`
            left = has_left if has_left is not None else self._may_have_left(request, error)
            failure = judged(error, MAPPINGS, may_have_left=left, proxied=False)
        raise failure

    def close(self) -> None:
        """Leave the session open: it is the caller's."""

    def after_fork(self) -> None:
        """Drop the connections that the session shares with the parent."""
        self._session.close()

    def _response(self, request: WireRequest, limits: tuple[float, float]) -> Any:
        """The session's response, also where a hook raised because of its status."""
        try:
            return self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers={**request.headers, **self._headers},
                timeout=limits,
                allow_redirects=False,
                stream=True,
            )
        except Exception as error:
            response = _response_on(error, request)
            if response is None:
                raise
            return response

    def _may_have_left(self, request: WireRequest, error: BaseException) -> bool:
        if not isinstance(error, Exception) or raised_by_signal_handler(error):
            return True
        try:
            adapter: Any = self._session.get_adapter(request.url)
        except requests.exceptions.InvalidSchema:
            adapter = None
        retries = getattr(adapter, "max_retries", 0)
        return may_have_left(error, is_tried_once=getattr(retries, "total", retries) == 0)


def _response_on(error: BaseException, request: WireRequest) -> Any:
    """The answer to our request that hangs on an exception, as `requests.Response.raise_for_status` leaves it there.

    An answer to another request, such as that of a session for a token, is none. Nor is the answer to an earlier try.
    """
    inner: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        response: Any = getattr(inner, "response", None)
        if response is not None and _place(getattr(response, "url", None)) == _place(request.url):
            return response
        if inner is None or isinstance(inner, requests.RequestException):
            break
        inner = inner.__cause__
    return None


def _place(url: object) -> tuple[str, ...] | None:
    if not isinstance(url, str):
        return None
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower(), parts.path or "/"


def _received(response: Any, started: float, deadline: float) -> WireReply:
    """Read a response to its end, whatever carries its bytes."""
    status = int(response.status_code)
    headers = {_text(name).lower(): _text(value) for name, value in response.headers.items()}
    coding = headers.get("content-encoding", "") if _is_of_urllib3(getattr(response, "raw", None)) else ""
    body = BoundedBody(status, coding, may_be_decoded=True)
    content = b""
    try:
        content = _content(response, body, headers, deadline)
    except Exception as error:
        # The status has said already that nothing was done; its body is only its reasons.
        if not proves_nothing_done(status, body.so_far()) or raised_by_signal_handler(error):
            raise
    return WireReply(status, headers, content, time.monotonic() - started)


def _content(response: Any, body: BoundedBody, headers: Mapping[str, str], deadline: float) -> bytes:
    whole = _already_read(response)
    if whole is not None:
        body.feed(whole)
        _check_length(headers, len(whole))
        return whole
    length, is_complete = 0, False
    try:
        for chunk in _chunks(response):
            body.feed(chunk)
            length += len(chunk)
            if time.monotonic() >= deadline:
                raise TimeoutError("the time is up")
        _check_length(headers, length)
        content = body.complete()
        is_complete = int(response.status_code) >= HTTPStatus.OK  # behind an interim reply comes another one
    finally:
        # A connection goes back to the session's pool only in a known state.
        if not is_complete:
            response.raw.close()
        if _is_of_urllib3(response.raw):
            response.raw.release_conn()
    return content


def _already_read(response: Any) -> bytes | None:
    """The content of a response that a hook has read, or that was never on a wire; None if it is to be read."""
    raw = getattr(response, "raw", None)
    content = getattr(response, "_content", False)
    if content is False and isinstance(raw, bytes):
        content = raw
    elif content is False and raw is not None:
        return None
    else:
        content = response.content
    return content.encode() if isinstance(content, str) else content or b""


def _is_of_urllib3(raw: object) -> bool:
    return isinstance(raw, BaseHTTPResponse)


def _chunks(response: Any) -> Iterator[bytes]:
    raw: Any = response.raw
    if not _is_of_urllib3(raw):
        yield from response.iter_content(_CHUNK)
    elif getattr(raw, "_fp", raw) is None:  # made of bytes, by a recorder
        yield raw.data or b""
    else:
        if not isinstance(getattr(raw, "_fp", None), http.client.HTTPResponse):
            # A recorder's: its length may be that of the body before it was decoded.
            raw.enforce_content_length = False
        yield from raw.stream(_CHUNK, decode_content=False)


def _check_length(headers: Mapping[str, str], length: int) -> None:
    """Refuse a body that is shorter than its length says; in a coding, the length is that of another form of it."""
    if headers.get("content-encoding") or headers.get("transfer-encoding"):
        return
    stated = stated_length(headers.get("content-length", ""))
    if stated is not None and length < stated:
        raise BrokenReply("the connection ended before the reply did")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in cast("list[object]", value))
    return str(value)


def _wait(seconds: float) -> float:
    return min(max(seconds, 0.001), LONGEST_WAIT)
