"""A store in a PostgreSQL database, for processes on any number of machines."""

import importlib.util
import json
import os
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.store import Claim, StoredEvent
from clicksoap.errors import ConfigurationError
from clicksoap.events import DeliveryReport, InboundMessage
from clicksoap.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

_T = TypeVar("_T")

_MAX_CLAIMED: Final = 1000
_MAX_CONNECTIONS: Final = 8
_CONNECT_SECONDS: Final = 5
_OPTIONS: Final = (
    "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
    " -c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=10s"
)

_IS_THERE: Final = "SELECT to_regclass('clicksoap_callback_event') IS NOT NULL"
_LOCK_SCHEMA: Final = "SELECT pg_advisory_xact_lock(7216350)"
# due is NULL once every event of a group is handled. A group is free if its lease does not last.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS clicksoap_callback_group (
    name text PRIMARY KEY,
    due double precision,
    lease double precision NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS clicksoap_callback_group_due ON clicksoap_callback_group (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS clicksoap_callback_event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    group_name text NOT NULL,
    at double precision NOT NULL,
    is_handled boolean NOT NULL DEFAULT false,
    kind text NOT NULL,
    data text NOT NULL
);
CREATE INDEX IF NOT EXISTS clicksoap_callback_event_group ON clicksoap_callback_event (group_name);
"""
_ADD: Final = """
WITH added AS (
    INSERT INTO clicksoap_callback_event (key, group_name, at, kind, data)
    VALUES (%(key)s, %(group)s, %(now)s, %(kind)s, %(data)s)
    ON CONFLICT (key) DO NOTHING
    RETURNING group_name
)
INSERT INTO clicksoap_callback_group AS known (name, due) SELECT group_name, %(now)s FROM added
ON CONFLICT (name) DO UPDATE SET due = least(known.due, excluded.due)
"""
_CLAIM: Final = """
UPDATE clicksoap_callback_group SET lease = extract(epoch FROM clock_timestamp()) + %(lease)s
WHERE name = (
    SELECT name FROM clicksoap_callback_group
    WHERE due <= %(now)s AND lease <= extract(epoch FROM clock_timestamp())
    ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING name, lease, failures
"""
_WAITING: Final = """
SELECT number, at, kind, data FROM clicksoap_callback_event
WHERE group_name = %s AND NOT is_handled ORDER BY number LIMIT %s
"""
_HANDLED: Final = """
SELECT data FROM clicksoap_callback_event WHERE group_name = %s AND is_handled AND kind = 'report'
ORDER BY number DESC LIMIT %s
"""
_FOR_NOTHING: Final = "UPDATE clicksoap_callback_group SET due = NULL, lease = 0, failures = 0 WHERE name = %s"
_LOCK_GROUP: Final = "SELECT 1 FROM clicksoap_callback_group WHERE name = %s FOR UPDATE"
_FINISH: Final = "UPDATE clicksoap_callback_event SET is_handled = true WHERE number = ANY(%s)"
_IS_WAITING: Final = "SELECT 1 FROM clicksoap_callback_event WHERE number = ANY(%s) AND NOT is_handled LIMIT 1"
_FINISH_GROUP: Final = """
UPDATE clicksoap_callback_group SET
    failures = 0,
    lease = CASE WHEN lease = %(lease)s AND NOT %(is_waiting)s THEN 0 ELSE lease END,
    due = (SELECT min(at) FROM clicksoap_callback_event WHERE group_name = %(group)s AND NOT is_handled)
WHERE name = %(group)s
"""
# An event that was added after the claim makes the group due at once, unless a handler failed.
_RELEASE: Final = """
UPDATE clicksoap_callback_group SET
    lease = 0,
    failures = failures + %(failed)s,
    due = CASE WHEN %(failed)s = 0 AND EXISTS (
        SELECT 1 FROM clicksoap_callback_event
        WHERE group_name = %(group)s AND NOT is_handled AND number <> ALL(%(numbers)s)
    ) THEN least(due, %(until)s) ELSE %(until)s END
WHERE name = %(group)s AND lease = %(lease)s AND due IS NOT NULL
"""
_NEXT_DUE: Final = "SELECT min(greatest(due, lease)) FROM clicksoap_callback_group WHERE due IS NOT NULL"
_PRUNE: Final = "DELETE FROM clicksoap_callback_event WHERE is_handled AND at < %s"
_PRUNE_GROUPS: Final = """
DELETE FROM clicksoap_callback_group AS each WHERE due IS NULL
AND NOT EXISTS (SELECT 1 FROM clicksoap_callback_event WHERE group_name = each.name)
"""


class PostgreSQLStore:
    """Keeps events in a PostgreSQL database; safe to use from any thread, and from processes on several machines.

    The constructor opens nothing. The first use creates the tables ``clicksoap_callback_event`` and
    ``clicksoap_callback_group`` if the database has none. Handled events stay, so that duplicates are found, until
    `prune` removes them. Needs the extra ``outbox-postgresql``.

    Args:
        url: ``postgresql://USER:PASSWORD@HOST/NAME``.
        lease: Seconds, by the clock of the database, after which the events that a worker claimed go to another
            worker. Give more than the handlers of one message take.

    Raises:
        ConfigurationError: The URL is of another kind, the lease is not above zero, or psycopg is not installed.
    """

    def __init__(self, url: str | Secret, *, lease: float = 120.0) -> None:
        url = url if isinstance(url, Secret) else Secret(url)  # from here on no frame has it as plain text
        if not url.reveal().startswith(("postgresql://", "postgres://")):
            raise ConfigurationError(
                "url is not the address of a PostgreSQL database: give postgresql://USER:PASSWORD@HOST/NAME"
            )
        if lease <= 0:
            raise ConfigurationError("lease is out of range: give a number of seconds above zero")
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigurationError(
                'psycopg is not installed; PostgreSQL needs: pip install "clicksoap[outbox-postgresql]"'
            )
        self._url = url
        self._lease = lease
        self._lock = Lock()
        self._slots = BoundedSemaphore(_MAX_CONNECTIONS)
        self._idle: list[Connection] = []
        self._process = os.getpid()
        self._has_tables = False

    def close(self) -> None:
        """Close the connections; a later use opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def add(self, event: Event, key: str, group: str, now: float) -> None:
        """Keep an event, and make its group due now."""
        kind = "report" if isinstance(event, DeliveryReport) else "inbound"
        values = {"key": key, "group": group, "now": now, "kind": kind, "data": json.dumps(event.to_dict())}
        self._in_transaction(lambda connection: connection.execute(_ADD, values))

    def claim(self, now: float) -> Claim | None:
        """Claim a group that is due by now, or None."""
        return self._in_transaction(lambda connection: self._claim(connection, now))

    def finish(self, claim: Claim, numbers: list[int]) -> None:
        """Mark claimed events as handled."""
        claimed = [each.number for each in claim.waiting]

        def run(connection: "Connection") -> None:
            connection.execute(_LOCK_GROUP, (claim.group,))
            connection.execute(_FINISH, (numbers,))
            is_waiting = connection.execute(_IS_WAITING, (claimed,)).fetchone() is not None
            values = {"group": claim.group, "lease": claim.lease, "is_waiting": is_waiting}
            connection.execute(_FINISH_GROUP, values)

        self._in_transaction(run)

    def release(self, claim: Claim, until: float, *, failed: bool) -> None:
        """Give back what is not handled of a claim, due at a time."""
        values = {
            "group": claim.group,
            "lease": claim.lease,
            "until": until,
            "failed": int(failed),
            "numbers": [each.number for each in claim.waiting],
        }

        def run(connection: "Connection") -> None:
            connection.execute(_LOCK_GROUP, (claim.group,))
            connection.execute(_RELEASE, values)

        self._in_transaction(run)

    def next_due(self) -> float | None:
        """The time at which the next group is due; None if every event is handled."""
        row = self._in_transaction(lambda connection: connection.execute(_NEXT_DUE).fetchone())
        due: float | None = None if row is None else row[0]
        return due

    def prune(self, before: float) -> int:
        """Remove handled events that were stored before a time, in seconds since 1970, and return their number."""

        def run(connection: "Connection") -> int:
            removed = connection.execute(_PRUNE, (before,)).rowcount
            connection.execute(_PRUNE_GROUPS)
            return removed

        return self._in_transaction(run)

    def _claim(self, connection: "Connection", now: float) -> Claim | None:
        while (row := connection.execute(_CLAIM, {"now": now, "lease": self._lease}).fetchone()) is not None:
            group, lease, failures = row
            waiting = connection.execute(_WAITING, (group, _MAX_CLAIMED)).fetchall()
            if not waiting:
                connection.execute(_FOR_NOTHING, (group,))
                continue
            handled = connection.execute(_HANDLED, (group, _MAX_CLAIMED)).fetchall()
            return Claim(
                group,
                tuple(StoredEvent(number, _event(kind, data), at) for number, at, kind, data in waiting),
                tuple(DeliveryReport.from_dict(json.loads(data)) for (data,) in handled),
                failures,
                lease,
            )
        return None

    def _in_transaction(self, run: "Callable[[Connection], _T]") -> _T:
        """Run statements in a transaction.

        An idle connection may have died with the server, so that its failure is no answer: another one is tried. All
        transactions may run twice.
        """
        import psycopg  # noqa: PLC0415 - an extra

        with self._slots:
            while True:
                connection = self._pop_idle()
                is_new = connection is None
                connection = connection or self._connected()
                try:
                    with connection.transaction():
                        result = run(connection)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    connection.close()
                    if is_new:
                        raise
                except BaseException:
                    connection.close()
                    raise
                else:
                    with self._lock:
                        self._idle.append(connection)
                    return result

    def _pop_idle(self) -> "Connection | None":
        with self._lock:
            if self._process != os.getpid():  # after a fork the connections belong to the parent
                self._idle, self._process = [], os.getpid()
            return self._idle.pop() if self._idle else None

    def _connected(self) -> "Connection":
        import psycopg  # noqa: PLC0415 - an extra

        connection = psycopg.connect(
            self._url.reveal(),
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=10_000,
            # Else a host that is cut off while the server works for it waits for hours.
            keepalives_idle=5,
            keepalives_interval=2,
            application_name="clicksoap callbacks",
            options=_OPTIONS,
        )
        if not self._has_tables:
            row = connection.execute(_IS_THERE).fetchone()
            if row is None or not row[0]:
                with connection.transaction():
                    connection.execute(_LOCK_SCHEMA)
                    connection.execute(_SCHEMA)
            self._has_tables = True
        return connection


def _event(kind: str, data: str) -> Event:
    return (DeliveryReport if kind == "report" else InboundMessage).from_dict(json.loads(data))
