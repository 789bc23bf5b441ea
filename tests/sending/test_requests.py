"""How a send is cut into requests: doubles, ids, references, and moments turned into minutes."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from clicksoap import Binary, Client, InvalidInput, OutcomeUnknown, State, options, report_of
from clicksoap.simulator import Simulator

A, B, C, REFUSED = "27821234567", "27831234567", "27841234567", "9991051234"

Scripted = Callable[..., Any]
Connect = Callable[..., Client]


def test_a_number_asked_for_twice_is_sent_to_twice(sms: Client, gateway: Simulator) -> None:
    first, other, second = sms.send([A, B, f"+{A}"], "hello")
    assert [message.to for message in gateway.gateway.messages] == [A, B, A]
    assert len({first.message_id, other.message_id, second.message_id}) == 3
    assert (first.given, second.given) == (A, f"+{A}")


def test_with_unique_it_is_sent_to_once_and_answered_twice(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A, B, f"+{A}", B, f"00{A}"], "hello", unique=True)
    assert [message.to for message in gateway.gateway.messages] == [A, B]
    assert [result.to for result in report] == [A, B, A, B, A]
    assert [result.given for result in report] == [A, B, f"+{A}", B, f"00{A}"]
    assert report[0].message_ids == report[2].message_ids == report[4].message_ids
    assert report[1].message_ids == report[3].message_ids != report[0].message_ids


def test_with_unique_a_refused_number_is_refused_each_time(sms: Client) -> None:
    assert [result.state for result in sms.send([REFUSED, A, REFUSED], "x", unique=True)] == [
        *(State.REJECTED, State.ACCEPTED, State.REJECTED)
    ]


def test_with_unique_many_doubles_take_one_request(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A] * 900, "hello", unique=True)
    assert len(report.accepted) == 900
    assert gateway.gateway.commands["sendmsg"] == 1


def test_a_reference_is_on_the_report_and_never_leaves(scripted: Scripted) -> None:
    reference = {"order": "order-4711"}
    sms, script = scripted()
    assert sms.send(A, "hello", reference=reference).reference is reference
    ((_, asked),) = [each for each in script.parameters if each[0] == "sendmsg"]
    assert "4711" not in str(asked)


def test_a_reference_is_on_the_report_of_an_unknown_outcome(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send(A, "hello", reference=7)
    assert lost.value.report is not None
    assert lost.value.report.reference == 7


def test_every_request_has_a_client_message_id_of_its_own(connect: Connect, gateway: Simulator) -> None:
    report = connect(gateway.origin, max_recipients=2).send([A, B, C], "hello")
    ids = [result.client_message_id for result in report]
    assert ids[0] == ids[1] != ids[2]
    assert all(re.fullmatch("[0-9a-f]{32}", str(each)) for each in ids)
    assert [message.client_message_id for message in gateway.gateway.messages] == ids


def test_a_callers_own_id_is_the_one_that_arrives(sms: Client, gateway: Simulator) -> None:
    (result,) = sms.send(A, "hello", client_message_id="Order4711")
    assert result.client_message_id == gateway.gateway.messages[0].client_message_id == "Order4711"
    assert sms.status(client_message_id="Order4711").message_id == result.message_id


def test_a_callers_own_id_is_refused_where_several_requests_are_needed(connect: Connect, gateway: Simulator) -> None:
    sms = connect(gateway.origin, max_recipients=2)
    assert sms.send([A, B], "hello", client_message_id="one").accepted
    assert sms.send([A, B, A, B], "hello", client_message_id="two", unique=True).accepted
    before = dict(gateway.gateway.commands)
    with pytest.raises(InvalidInput, match="client_message_id names one request, and this send takes several: leave"):
        sms.send([A, B, C], "hello", client_message_id="three")
    with pytest.raises(InvalidInput, match="client_message_id names one request"):
        sms.send(A, Binary(b"x" * 141), client_message_id="four")
    assert gateway.gateway.commands == before


def test_a_batch_takes_the_callers_own_id(sms: Client, gateway: Simulator) -> None:
    with sms.batch("hello", client_message_id="Batch1") as batch:
        (result,) = batch.quicksend(A)
    assert gateway.gateway.messages[0].client_message_id == "Batch1"
    assert result.client_message_id is None


class Moving(dt.datetime):
    """A clock that a test moves."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "Moving":
        return super().now(tz) + cls.ahead


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> type[Moving]:
    monkeypatch.setattr(Moving, "ahead", timedelta())
    monkeypatch.setattr(options, "datetime", Moving)
    return Moving


def test_a_moment_becomes_minutes_when_each_request_is_encoded(connect: Connect, moving: type[Moving]) -> None:
    def advance(command: str) -> None:
        if command == "sendmsg":
            moving.ahead += timedelta(minutes=50)

    with Simulator(on_command=advance) as gateway:
        sms = connect(gateway.origin, max_recipients=1)
        sms.send([A, B, C, A], "hello", deliver_at=moving.now(UTC) + timedelta(hours=2))
        asked = [message.parameters.get("deliv_time") for message in gateway.gateway.messages]
    assert asked == ["120", "70", "20", None]  # the last is past by then, and goes out at once


def test_a_batch_turns_its_moment_into_minutes_when_it_opens(
    sms: Client, gateway: Simulator, moving: type[Moving]
) -> None:
    batch = sms.batch("hello", deliver_at=moving.now(UTC) + timedelta(hours=2))
    moving.ahead = timedelta(minutes=30)
    with batch:
        batch.quicksend(A)
    assert gateway.gateway.messages[0].parameters["deliv_time"] == "90"


def test_the_second_of_three_requests_lost_leaves_each_recipient_in_its_state(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 2, "retry": None})
    numbers = [str(27820000000 + index) for index in range(6)]
    script._answers["sendmsg"] = [
        (f"ID: a1 To: {numbers[0]}", f"ERR: 105, no To: {numbers[1]}"),
        lambda connection, _: connection.close(),
    ]
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send(numbers, "hello")
    report = lost.value.report
    assert report is not None
    assert [result.state for result in report] == ["accepted", "rejected", *["unknown"] * 2, *["not_sent"] * 2]
    assert report[2].client_message_id == report[3].client_message_id is not None
    assert report[4].client_message_id is None
    assert lost.value.may_have_taken_effect
    assert script.arrivals["sendmsg"] == 2


def test_every_send_is_a_new_request(sms: Client, gateway: Simulator) -> None:
    for _ in range(3):
        sms.send(A, "hello")
    assert len({message.client_message_id for message in gateway.gateway.messages}) == 3
    assert all(uuid.UUID(message.client_message_id) for message in gateway.gateway.messages)


def test_an_error_that_is_not_of_a_send_has_no_report(sms: Client) -> None:
    assert report_of(ValueError()) is None
    with pytest.raises(InvalidInput) as refused:
        sms.charge("")
    assert report_of(refused.value) is None
