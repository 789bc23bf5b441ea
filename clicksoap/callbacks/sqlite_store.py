"""A store in an SQLite file, for the processes of one machine."""

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from os import PathLike, fspath
from threading import Lock
from typing import Final

from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.store import Claim, StoredEvent
from clicksoap.events import DeliveryReport, InboundMessage

_BUSY_SECONDS: Final = 30.0
_MAX_CLAIMED: Final = 1000

# due is NULL once an event is handled. A group is free if none of its leases lasts.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS callback_events (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    group_name TEXT NOT NULL,
    at REAL NOT NULL,
    due REAL,
    lease REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS callback_events_due ON callback_events (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS callback_events_group ON callback_events (group_name);
"""


class SQLiteStore:
    """Keeps events in an SQLite file; safe to use from any thread, and from several processes of one machine.

    Handled events stay, so that duplicates are found, until `prune` removes them.

    Args:
        path: The file. It is created if it does not exist.
        lease: Seconds after which the events that a worker claimed go to another worker. Give more than the handlers
            of one message take.
    """

    def __init__(self, path: str | PathLike[str], *, lease: float = 120.0) -> None:
        self._lease = lease
        self._lock = Lock()
        self._connection = sqlite3.connect(
            fspath(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, event: Event, key: str, group: str, now: float) -> None:
        """Keep an event, and make its group due now."""
        kind = "report" if isinstance(event, DeliveryReport) else "inbound"
        row = (key, group, now, now, kind, json.dumps(event.to_dict()))
        with self._transaction() as connection:
            inserted = connection.execute(
                "INSERT OR IGNORE INTO callback_events (key, group_name, at, due, kind, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            if inserted.rowcount:
                connection.execute(
                    "UPDATE callback_events SET due = ? WHERE group_name = ? AND due > ? AND failures = 0",
                    (now, group, now),
                )

    def claim(self, now: float) -> Claim | None:
        """Claim a group that is due by now, or None."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT group_name FROM callback_events AS each WHERE due <= :now AND NOT EXISTS"
                " (SELECT 1 FROM callback_events WHERE group_name = each.group_name AND lease > :now)"
                " ORDER BY due LIMIT 1",
                {"now": now},
            ).fetchone()
            if found is None:
                return None
            (group,) = found
            rows = connection.execute(
                "SELECT number, at, due, failures, kind, data FROM callback_events WHERE group_name = ?"
                " ORDER BY due IS NULL, number LIMIT ?",
                (group, _MAX_CLAIMED),
            ).fetchall()
            lease = now + self._lease
            connection.execute(
                "UPDATE callback_events SET lease = ? WHERE group_name = ? AND due IS NOT NULL", (lease, group)
            )
        waiting = [row for row in rows if row[2] is not None]
        handled = [row[5] for row in rows if row[2] is None and row[4] == "report"]
        return Claim(
            group,
            tuple(StoredEvent(number, _event(kind, data), at) for number, at, _, _, kind, data in waiting),
            tuple(DeliveryReport.from_dict(json.loads(data)) for data in handled),
            max(failures for _, _, _, failures, _, _ in waiting),
            lease,
        )

    def finish(self, claim: Claim, numbers: list[int]) -> None:
        """Mark claimed events as handled."""
        del claim
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE callback_events SET due = NULL, lease = 0, failures = 0 WHERE number = ?",
                [(each,) for each in numbers],
            )

    def release(self, claim: Claim, until: float, *, failed: bool) -> None:
        """Give back what is not handled of a claim, due at a time."""
        numbers = [(until, int(failed), each.number, claim.lease) for each in claim.waiting]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE callback_events SET due = ?, lease = 0, failures = failures + ?"
                " WHERE number = ? AND lease = ? AND due IS NOT NULL",
                numbers,
            )

    def next_due(self) -> float | None:
        """The time at which the next group is due; None if every event is handled."""
        with (
            self._lock,
            closing(self._connection.execute("SELECT min(max(due, lease)) FROM callback_events")) as cursor,
        ):
            due: float | None = cursor.fetchone()[0]
        return due

    def prune(self, before: float) -> int:
        """Remove handled events that were stored before a time, in seconds since 1970, and return their number."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM callback_events WHERE due IS NULL AND at < ?", (before,)).rowcount

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _event(kind: str, data: str) -> Event:
    return (DeliveryReport if kind == "report" else InboundMessage).from_dict(json.loads(data))
