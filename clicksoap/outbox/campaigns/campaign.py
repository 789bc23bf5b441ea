"""One campaign: how far it is, what became of its rows, and how to steer it."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Final, TextIO

from sqlalchemy import Connection, func, select

from clicksoap.checks import plain_seconds
from clicksoap.client import Client
from clicksoap.errors import ClicksoapError, GatewayError, InvalidInput
from clicksoap.outbox import records
from clicksoap.outbox.campaigns import export, report, settings, steering
from clicksoap.outbox.campaigns.plan import Plan, plan_of
from clicksoap.outbox.campaigns.progress import Progress
from clicksoap.outbox.campaigns.steering import CampaignState
from clicksoap.outbox.campaigns.totals import Totals, totals
from clicksoap.outbox.credentials import ClientFactory
from clicksoap.outbox.databases import Database
from clicksoap.outbox.drafts import checked_key, filled
from clicksoap.outbox.journal import OutboxEvent, moment
from clicksoap.outbox.records import OutboxMessage
from clicksoap.outbox.states import MessageState, doubtful, still_open
from clicksoap.outbox.tables import CAMPAIGN, MESSAGE, DatabaseRow

OnProgress = Callable[[Progress], None]

_CANCELLED_AT_ONCE: Final = 5000
_ASKED_AT_ONCE: Final = 500
_STOPPED: Final = "006"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run of a campaign.

    Attributes:
        rate: The pace of the account in parts a second; None leaves it as it is.
        floor: Credits below which the account is paused.
        senders: How many requests may be out at a time.
        grace: For how many seconds to wait for answers when it is told to stop.
        settle_within: For how many seconds to wait for outcomes once the last message left.
        on_progress: Told from time to time how far it is.
    """

    rate: float | None
    floor: float | None
    senders: int
    grace: float
    settle_within: float
    on_progress: OnProgress | None


MakeRun = Callable[[int, str, Client | ClientFactory, RunOptions], Callable[[], None]]
"""Makes the run of a campaign, of an account: it works until that is settled, stopped, or its time is up."""


@dataclass(frozen=True, slots=True)
class Box:
    """The parts of its outbox that a campaign needs.

    Attributes:
        database: The database.
        writing: Begins a transaction that writes, and tells the time by the database's clock.
        tell: Tells the observer of an event.
        run: Makes the run of a campaign, which works until it is settled.
    """

    database: Database
    writing: Callable[[], AbstractContextManager[tuple[Connection, float]]]
    tell: Callable[[OutboxEvent], None]
    run: MakeRun


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """The state of a campaign.

    Attributes:
        name: Its name.
        state: Its state; FINISHED once every row is settled.
        why: Why it is paused or cancelled; None otherwise.
        source: The name of the file, or ``rows``.
        rows: How many rows its source has.
        note: What somebody wrote about it.
        planned_at: When it was planned, in UTC.
        started_at: When it was started, in UTC; None if it was not.
        again_of: The name of the campaign that sent the same source before; None if none did.
        again_why: Why it is sent again.
    """

    name: str
    state: CampaignState
    why: str | None
    source: str
    rows: int
    note: str | None
    planned_at: datetime
    started_at: datetime | None
    again_of: str | None
    again_why: str | None


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """The result of a check of a campaign.

    Attributes:
        name: Its name.
        rows: How many rows its source has.
        by_state: How many of them are in each state.
        is_finished: Whether every row is settled.
        doubtful: How many are unconfirmed or unknown: a delivery report or a person settles them.
        problems: What should not be; empty if every row of the source is in exactly one state.
    """

    name: str
    rows: int
    by_state: dict[MessageState, int]
    is_finished: bool
    doubtful: int
    problems: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that should not be."""
        return not self.problems

    def __str__(self) -> str:
        states = ", ".join(f"{count:,} {state}" for state, count in self.by_state.items()) or "none"
        found = "; ".join(self.problems) if self.problems else "every row is in exactly one state"
        finished = "finished" if self.is_finished else "not finished"
        return f"Campaign {self.name}, {finished}: {self.rows:,} rows: {states}. {found}"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The result of a cancellation.

    Attributes:
        waiting: How many messages had not left; they are never sent.
        out: How many were out at that moment; their outcome is still settled.
        held: How many the gateway had taken, and were asked to be stopped.
        stopped: How many of those the gateway stopped.
        unasked: How many of those could not be asked about.
    """

    waiting: int
    out: int
    held: int = 0
    stopped: int = 0
    unasked: int = 0


