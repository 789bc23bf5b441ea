"""Rows of a source, and the texts of values that are not texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final

from clicksoap.checks import named_character, plain_str
from clicksoap.lazy_re import pattern
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem

# PostgreSQL stores no NULL in a text, and UTF-8 has no form of half a surrogate pair.
UNSTORABLE: Final = pattern("[\0\ud800-\udfff]")


@dataclass(slots=True)
class SourceRow:
    """One row of a source. Nobody changes it; a frozen one would take three times as long to make.

    Attributes:
        line: The line of the file on which the row starts, counted from 1; the header has one, too. The position,
            counted from 1, where the rows are not of a file.
        cells: The cells, as many as the source has columns; of a row that cannot be read, those that were found.
        problem: Why the row cannot be read; None if it can.
    """

    line: int
    cells: tuple[str, ...] = field(repr=False)
    problem: Problem | None = None


def as_text(value: object, column: str) -> str:
    """The text of a cell: as it is written in JSON, with ISO 8601 for times and nothing for None.

    Raises:
        BadRow: The value has parts (a list, an object, bytes), or no text.
    """
    if isinstance(value, str):
        return plain_str(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else "true" if value else "false"
    if isinstance(value, int):
        try:
            return plain_str(value)
        except ValueError:  # Python writes no int of more than 4300 digits
            raise BadRow(Problem(Kind.TOO_LONG, column, "", f"{column} has thousands of digits: cut it")) from None
    if isinstance(value, float | datetime | time):
        return float.__repr__(value) if isinstance(value, float) else value.isoformat()
    if isinstance(value, Mapping | list | tuple | set | frozenset | bytes | bytearray | memoryview):
        called = "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"  # pyright: ignore[reportUnknownArgumentType]
        reason = f"{column} is {called}: give a text, a number, true, false or nothing"
        raise BadRow(Problem(Kind.CELLS, column, "", reason))
    try:
        return plain_str(value)
    except Exception:  # noqa: BLE001 - a value is code of others
        reason = f"{column} is {type(value).__name__}, which has no text: give a str"
        raise BadRow(Problem(Kind.CELLS, column, "", reason)) from None


def unstorable(cells: tuple[str, ...], columns: tuple[str, ...]) -> Problem | None:
    """The problem of a row with a character that no database holds; None for all others."""
    for cell, column in zip(cells, columns, strict=True):
        if found := UNSTORABLE.search(cell):
            reason = (
                f"{column} holds {named_character(found.group())} at position {found.start()}, which cannot be "
                "stored: take it out"
            )
            return Problem(Kind.UNREADABLE, column, UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", cell), reason)
    return None
