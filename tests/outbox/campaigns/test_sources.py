"""Sources of rows: each row is read, or named with what is wrong; nothing behind it is lost."""

import codecs
import csv
import gzip
import hashlib
import io
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.problems import Kind, Problem
from clicksoap.outbox.campaigns.sources import SourceRow, open_source

HEADER = "mobile,name\n"
ROWS = [("27820000001", "Ann"), ("27820000002", "Bob")]
PLAIN = HEADER + "27820000001,Ann\n27820000002,Bob\n"


def read(text: str | bytes, **options: Any) -> list[SourceRow]:
    data = text.encode() if isinstance(text, str) else text
    with open_source(csv=io.BytesIO(data), **options) as source:
        rows = list(source)
        assert all(len(row.cells) == len(source.columns) for row in rows)
        assert list(source) == rows  # each iteration begins anew
        return rows


def cells(rows: list[SourceRow]) -> list[tuple[str, ...]]:
    assert not any(row.problem for row in rows)
    return [row.cells for row in rows]


def problem_of(rows: list[SourceRow], line: int) -> Problem:
    """The only problem, which is on this line."""
    (found,) = [(row.line, row.problem) for row in rows if row.problem]
    assert found[0] == line
    assert ": " in found[1].reason
    return found[1]


def refusal(**options: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        open_source(**options)
    return str(caught.value)


def refused(text: str | bytes, **options: Any) -> str:
    return refusal(csv=io.BytesIO(text.encode() if isinstance(text, str) else text), **options)


# What is read


def test_a_path_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(PLAIN)
    for given_path in (path, str(path)):
        with open_source(csv=given_path) as source:
            assert source.columns == ("mobile", "name")
            assert source.name == "run.csv"
            assert source.encoding == "utf-8"
            assert source.digest == hashlib.sha256(PLAIN.encode()).hexdigest()
            assert [(row.line, row.cells, row.problem) for row in source] == [
                (2, ROWS[0], None),
                (3, ROWS[1], None),
            ]


def test_a_file_of_the_caller_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(PLAIN)
    for opened in (path.open("rb"), path.open("rb", buffering=0), path.open(encoding="utf-8"), io.StringIO(PLAIN)):
        with opened as file:
            with open_source(csv=file) as source:
                assert cells(list(source)) == ROWS
                assert source.digest == hashlib.sha256(PLAIN.encode()).hexdigest()
                next(iter(source))
            assert not file.closed


def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"a comment\n" + PLAIN.encode())
    file.readline()
    assert cells(list(open_source(csv=file))) == ROWS


def test_a_compressed_file_is_read_through_gzip(tmp_path: Path) -> None:
    path = tmp_path / "run.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    with gzip.open(path) as file:
        assert cells(list(open_source(csv=file))) == ROWS
    assert "is compressed: give gzip.open(path)" in refusal(csv=path)


def test_a_stream_that_cannot_be_read_twice_is_copied() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(PLAIN.encode())
    with os.fdopen(reading, "rb") as file, open_source(csv=file) as source:
        assert cells(list(source)) == ROWS
        assert cells(list(source)) == ROWS


@pytest.mark.parametrize(
    ("encode", "name"),
    [
        (lambda text: text.encode("utf-8-sig"), "utf-8-sig"),
        (lambda text: text.encode("utf-16"), "utf-16"),
        (lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), "utf-16"),
        (lambda text: text.encode("utf-32"), "utf-32"),
        (lambda text: codecs.BOM_UTF32_BE + text.encode("utf-32-be"), "utf-32"),
        (lambda text: text.encode("utf-16-le"), "utf-16-le"),
        (lambda text: text.encode("utf-16-be"), "utf-16-be"),
        (lambda text: text.encode("utf-32-le"), "utf-32-le"),
        (lambda text: text.encode("utf-32-be"), "utf-32-be"),
    ],
)
def test_encodings_are_found(encode: Callable[[str], bytes], name: str) -> None:
    text = '"mobile";name\r\n27820000001;Zo\u00eb \u4f60\u597d \U0001f600\r\n'
    with open_source(csv=io.BytesIO(encode(text))) as source:
        assert source.encoding == name
        assert source.columns == ("mobile", "name")
        assert cells(list(source)) == [("27820000001", "Zo\u00eb \u4f60\u597d \U0001f600")]


