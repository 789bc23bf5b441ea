"""How statuses, headers, documents and bytes are prepared for the pages."""

import pytest
from hypothesis import example, given, strategies as st
from lxml import etree

from clicksoap.simulator.gateway.segments import split
from clicksoap.simulator.inbox import hex_dump, labels
from clicksoap.simulator.inbox.pretty_print import decoded_fields, indented
from clicksoap.simulator.inbox.udh import udh_elements

NAMES = st.sampled_from(["a", "b:c", "return"])
TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=20)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMES).replace(":", "")
    text = draw(TEXTS).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    inner = text if depth == 0 or draw(st.booleans()) else "".join(draw(st.lists(documents(depth - 1), max_size=3)))
    return f"<{name}>{inner}</{name}>" if inner or draw(st.booleans()) else f"<{name}/>"


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "said"),
        [
            ("050003330201", [("Concatenation", "part 1 of 2, reference 33")]),
            ("0608040A0B0302", [("Concatenation, 16-bit reference", "part 2 of 3, reference 0A0B")]),
            ("0402040203", None),
            ("06050415811581", [("Ports", "to 5505 (0x1581, ringing tone), from 5505 (0x1581, ringing tone)")]),
            ("06050415820000", [("Ports", "to 5506 (0x1582, operator logo), from 0 (0x0000)")]),
            ("06050415830000", [("Ports", "to 5507 (0x1583, group logo), from 0 (0x0000)")]),
            ("06050423F423F4", [("Ports", "to 9204 (0x23F4, vCard), from 9204 (0x23F4, vCard)")]),
            ("06050423F50000", [("Ports", "to 9205 (0x23F5, vCalendar), from 0 (0x0000)")]),
            ("0605040B8423F0", [("Ports", "to 2948 (0x0B84, WAP push), from 9200 (0x23F0, WAP, connectionless)")]),
            ("0404020102", [("Ports, 8-bit", "to 1 (0x0001), from 2 (0x0002)")]),
            ("037001FF", [("Element 70", "FF")]),
            ("027000", [("Element 70", "empty")]),
            ("0B0504158115810003330201", [("Ports", None), ("Concatenation", None)]),
            ("05", [("Unreadable", "the header says 5 bytes and has 0")]),
            ("0100", [("Unreadable", "it ends in the middle of an element")]),
            ("03000333", [("Unreadable", "it ends in the middle of an element")]),
            ("", []),
        ],
    )
    def test_are_told_in_words(self, header: str, said: list[tuple[str, str | None]] | None) -> None:
        found = udh_elements(bytes.fromhex(header))
        if said is None:
            assert found[-1].name == "Unreadable"
            return
        assert [each.name for each in found] == [name for name, _ in said]
        assert all(meaning in {None, each.meaning} for each, (_, meaning) in zip(found, said, strict=True))

    @given(st.binary(max_size=140))
    def test_of_any_bytes_are_told_without_losing_one(self, header: bytes) -> None:
        found = udh_elements(header)
        joined = b"".join(each.data for each in found)
        assert joined in {header, header[1:]}

    @given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=6)), max_size=8))
    def test_that_are_well_formed_are_read_to_the_end(self, parts: list[tuple[int, bytes]]) -> None:
        body = b"".join(bytes((identifier, len(data))) + data for identifier, data in parts)
        found = udh_elements(bytes((len(body),)) + body)
        assert [each.data[2:] for each in found] == [data for _, data in parts]
        assert "Unreadable" not in {each.name for each in found}


class TestParts:
    @given(st.text(alphabet="aé€^\N{GRINNING FACE}א", max_size=400), st.booleans())
    def test_hold_the_whole_text_and_none_too_much(self, text: str, unicode: bool) -> None:  # noqa: FBT001
        parts = split(text, unicode=unicode)
        assert "".join(part.text for part in parts) == text
        assert all(part.size <= part.max_size for part in parts)
        assert all(part.text for part in parts[1:])
        assert {part.max_size for part in parts} <= ({67} if unicode else {153}) or len(parts) == 1


class TestEnvelopes:
    @given(documents())
    @example("<a> </a>")
    def test_laid_out_mean_what_they_meant(self, document: str) -> None:
        def meaning(element: etree._Element) -> tuple[object, ...]:
            text = (element.text or "") if not len(element) else (element.text or "").strip()
            return (element.tag, text, *(meaning(child) for child in element))

        assert meaning(etree.fromstring(indented(document))) == meaning(etree.fromstring(document))

    def test_have_a_line_for_each_element(self) -> None:
        assert indented('<?xml version="1.0"?><a><b x="1"> t </b><c/><d><e></e></d></a>').split("\n") == [
            '<?xml version="1.0"?>',
            "<a>",
            '  <b x="1"> t </b>',
            "  <c/>",
            "  <d>",
            "    <e></e>",
            "  </d>",
            "</a>",
        ]

    @pytest.mark.parametrize(
        "text", ["", "plain", "<a><b></a>", "<a", "</a><a>", "<a></a></b>", "<a>", "(7 bytes that are no text)"]
    )
    def test_that_are_no_whole_document_stay_as_they_are(self, text: str) -> None:
        assert indented(text) == text

    @given(st.text(alphabet="<>/!-?[]CDAT ab\n&;", max_size=60))
    def test_of_any_kind_lose_nothing_but_blanks(self, text: str) -> None:
        assert "".join(indented(text).split()) == "".join(text.split())

    def test_full_of_comments_are_not_pondered(self) -> None:
        text = "<!--" * 16_000
        assert indented(text) == text

    def test_of_the_http_api_are_decoded_as_it_does(self) -> None:
        assert decoded_fields("a=1&b=%E9+x&c=&d") == [("a", "1"), ("b", "é x"), ("c", ""), ("d", "")]


@given(st.binary(max_size=100))
def test_a_dump_shows_every_byte(data: bytes) -> None:
    lines = list(hex_dump.hex_dump(data))
    assert bytes.fromhex("".join(line.digits for line in lines)) == data
    assert sum(len(line.characters) for line in lines) == len(data)
    assert [int(line.offset, 16) for line in lines] == list(range(0, len(data), 16))


def test_every_status_has_a_word_and_looks_like_what_it_is() -> None:
    assert labels.STATUS_LABELS["004"].tone == "good"
    assert {code for code, status in labels.STATUS_LABELS.items() if status.tone == "bad"} == {
        *("005", "007", "009", "010", "012", "014"),
    }
