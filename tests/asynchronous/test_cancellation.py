"""A call that is cancelled passes the cancellation on, tells what was known, and harms nobody else."""

import asyncio
import itertools
import logging
import signal
import socket
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from rawserver import Gateway, Hangup, RawServer, Received, answering, command, deaf, envelope, reply

from clicksoap import (
    AsyncClient,
    NotSent,
    OutcomeUnknown,
    Retry,
    SendReport,
    State,
    Timeout,
    TransportTimeout,
    report_of,
)
from clicksoap.transports import asyncio as transport

Connect = Callable[..., AsyncClient]
ONE = "27820001234"
MANY = [str(27820000000 + n) for n in range(700)]
PATIENT = Timeout(connect=30, read=30, total=30)
TEXT = "meet me at noon behind the mill"


class Holding:
    """A gateway that answers so many requests of one command, and holds those after them until the client is gone."""

    def __init__(self, held: str, answered: int = 0) -> None:
        self.gateway = Gateway({held: self._hold})
        self.arrived = threading.Event()
        self._left = answered

    def __call__(self, connection: socket.socket, received: Received) -> None:
        self.gateway(connection, received)

    def _hold(self, connection: socket.socket, received: Received) -> None:
        self._left -= 1
        if self._left >= 0:
            self.gateway.usual(connection, received)
            return
        self.arrived.set()
        connection.settimeout(30)
        while connection.recv(4096):
            pass
        raise Hangup


def count(server: RawServer) -> Counter[str]:
    return Counter(command(received) for received in server.requests)


def states(report: SendReport | None) -> tuple[int, int, int]:
    """How many are accepted, unknown and not sent; nobody is anything else."""
    assert report is not None
    found = (len(report.accepted), len(report.unknown), len(report.not_sent))
    assert sum(found) == len(report)
    return found


async def happened(event: threading.Event) -> None:
    """Wait beside the loop."""
    assert await asyncio.to_thread(event.wait, 30)


async def cancelled(task: "asyncio.Task[Any]") -> BaseException:
    """Cancel a task; gives what comes out of it."""
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert task.cancelled()
    assert type(caught.value) is asyncio.CancelledError
    return caught.value


async def test_while_the_reply_is_waited_for_it_may_have_been_sent(connect: Connect) -> None:
    holding = Holding("sendmsg")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            task = asyncio.create_task(sms.send([ONE, "27820005678"], TEXT))
            await happened(holding.arrived)
            error = await cancelled(task)
            assert states(report_of(error)) == (0, 2, 0)
            assert error.args == ()
            assert (await sms.balance()) is not None
    assert count(server) == {"auth": 1, "sendmsg": 1, "getbalance": 1}


async def test_in_the_second_request_of_a_send_each_recipient_is_told_apart(connect: Connect) -> None:
    holding = Holding("sendmsg", answered=1)
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            task = asyncio.create_task(sms.send(MANY, TEXT))
            await happened(holding.arrived)
            report = report_of(await cancelled(task))
    assert states(report) == (300, 300, 100)
    assert report is not None
    assert [result.to for result in report] == MANY
    assert all(result.client_message_id for result in report.unknown)
    assert count(server) == {"auth": 1, "sendmsg": 2}


async def test_what_became_unknown_can_be_reconciled(connect: Connect) -> None:
    holding = Holding("sendmsg")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            task = asyncio.create_task(sms.send(ONE, TEXT))
            await happened(holding.arrived)
            report = report_of(await cancelled(task))
            assert report is not None
            holding.gateway.answers["querymsg"] = answering(reply(envelope("ID: a Status: 004")))
            (result,) = await sms.reconcile(report)
    assert (result.state, result.message_id) == (State.ACCEPTED, "a")


async def test_while_the_connection_is_made_nothing_was_sent(connect: Connect) -> None:
    """The connection stands for TCP, and TLS is still on its way."""
    arrived = threading.Event()

    def on_connect(connection: socket.socket) -> None:
        arrived.set()
        connection.settimeout(30)
        while connection.recv(4096):
            pass
        raise Hangup

    with RawServer(Gateway(), on_connect=on_connect) as server:
        async with connect(f"https://localhost:{server.port}", auth="credentials", timeout=PATIENT) as sms:
            task = asyncio.create_task(sms.send([ONE, ONE], TEXT))
            await happened(arrived)
            assert states(report_of(await cancelled(task))) == (0, 0, 2)
    assert server.requests == []


