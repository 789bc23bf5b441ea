"""A connection that the server dropped while it was idle costs no message and no certainty."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from gateways import Drop, Dropping, finish
from rawserver import Gateway, RawServer, Received, envelope, message_id, reply, reset, values

from clicksoap import AsyncClient

Connect = Callable[..., AsyncClient]

NUMBERS = [str(27820000000 + n) for n in range(8)]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("drop", [finish, reset])
async def test_dropped_idle_connection_is_noticed_before_the_next_request(
    drop: Drop, scheme: str, connect: Connect, tls: Callable[..., ssl.SSLContext], ca_file: Path
) -> None:
    """Even where the loop was busy with something else and could not see the drop."""
    dropping = Dropping(drop)
    with RawServer(dropping, tls() if scheme == "https" else None) as server:
        async with connect(server.origin, auth="credentials", ca=str(ca_file)) as sms:
            for number in NUMBERS:
                (result,) = await sms.send(number, "x")
                assert result.message_id == message_id(number)
                dropping.read.release()
                assert dropping.dropped.acquire(timeout=10)  # on the loop, which is blocked by it
    assert [values(received, "to") for received in server.requests] == [[number] for number in NUMBERS]
    assert server.connections == len(NUMBERS)


async def test_tls_connection_is_not_used_in_the_moment_of_its_loss(
    connect: Connect, tls: Callable[..., ssl.SSLContext], ca_file: Path
) -> None:
    """Its socket is gone one turn of the loop before it is told that it was lost."""
    dropping = Dropping(reset)
    with RawServer(dropping, tls()) as server:
        async with connect(server.origin, auth="credentials", ca=str(ca_file)) as sms:
            await sms.send(NUMBERS[0], "x")
            ((connection,),) = sms._driver._shared.transport._kept.values()  # type: ignore[attr-defined]
            dropping.read.release()
            while connection._transport.get_extra_info("socket") is not None:  # noqa: ASYNC110 - each turn counts
                await asyncio.sleep(0)
            assert connection.is_open
            assert len((await sms.send(NUMBERS[1], "x")).accepted) == 1
            dropping.read.release()


@pytest.mark.parametrize("is_busy", [True, False])
async def test_reply_that_nobody_asked_for_answers_nobody(
    is_busy: bool,  # noqa: FBT001 - a parameter of the test
    connect: Connect,
) -> None:
    """Some servers say "408 Request Timeout" over an idle connection; it must not be taken for the next answer."""
    said = threading.Semaphore(0)

    def answer(connection: socket.socket, received: Received) -> None:
        gateway(connection, received)
        connection.sendall(reply(envelope(f"ID: {'f' * 32}", "Credit: 99"), "408 Request Timeout"))
        said.release()

    gateway = Gateway()
    with RawServer(answer) as server:
        async with connect(server.origin, auth="credentials") as sms:
            for number in NUMBERS:
                (result,) = await sms.send(number, "x")
                assert result.message_id == message_id(number)
                if is_busy:
                    assert said.acquire(timeout=10)
                else:
                    assert await asyncio.to_thread(said.acquire, timeout=10)
                assert await sms.balance() == Decimal("12.3")
                assert await asyncio.to_thread(said.acquire, timeout=10)
    assert len(server.requests) == server.connections == 2 * len(NUMBERS)
