"""The file of a store: an SQLite database with one table, locked by one simulator and readable only by its user."""

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

_APPLICATION_ID: Final = 0x636C736F  # "clso"
_VERSION: Final = 1
_HEADER: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_OTHER_USERS: Final = 0o077
_IN_USE: Final = "is in use by another simulator: give each a file of its own"
# The files that this process has open. They must not even be read: closing a file releases all locks of the process
# on it (POSIX), also those of SQLite.
_open_files: Final = set[tuple[int, int]]()
_open_lock: Final = Lock()
_SCHEMA: Final = f"""
BEGIN EXCLUSIVE;
CREATE TABLE record (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL);
CREATE UNIQUE INDEX record_by_key ON record (kind, key);
CREATE INDEX record_by_age ON record (kind, seq);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class StoreError(Exception):
    """A file cannot be used as a store; the text says why and what to do."""


class StoreFile:
    """Records by kind and key, in order of insertion.

    Args:
        path: The file; a missing one is created, readable only by its owner.

    Raises:
        StoreError: The file cannot be used, has another version, or is in use.
    """

    def __init__(self, path: Path) -> None:
        with _open_lock:
            is_new, self._inode = _check(path)
            _open_files.add(self._inode)
        try:
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            _open_files.discard(self._inode)
            raise StoreError(f"{path} cannot be used: {error}") from None
        try:
            # Nobody else can open it until it is closed, and SQLite adds no file but the log.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            if is_new:
                self._connection.executescript(_SCHEMA)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA secure_delete = ON")  # deleted messages are private, too
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreError(f"{path} {_IN_USE}") from None
            raise StoreError(f"{path} cannot be used: {error}") from None

    def begin(self) -> None:
        """Begin a transaction."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit the transaction."""
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Roll the transaction back. Does nothing if none was begun."""
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def read(self, kind: str) -> Iterator[str]:
        """The records of a kind, the oldest first."""
        for (value,) in self._connection.execute("SELECT value FROM record WHERE kind = ? ORDER BY seq", [kind]):
            yield value

    def put(self, kind: str, records: Iterable[tuple[str, str]]) -> None:
        """Insert or replace records, given as pairs of key and value. A replaced record keeps its place."""
        self._connection.executemany(
            "INSERT INTO record (kind, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            ((kind, key, value) for key, value in records),
        )

    def remove(self, kind: str, keys: Iterable[str]) -> None:
        """Delete records by their keys."""
        self._connection.executemany("DELETE FROM record WHERE kind = ? AND key = ?", ((kind, key) for key in keys))

    def remove_before(self, kind: str, key: str) -> None:
        """Delete the records that are older than a record; none if that record does not exist."""
        self._connection.execute(
            "DELETE FROM record WHERE kind = ?1 AND seq < (SELECT seq FROM record WHERE kind = ?1 AND key = ?2)",
            [kind, key],
        )

    def empty(self) -> None:
        """Delete all records."""
        self._connection.execute("DELETE FROM record")

    def close(self) -> None:
        """Close the file, so that others can use it."""
        with suppress(sqlite3.Error):
            self._connection.close()
        _open_files.discard(self._inode)


def _check(path: Path) -> tuple[bool, tuple[int, int]]:
    """Check a file, and return if it is new, and its inode. A file of another program is not changed."""
    try:
        with suppress(FileExistsError):
            # Created here and not by SQLite, so that others can never read it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise StoreError(f"{path} is not a file: give the name of a new file")
        if os.name == "posix" and about.st_mode & _OTHER_USERS:
            raise StoreError(
                f"other users can read {path}, and messages are private: chmod 600 it, or give another file"
            )
        inode = about.st_dev, about.st_ino
        if inode in _open_files:
            raise StoreError(f"{path} {_IN_USE}")
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}") from None
    if not header:
        return True, inode
    application, version = (int.from_bytes(header[at : at + 4]) for at in (68, 60))
    if len(header) < _HEADER or not header.startswith(_MAGIC) or application != _APPLICATION_ID:
        raise StoreError(f"{path} is not the store of a simulator: give another file")
    if version != _VERSION:
        raise StoreError(
            f"{path} is the store of another clicksoap version ({version}, not {_VERSION}): give another file"
        )
    return False, inode
