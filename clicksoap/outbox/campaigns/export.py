"""Exports of a campaign: what became of each row of its source, as CSV or JSON Lines."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, TextIO

from sqlalchemy import ColumnElement, Executable, func, literal_column, select

from clicksoap.codes import STATUS_DEFINITIONS, MessageStatus
from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.outputs import Target, opened_for
from clicksoap.outbox.databases import Database
from clicksoap.outbox.journal import moment
from clicksoap.outbox.states import MessageState
from clicksoap.outbox.tables import MESSAGE, REQUEST, DatabaseRow

OWN_COLUMNS: Final = (
    *("line", "to", "state", "reason", "code", "message_id", "client_message_id", "attempts", "parts", "sent_at"),
    *("settled_at", "delivery", "delivered_at", "charge", "id"),
)
"""The columns that an export adds, without their prefix."""

_PAGE: Final = 1000
_BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """A row of the source, and what became of it.

    Attributes:
        cells: Its cells, one for each column of the source; all are empty after the retention.
        line: Its line in the source.
        to: The MSISDN; None if the row has none that can be read, or after the retention.
        state: The state of its message.
        reason: Why it is in this state, where the state does not say all.
        code: The gateway's number of its refusal.
        message_id: The gateway's id of it (gateway: ``apimsgid``).
        client_message_id: The id of its last request (gateway: ``climsgid``).
        attempts: How many requests with it left.
        parts: How many parts it has; 0 for a row that cannot be sent.
        sent_at: When its last request was claimed, in UTC.
        settled_at: When its state became final for the outbox, in UTC.
        delivery: The last delivery report's status, such as ``delivered``; its number if no document names it.
        delivered_at: The time of that status, in UTC.
        charge: What it cost in credits, as a report says.
        id: The number of its message, for `Outbox.resolve`.
    """

    cells: tuple[str, ...] = field(repr=False)
    line: int | None
    to: str | None = field(repr=False)
    state: MessageState
    reason: str | None
    code: str | None
    message_id: str | None
    client_message_id: str | None
    attempts: int
    parts: int
    sent_at: datetime | None
    settled_at: datetime | None
    delivery: str | None
    delivered_at: datetime | None
    charge: Decimal | None
    id: int

    def own(self) -> tuple[object, ...]:
        """The values of `OWN_COLUMNS` as JSON has them: times in ISO 8601, UTC, and the charge as a text."""
        return (
            *(self.line, self.to, self.state.value, self.reason, self.code, self.message_id, self.client_message_id),
            *(self.attempts, self.parts, _time(self.sent_at), _time(self.settled_at), self.delivery),
            *(_time(self.delivered_at), None if self.charge is None else f"{self.charge:f}", self.id),
        )


def own_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns that an export adds: ``sms_line``, ``sms_to`` and so on.

    If any column of the source has such a name, in capitals or small letters, all of them begin with ``sms2_``, or
    with the next number that is free. So an export can be the source of another campaign.
    """
    taken = {each.casefold() for each in columns}
    number = 1
    while True:
        prefix = "sms_" if number == 1 else f"sms{number}_"
        names = tuple([f"{prefix}{each}" for each in OWN_COLUMNS])
        if taken.isdisjoint(names):
            return names
        number += 1


def rows(
    database: Database, campaign: int, columns: Sequence[str], states: Sequence[MessageState] = ()
) -> Iterator[ExportedRow]:
    """The rows of a campaign in the order of its source, each once.

    They are read in pages, each in a short transaction of its own, so that nobody waits for the export. While the
    campaign is sent, a later page shows a later state than an earlier one.

    Args:
        database: The database.
        campaign: The number of the campaign.
        columns: The columns of its source.
        states: Only rows in these states; all by default.
    """
    chosen = _checked(states)
    with database.read() as connection:
        first, last = connection.execute(
            select(func.min(MESSAGE.c.id), func.max(MESSAGE.c.id)).where(MESSAGE.c.campaign_id == campaign)
        ).one()
    if first is None:
        return
    reached = int(first) - 1
    while True:
        with database.read() as connection:
            page = connection.execute(_page(database.name, campaign, chosen, reached, int(last))).all()
            sent = {
                str(number): float(at)
                for number, at in connection.execute(
                    _CLAIMED.where(REQUEST.c.id.in_({row.request_id for row in page if row.request_id is not None}))
                )
            }
        for row in page:
            yield _exported(row, len(columns), sent)
        if len(page) < _PAGE:
            return
        reached = int(page[-1].id)


