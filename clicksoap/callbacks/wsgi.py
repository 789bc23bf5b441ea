"""The WSGI application of the receiver; it needs no framework."""

import dataclasses
import io
import time
from collections.abc import Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from clicksoap.callbacks.access_control import TOO_LARGE, TOO_SLOW
from clicksoap.callbacks.request import MAX_BODY, CallbackRequest, Reply

if TYPE_CHECKING:
    from clicksoap.callbacks.receiver import Callbacks

Environ = MutableMapping[str, Any]

PROXY_FIX_KEY: Final = "werkzeug.proxy_fix.orig"
"""The key under which werkzeug's ProxyFix keeps what it replaced."""

BODY_KEY: Final = "clicksoap.body"
"""The key under which the environment holds the body once it was read."""

_CHUNK: Final = 16 * 1024
_MAX_DIGITS: Final = 19  # of a length


class StartResponse(Protocol):
    """The function that a WSGI server passes."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Begin the answer."""
        ...


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


class WsgiApp:
    """Receives callbacks by WSGI. An async handler runs in an event loop of its own for each event.

    Args:
        callbacks: The receiver.
    """

    def __init__(self, callbacks: "Callbacks") -> None:
        self._callbacks = callbacks

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        reply = self._reply(environ)
        body = reply.body
        headers = [(name, value) for name, value in reply.headers if name != "Connection"]  # hop-by-hop: PEP 3333
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _reply(self, environ: Environ) -> Reply:
        request = head_of_environ(environ)
        refusal = self._callbacks.refusal(request)
        if refusal is not None:
            return refusal
        max_body = self._callbacks.max_body
        body = read_body(environ, max_body, time.monotonic() + self._callbacks.body_timeout)
        if body is None:
            return self._callbacks._refuse(TOO_SLOW, request)  # noqa: SLF001 - its own
        if len(body) > max_body:
            return self._callbacks._refuse(TOO_LARGE, request)  # noqa: SLF001 - its own
        return self._callbacks.receive(dataclasses.replace(request, body=body))


def head_of_environ(environ: Mapping[str, Any]) -> CallbackRequest:
    """The request of a WSGI environment, without its body."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = str(environ[key])
    # PEP 3333: the bytes of the path and the query stand as ISO-8859-1 characters.
    path = (str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))).encode("latin-1", "replace")
    query = str(environ.get("QUERY_STRING", "")).encode("latin-1", "replace")
    return CallbackRequest(
        str(environ["REQUEST_METHOD"]),
        query,
        headers,
        b"",
        path.decode("utf-8", "replace"),
        # ProxyFix believes every caller; the receiver reads X-Forwarded-For itself.
        str(environ.get(PROXY_FIX_KEY, environ).get("REMOTE_ADDR") or "") or None,
    )


def read_body(environ: Environ, max_body: int = MAX_BODY, deadline: float = float("inf")) -> bytes | None:
    """The body of a WSGI environment, of which at most one byte more than the limit is read.

    The environment gets a copy, so that others can read it as well.

    Args:
        environ: The environment.
        max_body: The maximum size of a body in bytes.
        deadline: The end of the time limit, by ``time.monotonic()``. It is looked at between two reads: the longest
            wait for one read is the server's.

    Returns:
        None if the time limit was reached.
    """
    if BODY_KEY in environ:
        return bytes(environ[BODY_KEY])
    length = str(environ.get("CONTENT_LENGTH") or "")
    is_chunked = not length and bool(environ.get("wsgi.input_terminated"))
    size = int(length) if length.isascii() and length.isdigit() and len(length) < _MAX_DIGITS else 0
    left = max_body + 1 if is_chunked else min(size, max_body + 1)
    stream: _Input = environ["wsgi.input"]
    read = getattr(stream, "read1", stream.read)  # returns what is there, where a stream can do so
    chunks: list[bytes] = []
    while left > 0 and (chunk := read(min(left, _CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
        if time.monotonic() > deadline:
            return None
    body = b"".join(chunks)
    environ[BODY_KEY] = body
    environ["wsgi.input"] = io.BytesIO(body)
    return body
