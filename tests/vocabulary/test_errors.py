"""What an error says, and that it keeps it."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import clicksoap
from clicksoap import errors
from clicksoap.codes import ERRORS
from clicksoap.errors import (
    ClicksoapError,
    ConfigurationError,
    GatewayError,
    InvalidCallback,
    InvalidInput,
    KeyTaken,
    LimitExceeded,
    NotExpressible,
    NotSent,
    OutboxError,
    OutboxMismatch,
    OutboxUnavailable,
    OutcomeUnknown,
    PartlySent,
    ProtocolError,
    SoapFault,
    TransportError,
    TransportLost,
    TransportTimeout,
    report_of,
)
from clicksoap.redaction import redact, scrub
from clicksoap.results import RecipientResult, SendReport, State

BY_CLASS: Final = {
    "AuthenticationError": "001 002 007 108",
    "SessionExpired": "003 005",
    "AccountError": "004",
    "ParameterRefused": "100 101 102 107 109 110 111 112 113 115 116 120",
    "RecipientError": "105 114 121 122 128",
    "SenderError": "106 123",
    "UnknownMessage": "103 104",
    "BatchError": "201 202",
    "InsufficientCredit": "301 302",
    "LimitExceeded": "130",
    "GatewayFailure": "901",
    "GatewayError": "006 117 129 607 999",
}
CODES: Final = [(code, name) for name, codes in BY_CLASS.items() for code in codes.split()]
REPORT: Final = SendReport(
    (RecipientResult("27821234567", "+27821234567", State.ACCEPTED, message_ids=("a1",)),), lines=("ID: a1",)
)


@pytest.mark.parametrize(("code", "name"), CODES)
def test_the_class_of_a_refusal_goes_by_its_number_alone(code: str, name: str) -> None:
    for words in ("", "Authentication failed", "whatever words"):
        error = GatewayError.of(code, words)
        assert type(error).__name__ == name
        assert error.code == code
        assert error.text == ERRORS.get(code, words)
        assert not error.may_have_taken_effect


def test_every_documented_number_is_told_to_a_class() -> None:
    assert {code for code, name in CODES if name != "GatewayError"} == set(ERRORS)


def test_a_refusal_without_a_number_is_the_plain_class_with_the_gateways_words() -> None:
    error = GatewayError.of(None, "not routed")
    assert type(error) is GatewayError
    assert str(error) == "the gateway refused: not routed"
    assert str(GatewayError.of("301", "no credit")) == "the gateway refused: 301, No credit left"


def test_only_expired_sessions_and_failures_of_the_gateway_invite_a_repetition() -> None:
    assert {code for code, _ in CODES if GatewayError.of(code, "").retryable} == {"003", "005", "901"}


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("Maximum MT limit exceeded until 1354313345", datetime(2012, 11, 30, 22, 9, 5, tzinfo=UTC)),
        ("until <1354313345>.", datetime(2012, 11, 30, 22, 9, 5, tzinfo=UTC)),
        ("9999999999", datetime(2286, 11, 20, 17, 46, 39, tzinfo=UTC)),
        ("Maximum MT limit exceeded", None),
        ("until 13543", None),
        ("until 135431334500", None),
        ("", None),
    ],
)
def test_a_limit_tells_until_when_if_the_gateway_does(words: str, until: datetime | None) -> None:
    error = GatewayError.of("130", words)
    assert isinstance(error, LimitExceeded)
    assert error.until == until


def of_every_class() -> list[ClicksoapError]:
    lost = TransportLost("it was lost", may_have_left=True)
    made: list[ClicksoapError] = [
        ClicksoapError("x"),
        InvalidInput("x"),
        NotExpressible("x"),
        ConfigurationError("x"),
        InvalidCallback("x"),
        OutboxError("x"),
        OutboxUnavailable("x"),
        OutboxMismatch("x"),
        KeyTaken("x"),
        TransportError("TLS failed", may_have_left=False, retryable=False),
        TransportTimeout("the time ran out", may_have_left=False),
        lost,
        ProtocolError("HTTP 503", status=503, retryable=True),
        ProtocolError("HTTP 404", status=404, may_have_taken_effect=False),
        SoapFault("Client", "why"),
        SoapFault("", ""),
        NotSent("nothing was sent", cause=TransportTimeout("the time ran out", may_have_left=False)),
        PartlySent("it was sent to 1 of 2 only", cause=GatewayError.of("301", "")),
        OutcomeUnknown("it may have been sent", cause=lost),
        *(GatewayError.of(code, "until 1354313345") for code, _ in CODES),
        GatewayError.of(None, "not routed"),
    ]
    for error in made:
        error.report = REPORT
    return made


def test_every_class_of_error_is_among_those_that_are_copied() -> None:
    classes = (each for name, each in vars(errors).items() if isinstance(each, type) and not name.startswith("_"))
    ours = {each for each in classes if issubclass(each, ClicksoapError)}
    assert {type(error) for error in of_every_class()} == ours


ERROR_PAGE = Path(__file__).parents[2] / "docs/reference/errors.md"


@pytest.mark.parametrize(
    "kind", sorted({type(error) for error in of_every_class()}, key=str), ids=lambda kind: kind.__name__
)
def test_every_class_of_error_is_exported_and_stands_on_the_page_of_errors(kind: type[ClicksoapError]) -> None:
    assert getattr(clicksoap, kind.__name__) is kind
    assert kind.__name__ in clicksoap.__all__
    assert re.search(rf"\b{kind.__name__}\b", ERROR_PAGE.read_text())


def test_the_page_of_errors_tells_each_number_to_its_class() -> None:
    """A range such as 109\N{EN DASH}113 stands for each of its documented numbers."""
    table = dict(re.findall("^\\| `(\\w+)` \\| ([0-9 \N{EN DASH}]+)", ERROR_PAGE.read_text(), re.MULTILINE))
    for name, numbers in table.items():
        told = {
            code
            for first, last in re.findall("([0-9]{3})(?:\N{EN DASH}([0-9]{3}))?", numbers)
            for code in ERRORS
            if first <= code <= (last or first)
        }
        assert told == getattr(clicksoap, name).codes


def state(error: BaseException | None) -> Any:
    """All that an error holds; a cause by what it holds in turn."""
    if error is None:
        return None
    held = {name: value for name, value in vars(error).items() if name not in {"_cause", "_report"}}
    return type(error), error.args, str(error), repr(error), held, state(getattr(error, "cause", None))


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301 - our own bytes
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("error", of_every_class(), ids=repr)
def test_a_copy_keeps_everything(error: ClicksoapError, duplicate: Callable[[ClicksoapError], ClicksoapError]) -> None:
    other = duplicate(error)
    assert other is not error
    assert state(other) == state(error)
    assert other.report is not None
    assert list(other.report) == list(REPORT)
    assert other.report.lines == REPORT.lines
    for name in ("may_have_taken_effect", "retryable", "until", "code", "text", "status"):
        assert getattr(other, name, None) == getattr(error, name, None)


@pytest.mark.parametrize("error", of_every_class(), ids=repr)
def test_an_error_is_made_again_from_its_args_as_json(error: ClicksoapError) -> None:
    """Task queues do that; all is there but the report."""
    args = json.loads(json.dumps(error.args))
    other = type(error)(*args)
    without_report = copy.copy(error)
    without_report.__dict__.pop("_report")
    assert state(other) == state(without_report)
    assert type(error)(*json.loads(json.dumps(other.args))).args == other.args
    assert report_of(other) is None
    for name in ("may_have_taken_effect", "retryable", "until", "code", "text", "status", "retry_after"):
        assert getattr(other, name, None) == getattr(error, name, None)


@pytest.mark.parametrize("error", of_every_class(), ids=repr)
@pytest.mark.parametrize("name", ["may_have_taken_effect", "retryable"])
def test_what_a_call_made_of_an_error_is_made_again_from_its_args(error: ClicksoapError, name: str) -> None:
    """Such as of the time-out of a login: the command behind it never left."""
    for value in (True, False):
        setattr(error, name, value)
        other = type(error)(*json.loads(json.dumps(error.args)))
        assert getattr(other, name) is value


def test_a_report_goes_through_json_beside_the_args_of_its_error() -> None:
    error = PartlySent("it was sent to 1 of 2 only", cause=GatewayError.of("301", ""), report=REPORT)
    stored = json.dumps([type(error).__name__, error.args, error.report.to_dict()])
    name, args, report = json.loads(stored)
    other = getattr(clicksoap, name)(*args)
    other.report = SendReport.from_dict(report)
    assert type(other) is PartlySent
    assert other.report == REPORT
    assert str(other.cause) == str(error.cause)


@pytest.mark.parametrize("error", of_every_class(), ids=repr)
def test_neither_repr_nor_args_show_numbers_or_texts_of_the_report(error: ClicksoapError) -> None:
    shown = f"{error!r} {error.args!r} {error}"
    assert "2782" not in shown
    assert "ID: a1" not in shown


@pytest.mark.parametrize("kind", sorted({type(error) for error in of_every_class()}, key=str))
@pytest.mark.parametrize("details", [None, {}, {"cause": 5}, {"cause": {"class": "scrub", "args": ["x"]}}, [], 7])
def test_details_of_another_kind_are_passed_over(kind: type[Any], details: Any) -> None:
    texts = [part for part in kind().args if not isinstance(part, dict)]
    assert kind(*texts, details).args == kind().args


def test_a_cause_of_a_class_of_the_callers_own_is_made_again_as_the_class_of_ours_that_it_is() -> None:
    class Own(TransportTimeout):
        pass

    error = NotSent("nothing was sent", cause=Own("slow", may_have_left=False))
    assert type(NotSent(*json.loads(json.dumps(error.args))).cause) is TransportTimeout


def test_a_report_of_rejected_recipients_survives_pickling() -> None:
    rejected = RecipientResult("27821234567", "x", State.REJECTED, error=GatewayError.of("105", ""), raw="ERR: 105")
    other = pickle.loads(pickle.dumps(SendReport((rejected,), ("ERR: 105",), ())))  # noqa: S301 - our own bytes
    assert isinstance(other, SendReport)
    assert other == SendReport((rejected,), ("ERR: 105",), ())
    assert state(other[0].error) == state(rejected.error)
    assert (other[0].to, other[0].state, other.lines) == ("27821234567", State.REJECTED, ("ERR: 105",))


@pytest.mark.parametrize(
    ("error", "parents"),
    [
        (InvalidInput("x"), ValueError),
        (NotExpressible("x"), InvalidInput),
        (TransportTimeout("x", may_have_left=True), TimeoutError),
        (TransportLost("x", may_have_left=True), ConnectionError),
        (TransportLost("x", may_have_left=True), TransportError),
        (TransportTimeout("x", may_have_left=True), TransportError),
    ],
    ids=repr,
)
def test_errors_are_also_those_of_python_that_they_are(error: Exception, parents: type[Exception]) -> None:
    assert isinstance(error, parents)
    assert isinstance(error, ClicksoapError)


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        *(("Client", False), ("client", False), ("Client.Authentication", False), ("Sender", False)),
        *(("Server", True), ("Receiver", True), ("MustUnderstand", True), ("VersionMismatch", True)),
        *(("ClientX", True), ("", True), ("WSDL", True), ("Server.Client", True)),
    ],
)
def test_only_the_fault_codes_client_and_sender_say_that_nothing_was_done(code: str, *, effect: bool) -> None:
    assert SoapFault(code, "why").may_have_taken_effect is effect


def test_a_fault_names_its_code_and_words() -> None:
    assert str(SoapFault("Server", "busy")) == "SOAP Fault Server: busy"
    assert str(SoapFault("", "")) == "SOAP Fault without a code: no text"


@pytest.mark.parametrize(("left", "effect"), [(True, True), (False, False)])
def test_a_transport_error_tells_whether_anything_had_left(*, left: bool, effect: bool) -> None:
    assert TransportLost("x", may_have_left=left).may_have_taken_effect is effect


def test_not_sent_is_retryable_where_its_cause_is_and_an_unknown_outcome_never() -> None:
    lost = TransportLost("x", may_have_left=True)
    assert lost.retryable
    assert NotSent("x", cause=lost).retryable
    assert not NotSent("x", cause=SoapFault("Client", "")).retryable
    assert not OutcomeUnknown("x", cause=lost).retryable
    assert OutcomeUnknown("x", cause=lost).may_have_taken_effect
    assert not NotSent("x", cause=lost).may_have_taken_effect


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to 27821234567.", "to ***."),
        ("to +27 82 123 4567!", "to ***!"),
        ("to 27-82-123-4567", "to ***"),
        ("four 1234 digits", "four 1234 digits"),
        ("five 12345", "five ***"),
        ("id a1b2c3d4e5f60718293a4b5c6d7e8f90", "id ***"),
        ("id A1B2C3D4E5F60718 and more", "id *** and more"),
        ("  folded \n\t blanks ", "folded blanks"),
        ("x" * 300, "x" * 200),
        ("", ""),
    ],
)
def test_foreign_words_lose_numbers_ids_and_length(text: str, shown: str) -> None:
    assert scrub(text) == shown


def test_foreign_words_lose_secrets() -> None:
    assert scrub("user acme password s3cret!", ["s3cret!", ""]) == "user acme password ***"
    assert redact("s3cret! s3cret!", ["s3cret!"]) == "*** ***"
    assert redact("nothing", [""]) == "nothing"


def test_an_undocumented_refusal_is_shown_without_numbers() -> None:
    assert GatewayError.of("999", "no way to 27821234567").text == "no way to ***"
    assert GatewayError.of(None, "prefix 27821234567 not supported").text == "prefix *** not supported"


def test_the_report_of_an_error_or_of_an_interruption_is_found() -> None:
    error = OutcomeUnknown("x", cause=TransportLost("x", may_have_left=True))
    assert report_of(error) is None
    error.report = REPORT
    assert report_of(error) is REPORT
    interruption = KeyboardInterrupt()
    assert report_of(interruption) is None
    interruption.report = REPORT  # type: ignore[attr-defined] # what a driver does
    assert report_of(interruption) is REPORT
