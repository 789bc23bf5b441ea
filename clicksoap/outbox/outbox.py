"""The outbox: a durable store of messages, enqueued in the caller's transaction and sent by workers."""

import inspect
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, Unpack

from sqlalchemy import Connection

from clicksoap.checks import iterable, plain_int, plain_moment, plain_seconds
from clicksoap.client import Client
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.messages import Message
from clicksoap.msisdn import Numbers, check_region, msisdn
from clicksoap.options import SendOptions
from clicksoap.outbox import schema, stream, transactions
from clicksoap.outbox.accounts import DEFAULT_ACCOUNT
from clicksoap.outbox.administration import OnEvent
from clicksoap.outbox.campaigns import steering
from clicksoap.outbox.campaigns.campaign import Campaign, OnProgress, RunOptions, run_options
from clicksoap.outbox.campaigns.facade import Campaigns, changed_source
from clicksoap.outbox.campaigns.looking import Look
from clicksoap.outbox.campaigns.plan import Plan
from clicksoap.outbox.credentials import ClientFactory, Clients
from clicksoap.outbox.databases import Database, SQLite, open_database
from clicksoap.outbox.drafts import MAX_PER_REQUEST, Checker, checked_account, checked_key, filled
from clicksoap.outbox.mark import MarkFile, Reached
from clicksoap.outbox.signals import stopped_by_signals
from clicksoap.outbox.states import Priority
from clicksoap.outbox.stream import Enqueued, Entry
from clicksoap.outbox.until import CampaignSettled, Settled, Until
from clicksoap.outbox.worker import Work, Worker, WorkerOptions
from clicksoap.protocol.endpoint import BindingName
from clicksoap.protocol.frames import forget_locals

_MAX_SENDERS: Final = 500
_MAX_STOP_AFTER: Final = 10**9


