"""Starts, pauses, resumes and cancels campaigns, each in a transaction with its event."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, bindparam, exists, or_, select, update

from clicksoap.codes import STATUS_DEFINITIONS
from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns import settings
from clicksoap.outbox.campaigns.settings import PlanRecord
from clicksoap.outbox.journal import Happening, OutboxEvent, record
from clicksoap.outbox.tables import CAMPAIGN, KEPT_TEXT, MESSAGE, PENDING, REQUEST, SENDING, STREAM, DatabaseRow


class CampaignState(StrEnum):
    """The state of a campaign.

    - PLANNING: its rows are being written down. A plan that was interrupted stays there; plan it again.
    - PLANNED: its rows are checked, and nothing is sent.
    - RUNNING: workers send its messages.
    - PAUSED: nothing more leaves until it is resumed.
    - CANCELLED: the messages that had not left are cancelled.
    - FINISHED: every row is settled. It is computed from the rows, never stored.
    """

    PLANNING = "planning"
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


DISCARDED: Final = "discarded"
"""The state of a plan that another one replaced, until its rows are removed."""

ALL: Final = select(CAMPAIGN).where(CAMPAIGN.c.id != STREAM, CAMPAIGN.c.state != DISCARDED)
"""The rows of all campaigns: without the stream, and without what is being removed."""


def by_name(connection: Connection, name: str) -> DatabaseRow:
    """The row of a campaign.

    Raises:
        InvalidInput: There is none of this name.
    """
    row = connection.execute(ALL.where(CAMPAIGN.c.key == name)).first()
    if row is None:
        raise InvalidInput(f"there is no campaign {name!r}: look at the names with campaigns()")
    return row


def locked(connection: Connection, number: int) -> DatabaseRow | None:
    """The row of a campaign, locked until the transaction ends; None if its plan was replaced meanwhile."""
    return connection.execute(ALL.where(CAMPAIGN.c.id == number).with_for_update()).first()


def record_of(row: DatabaseRow) -> PlanRecord:
    """The record of the plan of a campaign.

    Raises:
        InvalidInput: The plan is not complete.
    """
    if row.state == CampaignState.PLANNING:
        raise InvalidInput(f"the plan {row.key!r} is not complete: it is being made, or was interrupted; plan it again")
    return settings.read(row.plan)


def startable(row: DatabaseRow) -> PlanRecord:
    """The record of the plan of a campaign that may be started.

    Raises:
        InvalidInput: It was started before, its plan is not complete, or is strict and has a bad row.
    """
    record = record_of(row)
    if row.state != CampaignState.PLANNED:
        raise InvalidInput(f"campaign {row.key!r} was started before: resume it to go on")
    if record.strict and record.bad:
        raise InvalidInput(
            f"plan {row.key!r} is strict and has {sum(record.bad.values())} bad rows, so nothing is sent: "
            "mend the rows that print(plan) shows, and plan it again"
        )
    return record


def resumable(row: DatabaseRow) -> PlanRecord:
    """The record of the plan of a campaign that may go on.

    Raises:
        InvalidInput: It was never started, or is cancelled.
    """
    if row.state not in {CampaignState.RUNNING, CampaignState.PAUSED}:
        mend = "send() starts it" if row.state == CampaignState.PLANNED else "plan it again under another name"
        raise InvalidInput(f"campaign {row.key!r} is {row.state}, so it cannot go on: {mend}")
    return record_of(row)


def discard(connection: Connection, row: DatabaseRow) -> None:
    """Take the name from a plan that was never sent; its rows are removed afterwards."""
    _set(connection, row, state=DISCARDED, key=f"discarded plan {row.id}")


def start(connection: Connection, row: DatabaseRow, stop_after: int | None, now: float, who: str) -> OutboxEvent:
    """Let workers send a planned campaign.

    Raises:
        InvalidInput: It may not be started: see `startable`.
    """
    startable(row)
    _set(connection, row, state=CampaignState.RUNNING.value, started_at=now, stop_after=stop_after)
    return record(connection, Happening.CAMPAIGN_STARTED, row.key, now, who, campaign=row.id)


def pause(connection: Connection, row: DatabaseRow, why: str, now: float, who: str) -> OutboxEvent:
    """Pause a campaign: nothing more leaves, and what is out is waited for.

    Raises:
        InvalidInput: It does not run.
    """
    if row.state == CampaignState.PAUSED:
        raise InvalidInput(f"campaign {row.key!r} is paused already: {row.paused_why}")
    if row.state != CampaignState.RUNNING:
        raise InvalidInput(f"campaign {row.key!r} is {row.state}, so nothing leaves: only a running one is paused")
    _set(connection, row, state=CampaignState.PAUSED.value, paused_why=why)
    return record(connection, Happening.CAMPAIGN_PAUSED, f"{row.key}: {why}", now, who, campaign=row.id)


def resume(connection: Connection, row: DatabaseRow, why: str, now: float, who: str) -> OutboxEvent | None:
    """Let a paused campaign go on; returns the event, or None if it runs.

    Raises:
        InvalidInput: It may not go on: see `resumable`.
    """
    resumable(row)
    if row.state == CampaignState.RUNNING:
        return None
    # The refusals that stopped it are counted anew: somebody looked at them.
    _set(connection, row, state=CampaignState.RUNNING.value, paused_why=None, refused=0)
    return record(connection, Happening.CAMPAIGN_RESUMED, f"{row.key}: {why}", now, who, campaign=row.id)


def cancel(connection: Connection, row: DatabaseRow, why: str, now: float, who: str) -> OutboxEvent | None:
    """Let nothing more of a campaign leave, for ever; returns the event, or None if it was cancelled before."""
    if row.state == CampaignState.CANCELLED:
        return None
    _set(connection, row, state=CampaignState.CANCELLED.value, paused_why=why)
    return record(connection, Happening.CAMPAIGN_CANCELLED, f"{row.key}: {why}", now, who, campaign=row.id)


def cancel_some(connection: Connection, campaign: int, now: float, most: int) -> int:
    """Settle messages of a cancelled campaign that have not left; returns how many."""
    some = select(MESSAGE.c.id).where(MESSAGE.c.campaign_id == campaign, MESSAGE.c.state == PENDING).limit(most)
    return connection.execute(
        update(MESSAGE)
        .where(MESSAGE.c.id.in_(some), MESSAGE.c.state == PENDING)
        .values(state="cancelled", why="the campaign was cancelled", settled_at=now, text=KEPT_TEXT)
    ).rowcount


def held_by_gateway(connection: Connection, campaign: int, after: int, most: int) -> list[tuple[int, str]]:
    """Messages that the gateway took and of which no final status is known: their numbers and the gateway's ids."""
    chosen = (
        select(MESSAGE.c.id, MESSAGE.c.message_id)
        .where(
            MESSAGE.c.campaign_id == campaign,
            MESSAGE.c.id > after,
            MESSAGE.c.state == "accepted",
            MESSAGE.c.message_id.is_not(None),
            or_(MESSAGE.c.delivery.is_(None), MESSAGE.c.delivery.not_in(_FINAL)),
        )
        .order_by(MESSAGE.c.id)
        .limit(most)
    )
    return [(int(number), str(message_id)) for number, message_id in connection.execute(chosen)]


