"""The file: one table in SQLite, of this program, of this version, for this user, for one simulator at a time."""

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

_APPLICATION: Final = 0x636C736F  # "clso"
_VERSION: Final = 1
_HEADER: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_OTHERS: Final = 0o077
_IN_USE: Final = "is in use by another simulator: give each a file of its own"
# The files that this process has open. They must not even be read: closing a file takes away all locks that the process
# has on it (POSIX), those of SQLite too.
_open: Final = set[tuple[int, int]]()
_opening: Final = Lock()
_SCHEMA: Final = f"""
BEGIN EXCLUSIVE;
CREATE TABLE record (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL);
CREATE UNIQUE INDEX record_by_key ON record (kind, key);
CREATE INDEX record_by_age ON record (kind, seq);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class StoreError(Exception):
    """A file cannot be the store of a simulator; the text says why and what to do."""


class StoreFile:
    """Records by kind and key, in the order in which they came.

    Args:
        path: The file; it is made if it is not there, readable for its owner alone.

    Raises:
        StoreError: It cannot be had, is none of this version, or is in use.
    """

    def __init__(self, path: Path) -> None:
        with _opening:
            is_new, self._inode = _check(path)
            _open.add(self._inode)
        try:
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            _open.discard(self._inode)
            raise StoreError(f"{path} cannot be used: {error}") from None
        try:
            # Until it is closed, nobody else opens it, and nothing but the log stands beside it.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            if is_new:
                self._connection.executescript(_SCHEMA)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA secure_delete = ON")  # what was deleted is private, too
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreError(f"{path} {_IN_USE}") from None
            raise StoreError(f"{path} cannot be used: {error}") from None

    def begin(self) -> None:
        """Begin to write."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was written since."""
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Forget what was written since; harmless if nothing was begun."""
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def read(self, kind: str) -> Iterator[str]:
        """The records of a kind, the oldest first."""
        for (value,) in self._connection.execute("SELECT value FROM record WHERE kind = ? ORDER BY seq", [kind]):
            yield value

    def put(self, kind: str, records: Iterable[tuple[str, str]]) -> None:
        """Write records by their keys; one that is there keeps its place."""
        self._connection.executemany(
            "INSERT INTO record (kind, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            ((kind, key, value) for key, value in records),
        )

    def remove(self, kind: str, keys: Iterable[str]) -> None:
        """Forget records."""
        self._connection.executemany("DELETE FROM record WHERE kind = ? AND key = ?", ((kind, key) for key in keys))

    def remove_before(self, kind: str, key: str) -> None:
        """Forget what is older than a record; nothing if there is no such record."""
        self._connection.execute(
            "DELETE FROM record WHERE kind = ?1 AND seq < (SELECT seq FROM record WHERE kind = ?1 AND key = ?2)",
            [kind, key],
        )

    def empty(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM record")

    def close(self) -> None:
        """Let others have it."""
        with suppress(sqlite3.Error):
            self._connection.close()
        _open.discard(self._inode)


def _check(path: Path) -> tuple[bool, tuple[int, int]]:
    """Whether the file is new, and which it is; what is somebody else's is left untouched."""
    try:
        with suppress(FileExistsError):
            # Made here rather than by SQLite, so that it is never readable for others, not even for a moment.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise StoreError(f"{path} is no file: give the name of one that is to be made")
        if os.name == "posix" and about.st_mode & _OTHERS:
            raise StoreError(f"others can read {path}, and messages are private: chmod 600 it, or give another file")
        inode = about.st_dev, about.st_ino
        if inode in _open:
            raise StoreError(f"{path} {_IN_USE}")
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}") from None
    if not header:
        return True, inode
    application, version = (int.from_bytes(header[at : at + 4]) for at in (68, 60))
    if len(header) < _HEADER or not header.startswith(_MAGIC) or application != _APPLICATION:
        raise StoreError(f"{path} is no store of a simulator: give another file")
    if version != _VERSION:
        raise StoreError(f"{path} is a store of another version of clicksoap ({version}, not {_VERSION}): give another")
    return False, inode