class Campaign:
    """One campaign of an outbox. It holds nothing: each look reads the database.

    Args:
        box: Its outbox.
        number: Its number in the outbox.
        name: Its name.
    """

    def __init__(self, box: Box, number: int, name: str) -> None:
        self._box = box
        self._number = number
        self._name = name

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def state(self) -> CampaignState:
        """Its state; FINISHED once every row is settled."""
        return self.info().state

    def info(self) -> CampaignInfo:
        """Its state, with what people said about it."""
        with self._box.database.read() as connection:
            return campaign_info(connection, self._row(connection))

    def plan(self) -> Plan:
        """Its plan, as `Outbox.plan` gave it."""
        with self._box.database.read() as connection:
            record = steering.record_of(self._row(connection))
            return plan_of(connection, self._number, self._name, record)

    def totals(self) -> Totals:
        """What became of its rows, in numbers."""
        with self._box.database.read() as connection:
            return totals(connection, self._number)

    def check(self) -> CampaignCheck:
        """Check that each row of the source is in exactly one state.

        Raises:
            InvalidInput: Its plan is not complete.
        """
        with self._box.database.read() as connection:
            record = steering.record_of(self._row(connection))
            counts = records.count_by_state(connection, MESSAGE.c.campaign_id == self._number)
        total = sum(counts.values())
        problems = [] if total == record.rows else [f"the source has {record.rows} rows, and the outbox {total}"]
        is_finished = not still_open(counts)
        return CampaignCheck(self._name, record.rows, counts, is_finished, doubtful(counts), tuple(problems))

    def get(self, key: str) -> tuple[OutboxMessage, ...]:
        """The message of a row by its key; empty if there is none. A row without a key column is ``line 17``."""
        with self._box.database.read() as connection:
            return records.by_key(connection, checked_key(key), self._number)

    def resume(
        self,
        client: Client | ClientFactory | None = None,
        *,
        by: str = "outbox",
        why: str = "resumed",
        rate: float | None = None,
        floor: float | None = None,
        settle_within: float = 900.0,
        senders: int = 32,
        grace: float = 10.0,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Go on with a campaign that was interrupted or paused.

        Args:
            client: As of `Outbox.send`; the call returns as that one does. Without it, the pause ends, and the workers
                that run elsewhere send on.
            by: Who resumes it.
            why: Why.
            rate: As of `Outbox.send`.
            floor: As of `Outbox.send`.
            settle_within: As of `Outbox.send`.
            senders: As of `Outbox.send`.
            grace: As of `Outbox.send`.
            on_progress: As of `Outbox.send`.

        Raises:
            InvalidInput: It was never started, or is cancelled, or an argument cannot work.
            AuthenticationError, OutboxMismatch, OutboxUnavailable: As of `Outbox.work`.
        """
        options = run_options(rate, floor, senders, grace, settle_within, on_progress)
        who, reason = filled(by, "by"), filled(why, "why")
        run: Callable[[], None] | None = None
        if client is not None:
            # Before anything is written: a setting that is missing must not end a pause.
            with self._box.database.read() as connection:
                account = steering.resumable(self._row(connection)).account
            run = self._box.run(self._number, account, client, options)
        with self._box.writing() as (connection, now):
            event = steering.resume(connection, self._locked(connection), reason, now, who)
        if event is not None:
            self._box.tell(event)
        if run is not None:
            run()

    def pause(self, *, by: str, why: str) -> None:
        """Pause it: nothing more leaves, and what is out is waited for.

        Raises:
            InvalidInput: It does not run.
        """
        who, reason = filled(by, "by"), filled(why, "why")
        with self._box.writing() as (connection, now):
            event = steering.pause(connection, self._locked(connection), reason, now, who)
        self._box.tell(event)

    def cancel(self, client: Client | None = None, *, by: str, why: str) -> Cancelled:
        """Let nothing more of it leave, for ever.

        Args:
            client: Stops what the gateway took and did not hand on yet, message by message (gateway: ``delmsg``).
                Without it, such messages go on.
            by: Who cancels it.
            why: Why.

        Returns:
            How many messages were stopped where.
        """
        who, reason = filled(by, "by"), filled(why, "why")
        with self._box.writing() as (connection, now):
            event = steering.cancel(connection, self._locked(connection), reason, now, who)
        if event is not None:
            self._box.tell(event)
        waiting = 0
        while True:
            with self._box.writing() as (connection, now):
                some = steering.cancel_some(connection, self._number, now, _CANCELLED_AT_ONCE)
            waiting += some
            if some < _CANCELLED_AT_ONCE:
                break
        with self._box.database.read() as connection:
            out = connection.execute(
                select(func.count()).where(MESSAGE.c.campaign_id == self._number, MESSAGE.c.state == "sending")
            ).scalar_one()
        held, stopped, unasked = (0, 0, 0) if client is None else self._stop_held(client)
        return Cancelled(waiting, int(out), held, stopped, unasked)

    def note(self, text: str) -> None:
        """Write a note on it, in the place of an earlier one."""
        written = filled(text, "text")
        with self._box.writing() as (connection, _):
            steering.set_note(connection, self._locked(connection), written)

    def export_csv(
        self,
        file: str | PathLike[str] | TextIO,
        *,
        states: Sequence[MessageState] = (),
        bom: bool = False,
        overwrite: bool = False,
    ) -> int:
        """Write what became of each row as CSV: every column of the source, then columns that begin with ``sms_``.

        Args:
            file: The path of a new file, or an open text file.
            states: Only rows in these states; all by default.
            bom: Whether the file begins with a byte order mark, so that Excel reads it as UTF-8.
            overwrite: Whether an existing file is replaced.

        Returns:
            How many rows were written.
        """
        return export.export_csv(
            file, self._box.database, self._number, self._columns(), states=states, bom=bom, overwrite=overwrite
        )

    def export_jsonl(
        self, file: str | PathLike[str] | TextIO, *, states: Sequence[MessageState] = (), overwrite: bool = False
    ) -> int:
        """Write what became of each row as JSON Lines; arguments and result as of `export_csv`."""
        return export.export_jsonl(
            file, self._box.database, self._number, self._columns(), states=states, overwrite=overwrite
        )

    def report(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write a page of HTML about it, with two pictures, and without numbers and texts of messages."""
        report.write_report(path, self._box.database, self._number, overwrite=overwrite)

    def __repr__(self) -> str:
        return f"<Campaign {self._name}>"

    def _columns(self) -> tuple[str, ...]:
        with self._box.database.read() as connection:
            return steering.record_of(self._row(connection)).columns

    def _stop_held(self, client: Client) -> tuple[int, int, int]:
        held = stopped = unasked = last = 0
        while True:
            with self._box.database.read() as connection:
                some = steering.held_by_gateway(connection, self._number, last, _ASKED_AT_ONCE)
            if not some:
                return held, stopped, unasked
            for number, message_id in some:
                held, last = held + 1, number
                try:
                    stopped += client.stop(message_id).status.code == _STOPPED
                except GatewayError:
                    continue  # it has gone on, or the gateway does not know it any more
                except ClicksoapError:
                    unasked += 1

    def _row(self, connection: Connection) -> DatabaseRow:
        return self._found(connection.execute(steering.ALL.where(CAMPAIGN.c.id == self._number)).first())

    def _locked(self, connection: Connection) -> DatabaseRow:
        return self._found(steering.locked(connection, self._number))

    def _found(self, row: DatabaseRow | None) -> DatabaseRow:
        if row is None:
            raise InvalidInput(f"campaign {self._name!r} was planned again meanwhile: look it up with campaign()")
        return row


def campaign_info(connection: Connection, row: DatabaseRow) -> CampaignInfo:
    """The state of a campaign from its row."""
    state = CampaignState(row.state)
    record = None if row.plan is None else settings.read(row.plan)
    if state in {CampaignState.RUNNING, CampaignState.PAUSED} and record is not None:
        rest = steering.open_rows(connection, row.id, record.account)
        if not rest.is_pending and not rest.is_sending:
            state = CampaignState.FINISHED
    again_of = None
    if row.again_of is not None:
        again_of = connection.execute(select(CAMPAIGN.c.key).where(CAMPAIGN.c.id == row.again_of)).scalar()
    return CampaignInfo(
        row.key,
        state,
        None if state is CampaignState.FINISHED else row.paused_why,
        "" if record is None else record.source,
        0 if record is None else record.rows,
        row.note,
        moment(row.created_at),
        None if row.started_at is None else moment(row.started_at),
        again_of,
        row.again_why,
    )


def run_options(
    rate: float | None,
    floor: float | None,
    senders: int,
    grace: float,
    settle_within: float,
    on_progress: OnProgress | None,
) -> RunOptions:
    """The checked options of a run.

    Raises:
        InvalidInput: One of them cannot work. The rest is checked by the worker.
    """
    if plain_seconds(settle_within, is_zero_allowed=True) is None:
        raise InvalidInput("settle_within is not a number of seconds: give one, such as 900")
    if inspect.iscoroutinefunction(on_progress):
        raise InvalidInput("on_progress is a coroutine function, which nobody awaits: give a plain function")
    if on_progress is not None and not callable(on_progress):
        raise InvalidInput(f"on_progress is {type(on_progress).__name__}: give a function that takes a Progress")
    return RunOptions(rate, floor, senders, grace, settle_within, on_progress)
