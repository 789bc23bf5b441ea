"""Sources of campaigns: CSV, JSON Lines, or rows of a program, read one at a time."""

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.csv_rows import CsvRows
from clicksoap.outbox.campaigns.files import File, TextFile
from clicksoap.outbox.campaigns.json_rows import JsonRows
from clicksoap.outbox.campaigns.mappings import MappingRows
from clicksoap.outbox.campaigns.rows import SourceRow

__all__ = ["Source", "SourceRow", "open_source"]


class Source:
    """The rows of a campaign, in order. Iterating reads them one at a time; memory does not grow.

    A file can be iterated any number of times, one after the other; ``rows=`` once. Use it as a context manager, so
    that the file is closed. `open_source` makes it.

    Attributes:
        name: The name of the file without its folder, or ``"rows"``.
        encoding: The encoding of the file, as Python calls it; None for rows and for files of text.
        columns: The names of the columns.
    """

    def __init__(self, rows: CsvRows | JsonRows | MappingRows, file: TextFile | None) -> None:
        self._rows = rows
        self._file = file
        self.name = "rows" if file is None else file.name
        self.encoding = None if file is None else file.encoding
        self.columns = rows.columns

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in 64 hexadecimal digits.

        Raises:
            RuntimeError: The source is ``rows=``, and the last row was not read yet.
        """
        digest = self._rows.digest if isinstance(self._rows, MappingRows) else None
        if self._file is not None:
            digest = self._file.digest
        if digest is None:
            raise RuntimeError("the digest of rows is known after the last row: read all rows first")
        return digest

    def __iter__(self) -> Iterator[SourceRow]:
        return iter(self._rows)

    def close(self) -> None:
        """Close the file, unless the caller opened it."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    *,
    csv: File | None = None,
    jsonl: File | None = None,
    rows: Iterable[Mapping[str, object]] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Source:
    """Open the rows of a campaign. Files are read once before the first row: every byte has to fit the encoding.

    Args:
        csv: A CSV file with a header: a path, or an open file of bytes or text.
        jsonl: A file with one JSON object in each line, likewise. The keys of the first object are the columns.
        rows: An iterable of mappings of column to value. The keys of the first one are the columns.
        encoding: The encoding of the file. None finds UTF-8, UTF-16 and UTF-32, with and without a byte order mark.
        delimiter: The character between the cells of a CSV file. None finds comma, semicolon, tab or bar: the one that
            divides the header into most cells. Excel's first line ``sep=;`` is understood.

    Raises:
        InvalidInput: Not exactly one of ``csv``, ``jsonl`` and ``rows`` is given, or it has no columns or no rows, or
            the file is not text in its encoding. The text says what to do.
    """
    given = [name for name, value in (("csv", csv), ("jsonl", jsonl), ("rows", rows)) if value is not None]
    if len(given) != 1:
        found = f"{' and '.join(given)} are given" if given else "the source is missing"
        raise InvalidInput(f"{found}: give exactly one of csv=, jsonl= and rows=")
    if encoding is not None and rows is not None:
        raise InvalidInput("encoding= does not go with rows=: leave it out")
    if delimiter is not None and csv is None:
        raise InvalidInput(f"delimiter= does not go with {given[0]}=: leave it out")
    if rows is not None:
        return Source(MappingRows(rows), None)
    file = TextFile(csv if csv is not None else jsonl, given[0], encoding)  # type: ignore[arg-type]
    try:
        return Source(CsvRows(file, delimiter) if csv is not None else JsonRows(file), file)
    except BaseException:
        file.close()
        raise
