"""Rows of JSON Lines: one object in each line."""

import json
from collections.abc import Iterator
from typing import Any, Final

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.files import LONGEST_LINE, TextFile
from clicksoap.outbox.campaigns.mappings import cells_of, checked_keys
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.rows import SourceRow

_EXCERPT: Final = 200


class JsonRows:
    """The rows of a file of JSON Lines. Each iteration reads the file from its start.

    Attributes:
        columns: The keys of the first object.

    Raises:
        InvalidInput: There are no rows, or the first line is not an object that can be used.
    """

    def __init__(self, file: TextFile) -> None:
        self._file = file
        if file.is_empty:
            raise InvalidInput("jsonl is empty: give a file with an object in each line")
        line, text, _ = next(self._lines())
        try:
            self.columns = checked_keys(_object(text), "jsonl")
        except BadRow as error:
            raise InvalidInput(f"jsonl, line {line}: {error}") from None

    def __iter__(self) -> Iterator[SourceRow]:
        columns = self.columns
        known = frozenset(columns)
        for line, text, is_cut in self._lines():
            try:
                if is_cut:
                    reason = f"the line has over {LONGEST_LINE} characters: cut it"
                    raise BadRow(Problem(Kind.TOO_LONG, None, text[:_EXCERPT], reason))
                cells = cells_of(_object(text), columns, known)
            except BadRow as error:
                yield SourceRow(line, ("",) * len(columns), error.problem)
            else:
                yield SourceRow(line, cells)

    def _lines(self) -> Iterator[tuple[int, str, bool]]:
        """Each line that is not blank, with its number, and whether it was cut."""
        pieces = self._file.lines()
        for count, piece in enumerate(pieces, 1):  # the rest of a line is taken off within
            is_cut = False
            last = piece
            while len(last) >= LONGEST_LINE and last[-1] not in "\r\n":
                last = next(pieces, "")
                is_cut = is_cut or bool(last)
            if not piece.isspace():
                yield count, piece, is_cut


def _not_finite(_: str) -> object:
    raise ValueError("NaN and Infinity are not values of JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


# The digits of numbers are kept as they are written, so that what a program damaged can be named.
_DECODER: Final = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=_not_finite, object_pairs_hook=_without_doubles
)


def _object(text: str) -> dict[str, object]:
    """The object of a line.

    Raises:
        BadRow: The line is not JSON, or not an object.
    """
    try:
        found: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        why = f"{error.msg} at position {error.pos}"
    except ValueError as error:
        why = str(error)
    except RecursionError:
        why = "it is nested too deeply"
    else:
        if isinstance(found, dict):
            return found  # pyright: ignore[reportUnknownVariableType]
        raise BadRow(
            Problem(Kind.UNREADABLE, None, text[:_EXCERPT].rstrip(), 'the line is not an object: write {"key": value}')
        )
    reason = f"the line is not JSON ({why}): write one object in each line"
    raise BadRow(Problem(Kind.UNREADABLE, None, text[:_EXCERPT].rstrip(), reason)) from None
