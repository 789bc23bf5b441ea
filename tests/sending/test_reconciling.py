"""What became of recipients whose answer was lost: never a second message, and never a false "not sent"."""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from rawserver import Hangup, Received, reply

from clicksoap import (
    Binary,
    ClicksoapError,
    Client,
    GatewayError,
    InvalidInput,
    OutcomeUnknown,
    ProtocolError,
    SendReport,
    State,
    TransportLost,
    report_of,
)
from clicksoap.simulator import Settings, Simulator

A, B, C = "27821234567", "27831234567", "27841234567"
HOW_MANY = [1, 3]

Connect = Callable[..., Client]
Scripted = Callable[..., Any]
IsSend = Callable[[Received], bool]


def lost(sms: Client, recipients: int, **options: Any) -> SendReport:
    """The report of a send whose answer does not come."""
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, B, C][:recipients], "hello", **options)
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == recipients
    return caught.value.report


def states(report: SendReport) -> set[State]:
    return {result.state for result in report}


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_what_arrived_is_accepted_if_alone_and_else_unconfirmed(
    sms: Client, gateway: Simulator, recipients: int
) -> None:
    gateway.faults.lose_answer()
    found = sms.reconcile(lost(sms, recipients))
    if recipients == 1:
        assert [(each.state, each.message_id) for each in found] == [(State.ACCEPTED, gateway.gateway.messages[0].id)]
    else:
        assert states(found) == {State.UNCONFIRMED}
        assert found.unconfirmed == found.results
        assert all(each.message_ids == () for each in found)
    assert not found.unknown
    assert len(gateway.gateway.messages) == recipients
    assert gateway.gateway.commands["querymsg"] == 1


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_what_never_arrived_is_not_sent_once_the_gateway_says_so_after_the_wait(
    relayed: tuple[Client, Any], gateway: Simulator, is_send: IsSend, recipients: int
) -> None:
    sms, relay = relayed
    relay.swallow = is_send
    report = lost(sms, recipients)
    early = sms.reconcile(report)
    assert states(early) == {State.UNKNOWN}
    found = sms.reconcile(report, wait=True)
    assert states(found) == {State.NOT_SENT}
    assert found.settles_at is None
    assert gateway.gateway.commands["querymsg"] == 3
    assert not gateway.gateway.messages


def test_a_denial_that_comes_early_leaves_it_unknown_and_says_from_when_on_it_counts(
    relayed: tuple[Client, Any], is_send: IsSend
) -> None:
    sms, relay = relayed
    relay.swallow = is_send
    report = lost(sms, 1)
    assert report.ended_at is not None
    found = sms.reconcile(report, believe_after=90)
    assert states(found) == {State.UNKNOWN}
    assert found.settles_at is not None
    assert abs(found.settles_at - report.ended_at - timedelta(seconds=90)) < timedelta(seconds=1)
    assert SendReport.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_an_old_report_costs_no_wait(relayed: tuple[Client, Any], gateway: Simulator, is_send: IsSend) -> None:
    sms, relay = relayed
    relay.swallow = is_send
    report = lost(sms, 1)
    assert report.ended_at is not None
    old = replace(report, ended_at=report.ended_at - timedelta(seconds=61))
    assert states(sms.reconcile(SendReport.from_dict(json.loads(json.dumps(old.to_dict()))))) == {State.NOT_SENT}
    assert gateway.gateway.commands["querymsg"] == 1


def test_a_report_that_ended_in_the_future_is_believed_no_later_than_one_of_now(
    relayed: tuple[Client, Any], is_send: IsSend
) -> None:
    """The clock of the machine that stored the report may be fast."""
    sms, relay = relayed
    relay.swallow = is_send
    report = lost(sms, 1)
    found = sms.reconcile(replace(report, ended_at=datetime.now(UTC) + timedelta(days=300)))
    assert found.settles_at is not None
    assert found.settles_at < datetime.now(UTC) + timedelta(seconds=61)


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1e300, float("inf"), True, "60", None, 6 * 86400 + 1])
def test_a_wait_that_cannot_be_is_refused(sms: Client, gateway: Simulator, seconds: Any) -> None:
    with pytest.raises(InvalidInput, match="believe_after is not a number of seconds: give 0 to 518400"):
        sms.reconcile("0f" * 16, believe_after=seconds)
    assert not gateway.gateway.commands["querymsg"]


