"""Large and slow requests over real sockets are refused; the receiver works on."""

import contextlib
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import urlsplit

import pytest
from callback_samples import sample
from receivers import under_uvicorn, under_waitress

from clicksoap.callbacks import Callbacks

from .conftest import Noted, noting

MIB: Final = 1024 * 1024
BODY: Final = sample("report-http-post").body
FORM: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def noted() -> Noted:
    return noting(body_timeout=0.3, users={"gateway": "a secret"})


def serving(callbacks: Callbacks, server: str) -> AbstractContextManager[str]:
    if server == "uvicorn":
        return under_uvicorn(callbacks.asgi())
    return under_waitress(callbacks.wsgi(), max_request_body_size=64 * 1024, max_request_header_size=32 * 1024)


@pytest.fixture(params=["uvicorn", "waitress"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def origin(noted: Noted, server: str) -> Iterator[str]:
    with serving(noted.callbacks, server) as started:
        yield started


LOGIN: Final = b"Authorization: Basic Z2F0ZXdheTphIHNlY3JldA==\r\n"


def connected(origin: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(origin).port or 0), timeout=10)


def status(connection: socket.socket) -> int:
    """The status of the answer; 0 for a connection that was closed without one."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n" not in answer and (more := connection.recv(4096)):
            answer += more
    return int(answer.split()[1]) if answer else 0


def asked(origin: str, request: bytes) -> int:
    with connected(origin) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        return status(connection)


def works(origin: str, noted: Noted) -> None:
    request = FORM + LOGIN + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    assert asked(origin, request) == 200
    assert noted.calls == 1


def test_a_body_of_100_megabytes_is_not_read(origin: str, noted: Noted) -> None:
    tracemalloc.start()
    try:
        for headers in (b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
            left = 0
            with connected(origin) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(FORM + LOGIN + headers)
                block = b"x" * MIB
                while left < 100 * MIB:
                    connection.sendall(b"100000\r\n" + block + b"\r\n" if b"chunked" in headers else block)
                    left += MIB
            assert left < 20 * MIB  # the connection was closed under the caller
        assert tracemalloc.get_traced_memory()[1] < 10 * MIB
    finally:
        tracemalloc.stop()
    works(origin, noted)


def test_the_length_of_a_body_is_refused_before_it_comes(origin: str) -> None:
    assert asked(origin, FORM + LOGIN + b"Content-Length: 100000000\r\n\r\n") == 413


def test_a_caller_without_login_is_refused_before_its_body_comes(noted: Noted) -> None:
    with serving(noted.callbacks, "uvicorn") as origin:
        assert asked(origin, FORM + b"Content-Length: 60000\r\n\r\n") == 401


def test_a_slow_body_is_given_up(noted: Noted) -> None:
    with serving(noted.callbacks, "uvicorn") as origin:
        assert asked(origin, FORM + LOGIN + b"Content-Length: 100\r\n\r\napi") == 408
        assert '{reason="slow_body"} 1\n' in noted.callbacks.metrics()
        works(origin, noted)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_body_that_grows_over_the_limit_is_counted(*, is_async: bool) -> None:
    callbacks = Callbacks(anybody=True, max_body=10)
    app = under_uvicorn(callbacks.asgi()) if is_async else under_waitress(callbacks.wsgi())
    with app as origin:
        assert asked(origin, FORM + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n") == 413
    assert '{reason="large_body"} 1\n' in callbacks.metrics()


def test_slow_bodies_do_not_stop_the_others(origin: str, noted: Noted) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            slow = stack.enter_context(connected(origin))
            slow.sendall(FORM + LOGIN + b"Content-Length: 100\r\n\r\napi")
        works(origin, noted)


def test_a_caller_that_hangs_up_in_its_body_disturbs_nobody(origin: str, noted: Noted) -> None:
    with connected(origin) as connection:
        connection.sendall(FORM + LOGIN + b"Content-Length: 100\r\n\r\napi")
    works(origin, noted)


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(150)),
        b"X: " + b"y" * 40_000 + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(10_000)),
    ],
    ids=["many", "large", "flood"],
)
def test_a_flood_of_headers_is_refused(origin: str, noted: Noted, headers: bytes) -> None:
    assert asked(origin, FORM + LOGIN + headers + b"Content-Length: 0\r\n\r\n") in {0, 400, 431}
    works(origin, noted)
