"""The requests of frameworks keep the bytes, also if other code has read the body. Lost bytes are an error."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from callback_samples import sample
from django.http import HttpRequest, RawPostDataException
from fastapi import FastAPI, Request, Response
from flask import Flask, request as flask_request
from receivers import _set_up_django, under_uvicorn, under_waitress

from clicksoap import ConfigurationError, InboundMessage
from clicksoap.callbacks import Callbacks, from_django, from_flask, from_starlette, from_wsgi, parse_inbound

from .conftest import Noted, noting, say, simulating

BODY = sample("inbound-http-post-utf16").body
TEXT = "Привет"


def environ(body: bytes = BODY, **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", **more,
    }  # fmt: skip


def test_a_wsgi_request_can_be_read_by_others_afterwards_and_by_us_again() -> None:
    given = environ()
    assert parse_inbound(from_wsgi(given)).text == TEXT
    assert given["wsgi.input"].read() == BODY
    assert parse_inbound(from_wsgi(given)).text == TEXT


def test_a_wsgi_request_whose_body_is_gone_says_so() -> None:
    given = environ()
    given["wsgi.input"].read()
    with pytest.raises(ConfigurationError, match="other code has read the body"):
        from_wsgi(given)


def test_a_chunked_wsgi_request_is_read_where_the_server_ends_it() -> None:
    given = environ(CONTENT_LENGTH="") | {"wsgi.input_terminated": True}
    assert parse_inbound(from_wsgi(given)).text == TEXT
    given = environ(CONTENT_LENGTH="")
    assert from_wsgi(given).body == b""


@pytest.mark.parametrize("length", ["x", "-5", "9" * 5000, "٣"])
def test_an_odd_length_of_a_wsgi_request_is_no_crash(length: str) -> None:
    with pytest.raises(ConfigurationError):
        from_wsgi(environ(CONTENT_LENGTH=length))


def test_django_has_the_bytes_after_its_form_was_read_but_not_after_its_stream_was() -> None:
    from django.core.handlers.wsgi import WSGIRequest  # noqa: PLC0415 - needs the settings

    _set_up_django()
    request: HttpRequest = WSGIRequest(environ())
    assert request.POST["charset"] == "UTF-16BE"
    assert parse_inbound(from_django(request)).text == TEXT
    request = WSGIRequest(environ())
    request.read()
    with pytest.raises(ConfigurationError, match=r"request\.body"):
        from_django(request)
    assert RawPostDataException.__name__ == "RawPostDataException"  # known by its name


def flask_says(read: Callable[[], object]) -> InboundMessage:
    app = Flask("customer")
    with app.request_context(environ()):
        read()
        return parse_inbound(from_flask(flask_request))


def test_flask_has_the_bytes_after_they_were_read_but_not_after_its_form_was() -> None:
    assert flask_says(lambda: None).text == TEXT
    assert flask_says(flask_request_data).text == TEXT
    with pytest.raises(ConfigurationError, match=r"get_data\(\)"):
        flask_says(lambda: flask_request.form)


def flask_request_data() -> object:
    return (flask_request.get_data(), flask_request.form)


def fastapi_says(read: Callable[[Request], Awaitable[object]], middleware: Any = None) -> Any:
    """The text that a route gets, or the error, after other code has read the request."""
    app, got = FastAPI(), []
    if middleware:
        app.middleware("http")(middleware)

    @app.post("/hooks/0f8e2a6b4c1d9357")
    async def called(request: Request) -> Response:
        await read(request)
        try:
            got.append(parse_inbound(await from_starlette(request)).text)
        except ConfigurationError as error:
            got.append(str(error))
        return Response("OK")

    with under_uvicorn(app) as origin, simulating(origin) as sim:
        say(sim, TEXT)
    return got[0]


def test_starlette_has_the_bytes_after_they_were_read_but_not_after_its_stream_was() -> None:
    async def body(request: Request) -> object:
        return await request.body()

    async def stream(request: Request) -> object:
        return [chunk async for chunk in request.stream()]  # as request.form() does

    async def nothing(_: Request) -> None: ...

    async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        await request.body()
        return await call_next(request)

    assert fastapi_says(nothing) == TEXT
    assert fastapi_says(body) == TEXT
    assert fastapi_says(nothing, middleware) == TEXT
    assert "request.body()" in fastapi_says(stream)


def test_wsgi_middleware_may_have_read_the_body() -> None:
    noted: Noted = noting()
    inner = noted.callbacks.wsgi()

    def app(given: dict[str, Any], start_response: Any) -> Any:
        from_wsgi(given)
        return inner(given, start_response)

    with under_waitress(app) as origin, simulating(origin) as sim:
        say(sim, TEXT)
    assert noted.texts == [TEXT]


def test_an_async_handler_in_a_thread_with_an_event_loop_is_refused() -> None:
    async def called() -> None:
        with pytest.raises(ConfigurationError, match="handle_async"):
            noting(is_async=True).callbacks.handle(sample("report-http-post"))

    asyncio.run(called())


def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def called() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        await Callbacks(anybody=True).asgi()({"type": "websocket"}, lambda: asyncio.sleep(0), send)  # type: ignore[arg-type, return-value]

    asyncio.run(called())
    assert sent == [{"type": "websocket.close", "code": 1003}]