def test_an_id_is_believed_by_the_time_at_which_its_call_ended(sms: Client) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=2)
    assert sms.reconcile("Unheard0f", ended_at=ended) is State.NOT_SENT
    assert sms.reconcile("Unheard0f", ended_at=ended, believe_after=300) is State.UNKNOWN
    with pytest.raises(InvalidInput, match="ended_at is not a datetime with a time zone"):
        sms.reconcile("Unheard0f", ended_at=ended.replace(tzinfo=None))


def test_many_lost_requests_cost_one_wait(connect: Connect, gateway: Simulator) -> None:
    """Each of ten denied requests is asked about twice, and the wait between is paid once."""
    pauses: list[float] = []
    sms = connect(gateway.origin).with_options(sleep=pauses.append)
    results = tuple(replace(each, client_message_id=uuid.uuid4().hex) for each in _unknown(1) * 10)
    report = SendReport(results, sent_at=datetime.now(UTC), ended_at=datetime.now(UTC))
    assert states(sms.reconcile(report, wait=True)) == {State.NOT_SENT}
    assert gateway.gateway.commands["querymsg"] == 20
    assert [round(pause) for pause in pauses] == [60]


def test_an_interrupted_reconcile_has_its_report(connect: Connect, gateway: Simulator) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    sms = connect(gateway.origin, max_recipients=1)
    gateway.faults.lose_answer()
    arrived = lost(sms, 1)
    report = replace(arrived, results=arrived.results + tuple(_unknown(1)))
    own_id = uuid.uuid4().hex
    report = replace(report, results=(report[0], replace(report[1], client_message_id=own_id)))
    with pytest.raises(KeyboardInterrupt) as interrupted:
        sms.with_options(sleep=interrupt).reconcile(report, wait=True)
    kept = report_of(interrupted.value)
    assert kept is not None
    assert [each.state for each in kept] == [State.ACCEPTED, State.UNKNOWN]
    assert kept.settles_at is not None


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_what_arrives_while_the_gateway_is_asked_is_not_called_not_sent(
    relayed: tuple[Client, Any], gateway: Simulator, is_send: IsSend, recipients: int
) -> None:
    """The request still travels when the gateway is asked first; it gets there before the second question."""
    sms, relay = relayed
    relay.swallow = is_send
    report = lost(sms, recipients)

    def arrive_late(_: Received) -> None:
        if relay.swallowed:
            relay.deliver(relay.swallowed.pop())

    relay.after = arrive_late
    found = sms.reconcile(report, wait=True)
    assert states(found) == {State.ACCEPTED if recipients == 1 else State.UNCONFIRMED}
    assert len(gateway.gateway.messages) == recipients


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_while_reporting_is_delayed_it_stays_unknown_and_a_later_question_tells(
    sms: Client, gateway: Simulator, recipients: int
) -> None:
    gateway.faults.status_delayed(30)
    gateway.faults.lose_answer()
    report = lost(sms, recipients)
    for _ in range(3):
        report = sms.reconcile(report)
        assert states(report) == {State.UNKNOWN}
    gateway.faults.status_delayed(0)
    assert states(sms.reconcile(report)) == {State.ACCEPTED if recipients == 1 else State.UNCONFIRMED}
    assert len(gateway.gateway.messages) == recipients


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_a_gateway_that_answers_001_to_everything_leaves_it_unknown(connect: Connect, recipients: int) -> None:
    told: Literal["status"] = "status"
    with Simulator(settings=Settings(unknown_client_id=told)) as gateway:
        sms = connect(gateway.origin)
        report = SendReport(
            tuple(replace(each, client_message_id=uuid.uuid4().hex) for each in _unknown(recipients)),
            sent_at=datetime.now(UTC),
        )
        assert states(sms.reconcile(report)) == {State.UNKNOWN}
        assert sms.reconcile(uuid.uuid4().hex, believe_after=0) is State.UNKNOWN


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_a_gateway_that_is_gone_leaves_it_unknown_and_says_so(sms: Client, gateway: Simulator, recipients: int) -> None:
    gateway.faults.lose_answer()
    report = lost(sms, recipients)
    gateway.stop()
    with pytest.raises(TransportLost) as failed:
        sms.reconcile(report)
    assert failed.value.report == report
    assert not failed.value.may_have_taken_effect


