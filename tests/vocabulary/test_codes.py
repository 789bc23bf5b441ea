"""The gateway's numbers and their meanings."""

import re

import pytest

from clicksoap.codes import ERRORS, STATUS_DEFINITIONS, STATUSES, MessageStatus, Phase


@pytest.mark.parametrize(
    ("spelled", "code"),
    [
        *((code, code) for code in STATUSES),
        *(("4", "004"), ("04", "004"), ("11", "011")),
        *(("00A", "010"), ("00B", "011"), ("00C", "012"), ("00a", "010"), ("a", "010"), ("0c", "012")),
        *(("013", "013"), ("00D", "00D"), ("999", "999")),
    ],
)
def test_every_spelling_of_a_status_is_one_of_three_characters(spelled: str, code: str) -> None:
    status = MessageStatus.of(spelled)
    assert (status.code, status.text) == (code, STATUSES.get(code, ""))


def test_only_004_is_delivered() -> None:
    assert [code for code in STATUSES if MessageStatus.of(code).is_delivered] == ["004"]


def test_final_statuses_are_those_after_which_nothing_comes() -> None:
    final = {code for code in (*STATUSES, "013", "00D") if MessageStatus.of(code).is_final}
    assert final == {"004", "005", "006", "007", "009", "010", "012", "014"}


def test_every_class_of_statuses_derives_from_one_table() -> None:
    every = STATUS_DEFINITIONS.values()
    assert [each.code for each in every] == list(STATUSES) == list(STATUS_DEFINITIONS)
    assert {each.code for each in every if each.is_error} == {"005", "007", "009", "010", "012", "014"}
    assert {each.code for each in every if each.is_free} == {"006", "009", "010", "012", "014"}
    assert {each.code for each in every if each.is_from_network} == {"003", "004", "007"}
    assert {each.code for each in every if not each.is_in_callback_table} == {"001", "006", "008", "014"}
    assert {phase: {each.code for each in every if each.phase is phase} for phase in Phase if phase != "failed"} == {
        "unknown": {"001"},
        "accepted": {"008"},
        "queued": {"002", "011"},
        "handed_on": {"003"},
        "delivered": {"004"},
        "cancelled": {"006"},
    }
    assert len({each.word for each in every}) == len(STATUSES)


def test_every_error_and_status_has_three_digits_and_a_meaning() -> None:
    assert all(re.fullmatch("[0-9]{3}", code) for code in (*ERRORS, *STATUSES))
    assert all(text.strip() == text != "" for text in (*ERRORS.values(), *STATUSES.values()))
    assert "605" not in ERRORS
