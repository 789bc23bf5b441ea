"""Which statuses a message's ``callback`` asks for."""

import pytest

from clicksoap.codes import STATUSES
from clicksoap.simulator.webhooks.report_classes import is_reported

ERRORS = {"005", "007", "009", "010", "012"}
ON_THE_WAY = {"002", "003", "011"}


@pytest.mark.parametrize(
    ("callback", "reported"),
    [
        (0, set[str]()),
        (1, ON_THE_WAY),
        (2, {"004", *ERRORS}),
        (3, {"004", *ERRORS, *ON_THE_WAY}),
        (4, ERRORS),
        (5, {*ERRORS, *ON_THE_WAY}),
        (6, {"004", *ERRORS}),
        (7, {"004", *ERRORS, *ON_THE_WAY}),
    ],
)
def test_the_bits_ask_for_classes_of_statuses(callback: int, reported: set[str]) -> None:
    assert {each for each in STATUSES if is_reported(each, callback, stops=False)} == reported
    stops = {"006", "014"} if callback & 6 else set[str]()
    assert {each for each in STATUSES if is_reported(each, callback, stops=True)} == reported | stops
