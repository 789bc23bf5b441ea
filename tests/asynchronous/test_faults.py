"""Each fault of the network means the same to both clients, and leaves no secret behind in either.

What it means is written down where the synchronous client is tested; here both meet the same fault and are compared.
A fault strikes one request on the wire; those before it are answered, each over a connection of its own.
"""

import asyncio
import base64
import contextlib
import gzip
import logging
import re
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from rawserver import (
    Answer,
    Gateway,
    Hangup,
    RawServer,
    Received,
    answering,
    command,
    deaf,
    envelope,
    reply,
    reset,
    tunnel,
)

from clicksoap import (
    AsyncClient,
    ClicksoapError,
    Client,
    NotSent,
    OutcomeUnknown,
    Timeout,
    TransportError,
    TransportLost,
    TransportTimeout,
    report_of,
)

Connect = Callable[..., AsyncClient]

PASSWORD = "correct-horse-battery"
PROXY_PASSWORD = "staple-of-the-proxy"
TEXT = "meet me at noon behind the mill"
VOUCHER = "4111222233334444"
ONE = "27820001234"
MANY = [str(27820000000 + n) for n in range(700)]

MOST = 4 * 1024 * 1024
LIMITS = Timeout(connect=5, read=5, total=10)


@dataclass
class World:
    """A gateway, somebody else, and perhaps a proxy between; what a fault changes in it holds from then on."""

    gateway: Gateway
    server: RawServer
    elsewhere: RawServer
    authority: trustme.CA
    monkeypatch: pytest.MonkeyPatch
    proxy: RawServer | None = None
    reached: int = 0
    """Requests that arrived before the fault."""

    def answer_with(self, answer: Answer) -> None:
        self.server.answer = answer

    def arrivals(self) -> list[str]:
        return [command(received) for received in self.server.requests[self.reached :]]


@dataclass
class Fault:
    """Something that goes wrong; ``way`` is ``http``, ``https``, or ``proxy`` (https through a proxy)."""

    strike: Callable[[World], object]
    way: str = "http"


def answered(data: bytes) -> Callable[[World], None]:
    return lambda world: world.answer_with(answering(data))


def status(line: str, *headers: str, body: bytes = b"<html>no</html>") -> Callable[[World], None]:
    return answered(reply(body, line, "text/html", headers))


def moved(line: str) -> Callable[[World], None]:
    def strike(world: World) -> None:
        place = f"{world.elsewhere.origin}/soap/elsewhere.php?user=acme&password={PASSWORD}"
        status(line, f"Location: {place}")(world)

    return strike


def dropped(drop: Callable[[socket.socket], None]) -> Callable[[World], None]:
    def answer(connection: socket.socket, _: Received) -> None:
        drop(connection)

    return lambda world: world.answer_with(answer)


def finish(_: socket.socket) -> None:
    raise Hangup


def cut_off(data: bytes) -> Callable[[World], None]:
    def answer(connection: socket.socket, _: Received) -> None:
        connection.sendall(data)
        raise Hangup

    return lambda world: world.answer_with(answer)


def unnamed(world: World) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    world.monkeypatch.setattr(socket, "getaddrinfo", look_up)


def reset_while_reading(world: World) -> None:
    def on_connect(connection: socket.socket) -> None:
        # A reset that comes even earlier may be met while connecting.
        connection.recv(1)
        reset(connection)

    world.server.on_connect = on_connect


def present(name: str, *, ours: bool) -> Callable[[World], None]:
    """Present another certificate from now on."""

    def strike(world: World) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (world.authority if ours else trustme.CA()).issue_cert(name).configure_cert(context)
        world.server.tls = context

    return strike


def without_tls(world: World) -> None:
    def on_connect(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 400 this is no TLS\r\n\r\n")
        raise Hangup

    world.server.on_connect = on_connect


def at_proxy(strike: Callable[[RawServer], object]) -> Callable[[World], None]:
    def at(world: World) -> None:
        assert world.proxy is not None
        strike(world.proxy)

    return at


def refusing(line: str) -> Callable[[World], None]:
    def strike(proxy: RawServer) -> None:
        proxy.answer = answering(reply(b"<html>no</html>", line, "text/html"))

    return at_proxy(strike)


def resetting(proxy: RawServer) -> None:
    proxy.on_connect = reset


def soap_fault(code: str) -> bytes:
    fault = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{code}</faultcode><faultstring>no {PASSWORD} of {ONE}</faultstring>"
        "</soap:Fault></soap:Body></soap:Envelope>"
    )
    return reply(fault.encode(), "500 Internal Server Error")


