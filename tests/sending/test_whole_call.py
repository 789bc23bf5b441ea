"""The class of an error speaks of the whole call, so that the simplest handler neither doubles nor loses a message."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from rawserver import Hangup, reply

from clicksoap import (
    AuthenticationError,
    ClicksoapError,
    Client,
    GatewayError,
    InsufficientCredit,
    InvalidInput,
    LimitExceeded,
    NotSent,
    OutcomeUnknown,
    PartlySent,
    ProtocolError,
    RecipientError,
    SendReport,
    SessionExpired,
    State,
    TransportError,
    report_of,
)
from clicksoap.simulator import Simulator

A, B, C = "27821234567", "27831234567", "27841234567"
MANY = [f"2782{number:07}" for number in range(311)]
REFUSED = "9991051234"
TEXT = "hello"

Scripted = Callable[..., Any]
NOT_FOUND = reply(b"", "404 Not Found")


def hang_up(*_: object) -> None:
    raise Hangup


def counts(report: SendReport) -> dict[str, int]:
    return {
        str(state): len([each for each in report if each.state is state]) for state in State if each_of(report, state)
    }


def each_of(report: SendReport, state: State) -> list[Any]:
    return [each for each in report if each.state is state]


def accepting(first: int, numbers: list[str]) -> tuple[str, ...]:
    return tuple(f"ID: {first + index:032x} To: {number}" for index, number in enumerate(numbers))


def test_a_request_that_fails_after_300_were_accepted_is_partly_sent_and_the_rest_is_sent_once(
    scripted: Scripted,
) -> None:
    """Told as NotSent, "repeat as you like" gave 300 people a second message."""
    sms, script = scripted(
        {"max_recipients": 300, "retry": None},
        sendmsg=[accepting(1, MANY[:300]), NOT_FOUND, accepting(301, MANY[300:])],
    )
    with pytest.raises(PartlySent) as stopped:
        sms.send(MANY, TEXT)
    error = stopped.value
    assert counts(error.report) == {"accepted": 300, "not_sent": 11}
    assert isinstance(error.cause, ProtocolError)
    assert (error.may_have_taken_effect, error.retryable) == (True, False)
    rest = sms.send(error.report.not_sent, TEXT)
    assert [each.to for each in rest.accepted] == MANY[300:]
    assert [asked["to"] for asked in script.of("sendmsg")] == [MANY[:300], MANY[300:], MANY[300:]]


@pytest.mark.parametrize(
    ("answer", "kind", "cause", "third"),
    [
        (NOT_FOUND, PartlySent, ProtocolError, State.NOT_SENT),
        (hang_up, OutcomeUnknown, TransportError, State.UNKNOWN),
        ("ERR: 301, No Credit Left", PartlySent, InsufficientCredit, State.NOT_SENT),
        ("ERR: 130, Maximum MT limit exceeded until 1354313345", PartlySent, LimitExceeded, State.NOT_SENT),
        ("ERR: 003, Session ID expired", PartlySent, SessionExpired, State.NOT_SENT),
        (
            ("ERR: 003, expired To: 27841234567", "ERR: 003, expired To: 27841234567"),
            OutcomeUnknown,
            ProtocolError,
            State.UNKNOWN,
        ),
        ("ERR: 123, Invalid sender", PartlySent, GatewayError, State.REJECTED),
        ("ERR: 901, Internal error", PartlySent, GatewayError, State.REJECTED),
        ("Hello", OutcomeUnknown, ProtocolError, State.UNKNOWN),
    ],
    ids=["404", "hang up", "301", "130", "003", "003 for one twice", "123", "901", "nonsense"],
)
def test_whatever_stops_the_second_request_is_the_cause(
    scripted: Scripted, answer: Any, kind: type[Any], cause: type[Exception], third: State
) -> None:
    sms, script = scripted(
        {"max_recipients": 2, "retry": None, "auth": "credentials"}, sendmsg=[accepting(1, [A, B]), answer]
    )
    with pytest.raises(kind) as stopped:
        sms.send([A, B, C, f"{C}1", f"{C}2"], TEXT)
    error = stopped.value
    assert type(error) is kind
    assert isinstance(error.cause, cause)
    assert [each.state for each in error.report] == [State.ACCEPTED] * 2 + [third] * 2 + [State.NOT_SENT]
    assert script.arrivals["sendmsg"] == 2
    assert not error.retryable
    assert error.may_have_taken_effect
    assert report_of(error) is error.report
    copied: Any = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert copied.report == error.report


@pytest.mark.parametrize("code", ["001", "002", "004", "007", "108", "130", "301", "302"])
def test_an_account_code_of_the_whole_request_stops_the_send(scripted: Scripted, code: str) -> None:
    """Without it, 38 587 refused requests followed one another when the credit was out."""
    sms, script = scripted({"max_recipients": 2}, sendmsg=f"ERR: {code}, no")
    with pytest.raises(GatewayError) as refused:
        sms.send([A, B, C], TEXT)
    assert refused.value.code == code
    assert [(each.state, each.error.code if each.error else None) for each in refused.value.report] == [
        (State.NOT_SENT, code),
        (State.NOT_SENT, code),
        (State.NOT_SENT, None),
    ]
    assert script.arrivals["sendmsg"] == 1
    assert not refused.value.may_have_taken_effect


def test_an_account_code_of_one_recipient_leaves_it_not_sent_and_stops_the_rest(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 2}, sendmsg=(f"ID: a1 To: {A}", f"ERR: 301, No Credit Left To: {B}"))
    with pytest.raises(PartlySent) as stopped:
        sms.send([A, B, C], TEXT)
    assert isinstance(stopped.value.cause, InsufficientCredit)
    assert [each.state for each in stopped.value.report] == [State.ACCEPTED, State.NOT_SENT, State.NOT_SENT]
    assert script.arrivals["sendmsg"] == 1


def test_302_with_a_number_is_that_recipient_s_own(scripted: Scripted) -> None:
    sms, script = scripted(
        {"max_recipients": 2},
        sendmsg=[(f"ID: a1 To: {A}", f"ERR: 302, Max allowed credit To: {B}"), accepting(9, [C])],
    )
    report = sms.send([A, B, C], TEXT)
    assert [each.state for each in report] == [State.ACCEPTED, State.REJECTED, State.ACCEPTED]
    assert script.arrivals["sendmsg"] == 2


def test_a_refusal_of_a_whole_request_of_several_rejects_them_and_stops(scripted: Scripted) -> None:
    """ERR 123 without a number went out once per request and came back quietly as 601 rejections."""
    sms, script = scripted({"max_recipients": 2}, sendmsg="ERR: 123, Invalid Sender")
    with pytest.raises(GatewayError, match="123") as refused:
        sms.send([A, B, C], TEXT)
    assert [each.state for each in refused.value.report] == [State.REJECTED, State.REJECTED, State.NOT_SENT]
    assert script.arrivals["sendmsg"] == 1


def test_a_refusal_of_a_request_of_one_recipient_is_its_own(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 1}, sendmsg=["ERR: 105, Invalid", "ID: a1", "ERR: 114, no route"])
    report = sms.send([A, B, C], TEXT)
    assert [each.state for each in report] == [State.REJECTED, State.ACCEPTED, State.REJECTED]
    assert script.arrivals["sendmsg"] == 3
    with pytest.raises(PartlySent) as partly:
        report.raise_for_rejected()
    assert isinstance(partly.value.cause, RecipientError)


def test_a_login_that_is_refused_in_the_middle_is_the_cause(scripted: Scripted) -> None:
    sms, script = scripted(
        {"max_recipients": 1},
        auth=["OK: 5e55104d5e55104d5e55104d5e55104d", "ERR: 001, Authentication failed"],
        sendmsg=["ID: a1", "ERR: 003, Session ID expired"],
    )
    with pytest.raises(PartlySent) as stopped:
        sms.send([A, B, C], TEXT)
    assert isinstance(stopped.value.cause, AuthenticationError)
    assert [each.state for each in stopped.value.report] == [State.ACCEPTED, State.NOT_SENT, State.NOT_SENT]
    assert isinstance(stopped.value.report[1].error, AuthenticationError)
    assert script.arrivals["sendmsg"] == 2


def test_a_fault_of_the_library_in_the_middle_is_the_cause(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    sms, script = scripted({"max_recipients": 1})
    requests = iter([None, ZeroDivisionError("secret words")])
    encode = type(sms._core.binding).encode

    def broken(self: Any, *given: Any) -> Any:
        if (failure := next(requests, None)) is not None and given[0] == "sendmsg":
            raise failure
        return encode(self, *given)

    sms.authenticate()
    monkeypatch.setattr(type(sms._core.binding), "encode", broken)
    with pytest.raises(PartlySent) as stopped:
        sms.send([A, B], TEXT)
    assert str(stopped.value.cause) == "an unexpected ZeroDivisionError ended the call"
    assert isinstance(stopped.value.__cause__, ZeroDivisionError)
    assert [each.state for each in stopped.value.report] == [State.ACCEPTED, State.NOT_SENT]
    assert script.arrivals["sendmsg"] == 1


class TimeIsUp(Exception):
    """The soft time limit of a task queue, for example."""


def test_an_exception_of_the_caller_s_own_class_passes_unchanged_with_the_report(scripted: Scripted) -> None:
    def stop(_: float) -> None:
        raise TimeIsUp

    sms, _ = scripted({"max_recipients": 1}, sendmsg=["ID: a1", reply(b"", "429 Too Many Requests")])
    with pytest.raises(TimeIsUp) as stopped:
        sms.with_options(sleep=stop).send([A, B], TEXT)
    report = report_of(stopped.value)
    assert report is not None
    assert [each.state for each in report] == [State.ACCEPTED, State.NOT_SENT]


def test_the_four_classes_are_siblings() -> None:
    four = (NotSent, GatewayError, PartlySent, OutcomeUnknown)
    assert not [(one, other) for one in four for other in four if one is not other and issubclass(one, other)]
    assert [kind.may_have_taken_effect for kind in four] == [False, False, True, True]


def test_errors_of_calls_without_recipients_have_an_empty_report(scripted: Scripted) -> None:
    sms, _ = scripted(token_pay=["ERR: 901, Internal error", hang_up, NOT_FOUND], getbalance="ERR: 001, no")
    for kind in (GatewayError, OutcomeUnknown, NotSent):
        with pytest.raises(kind) as failed:
            sms.redeem("1234567890123456")
        assert failed.value.report == SendReport(())
        assert report_of(failed.value) is None or not report_of(failed.value)
    with pytest.raises(GatewayError) as failed:
        sms.balance()
    assert failed.value.report == SendReport(())


# Results as recipients


def test_an_empty_not_sent_sends_nothing_and_gives_an_empty_report(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A, B], TEXT)
    assert sms.send(report.not_sent, TEXT) == SendReport(()) or not sms.send(report.not_sent, TEXT)
    assert gateway.gateway.commands["sendmsg"] == 1
    with pytest.raises(InvalidInput, match="to is empty"):
        sms.send([], TEXT)


def test_a_number_given_twice_with_unique_is_sent_once_again(scripted: Scripted) -> None:
    sms, script = scripted({"retry": None}, sendmsg=[NOT_FOUND, (f"ID: a1 To: {A}", f"ID: b1 To: {B}")] * 2)
    with pytest.raises(NotSent) as failed:
        sms.send([A, B, f"+{A}"], TEXT, unique=True)
    report = failed.value.report
    assert len(report) == 3
    assert [each.to for each in report.not_sent] == [A, B]
    assert [each.to for each in sms.send(report.not_sent, TEXT)] == [A, B]
    with pytest.raises(NotSent):
        sms.send([A], TEXT)
    restored = SendReport.from_dict(json.loads(json.dumps(report.to_dict())))
    assert [each.to for each in sms.send(list(restored), TEXT)] == [A, B]
    assert [asked["to"] for asked in script.of("sendmsg")] == [[A, B], [A, B], [A], [A, B]]


def test_a_number_given_twice_without_unique_is_due_two_messages(scripted: Scripted) -> None:
    sms, script = scripted({"retry": None}, sendmsg=[NOT_FOUND, accepting(1, [A, A])])
    with pytest.raises(NotSent) as failed:
        sms.send([A, A], TEXT)
    sms.send(failed.value.report.not_sent, TEXT)
    assert [asked["to"] for asked in script.of("sendmsg")] == [[A, A], [A, A]]


def test_results_in_another_state_are_refused(sms: Client, gateway: Simulator) -> None:
    report = sms.send([A, REFUSED], TEXT)
    for results, state in ((report, "accepted"), (report.rejected, "rejected")):
        with pytest.raises(
            InvalidInput, match=rf"to\[0\] is a result in state {state}: give results in state not_sent"
        ):
            sms.send(results, TEXT)
    assert gateway.gateway.commands["sendmsg"] == 1


def test_results_and_numbers_may_stand_side_by_side(scripted: Scripted) -> None:
    sms, script = scripted({"retry": None}, sendmsg=[NOT_FOUND, accepting(1, [A, B])])
    with pytest.raises(NotSent) as failed:
        sms.send("+27 82 123 4567", TEXT)
    assert failed.value.report[0].given == "+27 82 123 4567"
    report = sms.send([*failed.value.report.not_sent, B], TEXT)
    assert [each.given for each in report] == ["+27 82 123 4567", B]
    assert script.of("sendmsg")[1]["to"] == [A, B]


# Matching


@pytest.mark.parametrize(
    ("lines", "states"),
    [
        ((f"ERR: 003, x To: {A}", f"ERR: 003, x To: {A}"), ["unknown", "unknown", "unknown"]),
        (("ID: a", "", "ID: b"), ["unknown"] * 3),
        (("ID: a", "OK", "ID: b", "Warning: slow", "ID: c"), ["accepted"] * 3),
        ((f"ID: a To: {A}", f"ERR: 003, x To: {B}", f"ID: c To: {C}"), ["accepted", "not_sent", "accepted"]),
        (("ID: z To: 15551234567", "ERR: 105, no"), ["unknown"] * 3),
        ((f"ID: a To: {A}", "ID: b", f"ID: c To: {C}"), ["accepted", "unknown", "accepted"]),
        (("ERR: 105, no", "stray words"), ["rejected"] * 3),
    ],
    ids=range(7),
)
def test_lines_are_told_to_recipients_without_a_guess(
    scripted: Scripted, lines: tuple[str, ...], states: list[str]
) -> None:
    sms, script = scripted(sendmsg=[lines])
    try:
        report = sms.send([A, B, C], TEXT)
    except ClicksoapError as error:
        assert error.report is not None  # noqa: PT017 - which class it is follows from the states
        report = error.report
    assert [str(each.state) for each in report] == states
    assert script.arrivals["sendmsg"] == 1


@pytest.mark.parametrize("stray", [(), ("stray words",), ("", "OK")])
def test_an_expired_session_is_renewed_whatever_stands_beside_the_line(
    scripted: Scripted, stray: tuple[str, ...]
) -> None:
    """With a stray line beside it, the first of two recipients came back as rejected."""
    sms, script = scripted(
        sendmsg=[accepting(1, [A, B]), ("ERR: 003, Session ID expired", *stray), accepting(3, [A, B])]
    )
    sms.send([A, B], TEXT)
    assert [each.message_id for each in sms.send([A, B], TEXT)] == [f"{3:032x}", f"{4:032x}"]
    assert script.arrivals["auth"] == 2


def test_a_national_number_that_fits_two_recipients_is_nobody_s(scripted: Scripted) -> None:
    """The line "To: 0821234567" may mean 27821234567, and 821234567 as well."""
    sms, _ = scripted(sendmsg=[("ID: a To: 0821234567", "ID: b To: 821234567")])
    with pytest.raises(OutcomeUnknown) as failed:
        sms.send([A, "821234567"], TEXT)
    assert [each.message_id for each in failed.value.report] == [None, "b"]
    assert failed.value.report.unmatched == ("ID: a To: 0821234567",)
