"""The short way through what is usual gives what the long way gives."""

from typing import Final
from unittest import mock

import pytest
from examples import examples
from hypothesis import given, strategies as st

from clicksoap.errors import InvalidInput, ProtocolError
from clicksoap.msisdn import Recipients, msisdn, recipients
from clicksoap.protocol.bindings import envelope, serializer
from clicksoap.protocol.bindings.envelope import lines_of_envelope
from clicksoap.protocol.bindings.serializer import array_part
from clicksoap.protocol.replies import all_accepted, match, read
from clicksoap.protocol.wire import WireReply

NUMBERS = st.sampled_from(["27821234567", "27831234567", "4420123456"])
IDS = st.sampled_from(["0a1b", "x", "", "two words", "a:b", "é", "²", "0" * 32])
LINES = st.one_of(
    st.builds("ID: {} To: {}".format, IDS, st.one_of(NUMBERS, st.sampled_from(["", "+27821234567", "x"]))),
    st.builds("ID: {}".format, IDS),
    st.builds("ID: {} To:".format, IDS),
    st.sampled_from(["", "ERR: 105, x To: 27821234567", "ERR: 001, x", "OK", "ID:  x", "id: x", "ID: x Status: 004"]),
)


@examples(400)
@given(st.lists(NUMBERS, min_size=1, max_size=3), st.lists(LINES, max_size=4))
def test_an_answer_that_is_taken_as_usual_is_read_alike_the_long_way(numbers: list[str], items: list[str]) -> None:
    asked = Recipients(numbers, [f"+{number}" for number in numbers])
    usual = all_accepted(asked, items, "own")
    if usual is not None:
        assert (usual, [], None) == match(asked, read(items), "own")


def test_the_usual_answers_are_taken() -> None:
    one, two = "27821234567", "27831234567"
    alone, both = Recipients([one], [one]), Recipients([one, two], [one, two])
    assert all_accepted(alone, ["ID: 0a1b"], None) is not None
    assert all_accepted(alone, [f"ID: 0a1b To: {one}"], None) is not None
    assert all_accepted(both, [f"ID: 0a1b To: {one}", f"ID: 0a1c To: {two}"], None) is not None
    assert all_accepted(both, [f"ID: 0a1b To: {two}", f"ID: 0a1c To: {one}"], None) is None


FRINGE: Final = st.lists(
    st.sampled_from(["\n", "ID: ", " To: ", "\nID: ", "a", "27821234567", "27831234567", " ", ":"]), max_size=5
).map("".join)


@examples(700)
@given(st.lists(st.tuples(FRINGE, NUMBERS, FRINGE), min_size=1, max_size=3))
def test_a_usual_answer_has_one_plain_line_for_each(lines: list[tuple[str, str, str]]) -> None:
    """All lines are looked at together, and none of them may pass for a part of its neighbour."""
    numbers = [number for _, number, _ in lines]
    plain = [f"ID: a To: {number}" for number in numbers]
    items = [f"{before}{line}{after}" for line, (before, _, after) in zip(plain, lines, strict=True)]
    usual = all_accepted(Recipients(numbers, numbers), items, None)
    assert (usual is not None) == (items == plain)


GIVEN: Final = st.one_of(
    NUMBERS,
    st.integers(27_820_000_000, 27_829_999_999),
    st.sampled_from(["+27821234567", "0821234567", "", "27821234567\n", "27821234567\n27831234567", "\n", "1234567"]),
    st.sampled_from(["123456", "1" * 15, "1" * 16, "٢٧٨٢١٢٣٤٥٦٧", "27 82 123 4567", True, None]),
)


@examples(600)
@given(st.lists(GIVEN, min_size=1, max_size=4))
def test_recipients_are_taken_together_as_one_by_one(numbers: list[str | int]) -> None:
    try:
        singly = [msisdn(number) for number in numbers]
    except InvalidInput:
        with pytest.raises(InvalidInput):
            recipients(numbers)
    else:
        together = recipients(numbers)
        assert (together.msisdns, together.given) == (tuple(singly), tuple(map(str, numbers)))


ITEM: Final = st.one_of(
    NUMBERS,
    st.integers(0, 2**31 - 1),
    st.sampled_from(["", " ", "a&b", "<", "é", "²", "\x00", "\ud800", True, None, 1.5]),
)


@examples(600)
@given(st.lists(ITEM, min_size=1, max_size=4))
def test_items_are_written_together_as_one_by_one(items: list[str]) -> None:
    part = array_part("to", "to", "ns1:ArrayOfString")

    def written() -> str:
        try:
            return part.write("to", items)
        except InvalidInput as error:
            return str(error)

    with mock.patch.object(serializer, "_are_alphanumeric", return_value=False):
        singly = written()
    assert written() == singly


