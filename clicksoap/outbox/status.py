"""The state of an outbox in numbers: for people, and as metrics in the text format of Prometheus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from clicksoap.outbox import workers
from clicksoap.outbox.accounts import FOR_EVER
from clicksoap.outbox.journal import moment
from clicksoap.outbox.limits import Limits
from clicksoap.outbox.records import count_by_state
from clicksoap.outbox.states import MessageState
from clicksoap.outbox.tables import ACCOUNT, IS_NO_PLAN, MESSAGE, REPORT, REQUEST, RUNNING, DatabaseRow
from clicksoap.outbox.workers import WorkerStatus


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The state of one account.

    Attributes:
        name: Its name in the outbox.
        rate: Its pace in parts a second; None for no limit.
        paused_since: Since when nothing is sent for it; None while it is not paused.
        paused_until: When it is tried again; None while it is not paused, or if only a person or a refill ends it.
        paused_why: Why it is paused.
        balance: The credits at the last look; None if nobody looked.
    """

    name: str
    rate: float | None
    paused_since: datetime | None
    paused_until: datetime | None
    paused_why: str | None
    balance: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """The state of an outbox.

    Attributes:
        at: When it was looked at, in UTC.
        messages: How many messages are in each state; a state without any is missing. The rows of a plan are no
            messages until it is sent.
        due: How many messages of the stream and of running campaigns are due, also while their account is paused.
        oldest_due: Since when the oldest of them is due; None if nothing is.
        in_flight: How many requests are out within their lease.
        asking: How many requests are asked about, because their answer is lost.
        asking_until: When the last of their answers can be settled at the earliest; None if none is asked about.
        unreported: How many accepted messages have had no delivery report for three days.
        orphans: How many delivery reports wait for their message.
        accounts: The accounts.
        workers: The workers that were seen within the last hour, or whose requests have no answer.
    """

    at: datetime
    messages: Mapping[MessageState, int]
    due: int
    oldest_due: datetime | None
    in_flight: int
    asking: int
    asking_until: datetime | None
    unreported: int
    orphans: int
    accounts: tuple[AccountStatus, ...]
    workers: tuple[WorkerStatus, ...]

    def metrics(self) -> str:
        """The numbers in the text format of Prometheus."""
        lines: list[str] = []

        def add(name: str, kind: str, help_: str, values: Mapping[str, float]) -> None:
            lines.append(f"# HELP clicksoap_outbox_{name} {help_}")
            lines.append(f"# TYPE clicksoap_outbox_{name} {kind}")
            lines.extend(f"clicksoap_outbox_{name}{labels} {_shown(value)}" for labels, value in values.items())

        by_state = {f'{{state="{each.value}"}}': float(self.messages.get(each, 0)) for each in MessageState}
        add("messages", "gauge", "Messages by state.", by_state)
        add("due", "gauge", "Messages that could be sent now.", {"": self.due})
        waited = 0.0 if self.oldest_due is None else max(0.0, (self.at - self.oldest_due).total_seconds())
        add("oldest_due_seconds", "gauge", "How long the oldest of them waits.", {"": waited})
        add("in_flight", "gauge", "Requests that are out within their lease.", {"": self.in_flight})
        add("asking", "gauge", "Requests whose answer is lost and that are asked about.", {"": self.asking})
        add("unreported", "gauge", "Accepted messages without a delivery report for three days.", {"": self.unreported})
        add("orphan_reports", "gauge", "Delivery reports that wait for their message.", {"": self.orphans})
        at_work = sum(self.at - each.seen_at < _AT_WORK for each in self.workers)
        add("workers", "gauge", "Workers that were seen within the last minute.", {"": at_work})
        labels = {each.name: f'{{account="{_escaped(each.name)}"}}' for each in self.accounts}
        paused = {labels[each.name]: float(each.paused_since is not None) for each in self.accounts}
        add("paused", "gauge", "Whether the account is paused.", paused)
        since = {
            labels[each.name]: each.paused_since.timestamp() for each in self.accounts if each.paused_since is not None
        }
        add("paused_since_timestamp_seconds", "gauge", "Since when the account is paused.", since)
        balance = {labels[each.name]: each.balance for each in self.accounts if each.balance is not None}
        add("balance_credits", "gauge", "The credits at the last look.", balance)
        return "\n".join(lines) + "\n"


_AT_WORK: Final = timedelta(minutes=1)


def _shown(value: float) -> str:
    """A number with all of its digits: six of them place a time to within hours."""
    return str(int(value)) if value == int(value) else repr(float(value))


def status(connection: Connection, limits_of: Callable[[str], Limits], now: float) -> Status:
    """Look at the state of an outbox.

    Args:
        connection: A transaction that reads.
        limits_of: Gives the time limits for a gateway at an address.
        now: The present time by the database's clock.
    """
    counts = count_by_state(connection, IS_NO_PLAN)
    due, oldest = connection.execute(
        select(func.count(), func.min(MESSAGE.c.due_at)).where(
            MESSAGE.c.state == "pending", MESSAGE.c.due_at <= now, MESSAGE.c.campaign_id.in_(RUNNING)
        )
    ).one()
    sending = REQUEST.c.state == "sending"
    in_flight = connection.execute(
        select(func.count()).where(sending, REQUEST.c.dead_at > now, REQUEST.c.asked == 0, REQUEST.c.ask_at > now)
    ).scalar_one()
    out = connection.execute(
        select(REQUEST.c.endpoint, func.count().label("requests"), func.max(REQUEST.c.dead_at).label("last"))
        .where(sending)
        .group_by(REQUEST.c.endpoint)
    ).all()
    ends = [float(each.last) + limits_of(each.endpoint).believe_after for each in out]
    unreported = connection.execute(
        select(func.count()).where(
            MESSAGE.c.state == "accepted",
            MESSAGE.c.delivery.is_(None),
            MESSAGE.c.settled_at < now - Limits().unreported_after,
        )
    ).scalar_one()
    orphans = connection.execute(select(func.count()).select_from(REPORT)).scalar_one()
    asking = sum(int(each.requests) for each in out) - int(in_flight)
    return Status(
        moment(now),
        counts,
        int(due),
        None if oldest is None else moment(oldest),
        int(in_flight),
        asking,
        moment(max(ends)) if asking else None,
        int(unreported),
        int(orphans),
        tuple(_account(row) for row in connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.name))),
        workers.seen(connection, now),
    )


def _account(row: DatabaseRow) -> AccountStatus:
    until = row.paused_until
    return AccountStatus(
        row.name,
        row.rate,
        None if row.paused_since is None else moment(row.paused_since),
        None if until is None or until >= FOR_EVER else moment(until),
        row.paused_why,
        row.balance,
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
