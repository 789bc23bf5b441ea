"""Claims due messages for requests, under the pace of their account, in one transaction before anything leaves."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Delete,
    Double,
    Insert,
    Integer,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    or_,
    select,
    update,
)

from clicksoap.outbox import bulk, suppression
from clicksoap.outbox.campaigns.queues import open_queues
from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.identity import client_message_id
from clicksoap.outbox.pace import Pace
from clicksoap.outbox.states import MessageState, Priority
from clicksoap.outbox.tables import (
    ACCOUNT,
    CONTENT,
    KEPT_TEXT,
    MARK,
    MESSAGE,
    PENDING,
    REQUEST,
    SENDING,
    STREAM,
    DatabaseRow,
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request that one sender may send: its rows are in state sending, and the claim is committed.

    Attributes:
        request_id: Its client message id (gateway: ``climsgid``).
        campaign: The number of its campaign; 0 for the stream.
        rows: The numbers of its rows in the table of messages.
        msisdns: The recipient of each row.
        text: The stored text of its message.
        options: The stored options of its message.
        expires_at: When it must not be sent any more, in seconds since 1970 by the database's clock.
        claimed_at: When it was claimed, by the same clock.
        is_asked_first: Whether it is not sent, because a lost part of the database may know that it was: it is asked
            about.
    """

    request_id: str
    campaign: int
    rows: tuple[int, ...]
    msisdns: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    options: str = field(repr=False)
    expires_at: float | None
    claimed_at: float
    is_asked_first: bool


@dataclass(frozen=True, slots=True)
class Claimant:
    """The worker that claims, and what it claims for.

    Attributes:
        uuid: The uuid of the outbox.
        account: The account.
        worker: The name of the worker, to be shown.
        endpoint: The gateway's address, to be shown.
        binding: The way of speaking, to be shown.
        lease: How long the claim holds, in seconds.
        counts_parts: Whether the pace counts parts; else messages.
        restored_at: When a person said that the database is an older copy; None for never.
    """

    uuid: str
    account: str
    worker: str
    endpoint: str
    binding: str
    lease: float
    counts_parts: bool
    restored_at: float | None


_ROWS: Final = (
    select(
        MESSAGE.c.id,
        MESSAGE.c.row_key,
        MESSAGE.c.member,
        MESSAGE.c.msisdn,
        MESSAGE.c.text,
        MESSAGE.c.options,
        MESSAGE.c.content_id,
        MESSAGE.c.batch,
        MESSAGE.c.parts,
        MESSAGE.c.attempts,
        MESSAGE.c.ask_first,
        MESSAGE.c.expires_at,
        MESSAGE.c.ignore_suppression,
    )
    .where(
        MESSAGE.c.campaign_id == bindparam("campaign"),
        MESSAGE.c.state == PENDING,
        MESSAGE.c.due_at <= bindparam("now"),
        # What is asked about first may be with the gateway, also if its time is over.
        or_(MESSAGE.c.expires_at.is_(None), MESSAGE.c.expires_at > bindparam("now"), MESSAGE.c.ask_first > 0),
    )
    .order_by(MESSAGE.c.due_at, MESSAGE.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_LEADS: Final = _ROWS.where(
    MESSAGE.c.account == bindparam("account"),
    MESSAGE.c.priority == bindparam("priority"),
)
# Expressions, which the index for what is due does not hold: SQLite would read a whole campaign by that one, for each
# request again, and not by the index of the batch or the zone (12 s for a claim in a million rows, measured).
_LEADS_BY_ANOTHER_INDEX: Final = _ROWS.where(
    MESSAGE.c.account.concat("") == bindparam("account"),
    (MESSAGE.c.priority + 0) == bindparam("priority"),
)
_LEADS_IN_ZONE: Final = _LEADS_BY_ANOTHER_INDEX.where(MESSAGE.c.zone == bindparam("zone"))
_BATCH: Final = _LEADS_BY_ANOTHER_INDEX.where(MESSAGE.c.batch == bindparam("batch"))


@functools.cache
def _free_ids(dialect: str) -> Delete:
    return delete(REQUEST).where(
        bulk.among(dialect, REQUEST.c.id, "ids"), REQUEST.c.state == "not_sent", REQUEST.c.asked == 0
    )


@functools.cache
def _taken_ids(dialect: str) -> Select[Any]:
    return select(REQUEST.c.id).where(bulk.among(dialect, REQUEST.c.id, "ids"))


@functools.cache
def _to_sending(dialect: str) -> Update:
    given = bulk.table(dialect, row=BigInteger(), request=Text(), attempt=Integer(), asks=Integer())
    return (
        update(MESSAGE)
        .where(MESSAGE.c.id == given.c.row, MESSAGE.c.state == PENDING)
        .values(
            state="sending",
            request_id=given.c.request,
            attempts=given.c.attempt,
            ask_first=given.c.asks,
            why=None,
        )
    )


@functools.cache
def _to_skipped(dialect: str) -> Update:
    given = bulk.table(dialect, row=BigInteger(), reason=Text(), at=Double())
    return (
        update(MESSAGE)
        .where(MESSAGE.c.id == given.c.row, MESSAGE.c.state == PENDING)
        .values(state="skipped", why=given.c.reason, settled_at=given.c.at, text=KEPT_TEXT)
    )


_REQUEST_COLUMNS: Final = (
    *("id", "account", "endpoint", "binding", "size", "state", "worker"),
    *("claimed_at", "dead_at", "denied_at", "ask_at"),
)


@functools.cache
def _new_requests(dialect: str) -> Insert:
    types = {name: REQUEST.c[name].type for name in _REQUEST_COLUMNS}
    given = bulk.table(dialect, **types)
    return REQUEST.insert().from_select(_REQUEST_COLUMNS, select(*[given.c[name] for name in _REQUEST_COLUMNS]))


_CONTENTS: Final = select(CONTENT.c.id, CONTENT.c.text, CONTENT.c.options).where(
    CONTENT.c.id.in_(bindparam("ids", expanding=True))
)
_EXPIRE: Final = (
    update(MESSAGE)
    .where(MESSAGE.c.state == PENDING, MESSAGE.c.expires_at <= bindparam("now"), MESSAGE.c.ask_first == 0)
    .values(state=MessageState.EXPIRED.value, why="its time was over", settled_at=bindparam("now"), text=KEPT_TEXT)
)
_COUNT_CLAIM: Final = update(MARK).values(high_water=MARK.c.high_water + 1).returning(MARK.c.high_water)

_Rows = Sequence[DatabaseRow]


def expire(connection: Connection, now: float) -> int:
    """Settle the messages that were not sent in time, and return their number; one that is out is never expired."""
    return connection.execute(_EXPIRE, {"now": now}).rowcount


def claim(
    connection: Connection, claimant: Claimant, pace: Pace, now: float, *, free: int, free_for_alerts: int
) -> list[Claimed]:
    """Claim as many due requests as there are free senders and due permits.

    Alerts come first, then the stream, then each running campaign in turn. Rows of suppressed numbers are skipped.

    Args:
        connection: A transaction that holds the row of the account.
        claimant: Who claims.
        pace: The permits of the account.
        now: The present time by the database's clock.
        free: How many senders are free for anything.
        free_for_alerts: How many are free for alerts.
    """
    made = _Claim(connection, claimant, pace, now)
    made.take(STREAM, "", Priority.ALERT, free_for_alerts)
    made.take(STREAM, "", Priority.NORMAL, free - len(made.claimed))
    if free > len(made.claimed):
        queues = open_queues(connection, now)
        for position, queue in enumerate(queues):
            share = -(-(free - len(made.claimed)) // (len(queues) - position))
            made.take(queue.campaign, queue.key, Priority.NORMAL, share, queue.zone)
    made.write()
    return made.claimed


class _Claim:
    """One claim while it is made."""

    def __init__(self, connection: Connection, claimant: Claimant, pace: Pace, now: float) -> None:
        self.claimed: list[Claimed] = []
        self._connection = connection
        self._claimant = claimant
        self._pace = pace
        self._now = now

    def take(self, campaign: int, key: str, priority: Priority, most: int, zone: str | None = None) -> None:
        """Claim up to so many requests of a campaign, or of its rows in a time zone."""
        while most > 0:
            leads = self._leads(campaign, priority, most, zone)
            units = self._units(campaign, priority, leads)
            suppressed = self._skip_suppressed([row for unit in units for row in unit])
            kept = [unit for each in units if (unit := [row for row in each if row.id not in suppressed])]
            taken = self._take_units(kept, campaign, key, priority, most)
            most -= taken
            # A batch is one request for many leads, and a suppressed row is none: there may be more behind them.
            is_all = len(leads) == sum(map(len, units)) and not suppressed
            if taken < len(kept) or is_all:
                return

    def write(self) -> None:
        """Write the requests down."""
        if not self.claimed:
            return
        claimant = self._claimant
        bulk.execute(
            self._connection,
            _new_requests,
            [
                {
                    "id": each.request_id,
                    "account": claimant.account,
                    "endpoint": claimant.endpoint,
                    "binding": claimant.binding,
                    "size": len(each.rows),
                    "state": "sending",
                    "worker": claimant.worker,
                    "claimed_at": self._now,
                    **self._times(each),
                }
                for each in self.claimed
            ],
        )

    def _times(self, claimed: Claimed) -> dict[str, float | None]:
        """Until when the claim holds, and from when on it is asked about."""
        if claimed.is_asked_first:
            restored_at = self._claimant.restored_at or self._now
            return {"dead_at": restored_at, "denied_at": restored_at, "ask_at": self._now}
        end = self._now + self._claimant.lease
        return {"dead_at": end, "denied_at": None, "ask_at": end}

    def _leads(self, campaign: int, priority: Priority, limit: int, zone: str | None) -> _Rows:
        given = {
            "account": self._claimant.account,
            "campaign": campaign,
            "priority": int(priority),
            "now": self._now,
            "limit": limit,
        }
        if zone is None:
            return self._connection.execute(_LEADS, given).all()
        return self._connection.execute(_LEADS_IN_ZONE, {**given, "zone": zone}).all()

    def _units(self, campaign: int, priority: Priority, leads: _Rows) -> list[_Rows]:
        """The rows of each request: one row, or all due rows of a batch."""
        units: list[_Rows] = []
        seen: set[str] = set()
        for row in leads:
            if row.batch is None:
                units.append([row])
            elif row.batch not in seen:
                seen.add(row.batch)
                units.append(
                    self._connection.execute(
                        _BATCH,
                        {
                            "account": self._claimant.account,
                            "campaign": campaign,
                            "priority": int(priority),
                            "now": self._now,
                            "limit": _LARGEST_BATCH,
                            "batch": row.batch,
                        },
                    ).all()
                )
        return units

    def _skip_suppressed(self, rows: _Rows) -> set[int]:
        """Settle the rows whose numbers are suppressed, and return their numbers."""
        numbers = [row.msisdn for row in rows if not row.ignore_suppression]
        if not numbers:
            return set()
        reasons = suppression.reasons(self._connection, self._claimant.account, numbers)
        hit = [row for row in rows if row.msisdn in reasons and not row.ignore_suppression]
        if hit:
            bulk.execute(
                self._connection,
                _to_skipped,
                [
                    {"row": row.id, "reason": f"the number is suppressed: {reasons[row.msisdn]}", "at": self._now}
                    for row in hit
                ],
            )
        return {int(row.id) for row in hit}

    def _take_units(
        self, units: list[list[DatabaseRow]], campaign: int, key: str, priority: Priority, most: int
    ) -> int:
        """Claim the requests whose permits are due; returns how many."""
        due: list[list[DatabaseRow]] = []
        for unit in units[:most]:
            parts = sum(row.parts for row in unit) if self._claimant.counts_parts else len(unit)
            if not unit[0].ask_first and not self._pace.take(parts, is_alert=priority is Priority.ALERT):
                break
            due.append(unit)
        if not due:
            return 0
        contents = self._contents(due)
        identified = self._identified(due, key)
        updates: list[dict[str, object]] = []
        for (request_id, attempt), unit in zip(identified, due, strict=True):
            first = unit[0]
            text, options = contents.get(first.content_id, (first.text, first.options))
            self.claimed.append(
                Claimed(
                    request_id,
                    campaign,
                    tuple([int(row.id) for row in unit]),
                    tuple([str(row.msisdn) for row in unit]),
                    str(first.text if first.text is not None else text),
                    str(first.options if first.options is not None else options),
                    first.expires_at,
                    self._now,
                    first.ask_first > 0,
                )
            )
            for row in unit:
                asks = max(0, row.ask_first - 1)
                updates.append({"row": row.id, "request": request_id, "attempt": attempt, "asks": asks})
        bulk.execute(self._connection, _to_sending, updates)
        return len(due)

    def _identified(self, units: list[list[DatabaseRow]], key: str) -> list[tuple[str, int]]:
        """The id of each request, and the number of its attempt; no id is used for two requests that left."""
        names = [
            f"batch {row.batch}" if row.batch is not None else f"row {row.member} {row.row_key}"
            for row in (unit[0] for unit in units)
        ]
        attempts = [1 + max(row.attempts for row in unit) for unit in units]
        uuid = self._claimant.uuid

        def made(position: int) -> str:
            return client_message_id(uuid, key, names[position], attempts[position])

        ids = [made(position) for position in range(len(units))]
        execute, dialect = self._connection.execute, self._connection.dialect.name
        while taken := set(execute(_taken_ids(dialect), {"ids": bulk.texts(ids)}).scalars()):
            # An id of which nothing left is free again.
            if execute(_free_ids(dialect), {"ids": bulk.texts(list(taken))}).rowcount == len(taken):
                break
            for position, each in enumerate(ids):
                if each in taken:
                    attempts[position] += 1
                    ids[position] = made(position)
        return list(zip(ids, attempts, strict=True))

    def _contents(self, units: list[list[DatabaseRow]]) -> dict[int | None, tuple[str, str]]:
        """The texts and options that several rows share."""
        ids = sorted({unit[0].content_id for unit in units if unit[0].content_id is not None})
        if not ids:
            return {}
        return {row.id: (row.text, row.options) for row in self._connection.execute(_CONTENTS, {"ids": ids})}


_LARGEST_BATCH: Final = 600


def count_claim(connection: Connection) -> int:
    """Count a claim in the outbox's mark, and return the count: a restored copy is behind it."""
    return int(connection.execute(_COUNT_CLAIM).scalar_one())


@dataclass(frozen=True, slots=True)
class Due:
    """The kinds of work that wait for a worker.

    Attributes:
        messages: Whether a message is due.
        questions: Whether a request is to be asked about.
        expired: Whether the time of a message is over.
    """

    messages: bool
    questions: bool
    expired: bool

    def __bool__(self) -> bool:
        return self.messages or self.questions or self.expired


def due(connection: Connection, account: str, now: float) -> Due:
    """What is due for an account; a look without a lock, so that idle workers write nothing."""
    queues = open_queues(connection, now)
    given = {
        "account": account,
        "now": now,
        "campaigns": [STREAM, *[each.campaign for each in queues if each.zone is None]],
        "zoned": [each.campaign for each in queues if each.zone is not None],
        "zones": [each.zone for each in queues if each.zone is not None],
    }
    row = connection.execute(_DUE, given).one()
    return Due(bool(row[0]), bool(row[1]), bool(row[2]))


def lock_account(connection: Connection, name: str) -> DatabaseRow:
    """The row of an account, locked until the transaction ends; it is made if it is missing."""
    found = connection.execute(_ACCOUNT, {"account": name}).first()
    if found is None:
        # Another worker may make it at the same time.
        connection.execute(insert_missing(connection, ACCOUNT).values(name=name))
        found = connection.execute(_ACCOUNT, {"account": name}).one()
    return found


def set_free_at(connection: Connection, name: str, free_at: float) -> None:
    """Write the pace of an account back."""
    connection.execute(_FREE_AT, {"account": name, "at": free_at})


_ACCOUNT: Final = select(ACCOUNT).where(ACCOUNT.c.name == bindparam("account")).with_for_update()
_FREE_AT: Final = update(ACCOUNT).where(ACCOUNT.c.name == bindparam("account")).values(free_at=bindparam("at"))


_IS_DUE: Final = and_(
    MESSAGE.c.account == bindparam("account"),
    MESSAGE.c.state == PENDING,
    # Both of them are named, so that the index is read from the first due message on.
    MESSAGE.c.priority.in_([int(each) for each in Priority]),
    MESSAGE.c.due_at <= bindparam("now"),
)
_DUE: Final = select(
    or_(
        exists().where(_IS_DUE, MESSAGE.c.campaign_id.in_(bindparam("campaigns", expanding=True))),
        exists().where(
            _IS_DUE,
            MESSAGE.c.campaign_id.in_(bindparam("zoned", expanding=True)),
            MESSAGE.c.zone.in_(bindparam("zones", expanding=True)),
        ),
    ),
    exists().where(
        REQUEST.c.account == bindparam("account"), REQUEST.c.state == SENDING, REQUEST.c.ask_at <= bindparam("now")
    ),
    exists().where(MESSAGE.c.state == PENDING, MESSAGE.c.expires_at <= bindparam("now"), MESSAGE.c.ask_first == 0),
)
