"""Views of a client with other options, one deadline for a whole call, and plans that send nothing; both clients."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from blocking import Blocking
from facades import FACADES, settings
from rawserver import Gateway, RawServer, Received, command, envelope, reply

from clicksoap import (
    AsyncClient,
    AuthenticationError,
    Binary,
    ClicksoapError,
    Client,
    ConfigurationError,
    InvalidInput,
    PartlySent,
    ProtocolError,
    Retry,
    State,
    Timeout,
    TransportTimeout,
    report_of,
)
from clicksoap.errors import GatewayError
from clicksoap.msisdn import Recipients
from clicksoap.protocol.plan import Ledger
from clicksoap.protocol.session import Session, SessionSnapshot

TO = "27820000001"
Make = Callable[..., Any]


@pytest.fixture(params=FACADES, ids=list(FACADES))
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes clients, closed when the test ends."""
    with ExitStack() as stack:
        yield lambda **named: stack.enter_context(FACADES[request.param](**settings(**named)))


def busy(connection: socket.socket, _: Received) -> None:
    connection.sendall(reply(b"", "503 Service Unavailable"))


def count(server: RawServer, name: str) -> int:
    return sum(command(each) == name for each in server.requests)


def test_a_view_shares_session_and_connections(make: Make) -> None:
    with RawServer(Gateway()) as server:
        sms = make(endpoint=server.origin)
        sms.balance()
        sms.with_options(sender="acme").send(TO, "hi")
        sms.with_options(timeout=Timeout(total=5), retry=Retry()).balance()
    assert count(server, "auth") == 1
    assert {each.connection for each in server.requests} == {0}


def test_a_view_changes_what_it_names_and_leaves_the_client_as_it_was(make: Make) -> None:
    exchanges: list[Any] = []
    with RawServer(Gateway()) as server:
        sms = make(endpoint=server.origin, max_recipients=100)
        view = sms.with_options(sender="acme", max_recipients=2, on_exchange=exchanges.append)
        assert (sms.max_recipients, view.max_recipients) == (100, 2)
        assert view.with_options(sender=None).max_recipients == 2
        assert view.with_options(max_recipients=None).max_recipients == 300
        sms.send([TO] * 3, "hi")
        view.send([TO] * 3, "hi")
        view.with_options(sender=None).send(TO, "hi")
    sends = [each.body for each in server.requests if command(each) == "sendmsg"]
    assert [b"<from>acme</from>" in body for body in sends] == [False, True, True, False]
    assert [each.command for each in exchanges] == ["sendmsg"] * 3


