"""Numbers as callers write them, and as the gateway wants them."""

from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from clicksoap.errors import InvalidInput
from clicksoap.msisdn import msisdn, recipients
from clicksoap.redaction import masked_number


@pytest.mark.parametrize(
    "spelled",
    [
        "27821234567",
        "+27821234567",
        "0027821234567",
        "+27 82 123 4567",
        "+27-82-123-4567",
        "(27) 82 1234567",
        "+27 (82) 123-4567",
        "(+27) 82 123 4567",
        "+27 (821234567)",
        "+27.82.123.4567",
        " 27821234567 ",
        "27\N{NO-BREAK SPACE}82\t1234567\n",
        "27 821 234.567",
        "27\N{NON-BREAKING HYPHEN}82\N{EN DASH}123\N{MINUS SIGN}4567",
        "tel:+27-82-123-4567",
        "TEL:27821234567",
        "٢٧٨٢١٢٣٤٥٦٧",
        "२७ ८२ १२३ ४५६७",
        "２７８２１２３４５６７",  # noqa: RUF001 - digits of full width are the case
        "＋２７（８２）１２３－４５６７",  # noqa: RUF001
        "\N{LEFT-TO-RIGHT EMBEDDING}+27 82 123 4567\N{POP DIRECTIONAL FORMATTING}",
        "\N{LEFT-TO-RIGHT OVERRIDE}+27 82 123 4567\N{POP DIRECTIONAL FORMATTING}\N{NO-BREAK SPACE}",
        "\N{ZERO WIDTH NO-BREAK SPACE}27821234567",
        "2782\N{ZERO WIDTH SPACE}123\N{SOFT HYPHEN}4567",
        27821234567,
        IntEnum("Support", {"DESK": 27821234567}).DESK,  # type: ignore[attr-defined]
        StrEnum("Desk", {"SUPPORT": "27821234567"}).SUPPORT,  # type: ignore[attr-defined]
    ],
)
def test_every_international_spelling_gives_the_same_digits(spelled: str | int) -> None:
    assert msisdn(spelled) == "27821234567"


@pytest.mark.parametrize("digits", ["1234567", "123456789012345"])
def test_seven_to_fifteen_digits_are_a_number(digits: str) -> None:
    assert msisdn(digits) == digits


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "is not a number"),
        ("   ", "is not a number"),
        ("+", "is not a number"),
        ("++27821234567", "is not a number"),
        ("27821234567a", "is not a number"),
        ("27821234567,27831234567", "several numbers in one text: give a list"),
        ("27821234567;ext=1", "is not a number"),
        ("2782123#567", "is not a number"),
        ("27821234567;ext=1", "U+003B SEMICOLON at position 11"),
        ("tel:+27821234567;ext=1", "U+003B SEMICOLON at position 16"),
        ("tel:082;phone-context=+27", "U+003B SEMICOLON at position 7"),
        ("tel: 27821234567", "U+0074 LATIN SMALL LETTER T at position 0"),
        ("  27821234567/7", "U+002F SOLIDUS at position 13"),
        ("2.7821234567E+10", "U+0045 LATIN CAPITAL LETTER E at position 12"),
        ("4.4E+11", "U+0045 LATIN CAPITAL LETTER E at position 3"),
        ("'27821234567", "U+0027 APOSTROPHE at position 0"),
        ("2782123456\N{SUPERSCRIPT TWO}", "U+00B2 SUPERSCRIPT TWO at position 10"),
        ("2782123456\N{CIRCLED DIGIT ONE}", "U+2460 CIRCLED DIGIT ONE at position 10"),
        ("2782123456O", "U+004F LATIN CAPITAL LETTER O at position 10"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}27821234567", "U+202E RIGHT-TO-LEFT OVERRIDE at position 0"),
        ("1234567\n7654321", "U+000A LINE FEED at position 7"),
        ("2782123456\ud83c", "U+D83C half of a surrogate pair at position 10"),
        ("2782123\0", "U+0000 NULL at position 7"),
        ("2782123\x01", "U+0001 a character without a name at position 7"),
        ("27821234567.0", "is a decimal number"),
        ("27821234567.00", "is a decimal number"),
        ("+27821234567.5", "is a decimal number"),
        ("27 821 234 567.0", "is a decimal number"),
        ("27.821.234.567.0", "is a decimal number"),
        ("278212345.67", "is a decimal number"),
        ("27,821,234,567.00", "several numbers in one text"),
        ("27821234567.", "punctuation is out of place"),
        ("27821234567-", "punctuation is out of place"),
        (".27821234567", "punctuation is out of place"),
        ("-27821234567", "punctuation is out of place"),
        ("27..821234567", "punctuation is out of place"),
        ("27 - - 821234567", "punctuation is out of place"),
        ("27)82(1234567", "punctuation is out of place"),
        ("((27)821234567)", "punctuation is out of place"),
        ("27()821234567", "punctuation is out of place"),
        ("27+821234567", "punctuation is out of place"),
        (Decimal(27821234567), "is Decimal"),
        ("0821234567", "national 0"),
        ("+0821234567", "national 0"),
        ("000821234567", "national 0"),
        ("+27 (0) 82 123 4567", "national (0)"),
        ("+27 ( 0 ) 82 123 4567", "national (0)"),
        ("123456", "has 6 digits"),
        ("1234567890123456", "has 16 digits"),
        (123456, "has 6 digits"),
        (0, "national 0"),
        (-27821234567, "is not a number"),
        (10**5000, ""),
        (True, "is bool"),
        (27821234567.0, "is float"),
        (None, "is NoneType"),
        (b"27821234567", "is bytes"),
        (["27821234567"], "is list"),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) or abs(value) < 10**20 else "10**5000",
)
def test_what_is_no_international_number_is_refused_with_the_reason(given: object, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        msisdn(given)
    assert words in str(refused.value)


def test_a_refusal_names_the_position_and_never_the_number() -> None:
    with pytest.raises(InvalidInput, match=r"^to\[1\] starts with a national 0") as refused:
        recipients(["27821234567", "0831234567"])
    assert "831234567" not in str(refused.value)


def test_a_single_number_is_one_recipient() -> None:
    for to in ("+27 82 123 4567", 27821234567):
        found = recipients(to)
        assert (found.msisdns, found.given) == (("27821234567",), (str(to),))


def test_recipients_keep_their_order_and_their_doubles() -> None:
    given = ["27831234567", "27821234567", "+27831234567"]
    assert recipients(given).msisdns == ("27831234567", "27821234567", "27831234567")
    assert recipients(given).given == tuple(given)


def test_any_iterable_gives_recipients() -> None:
    def numbers() -> Iterator[str | int]:
        yield "27821234567"
        yield 27831234567

    assert len(recipients(numbers())) == 2
    assert len(recipients(("27821234567",))) == 1


@pytest.mark.parametrize("nobody", [[], (), iter(())])
def test_nobody_is_refused(nobody: Any) -> None:
    with pytest.raises(InvalidInput, match="to is empty"):
        recipients(nobody)


@pytest.mark.parametrize("wrong", [None, b"27821234567", bytearray(b"27821234567"), {"27821234567": "x"}, 1.5])
def test_what_does_not_hold_numbers_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=f"to is {type(wrong).__name__}"):
        recipients(wrong)


def test_a_masked_number_shows_four_digits() -> None:
    assert masked_number("27821234567") == "27…67"
    assert masked_number("123456") == "…"


def test_the_repr_of_recipients_shows_no_number() -> None:
    assert repr(recipients(["27821234567", "4420123456"])) == "<Recipients 27…67, 44…56>"