def export_csv(
    file: Target | TextIO,
    database: Database,
    campaign: int,
    columns: Sequence[str],
    *,
    states: Sequence[MessageState] = (),
    bom: bool = False,
    overwrite: bool = False,
) -> int:
    """Write the rows of a campaign as CSV (RFC 4180) in UTF-8: every column of the source, then those of `own_columns`.

    The cells of the source are unchanged, also where a spreadsheet takes one for a formula: an export can be compared
    with its source. None of the cells that are added begins with ``=``, ``+``, ``-`` or ``@``; a reason or an id that
    does gets an apostrophe in front. ``sms_to`` is digits only.

    Args:
        file: The path of a new file, which appears when it is complete, with mode 0600; or an open text file, best
            opened with ``newline=""``.
        database: The database.
        campaign: The number of the campaign.
        columns: The columns of its source.
        states: Only rows in these states; all by default.
        bom: Whether the file begins with a byte order mark, so that Excel reads it as UTF-8.
        overwrite: Whether an existing file is replaced.

    Returns:
        How many rows were written.

    Raises:
        InvalidInput: The file exists or cannot be created, or a state is not a `MessageState`.
        OSError: The disk is full, or fails.
    """
    _checked(states)
    with opened_for(file, overwrite=overwrite) as opened:
        return _write_csv(opened, rows(database, campaign, columns, states), columns, bom=bom)


def export_jsonl(
    file: Target | TextIO,
    database: Database,
    campaign: int,
    columns: Sequence[str],
    *,
    states: Sequence[MessageState] = (),
    overwrite: bool = False,
) -> int:
    """Write the rows of a campaign as JSON Lines in UTF-8: an object a line, with the keys that CSV has as columns.

    The columns of the source are texts. Of those that are added, line, attempts and parts are numbers; the charge is a
    text, so that no digit is lost; nothing is null. Arguments, result and errors as of `export_csv`.
    """
    _checked(states)
    with opened_for(file, overwrite=overwrite) as opened:
        return _write_jsonl(opened, rows(database, campaign, columns, states), columns)


def _write_csv(file: TextIO, found: Iterator[ExportedRow], columns: Sequence[str], *, bom: bool) -> int:
    if bom:
        file.write(_BYTE_ORDER_MARK)
    writer = csv.writer(file)
    writer.writerow([*columns, *own_columns(columns)])
    count = 0
    for count, row in enumerate(found, start=1):  # noqa: B007 - the count is the result
        own = ["" if each is None else each for each in row.own()]
        for position in _TEXTS:
            if str(own[position]).startswith(_FORMULA):
                own[position] = f"'{own[position]}"
        writer.writerow([*row.cells, *own])
    return count


def _write_jsonl(file: TextIO, found: Iterator[ExportedRow], columns: Sequence[str]) -> int:
    names = [*columns, *own_columns(columns)]
    count = 0
    for count, row in enumerate(found, start=1):  # noqa: B007 - as above
        file.write(json.dumps(dict(zip(names, [*row.cells, *row.own()], strict=True)), ensure_ascii=False))
        file.write("\n")
    return count


# The positions of what the gateway or a person worded.
_TEXTS: Final = tuple([OWN_COLUMNS.index(each) for each in ("reason", "code", "message_id", "delivery")])


def _checked(states: Sequence[MessageState]) -> list[MessageState]:
    for each in states:
        if not isinstance(each, MessageState):
            raise InvalidInput(f"states holds {each!r}: give values of MessageState, such as MessageState.REJECTED")
    return list(states)


_CLAIMED: Final = select(REQUEST.c.id, REQUEST.c.claimed_at)
_READ: Final = (
    *(MESSAGE.c.id, MESSAGE.c.source, MESSAGE.c.line, MESSAGE.c.msisdn, MESSAGE.c.state, MESSAGE.c.why),
    *(MESSAGE.c.code, MESSAGE.c.message_id, MESSAGE.c.request_id, MESSAGE.c.attempts, MESSAGE.c.parts),
    *(MESSAGE.c.settled_at, MESSAGE.c.delivery, MESSAGE.c.delivery_at, MESSAGE.c.charge),
)


def _page(store: str, campaign: int, states: Sequence[MessageState], after: int, last: int) -> Executable:
    # The plus keeps SQLite from another index, by which it would read and sort the whole campaign for every page.
    of_campaign: ColumnElement[bool] = (
        literal_column("+campaign_id") == campaign if store == "sqlite" else MESSAGE.c.campaign_id == campaign
    )
    conditions = [of_campaign, MESSAGE.c.id > after, MESSAGE.c.id <= last]
    if states:
        conditions.append(MESSAGE.c.state.in_([each.value for each in states]))
    return select(*_READ).where(*conditions).order_by(MESSAGE.c.id).limit(_PAGE)


def _exported(row: DatabaseRow, width: int, sent: dict[str, float]) -> ExportedRow:
    cells: list[str] = [] if row.source is None else json.loads(row.source)
    claimed = None if row.request_id is None else sent.get(row.request_id)
    return ExportedRow(
        tuple([*cells, *[""] * (width - len(cells))][:width]),
        None if row.line is None else int(row.line),
        row.msisdn,
        MessageState(row.state),
        row.why,
        row.code,
        row.message_id,
        row.request_id,
        row.attempts,
        row.parts,
        None if claimed is None else moment(claimed),
        None if row.settled_at is None else moment(row.settled_at),
        None if row.delivery is None else _name(row.delivery),
        None if row.delivery_at is None else moment(row.delivery_at),
        None if row.charge is None else Decimal(row.charge),
        int(row.id),
    )


def _name(delivery: str) -> str:
    code = MessageStatus.of(delivery).code
    return STATUS_DEFINITIONS[code].word if code in STATUS_DEFINITIONS else code


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