@pytest.mark.parametrize("recipients", HOW_MANY)
def test_a_question_whose_answer_is_lost_is_asked_again(sms: Client, gateway: Simulator, recipients: int) -> None:
    gateway.faults.lose_answer()
    report = lost(sms, recipients)
    gateway.faults.lose_answer("querymsg", 3)
    assert not sms.reconcile(report).unknown
    assert gateway.gateway.commands["querymsg"] == 4
    assert len(gateway.gateway.messages) == recipients


@pytest.mark.parametrize("days", [6, 7, 400])
def test_a_report_older_than_six_days_is_not_asked_about(sms: Client, gateway: Simulator, days: float) -> None:
    gateway.faults.lose_answer()
    report = lost(sms, 1)
    old = replace(report, sent_at=datetime.now(UTC) - timedelta(days=days))
    assert sms.reconcile(old) == old
    assert not gateway.gateway.commands["querymsg"]


def test_a_report_of_nearly_six_days_is_asked_about(connect: Connect, gateway: Simulator) -> None:
    sms = connect(gateway.origin, auth="credentials")
    gateway.faults.lose_answer()
    report = replace(lost(sms, 1), sent_at=datetime.now(UTC) - timedelta(days=5, hours=23))
    gateway.clock.advance(days=5, hours=23)
    assert states(sms.reconcile(report)) == {State.ACCEPTED}


def test_a_report_with_nothing_unknown_is_given_back(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A, "9991051234"], "hello")
    assert sms.reconcile(report) == report
    assert not gateway.gateway.commands["querymsg"]


def test_unknown_recipients_without_an_id_stay_unknown(sms: Client, gateway: Simulator) -> None:
    with sms.batch("hello") as batch:
        gateway.faults.lose_answer("quicksend")
        with pytest.raises(OutcomeUnknown) as caught:
            batch.quicksend([A, B])
    report = caught.value.report
    assert report is not None
    assert sms.reconcile(report) == report
    assert not gateway.gateway.commands["querymsg"]


def test_each_request_is_asked_about_once(connect: Connect, gateway: Simulator) -> None:
    sms = connect(gateway.origin, max_recipients=2)
    gateway.faults.lose_answer("sendmsg", 2)
    first, second = lost(sms, 2), lost(sms, 2)
    both = replace(first, results=first.results + second.results)
    assert states(sms.reconcile(both)) == {State.UNCONFIRMED}
    assert gateway.gateway.commands["querymsg"] == 2


def test_only_the_lost_request_of_several_changes(connect: Connect, gateway: Simulator) -> None:
    sms = connect(gateway.origin, max_recipients=1)
    gateway.faults.add("reset", command="sendmsg", nth=2)
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, B, C], "hello")
    report = caught.value.report
    assert report is not None
    assert [each.state for each in report] == [State.ACCEPTED, State.UNKNOWN, State.NOT_SENT]
    found = sms.reconcile(report)
    assert [each.state for each in found] == [State.ACCEPTED, State.ACCEPTED, State.NOT_SENT]
    assert [each.message_id for each in found.accepted] == [message.id for message in gateway.gateway.messages]
    assert (found[0], found[2]) == (report[0], report[2])