@pytest.mark.parametrize("declared", ["cp1252", "latin-1", "utf-16-le", "UTF8", "utf-8-sig", "cp037"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_declared_encoding_is_used(declared: str, mark: str) -> None:
    if mark and declared in {"cp1252", "latin-1", "cp037"}:
        mark = ""
    data = (mark + "mobile,name\n27820000001,Zo\u00eb\n").encode(declared)
    with open_source(csv=io.BytesIO(data), encoding=declared) as source:
        assert source.columns == ("mobile", "name")
        assert cells(list(source)) == [("27820000001", "Zo\u00eb")]


@given(
    rows=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)] * 3).filter(
            lambda row: any(map(str.strip, row))
        ),
        min_size=1,
        max_size=8,
    ),
    delimiter=st.sampled_from(",;\t|"),
    # A writer of lines that end in LINE FEED alone leaves a CARRIAGE RETURN unquoted, before Python 3.13.
    style=st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    is_long=st.booleans(),
)
def test_whatever_is_written_is_read(
    rows: list[tuple[str, str, str]], delimiter: str, style: Any, encoding: str, *, is_long: bool
) -> None:
    """Also by the careful way, which a long line at the end demands."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=style[0], lineterminator=style[1])
    writer.writerows([("mobile", "first name", "x"), *rows])
    if is_long:
        text.write("y" * (2 << 20))
    found = read(text.getvalue().encode(encoding))
    if is_long:
        assert problem_of(found, found[-1].line).kind is Kind.TOO_LONG
        found.pop()
    assert cells(found) == rows


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("mobile,name", ","),
        ("mobile;name", ";"),
        ("mobile\tname", "\t"),
        ("mobile|name", "|"),
        ('"mobile, private";name', ";"),
        ("mobile;Amount, due;name", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_divides_the_header_into_most_cells(header: str, delimiter: str) -> None:
    row = ["27820000001", *["x"] * (2 if "Amount" in header else 1)]
    assert cells(read(f"{header}\n{delimiter.join(row)}\n")) == [tuple(row)]


def test_the_line_of_excel_declares_the_delimiter() -> None:
    assert [(row.line, row.cells) for row in read("sep=;\r\nmobile;a,b,c\r\n27820000001;Ann\r\n")] == [
        (3, ("27820000001", "Ann"))
    ]
    assert cells(read("sep=#\nmobile#name\n27820000001#Ann\n")) == ROWS[:1]
    assert cells(read("\ufeffSEP=,\nmobile,name\n27820000001,Ann\n")) == ROWS[:1]


def test_a_delimiter_can_be_given() -> None:
    assert cells(read("mobile#name\n27820000001#Ann\n", delimiter="#")) == ROWS[:1]
    for wrong in ("", ";;", '"', "\n", 5):
        assert 'delimiter= is not one character: give one, such as ";"' in refused(PLAIN, delimiter=wrong)


def test_one_column_needs_no_delimiter() -> None:
    assert cells(read("mobile\n27820000001\n27820000002\n")) == [("27820000001",), ("27820000002",)]


def test_a_quoted_line_end_is_part_of_its_cell_and_the_next_row_has_its_own_line() -> None:
    rows = read('mobile,name\r\n1,"two\r\nlines"\r\n2,"say ""hi"""\r\n3,x\r\n')
    assert [(row.line, row.cells) for row in rows] == [
        (2, ("1", "two\r\nlines")),
        (4, ("2", 'say "hi"')),
        (5, ("3", "x")),
    ]


def test_empty_rows_are_left_out_and_counted_as_lines() -> None:
    rows = read("\n\nmobile,name\n\n27820000001,Ann\n,\n  ,\t\n\n27820000002,Bob\n\n")
    assert [(row.line, row.cells) for row in rows] == [(5, ROWS[0]), (9, ROWS[1])]


