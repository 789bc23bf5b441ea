"""Every wait ends at its limit, and the error tells whether the message may have gone."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rawserver import Gateway, Hangup, RawServer, Received, answering, deaf, envelope, reply

from clicksoap import AsyncClient, NotSent, OutcomeUnknown, State, Timeout, TransportTimeout

Connect = Callable[..., AsyncClient]

SHORT = Timeout(connect=0.2, read=0.2, total=0.4)
NOISE = 2.0
"""How much later than its limit a call may end on a busy machine."""
TO = "27820001234"


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + NOISE


def trickling(start: bytes, drop: bytes) -> Callable[[RawServer, socket.socket], None]:
    """Sends the start at once, and then a drop again and again, each long before the read limit."""

    def trickle(server: RawServer, connection: socket.socket) -> None:
        connection.sendall(start)
        while not server.closing.wait(0.05):
            connection.sendall(drop)
        raise Hangup

    return trickle


def silent(server: RawServer, _: socket.socket) -> None:
    server.closing.wait()
    raise Hangup


Wait = Callable[[RawServer, socket.socket], None]

ANSWERS: dict[str, Wait] = {
    "nothing": silent,
    "a status line byte by byte": trickling(b"HTTP/1.1 200 O", b"K"),
    "headers byte by byte": trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers without end": trickling(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "interim replies without end": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body byte by byte": trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "a body of no stated length byte by byte": trickling(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "chunks byte by byte": trickling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's length byte by byte": trickling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "a body that stops": trickling(reply(envelope("OK:"))[:-1], b""),
}


@pytest.fixture(params=ANSWERS.values(), ids=list(ANSWERS))
def slow(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    """A gateway that logs in at once, and then answers in one of the slow ways."""
    wait: Wait = request.param

    def late(connection: socket.socket, _: Received) -> None:
        wait(server, connection)

    gateway = Gateway({"sendmsg": late, "getbalance": late})
    with RawServer(gateway) as server:
        yield server


async def test_both_kinds_of_calls_are_left_at_the_limit(slow: RawServer, connect: Connect) -> None:
    """A send as unknown, and a harmless command with the time-out itself."""
    async with connect(slow.origin, timeout=SHORT) as sms:
        await sms.authenticate()
        with within(SHORT.total):
            lost, harmless = await asyncio.gather(sms.send(TO, "x"), sms.balance(), return_exceptions=True)
    assert isinstance(lost, OutcomeUnknown)
    assert isinstance(lost.cause, TransportTimeout)
    assert isinstance(lost.cause, TimeoutError)
    assert lost.report is not None
    assert [result.state for result in lost.report] == [State.UNKNOWN]
    assert type(harmless) is TransportTimeout
    assert not harmless.may_have_taken_effect
    assert harmless.retryable
    assert len(slow.requests) == 3


async def test_read_limit_ends_a_silence_before_the_total(connect: Connect) -> None:
    def late(_: socket.socket, __: Received) -> None:
        server.closing.wait()
        raise Hangup

    with RawServer(Gateway({"sendmsg": late})) as server:
        async with connect(server.origin, timeout=Timeout(connect=5, read=0.3, total=30)) as sms:
            with within(0.3), pytest.raises(OutcomeUnknown) as caught:
                await sms.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


async def test_login_that_is_left_at_the_limit_sent_nothing(connect: Connect) -> None:
    def late(connection: socket.socket, _: Received) -> None:
        silent(server, connection)

    with RawServer(Gateway({"auth": late})) as server:
        async with connect(server.origin, timeout=SHORT) as sms:
            with within(SHORT.total), pytest.raises(NotSent) as caught:
                await sms.send([TO, TO], "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.NOT_SENT] * 2
    assert len(server.requests) == 1


HANDSHAKES: dict[str, Wait] = {
    "says nothing": silent,
    "trickles a record": trickling(b"\x16\x03\x03\x40\x00\x02", b"\x00"),
}


@pytest.mark.parametrize("wait", HANDSHAKES.values(), ids=HANDSHAKES)
async def test_tls_handshake_is_left_at_the_connect_limit_as_not_sent(wait: Wait, connect: Connect) -> None:
    def on_connect(connection: socket.socket) -> None:
        wait(server, connection)

    limits = Timeout(connect=0.3, read=5, total=10)
    with RawServer(answering(b""), on_connect=on_connect) as server:
        async with connect(f"https://localhost:{server.port}", timeout=limits, auth="credentials") as sms:
            with within(0.3):
                lost, harmless = await asyncio.gather(sms.send(TO, "x"), sms.balance(), return_exceptions=True)
    assert isinstance(lost, NotSent)
    assert isinstance(lost.cause, TransportTimeout)
    assert not lost.may_have_taken_effect
    assert type(harmless) is TransportTimeout


async def test_total_limit_counts_while_connecting_too(connect: Connect) -> None:
    with deaf() as port:
        async with connect(f"http://127.0.0.1:{port}", timeout=Timeout(connect=30, read=30, total=0.3)) as sms:
            with within(0.3), pytest.raises(NotSent) as caught:
                await sms.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


MUCH = {"X-Much": "m" * 8_000_000}
"""More than all buffers between two sockets take."""
MANY = [str(27820000000 + n) for n in range(300)]


async def test_server_that_does_not_take_the_request_is_left_as_unknown(connect: Connect) -> None:
    def on_connect(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        silent(server, connection)

    with RawServer(answering(b""), on_connect=on_connect) as server:
        async with connect(server.origin, timeout=SHORT, auth="credentials", headers=MUCH) as sms:
            with within(SHORT.total), pytest.raises(OutcomeUnknown) as caught:
                await sms.send(MANY, "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == 300
    assert server.requests == []


async def test_upload_has_more_time_than_connecting(connect: Connect) -> None:
    """A busy server that takes the request late is no reason to give up a message as unknown."""

    def on_connect(_: socket.socket) -> None:
        server.closing.wait(0.4)

    limits = Timeout(connect=0.2, read=5, total=10)
    with RawServer(Gateway(), on_connect=on_connect) as server:
        async with connect(server.origin, timeout=limits, auth="credentials", headers=MUCH) as sms:
            assert len((await sms.send(MANY, "x")).accepted) == 300


async def test_connection_that_does_not_stand_in_time_sent_nothing(connect: Connect) -> None:
    with deaf() as port:
        async with connect(f"http://127.0.0.1:{port}", timeout=Timeout(connect=0.3, read=5, total=10)) as sms:
            with within(0.3), pytest.raises(NotSent) as caught:
                await sms.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.retryable
    assert not caught.value.may_have_taken_effect


async def test_name_that_is_not_found_in_time_sent_nothing(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        go_on.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with connect("http://localhost:1", timeout=Timeout(connect=0.3, read=5, total=10)) as sms:
        with within(0.3), pytest.raises(NotSent) as caught:
            await sms.send(TO, "x")
    go_on.set()
    assert isinstance(caught.value.cause, TransportTimeout)


def addresses(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Give localhost several addresses."""

    def look_up(host: str, port: int, *_: Any, **__: Any) -> Any:
        found = hosts if host == "localhost" else (host,)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def test_connect_limit_is_one_for_all_addresses_of_a_host(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deaf() as port:
        addresses(monkeypatch, *["127.0.0.1"] * 15)
        async with connect(f"http://localhost:{port}", timeout=SHORT) as sms:
            with within(SHORT.connect), pytest.raises(NotSent) as caught:
                await sms.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


async def test_address_that_does_not_answer_leaves_time_for_the_next(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with IPv6 addresses that are announced and lead nowhere."""
    with RawServer(Gateway()) as server, deaf("127.0.0.2", server.port):
        addresses(monkeypatch, "127.0.0.2", "127.0.0.1")
        async with connect(server.origin, timeout=Timeout(connect=2, read=5, total=10)) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
