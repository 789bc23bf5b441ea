"""One client serves many threads: every reply is its caller's own, and all share one login."""

import contextlib
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from gateways import EXPIRED, Dying
from rawserver import Gateway, RawServer, Received, answering, command, envelope, message_id, reply, values

from clicksoap import (
    AuthenticationError,
    ClicksoapError,
    Client,
    NotSent,
    PartlySent,
    SessionExpired,
    State,
    Timeout,
    TransportTimeout,
)
from clicksoap.transports import sockets as transport

Connect = Callable[..., Client]
WRONG = reply(envelope("ERR: 001, Authentication failed"))


@pytest.fixture
def facade() -> type[Client]:
    """Only threads do this."""
    return Client


def all_at_once(threads: int, work: Callable[[int], object]) -> None:
    """Do the work in so many threads that begin together; the first failure is raised."""
    barrier = threading.Barrier(threads)

    def begin(index: int) -> None:
        barrier.wait(30)
        work(index)

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(begin, index) for index in range(threads)]:
            future.result(120)


def count(server: RawServer) -> Counter[str]:
    return Counter(command(received) for received in server.requests)


def sending(client: Client, calls: int) -> Callable[[int], None]:
    """Send to a number that nobody else sends to, again and again, and compare the ids that come back."""

    def work(index: int) -> None:
        for call in range(calls):
            number = str(27820000000 + index * 1000 + call)
            (result,) = client.send(number, "x")
            assert (result.to, result.message_id) == (number, message_id(number))

    return work