def test_a_report_survives_storing_and_is_reconciled_by_another_client(
    sms: Client, connect: Connect, gateway: Simulator
) -> None:
    gateway.faults.lose_answer()
    stored = json.dumps(lost(sms, 1, reference={"order": 7}).to_dict())
    report = SendReport.from_dict(json.loads(stored))
    assert report.reference == {"order": 7}
    found = connect(gateway.origin).reconcile(report)
    assert found[0].message_id == gateway.gateway.messages[0].id
    assert SendReport.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_stored_report_without_a_time_zone_is_refused(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    data = lost(sms, 1).to_dict()
    data["sent_at"] = data["sent_at"].removesuffix("+00:00")
    with pytest.raises(InvalidInput, match="data is not a report"):
        SendReport.from_dict(data)


def test_an_id_alone_can_be_asked_about(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    own_id = lost(sms, 3)[0].client_message_id
    assert own_id is not None
    assert sms.reconcile(own_id) is State.ACCEPTED
    assert sms.reconcile("Unheard0f") is State.UNKNOWN
    assert sms.reconcile("Unheard0f", believe_after=0) is State.NOT_SENT
    gateway.faults.status_delayed(30)
    assert sms.reconcile(own_id) is State.UNKNOWN


def test_a_callers_own_id_is_reconciled_alike(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    found = sms.reconcile(lost(sms, 1, client_message_id="Order4711"))
    assert found[0].message_id == gateway.gateway.messages[0].id


def test_a_request_that_was_answered_in_part_has_arrived(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=(f"ID: a1 To: {A}", f"ERR: 105, no To: {B}", "what?"))
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, B, C], "hello")
    report = caught.value.report
    assert report is not None
    assert [each.state for each in report] == [State.ACCEPTED, State.REJECTED, State.UNKNOWN]
    found = sms.reconcile(report)
    assert [each.state for each in found] == [State.ACCEPTED, State.REJECTED, State.UNCONFIRMED]
    assert (script.arrivals["sendmsg"], script.arrivals["querymsg"]) == (1, 1)


def test_a_gateway_that_took_a_request_and_denies_it_proves_nothing(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=(f"ID: a1 To: {A}", "what?"), querymsg="ERR: 104, Unknown client message ID")
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, B], "hello")
    report = caught.value.report
    assert report is not None
    found = sms.reconcile(report, wait=True)
    assert [each.state for each in found] == [State.ACCEPTED, State.UNKNOWN]
    assert script.arrivals["querymsg"] == 2


def test_a_number_given_twice_with_unique_is_accepted_each_time(sms: Client, gateway: Simulator) -> None:
    """It got one message, so the id that the gateway tells is that of both results."""
    gateway.faults.lose_answer("sendmsg")
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, A], "hello", unique=True)
    found = sms.reconcile(caught.value.report)
    assert [each.message_id for each in found.accepted] == [gateway.gateway.messages[0].id] * 2


