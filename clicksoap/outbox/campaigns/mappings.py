"""Rows of mappings: those of a caller's list or query, and the objects of JSON Lines."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.rows import SourceRow, as_text, unstorable


class MappingRows:
    """The rows of an iterable of mappings, which is read once.

    Attributes:
        columns: The keys of the first mapping.
        digest: SHA-256 of all cells in hexadecimal digits; None before the last row was read.

    Raises:
        InvalidInput: There are no rows, or the first is not a mapping with keys that can be used.
    """

    def __init__(self, rows: Iterable[Mapping[str, object]]) -> None:
        if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
            called = type(rows).__name__  # pyright: ignore[reportUnknownArgumentType]
            raise InvalidInput(f"rows is {called}: give an iterable of mappings, such as a list of dicts")
        self.digest: str | None = None
        self._rest: Iterator[object] | None = iter(rows)
        first: object = next(self._rest, None)
        if first is None:
            raise InvalidInput("rows is empty: give at least one row")
        if not isinstance(first, Mapping):
            raise InvalidInput(f"rows holds {type(first).__name__}: give mappings of column to value")
        self.columns = checked_keys(first, "rows")  # pyright: ignore[reportUnknownArgumentType]
        self._rest = chain([first], self._rest)  # pyright: ignore[reportUnknownArgumentType]

    def __iter__(self) -> Iterator[SourceRow]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise InvalidInput("rows was read already: give the rows anew")
        columns = self.columns
        known = frozenset(columns)
        digest = hashlib.sha256()
        digest.update(_hashed(columns))
        for position, row in enumerate(rest, 1):
            cells, problem = ("",) * len(columns), None
            try:
                cells = cells_of(row, columns, known)
            except BadRow as error:
                problem = error.problem
                digest.update(_hashed((problem.kind, problem.value)))
            digest.update(_hashed(cells))
            yield SourceRow(position, cells, problem)
        self.digest = digest.hexdigest()


def _hashed(cells: tuple[str, ...]) -> bytes:
    # Lengths in front, so that no cell can pass for two.
    return "".join([f"{len(cell)}:{cell}" for cell in cells]).encode("utf-8", "surrogatepass") + b"\n"


def checked_keys(first: Mapping[object, object] | Mapping[str, object], argument: str) -> tuple[str, ...]:
    """Return the keys of the first mapping, if they can name columns.

    Raises:
        InvalidInput: There are none, or one is not a str or cannot be printed.
    """
    keys = tuple(first)
    if not keys:
        raise InvalidInput(f"{argument} begins with an empty row: give one with all columns")
    for key in keys:
        if not isinstance(key, str) or not key.strip() or not key.isprintable():
            raise InvalidInput(f"{argument} begins with a key that cannot name a column: give a printable str")
    return tuple(str.__str__(key) for key in keys if isinstance(key, str))


def cells_of(row: object, columns: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...]:
    """The cells of a mapping; a key that is missing gives an empty one.

    Raises:
        BadRow: It is not a mapping, has a key that the first one does not have, or a value that has no text.
    """
    if not isinstance(row, Mapping):
        reason = f"the row is {type(row).__name__}: give a mapping of column to value"
        raise BadRow(Problem(Kind.CELLS, None, "", reason))
    if not known.issuperset(row):  # pyright: ignore[reportUnknownArgumentType]
        strange = [key for key in row if key not in known]  # pyright: ignore[reportUnknownVariableType]
        named = f'the key "{strange[0]}"' if str(strange[0]).isprintable() else "a key"  # pyright: ignore[reportUnknownArgumentType]
        reason = f"the row has {named}, which the first row does not have: rename it, or add it to the first row"
        raise BadRow(Problem(Kind.CELLS, None, ", ".join(map(str, strange)), reason))  # pyright: ignore[reportUnknownArgumentType]
    cells: list[str] = []
    for column in columns:
        value: object = row.get(column)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        cells.append(value if type(value) is str else as_text(value, column))  # pyright: ignore[reportUnknownArgumentType]
    found = tuple(cells)
    text = "".join(found)
    if (not text.isascii() or "\0" in text) and (problem := unstorable(found, columns)):
        raise BadRow(problem)
    return found
