"""How many messages a text costs (3GPP TS 23.038 and 23.040)."""

from typing import Any

import pytest

from clicksoap.errors import InvalidInput
from clicksoap.text import MAX_PARTS, Alphabet, Charset, Segments, segments, transliterate, ucs2_hex

GSM, UCS = Alphabet.GSM7, Alphabet.UCS2


@pytest.mark.parametrize(
    ("text", "units", "parts", "left"),
    [
        ("", 0, 1, 160),
        ("a", 1, 1, 159),
        ("a" * 160, 160, 1, 0),
        ("a" * 161, 161, 2, 145),
        ("a" * 306, 306, 2, 0),
        ("a" * 307, 307, 3, 152),
        ("a" * 459, 459, 3, 0),
        ("a" * 460, 460, 4, 152),
        ("a" * 153 * 35, 153 * 35, 35, 0),
        ("€" * 80, 160, 1, 0),
        ("€" * 80 + "a", 161, 2, 144),
        ("a\nb\rc", 5, 1, 155),
        ("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", 42, 1, 118),
        ("\f^{}\\[~]|€", 20, 1, 140),
    ],
    ids=range(14),
)
def test_units_and_parts_of_the_plain_alphabet(text: str, units: int, parts: int, left: int) -> None:
    assert segments(text) == Segments(GSM, units, parts, left, ())


@pytest.mark.parametrize(
    ("text", "parts", "left"),
    [
        ("a" * 152 + "^" + "a" * 7, 2, 144),  # 161 units: the first part ends one septet early
        ("a" * 151 + "^" + "a" * 8, 2, 145),  # 161 units: the first part is filled to its end
        ("^" * 81, 2, 143),  # 76 fit a part of 153, and the last septet stays empty
        ("^" * 152, 2, 1),
        ("^" * 153, 3, 151),
    ],
)
def test_a_character_of_the_extension_is_never_split_over_parts(text: str, parts: int, left: int) -> None:
    counted = segments(text)
    assert (counted.alphabet, counted.parts, counted.units_left) == (GSM, parts, left)


@pytest.mark.parametrize(
    ("text", "units", "parts", "left"),
    [
        ("я" * 70, 70, 1, 0),
        ("я" * 71, 71, 2, 63),
        ("я" * 134, 134, 2, 0),
        ("я" * 135, 135, 3, 66),
        ("я" + "a" * 69, 70, 1, 0),
        ("🎉" * 35, 70, 1, 0),
        ("🎉" * 36, 72, 2, 61),  # 33 fit a part of 67, and its last unit stays empty
        ("я" + "🎉" * 35, 71, 2, 63),
        ("я" * 66 + "🎉" + "я" * 3, 71, 2, 62),
        ("^" * 70 + "я", 71, 2, 63),
    ],
)
def test_units_and_parts_of_ucs_2(text: str, units: int, parts: int, left: int) -> None:
    counted = segments(text)
    assert (counted.alphabet, counted.units, counted.parts, counted.units_left) == (UCS, units, parts, left)


def test_culprits_come_once_each_in_order_of_appearance() -> None:
    assert segments("naïve “quotes” naïve ✓").culprits == ("ï", "“", "”", "✓")


@pytest.mark.parametrize("char", ["`", "\t", "ç", "\N{NO-BREAK SPACE}", "\x1b", "’", "á", "Α"])  # noqa: RUF001
def test_what_looks_plain_and_is_not_in_the_alphabet_is_a_culprit(char: str) -> None:
    assert segments(f"a{char}b").culprits == (char,)
    assert segments(f"a{char}b").alphabet is UCS


def test_the_euro_sign_is_plain_where_unicode_is_carried_and_a_culprit_where_latin_1_is() -> None:
    assert segments("5 €", Charset.UNICODE) == Segments(GSM, 4, 1, 156, ())
    assert segments("5 €", Charset.LATIN1) == Segments(UCS, 3, 1, 67, ("€",))


def test_greek_capitals_are_plain_where_unicode_is_carried_and_culprits_where_latin_1_is() -> None:
    assert segments("ΔΦ", Charset.UNICODE).alphabet is GSM
    assert segments("ΔΦΔ", Charset.LATIN1).culprits == ("Δ", "Φ")


def test_accents_of_latin_1_are_plain_everywhere() -> None:
    assert segments("Zoé à Ñ ß ø", Charset.LATIN1).alphabet is GSM


@pytest.mark.parametrize(
    ("text", "hexadecimal"), [("A", "0041"), ("é", "00e9"), ("€", "20ac"), ("🎉", "d83cdf89"), ("", "")]
)
def test_unicode_goes_out_as_hexadecimal_of_utf_16_without_a_mark(text: str, hexadecimal: str) -> None:
    assert ucs2_hex(text) == hexadecimal


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        ucs2_hex("\ud83c")


def test_the_gateway_joins_35_parts_at_most() -> None:
    assert MAX_PARTS == 35


@pytest.mark.parametrize(("text", "more"), [("✓яю", ""), ("✓яюэ", " and 1 other characters")], ids=["three", "four"])
def test_three_culprits_are_named_and_the_others_counted(text: str, more: str) -> None:
    named = "U+2713 CHECK MARK, U+044F CYRILLIC SMALL LETTER YA, U+044E CYRILLIC SMALL LETTER YU"
    assert segments(text).culprits_named() == named + more


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((b"hello",), "text is bytes: give a str"),
        (("hello", "latin-1"), "charset is str: give a Charset"),
    ],
    ids=["text", "charset"],
)
def test_a_value_of_a_wrong_kind_is_not_counted(arguments: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        segments(*arguments)


def test_whether_to_count_in_ucs_2_is_true_or_false() -> None:
    with pytest.raises(InvalidInput, match="force_ucs2 is int: give True or False"):
        segments("hello", force_ucs2=1)  # type: ignore[arg-type]


def test_bytes_are_not_transliterated() -> None:
    with pytest.raises(InvalidInput, match="text is bytes: give a str"):
        transliterate(b"hello")  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "plain"), [("a`b", "a'b"), ("a\vb", "a\nb"), ("a\tb", "a b"), ("ab", "ab")])
def test_ascii_outside_of_the_alphabet_is_transliterated(text: str, plain: str) -> None:
    assert transliterate(text) == plain


@pytest.mark.parametrize("before", ["\u024f", "q\u0300", "q\u036f"], ids=ascii)
def test_a_joiner_behind_the_last_latin_letter_and_behind_each_accent_is_not_needed(before: str) -> None:
    assert transliterate(f"{before}\N{ZERO WIDTH JOINER}") == before


def test_a_joiner_behind_the_first_letter_of_another_script_stays() -> None:
    joined = "\u0250\N{ZERO WIDTH JOINER}"
    assert transliterate(joined) == joined


def test_the_last_character_of_one_unit_is_u_ffff() -> None:
    assert [segments(char).units for char in ("\uffff", "\U00010000")] == [1, 2]
