"""Who a message is from: a number of up to 16 digits, or a name of up to 11 letters and digits."""

from typing import Any

import pytest

from clicksoap import Binary, Client, ConfigurationError, Feature, InvalidInput
from clicksoap.options import Options
from clicksoap.simulator import Simulator


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("27831234567", "27831234567"),
        ("+27 83 123-4567", "27831234567"),
        ("(27) 83.123.4567", "27831234567"),
        ("\N{LEFT-TO-RIGHT OVERRIDE}+27 83 1234567\N{POP DIRECTIONAL FORMATTING}", "27831234567"),
        ("٢٧٨٣", "2783"),
        (27831234567, "27831234567"),
        ("1", "1"),
        (0, "0"),
        ("1234567890123456", "1234567890123456"),
        (10**16 - 1, "9999999999999999"),
    ],
)
def test_a_number_is_sent_as_its_digits_and_asks_for_a_numeric_sender(given: str | int, wire: str) -> None:
    options = Options.of(sender=given)
    assert options.content == {"from": wire}
    assert options.features == Feature.NUMERIC
    assert not options.has_alphanumeric_sender


@pytest.mark.parametrize("name", ["A", "Acme", "Acme Ltd", "A1B2C3D4E5F", "24-7 Help", "7Eleven", "O'Hara & Co"])
def test_a_name_is_sent_as_it_is_and_asks_for_an_alphanumeric_sender(name: str) -> None:
    options = Options.of(sender=name)
    assert options.content == {"from": name}
    assert options.features == Feature.ALPHA
    assert options.has_alphanumeric_sender


@pytest.mark.parametrize(
    "wrong",
    [
        *("", " ", "+", "-", "--", "...", "12345678901234567", "ABCDEFGHIJKL", "Zoé", "Acme!", "a\n", "a\tb"),
        *("+Acme", "💥", "27831234567.0", "27/83", -5, 10**16, 10**5000),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) or abs(value) < 10**17 else "10**5000",
)
def test_what_is_neither_is_refused_with_both_forms(wrong: str | int) -> None:
    with pytest.raises(
        InvalidInput, match="sender is not valid: give a number of up to 16 digits, or a name of up to 11 letters"
    ):
        Options.of(sender=wrong)


@pytest.mark.parametrize("wrong", [True, 1.0, b"Acme", ["Acme"]], ids=repr)
def test_what_is_no_str_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match=f"sender is {type(wrong).__name__}: give a str"):
        Options.of(sender=wrong)


def test_a_name_does_not_go_with_octets(sms: Client) -> None:
    with pytest.raises(InvalidInput, match=r"sender is a name.*8-bit.*give a number"):
        sms.send("27821234567", Binary(b"\x01"), sender="Acme")
    assert sms.send("27821234567", Binary(b"\x01"), sender="27831234567").accepted


def test_the_clients_own_sender_holds_where_a_send_does_not_say(shared: Simulator, binding: str) -> None:
    with Client(1, "acme", "secret", endpoint=shared.origin, binding=binding, sender="Acme") as sms:  # type: ignore[arg-type]
        sms.send("27821234567", "hello")
        assert shared.gateway.messages[-1].sender == "Acme"
        sms.send("27821234567", "hello", sender="27831234567")
        assert shared.gateway.messages[-1].sender == "27831234567"
        with sms.batch("hello") as batch:
            batch.quicksend("27821234567")
        assert shared.gateway.messages[-1].sender == "Acme"


def test_an_impossible_sender_is_refused_when_the_client_is_made() -> None:
    wrong: Any
    for wrong in ("much too long a name", 10**16):
        with pytest.raises(ConfigurationError, match="sender is not valid"):
            Client(1, "acme", "secret", sender=wrong)
