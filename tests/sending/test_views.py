"""Views of a client with other options, one deadline for a whole call, and plans that send nothing; both clients."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from facades import FACADES, settings
from rawserver import Gateway, RawServer, Received, command, reply

from clicksoap import (
    Client,
    ConfigurationError,
    InvalidInput,
    NotSent,
    ProtocolError,
    Retry,
    State,
    Timeout,
    TransportTimeout,
)
from clicksoap.protocol.plan import Ledger

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
        with pytest.raises(NotSent, match="the deadline of the call has passed") as failed:
            sms.send([TO, "27820000002"], "hi")
    assert failed.value.report is not None
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
