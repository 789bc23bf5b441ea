"""A connection that the server dropped while it was idle costs no message and no certainty."""

import socket
from collections.abc import Callable

import pytest
from gateways import Drop, Dropping, finish
from rawserver import Gateway, Hangup, RawServer, Received, answering, message_id, reply, reset, values

from clicksoap import Client, OutcomeUnknown, ProtocolError, TransportLost
from clicksoap.transports import asyncio as tasks, connection as threads

Connect = Callable[..., Client]

NUMBERS = [str(27820000000 + n) for n in range(8)]


@pytest.mark.parametrize("drop", [finish, reset])
def test_dropped_idle_connection_is_noticed_before_the_next_request(drop: Drop, connect: Connect) -> None:
    dropping = Dropping(drop)
    with RawServer(dropping) as server:
        client = connect(server.origin, auth="credentials")
        for number in NUMBERS:
            (result,) = client.send(number, "x")
            assert result.message_id == message_id(number)
            dropping.read.release()
            dropping.dropped.acquire(timeout=10)
    assert [values(received, "to") for received in server.requests] == [[number] for number in NUMBERS]
    assert server.connections == len(NUMBERS)


def test_announced_end_of_a_connection_is_heeded(connect: Connect) -> None:
    def answer(connection: socket.socket, received: Received) -> None:
        gateway(connection, received)
        raise Hangup

    gateway = Gateway(headers=("Connection: close",))
    with RawServer(answer) as server:
        client = connect(server.origin)
        for number in NUMBERS:
            assert client.send(number, "x")[0].message_id == message_id(number)
    assert len(server.requests) == server.connections == len(NUMBERS) + 1


def test_connection_idle_beyond_the_limit_is_not_used_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (threads, tasks):
        monkeypatch.setattr(module, "IDLE_SECONDS", 0)
    with RawServer(Gateway()) as server:
        client = connect(server.origin)
        for number in NUMBERS:
            assert client.send(number, "x")[0].message_id == message_id(number)
    assert len(server.requests) == server.connections == len(NUMBERS) + 1
    assert [values(received, "to") for received in server.requests[1:]] == [[number] for number in NUMBERS]


def test_connection_is_kept_within_the_limit(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        client = connect(server.origin)
        for _ in range(20):
            client.balance()
    assert (server.connections, len(server.requests)) == (1, 21)


def test_connection_is_kept_after_a_refusal_of_the_http_server(connect: Connect) -> None:
    gateway = Gateway({"getbalance": answering(reply(b"<html>busy</html>", "503 Service Unavailable", "text/html"))})
    with RawServer(gateway) as server:
        client = connect(server.origin)
        for _ in range(5):
            with pytest.raises(ProtocolError, match="503"):
                client.balance()
    assert (server.connections, len(server.requests)) == (1, 6)


@pytest.mark.parametrize("drop", [finish, reset])
def test_drop_after_the_request_was_read_is_an_unknown_outcome_and_one_arrival(drop: Drop, connect: Connect) -> None:
    def dropped(connection: socket.socket, _: Received) -> None:
        drop(connection)

    with RawServer(Gateway({"sendmsg": dropped})) as server:
        client = connect(server.origin)
        with pytest.raises(OutcomeUnknown) as caught:
            client.send(NUMBERS, "x")
        assert isinstance(caught.value.cause, TransportLost)
        assert caught.value.report is not None
        assert len(caught.value.report.unknown) == len(NUMBERS)
        client.balance()
    assert [values(received, "to") for received in server.requests].count(NUMBERS) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("drop", [finish, reset])
def test_get_over_a_kept_connection_that_breaks_is_not_repeated(drop: Drop, connect: Connect) -> None:
    """HTTP calls GET harmless, and libraries repeat it; here it sends a message."""

    def answer(connection: socket.socket, _: Received) -> None:
        if len(server.requests) == 2:
            drop(connection)
        connection.sendall(reply(f"ID: {1:032x}".encode(), content_type="text/plain"))

    with RawServer(answer) as server:
        client = connect(server.origin, binding="http", http_method="GET", auth="credentials")
        assert len(client.send(NUMBERS[0], "x").accepted) == 1
        with pytest.raises(OutcomeUnknown):
            client.send(NUMBERS[1], "x")
    assert [NUMBERS[1].encode() in received.head for received in server.requests] == [False, True]
    assert server.connections == 1


def test_long_header_of_a_proxy_on_the_way_breaks_no_reply(connect: Connect) -> None:
    with RawServer(Gateway(headers=("Set-Cookie: a=" + "b" * 60_000,))) as server:
        assert len(connect(server.origin).send(NUMBERS, "x").accepted) == len(NUMBERS)
