"""Files as lines of text: opened, hashed, their encoding found and checked, in a memory that does not grow."""

import codecs
import hashlib
import io
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import PurePath
from typing import IO, Any, Final, Protocol, cast

from clicksoap.errors import InvalidInput

Path = str | os.PathLike[str]


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> str | bytes: ...


File = Path | IO[bytes] | IO[str] | _Readable

LONGEST_LINE: Final = 1 << 20
"""Characters of a line that are kept. More is skipped, so that a file without line ends needs no memory."""

BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_CHUNK: Final = 1 << 18
_HEAD: Final = 4096

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_NO_TEXT: Final = (
    (b"PK\3\4", "a workbook or a ZIP archive", 'save the sheet as "CSV UTF-8"'),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old Excel", 'save the sheet as "CSV UTF-8"'),
    (b"\x1f\x8b", "compressed", "give gzip.open(path)"),
    (b"%PDF-", "a PDF document", "export the rows as CSV"),
)


class TextFile:
    """A file that was read once as bytes, and can be read as lines of text any number of times.

    A stream that can be read only once is copied to a temporary file without a name.

    Args:
        given: A path, or an open file of bytes or of text. A file of the caller is not closed.
        argument: What an error calls it.
        encoding: The encoding; None to find it.

    Attributes:
        name: The name of the file without its folder; the argument's name where it has none.
        encoding: The encoding, as Python calls it; None for a file of text.
        digest: SHA-256 of the bytes, in hexadecimal digits; for a file of text, of its UTF-8 form.
        has_null: Whether it has a character NULL.
        has_long_line: Whether a line has `LONGEST_LINE` characters or more.
        is_empty: Whether it has nothing but blanks.

    Raises:
        InvalidInput: The file cannot be opened, is not text, or has bytes that its encoding does not have.
    """

    def __init__(self, given: File, argument: str, encoding: str | None) -> None:
        self._argument = argument
        self._open = ExitStack()
        with ExitStack() as undo:
            undo.callback(self.close)
            self._file, is_text = self._opened(given, encoding)
            self._start = self._file.tell()
            head = self._file.read(_HEAD)
            self.encoding = None if is_text else _encoding(head, argument, encoding)
            self._encoding = ("utf-8-sig" if self.encoding is None else self.encoding).lower()
            self.name = _name(given) or argument
            self.has_null = False
            self.has_long_line = False
            self.is_empty = True
            self.digest = self._read_once(is_declared=encoding is not None)
            self._stamp = self._stamped()
            undo.pop_all()

    def close(self) -> None:
        """Close what this object opened."""
        self._open.close()

    @contextmanager
    def text(self) -> Generator[io.TextIOWrapper, None, None]:
        """The text from its start, with its line ends as they are; a byte order mark may stand in front.

        Raises:
            InvalidInput: The file was changed since it was opened.
        """
        self._file.seek(self._start)
        text = io.TextIOWrapper(_buffered(self._file), encoding=self._encoding, newline="")
        try:
            yield text
        except UnicodeDecodeError:
            raise self._changed() from None
        finally:
            with suppress(ValueError):  # the file was closed meanwhile
                buffer = text.detach()
                if buffer is not self._file:
                    cast("io.BufferedReader", buffer).detach()
        if self._stamped() != self._stamp:
            raise self._changed()

    def lines(self) -> Iterator[str]:
        """The lines with their ends, from the first one; of a longer line `LONGEST_LINE` characters and more pieces.

        Raises:
            InvalidInput: The file was changed since it was opened.
        """
        with self.text() as text:
            pieces = iter(partial(text.readline, LONGEST_LINE), "")
            yield next(pieces, "").removeprefix(BYTE_ORDER_MARK)
            yield from pieces

    def _changed(self) -> InvalidInput:
        return InvalidInput(f"{self._argument} was changed while it was read: wait until it is written, and plan again")

    def _stamped(self) -> tuple[int, int] | None:
        """Size and time of the last change; None for what is not a file of the system."""
        try:
            status = os.fstat(self._file.fileno())
        except (OSError, AttributeError):
            return None
        return status.st_size, status.st_mtime_ns

    def _opened(self, given: File, encoding: str | None) -> tuple[IO[bytes], bool]:
        """A file of bytes that can be read twice, and whether it was a file of text."""
        argument = self._argument
        if isinstance(given, str | os.PathLike):
            path = os.fspath(given)
            if isinstance(path, str) and ("\n" in path or "\r" in path):
                raise InvalidInput(f"{argument} is the text itself: give a path, or io.StringIO(text)")
            try:
                file: Any = self._open.enter_context(open(path, "rb"))  # noqa: PTH123, SIM115 - closed by close()
            except (OSError, ValueError) as error:
                why = (error.strerror if isinstance(error, OSError) else None) or "not a path"
                raise InvalidInput(f"{argument} cannot be opened ({why}): give the path of a file") from error
        elif hasattr(given, "read"):
            file = given
        else:
            raise InvalidInput(f"{argument} is {type(given).__name__}: give a path or an open file")
        is_text = isinstance(file.read(0), str)
        if is_text and encoding is not None:
            raise InvalidInput(f"encoding= does not go with a file of text: open {argument} with it, or give the path")
        if not is_text and _is_seekable(file):
            return file, False
        return self._copied(file), is_text

    def _copied(self, file: _Readable) -> IO[bytes]:
        copy = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
        try:
            while chunk := file.read(_CHUNK):
                copy.write(chunk.encode() if isinstance(chunk, str) else chunk)
        except UnicodeError as error:
            raise InvalidInput(
                f"{self._argument} has characters that do not fit its encoding: open it with the right one"
            ) from error
        copy.seek(0)
        return copy

    def _read_once(self, *, is_declared: bool) -> str:
        """Read the whole file in pieces: its digest is made, and every byte has to fit the encoding."""
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder(self._encoding)()
        newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
        line, length = 1, 0
        self._file.seek(self._start)
        while True:
            chunk = self._file.read(_CHUNK)
            digest.update(chunk)
            try:
                text = newlines.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(error.encoding, "ignore")
                held_back = newlines.getstate()[1] & 1  # a CARRIAGE RETURN, which a LINE FEED may follow
                line += ("\r" * held_back + before).replace("\r\n", "\n").replace("\r", "\n").count("\n")
                raise self._undecodable(error, line, is_declared=is_declared) from None
            line += text.count("\n")
            self.has_null = self.has_null or "\0" in text
            # A chunk is shorter than a long line, so that only one across chunks can be long.
            end = text.find("\n")
            length += len(text) if end < 0 else end
            self.has_long_line = self.has_long_line or length >= LONGEST_LINE
            length = length if end < 0 else len(text) - text.rfind("\n") - 1
            self.is_empty = self.is_empty and not text.strip(f"{BYTE_ORDER_MARK} \t\n")
            if not chunk:
                return digest.hexdigest()

    def _undecodable(self, error: UnicodeDecodeError, line: int, *, is_declared: bool) -> InvalidInput:
        found = " ".join(f"0x{octet:02X}" for octet in error.object[error.start : max(error.end, error.start + 1)])
        mend = "give the encoding that it was written in"
        if not is_declared and self._encoding.startswith("utf-8"):
            mend = 'give encoding="cp1252", which most Windows programs write, or save the file as UTF-8'
        name = self._encoding.removesuffix("-sig").upper()
        return InvalidInput(f"{self._argument} is not {name}, line {line} has the byte {found}: {mend}")


