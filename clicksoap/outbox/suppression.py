"""The suppression list: numbers that get nothing, because they or the gateway said so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

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


def suppress(connection: Connection, msisdn: str, account: str, why: str, now: float, who: str) -> bool:
    """Put a number on the list; returns whether it was not there."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    added = connection.execute(
        insert(SUPPRESSED)
        .values(msisdn=msisdn, account=account, why=why, since=now)
        .on_conflict_do_nothing()
        .returning(SUPPRESSED.c.msisdn)
    ).first()
    if added is not None:
        record(connection, OutboxEvent(Happening.SUPPRESSED, why, moment(now), who))
    return added is not None


def unsuppress(connection: Connection, msisdn: str, account: str, why: str, now: float, who: str) -> bool:
    """Take a number off the list; returns whether it was there."""
    removed = connection.execute(
        delete(SUPPRESSED).where(SUPPRESSED.c.msisdn == msisdn, SUPPRESSED.c.account == account)
    ).rowcount
    if removed:
        record(connection, OutboxEvent(Happening.UNSUPPRESSED, why, moment(now), who))
    return bool(removed)


def suppressions(connection: Connection, msisdn: str | None) -> tuple[Suppression, ...]:
    """The entries of the list, or those of one number."""
    chosen = select(SUPPRESSED).order_by(SUPPRESSED.c.since, SUPPRESSED.c.msisdn)
    if msisdn is not None:
        chosen = chosen.where(SUPPRESSED.c.msisdn == msisdn)
    return tuple(Suppression(row.msisdn, row.account, row.why, moment(row.since)) for row in connection.execute(chosen))