def test_a_row_whose_first_cell_is_empty_is_a_row() -> None:
    assert cells(read("name,mobile\n,27820000001\n !,1\n")) == [("", "27820000001"), (" !", "1")]


def test_cells_keep_their_blanks_and_names_of_columns_lose_them() -> None:
    with open_source(csv=io.StringIO(" mobile , Amount due \n 1 , x \n")) as source:
        assert source.columns == ("mobile", "Amount due")
        assert cells(list(source)) == [(" 1 ", " x ")]


# Bad rows


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("27820000009", "the row has 1 cell and the header 2: add those that miss"),
        ("27820000009,a,b", "the row has 3 cells and the header 2: put quotes around a cell that holds the delimiter"),
        ('27820000009,"a" b', "a quote stands within a cell: double it"),
        ('27820000009,"say "hi" to him"', "a quote stands within a cell: double it"),
        ("27820000009,a\0b", "name holds U+0000 NULL at position 1, which cannot be stored: take it out"),
        ("\0,a", "mobile holds U+0000 NULL at position 0"),
    ],
)
def test_a_bad_row_is_named_and_the_next_is_read(row: str, said: str) -> None:
    rows = read(f"{HEADER}27820000001,Ann\n{row}\n27820000002,Bob\n")
    assert [each.line for each in rows] == [2, 3, 4]
    assert cells([rows[0], rows[2]]) == ROWS
    problem = problem_of(rows, 3)
    assert said in problem.reason
    assert problem.value
    assert len(problem.value) <= 60
    assert "\0" not in problem.value
    assert problem.value not in repr(rows)


def test_a_quote_that_is_not_closed_costs_two_rows_and_names_their_lines() -> None:
    rows = read(f'{HEADER}1,"Ann\n2,"Bob"\n27820000001,Ann\n27820000002,Bob\n')
    assert cells(rows[1:]) == ROWS
    assert problem_of(rows, 2).reason.endswith("(lines 2 to 3)")


def test_a_quote_that_is_never_closed_ends_the_file() -> None:
    rows = read(f'{HEADER}27820000001,Ann\n1,"x\n2,y\n3,z\n')
    assert cells(rows[:1]) == ROWS[:1]
    problem = problem_of(rows, 3)
    assert problem.reason.startswith("a quote is not closed before the end of the file: close it")
    assert problem.reason.endswith("(lines 3 to 5)")


TEN_MEGABYTES = 10_000_000


@pytest.mark.parametrize(
    ("field", "lines"),
    [
        pytest.param("x" * 200_000, 1, id="longer than the reader takes"),
        pytest.param("x" * TEN_MEGABYTES, 1, id="ten megabytes"),
        pytest.param('"' + "x" * TEN_MEGABYTES + '"', 1, id="ten megabytes, quoted"),
        pytest.param('"' + "27820000009,x\n" * 100_000 + '"', 100_001, id="of many lines"),
        pytest.param('"' + '""' * 700_000 + '\n"', 2, id="of quotes"),
        pytest.param('"' + "27820000009,x\n" * 700_000 + '"', 700_001, id="of all lines", marks=pytest.mark.proof),
        pytest.param('"' + '""' * 3_000_000 + '\n"', 2, id="of millions of quotes", marks=pytest.mark.proof),
        pytest.param('"' + "x" * (1 << 20) + '""\n,""' + "y" * (1 << 20) + '"', 2, id="quotes at the borders"),
        pytest.param("x" * (3 << 20) + "," + '"a\nb"', 2, id="quotes behind what is long"),
    ],
)  # fmt: skip
def test_a_field_that_is_too_long_is_a_bad_row_and_reading_goes_on_behind_it(field: str, lines: int) -> None:
    limit = csv.field_size_limit()
    rows = read(f"{HEADER}27820000001,Ann\n27820000009,{field}\n27820000002,Bob\n")
    problem = problem_of(rows, 3)
    assert problem.kind is Kind.TOO_LONG
    assert problem.value.startswith("27820000009,")
    assert cells([rows[0], rows[2]]) == ROWS
    assert rows[2].line == 3 + lines
    assert csv.field_size_limit() == limit


