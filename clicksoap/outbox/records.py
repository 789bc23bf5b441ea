"""The messages of an outbox as values, and the audit line of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from clicksoap.codes import MessageStatus
from clicksoap.outbox.journal import moment
from clicksoap.outbox.states import MessageState, Priority
from clicksoap.outbox.tables import ATTEMPT, EVENT, MESSAGE, REQUEST, STREAM, DatabaseRow
from clicksoap.redaction import masked_number


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message of an outbox for one recipient.

    Attributes:
        id: Its number in the outbox.
        key: The key that the caller gave.
        to: The MSISDN; None after the retention.
        given: The caller's spelling of it; None after the retention.
        state: The state of the message.
        why: Why it is in this state, where the state does not say all.
        code: The gateway's number of its refusal.
        message_id: The gateway's id of it (gateway: ``apimsgid``).
        client_message_id: The id of its last request (gateway: ``climsgid``).
        attempts: How many requests with it left.
        parts: How many parts it has.
        priority: Its priority.
        delivery: The last delivery report's status; None if there is no report yet.
        delivery_at: The time of that status, in UTC.
        charge: What it cost in credits, as a report says.
        created_at: When it was enqueued, in UTC.
        due_at: From when on it may be sent, in UTC.
        expires_at: When it is not sent any more, in UTC; None for never.
        settled_at: When its state became final for the outbox, in UTC.
        tag: The caller's own label.
        digest: The keyed hash of its text, which stays when the text is wiped.
    """

    id: int
    key: str
    to: str | None
    given: str | None
    state: MessageState
    why: str | None
    code: str | None
    message_id: str | None
    client_message_id: str | None
    attempts: int
    parts: int
    priority: Priority
    delivery: MessageStatus | None
    delivery_at: datetime | None
    charge: Decimal | None
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    tag: str | None
    digest: str = field(repr=False)

    @property
    def is_settled(self) -> bool:
        """Whether the outbox does nothing more about it by itself."""
        return self.state.is_settled

    def __repr__(self) -> str:
        number = "nobody any more" if self.to is None else masked_number(self.to)
        return f"<OutboxMessage {self.id} to {number}: {self.state}>"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """The audit line of one message: everything that the outbox knows of it.

    Attributes:
        message: The message.
        requests: The client message ids of all requests that it travelled in, the last one last.
        endpoints: The gateway's address of each of them.
        sent_at: When each of them was claimed, in UTC.
        decisions: The events about it: people's decisions, doubles.
    """

    message: OutboxMessage
    requests: tuple[str, ...]
    endpoints: tuple[str, ...]
    sent_at: tuple[datetime, ...]
    decisions: tuple[str, ...]


_BY_KEY: Final = (
    select(MESSAGE)
    .where(MESSAGE.c.campaign_id == bindparam("campaign"), MESSAGE.c.row_key == bindparam("key"))
    .order_by(MESSAGE.c.member)
)
_CHUNK: Final = 1000


def by_key(connection: Connection, key: str, campaign: int = STREAM) -> tuple[OutboxMessage, ...]:
    """The messages of a key, one per recipient, in input order."""
    return tuple(_message(row) for row in connection.execute(_BY_KEY, {"campaign": campaign, "key": key}))


def by_id(connection: Connection, number: int) -> OutboxMessage | None:
    """A message by its number in the outbox."""
    row = connection.execute(select(MESSAGE).where(MESSAGE.c.id == number)).first()
    return None if row is None else _message(row)


def in_state(
    connection: Connection, states: Sequence[MessageState], limit: int, campaign: int | None = None
) -> tuple[OutboxMessage, ...]:
    """The messages in any of the states, the earliest first; those of one campaign, or all."""
    chosen = select(MESSAGE).where(MESSAGE.c.state.in_([each.value for each in states]))
    if campaign is not None:
        chosen = chosen.where(MESSAGE.c.campaign_id == campaign)
    return tuple(_message(row) for row in connection.execute(chosen.order_by(MESSAGE.c.id).limit(limit)))


def count_by_state(connection: Connection, condition: ColumnElement[bool]) -> dict[MessageState, int]:
    """How many messages are in each state, in the order of the states' names; a state without any is missing."""
    state = MESSAGE.c.state
    found = connection.execute(select(state, func.count()).where(condition).group_by(state).order_by(state))
    return {MessageState(each): int(count) for each, count in found}


def audit(connection: Connection, key: str | None) -> Iterator[AuditLine]:
    """The audit lines of a key's messages, or of all, in the order of their numbers."""
    last = 0
    while True:
        chosen: Select[Any] = select(MESSAGE).where(MESSAGE.c.id > last).order_by(MESSAGE.c.id).limit(_CHUNK)
        if key is not None:
            chosen = chosen.where(MESSAGE.c.row_key == key)
        rows = connection.execute(chosen).all()
        if not rows:
            return
        yield from _lines(connection, rows)
        last = int(rows[-1].id)


def _lines(connection: Connection, rows: Sequence[DatabaseRow]) -> Iterator[AuditLine]:
    numbers = [row.id for row in rows]
    travelled: dict[int, list[str]] = {}
    for number, request in connection.execute(
        select(ATTEMPT.c.message_id, ATTEMPT.c.request_id).where(ATTEMPT.c.message_id.in_(numbers))
    ):
        travelled.setdefault(int(number), []).append(str(request))
    for row in rows:
        if row.request_id is not None:
            travelled.setdefault(int(row.id), []).append(str(row.request_id))
    ids = sorted({each for known in travelled.values() for each in known})
    requests: dict[str, DatabaseRow] = {}
    for start in range(0, len(ids), _CHUNK):
        chosen = select(REQUEST).where(REQUEST.c.id.in_(ids[start : start + _CHUNK]))
        requests |= {str(each.id): each for each in connection.execute(chosen)}
    told: dict[int, list[str]] = {}
    chosen_events = select(EVENT).where(EVENT.c.message_id.in_(numbers)).order_by(EVENT.c.id)
    for each in connection.execute(chosen_events):
        line = f"{moment(each.at).isoformat()} {each.who}: {each.what}: {each.detail}"
        told.setdefault(int(each.message_id), []).append(line)
    for row in rows:
        known = sorted(
            (requests[each] for each in set(travelled.get(int(row.id), ())) if each in requests),
            key=lambda request: request.claimed_at,
        )
        yield AuditLine(
            _message(row),
            tuple(str(each.id) for each in known),
            tuple(str(each.endpoint) for each in known),
            tuple(moment(each.claimed_at) for each in known),
            tuple(told.get(int(row.id), ())),
        )


def _message(row: DatabaseRow) -> OutboxMessage:
    return OutboxMessage(
        int(row.id),
        row.row_key,
        row.msisdn,
        row.given,
        MessageState(row.state),
        row.why,
        row.code,
        row.message_id,
        row.request_id,
        row.attempts,
        row.parts,
        Priority(row.priority),
        None if row.delivery is None else MessageStatus.of(row.delivery),
        None if row.delivery_at is None else moment(row.delivery_at),
        None if row.charge is None else Decimal(row.charge),
        moment(row.created_at),
        moment(row.due_at),
        None if row.expires_at is None else moment(row.expires_at),
        None if row.settled_at is None else moment(row.settled_at),
        row.tag,
        row.digest,
    )