def test_a_double_in_a_lost_request_is_unconfirmed_each_time(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer("sendmsg")
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([A, A], "hello")
    assert caught.value.report is not None
    assert states(sms.reconcile(caught.value.report)) == {State.UNCONFIRMED}
    assert len(gateway.gateway.messages) == 2


def test_split_octets_of_which_the_first_part_was_lost_are_unconfirmed(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send(A, Binary(b"x" * 300))
    assert caught.value.report is not None
    assert states(sms.reconcile(caught.value.report)) == {State.UNCONFIRMED}
    assert len(gateway.gateway.messages) == 1


def test_split_octets_that_went_out_in_part_stay_unknown_whatever_is_found(
    relayed: tuple[Client, Any], gateway: Simulator, is_send: IsSend
) -> None:
    """The second part never arrived, the first did: it is neither sent nor not sent."""
    sms, relay = relayed
    seen: list[Received] = []

    def second(received: Received) -> bool:
        if is_send(received):
            seen.append(received)
        return is_send(received) and len(seen) == 2

    relay.swallow = second
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send(A, Binary(b"x" * 200))
    report = caught.value.report
    assert report is not None
    (found,) = sms.reconcile(report)
    assert (found.state, found.message_ids) == (State.UNKNOWN, (gateway.gateway.messages[0].id,))


def test_split_octets_that_never_left_are_not_sent(
    relayed: tuple[Client, Any], gateway: Simulator, is_send: IsSend
) -> None:
    sms, relay = relayed
    relay.swallow = is_send
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send(A, Binary(b"x" * 200))
    assert caught.value.report is not None
    assert states(sms.reconcile(caught.value.report, believe_after=0)) == {State.NOT_SENT}
    assert not gateway.gateway.messages


@pytest.mark.parametrize(
    "answer",
    [
        "ERR: 001, Authentication failed",
        "ERR: 101, Invalid or missing parameters",
        "ERR: 901, Internal error",
        "Hello",
        f"ID: {0:032x}",
        reply(b"", "404 Not Found"),
        reply(b"", "503 Service Unavailable"),
        reply(b"<html>"),
    ],
    ids=["001", "101", "901", "nonsense", "no status", "404", "503", "a page"],
)
def test_an_answer_that_tells_nothing_is_raised_with_the_report(scripted: Scripted, answer: str | bytes) -> None:
    def hang_up(*_: object) -> None:
        raise Hangup

    sms, script = scripted(sendmsg=hang_up, querymsg=answer)
    report = lost(sms, 1)
    with pytest.raises((GatewayError, ProtocolError)) as failed:
        sms.reconcile(report)
    assert failed.value.report == report
    assert script.arrivals["sendmsg"] == 1


def test_a_failing_question_keeps_what_was_found_before_it(scripted: Scripted) -> None:
    sms, script = scripted(querymsg=[f"ID: {9:032x} Status: 004", reply(b"", "404 Not Found")])
    report = SendReport(
        tuple(replace(each, client_message_id=uuid.uuid4().hex) for each in _unknown(3)), sent_at=datetime.now(UTC)
    )
    with pytest.raises(ClicksoapError) as failed:
        sms.reconcile(report)
    assert failed.value.report is not None
    assert [each.state for each in failed.value.report] == [State.ACCEPTED, State.UNKNOWN, State.UNKNOWN]
    assert failed.value.report[0].message_id == f"{9:032x}"
    assert script.arrivals["querymsg"] == 2


def test_an_id_that_is_denied_again_after_the_wait_was_not_sent(scripted: Scripted) -> None:
    sms, script = scripted(querymsg="ERR: 104, Unknown client message ID")
    assert sms.reconcile(uuid.uuid4().hex, wait=True) is State.NOT_SENT
    assert script.arrivals["querymsg"] == 2


def test_the_number_for_an_unknown_id_of_the_gateway_s_own_proves_nothing(scripted: Scripted) -> None:
    sms, _ = scripted(querymsg="ERR: 103, Unknown API message ID")
    assert sms.reconcile(uuid.uuid4().hex) is State.UNKNOWN


def test_unknown_first_and_delayed_then_stays_unknown(scripted: Scripted) -> None:
    sms, _ = scripted(querymsg=["ERR: 104, Unknown", f"ID: {0:032x} Status: 001"])
    assert sms.reconcile(uuid.uuid4().hex, wait=True) is State.UNKNOWN


@pytest.mark.parametrize("status", ["002", "003", "005", "006", "007", "008", "009", "010", "011", "012", "013"])
def test_any_other_status_says_that_it_arrived(scripted: Scripted, status: str) -> None:
    sms, _ = scripted(querymsg=f"ID: {9:032x} Status: {status}")
    assert sms.reconcile(uuid.uuid4().hex) is State.ACCEPTED


def _unknown(recipients: int) -> tuple[Any, ...]:
    data: dict[str, object] = {
        "given": A,
        "state": "unknown",
        "message_ids": [],
        "error": None,
        "client_message_id": None,
        "raw": None,
        "unique": False,
    }
    results = [{**data, "to": number} for number in [A, B, C][:recipients]]
    return SendReport.from_dict({**SendReport(()).to_dict(), "results": results}).results


def test_ids_are_not_the_same_twice(sms: Client) -> None:
    ids = [str(sms.send(A, "hello")[0].client_message_id) for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
