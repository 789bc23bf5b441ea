"""Who wrote X-Forwarded-For: servers that believe it by themselves do not open the receiver, over real sockets."""

import http.client
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpRequest
from receivers import Serve, asgi, django_async, fastapi_mounted, fastapi_route, under_uvicorn, under_waitress
from werkzeug.middleware.proxy_fix import ProxyFix

from clicksoap.callbacks import CallbackRequest, Callbacks, from_django

GATEWAY = "196.216.236.2"


def status(origin: str, forwarded: str = GATEWAY) -> int:
    """The status of a call from this machine, which writes the header itself."""
    parts = urlsplit(origin)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}/hook", headers={"X-Forwarded-For": forwarded})
        return connection.getresponse().status
    finally:
        connection.close()


FORWARDED = [GATEWAY, f"{GATEWAY}:4711", f"203.0.113.9, {GATEWAY}"]


@pytest.mark.parametrize("forwarded", FORWARDED)
@pytest.mark.parametrize("serve", [asgi, fastapi_mounted, fastapi_route, django_async])
def test_an_address_that_uvicorn_took_from_the_header_is_not_believed(
    serve: Serve, forwarded: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Uvicorn replaces the address of callers on its own machine, unless it is told not to."""
    with serve(Callbacks(allow=[GATEWAY])) as origin:
        assert status(origin, forwarded) == 403
    assert "--no-proxy-headers" in caplog.text


@pytest.mark.parametrize("forwarded", FORWARDED)
def test_uvicorn_does_replace_the_address(forwarded: str) -> None:
    """The control: an application that looks at the client of the scope would let this caller in."""

    async def naive(scope: Any, _receive: Any, send: Any) -> None:
        status = 200 if scope["client"][0] == GATEWAY else 403
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with under_uvicorn(naive, lifespan="off") as origin:
        assert status(origin, forwarded) == 200
    with under_uvicorn(naive, lifespan="off", proxy_headers=False) as origin:
        assert status(origin, forwarded) == 403


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        ([], GATEWAY, 403),
        (["127.0.0.1"], GATEWAY, 200),
        (["127.0.0.1"], f"{GATEWAY}, 127.0.0.1", 200),  # two proxies of this machine
        (["127.0.0.1"], f"{GATEWAY}, 203.0.113.9", 403),
    ],
)
def test_without_proxy_headers_of_uvicorn_trusted_proxies_decide(
    proxies: list[str], forwarded: str, expected: int
) -> None:
    app = Callbacks(allow=[GATEWAY], trusted_proxies=proxies).asgi()
    with under_uvicorn(app, proxy_headers=False) as origin:
        assert status(origin, forwarded) == expected


def test_a_caller_that_wrote_no_header_is_judged_by_its_own_address() -> None:
    with under_uvicorn(Callbacks(allow=["127.0.0.1"]).asgi()) as origin:
        assert status(origin, "") == 200


def proxy_fixed(callbacks: Callbacks) -> AbstractContextManager[str]:
    return under_waitress(ProxyFix(callbacks.wsgi(), x_for=1), clear_untrusted_proxy_headers=False)


def test_an_address_that_proxy_fix_took_from_the_header_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    with proxy_fixed(Callbacks(allow=[GATEWAY])) as origin:
        assert status(origin) == 403
    assert "a request from 127.0.0.1 was refused: 403" in caplog.text
    assert "trusted_proxies=" in caplog.text
    with proxy_fixed(Callbacks(allow=[GATEWAY], trusted_proxies=["127.0.0.1"])) as origin:
        assert status(origin) == 200


def test_django_behind_proxy_fix_sees_the_caller() -> None:
    request = HttpRequest()
    request.META |= {"REMOTE_ADDR": GATEWAY, "werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "192.0.2.1"}}
    request._body = b""
    assert from_django(request).peer == "192.0.2.1"


def test_the_head_of_a_request_says_that_its_peer_was_replaced() -> None:
    callbacks = Callbacks(allow=[GATEWAY])
    assert callbacks.handle(CallbackRequest("GET", peer=GATEWAY)).status == 200
    assert callbacks.handle(CallbackRequest("GET", peer=GATEWAY, is_peer_replaced=True)).status == 403
