"""The content of a message, the segments that it takes, and its price."""

from decimal import Decimal

import pytest

from clicksoap import text as client_text
from clicksoap.codes import ERRORS
from clicksoap.simulator import Account, Command, Gateway, Settings
from clicksoap.simulator.gateway.segments import segment_count

WHO = {"api_id": "7", "user": "acme", "password": "secret"}
TO = "27820000001"
OTHER = "27820000002"
REFUSED = "9991210000"
FACE = "\N{GRINNING FACE}"


def gateway_with(balance: str = "1000", price: str = "1", concat_default: int = 1) -> Gateway:
    account = Account(7, "acme", "secret", Decimal(balance), Decimal(price))
    return Gateway(accounts=[account], settings=Settings(concat_default=concat_default))


def run(gateway: Gateway, command: str, *to: str, **values: str) -> list[str]:
    return gateway.execute(Command(command, {**WHO, **values}, to))


def in_hexadecimal(text: str) -> dict[str, str]:
    return {"text": text.encode("utf-16-be").hex(), "unicode": "1"}


class TestParts:
    @pytest.mark.parametrize(
        ("text", "unicode", "parts"),
        [
            ("", False, 1),
            ("x" * 160, False, 1),
            ("x" * 161, False, 2),
            ("x" * 306, False, 2),
            ("x" * 307, False, 3),
            ("€" * 80, False, 1),
            ("x" * 159 + "€", False, 2),
            ("x" * 152 + "€" + "x" * 152, False, 3),
            ("\f^{}\\[~]|€" * 8, False, 1),
            ("\f^{}\\[~]|€" * 8 + "x", False, 2),
            ("ê" * 160, False, 1),
            ("Ω" * 70, True, 1),
            ("Ω" * 71, True, 2),
            ("x" * 134, True, 2),
            ("x" * 135, True, 3),
            (FACE * 35, True, 1),
            (FACE * 36, True, 2),
            (FACE * 67, True, 3),
        ],
    )
    def test_a_text_is_cut_as_the_air_asks(self, text: str, *, unicode: bool, parts: int) -> None:
        assert segment_count(text, unicode=unicode) == parts

    @pytest.mark.parametrize("alphabet", ["aé€", f"aΩ{FACE}"])
    def test_client_and_simulator_count_alike(self, alphabet: str) -> None:
        for length in range(1, 700):
            text = "".join(alphabet[(index * index + length) % 3] for index in range(length))
            expected = client_text.segments(text)
            assert segment_count(text, unicode=bool(expected.culprits)) == expected.parts


class TestConcat:
    @pytest.mark.parametrize(
        ("values", "parts"),
        [
            ({"text": "x" * 161, "concat": "2"}, 2),
            ({"text": "x" * 161, "concat": "35"}, 2),
            ({"text": "x" * 153 * 35, "concat": "35"}, 35),
            ({"text": "x" * 160, "concat": "3"}, 1),
            ({**in_hexadecimal("Ω" * 71), "concat": "2"}, 2),
        ],
    )
    def test_every_part_is_charged(self, values: dict[str, str], parts: int) -> None:
        gateway = gateway_with(price="0.5")
        (line,) = run(gateway, "sendmsg", TO, **values)
        (message,) = gateway.messages
        assert (message.parts, message.charge) == (parts, parts * Decimal("0.5"))
        assert gateway.balance(7, "acme") == 1000 - parts * Decimal("0.5")
        charge = run(gateway, "getmsgcharge", apimsgid=line.removeprefix("ID: "))[0].split(" ")[3]
        assert Decimal(charge) == message.charge

    @pytest.mark.parametrize(
        "values",
        [
            {"text": "x" * 161},
            {"text": "x" * 161, "concat": "1"},
            {"text": "x" * 307, "concat": "2"},
            {"text": "x" * (153 * 35 + 1), "concat": "99"},
            in_hexadecimal("Ω" * 71),
            {**in_hexadecimal("Ω" * 135), "concat": "2"},
        ],
    )
    def test_more_parts_than_allowed_are_refused(self, values: dict[str, str]) -> None:
        gateway = gateway_with()
        assert run(gateway, "sendmsg", TO, **values) == [f"ERR: 113, {ERRORS['113']}"]
        assert gateway.messages == []
        assert gateway.balance(7, "acme") == 1000

    def test_what_is_wrong_with_a_number_goes_first_and_a_lack_of_credit_last(self) -> None:
        gateway = gateway_with("1")
        lines = run(gateway, "sendmsg", REFUSED, TO, text="x" * 161)
        assert lines == [f"ERR: 121, {ERRORS['121']} To: {REFUSED}", f"ERR: 113, {ERRORS['113']} To: {TO}"]
        assert run(gateway, "sendmsg", TO, text="x" * 161, concat="2") == [f"ERR: 301, {ERRORS['301']}"]
        assert gateway.balance(7, "acme") == 1

    def test_the_default_can_be_chosen(self) -> None:
        gateway = gateway_with(concat_default=3)
        assert run(gateway, "sendmsg", TO, text="x" * 459)[0].startswith("ID: ")
        assert run(gateway, "sendmsg", TO, text="x" * 460)[0].startswith("ERR: 113")
        assert run(gateway, "sendmsg", TO, text="x" * 459, concat="1")[0].startswith("ERR: 113")
        for wrong in (0, 36):
            with pytest.raises(ValueError, match="1 to 35"):
                Gateway(settings=Settings(concat_default=wrong))

    def test_a_negative_number_of_parts_is_none(self) -> None:
        assert run(gateway_with(), "sendmsg", TO, text="hi", concat="-1") == [f"ERR: 101, {ERRORS['101']}"]

    def test_a_stopped_message_gives_back_all_its_parts(self) -> None:
        gateway = gateway_with()
        (line,) = run(gateway, "sendmsg", TO, text="x" * 161, concat="2", deliv_time="60")
        assert gateway.balance(7, "acme") == 998
        run(gateway, "delmsg", apimsgid=line.removeprefix("ID: "))
        assert gateway.balance(7, "acme") == 1000

    def test_a_batch_counts_what_comes_out_of_its_template(self) -> None:
        gateway = gateway_with()
        started = run(gateway, "startbatch", template="x" * 150 + "#field1#", concat="2")
        batch = started[0].removeprefix("ID: ")
        for length in (10, 11, 156):
            run(gateway, "senditem", TO, batch_id=batch, field1="y" * length)
        assert [each.parts for each in gateway.messages] == [1, 2, 2]
        assert run(gateway, "senditem", TO, batch_id=batch, field1="y" * 157) == [f"ERR: 113, {ERRORS['113']}"]
        (line,) = run(gateway, "quicksend", TO, batch_id=run(gateway, "startbatch", template="x" * 161)[0][4:])
        assert line == f"ERR: 113, {ERRORS['113']} To: {TO}"

    def test_pushes_are_one_part_and_keep_what_they_were_given(self) -> None:
        gateway = gateway_with()
        push = {"si_id": "1", "si_url": "http://a", "si_text": "x" * 200}
        assert run(gateway, "si_push", TO, **push)[0].startswith("ID: ")
        assert run(gateway, "sendmsg", TO, msg_type="SMS_NOKIA_GLOGO", text="00" * 140)[0].startswith("ID: ")
        assert [(each.parts, each.text) for each in gateway.messages] == [(1, "x" * 200), (1, "00" * 140)]
        assert dict(gateway.messages[0].parameters) == push


