"""Checks that every message is in exactly one state, and enters what only a person can decide."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, or_, select, text, update

from clicksoap.errors import InvalidInput
from clicksoap.outbox.arrivals import arrived, rows_of
from clicksoap.outbox.journal import Happening, OutboxEvent, record
from clicksoap.outbox.states import DOUBTFUL, Decision, MessageState, doubtful, still_open
from clicksoap.outbox.tables import ATTEMPT, CAMPAIGN, IS_NO_PLAN, KEPT_TEXT, MARK, MESSAGE, REPORT


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check of an outbox.

    Attributes:
        messages: How many messages there are; the rows of a plan are none until it is sent.
        by_state: How many are in each state.
        open: How many are not settled yet.
        doubtful: How many are unconfirmed or unknown: a delivery report or a person settles them.
        problems: What should not be; empty if every message is in exactly one state.
    """

    messages: int
    by_state: dict[MessageState, int]
    open: int
    doubtful: int
    problems: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that should not be."""
        return not self.problems

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.by_state.items()) or "none"
        found = "; ".join(self.problems) if self.problems else "every message is in exactly one state"
        return f"{self.messages} messages: {states}. {found}"


# What each query counts must be nothing.
_PROBLEMS: Final = (
    (
        "messages are in sending without a request that is",
        (
            "SELECT count(*) FROM clicksoap_message m LEFT JOIN clicksoap_request r ON r.id = m.request_id "
            "WHERE m.state = 'sending' AND (r.id IS NULL OR r.state <> 'sending')"
        ),
    ),
    (
        "requests are in sending without a message that is",
        (
            "SELECT count(*) FROM clicksoap_request r WHERE r.state = 'sending' AND NOT EXISTS "
            "(SELECT 1 FROM clicksoap_message m WHERE m.request_id = r.id AND m.state = 'sending')"
        ),
    ),
    (
        "messages wait and have a request",
        "SELECT count(*) FROM clicksoap_message WHERE state = 'pending' AND request_id IS NOT NULL",
    ),
    (
        "messages are accepted without an id of the gateway, a report or a decision",
        (
            "SELECT count(*) FROM clicksoap_message m WHERE m.state = 'accepted' AND m.message_id IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM clicksoap_event e WHERE e.message_id = m.id AND e.what = 'resolved')"
        ),
    ),
    (
        "messages are rejected without a reason",
        "SELECT count(*) FROM clicksoap_message WHERE state = 'rejected' AND why IS NULL AND code IS NULL",
    ),
    (
        "settled messages have no time",
        "SELECT count(*) FROM clicksoap_message WHERE state NOT IN ('pending', 'sending') AND settled_at IS NULL",
    ),
    (
        "ids of the gateway stand at several messages",
        (
            "SELECT count(*) FROM (SELECT message_id FROM clicksoap_message WHERE message_id IS NOT NULL "
            "GROUP BY message_id HAVING count(*) > 1) AS several"
        ),
    ),
)


def check(connection: Connection) -> Check:
    """Check an outbox, in a transaction that sees one state of it."""
    by_state: dict[MessageState, int] = {}
    problems: list[str] = []
    total = 0
    for state, count in connection.execute(
        select(MESSAGE.c.state, func.count()).where(IS_NO_PLAN).group_by(MESSAGE.c.state).order_by(MESSAGE.c.state)
    ):
        total += int(count)
        if state in MessageState.__members__.values():
            by_state[MessageState(state)] = int(count)
        else:
            problems.append(f"{count} messages are in a state that this clicksoap does not know ({state})")
    for meaning, query in _PROBLEMS:
        count = connection.execute(text(query)).scalar_one()
        if count:
            problems.append(f"{count} {meaning}")
    return Check(total, by_state, still_open(by_state), doubtful(by_state), tuple(problems))


def resolve(connection: Connection, number: int, decision: Decision, why: str, now: float, who: str) -> OutboxEvent:
    """Enter a person's decision about a message that the outbox cannot settle.

    Raises:
        InvalidInput: There is no such message, or it needs no decision.
    """
    row = connection.execute(select(MESSAGE).where(MESSAGE.c.id == number).with_for_update()).first()
    if row is None:
        raise InvalidInput(f"message is {number}, which the outbox does not hold: give the id of an OutboxMessage")
    state = MessageState(row.state)
    if state not in DOUBTFUL and not (state is MessageState.PENDING and decision is Decision.GIVE_UP):
        raise InvalidInput(
            f"message {number} is {state}, which needs no decision: only unconfirmed and unknown ones do, "
            "and pending ones may be given up"
        )
    if decision is Decision.ARRIVED:
        for each in rows_of(connection, row.request_id):
            if each.id == row.id:
                arrived(connection, each, row.request_id, None, now, who)
    elif decision is Decision.SEND_AGAIN:
        if row.text is None and row.content_id is None:
            raise InvalidInput(f"message {number} has no text any more: give it up, and enqueue it anew")
        if connection.execute(select(CAMPAIGN.c.state).where(CAMPAIGN.c.id == row.campaign_id)).scalar() == "cancelled":
            raise InvalidInput(f"message {number} is of a cancelled campaign: give it up, and enqueue it anew")
        if row.request_id is not None:
            connection.execute(ATTEMPT.insert().values(request_id=row.request_id, message_id=row.id))
        _change(connection, row.id, {"state": "pending", "request_id": None, "settled_at": None, "batch": None})
    else:
        _change(connection, row.id, {"state": "cancelled", "settled_at": now, "why": why, "text": KEPT_TEXT})
    detail = f"{decision}: {why}"
    return record(connection, Happening.RESOLVED, detail, now, who, message=number, request=row.request_id)


def _change(connection: Connection, number: int, values: dict[str, object]) -> None:
    connection.execute(update(MESSAGE).where(MESSAGE.c.id == number).values(**values))


def after_restore(connection: Connection, reached: int, why: str, now: float, who: str) -> tuple[int, OutboxEvent]:
    """Have everything that waits in an older copy of the database, or is out, asked about before it is sent again.

    Returns:
        How many messages are asked about first, and the event.
    """
    asked = connection.execute(
        update(MESSAGE).where(MESSAGE.c.state.in_(["pending", "sending"])).values(ask_first=_ATTEMPTS_ASKED)
    ).rowcount
    connection.execute(
        update(MARK).values(
            generation=MARK.c.generation + 1,
            high_water=func.greatest(MARK.c.high_water, reached)
            if connection.dialect.name == "postgresql"
            else func.max(MARK.c.high_water, reached),
            restored_at=now,
        )
    )
    return asked, record(connection, Happening.RESTORED, why, now, who)


_ATTEMPTS_ASKED: Final = 3


def prune(connection: Connection, before: float) -> int:
    """Remove the personal data of messages that were settled before a time; their keys and states stay.

    Reports that came before that time and still wait for a message go as well: they hold numbers.

    Returns:
        How many messages lost them.
    """
    connection.execute(delete(REPORT).where(REPORT.c.received_at < before))
    return connection.execute(
        update(MESSAGE)
        .where(
            MESSAGE.c.settled_at < before,
            MESSAGE.c.state.not_in(["pending", "sending"]),
            # A bad row of a campaign has no number, and the cells of its source.
            or_(MESSAGE.c.msisdn.is_not(None), MESSAGE.c.source.is_not(None)),
        )
        .values(**_NOTHING_PERSONAL)
    ).rowcount


def forget(connection: Connection, msisdn: str, now: float, who: str) -> tuple[int, OutboxEvent]:
    """Remove the personal data of one number, cancel what waits for it, and return the number of its messages."""
    connection.execute(
        update(MESSAGE)
        .where(MESSAGE.c.msisdn == msisdn, MESSAGE.c.state == "pending")
        .values(state="cancelled", why="the number was forgotten", settled_at=now)
    )
    forgotten = connection.execute(
        update(MESSAGE).where(MESSAGE.c.msisdn == msisdn, MESSAGE.c.state != "sending").values(**_NOTHING_PERSONAL)
    ).rowcount
    connection.execute(delete(REPORT).where(REPORT.c.msisdn == msisdn))
    return forgotten, record(connection, Happening.FORGOTTEN, f"{forgotten} messages", now, who)


_NOTHING_PERSONAL: Final[dict[str, object]] = {
    "msisdn": None,
    "given": None,
    "text": None,
    "options": None,
    "tag": None,
    "source": None,
}