TEXT: Final = st.sampled_from(
    ["", "", " ", "\n", "\N{NO-BREAK SPACE}", "ID: a", "<![CDATA[ID: b]]>", "<!-- c -->", "x"]
)
ELEMENTS: Final = st.recursive(
    TEXT,
    lambda inside: st.lists(
        st.tuples(
            TEXT,
            st.sampled_from(["<{0}>{1}</{0}>"] * 6 + ['<{0} href="#r">{1}</{0}>', '<{0} id="r">{1}</{0}>']),
            st.sampled_from(["return", "item", "n:item"]),
            inside,
        ),
        max_size=4,
    ).map(lambda parts: "".join(text + element.format(name, held) for text, element, name, held in parts)),
    max_leaves=12,
)


@examples(700)
@given(ELEMENTS, st.sampled_from(["", '<r id="r">ID: c</r>', '<r id="r"><item>ID: d</item><item/></r>']), st.booleans())
def test_a_reply_is_read_at_once_as_element_by_element(content: str, referred: str, arrays: bool) -> None:  # noqa: FBT001
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="urn:n"><e:Body>'
        f"<n:sendmsgResponse>{content}</n:sendmsgResponse>{referred}</e:Body></e:Envelope>"
    )
    reply = WireReply(200, {}, body.encode(), 0.0)

    def lines() -> list[str] | str:
        try:
            return lines_of_envelope(reply, arrays=arrays, answer="w")
        except ProtocolError as error:
            return str(error)

    with mock.patch.object(envelope, "_NOT_PLAIN", "true()"):
        singly = lines()
    assert lines() == singly


ODD: Final = st.sampled_from(
    [
        *(
            "<return>",
            "</return>",
            "<return/>",
            "<item>",
            "</item>",
            '<item xsi:type="xsd:string">',
            "<!--",
            "-->",
            "<?p ?>",
        ),
        *(
            "<![CDATA[",
            "]]>",
            "&lt;",
            "&#65;",
            "&",
            "+",
            "~",
            "é",
            "\n",
            " ",
            '"',
            ">",
            "</w>",
            "<w>",
            '<w id="r">',
            "",
        ),
    ]
)
LINE: Final = st.sampled_from(
    ["ID: a To: 27821234567", "ID: b", "", " ", "ERR: 105, x", "x ", '"', "a>b", "+AGE-", "~{ab~}"]
)


@examples(1000)
@given(
    st.lists(LINE, min_size=2, max_size=5),
    st.sampled_from(["<return>{}</return>", "<item>{}</item>", '<item xsi:type="xsd:string">{}</item>']),
    st.lists(st.tuples(st.integers(0, 400), ODD), max_size=3),
    st.sampled_from(
        ["{}", "<w>{}</w>", "<w><return>{}</return></w>", "<w><return>{0}</return><return>{0}</return></w>"]
    ),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "iso-2022-jp", "hz", "shift_jis", "cp037"]),
    st.booleans(),
)
def test_a_reply_of_one_plain_element_over_and_over_is_read_as_whole(  # noqa: PLR0913
    lines: list[str],
    element: str,
    odd: list[tuple[int, str]],
    around: str,
    charset: str,
    arrays: bool,  # noqa: FBT001
) -> None:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="urn:i"><e:Body>'
        f"{around.format(''.join(map(element.format, lines)))}</e:Body></e:Envelope>"
    )
    for place, piece in odd:
        body = f"{body[: place + 80]}{piece}{body[place + 80 :]}"
    reply = WireReply(200, {"content-type": f"text/xml; charset={charset}"}, body.encode(), 0.0)
    with mock.patch.object(envelope, "_FEW", 1):
        short = envelope._many_plain(reply, arrays=arrays, answer="w")
    if short is not None:
        assert short == envelope._read(reply, arrays=arrays, answer="w", secrets=())


@pytest.mark.parametrize("arrays", [False, True])
def test_a_large_usual_reply_is_taken_the_short_way(arrays: bool) -> None:  # noqa: FBT001
    item = '<item xsi:type="xsd:string">{}</item>' if arrays else "<return>{}</return>"
    lines = [f"ID: {number:032x} To: {27820000000 + number}" for number in range(300)]
    held = "".join(map(item.format, lines))
    wrapped = f"<return>{held}</return>" if arrays else held
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="urn:i"><e:Body>'
        f"<w>{wrapped}</w></e:Body></e:Envelope>"
    )
    assert envelope._many_plain(WireReply(200, {}, body.encode(), 0.0), arrays=arrays, answer="w") == lines
