"""Rows of CSV, read by the standard library's reader; a bad row costs none of those behind it."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, Literal

from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.outbox.campaigns.files import LONGEST_LINE, TextFile
from clicksoap.outbox.campaigns.problems import Kind, Problem
from clicksoap.outbox.campaigns.rows import SourceRow, unstorable

_DELIMITERS: Final = ",;\t|"
_DECLARED: Final = pattern(r'"?sep=(.)"?\r?\n?', 2)  # Excel's own first line; the flag ignores case
_DATA: Final = pattern(r"\s*[+-]?[0-9][0-9 .,()/-]*\s*")
_NUMBER: Final = pattern(r"\s*\+?[0-9]{9,15}\s*")
_EXCERPT: Final = 200
_SHOWN_NAMES: Final = 5


class CsvRows:
    """The rows of a CSV file. Each iteration reads the file from its start.

    Args:
        file: The file.
        delimiter: The character between cells; None to find it in the header.

    Attributes:
        columns: The names in the header, without blanks around them.

    Raises:
        InvalidInput: The header cannot be used, or there are no rows.
    """

    def __init__(self, file: TextFile, delimiter: str | None) -> None:
        self._file = file
        if file.is_empty:
            raise InvalidInput("csv is empty: give a file with a header and rows")
        self._delimiter = _checked_delimiter(delimiter)
        self._header_lines = 0
        self.columns = self._header()
        if next(iter(self), None) is None:
            raise InvalidInput("csv has a header and no rows: give a file with rows")

    def _header(self) -> tuple[str, ...]:
        """Read the delimiter and the names of the columns."""
        lines = self._file.lines()
        first = next(lines)
        while not first.strip():
            self._header_lines += 1
            first = next(lines)
        if declared := _DECLARED.fullmatch(first):
            self._delimiter = self._delimiter or declared.group(1)
            self._header_lines += 1
            first = next(lines, "")
        if len(first) >= LONGEST_LINE:
            raise InvalidInput("csv has a first line of a million characters: give a file with a header")
        if self._delimiter is None:
            self._delimiter = found_delimiter(first)
        counted = _Lines(_chained(first, lines), self._delimiter)
        try:
            names = next(csv.reader(counted.feed(), delimiter=self._delimiter, strict=True), list[str]())
        except csv.Error as error:
            raise InvalidInput(f"csv has a header that cannot be read ({error}): mend its quotes") from None
        self._header_lines += counted.count
        return checked_columns(tuple(name.strip() for name in names))

    def __iter__(self) -> Iterator[SourceRow]:
        skipped = self._header_lines
        if not self._file.has_long_line:
            # Most files have no row that the reader gives up, and alone it is twice as fast.
            width = len(self.columns)
            is_checked = self._file.has_null
            with self._file.text() as text:
                for _ in range(skipped):
                    text.readline()
                reader = csv.reader(text, delimiter=self._delimiter or ",", strict=True)
                line = first = skipped + 1
                with suppress(csv.Error):
                    for cells in reader:
                        # Only a row that begins with a blank may have nothing else.
                        if len(cells) == width and cells[0] > "!" and not is_checked:
                            yield SourceRow(line, tuple(cells), None)
                        elif row := self._row(line, cells):
                            yield row
                        line = first + reader.line_num
                    return
            skipped = line - 1
        yield from self._carefully(skipped)

    def _carefully(self, skipped: int) -> Iterator[SourceRow]:
        """The rows behind so many lines; one that the reader gives up is skipped."""
        source = self._file.lines()
        for _ in range(skipped):
            next(source, "")
        lines = _Lines(source, self._delimiter or ",", skipped)
        reader = csv.reader(lines.feed(), delimiter=self._delimiter or ",", strict=True)
        while True:
            start = lines.count + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield self._unreadable(start, str(error), lines)
            else:
                if cells is None:
                    return
                if row := self._row(start, cells):
                    yield row
            lines.row.clear()

    def _row(self, line: int, cells: list[str]) -> SourceRow | None:
        """A row that was read; None for one of blanks."""
        if not any(map(str.strip, cells)):
            return None
        width = len(self.columns)
        if len(cells) == width:
            found = tuple(cells)
            return SourceRow(line, found, unstorable(found, self.columns) if self._file.has_null else None)
        aligned = tuple(cells[:width]) + ("",) * (width - len(cells))
        mend = "put quotes around a cell that holds the delimiter" if len(cells) > width else "add those that miss"
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        reason = f"the row has {count} and the header {width}: {mend}"
        value = (self._delimiter or ",").join(cells)
        return SourceRow(line, aligned, Problem(Kind.CELLS, None, value, reason))

    def _unreadable(self, line: int, error: str, lines: "_Lines") -> SourceRow:
        """A row that the reader gave up; the rest of it is skipped."""
        value = "".join(lines.row)[:_EXCERPT].rstrip("\r\n")
        is_cut_off = error == "unexpected end of data"
        is_closed = lines.skip_row() and not is_cut_off
        kind = Kind.UNREADABLE
        if lines.is_too_long:
            kind, reason = Kind.TOO_LONG, f"a line has over {LONGEST_LINE} characters: cut it"
        elif "field limit" in error:
            kind, reason = Kind.TOO_LONG, f"a cell has over {csv.field_size_limit()} characters: cut it"
        elif is_cut_off:
            reason = "a quote is not closed before the end of the file: close it, or write the whole file again"
        elif "expected after" in error:
            reason = "a quote stands within a cell: double it, and close the quote before it"
        else:
            reason = f"the row cannot be read ({error}): mend its quotes"
        if lines.count > line:
            reason = f"{reason} (lines {line} to {lines.count})"
        if not is_closed and not is_cut_off:
            reason = f"{reason}, and close its quote"
        lines.is_too_long = False
        return SourceRow(line, ("",) * len(self.columns), Problem(kind, None, value, reason))


class _Lines:
    """The lines of a file for `csv.reader`, which are counted; those of the present row are kept.

    Attributes:
        count: How many lines were read.
        row: The lines of the present row; the user of the reader clears it after each.
        is_too_long: Whether the last line was cut.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, count: int = 0) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self.count = count
        self.row: list[str] = []
        self.is_too_long = False

    def feed(self) -> Iterator[str]:
        """The lines. None instead of one that is too long makes the reader give up the row, and go on behind it."""
        row = self.row
        for line in self._lines:
            self.count += 1
            if len(line) >= LONGEST_LINE and line[-1] not in "\r\n":
                row.append(self._untorn(line))
                self.is_too_long = True
                yield None  # type: ignore[misc]  # pyright: ignore[reportReturnType]
            else:
                row.append(line)
                yield line

    def skip_row(self) -> bool:
        """Read to the end of the present row: a line end outside quotes; False where the file ends before."""
        is_quoted = False
        piece = ""
        for piece in self.row:
            is_quoted = self._is_open(piece, is_quoted=is_quoted)
        while is_quoted or (piece and piece[-1] not in "\r\n"):
            more = self._untorn(next(self._lines, ""))
            if not more:
                return not is_quoted
            if piece[-1] in "\r\n":
                self.count += 1
            is_quoted = self._is_open(more, is_quoted=is_quoted)
            piece = more
        return True

    def _untorn(self, piece: str) -> str:
        """A piece of a line, with the next one if a doubled quote may stand across their border."""
        while piece.endswith('"') and len(piece) % LONGEST_LINE == 0 and (more := next(self._lines, "")):
            piece += more
        return piece

    def _is_open(self, piece: str, *, is_quoted: bool) -> bool:
        """Whether a quoted cell goes on behind a line, by the rules of `csv.reader`."""
        position = 0
        while True:
            if not is_quoted:
                if piece[position : position + 1] == '"':
                    is_quoted = True
                    position += 1
                    continue
                position = piece.find(self._delimiter, position) + 1
                if not position:
                    return False
                continue
            position = piece.find('"', position) + 1
            if not position:
                return True
            if piece[position : position + 1] == '"':
                position += 1
                continue
            is_quoted = False
            position = piece.find(self._delimiter, position) + 1
            if not position:
                return False


