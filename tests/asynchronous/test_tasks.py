"""One client serves many tasks: every reply is its caller's own, all share one login, and connections are bounded."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from gateways import EXPIRED, Dying
from rawserver import Gateway, RawServer, Received, answering, command, envelope, message_id, reply

from clicksoap import (
    AsyncClient,
    AuthenticationError,
    NotSent,
    SendReport,
    SessionExpired,
    State,
    Timeout,
    TransportTimeout,
)
from clicksoap.transports import asyncio as transport

Connect = Callable[..., AsyncClient]
ONE = "27820001234"
WRONG = reply(envelope("ERR: 001, Authentication failed"))
PATIENT = Timeout(connect=30, read=30, total=30)


def numbers(count: int) -> list[str]:
    return [str(27820000000 + index) for index in range(count)]


def count(server: RawServer) -> Counter[str]:
    return Counter(command(received) for received in server.requests)


def check_own(reports: list[SendReport]) -> None:
    """Every report is of the number that was sent to, with the id that the gateway gave to that number."""
    assert [(result.to, result.message_id) for (result,) in reports] == [
        (number, message_id(number)) for number in numbers(len(reports))
    ]


async def test_a_thousand_sends_at_once_share_one_login_and_at_most_64_connections(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        async with connect(server.origin, timeout=PATIENT) as sms:
            check_own(await asyncio.gather(*(sms.send(number, "x") for number in numbers(1000))))
    assert count(server) == {"auth": 1, "sendmsg": 1000}
    assert server.connections <= 64


async def test_more_tasks_than_connections_are_all_served(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 2)
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            check_own(await asyncio.gather(*(sms.send(number, "x") for number in numbers(80))))
    assert count(server) == {"auth": 1, "sendmsg": 80}
    assert server.connections <= 2


class Held:
    """A gateway that holds every answer to a command until it is let go."""

    def __init__(self, name: str) -> None:
        self.gateway = Gateway({name: self._hold})
        self.taken, self.free = threading.Semaphore(0), threading.Event()

    def _hold(self, connection: socket.socket, received: Received) -> None:
        self.taken.release()
        self.free.wait(30)
        self.gateway.usual(connection, received)

    async def has_taken(self, requests: int) -> None:
        for _ in range(requests):
            assert await asyncio.to_thread(self.taken.acquire, timeout=30)


async def test_connections_that_all_stay_in_use_are_waited_for_until_the_total_time(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 2)
    held = Held("getbalance")
    with RawServer(held.gateway) as server:
        async with connect(server.origin, timeout=PATIENT) as sms:
            await sms.authenticate()
            holding = [asyncio.create_task(sms.balance()) for _ in range(2)]
            await held.has_taken(2)
            hurried = sms.with_options(timeout=Timeout(connect=0.3, read=0.3, total=0.3))
            with pytest.raises(NotSent) as caught:
                await hurried.send(ONE, "x")
            held.free.set()
            assert await asyncio.gather(*holding) == [Decimal("12.3")] * 2
    assert isinstance(caught.value.cause, TransportTimeout)
    assert caught.value.retryable
    assert not caught.value.may_have_taken_effect
    assert count(server) == {"auth": 1, "getbalance": 2}


async def test_calls_in_flight_and_those_that_wait_for_a_connection_go_on_when_the_client_is_closed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody cancelled them, so they must not end as if somebody had; and their connections are left behind them."""
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 1)
    held = Held("getbalance")
    with RawServer(held.gateway) as server:
        sms = connect(server.origin)
        await sms.authenticate()
        holding = asyncio.create_task(sms.balance())
        await held.has_taken(1)
        waiting = asyncio.create_task(sms.send(ONE, "x"))
        await asyncio.sleep(0)
        await sms.close()
        held.free.set()
        assert await holding == Decimal("12.3")
        assert len((await waiting).accepted) == 1
        await sms.close()
    assert count(server) == {"auth": 1, "getbalance": 1, "sendmsg": 1}
    assert server.connections == 2


