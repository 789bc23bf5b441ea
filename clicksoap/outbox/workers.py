"""The workers of an outbox as the database knows them: each notes from time to time that it is there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.journal import moment
from clicksoap.outbox.tables import REQUEST, WORKER

SEEN_EVERY: Final = 5.0
"""After how many seconds a worker notes again that it is there."""
_SHOWN: Final = 3600.0
_KEPT: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The state of one worker, a process.

    Attributes:
        name: Its name: the machine and the number of the process.
        machine: The host name of its machine.
        account: The account whose messages it sends.
        slice_at: When it began to work; on an engine such as Celery, when its last slice began.
        seen_at: When it was seen last. A worker that works is seen every five seconds.
        in_flight: How many of its requests have no answer. Of a worker that vanished, others ask about them.
    """

    name: str
    machine: str
    account: str
    slice_at: datetime
    seen_at: datetime
    in_flight: int


def begin(connection: Connection, name: str, account: str, now: float) -> None:
    """Note that a worker begins, and forget those that were not seen for a day."""
    connection.execute(delete(WORKER).where(WORKER.c.seen_at < now - _KEPT))
    values = {"slice_at": now, "seen_at": now}
    connection.execute(insert_missing(connection, WORKER).values(name=name, account=account, **values))
    connection.execute(update(WORKER).where(WORKER.c.name == name, WORKER.c.account == account).values(values))


def see(connection: Connection, name: str, account: str, now: float) -> None:
    """Note that a worker is there."""
    connection.execute(update(WORKER).where(WORKER.c.name == name, WORKER.c.account == account).values(seen_at=now))


def seen(connection: Connection, now: float) -> tuple[WorkerStatus, ...]:
    """The workers that were seen within the last hour, or have requests without an answer."""
    out = select(REQUEST.c.worker, REQUEST.c.account, func.count()).where(REQUEST.c.state == "sending")
    in_flight = {
        (row.worker, row.account): int(row[2])
        for row in connection.execute(out.group_by(REQUEST.c.worker, REQUEST.c.account))
    }
    return tuple(
        WorkerStatus(
            row.name,
            row.name.rpartition(" ")[0],
            row.account,
            moment(row.slice_at),
            moment(row.seen_at),
            in_flight.get((row.name, row.account), 0),
        )
        for row in connection.execute(select(WORKER).order_by(WORKER.c.name, WORKER.c.account))
        if row.seen_at > now - _SHOWN or (row.name, row.account) in in_flight
    )
