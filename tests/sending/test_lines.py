"""The lines of an answer, read and matched by themselves: the edges that whole replies do not reach."""

import pytest

from clicksoap.msisdn import Recipients
from clicksoap.protocol.replies import Identified, match, read
from clicksoap.results import State

ONE, TWO = "27821234567", "27721234567"
"""Numbers that differ in their third digit alone."""


@pytest.mark.parametrize("behind", ["<b>", "</p>", " <br />", "<br></p>", "<br> \0</p>\0"])
def test_tags_behind_a_line_are_no_part_of_it(behind: str) -> None:
    (line,) = read([f"ID: 4711{behind}"])
    assert isinstance(line, Identified)
    assert line.message_id == "4711"


@pytest.mark.parametrize("behind", ["<3>", "<b", "b>", "<b>.", "< b>", ">"])
def test_what_resembles_a_tag_may_be_a_part_of_the_id(behind: str) -> None:
    (line,) = read([f"ID: 4711{behind}"])
    assert not isinstance(line, Identified)


def test_a_national_number_is_told_from_one_that_differs_in_the_digit_behind_the_country_code() -> None:
    found = match(Recipients([ONE, TWO], [ONE, TWO]), read([f"ID: a To: 0{TWO[2:]}", f"ID: b To: 0{ONE[2:]}"]))
    assert [each.message_id for each in found.results] == ["b", "a"]


def test_a_national_number_that_fits_two_is_told_to_none() -> None:
    other = f"49{ONE[2:]}"
    found = match(Recipients([ONE, other], [ONE, other]), read([f"ID: a To: 0{ONE[2:]}"]))
    assert [each.state for each in found.results] == [State.UNKNOWN] * 2
