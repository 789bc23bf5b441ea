"""Templates: a text with the names of columns in braces, and the text of each row."""

import difflib
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, cast

from clicksoap.checks import check_text
from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.spreadsheets import damage, is_suspect

_TOKENS: Final = pattern(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# What Python's own formatting would look up or compute: a template only inserts.
_FORMATTING: Final = pattern(r"[!:.\[]|\A\s*[0-9]+\s*\Z")


class Template:
    """A text in which ``{name}`` stands for the cell of the column ``name``; ``{{`` and ``}}`` are braces.

    A name may hold blanks: ``{Amount due}``. Cells are inserted as they are, and nothing in them is evaluated.

    Args:
        text: The text.
        columns: The names of the source's columns, in the order of its cells.
        allow_empty: Whether a cell that the text needs may be empty.
        argument: What an error calls the text.

    Attributes:
        columns_used: The columns that the text names, each once, in the order of the text.
        is_constant: Whether it names none, so that all rows have the same text.

    Raises:
        InvalidInput: A placeholder names no column or is more than a name, or a brace stands alone.
    """

    def __init__(self, text: str, columns: Sequence[str], *, allow_empty: bool = False, argument: str = "text") -> None:
        text = check_text(text, argument)
        self._columns = tuple(columns)
        self._allow_empty = allow_empty
        self._argument = argument
        # The form of the % operator: the literals with %s between them.
        form: list[str] = []
        indexes: list[int] = []
        end = 0
        for token in _TOKENS.finditer(text):
            form.append(text[end : token.start()].replace("%", "%%"))
            end = token.end()
            name: str | None = token.group(1)
            if name is not None:
                indexes.append(self._index(name, token.start()))
                form.append("%s")
            elif len(token.group()) == 1:
                raise InvalidInput(
                    f'{argument} has a lone "{token.group()}" at position {token.start()}: write '
                    f'"{token.group() * 2}" for a brace, or "{{name}}" for a column'
                )
            else:
                form.append(token.group()[0])
        form.append(text[end:].replace("%", "%%"))
        self._form = "".join(form)
        self._indexes = tuple(indexes)
        self._constant = self._form % () if not indexes else None
        self._cells = _picker(self._indexes)
        self.columns_used = tuple(dict.fromkeys(self._columns[index] for index in indexes))
        self.is_constant = not indexes

    def _index(self, name: str, position: int) -> int:
        if name in self._columns:
            return self._columns.index(name)
        where = f"the placeholder {{{name}}} of {self._argument} at position {position}"
        if not name.strip():
            raise InvalidInput(f'{where} is empty: name a column, or write "{{{{}}}}" for the braces')
        if _FORMATTING.search(name):
            raise InvalidInput(
                f"{where} is not the name of a column: give a name alone, without a number, format, attribute or "
                f"index; {self._known(name)}"
            )
        raise InvalidInput(f"{where} has no column: {self._known(name)}")

    def _known(self, name: str) -> str:
        """The columns that may be meant."""
        folded = {column.strip().casefold(): column for column in self._columns}
        near = [folded[each] for each in difflib.get_close_matches(name.strip().casefold(), folded, n=3, cutoff=0.6)]
        if near:
            return f"did you mean {' or '.join(f'{{{column}}}' for column in near)}?"
        shown = ", ".join(f"{{{column}}}" for column in self._columns[:_SHOWN])
        more = len(self._columns) - _SHOWN
        return f"the columns are {shown}" + (f" and {more} more" if more > 0 else "")

    def render(self, cells: tuple[str, ...]) -> str:
        """The text of a row.

        Args:
            cells: The cells of the row, in the order of the columns.

        Raises:
            BadRow: A cell that the text needs is empty or holds only blanks, and ``allow_empty`` is False. Or it is an
                error of a spreadsheet, such as ``#VALUE!``, or a number of which one kept only a power of ten.
        """
        if self._constant is not None:
            return self._constant
        picked = self._cells(cells)
        if not self._allow_empty and not all(map(str.strip, picked)):
            raise self._empty(cells)
        text = self._form % picked
        if is_suspect(text):
            self._check_damage(cells)
        return text

    def _check_damage(self, cells: tuple[str, ...]) -> None:
        for index in self._indexes:
            reason = damage(cells[index])
            if reason is not None:
                column = self._columns[index]
                raise BadRow(Problem(Kind.SPREADSHEET, column, cells[index], f"{column} {reason}"))

    def _empty(self, cells: tuple[str, ...]) -> BadRow:
        index = next(index for index in self._indexes if not cells[index].strip())
        column = self._columns[index]
        reason = f"{column} is empty, and {self._argument} needs it: fill it in, or leave the row out"
        return BadRow(Problem(Kind.EMPTY_CELL, column, cells[index], reason))


_SHOWN: Final = 12


def _picker(indexes: tuple[int, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A function that takes these cells out of a row."""
    if len(indexes) == 1:
        (index,) = indexes
        return lambda cells: (cells[index],)
    if not indexes:
        return lambda _: ()
    return cast("Callable[[tuple[str, ...]], tuple[str, ...]]", itemgetter(*indexes))