@pytest.mark.parametrize("tasks", [200])
async def test_wrong_password_costs_one_login_for_all_tasks(tasks: int, connect: Connect) -> None:
    """So many wrong logins at once would have an account locked."""
    with RawServer(Gateway({"auth": answering(WRONG)})) as server:
        async with connect(server.origin) as sms:
            sends = (sms.send([number, "27820009999"], "x") for number in numbers(tasks))
            errors = await asyncio.gather(*sends, return_exceptions=True)
    assert count(server) == {"auth": 1}
    assert len({id(error) for error in errors}) == tasks
    for number, error in zip(numbers(tasks), errors, strict=True):
        assert isinstance(error, AuthenticationError)
        assert not error.may_have_taken_effect
        # Each error tells of its own recipients.
        assert error.report is not None
        assert [(result.to, result.state) for result in error.report] == [
            (number, State.NOT_SENT),
            ("27820009999", State.NOT_SENT),
        ]


async def test_login_that_was_lost_is_shared_too_and_the_next_call_tries_anew(connect: Connect) -> None:
    def lost(connection: socket.socket, _: Received) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    gateway = Gateway({"auth": lost})
    with RawServer(gateway) as server:
        async with connect(server.origin) as sms:
            errors = await asyncio.gather(*(sms.send(ONE, "x") for _ in range(20)), return_exceptions=True)
            assert count(server) == {"auth": 1}
            assert all(isinstance(error, NotSent) and error.retryable for error in errors)
            del gateway.answers["auth"]
            assert len((await sms.send(ONE, "x")).accepted) == 1


async def test_login_of_one_task_is_everybody_s(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            await asyncio.gather(*(sms.authenticate() for _ in range(20)))
            await sms.balance()
    assert count(server) == {"auth": 1, "getbalance": 1}


async def test_dying_sessions_are_renewed_once_each_and_every_call_is_answered(connect: Connect) -> None:
    dying = Dying(50)
    with RawServer(dying) as server:
        async with connect(server.origin, timeout=PATIENT) as sms:
            mine = iter(numbers(1000))
            reports: dict[str, SendReport] = {}

            async def work() -> None:
                for number in mine:
                    reports[number] = await sms.send(number, "x")

            await asyncio.gather(*(work() for _ in range(100)))
    check_own([reports[number] for number in numbers(1000)])
    assert len(dying.gateway.sessions) == len(dying.refused) + 1
    assert len(dying.refused) >= 1000 // 50 - 1


async def test_session_that_never_worked_is_given_up_after_one_login(connect: Connect) -> None:
    with RawServer(Gateway({"sendmsg": answering(EXPIRED)})) as server:
        async with connect(server.origin) as sms:
            with pytest.raises(SessionExpired) as caught:
                await sms.send(ONE, "x")
    assert count(server) == {"auth": 1, "sendmsg": 1}
    assert not caught.value.may_have_taken_effect
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.NOT_SENT]


async def test_failed_preparation_is_each_call_s_own_and_is_tried_again(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of one call carries the report of that call, not of another."""
    failures = iter([NotADirectoryError()] * 3)
    prepare = transport.AsyncioTransport.prepare

    def failing(self: transport.AsyncioTransport) -> None:
        for failure in failures:
            raise type(failure)
        prepare(self)

    monkeypatch.setattr(transport.AsyncioTransport, "prepare", failing)
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            sends = [sms.send(number, "x") for number in numbers(3)]
            errors = await asyncio.gather(*sends, return_exceptions=True)
            told = [error for error in errors if isinstance(error, NotSent)]
            assert [error.report[0].to for error in told] == numbers(3)
            assert {type(error.__cause__) for error in told} == {NotADirectoryError}
            assert len((await sms.send(ONE, "x")).accepted) == 1