def test_a_long_line_of_short_cells_is_a_bad_row() -> None:
    rows = read(f"{HEADER}{'x,' * 600_000}\n27820000001,Ann\n")
    assert problem_of(rows, 2).kind is Kind.TOO_LONG
    assert rows[1] == SourceRow(3, ROWS[0])


def test_many_bad_rows_cost_little(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + '1,"x"y\n2,z\n' * 20_000)
    with open_source(csv=path) as source:
        rows = list(source)
    assert [row.line for row in rows] == list(range(2, 40_002))
    assert sum(row.problem is not None for row in rows) == 20_000


@given(st.text(st.sampled_from('a,"\r\n'), max_size=60))
def test_a_damaged_file_is_read_to_its_end(text: str) -> None:
    """Rows come in the order of their lines, and what stands behind the damage on lines of its own is found."""
    rows = read(f'{HEADER}1,x\n{text}"\n"\n27820000001,Ann\n')
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert rows[0] == SourceRow(2, ("1", "x"))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write(HEADER)
        file.writelines(f"2782{number:07},Ann\n" for number in range(100_000))
        file.write("x" * 20_000_000)
    tracemalloc.start()
    try:
        with open_source(csv=path) as source:
            assert sum(1 for _ in source) == 100_001
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


# Files that are refused as a whole


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "csv is empty: give a file with a header and rows"),
        ("\ufeff\r\n \n", "csv is empty"),
        ("mobile,name\n", "csv has a header and no rows: give a file with rows"),
        ("mobile,name\n\n,\n", "csv has a header and no rows"),
        ("sep=;\n", "csv has no header: put a line with the names"),
        ("mobile,name,mobile\n1,2,3\n", 'columns 1 and 3 of csv are both called "mobile": rename one'),
        ("mobile,name, mobile \n1,2,3\n", "columns 1 and 3"),
        ("mobile,,name\n1,2,3\n", "column 2 of csv has no name: write one into the header, or take it out"),
        ("mobile,name,\n1,2,3\n", "column 3 of csv has no name"),
        ("27820000001,12.50\n27820000002,13\n", "csv begins with numbers instead of names: put a line with the names"),
        ("27820000001,Ann\n27820000002,Bob\n", "csv begins with numbers instead of names"),
        ("27820000001\n27820000002\n", "csv begins with numbers instead of names"),
        ("mobile,na\0me\n1,2\n", "column 2 of csv has a name with a character that is not printed: rename it"),
        ('mobile,"name" x\n1,2\n', "header that cannot be read"),
        ("x" * (2 << 20), "first line of a million characters"),
    ],
)
def test_a_file_without_a_header_or_rows_is_refused(text: str, said: str) -> None:
    assert said in refused(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_that_does_not_fit_is_named_with_its_line(end: str) -> None:
    for count in (0, 5, 100_000):
        text = f"mobile,name{end}" + f"27820000001,Ann{end}" * count
        said = refused(text.encode() + b"27820000002,Zo\xeb" + end.encode() + b"1,x" + end.encode())
        assert said == (
            f'csv is not UTF-8, line {count + 2} has the byte 0xEB: give encoding="cp1252", which most Windows '
            "programs write, or save the file as UTF-8"
        )


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
def test_a_line_end_across_two_pieces_of_a_file_is_counted_once(end: bytes) -> None:
    start = b"a" * ((1 << 18) - 1) + end  # a CARRIAGE RETURN is the last byte of the first piece
    assert "line 2 has the byte 0xEB" in refused(start + b"\xeb\n")


def test_a_byte_that_does_not_fit_what_was_declared_is_named() -> None:
    said = refused(b"mobile,name\n1,\x81\n", encoding="cp1252")
    assert said == "csv is not CP1252, line 2 has the byte 0x81: give the encoding that it was written in"
    assert "is not UTF-16" in refused(PLAIN.encode("utf-16")[:-1])


@pytest.mark.parametrize("name", ["klingon", "hex", "", "\0", 5])
def test_an_unknown_encoding_is_refused(name: Any) -> None:
    assert "encoding= is not an encoding that Python knows" in refused(PLAIN, encoding=name)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\3\4", 'is a workbook or a ZIP archive: save the sheet as "CSV UTF-8"'),
        (b"\xd0\xcf\x11\xe0", "is a workbook of an old Excel"),
        (b"%PDF-1.7", "is a PDF document"),
    ],
)
def test_a_file_that_is_not_text_is_named(start: bytes, said: str) -> None:
    assert said in refused(start + b"\x14\0\6\0")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert "csv cannot be opened (No such file or directory): give the path" in refusal(csv=tmp_path / "none.csv")
    assert "csv cannot be opened (Is a directory)" in refusal(csv=tmp_path)
    assert "csv cannot be opened (not a path)" in refusal(csv="a\0b")
    assert "csv is the text itself: give a path, or io.StringIO(text)" in refusal(csv=PLAIN)
    assert "csv is int: give a path or an open file" in refusal(csv=5)
    assert "encoding= does not go with a file of text" in refusal(csv=io.StringIO(PLAIN), encoding="utf-8")
    assert "do not fit its encoding" in refusal(csv=io.StringIO(HEADER + "1,\udce9"))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(PLAIN)
    with open_source(csv=path) as source, path.open("a") as more:
        more.write("27820000003,Cyd\n")
        more.flush()
        with pytest.raises(InvalidInput, match="csv was changed while it was read: wait until it is written"):
            list(source)


