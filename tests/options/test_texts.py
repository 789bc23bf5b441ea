"""Flash messages, forced alphabets, and typography made plain on request."""

from collections.abc import Callable

import pytest

from clicksoap import Alphabet, Client, Feature, InvalidInput, Text, transliterate
from clicksoap.simulator import Simulator
from clicksoap.text import Charset, segments

Arrived = Callable[..., dict[str, str]]


def test_a_flash_message_is_asked_for_in_both_ways(arrived: Arrived, shared: Simulator) -> None:
    found = arrived(Text("Fire drill", flash=True))
    assert found == {"text": "Fire drill", "msg_type": "SMS_FLASH", "req_feat": str(int(Feature.FLASH))}
    assert shared.gateway.messages[-1].flash


def test_a_flash_message_keeps_the_senders_feature(arrived: Arrived) -> None:
    assert int(arrived(Text("x", flash=True), sender="27831234567")["req_feat"]) == 544


def test_a_plain_text_can_be_sent_in_unicode(arrived: Arrived, shared: Simulator) -> None:
    assert arrived(Text("hello", unicode=True)) == {"text": "00680065006c006c006f", "unicode": "1"}
    assert shared.gateway.messages[-1].text == "hello"


def test_unicode_that_was_asked_for_costs_what_it_costs(sms: Client) -> None:
    counted = sms.segments(Text("x" * 71, unicode=True))
    assert (counted.alphabet, counted.parts, counted.culprits) == (Alphabet.UCS2, 2, ())
    assert sms.segments(Text("x" * 71)).parts == 1


def test_a_text_that_must_be_plain_is_refused_where_it_cannot_be(sms: Client, binding: str) -> None:
    with pytest.raises(
        InvalidInput,
        match=r"holds U\+1F389 PARTY POPPER, which this binding cannot send as plain text.*segments\(\)\.culprits",
    ):
        sms.send("27821234567", Text("ja \N{PARTY POPPER}", unicode=False))
    assert sms.send("27821234567", Text("ja ja", unicode=False)).accepted
    euro = Text("5 \N{EURO SIGN}", unicode=False)
    if binding == "document_literal":
        assert sms.send("27821234567", euro).accepted
    else:
        with pytest.raises(InvalidInput, match="this binding cannot send as plain text"):
            sms.send("27821234567", euro)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"flash": 1}, "flash is int: give True or False"),
        ({"flash": None}, "flash is NoneType: give True or False"),
        ({"unicode": "no"}, "unicode is str: give True, False or None"),
        ({"unicode": 0}, "unicode is int: give True, False or None"),
    ],
)
def test_a_switch_of_a_text_is_a_bool(named: dict[str, bool], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Text("hello", **named)


TYPED = "\u201cIt\u2019s 5\u00a0o\u2019clock \u2013 ok\u2026\u201d"


def test_typography_is_made_plain_on_request() -> None:
    assert transliterate(TYPED) == "\"It's 5 o'clock - ok...\""
    assert segments(TYPED).alphabet is Alphabet.UCS2
    assert segments(transliterate(TYPED)).alphabet is Alphabet.GSM7


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Zoe\N{COMBINING ACUTE ACCENT}", "Zoé"),
        ("A\N{COMBINING RING ABOVE}\N{COMBINING CEDILLA}", "Å\N{COMBINING CEDILLA}"),
        ("e\N{ZERO WIDTH SPACE}\N{COMBINING GRAVE ACCENT}", "è"),
        ("O\N{MODIFIER LETTER APOSTROPHE}Brien \N{FULLWIDTH APOSTROPHE}", "O'Brien '"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}a\N{ZERO WIDTH SPACE}b\N{WORD JOINER}c\N{SOFT HYPHEN}", "abc"),
        ("\N{LEFT-TO-RIGHT MARK}a\N{LEFT-TO-RIGHT ISOLATE}b\N{POP DIRECTIONAL ISOLATE}", "ab"),
        ("a\N{VARIATION SELECTOR-16}b\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}c", "abc"),
        ("\N{EN DASH}\N{VARIATION SELECTOR-1}", "-"),
        ("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH JOINER}a", "a"),
        ("a\N{EM QUAD}b\N{HAIR SPACE}c\N{IDEOGRAPHIC SPACE}d\N{FIGURE SPACE}e\N{OGHAM SPACE MARK}f", "a b c d e f"),
        ("a\x85b\vc\N{LINE SEPARATOR}d", "a\nb\nc\nd"),
        ("a\tb", "a b"),
        ("5\N{KELVIN SIGN}", "5K"),
    ],
    ids=ascii,
)
def test_what_looks_plain_or_is_not_seen_becomes_plain(typed: str, plain: str) -> None:
    assert segments(typed).alphabet is Alphabet.UCS2
    assert transliterate(typed) == plain


@pytest.mark.parametrize(
    "text",
    [
        "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}",
        "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
        "1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}",
        "\N{COPYRIGHT SIGN}\N{VARIATION SELECTOR-16}",
        "می\N{ZERO WIDTH NON-JOINER}خواهم",
        "שלום \N{LEFT-TO-RIGHT ISOLATE}ABC\N{POP DIRECTIONAL ISOLATE}",
        "क\N{DEVANAGARI SIGN VIRAMA}\N{ZERO WIDTH JOINER}ष \N{DEVANAGARI LETTER QA}",
    ],
    ids=ascii,
)
def test_marks_that_other_scripts_and_emoji_need_stay(text: str) -> None:
    assert transliterate(text) == text


def test_culprits_are_named_by_code_point_and_name(sms: Client) -> None:
    counted = sms.segments("It\N{RIGHT SINGLE QUOTATION MARK}s \N{PARTY POPPER}\t\ue000")
    assert counted.named_culprits == (
        "U+2019 RIGHT SINGLE QUOTATION MARK",
        "U+1F389 PARTY POPPER",
        "U+0009 TAB",
        "U+E000 a character without a name",
    )
    assert sms.segments("plain").named_culprits == ()


def test_a_refusal_names_three_culprits_and_counts_the_others(sms: Client) -> None:
    with pytest.raises(InvalidInput, match=r"holds U\+0430 [A-Z ]+, U\+0431 [A-Z ]+, U\+0432 [A-Z ]+ and 2 other char"):
        sms.send("27821234567", Text("абвгд", unicode=False))


@pytest.mark.parametrize("text", ["", "plain", "Zoé ß Ñ \N{EURO SIGN}", "日本語 \N{PARTY POPPER}", "a\r\nb", "ﬁ Œ Ž ї"])
def test_letters_and_what_is_plain_already_are_left_alone(text: str) -> None:
    assert transliterate(text) == text


def test_making_plain_twice_is_making_plain_once() -> None:
    everything = "".join(chr(code) for code in range(1, 0x3000))
    assert transliterate(transliterate(everything)) == transliterate(everything)


def test_whatever_is_put_in_is_of_the_plain_alphabet_of_every_binding() -> None:
    changed = {chr(code) for code in range(1, 0x10000) if transliterate(chr(code)) != chr(code)}
    assert len(changed) > 30
    assert not segments(transliterate("".join(sorted(changed))), Charset.LATIN1).culprits


def test_it_is_never_done_unasked(arrived: Arrived, shared: Simulator) -> None:
    assert arrived(TYPED)["unicode"] == "1"
    assert shared.gateway.messages[-1].text == TYPED