async def test_while_the_proxy_opens_the_tunnel_nothing_was_sent(connect: Connect) -> None:
    holding = Holding("")
    with RawServer(holding) as proxy:
        named: dict[str, Any] = {"auth": "credentials", "timeout": PATIENT, "proxy": proxy.origin}
        async with connect("https://localhost:1", **named) as sms:
            task = asyncio.create_task(sms.send(ONE, TEXT))
            await happened(holding.arrived)
            assert states(report_of(await cancelled(task))) == (0, 0, 1)


async def test_while_the_name_is_looked_up_nothing_was_sent(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(*args: Any, **named: Any) -> Any:
        asked.set()
        go_on.wait(30)
        return look_up(*args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with RawServer(Gateway()) as server:
        async with connect(server.origin, auth="credentials", timeout=PATIENT) as sms:
            task = asyncio.create_task(sms.send(ONE, TEXT))
            await happened(asked)
            error = await cancelled(task)
            go_on.set()
    assert states(report_of(error)) == (0, 0, 1)
    assert server.connections == 0


async def test_during_its_own_login_nothing_was_sent(connect: Connect) -> None:
    holding = Holding("auth")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            task = asyncio.create_task(sms.send([ONE, ONE], TEXT))
            await happened(holding.arrived)
            assert states(report_of(await cancelled(task))) == (0, 0, 2)
    assert count(server) == {"auth": 1}


async def test_while_another_s_login_is_waited_for_nothing_was_sent_and_the_login_goes_on(connect: Connect) -> None:
    arrived, answer = threading.Event(), threading.Event()

    def late(connection: socket.socket, received: Received) -> None:
        arrived.set()
        answer.wait(30)
        gateway.usual(connection, received)

    gateway = Gateway({"auth": late})
    with RawServer(gateway) as server:
        async with connect(server.origin) as sms:
            first = asyncio.create_task(sms.authenticate())
            await happened(arrived)
            task = asyncio.create_task(sms.send(ONE, TEXT))
            await asyncio.sleep(0)
            assert states(report_of(await cancelled(task))) == (0, 0, 1)
            answer.set()
            await first
            assert len((await sms.send(ONE, TEXT)).accepted) == 1
    assert count(server) == {"auth": 1, "sendmsg": 1}


async def test_while_a_free_connection_is_waited_for_nothing_was_sent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 1)
    holding = Holding("getbalance")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            await sms.authenticate()
            first = asyncio.create_task(sms.balance())
            await happened(holding.arrived)
            task = asyncio.create_task(sms.send(ONE, TEXT))
            await asyncio.sleep(0)
            assert states(report_of(await cancelled(task))) == (0, 0, 1)
            # The one that is cancelled while it has the connection leaves its place to the next.
            assert report_of(await cancelled(first)) is None
            assert len((await sms.send(ONE, TEXT)).accepted) == 1
    assert count(server) == {"auth": 1, "getbalance": 1, "sendmsg": 1}


async def test_during_a_pause_between_two_tries_nothing_was_sent(connect: Connect) -> None:
    paused = asyncio.Event()

    async def pause(_: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    with deaf() as port:
        limits = Timeout(connect=0.2, read=5, total=10)
        async with connect(f"http://127.0.0.1:{port}", retry=Retry(), timeout=limits, auth="credentials") as sms:
            task = asyncio.create_task(sms.with_options(sleep=pause).send(ONE, TEXT))
            await paused.wait()
            assert states(report_of(await cancelled(task))) == (0, 0, 1)


async def test_login_of_a_cancelled_task_is_made_by_the_next(connect: Connect) -> None:
    holding = Holding("auth")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            first = asyncio.create_task(sms.send(ONE, TEXT))
            await happened(holding.arrived)
            others = [asyncio.create_task(sms.send(number, TEXT)) for number in MANY[:20]]
            await asyncio.sleep(0)
            del holding.gateway.answers["auth"]
            assert states(report_of(await cancelled(first))) == (0, 0, 1)
            reports = await asyncio.gather(*others)
            assert [report[0].to for report in reports if report.accepted] == MANY[:20]
    assert count(server) == {"auth": 2, "sendmsg": 20}


async def test_only_the_cancelled_of_many_sends_is_broken_off(connect: Connect) -> None:
    holding = Holding("sendmsg", answered=49)
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            await sms.authenticate()
            tasks = [asyncio.create_task(sms.send(number, TEXT)) for number in MANY[:50]]
            await happened(holding.arrived)
            for answered in itertools.islice(asyncio.as_completed(tasks), 49):
                assert (await answered).accepted
            (held,) = (task for task in tasks if not task.done())
            assert states(report_of(await cancelled(held))) == (0, 1, 0)
    assert count(server) == {"auth": 1, "sendmsg": 50}


async def test_cancelled_preparation_is_made_by_the_next(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        go_on.wait(30)

    monkeypatch.setattr("clicksoap.protocol.flows.Flows.prepare", slow)
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            first = asyncio.create_task(sms.send(ONE, TEXT))
            await happened(begun)
            second = asyncio.create_task(sms.send(ONE, TEXT))
            assert states(report_of(await cancelled(first))) == (0, 0, 1)
            go_on.set()
            assert len((await second).accepted) == 1


@pytest.mark.parametrize("call", ["balance", "authenticate", "ping"])
async def test_harmless_command_has_no_report(call: str, connect: Connect) -> None:
    arrived = threading.Event()

    def held(connection: socket.socket, _: Received) -> None:
        arrived.set()
        connection.settimeout(30)
        while connection.recv(4096):
            pass
        raise Hangup

    with RawServer(held) as server:
        async with connect(server.origin) as sms:
            task = asyncio.create_task(getattr(sms, call)())
            await happened(arrived)
            assert report_of(await cancelled(task)) is None


async def limited(call: Coroutine[Any, Any, object], holding: Holding) -> None:
    """Make a call within a time limit that expires as soon as the gateway holds a request."""

    async def expire(limit: asyncio.Timeout) -> None:
        await happened(holding.arrived)
        limit.reschedule(asyncio.get_running_loop().time())

    async with asyncio.timeout(None) as limit:
        expiring = asyncio.create_task(expire(limit))
        await call
    await expiring


async def test_time_limit_of_the_caller_ends_in_a_timeout_error_with_the_report(connect: Connect) -> None:
    holding = Holding("sendmsg", answered=1)
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            with pytest.raises(TimeoutError) as caught:
                await limited(sms.send(MANY, TEXT), holding)
    assert type(caught.value) is TimeoutError
    assert states(report_of(caught.value)) == (300, 300, 100)


async def test_wait_for_ends_in_a_timeout_error_with_the_report(connect: Connect) -> None:
    holding = Holding("sendmsg", answered=1)
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            await sms.authenticate()
            with pytest.raises(TimeoutError) as caught:
                await asyncio.wait_for(sms.send(MANY, TEXT), 1)
    assert holding.arrived.is_set()
    assert states(report_of(caught.value)) == (300, 300, 100)


async def test_own_limit_and_the_caller_s_do_not_get_mixed_up(connect: Connect) -> None:
    """The client's limit within the caller's is an answer of the client, and the caller's goes on."""
    holding = Holding("sendmsg")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            await sms.authenticate()  # under patient limits: on a busy machine it may take longer than the next line's
            hurried = sms.with_options(timeout=Timeout(connect=5, read=0.2, total=10))
            async with asyncio.timeout(30) as limit:
                with pytest.raises(OutcomeUnknown):
                    await hurried.send(ONE, TEXT)
                assert (await sms.balance()) is not None
            assert not limit.expired()
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0


async def test_task_of_a_group_keeps_its_report(connect: Connect) -> None:
    holding = Holding("sendmsg", answered=1)

    async def fail() -> None:
        await happened(holding.arrived)
        raise LookupError

    async def work(sms: AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            tasks.append(group.create_task(sms.send(MANY, TEXT)))
            group.create_task(fail())

    tasks: list[asyncio.Task[SendReport]] = []
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            with pytest.raises(ExceptionGroup) as caught:
                await work(sms)
    assert [type(error) for error in caught.value.exceptions] == [LookupError]
    with pytest.raises(asyncio.CancelledError) as broken_off:
        tasks[0].result()
    assert states(report_of(broken_off.value)) == (300, 300, 100)


async def test_gathered_task_keeps_its_report(connect: Connect) -> None:
    """What gather returns in its place is another exception, of asyncio; the task has the right one."""
    holding = Holding("sendmsg")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            sending = asyncio.create_task(sms.send(ONE, TEXT))
            gathered = asyncio.gather(sending, sms.balance(), return_exceptions=True)
            await happened(holding.arrived)
            sending.cancel()
            _, balance = await gathered
    assert not isinstance(balance, BaseException)
    with pytest.raises(asyncio.CancelledError) as caught:
        sending.result()
    assert states(report_of(caught.value)) == (0, 1, 0)


def test_ctrl_c_tells_what_was_known(connect: Connect) -> None:
    """The runner makes a cancellation of it, and a KeyboardInterrupt of that."""
    main = threading.main_thread().ident
    assert main is not None

    def press(connection: socket.socket, _: Received) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        connection.settimeout(30)
        while connection.recv(4096):
            pass
        raise Hangup

    async def program() -> None:
        async with connect(server.origin) as sms:
            await sms.send(ONE, TEXT)

    with RawServer(Gateway({"sendmsg": press})) as server, pytest.raises(KeyboardInterrupt) as caught:
        asyncio.run(program())
    assert states(report_of(caught.value)) == (0, 1, 0)


def test_loop_that_ends_with_a_call_in_flight_leaves_nothing_open(connect: Connect) -> None:
    """asyncio.run cancels what is left over; the call is closed with it."""
    holding = Holding("sendmsg")
    errors: list[BaseException] = []

    async def send(sms: AsyncClient) -> None:
        try:
            await sms.send(ONE, TEXT)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            await sms.close()

    async def program() -> "asyncio.Task[None]":
        task = asyncio.create_task(send(connect(server.origin)))
        await happened(holding.arrived)
        return task

    with RawServer(holding) as server:
        assert asyncio.run(program()).cancelled()
    (error,) = errors
    assert states(report_of(error)) == (0, 1, 0)


async def test_cancellation_leaves_no_secret_behind(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    holding = Holding("sendmsg")
    with RawServer(holding) as server:
        async with connect(server.origin) as sms:
            with pytest.raises(TimeoutError) as caught:
                await limited(sms.send(ONE, TEXT), holding)
    error: BaseException | None = caught.value
    told = caplog.text + "".join(traceback.format_exception(caught.value))
    while error is not None:
        told += repr(error) + repr(error.args) + repr(error.__dict__)
        error = error.__cause__ or error.__context__
    for secret in ("correct-horse-battery", ONE, TEXT, *holding.gateway.sessions):
        assert secret not in told


async def test_call_after_the_time_for_the_login_ran_out_is_not_sent(connect: Connect) -> None:
    """Waiting for somebody else's login is bounded, too."""
    arrived, answer = threading.Event(), threading.Event()

    def late(connection: socket.socket, received: Received) -> None:
        arrived.set()
        answer.wait(30)
        gateway.usual(connection, received)

    gateway = Gateway({"auth": late})
    with RawServer(gateway) as server:
        async with connect(server.origin, timeout=PATIENT) as sms:
            first = asyncio.create_task(sms.authenticate())
            await happened(arrived)
            hurried = sms.with_options(timeout=Timeout(connect=0.3, read=0.3, total=0.3))
            with pytest.raises(NotSent) as caught:
                await hurried.send(ONE, TEXT)
            answer.set()
            await first
    assert isinstance(caught.value.cause, TransportTimeout)
    assert states(caught.value.report) == (0, 0, 1)
    assert count(server) == {"auth": 1}
