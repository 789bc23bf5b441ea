"""The short way through the usual answer gives what the long way gives."""

from hypothesis import given, settings, strategies as st

from clicksoap.numbers import Recipient
from clicksoap.replies import all_accepted, match, read

NUMBERS = st.sampled_from(["27821234567", "27831234567", "4420123456"])
IDS = st.sampled_from(["0a1b", "x", "", "two words", "a:b", "é", "0" * 32])
LINES = st.one_of(
    st.builds("ID: {} To: {}".format, IDS, st.one_of(NUMBERS, st.sampled_from(["", "+27821234567", "x"]))),
    st.builds("ID: {}".format, IDS),
    st.builds("ID: {} To:".format, IDS),
    st.sampled_from(["", "ERR: 105, x To: 27821234567", "ERR: 001, x", "OK", "ID:  x", "id: x", "ID: x Status: 004"]),
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=3), st.lists(LINES, max_size=4))
def test_an_answer_that_is_taken_as_usual_is_read_alike_the_long_way(numbers: list[str], items: list[str]) -> None:
    recipients = [Recipient(number, f"+{number}") for number in numbers]
    usual = all_accepted(recipients, items, "own")
    if usual is not None:
        results, unmatched = match(recipients, read(items), "own")
        assert (usual, unmatched) == (results, [])


def test_the_usual_answers_are_taken() -> None:
    one, two = Recipient("27821234567", "27821234567"), Recipient("27831234567", "27831234567")
    assert all_accepted([one], ["ID: 0a1b"], None) is not None
    assert all_accepted([one], ["ID: 0a1b To: 27821234567"], None) is not None
    assert all_accepted([one, two], ["ID: 0a1b To: 27821234567", "ID: 0a1c To: 27831234567"], None) is not None
    assert all_accepted([one, two], ["ID: 0a1b To: 27831234567", "ID: 0a1c To: 27821234567"], None) is None
