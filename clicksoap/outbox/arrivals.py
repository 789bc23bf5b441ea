"""Enters that a message arrived: from an answer, a question or a report, also where it comes late."""

from typing import Final

from sqlalchemy import Connection, bindparam, exists, select, update

from clicksoap.outbox.journal import Happening, OutboxEvent, record
from clicksoap.outbox.states import MessageState
from clicksoap.outbox.tables import ATTEMPT, EVENT, KEPT_TEXT, MESSAGE, REQUEST, SENDING, DatabaseRow

_ROWS: Final = select(MESSAGE.c.id, MESSAGE.c.msisdn, MESSAGE.c.state, MESSAGE.c.request_id, MESSAGE.c.message_id)
_BY_REQUEST: Final = _ROWS.where(MESSAGE.c.request_id == bindparam("request"))
_BY_ATTEMPT: Final = _ROWS.join(ATTEMPT, ATTEMPT.c.message_id == MESSAGE.c.id).where(
    ATTEMPT.c.request_id == bindparam("request")
)
_ACCEPT: Final = (
    update(MESSAGE)
    .where(MESSAGE.c.id == bindparam("row"), MESSAGE.c.state == bindparam("was"))
    .values(
        state="accepted",
        why=None,
        code=None,
        request_id=bindparam("request"),
        message_id=bindparam("gateway_id"),
        settled_at=bindparam("at"),
        text=KEPT_TEXT,
    )
)

_TOLD: Final = select(EVENT.c.id).where(
    EVENT.c.message_id == bindparam("row"),
    EVENT.c.request_id == bindparam("request"),
    EVENT.c.what == Happening.DOUBLED.value,
)
_CLOSE_SETTLED: Final = (
    update(REQUEST)
    .where(
        REQUEST.c.id == bindparam("request"),
        REQUEST.c.state == SENDING,
        ~exists().where(MESSAGE.c.request_id == bindparam("request"), MESSAGE.c.state == SENDING),
    )
    .values(state="answered", answered_at=bindparam("at"))
)
# A newer request of such a row may be with the gateway, or is.
_HAS_NEWER: Final = frozenset(
    {MessageState.SENDING, MessageState.ACCEPTED, MessageState.UNCONFIRMED, MessageState.UNKNOWN}
)


def rows_of(connection: Connection, request_id: str) -> list[DatabaseRow]:
    """The rows that travelled in a request, those included that left it unsettled."""
    parameters = {"request": request_id}
    now = connection.execute(_BY_REQUEST, parameters).all()
    earlier = connection.execute(_BY_ATTEMPT, parameters).all()
    seen = {row.id for row in now}
    return [*now, *(row for row in earlier if row.id not in seen)]


def arrived(
    connection: Connection, row: DatabaseRow, request_id: str, message_id: str | None, now: float, who: str
) -> OutboxEvent | None:
    """Enter that a row of a request is with the gateway.

    A message that waits to be sent again is accepted instead. One that was sent again already arrived twice: that is
    an event, and cannot be undone.

    Args:
        connection: The transaction.
        row: The row, as `rows_of` gives it.
        request_id: The request with which it arrived.
        message_id: The gateway's id of it, if it is known.
        now: The present time.
        who: Who found out.

    Returns:
        The event, if the message is doubled.
    """
    state = MessageState(row.state)
    if row.request_id != request_id and state in _HAS_NEWER and row.request_id is not None:
        if connection.execute(_TOLD, {"row": row.id, "request": request_id}).first() is not None:
            return None  # each further report says it again
        detail = "an answer to an earlier request came after the message was sent again"
        return record(connection, Happening.DOUBLED, detail, now, who, message=int(row.id), request=request_id)
    if state is MessageState.ACCEPTED:
        if row.message_id is None and message_id is not None:
            connection.execute(update(MESSAGE).where(MESSAGE.c.id == row.id).values(message_id=message_id))
        return None
    connection.execute(
        _ACCEPT, {"row": row.id, "was": row.state, "request": request_id, "gateway_id": message_id, "at": now}
    )
    return None


def close_settled(connection: Connection, request_id: str, now: float) -> None:
    """Close a request whose rows are all settled: there is nothing left to ask about, also if its answer is lost."""
    connection.execute(_CLOSE_SETTLED, {"request": request_id, "at": now})