_FINAL: Final = [code for code, definition in STATUS_DEFINITIONS.items() if definition.is_final]


def set_note(connection: Connection, row: DatabaseRow, note: str) -> None:
    """Write a note on a campaign."""
    _set(connection, row, note=note)


@dataclass(frozen=True, slots=True)
class Open:
    """The open rows of a campaign.

    Attributes:
        is_pending: Whether a message has not left.
        is_sending: Whether a message is out.
    """

    is_pending: bool
    is_sending: bool


def open_rows(connection: Connection, campaign: int, account: str) -> Open:
    """Look for open rows of a campaign; an index finds them by the account."""
    pending, sending = connection.execute(_OPEN, {"campaign": campaign, "account": account}).one()
    return Open(bool(pending), bool(sending))


def refused(
    connection: Connection, campaign: int, count: int, whole: str | None, now: float, who: str
) -> OutboxEvent | None:
    """Count refused messages; pauses the campaign if they are too many, or if a whole request was refused.

    Args:
        connection: The transaction that enters them.
        campaign: The number of the campaign.
        count: How many messages were refused.
        whole: The refusal, if it speaks of a whole request: the next one would be refused as well. Else None.
        now: The present time by the database's clock.
        who: The worker.

    Returns:
        The event, if the campaign was paused.
    """
    row = connection.execute(
        update(CAMPAIGN).where(CAMPAIGN.c.id == campaign).values(refused=CAMPAIGN.c.refused + count).returning(CAMPAIGN)
    ).one()
    if row.state != CampaignState.RUNNING:
        return None
    if row.stop_after is not None and row.refused >= row.stop_after:
        why = f"the gateway refused {row.refused} messages (stop_after={row.stop_after})"
        return pause(connection, row, why, now, who)
    return None if whole is None else pause(connection, row, whole, now, who)


def _set(connection: Connection, row: DatabaseRow, **values: object) -> None:
    connection.execute(update(CAMPAIGN).where(CAMPAIGN.c.id == row.id).values(**values))


_OPEN: Final = select(
    exists().where(
        MESSAGE.c.account == bindparam("account"),
        MESSAGE.c.campaign_id == bindparam("campaign"),
        MESSAGE.c.state == PENDING,
    ),
    # By way of the requests that are out, which are few.
    exists()
    .where(REQUEST.c.state == SENDING, MESSAGE.c.request_id == REQUEST.c.id)
    .where(MESSAGE.c.campaign_id == bindparam("campaign"), MESSAGE.c.state == SENDING),
)