def _buffered(file: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(file, _CHUNK) if isinstance(file, io.RawIOBase) else file


def _is_seekable(file: object) -> bool:
    """Whether the file can be read twice, and by `io.TextIOWrapper`."""
    return isinstance(file, io.IOBase) and file.seekable()


def _name(given: object) -> str:
    """The name of a file without its folder; nothing where it has none."""
    name: object = given if isinstance(given, str | os.PathLike) else getattr(given, "name", "")  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(name, str | os.PathLike):
        return ""
    return PurePath(os.fsdecode(name)).name  # pyright: ignore[reportUnknownArgumentType]


def _encoding(head: bytes, argument: str, declared: object) -> str:
    """The encoding of a file by its first bytes, if none is declared."""
    for mark, what, mend in _NO_TEXT:
        if head.startswith(mark):
            raise InvalidInput(f"{argument} is {what}: {mend}")
    marked = next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)
    if declared is not None:
        try:
            "".encode(str(declared))
            name = codecs.lookup(str(declared)).name
        except (LookupError, ValueError):
            raise InvalidInput(
                'encoding= is not an encoding that Python knows: give one, such as "utf-8" or "cp1252"'
            ) from None
        return "utf-8-sig" if name == "utf-8" and marked == "utf-8-sig" else name
    return marked or _by_null_bytes(head) or "utf-8"


def _by_null_bytes(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: in their forms of delimiters, digits and line ends most bytes are NULL."""
    if len(head) >= 8:  # noqa: PLR2004 - two characters of UTF-32
        if not any(head[3::4]) and max(head[2::4]) <= _LAST_PLANE:
            return "utf-32-le"
        if not any(head[0::4]) and max(head[1::4]) <= _LAST_PLANE:
            return "utf-32-be"
    first, second = head[0::2].count(0), head[1::2].count(0)
    enough = len(head) // 10  # a fifth of the pairs
    if second > enough and first * 10 <= second:
        return "utf-16-le"
    if first > enough and second * 10 <= first:
        return "utf-16-be"
    return None


_LAST_PLANE: Final = 0x10  # of Unicode
