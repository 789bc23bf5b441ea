"""Templates insert cells, and evaluate nothing."""

import pytest
from hypothesis import given, strategies as st

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.problems import BadRow, Kind
from clicksoap.outbox.campaigns.templates import Template

COLUMNS = ("mobile", "name", "Amount due", "a.b")
CELLS = ("27820001234", "Ann", "R 12.50", "x")


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Dear {name}, {Amount due} is due", "Dear Ann, R 12.50 is due"),
        ("{name}", "Ann"),
        ("{name}{name}", "AnnAnn"),
        ("100 % {name} %s %(x)s", "100 % Ann %s %(x)s"),
        ("{{name}} {name} }}{{", "{name} Ann }{"),
        ("{{{name}}}", "{Ann}"),
        ("{a.b}", "x"),
        ("two\nlines {name}", "two\nlines Ann"),
        ("", ""),
    ],
)
def test_a_placeholder_is_replaced_by_the_cell_of_its_column(text: str, rendered: str) -> None:
    assert Template(text, COLUMNS).render(CELLS) == rendered


@given(
    pieces=st.lists(st.one_of(st.integers(0, 3), st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))),
    cells=st.tuples(*[st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)] * 4),
)
def test_a_template_is_its_literals_and_its_cells(pieces: list[int | str], cells: tuple[str, str, str, str]) -> None:
    written = "".join(
        f"{{{COLUMNS[piece]}}}" if isinstance(piece, int) else piece.replace("{", "{{").replace("}", "}}")
        for piece in pieces
        if not isinstance(piece, str) or piece.isprintable()
    )
    meant = "".join(
        cells[piece] if isinstance(piece, int) else piece
        for piece in pieces
        if not isinstance(piece, str) or piece.isprintable()
    )
    assert Template(written, COLUMNS).render(cells) == meant


@pytest.mark.parametrize("cell", ["{mobile}", "{{", "%s", "{name.__class__}", "}"])
def test_a_cell_is_never_evaluated(cell: str) -> None:
    assert Template("<{name}>", ("mobile", "name")).render(("27820001234", cell)) == f"<{cell}>"


def test_a_template_tells_which_columns_it_uses() -> None:
    template = Template("{Amount due} {name} {Amount due}", COLUMNS)
    assert template.columns_used == ("Amount due", "name")
    assert not template.is_constant
    constant = Template("Closed {{today}}", COLUMNS)
    assert constant.is_constant
    assert constant.columns_used == ()
    assert constant.render(CELLS) == "Closed {today}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dear {nam}", "placeholder {nam} of text at position 5 has no column: did you mean {name}?"),
        ("{amount DUE}", "did you mean {Amount due}?"),
        ("{ name }", "did you mean {name}?"),
        ("{invoice}", "the columns are {mobile}, {name}, {Amount due}, {a.b}"),
        ("{name!r}", "give a name alone, without a number, format, attribute or index; did you mean {name}?"),
        ("{name:>10}", "give a name alone"),
        ("{name.upper}", "give a name alone"),
        ("{name[0]}", "give a name alone"),
        ("{0}", "give a name alone"),
        ("{}", 'is empty: name a column, or write "{{}}" for the braces'),
        ("a } b", 'lone "}" at position 2: write "}}" for a brace, or "{name}" for a column'),
        ("a { b", 'lone "{" at position 2: write "{{"'),
        ("{name", 'lone "{" at position 0'),
        ("{a{name}}", 'lone "{" at position 0'),
        ("\0", "text holds U+0000 NULL"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Template(text, COLUMNS)
    assert said in str(caught.value)


def test_of_many_columns_the_first_are_named() -> None:
    with pytest.raises(InvalidInput, match=r"\{c11\} and 88 more$"):
        Template("{x}", [f"c{number}" for number in range(100)])


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_cell_that_the_text_needs_is_a_bad_row(empty: str) -> None:
    template = Template("{name} {Amount due}", COLUMNS)
    with pytest.raises(BadRow) as caught:
        template.render(("27820001234", "Ann", empty, ""))
    problem = caught.value.problem
    assert (problem.kind, problem.column) == (Kind.EMPTY_CELL, "Amount due")
    assert problem.reason == "Amount due is empty, and text needs it: fill it in, or leave the row out"
    assert Template("{name}", COLUMNS).render(("", "Ann", empty, "")) == "Ann"
    allowed = Template("{name} {Amount due}.", COLUMNS, allow_empty=True)
    assert allowed.render(("27820001234", "Ann", empty, "")) == f"Ann {empty}."


@pytest.mark.parametrize("damaged", ["#VALUE!", " #N/A ", "#DIV/0!", "#REF!", "#name?", "####", "1.2E+05", "4,41E+11"])
def test_a_cell_that_a_spreadsheet_damaged_is_a_bad_row(damaged: str) -> None:
    """Nobody is told that #VALUE! is due."""
    template = Template("Dear {name}, {Amount due} is due", COLUMNS)
    with pytest.raises(BadRow) as raised:
        template.render(("27820001234", "Ann", damaged, "x"))
    problem = raised.value.problem
    assert (problem.kind, problem.column, problem.value) == (Kind.SPREADSHEET, "Amount due", damaged)
    assert problem.reason.startswith("Amount due is ")


@pytest.mark.parametrize("cell", ["#", "#1", "No. #12", "12E4", "A+E+", "E+05", "C#", "1E+5 kg"])
def test_a_cell_that_only_looks_alike_is_inserted(cell: str) -> None:
    template = Template("#E+: {name}, {Amount due}", COLUMNS)
    assert template.render(("27820001234", "Ann", cell, "#N/A")) == f"#E+: Ann, {cell}"
