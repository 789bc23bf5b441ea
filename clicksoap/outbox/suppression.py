"""The suppression list: numbers that get nothing, because they or the gateway said so."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Executable, bindparam, delete, select

from clicksoap.outbox import bulk
from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.journal import Happening, OutboxEvent, moment, record
from clicksoap.outbox.tables import SUPPRESSED
from clicksoap.redaction import masked_number


@dataclass(frozen=True, slots=True)
class Suppression:
    """An entry of the suppression list.

    Attributes:
        msisdn: The MSISDN.
        account: The account that does not send to it; empty for all.
        why: Why: the handset's word, or the gateway's error.
        since: Since when, in UTC.
    """

    msisdn: str
    account: str
    why: str
    since: datetime

    def __repr__(self) -> str:
        return f"<Suppression of {masked_number(self.msisdn)} since {self.since.isoformat()}>"


def suppress(connection: Connection, msisdn: str, account: str, why: str, now: float, who: str) -> OutboxEvent | None:
    """Put a number on the list; returns the event, or None if it was there."""
    added = connection.execute(
        insert_missing(connection, SUPPRESSED)
        .values(msisdn=msisdn, account=account, why=why, since=now)
        .returning(SUPPRESSED.c.msisdn)
    ).first()
    if added is None:
        return None
    return record(connection, Happening.SUPPRESSED, why, now, who)


def unsuppress(connection: Connection, msisdn: str, account: str, why: str, now: float, who: str) -> OutboxEvent | None:
    """Take a number off the list; returns the event, or None if it was not there."""
    removed = connection.execute(
        delete(SUPPRESSED).where(SUPPRESSED.c.msisdn == msisdn, SUPPRESSED.c.account == account)
    ).rowcount
    if not removed:
        return None
    return record(connection, Happening.UNSUPPRESSED, why, now, who)


@functools.cache
def _reasons(dialect: str) -> Executable:
    return select(SUPPRESSED.c.msisdn, SUPPRESSED.c.why).where(
        bulk.among(dialect, SUPPRESSED.c.msisdn, "numbers"),
        SUPPRESSED.c.account.in_(["", bindparam("account")]),
    )


def reasons(connection: Connection, account: str, numbers: Sequence[str]) -> dict[str, str]:
    """The reason of each of the numbers that an account does not send to."""
    given = {"account": account, "numbers": bulk.texts(numbers)}
    found = connection.execute(_reasons(connection.dialect.name), given)
    return {str(row.msisdn): str(row.why) for row in found}


def suppressions(connection: Connection, msisdn: str | None) -> tuple[Suppression, ...]:
    """The entries of the list, or those of one number."""
    chosen = select(SUPPRESSED).order_by(SUPPRESSED.c.since, SUPPRESSED.c.msisdn)
    if msisdn is not None:
        chosen = chosen.where(SUPPRESSED.c.msisdn == msisdn)
    return tuple(Suppression(row.msisdn, row.account, row.why, moment(row.since)) for row in connection.execute(chosen))