class TestBytes:
    @pytest.mark.parametrize(
        ("values", "udh", "data"),
        [
            ({"data": "00fF"}, b"", b"\x00\xff"),
            ({"udh": "050003010201", "data": "41"}, b"\x05\x00\x03\x01\x02\x01", b"A"),
            ({"udh": "050003010201", "text": "4142"}, b"\x05\x00\x03\x01\x02\x01", b"AB"),
            ({"text": "4142", "binary": "1"}, b"", b"AB"),
            ({"udh": "0" * 12, "data": "00" * 134}, bytes(6), bytes(134)),
            ({"data": "00" * 140}, b"", bytes(140)),
        ],
    )
    def test_an_8_bit_message_holds_bytes_and_no_text(self, values: dict[str, str], udh: bytes, data: bytes) -> None:
        gateway = gateway_with()
        assert run(gateway, "sendmsg", TO, **values)[0].startswith("ID: ")
        (message,) = gateway.messages
        assert (message.udh, message.data, message.text, message.parts) == (udh, data, "", 1)
        assert message.text_as_sent == values.get("text", "")
        assert "udh=" not in repr(message)
        assert "data=" not in repr(message)

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"data": "0"}, "101"),
            ({"data": "no hex"}, "101"),
            ({"udh": "0500", "text": "no hex"}, "101"),
            ({"binary": "1", "text": "hi"}, "101"),
            ({"udh": "05 00", "data": "00"}, "102"),
            ({"data": "00" * 141}, "113"),
            ({"udh": "0" * 12, "data": "00" * 135}, "113"),
            ({"data": "00" * 141, "concat": "35"}, "113"),
            ({"udh": "0500"}, "107"),
        ],
    )
    def test_what_is_no_hexadecimal_or_too_long_is_refused(self, values: dict[str, str], code: str) -> None:
        gateway = gateway_with()
        assert run(gateway, "sendmsg", TO, **values) == [f"ERR: {code}, {ERRORS[code]}"]
        assert gateway.messages == []

    @pytest.mark.parametrize(
        ("values", "flash"),
        [
            ({"msg_type": "SMS_FLASH"}, True),
            ({"req_feat": "512"}, True),
            ({"req_feat": "544"}, True),
            ({"req_feat": "48"}, False),
            ({"msg_type": "SMS_TEXT"}, False),
            ({}, False),
        ],
    )
    def test_a_flash_message_is_known_by_type_or_feature(self, values: dict[str, str], *, flash: bool) -> None:
        gateway = gateway_with()
        run(gateway, "sendmsg", TO, text="hi", **values)
        run(gateway, "sendmsg", TO, data="00", **values)
        assert [each.flash for each in gateway.messages] == [flash, flash]


def test_a_batch_refuses_options_that_no_message_may_have_and_costs_nothing() -> None:
    gateway = gateway_with()
    batch = run(gateway, "startbatch", template="hi")[0].removeprefix("ID: ")
    assert run(gateway, "senditem", TO, OTHER, batch_id=batch, deliv_time="soon") == [f"ERR: 101, {ERRORS['101']}"]
    assert run(gateway, "quicksend", TO, batch_id=batch, deliv_time="-1") == [f"ERR: 120, {ERRORS['120']}"]
    assert run(gateway, "startbatch", template="no hex", udh="00") == [f"ERR: 101, {ERRORS['101']}"]
    assert gateway.balance(7, "acme") == 1000
