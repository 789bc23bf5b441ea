"""The language in which messages are looked for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, strategies as st

from clicksoap.codes import STATUSES
from clicksoap.simulator import Message, Stage
from clicksoap.simulator.search import MAX_TERMS, STATUS_WORDS, matching

NOW: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)


def message(text: str = "Your parcel is at the door", status: str = "008") -> Message:
    return Message(
        id="c0ffee" + "0" * 26,
        command="sendmsg",
        status=status,
        created=NOW,
        due=NOW,
        charge=Decimal(1),
        to="27821234567",
        sender="Corner Shop",
        text=text,
        text_as_sent=text,
        unicode=False,
        parts=1,
        data=b"",
        udh=b"",
        flash=False,
        client_message_id="Order77",
        batch_id="beef" + "0" * 28,
        parameters={},
        api_id=123456,
        user="Acme",
        callback=0,
        exchange=1,
        history=(Stage(NOW, status),),
    )


@pytest.mark.parametrize(
    "query",
    [
        *("", "  ", "parcel", "PARCEL", "parcel door", '"at the door"', "corner", "821234"),
        *("to:2782", "to:+27-82", 'to:"+27 82 123"', "to:4567", 'from:"corner shop"', "FROM:Corner", "text:parcel"),
        *("status:008", "status:8", "status:accepted", "status:pending", "-status:final", "command:sendmsg"),
        *("id:c0ffee", "id:order", "id:beef", "account:123456", "account:acme", "-train", '-"the train"', "-to:44"),
        *('-from:"other shop"', "to:2782 status:accepted parcel -train"),
    ],
)
def test_what_fits_is_found(query: str) -> None:
    assert matching(query)(message())


@pytest.mark.parametrize(
    "query",
    [
        *("train", "parcel train", '"the at door"', "-parcel", "to:44", "-to:2782", "from:parcel", "text:corner"),
        *("status:004", "status:delivered", "status:failed", "command:send", "id:ffee", "account:12345", "1:2"),
        *("https://example.org",),
    ],
)
def test_what_does_not_fit_is_not(query: str) -> None:
    assert not matching(query)(message())


@pytest.mark.parametrize("query", ["https://example.org/?a=b", "12:30", "a-b", "door-"])
def test_what_only_looks_like_a_field_or_a_sign_is_searched_as_it_stands(query: str) -> None:
    assert matching(query)(message(f"look {query} up"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('"open', "quotation mark"),
        ('par"cel"', "quotation mark"),
        ('"one""two"', "quotation mark"),
        ("colour:red", "unknown search field colour:.* to:, from:"),
        ("to:", "'to:' is empty"),
        ("to:Acme", "number"),
        ("-", "'-' is empty"),
        ('""', "is empty"),
        ("status:013", "number such as 004"),
        ("status:done", "delivered"),
        ("x" * (MAX_TERMS + 1), str(MAX_TERMS)),
    ],
)
def test_nonsense_is_refused_in_words(query: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matching(query)


@pytest.mark.parametrize("code", STATUSES)
def test_every_status_has_a_word_of_its_own(code: str) -> None:
    words = [word for word, codes in STATUS_WORDS.items() if codes == {code}]
    assert len(words) == 1
    assert matching(f"status:{words[0]}")(message(status=code))
    assert matching(f"status:{code}")(message(status=code))


def test_the_hexadecimal_spelling_of_a_status_is_understood() -> None:
    assert matching("status:00A")(message(status="010"))


@given(st.text())
def test_whatever_is_typed_either_works_or_is_refused(query: str) -> None:
    try:
        test = matching(query)
    except ValueError:
        return
    assert test(message()) in {True, False}


@given(st.text(alphabet=st.characters(exclude_characters='"'), min_size=1).filter(str.strip))
def test_a_phrase_finds_the_text_that_it_is_and_its_negation_does_not(text: str) -> None:
    assert matching(f'"{text}"')(message(text))
    assert not matching(f'-"{text}"')(message(text))