def test_exactly_one_source_is_given() -> None:
    assert refusal() == "the source is missing: give exactly one of csv=, jsonl= and rows="
    assert refusal(csv="a", rows=[]) == "csv and rows are given: give exactly one of csv=, jsonl= and rows="
    assert "encoding= does not go with rows=" in refusal(rows=[{"a": 1}], encoding="utf-8")
    assert "delimiter= does not go with jsonl=" in refusal(jsonl="a", delimiter=",")


# JSON Lines and mappings


def read_json(text: str) -> list[SourceRow]:
    with open_source(jsonl=io.StringIO(text)) as source:
        return list(source)


def test_json_lines_are_read_with_numbers_as_they_are_written() -> None:
    text = '{"mobile": "27820000001", "n": 12.50, "ok": true, "no": null}\n\n' + '{"mobile": 2.7E10, "n": 1e400}\n'
    rows = read_json(text + '{"n": 123456789012345678901234567890, "ok": false}')
    assert [(row.line, row.cells) for row in rows] == [
        (1, ("27820000001", "12.50", "true", "")),
        (3, ("2.7E10", "1e400", "", "")),
        (4, ("", "123456789012345678901234567890", "false", "")),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ('{"a": ', Kind.UNREADABLE, "the line is not JSON (Expecting value at position 7)"),
        ("[1]", Kind.UNREADABLE, "the line is not an object"),
        ('"text"', Kind.UNREADABLE, "the line is not an object"),
        ('{"a": NaN}', Kind.UNREADABLE, "NaN and Infinity are not values of JSON"),
        ('{"a": 1, "a": 2}', Kind.UNREADABLE, "a key stands twice"),
        ("[" * 100_000, Kind.UNREADABLE, "nested too deeply"),
        ('{"a": {"b": 1}}', Kind.CELLS, "a is an object: give a text"),
        ('{"a": [1]}', Kind.CELLS, "a is a list: give a text"),
        ('{"a": 1, "mobil": 2}', Kind.CELLS, 'the row has the key "mobil", which the first row does not have'),
        ('{"a": "x\\u0000"}', Kind.UNREADABLE, "a holds U+0000 NULL at position 1"),
        ('{"a": "\\ud800"}', Kind.UNREADABLE, "half of a surrogate pair"),
        ('{"a": "' + "x" * (2 << 20) + '"}', Kind.TOO_LONG, "the line has over 1048576 characters: cut it"),
    ],
)
def test_a_bad_line_is_named_and_the_next_is_read(line: str, kind: Kind, said: str) -> None:
    rows = read_json(f'{{"a": "1", "b": ""}}\n{line}\n{{"a": "3"}}\n')
    assert [row.line for row in rows] == [1, 2, 3]
    problem = problem_of(rows, 2)
    assert problem.kind is kind
    assert said in problem.reason
    problem.value.encode()
    assert cells([rows[0], rows[2]]) == [("1", ""), ("3", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "jsonl is empty: give a file with an object in each line"),
        ("mobile,name\n1,x\n", "jsonl, line 1: the line is not JSON"),
        ("{}\n", "jsonl begins with an empty row"),
        ('{"": 1}\n', "jsonl begins with a key that cannot name a column"),
    ],
)
def test_json_lines_without_columns_are_refused(text: str, said: str) -> None:
    assert said in refusal(jsonl=io.StringIO(text))


