"""Octets: what fits one message, how more is split, and which headers cannot be."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from clicksoap import Alphabet, Binary, BinaryType, Client, InvalidInput
from clicksoap.simulator import Simulator
from clicksoap.text import Charset

PORTS = bytes.fromhex("0605 04 0b84 23f0")
"""A header of its own: application ports 2948 and 9200."""


def parts_of(message: Binary, max_parts: int = 35) -> list[tuple[bytes, bytes]]:
    """Header and data of every part."""
    contents = message.contents(Charset.UNICODE, max_parts)
    return [(bytes.fromhex(str(each.get("udh", ""))), bytes.fromhex(str(each["data"]))) for each in contents]


def elements_of(udh: bytes) -> list[tuple[int, bytes]]:
    """Identifier and content of every element; the header has to add up."""
    assert udh[0] == len(udh) - 1
    found: list[tuple[int, bytes]] = []
    rest = udh[1:]
    while rest:
        identifier, length = rest[0], rest[1]
        assert len(rest) >= 2 + length
        found.append((identifier, rest[2 : 2 + length]))
        rest = rest[2 + length :]
    return found


@pytest.mark.parametrize(
    ("octets", "udh", "parts", "left"),
    [
        (1, b"", 1, 139),
        (140, b"", 1, 0),
        (141, b"", 2, 127),
        (268, b"", 2, 0),
        (269, b"", 3, 133),
        (134 * 35, b"", 35, 0),
        (133, PORTS, 1, 0),
        (134, PORTS, 2, 122),
        (256, PORTS, 2, 0),
        (257, PORTS, 3, 127),
    ],
)
def test_octets_are_counted_with_their_header(octets: int, udh: bytes, parts: int, left: int) -> None:
    message = Binary(b"\xaa" * octets, udh=udh)
    counted = message.segments(Charset.LATIN1)
    assert (counted.alphabet, counted.units, counted.parts) == (Alphabet.EIGHT_BIT, octets, parts)
    assert counted.units_left == left
    assert counted.culprits == ()
    assert len(parts_of(message)) == parts


def test_what_fits_one_message_goes_out_unchanged() -> None:
    assert parts_of(Binary(b"\x01\x02")) == [(b"", b"\x01\x02")]
    assert parts_of(Binary(b"\x01\x02", udh=PORTS)) == [(PORTS, b"\x01\x02")]


@given(
    data=st.binary(min_size=141, max_size=134 * 30),
    udh=st.sampled_from([b"", PORTS, b"\x00", bytes.fromhex("0c 05 04 0b84 23f0 24 01 05 25 01 03".replace(" ", ""))]),
)
def test_a_split_message_is_put_together_again_by_its_headers(data: bytes, udh: bytes) -> None:
    own = elements_of(udh) if udh else []
    parts = parts_of(Binary(data, udh=udh))
    references = set()
    for number, (header, piece) in enumerate(parts, 1):
        assert len(header) + len(piece) <= 140
        *kept, (identifier, concatenation) = elements_of(header)
        assert kept == own
        assert identifier == 0x00
        reference, total, part = concatenation
        assert (total, part) == (len(parts), number)
        references.add(reference)
    assert len(references) == 1
    assert b"".join(piece for _, piece in parts) == data
    assert all(len(header) + len(piece) == 140 for header, piece in parts[:-1])


def test_the_reference_differs_from_message_to_message() -> None:
    references = {elements_of(parts_of(Binary(b"x" * 200))[0][0])[-1][1][0] for _ in range(64)}
    assert len(references) > 1


def test_the_parts_arrive_as_messages_of_their_own(sms: Client, shared: Simulator) -> None:
    data = bytes(range(256))
    before = len(shared.gateway.messages)
    (result,) = sms.send("27821234567", Binary(data, udh=PORTS))
    messages = shared.gateway.messages[before:]
    assert tuple(message.id for message in messages) == result.message_ids
    assert b"".join(message.data for message in messages) == data
    assert [elements_of(message.udh)[0] for message in messages] == [(0x05, bytes.fromhex("0b8423f0"))] * 2
    assert len({message.client_message_id for message in messages}) == 2


def test_a_single_message_arrives_with_its_header(sms: Client, shared: Simulator) -> None:
    sms.send("27821234567", Binary(b"\x06\x01\xae", udh=PORTS))
    assert shared.gateway.messages[-1].udh == PORTS
    assert shared.gateway.messages[-1].data == b"\x06\x01\xae"


def test_octets_without_a_header_arrive_as_octets(sms: Client, shared: Simulator) -> None:
    sms.send("27821234567", Binary(b"\x00\xff"))
    assert shared.gateway.messages[-1].data == b"\x00\xff"
    assert shared.gateway.messages[-1].text == ""


@pytest.mark.parametrize("kind", list(BinaryType))
def test_a_type_travels_with_the_octets_in_the_text(kind: BinaryType) -> None:
    content = Binary(b"\x30\x00" * 200, type=kind).contents(Charset.UNICODE)
    assert content == ({"text": "3000" * 200, "msg_type": kind.value},)


def test_every_kind_that_the_gateway_packs_is_named() -> None:
    assert {kind.value for kind in BinaryType} == {
        *("SMS_NOKIA_OLOGO", "SMS_NOKIA_GLOGO", "SMS_NOKIA_PICTURE", "SMS_NOKIA_RINGTONE"),
        *("SMS_NOKIA_RTTL", "SMS_NOKIA_CLEAN", "SMS_NOKIA_VCARD", "SMS_NOKIA_VCAL"),
    }


def test_a_type_arrives_over_every_binding(sms: Client, shared: Simulator) -> None:
    sms.send("27821234567", Binary(b"BEGIN:VCARD", type=BinaryType.VCARD))
    parameters = shared.gateway.messages[-1].parameters
    assert parameters["msg_type"] == "SMS_NOKIA_VCARD"
    assert bytes.fromhex(parameters["text"]) == b"BEGIN:VCARD"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"data": b""}, "data is empty or not bytes"),
        ({"data": "0102"}, "data is empty or not bytes"),
        ({"data": bytearray(b"x")}, "data is empty or not bytes"),
        ({"data": None}, "data is empty or not bytes"),
        ({"udh": "060504"}, "udh is not a user data header: give one whose first octet counts"),
        ({"udh": PORTS[:-1]}, "udh is not a user data header: give one whose first octet counts"),
        ({"udh": PORTS + b"\x00"}, "udh is not a user data header: give one whose first octet counts"),
        ({"udh": b"\x01\x00"}, "udh is not a user data header: give whole elements"),
        ({"udh": b"\x03\x05\x04\x0b"}, "udh is not a user data header: give whole elements"),
        ({"udh": b"\x04\x05\x01\x0b\x00"}, "udh is not a user data header: give whole elements"),
        (
            {"udh": bytes((139, 0x24, 137)) + b"\x00" * 137},
            "udh leaves no room for data: shorten it, a message holds 140",
        ),
        ({"udh": PORTS, "type": BinaryType.VCARD}, "udh and type exclude one another"),
        ({"type": "SMS_NOKIA_VCARD"}, "type is not a BinaryType"),
    ],
    ids=range(13),
)
def test_what_is_no_message_of_octets_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Binary(**{"data": b"x", **wrong})


def test_a_header_that_is_concatenated_already_is_sent_and_never_split() -> None:
    for udh in map(bytes.fromhex, ("050003cc0201", "06080403cc0201", "0b05040b8423f00003cc0201")):
        assert parts_of(Binary(b"x" * (140 - len(udh)), udh=udh)) == [(udh, b"x" * (140 - len(udh)))]
        with pytest.raises(InvalidInput, match="udh leaves no way to split them: shorten the data"):
            Binary(b"x" * (141 - len(udh)), udh=udh).contents(Charset.UNICODE)


def test_a_header_that_leaves_no_room_for_a_concatenation_is_never_split() -> None:
    room = bytes((133, 0x24, 131)) + b"\x00" * 131
    full = bytes((134, 0x24, 132)) + b"\x00" * 132
    assert len(parts_of(Binary(b"x" * 7, udh=room))) == 7
    with pytest.raises(InvalidInput, match="udh leaves no way to split them"):
        Binary(b"x" * 6, udh=full).segments(Charset.UNICODE)


def test_more_parts_than_allowed_are_refused() -> None:
    with pytest.raises(InvalidInput, match="needs 36 parts: shorten it, 35 are allowed"):
        Binary(b"x" * (134 * 35 + 1)).contents(Charset.UNICODE)
    with pytest.raises(InvalidInput, match="needs 2 parts: shorten it, 1 are allowed"):
        Binary(b"x" * 141).contents(Charset.UNICODE, 1)


def test_the_repr_shows_no_octets() -> None:
    assert "ea" not in repr(Binary(b"\xea\xeb", udh=PORTS)).lower().replace("header", "")
    assert "9200" not in repr(Binary(b"9200"))
