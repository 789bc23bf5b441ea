"""Octets of several parts: what is known of each recipient when some parts went out and others did not."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from rawserver import Hangup, Received, reply

from clicksoap import AccountError, Binary, Client, InsufficientCredit, OutcomeUnknown, RecipientError, State
from clicksoap.simulator import Simulator

A, B, REFUSED = "27821234567", "27831234567", "9991051234"
THREE_PARTS = Binary(bytes(range(200)) * 2)

Scripted = Callable[..., Any]


def hang_up(_connection: socket.socket, _received: Received) -> None:
    raise Hangup


NOT_FOUND = reply(b"", "404 Not Found")
BUSY = reply(b"", "429 Too Many Requests")


def one(number: str, name: str) -> str:
    return f"ID: {name} To: {number}"


def test_each_recipient_has_the_ids_of_all_its_parts(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A, B], THREE_PARTS)
    messages = gateway.gateway.messages
    for result in report:
        assert result.state is State.ACCEPTED
        assert result.message_ids == tuple(message.id for message in messages if message.to == result.to)
        assert len(result.message_ids) == 3
        assert result.message_id == result.message_ids[0]
    assert report.parts == 3
    assert [message.to for message in messages] == [A, B] * 3


def test_all_parts_go_to_one_cut_of_recipients_before_the_next(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 1})
    sms.send([A, B], THREE_PARTS)
    assert [asked["to"] for asked in script.of("sendmsg")] == [[A]] * 3 + [[B]] * 3
    references = [asked["udh"][0][6:8] for asked in script.of("sendmsg")]
    assert len(set(references)) == 1


def test_who_is_refused_the_first_part_is_not_sent_the_second(sms: Client, gateway: Simulator) -> None:
    report = sms.send([REFUSED, A], THREE_PARTS)
    assert [result.state for result in report] == [State.REJECTED, State.ACCEPTED]
    assert isinstance(report[0].error, RecipientError)
    assert report[0].message_ids == ()
    assert {message.to for message in gateway.gateway.messages} == {A}


def test_where_all_are_refused_the_first_part_no_second_is_sent(sms: Client, gateway: Simulator) -> None:
    with pytest.raises(RecipientError) as refused:
        sms.send(REFUSED, THREE_PARTS)
    assert [result.state for result in refused.value.report] == [State.REJECTED]
    assert gateway.gateway.commands["sendmsg"] == 1


def test_who_is_refused_a_later_part_is_unknown_and_the_others_get_their_rest(scripted: Scripted) -> None:
    """A message of which one part is with the gateway and one is refused is neither sent nor not sent."""
    sms, script = scripted(
        {"max_recipients": 2},
        sendmsg=[(one(A, "a1"), one(B, "b1")), (one(A, "a2"), f"ERR: 114, no To: {B}"), one(A, "a3")],
    )
    with pytest.raises(OutcomeUnknown, match="114") as failed:
        sms.send([A, B, "27841234567"], THREE_PARTS)
    accepted, half, rest = failed.value.report
    assert (accepted.state, accepted.message_ids) == (State.ACCEPTED, ("a1", "a2", "a3"))
    assert (half.state, half.message_ids) == (State.UNKNOWN, ("b1",))
    assert isinstance(half.error, RecipientError)
    assert rest.state is State.NOT_SENT
    assert [asked["to"] for asked in script.of("sendmsg")] == [[A, B], [A, B], [A]]


def test_credit_that_runs_out_at_a_later_part_stops_the_message_of_all(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=[(one(A, "a1"), one(B, "b1")), (one(A, "a2"), f"ERR: 301, no To: {B}")])
    with pytest.raises(OutcomeUnknown) as failed:
        sms.send([A, B], THREE_PARTS)
    assert [result.message_ids for result in failed.value.report.unknown] == [("a1", "a2"), ("b1",)]
    assert isinstance(failed.value.cause, InsufficientCredit)
    assert script.arrivals["sendmsg"] == 2


def test_the_second_part_lost_leaves_its_recipients_unknown_with_the_first_ids(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 2}, sendmsg=[(one(A, "a1"), one(B, "b1")), hang_up])
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send([A, B, "27841234567"], THREE_PARTS)
    report = lost.value.report
    assert report is not None
    assert [(result.state, result.message_ids) for result in report] == [
        (State.UNKNOWN, ("a1",)),
        (State.UNKNOWN, ("b1",)),
        (State.NOT_SENT, ()),
    ]
    assert script.arrivals["sendmsg"] == 2
    assert not lost.value.retryable  # as a whole, though the third may be sent to


def test_a_second_part_that_was_not_sent_leaves_the_message_unknown_as_it_went_out_in_part(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=[(one(A, "a1"), one(B, "b1")), NOT_FOUND])
    with pytest.raises(OutcomeUnknown) as failed:
        sms.send([A, B], THREE_PARTS)
    report = failed.value.report
    assert [(result.state, result.message_ids) for result in report] == [
        (State.UNKNOWN, ("a1",)),
        (State.UNKNOWN, ("b1",)),
    ]
    assert failed.value.may_have_taken_effect
    assert not failed.value.retryable
    assert script.arrivals["sendmsg"] == 2


def test_a_refusal_of_the_whole_second_request_leaves_the_message_unknown(scripted: Scripted) -> None:
    sms, _ = scripted(sendmsg=[one(A, "a1"), "ERR: 004, Account frozen"])
    with pytest.raises(OutcomeUnknown, match="004") as failed:
        sms.send(A, THREE_PARTS)
    assert isinstance(failed.value.cause, AccountError)
    assert [(result.state, result.message_ids) for result in failed.value.report] == [(State.UNKNOWN, ("a1",))]


def test_a_second_part_that_certainly_was_not_sent_is_tried_again(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=[one(A, "a1"), BUSY, BUSY, one(A, "a2"), one(A, "a3")])
    (result,) = sms.send(A, THREE_PARTS)
    assert result.message_ids == ("a1", "a2", "a3")
    assert script.arrivals["sendmsg"] == 5


def test_one_untold_recipient_of_the_second_part_stops_the_third_for_all(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=[(one(A, "a1"), one(B, "b1")), (one(A, "a2"), "what?")])
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send([A, B], THREE_PARTS)
    report = lost.value.report
    assert report is not None
    assert [(result.state, result.message_ids) for result in report] == [
        (State.UNKNOWN, ("a1", "a2")),
        (State.UNKNOWN, ("b1",)),
    ]
    assert report.unmatched == ("what?",)
    assert script.arrivals["sendmsg"] == 2


def test_one_untold_recipient_of_the_last_part_does_not_spoil_the_others(scripted: Scripted) -> None:
    sms, _ = scripted(
        sendmsg=[(one(A, "a1"), one(B, "b1")), (one(A, "a2"), one(B, "b2")), (one(A, "a3"), "what?")],
    )
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send([A, B], THREE_PARTS)
    report = lost.value.report
    assert report is not None
    assert [(result.state, result.message_ids) for result in report] == [
        (State.ACCEPTED, ("a1", "a2", "a3")),
        (State.UNKNOWN, ("b1", "b2")),
    ]
