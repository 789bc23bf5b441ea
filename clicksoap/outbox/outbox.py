"""The outbox: a durable store of messages, enqueued in the caller's transaction and sent by workers."""

import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Literal, Self, Unpack

from sqlalchemy import Connection, select, update

from clicksoap.checks import check_text, plain_duration, plain_int, plain_moment, plain_seconds
from clicksoap.client import Client
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.events import DeliveryReport
from clicksoap.messages import Message
from clicksoap.msisdn import Numbers, check_region, msisdn
from clicksoap.options import SendOptions
from clicksoap.outbox import accounts, records, reports, schema, stream, suppression, transactions, truth
from clicksoap.outbox.claims import lock_account
from clicksoap.outbox.credentials import ClientFactory, Clients, hashed
from clicksoap.outbox.databases import Database, SQLite, open_database
from clicksoap.outbox.drafts import Checker, checked_account, checked_key
from clicksoap.outbox.journal import Happening, OutboxEvent, moment
from clicksoap.outbox.limits import Limits
from clicksoap.outbox.mark import Mark, MarkFile
from clicksoap.outbox.records import AuditLine, OutboxMessage
from clicksoap.outbox.states import Decision, MessageState, Priority
from clicksoap.outbox.status import Status, status
from clicksoap.outbox.stream import Enqueued, Entry
from clicksoap.outbox.suppression import Suppression
from clicksoap.outbox.tables import ACCOUNT, EVENT, MARK
from clicksoap.outbox.truth import Check
from clicksoap.outbox.worker import Order, Work, Worker
from clicksoap.protocol.endpoint import BindingName

OnEvent = Callable[[OutboxEvent], None]

_DEFAULT_ACCOUNT: Final = "default"
_MOST_SENDERS: Final = 500
_MOST_LISTED: Final = 1000
_POLL: Final = 0.05


