"""A report is a sequence of results, and shows no numbers by accident."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clicksoap.codes import MessageStatus
from clicksoap.errors import GatewayError, InvalidInput, LimitExceeded, OutcomeUnknown, PartlySent, RecipientError
from clicksoap.results import Charge, Coverage, QueriedStatus, RecipientResult, SendReport, State

A, B, C, D = "27821234567", "27831234567", "27841234567", "27851234567"
ACCEPTED = RecipientResult(A, f"+{A}", State.ACCEPTED, message_ids=("a1",), raw=f"ID: a1 To: {A}")
REJECTED = RecipientResult(B, B, State.REJECTED, error=GatewayError.of("105", ""), raw=f"ERR: 105, x To: {B}")
UNKNOWN = RecipientResult(C, C, State.UNKNOWN)
NOT_SENT = RecipientResult(D, D, State.NOT_SENT)
REPORT = SendReport((ACCEPTED, REJECTED, UNKNOWN, NOT_SENT), lines=("one", "two"), unmatched=("two",))


def test_a_report_is_a_sequence_in_input_order() -> None:
    assert isinstance(REPORT, Sequence)
    assert len(REPORT) == 4
    assert list(REPORT) == [ACCEPTED, REJECTED, UNKNOWN, NOT_SENT]
    assert (REPORT[0], REPORT[-1]) == (ACCEPTED, NOT_SENT)
    assert REPORT[1:3] == (REJECTED, UNKNOWN)
    assert list(reversed(REPORT))[0] == NOT_SENT  # noqa: RUF015 - reversing is the case
    assert REJECTED in REPORT
    assert REPORT.index(UNKNOWN) == 2
    assert REPORT.count(ACCEPTED) == 1
    with pytest.raises(IndexError):
        REPORT[4]


def test_a_report_of_nobody_is_false() -> None:
    assert not SendReport(())
    assert repr(SendReport(())) == "<SendReport of nobody>"


def test_each_recipient_is_in_one_list() -> None:
    assert REPORT.accepted == (ACCEPTED,)
    assert REPORT.rejected == (REJECTED,)
    assert REPORT.unknown == (UNKNOWN,)
    assert REPORT.not_sent == (NOT_SENT,)


def test_the_first_rejection_is_raised_with_the_report() -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        REPORT.raise_for_rejected()
    assert isinstance(raised.value.cause, RecipientError)
    assert raised.value.report is REPORT
    assert raised.value.may_have_taken_effect


def test_a_rejection_beside_an_acceptance_is_partly_sent() -> None:
    report = SendReport((ACCEPTED, REJECTED, NOT_SENT))
    with pytest.raises(PartlySent) as raised:
        report.raise_for_rejected()
    assert isinstance(raised.value.cause, RecipientError)
    assert (raised.value.report, raised.value.retryable) == (report, False)


def test_a_rejection_without_an_acceptance_took_no_effect() -> None:
    with pytest.raises(RecipientError) as raised:
        SendReport((REJECTED,)).raise_for_rejected()
    assert not raised.value.may_have_taken_effect


def test_raising_a_rejection_leaves_the_result_as_it_was() -> None:
    with pytest.raises(RecipientError):
        SendReport((REJECTED,)).raise_for_rejected()
    assert REJECTED.error is not None
    assert not REJECTED.error.report
    assert not REJECTED.error.may_have_taken_effect


def test_a_raised_limit_tells_until_when() -> None:
    limit = GatewayError.of("130", "Maximum MT limit exceeded until 1354313345")
    with pytest.raises(LimitExceeded) as raised:
        SendReport((RecipientResult(A, A, State.REJECTED, error=limit),)).raise_for_rejected()
    assert raised.value.until == datetime(2012, 11, 30, 22, 9, 5, tzinfo=UTC)


def test_a_report_survives_plain_data() -> None:
    data = json.loads(json.dumps(REPORT.to_dict()))
    assert SendReport.from_dict(data).to_dict() == REPORT.to_dict()
    assert SendReport.from_dict(data).lines == REPORT.lines


def test_a_limit_in_plain_data_tells_until_when() -> None:
    limit = GatewayError.of("130", "Maximum MT limit exceeded until 1354313345")
    report = SendReport((RecipientResult(A, A, State.REJECTED, error=limit),))
    (result,) = SendReport.from_dict(report.to_dict())
    assert isinstance(result.error, LimitExceeded)
    assert result.error.until == datetime(2012, 11, 30, 22, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("results", 5), ("results", [5]), ("results", [{}]), ("lines", None), ("parts", "x"), ("parts", None)),
        *(("sent_at", "today"), ("sent_at", 5), ("results", None)),
        *(("results", [{**REPORT.to_dict()["results"][1], "error": ["999", None]}]),),
        *(("results", [{**REPORT.to_dict()["results"][1], "error": "105"}]),),
        *(("results", [{**REPORT.to_dict()["results"][1], "state": "gone"}]),),
    ],
    ids=range(12),
)
def test_plain_data_of_another_shape_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidInput, match="data is not a report"):
        SendReport.from_dict({**REPORT.to_dict(), field: value})


def test_nothing_is_raised_where_nobody_was_rejected() -> None:
    SendReport((ACCEPTED, UNKNOWN, NOT_SENT)).raise_for_rejected()
    SendReport(()).raise_for_rejected()


def test_reprs_show_no_numbers_ids_or_lines() -> None:
    assert repr(REPORT) == "<SendReport 1 accepted, 1 rejected, 1 unknown, 1 not_sent>"
    assert repr(ACCEPTED) == "<RecipientResult 27…67 accepted>"
    assert repr(REJECTED) == "<RecipientResult 27…67 rejected, the gateway refused: 105, Invalid destination address>"
    raw = f"ID: a1 Status: 004 To: {A}"
    status = MessageStatus.of("004")
    assert A not in repr(QueriedStatus("a1", status, raw))
    assert A not in repr(Charge(Decimal("0.33"), status, raw))


def test_states_are_their_words() -> None:
    assert [str(state) for state in State] == ["accepted", "rejected", "unknown", "not_sent", "unconfirmed"]
    assert ACCEPTED.state == "accepted"


def test_a_coverage_holds_the_gateways_words() -> None:
    coverage = Coverage(routed=True, charge=Decimal("0.33"), text="supported")
    assert (coverage.routed, coverage.charge, coverage.text) == (True, Decimal("0.33"), "supported")


def test_a_result_survives_plain_data() -> None:
    for result in REPORT:
        assert RecipientResult.from_dict(json.loads(json.dumps(result.to_dict()))).to_dict() == result.to_dict()
    with pytest.raises(InvalidInput, match="data is not a result that to_dict\\(\\) gave \\(no to\\)"):
        RecipientResult.from_dict({})


def test_a_queried_status_speaks_for_itself() -> None:
    status = QueriedStatus("0" * 32, MessageStatus.of("004"), "ID: … Status: 004")
    assert (status.code, status.text) == ("004", "Received on the handset")
    assert (status.is_final, status.is_delivered) == (True, True)
    assert not QueriedStatus("0" * 32, MessageStatus.of("013"), "").is_final