def test_every_reply_is_its_caller_s_own(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        all_at_once(32, sending(connect(server.origin), 20))
    assert count(server) == {"auth": 1, "sendmsg": 640}
    assert server.connections <= 128


def test_more_threads_than_connections_are_all_served(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 2)
    with RawServer(Gateway()) as server:
        all_at_once(16, sending(connect(server.origin), 5))
    assert count(server) == {"auth": 1, "sendmsg": 80}
    assert server.connections <= 2


def test_connections_that_all_stay_in_use_are_waited_for_until_the_total_time(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 2)
    taken, free = threading.Semaphore(0), threading.Event()
    gateway = Gateway()

    def held(connection: socket.socket, received: Received) -> None:
        taken.release()
        free.wait(30)
        gateway.usual(connection, received)

    gateway.answers["getbalance"] = held
    with RawServer(gateway) as server, ThreadPoolExecutor(2) as pool:
        client = connect(server.origin, timeout=Timeout(connect=5, read=30, total=30))
        client.authenticate()
        holding = [pool.submit(client.balance) for _ in range(2)]
        taken.acquire(timeout=30)
        taken.acquire(timeout=30)
        hurried = client.with_options(timeout=Timeout(connect=0.3, read=0.3, total=0.3))
        try:
            with pytest.raises(NotSent) as caught:
                hurried.send("27820001234", "x")
        finally:
            free.set()
        assert isinstance(caught.value.cause, TransportTimeout)
        assert caught.value.retryable
        assert [future.result(30) for future in holding] == [Decimal("12.3")] * 2
    assert count(server) == {"auth": 1, "getbalance": 2}


def waiting_for_the_login() -> int:
    """How many threads are inside the driver's login: each has already noted which session it goes without."""
    stacks = sys._current_frames().values()
    return sum(any(frame == "_login" for frame in names(stack)) for stack in stacks)


def names(frame: object) -> list[str]:
    found = []
    while frame is not None:
        found.append(frame.f_code.co_name)  # type: ignore[attr-defined]
        frame = frame.f_back  # type: ignore[attr-defined]
    return found


def once_all_wait(server: RawServer, threads: int) -> None:
    """Wait until so many threads ask for a login; whoever comes later may rightly try one of his own."""
    for _ in range(3000):
        if waiting_for_the_login() >= threads or server.closing.wait(0.01):
            return
    raise AssertionError("the threads did not come")


@pytest.mark.parametrize("threads", [32])
def test_wrong_password_costs_one_login_for_all_threads(threads: int, connect: Connect) -> None:
    """So many wrong logins at once would have an account locked."""

    def wrong(connection: socket.socket, _: Received) -> None:
        once_all_wait(server, threads)
        connection.sendall(WRONG)

    with RawServer(Gateway({"auth": wrong})) as server:
        client = connect(server.origin)
        errors: list[BaseException] = []

        def work(index: int) -> None:
            with pytest.raises(AuthenticationError) as caught:
                client.send([str(27820000000 + index), "27820009999"], "x")
            errors.append(caught.value)

        all_at_once(threads, work)
    assert count(server) == {"auth": 1}
    assert len({id(error) for error in errors}) == threads
    for error in errors:
        assert isinstance(error, AuthenticationError)
        assert not error.may_have_taken_effect
        assert error.report is not None
        assert [result.state for result in error.report] == [State.NOT_SENT] * 2
    # Each error tells of its own recipients.
    firsts = {error.report[0].to for error in errors if isinstance(error, ClicksoapError) and error.report}
    assert firsts == {str(27820000000 + index) for index in range(threads)}


def test_login_that_was_lost_is_shared_too_and_the_next_call_tries_anew(connect: Connect) -> None:
    def lost(connection: socket.socket, _: Received) -> None:
        once_all_wait(server, 8)
        connection.shutdown(socket.SHUT_RDWR)

    gateway = Gateway({"auth": lost})
    with RawServer(gateway) as server:
        client = connect(server.origin)

        def work(_: int) -> None:
            with pytest.raises(NotSent) as caught:
                client.send("27820001234", "x")
            assert caught.value.retryable

        all_at_once(8, work)
        assert count(server) == {"auth": 1}
        del gateway.answers["auth"]
        assert len(client.send("27820001234", "x").accepted) == 1


def test_login_of_one_thread_is_everybody_s(connect: Connect) -> None:
    def late(connection: socket.socket, received: Received) -> None:
        once_all_wait(server, 8)
        gateway.usual(connection, received)

    gateway = Gateway({"auth": late})
    with RawServer(gateway) as server:
        client = connect(server.origin)
        all_at_once(8, lambda _: client.authenticate())
        client.balance()
    assert count(server) == {"auth": 1, "getbalance": 1}


def test_dying_sessions_are_renewed_once_each_and_every_call_is_answered(connect: Connect) -> None:
    dying = Dying(50)
    with RawServer(dying) as server:
        # On a busy machine, 32 threads wait for each other's logins longer than a usual limit allows.
        all_at_once(32, sending(connect(server.origin, timeout=Timeout(total=120)), 100))
    assert len(dying.gateway.sessions) == len(dying.refused) + 1
    accepted = count(server)["sendmsg"]
    assert accepted >= 3200
    assert len(dying.refused) >= 3200 // 50 - 1


def test_sessions_that_serve_one_call_are_renewed_for_each(connect: Connect) -> None:
    dying = Dying(1)
    with RawServer(dying) as server:
        client = connect(server.origin)
        for _ in range(5):
            client.balance()
    assert count(server) == {"auth": 5, "getbalance": 9}


def test_late_reply_to_an_old_session_does_not_discredit_the_new_one(connect: Connect) -> None:
    """The new one worked, so its end is met with another login."""
    gateway = Gateway()
    arrived, answer = threading.Event(), threading.Event()
    dead: set[str] = set()

    def balance(connection: socket.socket, received: Received) -> None:
        (session,) = values(received, "session_id")
        connection.sendall(EXPIRED if session in dead else reply(envelope("Credit: 12.3")))

    def status(connection: socket.socket, received: Received) -> None:
        arrived.set()
        answer.wait(30)
        gateway.usual(connection, received)

    gateway.answers |= {"getbalance": balance, "querymsg": status}
    with RawServer(gateway) as server, ThreadPoolExecutor(1) as pool:
        client = connect(server.origin)
        client.balance()
        late = pool.submit(client.status, "0123456789abcdef" * 2)
        arrived.wait(30)
        dead.update(gateway.sessions)
        client.balance()
        answer.set()
        late.result(30)
        dead.update(gateway.sessions)
        client.balance()
    assert count(server) == {"auth": 3, "getbalance": 5, "querymsg": 1}


def test_session_that_never_worked_is_given_up_after_one_login(connect: Connect) -> None:
    gateway = Gateway({"sendmsg": answering(EXPIRED), "getbalance": answering(EXPIRED)})
    with RawServer(gateway) as server:
        client = connect(server.origin)
        with pytest.raises(SessionExpired) as caught:
            client.send("27820001234", "x")
        assert count(server) == {"auth": 1, "sendmsg": 1}
    assert not caught.value.may_have_taken_effect
    assert caught.value.report is not None
    assert [result.state for result in caught.value.report] == [State.NOT_SENT]


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded"])
def test_send_whose_session_was_refused_is_repeated_and_arrives_once(binding: str, connect: Connect) -> None:
    dying = Dying(1)
    with RawServer(dying) as server:
        client = connect(server.origin, binding=binding)
        client.balance()
        (result,) = client.send("27820001234", "x")
    assert result.message_id == message_id("27820001234")
    assert count(server) == {"auth": 2, "getbalance": 1, "sendmsg": 2}
    refused, taken = (received for received in server.requests if command(received) == "sendmsg")
    name = "climsgid" if binding == "document_literal" else "cliMsgId"
    assert values(refused, name) == values(taken, name) == [result.client_message_id]
    assert values(refused, "session_id") != values(taken, "session_id")


def test_login_that_fails_behind_the_first_request_leaves_the_rest_not_sent(connect: Connect) -> None:
    gateway = Gateway()

    def once(connection: socket.socket, received: Received) -> None:
        gateway.usual(connection, received)
        gateway.answers["sendmsg"] = answering(EXPIRED)
        gateway.answers["auth"] = answering(WRONG)

    gateway.answers["sendmsg"] = once
    with RawServer(gateway) as server:
        client = connect(server.origin)
        with pytest.raises(PartlySent) as caught:
            client.send([str(27820000000 + n) for n in range(700)], "x")
    assert isinstance(caught.value.cause, AuthenticationError)
    report = caught.value.report
    assert report is not None
    assert (len(report.accepted), len(report.not_sent), len(report.unknown)) == (300, 400, 0)
    assert caught.value.may_have_taken_effect
    assert count(server) == {"auth": 2, "sendmsg": 2}


def test_client_that_is_closed_while_threads_use_it_stays_usable(connect: Connect) -> None:
    """A call that meets the closing is told that nothing was sent, never that it may have been."""
    with RawServer(Gateway()) as server:
        client = connect(server.origin)

        def work(index: int) -> None:
            for _ in range(20):
                if index == 0:
                    client.close()
                else:
                    with contextlib.suppress(NotSent):
                        client.send("27820001234", "x")

        all_at_once(8, work)
        assert len(client.send("27820001234", "x").accepted) == 1