def test_json_lines_come_in_any_encoding_and_any_number_of_times() -> None:
    with open_source(jsonl=io.BytesIO('{"a": "Zo\u00eb"}\n'.encode("utf-16"))) as source:
        assert cells(list(source)) == cells(list(source)) == [("Zo\u00eb",)]


def test_rows_of_a_program_are_read_with_their_values_as_texts() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ZeroDivisionError

    first = {"a": "x", "b": 27820000001, "c": 2.5, "d": Decimal("1.10"), "e": datetime(2026, 1, 2, 3, tzinfo=UTC)}
    rows: Iterator[Any] = iter(
        [
            {**first, "f": date(2026, 1, 2), "g": None, "h": False},
            {"a": 27821234567.0},
            {"a": ["x"]},
            {"a": b"x"},
            {"a": Odd()},
            {"a": 10**5000},
            {"z": 1},
            {5: 1},
            [1],
            {"a": "\0"},
        ]
    )
    with open_source(rows=rows) as source:
        assert source.name == "rows"
        assert source.encoding is None
        with pytest.raises(RuntimeError, match="read all rows first"):
            _ = source.digest
        found = list(source)
        assert len(source.digest) == 64
        with pytest.raises(InvalidInput, match="rows was read already: give the rows anew"):
            list(source)
    assert found[0].cells == ("x", "27820000001", "2.5", "1.10", "2026-01-02T03:00:00+00:00", "2026-01-02", "", "false")
    assert found[1].cells[0] == "27821234567.0"
    assert [row.line for row in found] == list(range(1, 11))
    said = [row.problem.reason for row in found[2:] if row.problem]
    for reason, words in zip(
        said,
        ["a is a list", "a is a bytes", "a is Odd, which has no text", "thousands of digits", 'the key "z"',
         'the key "5"', "the row is list: give a mapping", "U+0000 NULL"],
        strict=True,
    ):  # fmt: skip
        assert words in reason


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "rows is empty: give at least one row"),
        ({"a": 1}, "rows is dict: give an iterable of mappings"),
        ("text", "rows is str"),
        (5, "rows is int"),
        ([[1]], "rows holds list: give mappings"),
        ([{}], "rows begins with an empty row"),
        ([{1: 2}], "rows begins with a key that cannot name a column"),
    ],
)
def test_rows_without_columns_are_refused(rows: Any, said: str) -> None:
    assert said in refusal(rows=rows)


@given(st.lists(st.lists(st.text("a:1"), min_size=2, max_size=2), min_size=1, max_size=3), st.data())
def test_the_digest_of_rows_tells_any_two_apart(rows: list[list[str]], data: st.DataObject) -> None:
    def digest(each: list[list[str]]) -> str:
        source = open_source(rows=[dict(zip("xy", row, strict=True)) for row in each])
        list(source)
        return source.digest

    other = data.draw(st.lists(st.lists(st.text("a:1"), min_size=2, max_size=2), min_size=1, max_size=3))
    assert (digest(rows) == digest(other)) == (rows == other)


def test_the_same_rows_are_the_same_from_each_kind_of_source() -> None:
    objects = [{"mobile": mobile, "name": name} for mobile, name in ROWS]
    lines = "".join(json.dumps(each) + "\n" for each in objects)
    assert cells(read(PLAIN)) == cells(read_json(lines)) == cells(list(open_source(rows=objects))) == ROWS
