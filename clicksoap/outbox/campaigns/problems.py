"""Bad rows of a source: what is wrong with each, and what to do about it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_LONGEST_VALUE: Final = 60


class Kind(StrEnum):
    """The kind of a bad row; reports count rows by it."""

    UNREADABLE = "unreadable"
    """The row cannot be read: quotes, JSON, or a character that no database holds."""
    CELLS = "cells"
    """It has more or fewer cells than the header, or a key that the first object does not have."""
    TOO_LONG = "too long"
    """A cell, a line or a text is longer than what can be read or sent."""
    NO_NUMBER = "no number"
    """The recipient's cell is empty."""
    BAD_NUMBER = "bad number"
    """The recipient's cell is not an international number, or a number of the region."""
    SPREADSHEET = "spreadsheet"
    """A spreadsheet changed the cell: a power of ten, a decimal number, a date, a formula."""
    SEVERAL_NUMBERS = "several numbers"
    """The recipient's cell holds several numbers."""
    EMPTY_CELL = "empty cell"
    """A cell that the text needs is empty."""
    TEXT = "text"
    """The text cannot be sent."""
    OPTION = "option"
    """An option of the row has a value that the gateway does not take."""
    KEY = "key"
    """The row's key is missing, too long, or used by another row."""
    TIME = "time"
    """The row's time or time zone cannot be read, or is past."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a row.

    Attributes:
        kind: The kind, by which bad rows are counted.
        column: The column; None where the whole row is meant.
        value: The cell, cut to 60 characters; the start of the row where no column is meant. It is not in the repr.
        reason: What is wrong and what to do, as ``"what is wrong: what to do"``. It never contains the value.
    """

    kind: Kind
    column: str | None
    value: str = field(repr=False)
    reason: str

    def __post_init__(self) -> None:
        if len(self.value) > _LONGEST_VALUE:
            object.__setattr__(self, "value", self.value[: _LONGEST_VALUE - 1] + "…")


class BadRow(Exception):
    """A row cannot be sent as it is; ``problem`` says why. Planning goes on with the next row."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem
