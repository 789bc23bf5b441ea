"""The totals of a campaign: what became of its rows, in numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Executable, Integer, case, cast, func, select

from clicksoap.codes import MessageStatus
from clicksoap.lazy_re import pattern
from clicksoap.outbox.journal import moment
from clicksoap.outbox.states import MessageState, doubtful
from clicksoap.outbox.tables import MESSAGE, REQUEST

_REASONS_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """The rows of a campaign that ended alike.

    Attributes:
        state: Their state; None for those of several states that are too few to be listed.
        text: Why, without what differs from row to row; empty where the state says all.
        rows: How many there are.
    """

    state: MessageState | None
    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a campaign.

    Attributes:
        rows: How many rows it has.
        by_state: How many are in each state; a state without any is missing.
        by_reason: The same by state and reason, the largest first: at most 20, and one for all others.
        parts: How many parts the accepted messages have.
        charge: What they cost in credits, as far as delivery reports say; None if none says.
        charged: How many messages that cost rests on.
        delivered: How many accepted messages reached the handset.
        undelivered: How many accepted messages never will.
        unreported: How many accepted messages have no final delivery report yet.
        first_sent: When the first request left, in UTC; None if none did.
        last_settled: When the last message that was sent got its outcome, in UTC; None if none did.
    """

    rows: int
    by_state: Mapping[MessageState, int]
    by_reason: tuple[Reason, ...]
    parts: int
    charge: Decimal | None
    charged: int
    delivered: int
    undelivered: int
    unreported: int
    first_sent: datetime | None
    last_settled: datetime | None

    @property
    def accepted(self) -> int:
        """How many messages the gateway took."""
        return self.by_state.get(MessageState.ACCEPTED, 0)

    @property
    def doubtful(self) -> int:
        """How many are unconfirmed or unknown: a delivery report or a person settles them."""
        return doubtful(self.by_state)


@dataclass(frozen=True, slots=True)
class Throughput:
    """The number of messages that got their outcome in each span of time.

    Attributes:
        start: When the first span begins, in UTC.
        seconds: How long each span is.
        counts: How many messages got their outcome in each, from the first to the last.
    """

    start: datetime
    seconds: int
    counts: tuple[int, ...]


def totals(connection: Connection, campaign: int) -> Totals:
    """Count what became of the rows of a campaign, in a transaction that sees one state of it."""
    by_state: dict[MessageState, int] = {}
    charge: Decimal | None = None
    parts = charged = delivered = undelivered = 0
    last: float | None = None
    for row in connection.execute(_groups(campaign)):
        state, count = MessageState(row.state), int(row.messages)
        by_state[state] = by_state.get(state, 0) + count
        if row.charge is not None:
            charge = (charge or Decimal()) + Decimal(row.charge) * count
            charged += count
        if row.last is not None:
            last = max(float(row.last), last or 0.0)
        if state is MessageState.ACCEPTED:
            parts += int(row.parts)
            status = None if row.delivery is None else MessageStatus.of(row.delivery)
            if status is not None and status.is_final:
                delivered += count if status.is_delivered else 0
                undelivered += 0 if status.is_delivered else count
    travelled = select(MESSAGE.c.request_id).where(MESSAGE.c.campaign_id == campaign, MESSAGE.c.request_id.is_not(None))
    first = connection.execute(select(func.min(REQUEST.c.claimed_at)).where(REQUEST.c.id.in_(travelled))).scalar()
    return Totals(
        rows=sum(by_state.values()),
        by_state=by_state,
        by_reason=_reasons(connection, campaign),
        parts=parts,
        charge=charge,
        charged=charged,
        delivered=delivered,
        undelivered=undelivered,
        unreported=by_state.get(MessageState.ACCEPTED, 0) - delivered - undelivered,
        first_sent=None if first is None else moment(float(first)),
        last_settled=None if last is None else moment(last),
    )


def throughput(connection: Connection, campaign: int, slots: int = 60) -> Throughput | None:
    """Count the messages that got their outcome over time, in so many spans at most; None if none has one.

    Rows that were never sent do not count.
    """
    first, last = connection.execute(
        select(func.min(MESSAGE.c.settled_at), func.max(MESSAGE.c.settled_at)).where(
            MESSAGE.c.campaign_id == campaign, MESSAGE.c.attempts > 0
        )
    ).one()
    if first is None:
        return None
    seconds = next(
        (each for each in _SPANS if _place(last, each) - _place(first, each) < slots),
        _SPANS[-1] * math.ceil((last - first) / _SPANS[-1] / (slots - 1)),
    )
    start = _place(first, seconds)
    ratio = MESSAGE.c.settled_at / float(seconds)
    # SQLite cuts where it casts, and PostgreSQL rounds.
    place = cast(func.floor(ratio) if connection.dialect.name == "postgresql" else ratio, Integer)
    counted = {
        int(slot) - start: int(count)
        for slot, count in connection.execute(
            select(place, func.count())
            .where(MESSAGE.c.campaign_id == campaign, MESSAGE.c.attempts > 0, MESSAGE.c.settled_at.is_not(None))
            .group_by(place)
        )
    }
    counts = tuple([counted.get(slot, 0) for slot in range(_place(last, seconds) - start + 1)])
    return Throughput(moment(start * seconds), seconds, counts)


_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_SPANS: Final = (
    *(1, 2, 5, 10, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY),
)


def _place(at: float, seconds: int) -> int:
    return math.floor(at / seconds)


def _groups(campaign: int) -> Executable:
    sent_at = case((MESSAGE.c.attempts > 0, MESSAGE.c.settled_at))
    keys = (MESSAGE.c.state, MESSAGE.c.delivery, MESSAGE.c.charge)
    counted = func.count().label("messages"), func.sum(MESSAGE.c.parts).label("parts"), func.max(sent_at).label("last")
    return select(*keys, *counted).where(MESSAGE.c.campaign_id == campaign).group_by(*keys)


def _reasons(connection: Connection, campaign: int) -> tuple[Reason, ...]:
    """The rows by state and reason, without lines and numbers, so that equal reasons meet."""
    keys = (MESSAGE.c.state, MESSAGE.c.why, MESSAGE.c.code)
    counts: dict[tuple[MessageState, str], int] = {}
    found = connection.execution_options(yield_per=1000).execute(
        select(*keys, func.count().label("messages")).where(MESSAGE.c.campaign_id == campaign).group_by(*keys)
    )
    for row in found:
        text = general(row.why) if row.why is not None else "" if row.code is None else f"error {row.code}"
        key = MessageState(row.state), text
        counts[key] = counts.get(key, 0) + int(row.messages)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    listed = [Reason(state, text, count) for (state, text), count in ordered[:_REASONS_LISTED]]
    others = ordered[_REASONS_LISTED:]
    if others:
        listed.append(Reason(None, f"{len(others)} other reasons", sum(count for _, count in others)))
    return tuple(listed)


_LINE: Final = pattern(r"\b(line|position|row) \d+")
_LONG_NUMBER: Final = pattern(r"\+?\d{5,}")
_IDENTIFIER: Final = pattern(r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}\b")
_QUOTED: Final = pattern(r"(?<!\w)'[^']*'|\"[^\"]*\"")
_LONGEST_REASON: Final = 200


def general(why: str) -> str:
    """A reason without lines, numbers, ids and quoted values; it names nobody then."""
    text = _IDENTIFIER.sub("…", _QUOTED.sub("…", why))
    text = _LINE.sub(r"\1 …", _LONG_NUMBER.sub("…", text))
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"
