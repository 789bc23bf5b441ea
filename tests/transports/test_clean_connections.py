"""A reply is never taken for that of another request, and what is certain stays certain."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import pytest
import requests
from facades import of_threads
from rawserver import (
    Answer,
    Gateway,
    Hangup,
    RawServer,
    Received,
    answering,
    envelope,
    message_id,
    reply,
    reset,
    values,
)
from requests.adapters import HTTPAdapter
from urllib3.util import Retry as UrllibRetry

from clicksoap import Client, ConfigurationError, Exchange, NotSent, OutcomeUnknown, Retry, Timeout, report_of

Connect = Callable[..., Client]
A, B, C = "27821234567", "27831234567", "27841234567"


def ids(client: Client, *numbers: str) -> list[str | None]:
    return [client.send(number, "x")[0].message_id for number in numbers]


def own_ids(*numbers: str) -> list[str]:
    return [message_id(number) for number in numbers]


def with_early_hints(gateway: Gateway) -> Answer:
    late = threading.Event()

    def answer(connection: socket.socket, received: Received) -> None:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        late.wait(0.2)
        gateway.usual(connection, received)

    return answer


def test_an_interim_reply_is_not_taken_for_the_answer(connect: Connect) -> None:
    gateway = Gateway()
    gateway.answers["sendmsg"] = with_early_hints(gateway)
    with RawServer(gateway) as server:
        assert own_ids(A, B, C) == ids(connect(server.origin), A, B, C)


@of_threads
def test_an_interim_reply_to_a_session_of_one_s_own_is_unknown(connect: Connect) -> None:
    gateway = Gateway()
    gateway.answers["sendmsg"] = with_early_hints(gateway)
    with RawServer(gateway) as server, requests.Session() as session:
        client = connect(server.origin, session=session)
        for number in (A, B):
            with pytest.raises(OutcomeUnknown):
                client.send(number, "x")


def test_bytes_that_came_behind_a_reply_are_not_read_as_the_next_one(connect: Connect) -> None:
    def twice(connection: socket.socket, received: Received) -> None:
        stray = reply(envelope(f"ID: {0xFF:032x} To: {A}"))
        connection.sendall(reply(envelope(*(f"ID: {message_id(n)} To: {n}" for n in values(received, "to")))) + stray)

    with RawServer(Gateway({"sendmsg": twice})) as server:
        assert own_ids(A, A, A) == ids(connect(server.origin), A, A, A)
        assert server.connections == 3  # the first is the login's


@pytest.mark.parametrize("status", ["404 Not Found", "429 Slow", "307 Elsewhere"])
def test_a_refusal_is_certain_whatever_becomes_of_its_body(connect: Connect, status: str) -> None:
    def cut(connection: socket.socket, _: Received) -> None:
        connection.sendall(reply(b"x" * 1000, status, "text/html", ("Content-Encoding: br",))[:-500])
        raise Hangup

    with RawServer(Gateway({"sendmsg": cut})) as server, pytest.raises(NotSent, match=f"HTTP {status[:3]}"):
        connect(server.origin).send(A, "x")


@pytest.mark.parametrize("start", [b"HTTP/1.1 404 No\r\nX: ", reply(b"x" * 1000, "404 No")[:-990]])
@pytest.mark.parametrize("limits", [Timeout(5, 5, 0.3), Timeout(5, 0.3, 10)], ids=["total", "read"])
def test_a_refusal_is_certain_however_slowly_the_rest_comes(connect: Connect, start: bytes, limits: Timeout) -> None:
    def trickle(connection: socket.socket, _: Received) -> None:
        connection.sendall(start)
        while limits.total < 1 and not server.closing.wait(0.05):
            connection.sendall(b"x")
        server.closing.wait()

    with RawServer(Gateway({"sendmsg": trickle})) as server, pytest.raises(NotSent, match="HTTP 404"):
        connect(server.origin, timeout=limits).send(A, "x")


def test_a_reply_of_endless_chunks_is_left_at_the_cap(connect: Connect) -> None:
    def endless(connection: socket.socket, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with RawServer(Gateway({"sendmsg": endless})) as server, pytest.raises(OutcomeUnknown):
        connect(server.origin).send(A, "x")


@of_threads
def test_a_session_that_tries_again_by_itself_leaves_no_certainty(connect: Connect) -> None:
    def take_and_go(connection: socket.socket, _: Received) -> None:
        server.stop_listening()
        reset(connection)

    with RawServer(Gateway({"sendmsg": take_and_go})) as server, requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=UrllibRetry(2, allowed_methods=None, backoff_factor=0)))
        with pytest.raises(OutcomeUnknown) as caught:
            connect(server.origin, session=session).send(A, "x")
        assert caught.value.may_have_taken_effect


@of_threads
def test_a_call_in_a_signal_handler_does_not_change_what_is_known_of_the_call_around_it(connect: Connect) -> None:
    def interrupt_and_reset(connection: socket.socket, _: Received) -> None:
        signal.pthread_kill(main, signal.SIGUSR1)
        handled.wait(5)
        reset(connection)

    def handler(_number: int, _frame: FrameType | None) -> None:
        with pytest.raises(NotSent):
            other.send(B, "x")
        handled.set()

    main, handled = threading.get_ident(), threading.Event()
    with RawServer(Gateway({"sendmsg": interrupt_and_reset})) as server:
        other = connect("http://127.0.0.1:1")
        before = signal.signal(signal.SIGUSR1, handler)
        try:
            with pytest.raises(OutcomeUnknown):
                connect(server.origin, retry=Retry()).send(A, "x")
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert [values(received, "to") for received in server.requests if b"sendmsg" in received.body] == [[A]]


@of_threads
def test_an_observer_that_calls_its_client_during_a_login_is_told_and_harms_nothing(connect: Connect) -> None:
    told: list[str] = []

    def observer(exchange: Exchange) -> None:
        if exchange.command == "auth":
            try:
                client.balance()
            except ConfigurationError as error:
                told.append(str(error))

    with RawServer(Gateway()) as server:
        client = connect(server.origin, on_exchange=observer)
        assert len(client.send(A, "x").accepted) == 1
    assert ["while the client logs in" in text for text in told] == [True]


def test_the_report_of_an_error_is_its_own(connect: Connect) -> None:
    with RawServer(Gateway({"sendmsg": answering(reply(b""))})) as server:
        client = connect(server.origin)
        with pytest.raises(OutcomeUnknown) as first:
            client.send(A, "x")
        try:
            raise first.value
        except OutcomeUnknown:
            with pytest.raises(ValueError, match="to is empty") as second:
                client.send([], "x")
    assert report_of(first.value) is not None
    assert report_of(second.value) is None