def packed(body: bytes) -> bytes:
    return reply(gzip.compress(body), headers=("Content-Encoding: gzip",))


WHOLE = reply(envelope("OK:"))

FAULTS: dict[str, Fault] = {
    # Before anything left.
    "name not found": Fault(unnamed),
    "port refused": Fault(lambda world: world.server.stop_listening()),
    "certificate of a stranger": Fault(present("localhost", ours=False), "https"),
    "certificate of another host": Fault(present("else.example", ours=True), "https"),
    "no TLS there": Fault(without_tls, "https"),
    "reset in the TLS handshake": Fault(reset_while_reading, "https"),
    "proxy wants other credentials": Fault(refusing("407 Credentials"), "proxy"),
    "proxy cannot reach the server": Fault(refusing("502 Bad Gateway"), "proxy"),
    "proxy refused": Fault(at_proxy(RawServer.stop_listening), "proxy"),
    "proxy resets": Fault(at_proxy(resetting), "proxy"),
    # After something may have left.
    "reset while the request is read": Fault(reset_while_reading),
    "reset behind the request": Fault(dropped(reset)),
    "reset behind the request over TLS": Fault(dropped(reset), "https"),
    "closed behind the request": Fault(dropped(finish)),
    "closed behind the request over TLS": Fault(dropped(finish), "https"),
    "closed behind the request in the proxy": Fault(dropped(finish), "proxy"),
    "no HTTP at all": Fault(answered(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    "body that is cut off": Fault(cut_off(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<soap")),
    "chunks that are cut off": Fault(cut_off(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<soap\r\n")),
    "chunks of no length": Fault(answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<soap\r\n")),
    # Answers that are none.
    "empty 200": Fault(answered(reply(b""))),
    "HTML with 200": Fault(status("200 OK")),
    "XML that ends too early": Fault(answered(reply(envelope("OK:")[:-9]))),
    "switching protocols": Fault(answered(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")),
    "204": Fault(status("204 No Content", body=b"")),
    "301": Fault(moved("301 Moved")),
    "302": Fault(moved("302 Found")),
    "303": Fault(moved("303 See Other")),
    "307": Fault(moved("307 Elsewhere")),
    "308": Fault(moved("308 Elsewhere")),
    "302 to a file": Fault(status("302 Found", "Location: file:///etc/passwd")),
    "301 to a file": Fault(status("301 Moved", "Location: file:///etc/passwd")),
    "301 to no URL": Fault(status("301 Moved", "Location: http://[::1")),
    "401": Fault(status("401 No", 'WWW-Authenticate: Basic realm="x"')),
    "404": Fault(status("404 Not Found")),
    "407 of the server": Fault(status("407 No")),
    "429": Fault(status("429 Slow Down", "Retry-After: 1")),
    "500 with HTML": Fault(status("500 Oops")),
    "502": Fault(status("502 Bad Gateway")),
    "503 with Retry-After": Fault(status("503 Later", "Retry-After: 1")),
    "Fault of the server": Fault(answered(soap_fault("Server"))),
    "Fault of the client": Fault(answered(soap_fault("Client"))),
    "oversized": Fault(answered(reply(b" " * (MOST + 1)))),
    "gzip bomb": Fault(answered(packed(b" " * 20 * MOST))),
    "gzip that is none": Fault(answered(reply(b"no", headers=("Content-Encoding: gzip",)))),
    "gzip that is cut off": Fault(answered(reply(gzip.compress(WHOLE)[:-9], headers=("Content-Encoding: gzip",)))),
    "packing unheard of": Fault(answered(reply(b"x", headers=("Content-Encoding: br",)))),
}

ACTIONS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "authenticate": (0, lambda client: client.authenticate()),
    "status": (1, lambda client: client.status("0123456789abcdef" * 2)),
    "redeem": (1, lambda client: client.redeem(VOUCHER)),
    "send to one": (1, lambda client: client.send(ONE, TEXT)),
    "send to many": (2, lambda client: client.send(MANY, TEXT)),
}
"""How many requests are answered before the fault, and the call that it strikes."""


@dataclass
class Lab:
    """Where worlds are made."""

    authority: trustme.CA
    ca_file: Path
    tls: Callable[..., ssl.SSLContext]
    caplog: pytest.LogCaptureFixture

    @contextlib.contextmanager
    def world(self, fault: Fault, before: int) -> Iterator[World]:
        """A world in which the fault strikes behind so many requests."""
        gateway = Gateway(headers=("Connection: close",))
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(RawServer(gateway, None if fault.way == "http" else self.tls()))
            elsewhere = stack.enter_context(RawServer(gateway))
            proxy = stack.enter_context(RawServer(tunnel)) if fault.way == "proxy" else None
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            world = World(gateway, server, elsewhere, self.authority, patch, proxy)
            arrange(world, fault, before)
            yield world

    def settings(self, world: World) -> dict[str, Any]:
        """What a client of this world is told."""
        named: dict[str, Any] = {
            "api_id": 123456,
            "user": "acme",
            "password": PASSWORD,
            "endpoint": world.server.origin,
            "timeout": LIMITS,
            "retry": None,
        }
        if world.server.tls:
            named["ca"] = str(self.ca_file)
        if world.proxy:
            named["proxy"] = proxy_url(world.proxy)
        return named


@pytest.fixture
def lab(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Lab:
    caplog.set_level(logging.DEBUG)
    names = ("authority", "ca_file", "tls", "caplog")
    return Lab(*map(request.getfixturevalue, names))


def proxy_url(proxy: RawServer) -> str:
    return f"http://someone:{PROXY_PASSWORD}@localhost:{proxy.port}"


def arrange(world: World, fault: Fault, before: int) -> None:
    if before == 0:
        fault.strike(world)
        return

    def answer(connection: socket.socket, received: Received) -> None:
        if len(world.server.requests) == before:
            world.reached = before
            fault.strike(world)
        world.gateway(connection, received)

    world.server.answer = answer


def meaning(error: BaseException, world: World) -> dict[str, object]:
    """All that an error tells, but for the words of the libraries."""
    assert isinstance(error, ClicksoapError), repr(error)
    cause = error.cause or error
    report = report_of(error)
    words = str(cause)
    if isinstance(cause, TransportError):
        # What comes before and behind that is the word of a library.
        words = next(phase for phase in ("before anything left", "after the request began to leave") if phase in words)
    return {
        "class": type(error),
        "cause": type(cause),
        "words": re.sub(r"localhost:[0-9]+", "localhost", words),
        "status": getattr(cause, "status", None),
        "retry after": getattr(cause, "retry_after", None),
        "may have taken effect": (error.may_have_taken_effect, cause.may_have_taken_effect),
        "retryable": (error.retryable, cause.retryable),
        "report": report and [(result.to, result.state, result.error) for result in report],
        "arrivals": world.arrivals(),
        "elsewhere": world.elsewhere.connections,
    }


def left_behind(error: object, seen: set[int]) -> Iterator[str]:
    """Every text that hangs on an exception; of its report what it shows of itself, not what it gives to who asks."""
    if id(error) in seen:
        return
    seen.add(id(error))
    yield str(error)
    yield repr(error)
    if isinstance(error, BaseException):
        yield from traceback.format_exception(error)
        for part in (*error.args, error.__cause__, error.__context__, error.__dict__):
            yield from left_behind(part, seen)
    elif isinstance(error, dict):
        for part in error.values():
            yield from left_behind(part, seen)
    elif isinstance(error, list | tuple | set | frozenset):
        for part in error:
            yield from left_behind(part, seen)


def check_secrets(error: BaseException, caplog: pytest.LogCaptureFixture, sessions: list[str]) -> None:
    told = "\n".join([*left_behind(error, set()), caplog.text, *(repr(record.__dict__) for record in caplog.records)])
    pair = base64.b64encode(f"someone:{PROXY_PASSWORD}".encode()).decode()
    for secret in (PASSWORD, PROXY_PASSWORD, pair, TEXT, VOUCHER, ONE, MANY[0], MANY[301], MANY[-1], *sessions):
        assert secret not in told


def met_by_client(lab: Lab, fault: Fault, before: int, call: Callable[[Any], Any]) -> dict[str, object]:
    with lab.world(fault, before) as world, Client(**lab.settings(world)) as client:
        with pytest.raises(ClicksoapError) as caught:
            call(client)
        return meaning(caught.value, world)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", FAULTS)
async def test_fault_means_the_same_to_both_clients(name: str, action: str, lab: Lab) -> None:
    fault, (before, call) = FAULTS[name], ACTIONS[action]
    expected = met_by_client(lab, fault, before, call)
    lab.caplog.clear()
    asyncio.get_running_loop().set_debug(True)
    with lab.world(fault, before) as world:
        async with AsyncClient(**lab.settings(world)) as client:
            with pytest.raises(BaseException) as caught:  # noqa: PT011 - which one is what the test is about
                await call(client)
        assert meaning(caught.value, world) == expected
        check_secrets(caught.value, lab.caplog, world.gateway.sessions)


REASONS = {
    "name not found": "Name or service not known",
    "port refused": "Connection refused",
    "certificate of a stranger": "not trusted",
    "certificate of another host": "ostname mismatch",
    "no TLS there": "WRONG_VERSION_NUMBER",
    "proxy wants other credentials": "407",
    "proxy cannot reach the server": "502",
    "proxy refused": "Connection refused",
    "reset while the request is read": "Connection reset by peer",
}


@pytest.mark.parametrize("name", REASONS)
async def test_reason_is_told_without_address_and_url(name: str, lab: Lab) -> None:
    with lab.world(FAULTS[name], 0) as world:
        async with AsyncClient(**lab.settings(world)) as client:
            with pytest.raises(TransportError) as caught:
                await client.balance()
        told = str(caught.value)
        assert REASONS[name] in told
        assert str(world.server.port) not in told
        assert "127.0.0.1" not in told


async def test_proxy_that_does_not_accept_is_a_time_out(connect: Connect) -> None:
    limits = Timeout(connect=0.3, read=5, total=10)
    with deaf() as port:
        async with connect("https://localhost:1", proxy=f"http://127.0.0.1:{port}", timeout=limits) as client:
            with pytest.raises(NotSent) as caught:
                await client.send(ONE, TEXT)
    assert isinstance(caught.value.cause, TransportTimeout)


async def test_proxy_that_never_answers_is_a_time_out(connect: Connect) -> None:
    def silent(_: socket.socket, __: Received) -> None:
        proxy.closing.wait()

    limits = Timeout(connect=0.3, read=5, total=10)
    with RawServer(silent) as proxy:
        async with connect("https://localhost:1", proxy=proxy.origin, timeout=limits) as client:
            with pytest.raises(NotSent) as caught:
                await client.send(ONE, TEXT)
    assert isinstance(caught.value.cause, TransportTimeout)


@pytest.mark.parametrize("opened", [False, True])
async def test_tunnel_that_breaks_while_it_is_made_sent_nothing(
    opened: bool,  # noqa: FBT001 - a parameter of the test
    connect: Connect,
) -> None:
    """A client may meet the break as a loss or wait for it until its limit; that nothing left is certain."""

    def broken(connection: socket.socket, _: Received) -> None:
        if opened:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        raise Hangup

    with RawServer(broken) as proxy:
        async with connect("https://localhost:1", proxy=proxy.origin, timeout=Timeout(1, 5, 10)) as client:
            with pytest.raises(NotSent) as caught:
                await client.send(ONE, TEXT)
    assert isinstance(caught.value.cause, TransportLost)
    assert caught.value.retryable


async def test_what_a_proxy_says_in_its_refusal_is_scrubbed(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Its words are foreign text, and may hold what the request brought along."""
    caplog.set_level(logging.DEBUG)
    said = f"407 no {PROXY_PASSWORD} for {ONE} " + "and so on " * 200
    with RawServer(answering(reply(b"", said))) as proxy:
        async with connect("https://localhost:1", proxy=proxy_url(proxy)) as client:
            with pytest.raises(NotSent) as caught:
                await client.send(ONE, TEXT)
    check_secrets(caught.value, caplog, [])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("http_method", ["POST", "GET"])
async def test_http_api_leaves_no_secret_of_its_url_behind(
    http_method: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)

    def lost(connection: socket.socket, _: Received) -> None:
        reset(connection)

    with RawServer(lost) as server:
        settings = {"binding": "http", "http_method": http_method, "auth": "credentials"}
        async with connect(server.origin, **settings) as client:
            with pytest.raises(OutcomeUnknown) as caught:
                await client.send(ONE, TEXT)
        assert len(server.requests) == 1
    check_secrets(caught.value, caplog, [])
