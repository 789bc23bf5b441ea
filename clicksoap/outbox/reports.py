"""Enters delivery reports: those that wait for their message, come twice, out of order, or for an earlier request."""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Delete, Select, bindparam, delete, select, update

from clicksoap.codes import MessageStatus
from clicksoap.errors import InvalidInput
from clicksoap.events import DeliveryReport
from clicksoap.msisdn import msisdn
from clicksoap.outbox import bulk
from clicksoap.outbox.arrivals import arrived, close_settled, rows_of
from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.journal import OutboxEvent
from clicksoap.outbox.tables import MESSAGE, REPORT, REQUEST, DatabaseRow

# The row is locked: two reports of one message may be entered at the same time.
_BY_GATEWAY_ID: Final = (
    select(MESSAGE.c.id, MESSAGE.c.delivery, MESSAGE.c.delivery_at)
    .where(MESSAGE.c.message_id == bindparam("gateway_id"))
    .with_for_update()
)
_REQUEST: Final = select(REQUEST.c.id).where(REQUEST.c.id == bindparam("request"))


@functools.cache
def _waiting(dialect: str) -> Select[Any]:
    return select(REPORT).where(bulk.among(dialect, REPORT.c.message_id, "ids")).order_by(REPORT.c.at)


@functools.cache
def _drop(dialect: str) -> Delete:
    return delete(REPORT).where(bulk.among(dialect, REPORT.c.message_id, "ids"))


def enter(connection: Connection, report: DeliveryReport, now: float, who: str) -> tuple[bool, OutboxEvent | None]:
    """Enter a report.

    It changes the state of a message only if it carries a client message id that the outbox issued, and a number of
    that request: reports are not signed. Otherwise it adds to what is known of a message with the gateway's id, or
    waits until the answer with that id is committed.

    Returns:
        Whether it belongs to a message, and the event, if it shows that a message is doubled.
    """
    event = None
    row = connection.execute(_BY_GATEWAY_ID, {"gateway_id": report.message_id}).first()
    if row is None:
        by_request = _row_of_request(connection, report)
        if by_request is None:
            _keep(connection, report, now)
            return False, None
        request_id = str(report.client_message_id)
        event = arrived(connection, by_request, request_id, report.message_id, now, who)
        close_settled(connection, request_id, now)
        row = connection.execute(_BY_GATEWAY_ID, {"gateway_id": report.message_id}).first()
    if row is not None:
        _add(connection, row, report)
    return True, event


def enter_waiting(connection: Connection, message_ids: Sequence[str]) -> None:
    """Enter the reports that came before the answers with these ids were committed."""
    dialect, given = connection.dialect.name, {"ids": bulk.texts(message_ids)}
    waiting = connection.execute(_waiting(dialect), given).all()
    for each in waiting:
        report = DeliveryReport(
            message_id=each.message_id,
            status=MessageStatus.of(each.status),
            at=datetime.fromtimestamp(each.at, UTC),
            to=each.msisdn or "",
        )
        row = connection.execute(_BY_GATEWAY_ID, {"gateway_id": each.message_id}).first()
        if row is not None:
            _add(connection, row, report, each.charge)
    if waiting:
        connection.execute(_drop(dialect), given)


def _row_of_request(connection: Connection, report: DeliveryReport) -> DatabaseRow | None:
    """The row that a report names by the client message id and the number; None if the outbox never issued the id."""
    own_id = report.client_message_id
    if own_id is None or connection.execute(_REQUEST, {"request": own_id}).first() is None:
        return None
    try:
        number = msisdn(report.to)
    except InvalidInput:
        return None
    rows = rows_of(connection, own_id)
    return next((row for row in rows if row.msisdn == number), None)


def _keep(connection: Connection, report: DeliveryReport, now: float) -> None:
    connection.execute(
        insert_missing(connection, REPORT).values(
            message_id=report.message_id[:64],
            client_message_id=None if report.client_message_id is None else report.client_message_id[:64],
            msisdn=report.to[:32],
            status=report.code[:8],
            at=report.at.timestamp(),
            charge=None if report.charge is None else str(report.charge)[:32],
            received_at=now,
        )
    )


def _add(connection: Connection, row: DatabaseRow, report: DeliveryReport, charge: str | None = None) -> None:
    """Add a report to a message; an intermediate status never replaces a final one."""
    earlier = None
    if row.delivery is not None:
        at = datetime.fromtimestamp(row.delivery_at, UTC)
        earlier = DeliveryReport(message_id=report.message_id, status=MessageStatus.of(row.delivery), at=at, to="")
    values: dict[str, object] = {}
    if report.supersedes(earlier):
        values |= {"delivery": report.code, "delivery_at": report.at.timestamp()}
    charged = charge if report.charge is None else str(report.charge)
    if charged is not None and (values or earlier is None):
        values["charge"] = charged
    if values:
        connection.execute(update(MESSAGE).where(MESSAGE.c.id == row.id).values(**values))
