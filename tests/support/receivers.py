"""The receiver of callbacks behind each server and framework, on a port of its own."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import django
import uvicorn
import waitress.server
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path as url_path
from django.views.decorators.csrf import csrf_exempt
from fastapi import FastAPI, Request, Response
from flask import Flask, request as flask_request

from clicksoap.callbacks import Callbacks, Reply, from_django, from_flask, from_starlette

Serve = Callable[[Callbacks], AbstractContextManager[str]]
"""Serves a receiver; gives the origin, to which a path can be added."""


@contextmanager
def under_uvicorn(app: Any, **options: Any) -> Generator[str]:
    """Serve an ASGI application."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)  # callers wait in its queue until the server has started
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def under_waitress(app: Any, **options: Any) -> Generator[str]:
    """Serve a WSGI application."""
    server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=4, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))  # an empty map ends its loop
        thread.join()


def asgi(callbacks: Callbacks) -> AbstractContextManager[str]:
    return under_uvicorn(callbacks.asgi())


def wsgi(callbacks: Callbacks) -> AbstractContextManager[str]:
    return under_waitress(callbacks.wsgi())


def flask(callbacks: Callbacks) -> AbstractContextManager[str]:
    app = Flask("customer")

    @app.route("/<path:_>", methods=["GET", "POST"])
    def called(_: str) -> tuple[str, int, list[tuple[str, str]]]:
        reply = callbacks.handle(from_flask(flask_request))
        return reply.text, reply.status, list(reply.headers)

    return under_waitress(app)


def fastapi_mounted(callbacks: Callbacks) -> AbstractContextManager[str]:
    app = FastAPI()
    app.mount("/", callbacks.asgi())
    return under_uvicorn(app)


def fastapi_route(callbacks: Callbacks) -> AbstractContextManager[str]:
    app = FastAPI()

    @app.api_route("/{_:path}", methods=["GET", "POST"])
    async def called(request: Request) -> Response:
        reply = await callbacks.handle_async(await from_starlette(request))
        return Response(reply.text, reply.status, dict(reply.headers))

    return under_uvicorn(app)


_DJANGO: dict[str, Callbacks] = {}


def _response(reply: Reply) -> Any:
    return HttpResponse(reply.text, status=reply.status, headers=dict(reply.headers))


@csrf_exempt  # type: ignore[untyped-decorator]
def _view(request: HttpRequest, name: str, _: str) -> Any:
    return _response(_DJANGO[name].handle(from_django(request)))


@csrf_exempt  # type: ignore[untyped-decorator]
async def _async_view(request: HttpRequest, name: str, _: str) -> Any:
    return _response(await _DJANGO[name].handle_async(from_django(request)))


class _ReadsTheForm:
    """Middleware that has read the body before the view."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        assert request.POST is not None
        return self._get_response(request)


urlpatterns = [url_path("sync/<name>/<path:_>", _view), url_path("async/<name>/<path:_>", _async_view)]


def _set_up_django() -> None:
    if not settings.configured:
        settings.configure(
            SECRET_KEY="test",
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF=__name__,
            USE_TZ=True,
            MIDDLEWARE=[f"{__name__}._ReadsTheForm"],
        )
        django.setup()


@contextmanager
def _in_django(callbacks: Callbacks) -> Generator[str]:
    _set_up_django()
    name = str(id(callbacks))
    _DJANGO[name] = callbacks
    yield name
    del _DJANGO[name]


@contextmanager
def django_sync(callbacks: Callbacks) -> Generator[str]:
    with _in_django(callbacks) as name, under_waitress(get_wsgi_application()) as origin:
        yield f"{origin}/sync/{name}"


@contextmanager
def django_async(callbacks: Callbacks) -> Generator[str]:
    with _in_django(callbacks) as name, under_uvicorn(get_asgi_application(), lifespan="off") as origin:
        yield f"{origin}/async/{name}"


ALL: Final[dict[str, Serve]] = {
    "asgi": asgi,
    "wsgi": wsgi,
    "django": django_sync,
    "django_async": django_async,
    "flask": flask,
    "fastapi_mounted": fastapi_mounted,
    "fastapi_route": fastapi_route,
}
