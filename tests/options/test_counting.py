"""Segments counted beside an independent library."""

from typing import Any

import smsutil
from examples import examples
from hypothesis import example, given, strategies as st

from clicksoap.text import GSM_BASIC, GSM_EXTENSION, Alphabet, segments

_GSM = "".join(sorted(GSM_BASIC | GSM_EXTENSION))
_EXTENDED = "".join(sorted(GSM_EXTENSION))
_ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\x1b")
# Lengths that come near the borders of one to four parts, with more or fewer characters of two units.
_TEXTS = st.one_of(
    st.text(st.sampled_from(_GSM), min_size=1, max_size=480),
    st.text(st.sampled_from("a" * 8 + _EXTENDED), min_size=140, max_size=320),
    st.text(st.sampled_from("aя\N{PARTY POPPER}"), min_size=55, max_size=210),
    st.text(_ANY, min_size=1, max_size=210),
    st.builds(
        lambda lead, char, tail: "a" * lead + char * tail,
        st.integers(130, 162),
        st.sampled_from(["a", "^", "\N{EURO SIGN}", "я", "\N{PARTY POPPER}"]),
        st.integers(1, 170),
    ),
)


@examples(3000)
@given(_TEXTS)
@example("a" * 160)
@example("a" * 159 + "^")
@example("a" * 152 + "^" + "a" * 7)
@example("я" * 66 + "\N{PARTY POPPER}" * 3)
def test_parts_and_units_are_those_of_smsutil(text: str) -> None:
    """Every character but one: smsutil takes ESC (U+001B), the mark of the extension table, for a character of GSM.

    It is none (3GPP TS 23.038, 6.2.1), XML cannot carry it, and a text that holds it is refused.
    """
    counted = segments(text)
    other: Any = smsutil.split(text)
    is_plain = other.encoding == "gsm0338"
    assert (counted.alphabet is Alphabet.GSM7) is is_plain
    assert counted.parts == len(other.parts)
    assert counted.units == (other.total_bytes if is_plain else other.total_bytes // 2)
    single, joined = (160, 153) if is_plain else (70, 67)
    last = other.parts[-1].bytes if is_plain else other.parts[-1].bytes // 2
    assert counted.units_left == (single if counted.parts == 1 else joined) - last


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_culprits_are_the_characters_outside_the_alphabet(text: str) -> None:
    culprits = segments(text).culprits
    assert set(culprits) == {char for char in text if not smsutil.is_valid_gsm(char) or char == "\x1b"}
    assert list(culprits) == sorted(culprits, key=text.index)


def test_the_escape_of_the_alphabet_is_the_known_difference() -> None:
    assert smsutil.is_valid_gsm("\x1b")
    assert segments("\x1b").culprits == ("\x1b",)
