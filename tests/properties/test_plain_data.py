"""A report from plain data: it is the report that was stored, or the data is refused."""

import copy
import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from examples import examples
from hypothesis import given, strategies as st

from clicksoap.errors import GatewayError, InvalidInput
from clicksoap.results import RecipientResult, SendReport, State

A: Final = "27821234567"
REPORT: Final = SendReport(
    (
        RecipientResult(A, f"+{A}", State.ACCEPTED, ("a1", "a2"), client_message_id="c1", raw=f"ID: a1 To: {A}"),
        RecipientResult(A, A, State.REJECTED, error=GatewayError.of("105", ""), raw="ERR: 105"),
        RecipientResult(A, A, State.NOT_SENT, error=GatewayError.of("130", "until 1354313345"), unique=True),
        RecipientResult(A, A, State.UNKNOWN, client_message_id="c2"),
        RecipientResult(A, A, State.UNCONFIRMED),
    ),
    lines=("ID: a1", "ERR: 105"),
    unmatched=("x",),
    parts=2,
    sent_at=datetime(2026, 11, 28, tzinfo=UTC),
    reference={"order": 7},
    ended_at=datetime(2026, 11, 28, 0, 1, tzinfo=UTC),
    settles_at=datetime(2026, 11, 28, 0, 2, tzinfo=UTC),
)
ODD: Final[st.SearchStrategy[object]] = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1e300, 10**400, float("nan"), b"x", object),
        *("", "x", "today", "2026-11-28", "accepted", "2782\x00", "9" * 40),
        *([], [[]], ["a", 5], [None], {}, {"code": 5}, {"code": "1", "text": "x", "until": None}),
    ]
)


def paths(data: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside plain data."""
    found = [prefix] if prefix else []
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        found += paths(value, (*prefix, key))
    return found


STORED: Final[dict[str, Any]] = json.loads(json.dumps(REPORT.to_dict()))
PATHS: Final = paths(STORED)


def test_a_stored_report_is_the_same_report() -> None:
    assert SendReport.from_dict(STORED) == REPORT


@examples(1500)
@given(st.lists(st.tuples(st.sampled_from(PATHS), ODD, st.booleans()), min_size=1, max_size=3))
def test_changed_data_is_a_report_that_can_be_stored_again_or_is_refused(
    changes: list[tuple[tuple[Any, ...], Any, bool]],
) -> None:
    data = copy.deepcopy(STORED)
    for path, value, is_removed in changes:
        place: Any = data
        try:
            for key in path[:-1]:
                place = place[key]
            if is_removed:
                del place[path[-1]]
            else:
                place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        report = SendReport.from_dict(data)
    except InvalidInput as refused:
        assert "that to_dict() gave" in str(refused)  # noqa: PT017 - most changes are refused, a few are not
        assert A not in str(refused)  # noqa: PT017
        return
    assert SendReport.from_dict(report.to_dict()) == report
    assert all(result.message_ids for result in report.accepted)


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"results": []}])
def test_data_of_another_kind_is_refused(data: Any) -> None:
    for kind in (SendReport, RecipientResult):
        with pytest.raises(InvalidInput, match=r"that to_dict\(\) gave"):
            kind.from_dict(data)
