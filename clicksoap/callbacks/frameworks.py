"""Requests of Django, Flask, Starlette and WSGI as values; none of these is imported.

Each function keeps the bytes as they came. The form readers of the frameworks decode them, and a text in UTF-16BE does
not survive that.
"""

import dataclasses
from collections.abc import Awaitable, MutableMapping
from typing import Any, Protocol

from clicksoap.callbacks.asgi import is_replaced, request_of_scope
from clicksoap.callbacks.request import CallbackRequest
from clicksoap.callbacks.wsgi import BODY_KEY, PROXY_FIX_KEY, Environ, head_of_environ, read_body
from clicksoap.errors import ConfigurationError


class DjangoRequest(Protocol):
    """A request of Django: ``django.http.HttpRequest``."""

    META: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The body."""
        ...

    @property
    def path(self) -> str:
        """The path."""
        ...

    @property
    def method(self) -> str | None:
        """The method."""
        ...


class FlaskRequest(Protocol):
    """A request of Flask: ``flask.request``."""

    @property
    def environ(self) -> Environ:
        """The WSGI environment."""
        ...

    def get_data(self) -> bytes:
        """The body."""
        ...


class StarletteRequest(Protocol):
    """A request of Starlette or FastAPI: ``starlette.requests.Request``."""

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope."""
        ...

    def body(self) -> Awaitable[bytes]:
        """The body."""
        ...


def from_wsgi(environ: Environ) -> CallbackRequest:
    """The request of a WSGI environment. The body is read, and the environment gets a copy for others.

    Raises:
        ConfigurationError: Other code has read the body.
    """
    body = read_body(environ) or b""
    return _checked(head_of_environ(environ), body, "read it by from_wsgi() before anything else does")


def from_django(request: DjangoRequest) -> CallbackRequest:
    """The request of Django, sync or async. Middleware may have read ``request.body`` or ``request.POST``.

    Raises:
        ConfigurationError: Other code has read the body as a stream.
    """
    try:
        body = request.body
    except Exception as error:
        if type(error).__name__ != "RawPostDataException":
            raise
        body = b""
        is_lost = True
    else:
        is_lost = False
    if is_lost:
        raise _lost("use request.body there, not request.read()")
    meta = request.META
    environ = {key: value for key, value in meta.items() if isinstance(value, str) or key == PROXY_FIX_KEY}
    head = head_of_environ({"REQUEST_METHOD": request.method or "", **environ})
    port = meta.get("REMOTE_PORT")  # an int under ASGI, a str under WSGI
    is_peer_replaced = isinstance(port, int) and is_replaced(
        (head.peer or "", port), meta.get("HTTP_X_FORWARDED_FOR", "")
    )
    return dataclasses.replace(head, body=body, path=request.path, is_peer_replaced=is_peer_replaced)


def from_flask(request: FlaskRequest) -> CallbackRequest:
    """The request of Flask. Other code may have read ``request.get_data()`` or ``request.data``.

    Raises:
        ConfigurationError: Other code has read ``request.form`` before, which destroys the bytes.
    """
    environ = request.environ
    body = environ[BODY_KEY] if BODY_KEY in environ else request.get_data()
    return _checked(head_of_environ(environ), body, "call request.get_data() there before request.form")


async def from_starlette(request: StarletteRequest) -> CallbackRequest:
    """The request of Starlette or FastAPI. Middleware may have read ``await request.body()``.

    Raises:
        ConfigurationError: Other code has read ``request.form()`` or the stream before, which destroys the bytes.
    """
    body = None
    try:
        body = await request.body()
    except RuntimeError as error:
        if "consumed" not in str(error):
            raise
    if body is None:
        raise _lost("call await request.body() there before request.form()")
    return request_of_scope(request.scope, body)


def _checked(head: CallbackRequest, body: bytes, advice: str) -> CallbackRequest:
    if not body and head.headers.get("content-length", "0").strip("0"):
        raise _lost(advice)
    return dataclasses.replace(head, body=body)


def _lost(advice: str) -> ConfigurationError:
    return ConfigurationError(f"other code has read the body, and its bytes are lost: {advice}")