def test_what_a_view_cannot_change_is_refused_with_its_name(make: Make) -> None:
    sms = make(endpoint="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="with_options\\(\\) cannot change 'password': give any of deadline,"):
        sms.with_options(password="other")
    with pytest.raises(ConfigurationError, match="timeout= is int"):
        sms.with_options(timeout=3)
    with pytest.raises(ConfigurationError, match="max_recipients= is out of range: give 1 to 300"):
        sms.with_options(max_recipients=301)
    with pytest.raises(ConfigurationError, match="sender is not valid"):
        sms.with_options(sender="more than eleven letters")


@pytest.mark.parametrize("deadline", [0, -1, float("inf"), float("nan"), True, "3"])
def test_a_deadline_is_a_positive_number_of_seconds(make: Make, deadline: Any) -> None:
    with pytest.raises(ConfigurationError, match="deadline= is not a positive number of seconds"):
        make(endpoint="http://127.0.0.1:9", deadline=deadline)


def test_a_deadline_ends_all_tries_of_a_call_together(make: Make) -> None:
    """The pause before the second try would end behind it, so there is no second try."""
    with RawServer(Gateway({"getbalance": busy})) as server:
        patient = Retry(first_pause=60, longest_pause=60)
        sms = make(endpoint=server.origin, auth="credentials", retry=patient, deadline=20)
        with pytest.raises(ProtocolError, match="503"):
            sms.balance()
    assert count(server, "getbalance") == 1


def test_a_deadline_bounds_the_wait_for_a_reply(make: Make) -> None:
    answer = threading.Event()

    def late(connection: socket.socket, received: Received) -> None:
        answer.wait(30)
        usual.usual(connection, received)

    usual = Gateway({"getbalance": late})
    with RawServer(usual) as server:
        sms = make(endpoint=server.origin, auth="credentials", deadline=0.2)
        began = time.monotonic()
        with pytest.raises(TransportTimeout):
            sms.balance()
        assert time.monotonic() - began < 5
        answer.set()


def test_no_request_of_a_send_begins_behind_the_deadline(make: Make) -> None:
    """The second request finds the deadline passed: its recipient is certainly not sent."""
    clock = Clock()
    with RawServer(Gateway()) as server, pytest.MonkeyPatch.context() as patch:
        sms = make(endpoint=server.origin, auth="credentials", deadline=50, max_recipients=1, on_exchange=clock.add)
        patch.setattr("clicksoap.protocol.flows.time.monotonic", clock.monotonic)
        with pytest.raises(PartlySent, match="the deadline of the call has passed") as failed:
            sms.send([TO, "27820000002"], "hi")
    assert [result.state for result in failed.value.report] == [State.ACCEPTED, State.NOT_SENT]
    assert count(server, "sendmsg") == 1


class Clock:
    """A monotonic clock that goes on by a minute with each exchange."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._real = time.monotonic

    def add(self, _: object) -> None:
        self._ahead += 60

    def monotonic(self) -> float:
        return self._real() + self._ahead


def test_a_plan_is_checked_and_sends_nothing() -> None:
    with RawServer(Gateway()) as server, Client(**settings(endpoint=server.origin, max_recipients=2)) as sms:
        plan = sms._core.plan([TO, "+27 82 000 0002", "27820000003"], "hi", {"queue": 1})
        assert plan.recipients.msisdns == (TO, "27820000002", "27820000003")
        assert plan.requests == 2
        assert plan.contents == [{"text": "hi", "queue": 1}]
        with pytest.raises(InvalidInput, match="to\\[1\\]"):
            sms._core.plan([TO, "nobody"], "hi", {})
        report = sms._driver.run(sms._core.deliver(plan))
        assert [each.state for each in report] == [State.ACCEPTED] * 3
    assert count(server, "sendmsg") == 2


def test_the_ids_of_a_ledgers_requests_come_from_who_makes_them() -> None:
    with Client(**settings(endpoint="http://127.0.0.1:9", max_recipients=1)) as sms:
        plan = sms._core.plan([TO, "27820000002"], "hi", {})
    ids = iter(["first", "second"])
    ledger = Ledger(plan, lambda: next(ids))
    first = ledger.next()
    assert first is not None
    assert (first.client_message_id, ledger.in_flight) == ("first", False)
    first.may_have_left = True
    assert ledger.in_flight
    assert [each.state for each in ledger.report()] == [State.UNKNOWN, State.NOT_SENT]


def test_a_time_out_of_a_hurried_view_is_not_that_of_the_client(make: Make) -> None:
    """The login that the view gave up is made again under the limits of the client that waits behind it."""
    arrived, answer = threading.Event(), threading.Event()

    def late(connection: socket.socket, received: Received) -> None:
        if not arrived.is_set():
            arrived.set()
            answer.wait(30)
        usual.usual(connection, received)

    usual = Gateway({"auth": late})
    with RawServer(usual) as server:
        sms = make(endpoint=server.origin)
        with pytest.raises(TransportTimeout):
            sms.with_options(deadline=0.2).balance()
        session, limits = sms._core.session, (Timeout(), float("inf"))
        before = SessionSnapshot(None, 0)
        assert session.settled(before, limits) is False
        with pytest.raises(TransportTimeout):
            session.settled(before, (sms._core._changeable["timeout"], 0.2))
        answer.set()
        assert sms.balance() > 0
    assert count(server, "auth") == 2


def test_a_refused_login_is_everybodys_whatever_the_limits() -> None:
    session = Session()
    before = session.current()
    session.failed(GatewayError.of("001", ""), "some limits")
    with pytest.raises(AuthenticationError):
        session.settled(before, "other limits")


def test_a_deadline_that_ends_within_the_wait_of_a_reconcile_is_told_before_the_wait(make: Make) -> None:
    def denied(connection: socket.socket, _: Received) -> None:
        connection.sendall(reply(envelope("ERR: 104, Unknown client message ID")))

    with RawServer(Gateway({"querymsg": denied})) as server:
        sms = make(endpoint=server.origin, deadline=50)
        with pytest.raises(TransportTimeout, match="the deadline of the call ends within the wait of 60 s"):
            sms.reconcile("abc", wait=True)
    assert count(server, "querymsg") == 1


def test_a_deadline_holds_over_a_session_of_the_caller() -> None:
    answer = threading.Event()

    def late(connection: socket.socket, received: Received) -> None:
        answer.wait(30)
        usual.usual(connection, received)

    usual = Gateway({"getbalance": late})
    with RawServer(usual) as server, requests.Session() as session:
        with Client(**settings(endpoint=server.origin, auth="credentials", session=session, deadline=0.3)) as sms:
            began = time.monotonic()
            with pytest.raises(TransportTimeout):
                sms.balance()
            assert time.monotonic() - began < 4
        answer.set()


def test_a_sleep_that_cannot_be_called_is_refused_where_it_is_given(make: Make) -> None:
    with pytest.raises(ConfigurationError, match="sleep= is int: give a function"):
        make(endpoint="http://127.0.0.1:9").with_options(sleep=5)


def test_a_builtin_sleep_that_gives_nothing_to_await_is_refused_where_it_is_given() -> None:
    """It would stop the event loop, and end the call at its first pause."""
    pauses: list[float] = []
    builtins: tuple[Any, ...] = (time.sleep, pauses.append)
    for sleep in builtins:
        with pytest.raises(ConfigurationError, match=r"^sleep= gives nothing to await: give a coroutine function"):
            AsyncClient(**settings(endpoint="http://127.0.0.1:9")).with_options(sleep=sleep)


@pytest.mark.parametrize(
    ("facade", "sleep", "words"),
    [
        ("AsyncClient", lambda _: None, "^sleep= gave nothing to await: give a coroutine function"),
        ("Client", lambda _: asyncio.sleep(0), "^sleep= gave a coroutine, which nobody awaits: give a plain function"),
    ],
)
def test_a_sleep_of_the_other_client_ends_the_call_with_a_clear_text(facade: str, sleep: Any, words: str) -> None:
    with (
        RawServer(Gateway({"getbalance": busy})) as server,
        FACADES[facade](**settings(endpoint=server.origin, auth="credentials", retry=Retry())) as sms,
        pytest.raises(ConfigurationError, match=words),
    ):
        sms.with_options(sleep=sleep).balance()


def test_a_sleep_that_gives_an_awaitable_of_any_kind_is_awaited() -> None:
    slept: list[float] = []

    def wait(seconds: float) -> "asyncio.Future[None]":
        slept.append(seconds)
        return asyncio.ensure_future(asyncio.sleep(0))

    with (
        RawServer(Gateway({"getbalance": busy})) as server,
        Blocking(**settings(endpoint=server.origin, auth="credentials", retry=Retry(attempts=2))) as sms,
        pytest.raises(ClicksoapError),
    ):
        sms.with_options(sleep=wait).balance()
    assert len(slept) == 1


def test_a_sleep_that_stops_iterating_is_an_error_and_no_silent_end(make: Make) -> None:
    with RawServer(Gateway({"getbalance": busy})) as server:
        sms = make(endpoint=server.origin, auth="credentials", retry=Retry())
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            sms.with_options(sleep=Mock(side_effect=[])).balance()


def test_a_message_of_two_parts_is_unknown_wherever_its_second_part_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the request of the last part is made, the first one is accepted and the message is not whole."""
    calls = []

    def interrupted(self: Recipients, positions: Sequence[int]) -> Recipients:
        calls.append(positions)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return at(self, positions)

    at = Recipients.at
    with RawServer(Gateway()) as server, Client(**settings(endpoint=server.origin)) as sms:
        monkeypatch.setattr(Recipients, "at", interrupted)
        with pytest.raises(KeyboardInterrupt) as ended:
            sms.send([TO], Binary(b"x" * 200))
    report = report_of(ended.value)
    assert report is not None
    assert [result.state for result in report] == [State.UNKNOWN]
    assert count(server, "sendmsg") == 1