class Outbox:
    """A durable store of messages, and the workers that send them: it loses nothing and sends nothing twice unasked.

    The constructor opens nothing. The first use creates the tables if the database has none; `open` does it at once.
    After a fork, make another one.

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
        on_event: Called with each event, in the thread where it happens; what it raises is dropped.

    Raises:
        ConfigurationError: An argument cannot work; the text names it.
    """

    def __init__(  # noqa: PLR0913 - one place for everything that an outbox can be told
        self,
        url: str,
        *,
        region: str | None = None,
        binding: BindingName = "document_literal",
        per_request: int = 100,
        believe_after: float | None = None,
        mark: str | PathLike[str] | None = None,
        rate_unit: Literal["part", "message"] = "part",
        on_event: OnEvent | None = None,
    ) -> None:
        self._database: Database = open_database(url, lambda: time.time())  # noqa: PLW0108 - looked up at each use
        most = plain_int(per_request)
        if most is None or not 1 <= most <= _MOST_PER_REQUEST:
            raise ConfigurationError(f"per_request is not a number from 1 to {_MOST_PER_REQUEST}: give one")
        if believe_after is not None and plain_seconds(believe_after, is_zero_allowed=True) is None:
            raise ConfigurationError("believe_after is not a number of seconds: give one, or None for the default")
        if rate_unit not in ("part", "message"):
            raise ConfigurationError('rate_unit is not "part" or "message": give one of them')
        if on_event is not None and not callable(on_event):
            raise ConfigurationError(
                f"on_event is {type(on_event).__name__}: give a function that takes an OutboxEvent"
            )
        self._region = None if region is None else check_region(region)
        self._checker = Checker(binding, self._region, most)
        self._believe_after = believe_after
        self._counts_parts = rate_unit == "part"
        self._mark_file = None if mark is None else MarkFile(self._mark_path(mark))
        self._on_event = on_event
        self._uuid: str | None = None
        self._opening = threading.Lock()
        self._limits = Limits()

    def _mark_path(self, mark: str | PathLike[str]) -> Path:
        path = Path(fspath(mark))
        if isinstance(self._database, SQLite) and path.absolute().parent == self._database.path.absolute().parent:
            raise ConfigurationError(
                "mark lies in the folder of the database: give a path elsewhere, or a copy that is put back brings it along"
            )
        return path

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

    def close(self) -> None:
        """Close the connections to the database; a later use opens new ones."""
        self._database.close()

    def upgrade(self, *, backup: bool = True) -> Path | None:
        """Bring the tables to the version of this clicksoap. Stop the workers before.

        Args:
            backup: Whether an SQLite file is copied before. A PostgreSQL database is not: use ``pg_dump``.

        Returns:
            The path of the copy, if one was made.

        Raises:
            OutboxMismatch: The outbox is of a later version.
            OutboxUnavailable: The database does not answer, or refuses.
        """
        version = schema.version_of(self._database)
        if version is not None and version > schema.VERSION:
            schema.check(version)
        copy = None
        if backup and version is not None and version != schema.VERSION and isinstance(self._database, SQLite):
            copy = schema.backup(self._database)
        schema.migrate(self._database)
        return copy

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """A transaction of the outbox's own database, for those who have none: give it to `enqueue`."""
        self._known_uuid()
        with self._database.write() as connection:
            yield connection

    def enqueue(  # noqa: PLR0913 - what a message can be told
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
        account: str = _DEFAULT_ACCOUNT,
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
            expires_in: After how long it must not be sent any more, a timedelta or seconds, counted from now; it is also
                passed on to the gateway (gateway: ``validity``).
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
            OutboxMismatch: The transaction's database holds no outbox, or another one.
        """
        entry = self._entry(
            to, message, options, key, priority, due_at, expires_in, account, tag, sensitive, ignore_suppression
        )
        return transactions.run(transaction, self._statements(transaction, entry))

    async def enqueue_async(  # noqa: PLR0913 - as enqueue
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
        account: str = _DEFAULT_ACCOUNT,
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

    def work(  # noqa: PLR0913 - what a worker can be told
        self,
        client: Client | ClientFactory,
        *,
        account: str = _DEFAULT_ACCOUNT,
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
            until_settled: Whether to return as soon as every message is settled.

        Returns:
            What it did.

        Raises:
            AuthenticationError: The gateway refuses the credentials, also of a new client.
            ConfigurationError, InvalidInput: An argument cannot work.
            OutboxMismatch: The database is an older copy, of another version, or belongs to another account.
            OutboxUnavailable: The database does not answer at the start. Later the worker waits for it.
        """
        worker = self._worker(client, account, senders, rate, floor, grace, None, until_settled=until_settled)
        with _stopped_by_signals(worker.stop):
            return worker.run()

    def work_slice(
        self,
        client: Client | ClientFactory,
        seconds: float = 10.0,
        *,
        account: str = _DEFAULT_ACCOUNT,
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
        return self._worker(client, account, senders, None, floor, grace, seconds, until_settled=False).run()

    def get(self, key: str) -> tuple[OutboxMessage, ...]:
        """The messages of a key, one per recipient, in input order; empty if the outbox has none."""
        self._known_uuid()
        with self._database.read() as connection:
            return records.by_key(connection, checked_key(key))

    def wait(self, key: str, seconds: float) -> tuple[OutboxMessage, ...]:
        """Wait until the messages of a key are settled, for at most so many seconds.

        Returns:
            The messages as they are then; those that are not settled say so.
        """
        if plain_seconds(seconds, is_zero_allowed=True) is None:
            raise InvalidInput("seconds is not a number of seconds: give one")
        end = time.monotonic() + seconds
        while True:
            messages = self.get(key)
            if (messages and all(each.is_settled for each in messages)) or time.monotonic() >= end:
                return messages
            time.sleep(min(_POLL, max(0.0, end - time.monotonic())))

    def list(self, *states: MessageState, limit: int = 100) -> tuple[OutboxMessage, ...]:
        """The messages in any of the states, the earliest first.

        Args:
            states: The states; by default those that a person has to look at: unconfirmed and unknown.
            limit: How many at most, 1 to 1000.
        """
        number = plain_int(limit)
        if number is None or not 1 <= number <= _MOST_LISTED:
            raise InvalidInput(f"limit is not a number from 1 to {_MOST_LISTED}: give one")
        wanted: Sequence[MessageState] = states or (MessageState.UNCONFIRMED, MessageState.UNKNOWN)
        self._known_uuid()
        with self._database.read() as connection:
            return records.in_state(connection, wanted, number)

    def check(self) -> Check:
        """Check that every message is in exactly one state, and that requests and messages agree."""
        self._known_uuid()
        with self._database.read() as connection:
            return truth.check(connection)

    def status(self) -> Status:
        """The state of the outbox in numbers; `Status.metrics` gives them to Prometheus."""
        self._known_uuid()
        with self._database.read() as connection:
            return status(connection, self._limits_of(None), self._database.now(connection))

    def audit(self, key: str | None = None) -> Iterator[AuditLine]:
        """One line per message with everything that is known of it, in the order of enqueueing.

        Args:
            key: The key whose messages are meant; None for all.
        """
        self._known_uuid()
        with self._database.read() as connection:
            yield from records.audit(connection, None if key is None else checked_key(key))

    def events(self, limit: int = 100) -> tuple[OutboxEvent, ...]:
        """The latest events, the last one first."""
        number = plain_int(limit)
        if number is None or not 1 <= number <= _MOST_LISTED:
            raise InvalidInput(f"limit is not a number from 1 to {_MOST_LISTED}: give one")
        self._known_uuid()
        with self._database.read() as connection:
            rows = connection.execute(select(EVENT).order_by(EVENT.c.id.desc()).limit(number)).all()
        return tuple(
            OutboxEvent(Happening(row.what), row.detail, moment(row.at), row.who, row.message_id, row.request_id)
            for row in rows
        )

    def resolve(self, message: OutboxMessage | int, decision: Decision, *, by: str, why: str) -> OutboxMessage:
        """Enter a person's decision about a message that the outbox cannot settle; it is recorded for ever.

        Args:
            message: The message, or its id.
            decision: What is decided.
            by: Who decides.
            why: Why: what was looked at.

        Returns:
            The message as it is then.

        Raises:
            InvalidInput: There is no such message, or it needs no decision.
        """
        number = message.id if isinstance(message, OutboxMessage) else plain_int(message)
        if number is None:
            raise InvalidInput(f"message is {type(message).__name__}: give an OutboxMessage or its id")
        if not isinstance(decision, Decision):
            raise InvalidInput("decision is not a Decision: give one, such as Decision.ARRIVED")
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            event = truth.resolve(connection, number, decision, reason, now, who)
            found = records.by_id(connection, number)
        self._tell(event)
        if found is None:
            raise InvalidInput(f"message is {number}, which the outbox does not hold any more: look it up again")
        return found

    def delivered(self, report: DeliveryReport) -> bool:
        """Enter a delivery report, in any order and any number of times.

        Returns:
            Whether it belongs to a message; otherwise it waits for the answer with its id.
        """
        if not isinstance(report, DeliveryReport):
            raise InvalidInput(f"report is {type(report).__name__}: give a DeliveryReport")
        with self._writing() as (connection, now):
            belongs, event = reports.enter(connection, report, now, "delivery report")
        if event is not None:
            self._tell(event)
        return belongs

    def suppress(self, number: str | int, *, why: str, by: str = "outbox", account: str = "") -> bool:
        """Put a number on the suppression list: nothing more is sent to it.

        Args:
            number: The number, as in `enqueue`.
            why: Why, such as ``STOP``.
            by: Who says so.
            account: The account that does not send to it; empty for all.

        Returns:
            Whether it was not on the list before.
        """
        digits = msisdn(number, "number", self._region)
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            return suppression.suppress(connection, digits, account, reason, now, who)

    def unsuppress(self, number: str | int, *, why: str, by: str, account: str = "") -> bool:
        """Take a number off the suppression list; returns whether it was on it."""
        digits = msisdn(number, "number", self._region)
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            return suppression.unsuppress(connection, digits, account, reason, now, who)

    def suppressions(self, number: str | int | None = None) -> tuple[Suppression, ...]:
        """The entries of the suppression list, or those of one number."""
        digits = None if number is None else msisdn(number, "number", self._region)
        self._known_uuid()
        with self._database.read() as connection:
            return suppression.suppressions(connection, digits)

    def pause(self, *, by: str, why: str, account: str = _DEFAULT_ACCOUNT) -> None:
        """Send nothing for an account until `resume` is called."""
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            row = lock_account(connection, account)
            event = accounts.pause(connection, row, accounts.Pause(accounts.FOR_EVER, reason), now, who)
        if event is not None:
            self._tell(event)

    def resume(self, *, by: str, why: str, account: str = _DEFAULT_ACCOUNT) -> None:
        """End the pause of an account, whoever made it."""
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            lock_account(connection, account)
            event = accounts.resume(connection, account, reason, now, who)
        self._tell(event)

    def set_rate(self, rate: float | None, *, account: str = _DEFAULT_ACCOUNT) -> None:
        """Set the pace of an account in parts a second, for all its workers; None for no limit."""
        if rate is not None and plain_seconds(rate) is None:
            raise InvalidInput("rate is not a positive number of parts a second: give one, or None for no limit")
        with self._writing() as (connection, _):
            lock_account(connection, account)
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == account).values(rate=rate))

    def prune(self, older_than: timedelta) -> int:
        """Remove numbers, texts and options of messages that were settled longer ago; keys and states stay.

        The rows stay, so that a key is never taken for new. Returns how many messages lost their personal data.
        """
        seconds = plain_duration(older_than, "older_than").total_seconds()
        with self._writing() as (connection, now):
            return truth.prune(connection, now - seconds)

    def forget(self, number: str | int, *, by: str) -> int:
        """Remove the personal data of one number, and cancel what waits for it.

        The suppression list keeps the number: it says that nothing may be sent to it. A message whose request is out
        keeps its number until it is settled; call it again then.

        Returns:
            How many messages lost their personal data.
        """
        digits, who = msisdn(number, "number", self._region), _filled(by, "by")
        with self._writing() as (connection, now):
            return truth.forget(connection, digits, now, who)

    def after_restore(self, *, by: str, why: str) -> int:
        """Say that the database is an older copy. Stop all workers before.

        What waits in it may have been sent by what the copy does not know. Workers ask the gateway for each such
        message before they send it.

        Returns:
            How many messages are asked about first.
        """
        who, reason = _filled(by, "by"), _filled(why, "why")
        with self._writing() as (connection, now):
            known = None if self._mark_file is None else self._mark_file.known()
            asked = truth.after_restore(connection, 0 if known is None else known.high_water, reason, now, who)
            row = connection.execute(select(MARK)).one()
            mark = Mark(hashed(str(row.uuid)), int(row.generation), int(row.high_water))
        if self._mark_file is not None:
            self._mark_file.write(mark)
        return asked

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Outbox {self._database.shown}>"

    def _known_uuid(self) -> str:
        if self._uuid is None:
            with self._opening:
                self._uuid = self._uuid or schema.ensure(self._database)
        return self._uuid

    @contextmanager
    def _writing(self) -> Generator[tuple[Connection, float]]:
        self._known_uuid()
        with self._database.write() as connection:
            yield connection, self._database.now(connection)

    def _entry(  # noqa: PLR0913 - what enqueue was given
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
        )

    def _statements(self, transaction: object, entry: Entry) -> transactions.Statements[Enqueued]:
        is_sqlite = transactions.is_sqlite(transaction)
        return stream.enqueue(entry, self._known_uuid(), time.time(), is_sqlite=is_sqlite)

    def _worker(  # noqa: PLR0913 - what work was given
        self,
        client: Client | ClientFactory,
        account: str,
        senders: int,
        rate: float | None,
        floor: float | None,
        grace: float,
        seconds: float | None,
        *,
        until_settled: bool,
    ) -> Worker:
        count = plain_int(senders)
        if count is None or not 1 <= count <= _MOST_SENDERS:
            raise InvalidInput(f"senders is not a number from 1 to {_MOST_SENDERS}: give one")
        if plain_seconds(grace, is_zero_allowed=True) is None:
            raise InvalidInput("grace is not a number of seconds: give one")
        if floor is not None and plain_seconds(floor, is_zero_allowed=True) is None:
            raise InvalidInput("floor is not a number of credits: give one, or None for no floor")
        name = checked_account(account)
        clients = Clients(client, self._known_uuid())
        if rate is not None:
            self.set_rate(rate, account=name)
        order = Order(name, count, floor, grace, seconds, until_settled, self._counts_parts)
        return Worker(self._database, clients, order, self._limits_of(clients), self._mark_file, self._tell)

    def _limits_of(self, clients: Clients | None) -> Limits:
        """The time limits, for the gateway of a client."""
        if self._believe_after is not None:
            return _with_belief(self._limits, float(self._believe_after))
        if clients is not None and clients.is_on_loopback:
            return _with_belief(self._limits, _BELIEF_ON_LOOPBACK)
        return self._limits

    def _tell(self, event: OutboxEvent) -> None:
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001, S110 - an observer must not change what becomes of a message
                pass


_MOST_PER_REQUEST: Final = 300
_BELIEF_ON_LOOPBACK: Final = 2.0


def _with_belief(limits: Limits, seconds: float) -> Limits:
    return replace(limits, believe_after=seconds)


def _filled(value: object, argument: str) -> str:
    written = check_text(value, argument)
    if not written.strip():
        raise InvalidInput(f"{argument} is empty: give a text, it is recorded")
    return written


def _checked_expiry(expires_in: timedelta | float | None) -> float | None:
    if expires_in is None:
        return None
    # Bounded, because what lies beyond the year 9999 is no date that could be shown.
    seconds = plain_seconds(expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in)
    if seconds is None:
        raise InvalidInput("expires_in is not a positive duration: give a timedelta or seconds, 30 years at most")
    return float(seconds)


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """Let SIGTERM and the first Ctrl-C stop a worker, where the program has no handlers of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        stop()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    usual = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    changed = {number: signal.getsignal(number) for number in usual if signal.getsignal(number) is usual[number]}
    for number in changed:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)