class Outbox(Campaigns):
    """A durable store of messages, and the workers that send them: it loses nothing and sends nothing twice unasked.

    The constructor opens nothing. The first use creates the tables if the database has none; `open` does it at once.
    After a fork, take `another`.

    Args:
        url: ``sqlite:///PATH`` for a file on a disk of this machine, or ``postgresql://USER:PASSWORD@HOST/NAME``
            (extra ``outbox-postgresql``).
        region: The country whose national numbers `enqueue` understands, such as ``"ZA"``.
        binding: The binding of the workers' clients: what `enqueue` accepts depends on it.
        per_request: How many recipients one request has at most, 1 to 300. A lost answer leaves as many in doubt.
        believe_after: For how many seconds a request that the gateway denies is believed to be still on its way: then
            it is sent again. By default 600, and 2 where the gateway is on this machine.
        mark: The path of a file outside the database's folder that repeats what the outbox has reached, so that an
            older copy of the database is noticed. Without it that check is off.
        rate_unit: What the pace counts: ``"part"`` or ``"message"``.
        allow_list: The numbers that may get something: for tests outside production. A message to another number is
            skipped. None for all.
        on_event: Called with each event, in the thread where it happens; its exceptions are dropped.

    Raises:
        ConfigurationError: An argument cannot work; the text names it.
    """

    def __init__(
        self,
        url: str,
        *,
        region: str | None = None,
        binding: BindingName = "document_literal",
        per_request: int = 100,
        believe_after: float | None = None,
        mark: str | PathLike[str] | None = None,
        rate_unit: Literal["part", "message"] = "part",
        allow_list: Iterable[str | int] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        outer = sys.exception()
        try:
            database = open_database(url, lambda: time.time())  # noqa: PLW0108 - looked up at each use
            most = plain_int(per_request)
            if most is None or not 1 <= most <= MAX_PER_REQUEST:
                raise ConfigurationError(f"per_request is not a number from 1 to {MAX_PER_REQUEST}: give one")
            if believe_after is not None and plain_seconds(believe_after, is_zero_allowed=True) is None:
                raise ConfigurationError("believe_after is not a number of seconds: give one, or None for the default")
            if rate_unit not in ("part", "message"):
                raise ConfigurationError('rate_unit is not "part" or "message": give one of them')
            if inspect.iscoroutinefunction(on_event):
                raise ConfigurationError("on_event is a coroutine function, which nobody awaits: give a plain function")
            if on_event is not None and not callable(on_event):
                raise ConfigurationError(
                    f"on_event is {type(on_event).__name__}: give a function that takes an OutboxEvent"
                )
            checked_region = None if region is None else check_region(region)
            mark_file = None if mark is None else MarkFile(_mark_path(mark, database))
            super().__init__(database, checked_region, believe_after, mark_file, on_event)
            self._checker = Checker(binding, checked_region, most)
            self._reached = Reached()
            self._counts_parts = rate_unit == "part"
            self._allowed = None if allow_list is None else _checked_allow_list(allow_list, checked_region)
        except BaseException as error:
            # Hidden from those who show local variables: the URL may hold a password.
            forget_locals(error, outer)
            del url
            raise

    def open(self) -> Self:
        """Open the outbox now, and create its tables if the database has none.

        Returns:
            The outbox itself.

        Raises:
            OutboxMismatch: The outbox is of another version; the text says what to run.
            OutboxUnavailable: The database does not answer.
            ConfigurationError: The file cannot be created, or lies on a network file system.
        """
        self._known_uuid()
        return self

    def exists(self) -> bool:
        """Whether the database holds an outbox already; nothing is created.

        Raises:
            OutboxUnavailable: The database does not answer.
        """
        return self.version() is not None

    def version(self) -> str | None:
        """The version of the tables in the database, such as ``0004``; None if there are none. Nothing is created.

        Raises:
            OutboxUnavailable: The database does not answer.
        """
        return None if self._database.is_missing() else schema.version_of(self._database)

    def close(self) -> None:
        """Close the connections to the database; a later use opens new ones."""
        self._database.close()

    def another(self) -> "Outbox":
        """Another outbox with the same settings and connections of its own: for the process that a fork made."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._database = self._database.another()
        other._opening = threading.Lock()
        return other

    def upgrade(self, *, backup: bool = True) -> Path | None:
        """Create the tables, or bring them to the version of this clicksoap. Stop the workers before.

        Workers of an older clicksoap that still run stop by themselves. Programs that enqueue go on if only what stands
        behind the dot of the version is new, such as 0004.01 after 0004. Otherwise `enqueue` raises `OutboxMismatch`
        in them until they are started again.

        Args:
            backup: Whether an SQLite file is copied before. A PostgreSQL database is not: use ``pg_dump``.

        Returns:
            The path of the copy, if one was made.

        Raises:
            OutboxMismatch: The outbox is of a later version.
            OutboxUnavailable: The database does not answer, or refuses.
        """
        if not isinstance(backup, bool):
            raise InvalidInput(f"backup is {type(backup).__name__}: give True or False")
        version = schema.version_of(self._database)
        if version is not None and version > schema.VERSION:
            schema.check_exactly(version)
        copy = None
        if backup and version is not None and version != schema.VERSION and isinstance(self._database, SQLite):
            copy = schema.backup(self._database)
        schema.migrate(self._database)
        return copy

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """A transaction of the outbox's own database, for those who have none: give it to `enqueue`.

        Keep it short. On SQLite, workers wait for its end; on PostgreSQL, the server ends it if it stands for four
        seconds without a statement.
        """
        self._known_uuid()
        with self._database.write() as connection:
            yield connection

    def enqueue(
        self,
        transaction: object,
        to: Numbers,
        message: str | Message,
        *,
        key: str,
        priority: Priority = Priority.NORMAL,
        due_at: datetime | None = None,
        expires_in: timedelta | float | None = None,
        sensitive: bool = False,
        ignore_suppression: bool = False,
        account: str = DEFAULT_ACCOUNT,
        tag: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Enqueued:
        """Write a message into the outbox, within a transaction of the caller.

        It is sent after the transaction is committed, exactly once; if the transaction is rolled back, never.

        Args:
            transaction: An open transaction of the outbox's database: a Connection or Session of SQLAlchemy, a
                connection of psycopg or sqlite3, or ``django.db.connection``.
            to: One number, or several that share a request: at most ``per_request``, and each once.
            message: A text, or a `Text`, `Binary`, `WapPush` or `MmsNotification` that fits one request.
            key: The caller's name of the message, 1 to 200 characters. The same call with the same key again changes
                nothing, so that a caller may repeat it.
            priority: ``Priority.ALERT`` overtakes everything else.
            due_at: From when on it may be sent, an aware datetime; by default at once.
            expires_in: After how long it must not be sent any more, a timedelta or seconds, counted from now. It is
                also passed on to the gateway (gateway: ``validity``).
            sensitive: Whether the text is wiped once the message is settled.
            ignore_suppression: Whether it is sent to a suppressed number, too: the confirmation of a STOP.
            account: The account that sends it.
            tag: A label of the caller's own, up to 200 characters.
            options: As of `Client.send`, but for client_message_id, reference, unique and deliver_after. Delivery
                reports of final statuses are asked for unless ``callback`` says otherwise.

        Returns:
            What was written.

        Raises:
            InvalidInput: An argument cannot be sent; nothing is written, and the transaction can go on.
            KeyTaken: The key names another message already.
            OutboxMismatch: The transaction's database holds no outbox, another one, or one of another version; nothing
                is written, and the transaction can go on.
        """
        entry = self._entry(
            to, message, options, key, priority, due_at, expires_in, account, tag, sensitive, ignore_suppression
        )
        return transactions.run(transaction, self._statements(transaction, entry))

    async def enqueue_async(
        self,
        transaction: object,
        to: Numbers,
        message: str | Message,
        *,
        key: str,
        priority: Priority = Priority.NORMAL,
        due_at: datetime | None = None,
        expires_in: timedelta | float | None = None,
        sensitive: bool = False,
        ignore_suppression: bool = False,
        account: str = DEFAULT_ACCOUNT,
        tag: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Enqueued:
        """Write a message into the outbox, within an asynchronous transaction of the caller.

        As `enqueue`, for an AsyncSession or AsyncConnection of SQLAlchemy, or an AsyncConnection of psycopg.
        """
        entry = self._entry(
            to, message, options, key, priority, due_at, expires_in, account, tag, sensitive, ignore_suppression
        )
        return await transactions.run_async(transaction, self._statements(transaction, entry))

    def work(
        self,
        client: Client | ClientFactory,
        *,
        account: str = DEFAULT_ACCOUNT,
        senders: int = 32,
        rate: float | None = None,
        floor: float | None = None,
        grace: float = 10.0,
        until_settled: bool = False,
    ) -> Work:
        """Send what is due until the process is told to stop.

        In the main thread, SIGTERM and the first Ctrl-C stop it: it takes nothing new, waits at most ``grace`` seconds
        for answers, gives back what has not left, and returns. A second Ctrl-C ends it at once.

        Args:
            client: A `Client`, or a function that makes one: it is asked again when the gateway refuses the
                credentials, because passwords rotate.
            account: The account whose messages are sent.
            senders: How many requests may be out at a time, 1 to 500; some of them are kept for alerts.
            rate: The pace of the account in parts a second, for all its workers from now on; None leaves it as it is.
            floor: Credits below which the account is paused, before it is empty.
            grace: For how many seconds to wait for answers at the end.
            until_settled: Whether to return as soon as every message is settled; those of a campaign that does not run
                do not count.

        Returns:
            What it did.

        Raises:
            AuthenticationError: The gateway refuses the credentials, also of a new client.
            ConfigurationError, InvalidInput: An argument cannot work.
            OutboxMismatch: The database is an older copy, of another version, or belongs to another account.
            OutboxUnavailable: The database does not answer at the start. Later the worker waits for it.
        """
        if not isinstance(until_settled, bool):
            raise InvalidInput(f"until_settled is {type(until_settled).__name__}: give True or False")
        until = Settled(checked_account(account)) if until_settled else None
        worker = self._worker(client, account, senders, rate, floor, grace, None, until)
        with stopped_by_signals(worker.stop):
            return worker.run()

    def work_slice(
        self,
        client: Client | ClientFactory,
        seconds: float = 10.0,
        *,
        account: str = DEFAULT_ACCOUNT,
        senders: int = 32,
        floor: float | None = None,
        grace: float = 10.0,
    ) -> Work:
        """Send what is due for some seconds: the task that a queue of tasks calls again and again.

        Args:
            client: As of `work`.
            seconds: For how long to take new messages.
            account: As of `work`.
            senders: As of `work`.
            floor: As of `work`.
            grace: As of `work`.

        Returns:
            What it did.

        Raises:
            AuthenticationError, ConfigurationError, InvalidInput, OutboxMismatch, OutboxUnavailable: As of `work`.
        """
        if plain_seconds(seconds) is None:
            raise InvalidInput("seconds is not a positive number of seconds: give one")
        return self._worker(client, account, senders, None, floor, grace, seconds, None).run()

    def send(
        self,
        plan: Plan | str,
        client: Client | ClientFactory,
        *,
        rate: float | None = None,
        floor: float | None = None,
        stop_after: int | None = None,
        settle_within: float = 900.0,
        senders: int = 32,
        grace: float = 10.0,
        by: str = "outbox",
        on_progress: OnProgress | None = None,
    ) -> Campaign:
        """Send exactly what was planned, and return when every row is settled or the time is up.

        It also sends what else is due for the account. If it is interrupted, `Campaign.resume` goes on: whatever is
        out is asked about first. The call returns early if the campaign is paused or cancelled elsewhere, or if it
        pauses itself because the gateway refuses a whole request.

        Args:
            plan: The plan, or the name of the campaign.
            client: As of `work`.
            rate: As of `work`.
            floor: As of `work`.
            stop_after: After how many refused messages the campaign pauses itself; None for never.
            settle_within: For how many seconds to wait for the outcome of messages once the last one left.
            senders: As of `work`.
            grace: As of `work`.
            by: Who sends it; it is recorded.
            on_progress: Told from time to time how far it is, such as `clicksoap.outbox.show_progress` gives.

        Returns:
            The campaign.

        Raises:
            InvalidInput: There is no such plan, it was started before, its source changed since, or it is strict and a
                row is bad.
            AuthenticationError, ConfigurationError, OutboxMismatch, OutboxUnavailable: As of `work`.
        """
        name = plan.name if isinstance(plan, Plan) else checked_key(plan, "plan")
        options = run_options(rate, floor, senders, grace, settle_within, on_progress)
        who = filled(by, "by")
        most = None if stop_after is None else plain_int(stop_after)
        if stop_after is not None and (most is None or not 1 <= most <= _MAX_STOP_AFTER):
            raise InvalidInput(f"stop_after is not a number from 1 to {_MAX_STOP_AFTER}: give one, or None for never")
        self._known_uuid()
        with self._database.read() as connection:
            row = steering.by_name(connection, name)
        record = steering.startable(row)
        # Outside of a transaction: the file may be large, and others would wait.
        if changed_source(record, str(row.source_hash)):
            raise InvalidInput(f"{record.source} changed since it was planned: plan it again, and look at the plan")
        run = self._campaign_run(int(row.id), record.account, client, options)
        with self._writing() as (connection, now):
            found = steering.locked(connection, int(row.id))
            if found is None:
                raise InvalidInput(f"plan {name!r} was made again meanwhile: look at that plan, and send it")
            event = steering.start(connection, found, most, now, who)
        self._tell(event)
        run()
        return self.campaign(name)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Outbox {self._database.shown}>"

    def _campaign_run(
        self, campaign: int, account: str, client: Client | ClientFactory, options: RunOptions
    ) -> Callable[[], None]:
        look = None
        if options.on_progress is not None:
            look = Look(campaign, account, options.on_progress, self._limits_of, self._database)
        until = CampaignSettled(campaign, account, options.settle_within, look)
        worker = self._worker(client, account, options.senders, options.rate, options.floor, options.grace, None, until)

        def run() -> None:
            with stopped_by_signals(worker.stop):
                worker.run()

        return run

    def _entry(
        self,
        to: Numbers,
        message: str | Message,
        options: SendOptions,
        key: str,
        priority: Priority,
        due_at: datetime | None,
        expires_in: timedelta | float | None,
        account: str,
        tag: str | None,
        sensitive: bool,  # noqa: FBT001 - passed on
        ignore_suppression: bool,  # noqa: FBT001 - as above
    ) -> Entry:
        if not isinstance(priority, Priority):
            raise InvalidInput("priority is not a Priority: give Priority.ALERT or Priority.NORMAL")
        for name, value in (("sensitive", sensitive), ("ignore_suppression", ignore_suppression)):
            if not isinstance(value, bool):
                raise InvalidInput(f"{name} is {type(value).__name__}: give True or False")
        draft = self._checker.draft(to, message, options)
        return Entry(
            checked_key(key),
            draft,
            checked_account(account),
            priority,
            None if due_at is None else plain_moment(due_at, "due_at").timestamp(),
            _checked_expiry(expires_in),
            sensitive,
            ignore_suppression,
            None if tag is None else checked_key(tag, "tag"),
            self._allowed,
        )

    def _statements(self, transaction: object, entry: Entry) -> transactions.Statements[Enqueued]:
        is_sqlite = transactions.is_sqlite(transaction)
        return stream.enqueue(entry, self._known_uuid(), time.time(), is_sqlite=is_sqlite)

    def _worker(
        self,
        client: Client | ClientFactory,
        account: str,
        senders: int,
        rate: float | None,
        floor: float | None,
        grace: float,
        seconds: float | None,
        until: Until | None,
    ) -> Worker:
        check_work(senders, floor, grace)
        name = checked_account(account)
        clients = Clients(client, self._known_uuid())
        if rate is not None:
            self.set_rate(rate, account=name)
        options = WorkerOptions(name, senders, floor, grace, seconds, until, self._counts_parts)
        limits = self._limits_of(clients.endpoint)
        return Worker(self._database, clients, options, limits, self._mark_file, self._reached, self._tell)


def check_work(senders: int, floor: float | None, grace: float) -> None:
    """Refuse arguments of a worker that cannot work.

    Raises:
        InvalidInput: One of them cannot work; the text names it.
    """
    count = plain_int(senders)
    if count is None or not 1 <= count <= _MAX_SENDERS:
        raise InvalidInput(f"senders is not a number from 1 to {_MAX_SENDERS}: give one")
    if plain_seconds(grace, is_zero_allowed=True) is None:
        raise InvalidInput("grace is not a number of seconds: give one")
    if floor is not None and plain_seconds(floor, is_zero_allowed=True) is None:
        raise InvalidInput("floor is not a number of credits: give one, or None for no floor")


def _checked_expiry(expires_in: timedelta | float | None) -> float | None:
    if expires_in is None:
        return None
    # Bounded, because what lies beyond the year 9999 is no date that could be shown.
    seconds = plain_seconds(expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in)
    if seconds is None:
        raise InvalidInput("expires_in is not a positive duration: give a timedelta or seconds, 30 years at most")
    return float(seconds)


def _checked_allow_list(allow_list: object, region: str | None) -> frozenset[str]:
    if isinstance(allow_list, str):
        raise ConfigurationError("allow_list is str: give a list of numbers")
    try:
        return frozenset([msisdn(each, "allow_list", region) for each in iterable(allow_list, "allow_list")])
    except InvalidInput as error:
        raise ConfigurationError(str(error)) from None


def _mark_path(mark: str | PathLike[str], database: Database) -> Path:
    written = fspath(mark) if isinstance(mark, str | PathLike) else None
    if not isinstance(written, str) or not written or not written.isprintable():
        raise ConfigurationError("mark is not a path of a file: give a str or a Path")
    path = Path(written)
    if isinstance(database, SQLite) and path.absolute().parent == database.path.absolute().parent:
        raise ConfigurationError(
            "mark lies in the folder of the database: give a path elsewhere, or a copy that is put back brings it along"
        )
    return path
