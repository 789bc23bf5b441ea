"""The exit code of each outcome, also of mixed ones."""

import pytest

from clicksoap.cli.app import EXIT_CODES
from clicksoap.cli.exit_codes import code_of, code_of_send, worst
from clicksoap.cli.values import Tolerance, tolerance
from clicksoap.errors import (
    ClicksoapError,
    ConfigurationError,
    GatewayError,
    InvalidInput,
    NotSent,
    OutcomeUnknown,
    PartlySent,
    ProtocolError,
    TransportLost,
)
from clicksoap.results import RecipientResult, SendReport, State

REFUSED = GatewayError.of("105", "")
CREDIT = GatewayError.of("301", "")
LOGIN = GatewayError.of("001", "")


def report(*states: tuple[State, GatewayError | None] | State) -> SendReport:
    results = []
    for number, each in enumerate(states):
        state, error = each if isinstance(each, tuple) else (each, None)
        ids = ("a" * 32,) if state is State.ACCEPTED else ()
        results.append(RecipientResult(f"2782000000{number}", f"2782000000{number}", state, ids, error))
    return SendReport(tuple(results))


@pytest.mark.parametrize(
    ("found", "error", "code"),
    [
        (report(State.ACCEPTED), None, 0),
        (report(State.ACCEPTED, (State.REJECTED, REFUSED)), None, 3),
        (report((State.REJECTED, REFUSED)), REFUSED, 3),
        (report(State.NOT_SENT), NotSent(cause=ConfigurationError("x")), 4),
        (report(State.NOT_SENT), NotSent(cause=TransportLost("x", may_have_left=False)), 75),
        (report(State.ACCEPTED, State.NOT_SENT), PartlySent(cause=TransportLost("x", may_have_left=False)), 4),
        (report((State.NOT_SENT, LOGIN)), LOGIN, 6),
        (report((State.NOT_SENT, CREDIT)), CREDIT, 7),
        (report(State.ACCEPTED, (State.NOT_SENT, CREDIT), State.NOT_SENT), PartlySent(cause=CREDIT), 7),
        (report((State.NOT_SENT, GatewayError.of("130", "until 1700000000"))), GatewayError.of("130", ""), 75),
        (report(State.ACCEPTED, State.NOT_SENT), PartlySent(cause=GatewayError.of("130", "")), 4),
        (report(State.ACCEPTED, State.UNKNOWN), OutcomeUnknown(cause=TransportLost("x")), 5),
        (report(State.UNKNOWN, State.NOT_SENT, (State.REJECTED, REFUSED)), OutcomeUnknown(cause=LOGIN), 5),
        (report((State.REJECTED, REFUSED), (State.NOT_SENT, LOGIN)), PartlySent(cause=LOGIN), 6),
        (report((State.REJECTED, REFUSED), State.NOT_SENT), NotSent(cause=ConfigurationError("x")), 4),
        (report(State.UNCONFIRMED), None, 5),
    ],
)
def test_a_send_ends_with_the_code_of_its_outcome(found: SendReport, error: ClicksoapError | None, code: int) -> None:
    assert code_of_send(found, error) == code
    assert code in EXIT_CODES


def test_so_many_rejections_may_be_tolerated_and_nothing_else() -> None:
    mixed = report(*[State.ACCEPTED] * 99, (State.REJECTED, REFUSED))
    assert code_of_send(mixed, None, tolerance("rejected=1%").of(100)) == 0
    assert code_of_send(mixed, None, tolerance("rejected=0.9%").of(100)) == 3
    assert code_of_send(mixed, None, tolerance("rejected=1").of(100)) == 0
    assert Tolerance().of(100) == 0
    lost = report(State.ACCEPTED, State.UNKNOWN)
    assert code_of_send(lost, OutcomeUnknown(cause=TransportLost("x")), tolerance("rejected=100%").of(2)) == 5


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("x"), 2),
        (ConfigurationError("x"), 2),
        (GatewayError.of("103", ""), 3),
        (GatewayError.of(None, "x"), 3),
        *((GatewayError.of(number, ""), 6) for number in ("001", "003", "004", "007", "108")),
        (GatewayError.of("301", ""), 7),
        *((GatewayError.of(number, ""), 75) for number in ("130", "901")),
        (TransportLost("x"), 75),
        (ProtocolError("x", status=404), 1),
        (OutcomeUnknown(cause=TransportLost("x")), 5),
    ],
)
def test_a_question_ends_with_the_code_of_its_error(error: ClicksoapError, code: int) -> None:
    assert code_of(error) == code


def test_the_first_of_the_documented_order_is_given() -> None:
    assert [worst([3, 4, 7, 6, 5][: 5 - n]) for n in range(5)] == [5, 6, 7, 4, 3]
    assert worst([75, 3]) == 3
    assert worst([0, 75]) == 75
    assert worst([]) == 0