def _chained(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _checked_delimiter(delimiter: object) -> str | None:
    if delimiter is None:
        return None
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise InvalidInput('delimiter= is not one character: give one, such as ";"')
    return delimiter


def found_delimiter(header: str) -> Literal[",", ";", "\t", "|"]:
    """The delimiter: of comma, semicolon, tab and bar the one that divides the header into most cells.

    Those within quotes do not count. Of several with as many cells, the first in this order is taken.
    """
    best, most = _DELIMITERS[0], 0
    for delimiter in _DELIMITERS:
        cells = next(csv.reader([header], delimiter=delimiter), list[str]())
        if len(cells) > most:
            best, most = delimiter, len(cells)
    return best  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


def checked_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of columns, if each can be told from the others and from data.

    Raises:
        InvalidInput: One is empty or stands twice, or they look like the first row.
    """
    if not names:
        raise InvalidInput("csv has no header: put a line with the names of the columns above the rows")
    if all(map(_DATA.fullmatch, names)) or any(map(_NUMBER.fullmatch, names)):
        raise InvalidInput("csv begins with numbers instead of names: put a line with the names of the columns above")
    first: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if not name:
            raise InvalidInput(f"column {position} of csv has no name: write one into the header, or take it out")
        if not name.isprintable():
            raise InvalidInput(f"column {position} of csv has a name with a character that is not printed: rename it")
        earlier = first.setdefault(name, position)
        if earlier != position:
            raise InvalidInput(f'columns {earlier} and {position} of csv are both called "{name}": rename one')
    return names
