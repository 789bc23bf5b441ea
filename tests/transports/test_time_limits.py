"""Every wait ends at its limit, and the error tells whether the message may have gone."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from facades import of_threads
from rawserver import Gateway, Hangup, RawServer, Received, answering, deaf, envelope, reply, values

from clicksoap import Client, NotSent, OutcomeUnknown, SessionExpired, State, Timeout, TransportTimeout

Connect = Callable[..., Client]

SHORT = Timeout(connect=0.2, read=0.2, total=0.4)
SHORTER = Timeout(connect=0.2, read=0.1, total=0.2)
"""Enough for one request over a connection that stands."""
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
        while not server.closing.wait(0.02):
            connection.sendall(drop)
        raise Hangup

    return trickle


def silent(server: RawServer, _: socket.socket) -> None:
    server.closing.wait()
    raise Hangup


Wait = Callable[[RawServer, socket.socket], None]

ANSWERS: dict[str, Wait] = {
    "nothing": silent,
    "a status line byte by byte": trickling(b"HTTP/1.1 20", b"0"),
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

    gateway = Gateway({"sendmsg": late, "getbalance": late, "token_pay": late})
    with RawServer(gateway) as server:
        yield server


def test_send_is_left_at_the_limit_as_unknown(slow: RawServer, connect: Connect) -> None:
    client = connect(slow.origin)
    client.authenticate()
    with within(SHORTER.total), pytest.raises(OutcomeUnknown) as caught:
        client.with_options(timeout=SHORTER).send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert isinstance(caught.value.cause, TimeoutError)
    assert caught.value.may_have_taken_effect
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.UNKNOWN]
    assert len(slow.requests) == 2


@pytest.mark.parametrize("slow", [silent, ANSWERS["a body byte by byte"]], indirect=True)
def test_harmless_command_is_left_at_the_limit_with_the_time_out_itself(slow: RawServer, connect: Connect) -> None:
    client = connect(slow.origin)
    client.authenticate()
    with within(SHORTER.total), pytest.raises(TransportTimeout) as caught:
        client.with_options(timeout=SHORTER).balance()
    assert not caught.value.may_have_taken_effect
    assert caught.value.retryable
    assert caught.value.report is None
    assert len(slow.requests) == 2


SLOW: dict[str, Wait] = {
    name: ANSWERS[name] for name in ("nothing", "headers byte by byte", "a body byte by byte", "chunks byte by byte")
}


@pytest.mark.parametrize("wait", SLOW.values(), ids=list(SLOW))
def test_whatever_is_slow_each_command_is_told_what_it_means_for_it(wait: Wait, connect: Connect) -> None:
    """For a login, a query, a voucher, and the second of three requests of a send."""

    def late(connection: socket.socket, _: Received) -> None:
        wait(server, connection)

    def second_late(connection: socket.socket, received: Received) -> None:
        (gateway.usual if "27820000000" in values(received, "to") else late)(connection, received)

    gateway = Gateway({"querymsg": late, "token_pay": late, "sendmsg": second_late})
    with RawServer(gateway) as server:
        client = connect(server.origin)
        hurried = client.with_options(timeout=SHORTER)
        client.ping()  # opens the connection
        with within(SHORTER.total), pytest.raises(TransportTimeout) as asked:
            hurried.status("0123456789abcdef" * 2)
        assert not asked.value.may_have_taken_effect
        client.ping()
        with within(SHORTER.total), pytest.raises(OutcomeUnknown) as paid:
            hurried.redeem("1234567890123456")
        assert isinstance(paid.value.cause, TransportTimeout)
        client.ping()
        with within(2 * SHORT.total), pytest.raises(OutcomeUnknown) as sent:
            client.with_options(timeout=SHORT).send([str(27820000000 + number) for number in range(700)], "x")
        report = sent.value.report
        assert report is not None
        assert (len(report.accepted), len(report.unknown), len(report.not_sent)) == (300, 300, 100)
    with RawServer(Gateway({"auth": late})) as server:
        with within(SHORT.total), pytest.raises(TransportTimeout) as opened:
            connect(server.origin, timeout=SHORT).authenticate()
        assert not opened.value.may_have_taken_effect


def test_read_limit_ends_a_silence_before_the_total(connect: Connect) -> None:
    def late(connection: socket.socket, _: Received) -> None:
        silent(server, connection)

    with RawServer(Gateway({"sendmsg": late})) as server:
        client = connect(server.origin, timeout=Timeout(connect=5, read=0.3, total=30))
        with within(0.3), pytest.raises(OutcomeUnknown) as caught:
            client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


def test_read_limit_begins_anew_with_all_that_comes(connect: Connect) -> None:
    """Each drop is within it, all of them together are not."""

    def dropping(connection: socket.socket, received: Received) -> None:
        whole = reply(envelope(f"ID: {1:032x} To: {values(received, 'to')[0]}"))
        for start in range(0, len(whole), 12):
            connection.sendall(whole[start : start + 12])
            server.closing.wait(0.05)

    with RawServer(Gateway({"sendmsg": dropping})) as server:
        client = connect(server.origin, timeout=Timeout(connect=5, read=1, total=30))
        assert len(client.send(TO, "x").accepted) == 1


def test_login_that_is_left_at_the_limit_sent_nothing(connect: Connect) -> None:
    def late(_: socket.socket, __: Received) -> None:
        silent(server, _)

    with RawServer(Gateway({"auth": late})) as server:
        client = connect(server.origin, timeout=SHORT)
        with within(SHORT.total), pytest.raises(NotSent) as caught:
            client.send([TO, TO], "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.NOT_SENT] * 2
    assert len(server.requests) == 1


HANDSHAKES: dict[str, Wait] = {
    "says nothing": silent,
    "trickles a record": trickling(b"\x16\x03\x03\x40\x00\x02", b"\x00"),
}


@pytest.mark.parametrize("wait", HANDSHAKES.values(), ids=HANDSHAKES)
def test_tls_handshake_is_left_at_the_connect_limit_as_not_sent(wait: Wait, connect: Connect) -> None:
    def on_connect(connection: socket.socket) -> None:
        wait(server, connection)

    with RawServer(answering(b""), on_connect=on_connect) as server:
        client = connect(f"https://localhost:{server.port}", timeout=Timeout(connect=0.3, read=5, total=10))
        with within(0.3), pytest.raises(NotSent) as caught:
            client.send(TO, "x")
        with within(0.3), pytest.raises(TransportTimeout) as harmless:
            client.balance()
    assert isinstance(caught.value.cause, TransportTimeout)
    assert not caught.value.may_have_taken_effect
    assert not harmless.value.may_have_taken_effect


MUCH = {"X-Much": "m" * 8_000_000}
"""More than all buffers between two sockets take."""
MANY = [str(27820000000 + n) for n in range(300)]


def test_server_that_does_not_take_the_request_is_left_as_unknown(connect: Connect) -> None:
    def on_connect(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        silent(server, connection)

    limit = Timeout(connect=5, read=5, total=1)
    with RawServer(answering(b""), on_connect=on_connect) as server:
        client = connect(server.origin, timeout=limit, auth="credentials", headers=MUCH)
        with within(limit.total), pytest.raises(OutcomeUnknown) as caught:
            client.send(MANY, "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == 300
    assert server.requests == []


def test_upload_has_more_time_than_connecting(connect: Connect) -> None:
    """A busy server that takes the request late is no reason to give up a message as unknown."""

    def on_connect(_: socket.socket) -> None:
        server.closing.wait(1)

    with RawServer(Gateway(), on_connect=on_connect) as server:
        timeout = Timeout(connect=0.5, read=5, total=10)
        client = connect(server.origin, timeout=timeout, auth="credentials", headers=MUCH)
        assert len(client.send(MANY, "x").accepted) == 300


def test_connection_that_does_not_stand_in_time_sent_nothing(connect: Connect) -> None:
    with deaf() as port:
        client = connect(f"http://127.0.0.1:{port}", timeout=Timeout(connect=0.3, read=5, total=10))
        with within(0.3), pytest.raises(NotSent) as caught:
            client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.retryable
    assert not caught.value.may_have_taken_effect


def test_total_limit_counts_while_connecting_too(connect: Connect) -> None:
    with deaf() as port:
        client = connect(f"http://127.0.0.1:{port}", timeout=Timeout(connect=30, read=30, total=0.3))
        with within(0.3), pytest.raises(NotSent) as caught:
            client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


def test_name_that_is_not_found_in_time_sent_nothing(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        go_on.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    client = connect("http://localhost:1", timeout=Timeout(connect=0.3, read=5, total=10))
    with within(0.3), pytest.raises(NotSent) as caught:
        client.send(TO, "x")
    go_on.set()
    assert isinstance(caught.value.cause, TransportTimeout)


def addresses(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Give localhost several addresses."""

    def look_up(host: str, port: int, *_: Any, **__: Any) -> Any:
        found = hosts if host == "localhost" else (host,)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_connect_limit_is_one_for_all_addresses_of_a_host(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with deaf() as port:
        addresses(monkeypatch, *["127.0.0.1"] * 15)
        client = connect(f"http://localhost:{port}", timeout=SHORT)
        with within(SHORT.connect), pytest.raises(NotSent) as caught:
            client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


def test_address_that_does_not_answer_leaves_time_for_the_next(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with IPv6 addresses that are announced and lead nowhere."""
    with RawServer(Gateway()) as server, deaf("127.0.0.2", server.port):
        addresses(monkeypatch, "127.0.0.2", "127.0.0.1")
        client = connect(server.origin, timeout=Timeout(connect=1, read=5, total=10))
        assert len(client.send(TO, "x").accepted) == 1


@of_threads
def test_total_limit_counts_the_wait_for_a_login_of_another_thread(connect: Connect) -> None:
    arrived, answer = threading.Event(), threading.Event()
    usual = Gateway()

    def late(connection: socket.socket, received: Received) -> None:
        arrived.set()
        answer.wait(30)
        usual(connection, received)

    with RawServer(Gateway({"auth": late})) as server:
        client = connect(server.origin, timeout=Timeout(connect=0.3, read=20, total=20))
        first = threading.Thread(target=client.authenticate)
        first.start()
        arrived.wait(30)
        hurried = client.with_options(timeout=SHORT)
        try:
            with within(SHORT.total), pytest.raises(NotSent) as caught:
                hurried.send(TO, "x")
        finally:
            answer.set()
            first.join()
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.NOT_SENT]
    assert len(server.requests) == 1


def test_time_that_renewing_the_session_takes_counts(connect: Connect) -> None:
    """A gateway that refuses each session after some work keeps a call busy until its total time, not for ever."""
    gateway = Gateway()

    def refused(connection: socket.socket, received: Received) -> None:
        server.closing.wait(0.05)
        if len(gateway.sessions) == 1 and not worked.is_set():
            worked.set()
            gateway.usual(connection, received)
        else:
            connection.sendall(reply(envelope("ERR: 003, Session ID expired")))

    worked = threading.Event()
    gateway.answers["getbalance"] = refused
    with RawServer(gateway) as server:
        client = connect(server.origin, timeout=SHORT)
        client.balance()
        with within(SHORT.total), pytest.raises(SessionExpired, match="003"):
            client.balance()
