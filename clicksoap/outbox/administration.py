"""The administration of an outbox: looking at messages, checks, decisions, pauses, suppression, removal."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from clicksoap.checks import plain_duration, plain_int, plain_seconds
from clicksoap.errors import InvalidInput, OutboxMismatch
from clicksoap.events import DeliveryReport
from clicksoap.msisdn import msisdn
from clicksoap.outbox import accounts, records, reports, schema, suppression, truth
from clicksoap.outbox.accounts import DEFAULT_ACCOUNT
from clicksoap.outbox.campaigns import steering
from clicksoap.outbox.claims import lock_account
from clicksoap.outbox.credentials import hashed
from clicksoap.outbox.databases import Database
from clicksoap.outbox.drafts import checked_account, checked_key, filled
from clicksoap.outbox.journal import Happening, OutboxEvent, moment
from clicksoap.outbox.limits import Limits, is_on_loopback
from clicksoap.outbox.mark import BEHIND, VANISHED, Mark, MarkFile
from clicksoap.outbox.records import AuditLine, OutboxMessage
from clicksoap.outbox.states import DOUBTFUL, Decision, MessageState
from clicksoap.outbox.status import Status, status
from clicksoap.outbox.suppression import Suppression
from clicksoap.outbox.tables import ACCOUNT, EVENT, MARK
from clicksoap.outbox.truth import Check

OnEvent = Callable[[OutboxEvent], None]

_MAX_LISTED: Final = 1000
_POLL: Final = 0.05
_MAX_ID: Final = 2**63 - 1
_BELIEF_ON_LOOPBACK: Final = 2.0


class Administration:
    """The part of an outbox that looks at its messages, and enters what people and reports say about them.

    Args:
        database: The database.
        region: The country whose national numbers are understood.
        believe_after: As of `clicksoap.outbox.Outbox`.
        mark_file: Where the mark is repeated.
        on_event: Told of each event.
    """

    def __init__(
        self,
        database: Database,
        region: str | None,
        believe_after: float | None,
        mark_file: MarkFile | None,
        on_event: OnEvent | None,
    ) -> None:
        self._database = database
        self._region = region
        self._believe_after = believe_after
        self._mark_file = mark_file
        self._on_event = on_event
        self._uuid: str | None = None
        self._opening = threading.Lock()
        self._limits = Limits()

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

    def list(self, *states: MessageState, limit: int = 100, campaign: str | None = None) -> tuple[OutboxMessage, ...]:
        """The messages in any of the states, the earliest first.

        Args:
            states: The states; by default those that a person has to look at: unconfirmed and unknown.
            limit: How many at most, 1 to 1000.
            campaign: The name of the campaign whose messages are meant; None for all messages.

        Raises:
            InvalidInput: There is no such campaign, or an argument cannot work.
        """
        number = plain_int(limit)
        if number is None or not 1 <= number <= _MAX_LISTED:
            raise InvalidInput(f"limit is not a number from 1 to {_MAX_LISTED}: give one")
        if any(not isinstance(each, MessageState) for each in states):
            raise InvalidInput("states holds something other than a MessageState: give a MessageState, or several")
        wanted: Sequence[MessageState] = states or DOUBTFUL
        name = None if campaign is None else checked_key(campaign, "campaign")
        self._known_uuid()
        with self._database.read() as connection:
            chosen = None if name is None else int(steering.by_name(connection, name).id)
            return records.in_state(connection, wanted, number, chosen)

    def check(self) -> Check:
        """Check that every message is in exactly one state, that requests and messages agree, and the mark file.

        Raises:
            OutboxMismatch: The outbox is of another version; the text says what to run.
            OutboxUnavailable: The database does not answer.
            ConfigurationError: The mark file cannot be read.
        """
        self._known_uuid()
        with self._database.read() as connection:
            found, mark = truth.check(connection), _mark(connection)
        problems = [*found.problems, *([VANISHED] if mark.misses_claims else [])]
        try:
            if self._mark_file is not None and self._mark_file.is_beyond(mark):
                problems.append(BEHIND)
        except OutboxMismatch as error:
            problems.append(str(error))
        return replace(found, problems=tuple(problems))

    def status(self) -> Status:
        """The state of the outbox in numbers; `Status.metrics` gives them to Prometheus."""
        self._known_uuid()
        with self._database.read() as connection:
            return status(connection, self._limits_of, self._database.now(connection))

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
        if number is None or not 1 <= number <= _MAX_LISTED:
            raise InvalidInput(f"limit is not a number from 1 to {_MAX_LISTED}: give one")
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
        if number is None or not 0 < number <= _MAX_ID:
            raise InvalidInput("message is not the id of a message: give an OutboxMessage or its id")
        if not isinstance(decision, Decision):
            raise InvalidInput("decision is not a Decision: give one, such as Decision.ARRIVED")
        who, reason = filled(by, "by"), filled(why, "why")
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
        who, reason = filled(by, "by"), filled(why, "why")
        name = account if account == "" else checked_account(account)
        with self._writing() as (connection, now):
            event = suppression.suppress(connection, digits, name, reason, now, who)
        if event is not None:
            self._tell(event)
        return event is not None

    def unsuppress(self, number: str | int, *, why: str, by: str, account: str = "") -> bool:
        """Take a number off the suppression list; returns whether it was on it."""
        digits = msisdn(number, "number", self._region)
        who, reason = filled(by, "by"), filled(why, "why")
        name = account if account == "" else checked_account(account)
        with self._writing() as (connection, now):
            event = suppression.unsuppress(connection, digits, name, reason, now, who)
        if event is not None:
            self._tell(event)
        return event is not None

    def suppressions(self, number: str | int | None = None) -> tuple[Suppression, ...]:
        """The entries of the suppression list, or those of one number."""
        digits = None if number is None else msisdn(number, "number", self._region)
        self._known_uuid()
        with self._database.read() as connection:
            return suppression.suppressions(connection, digits)

    def pause(self, *, by: str, why: str, account: str = DEFAULT_ACCOUNT) -> None:
        """Send nothing for an account until `resume` is called.

        Args:
            by: Who decides.
            why: Why.
            account: The account.

        Raises:
            InvalidInput: An argument cannot work, or there is no such account.
        """
        who, reason, name = filled(by, "by"), filled(why, "why"), checked_account(account)
        with self._writing() as (connection, now):
            accounts.check_known(connection, name)
            row = lock_account(connection, name)
            event = accounts.pause(connection, row, accounts.Pause(accounts.FOR_EVER, reason), now, who)
        if event is not None:
            self._tell(event)

    def resume(self, *, by: str, why: str, account: str = DEFAULT_ACCOUNT) -> None:
        """End the pause of an account, made by a worker or by a person.

        Args:
            by: Who decides.
            why: Why.
            account: The account.

        Raises:
            InvalidInput: An argument cannot work, or there is no such account.
        """
        who, reason, name = filled(by, "by"), filled(why, "why"), checked_account(account)
        with self._writing() as (connection, now):
            accounts.check_known(connection, name)
            lock_account(connection, name)
            event = accounts.resume(connection, name, reason, now, who)
            accounts.hurry(connection, name, now)
        self._tell(event)

    def set_rate(self, rate: float | None, *, account: str = DEFAULT_ACCOUNT) -> None:
        """Set the pace of an account in parts a second, for all its workers; None for no limit."""
        if rate is not None and plain_seconds(rate) is None:
            raise InvalidInput("rate is not a positive number of parts a second: give one, or None for no limit")
        name = checked_account(account)
        with self._writing() as (connection, _):
            lock_account(connection, name)
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(rate=rate))

    def prune(self, older_than: timedelta) -> int:
        """Remove numbers, texts and options of messages that were settled longer ago; keys and states stay.

        The rows stay, so that a key is never taken for new. Returns how many messages lost their personal data.
        """
        seconds = plain_duration(older_than, "older_than").total_seconds()
        if seconds < 0:
            raise InvalidInput("older_than is negative: give a timedelta of 0 or more")
        with self._writing() as (connection, now):
            return truth.prune(connection, now - seconds)

    def forget(self, number: str | int, *, by: str) -> int:
        """Remove the personal data of one number, and cancel what waits for it.

        The suppression list keeps the number: it says that nothing may be sent to it. A message whose request is out
        keeps its number until it is settled; call it again then.

        Returns:
            How many messages lost their personal data.
        """
        digits, who = msisdn(number, "number", self._region), filled(by, "by")
        with self._writing() as (connection, now):
            forgotten, event = truth.forget(connection, digits, now, who)
        self._tell(event)
        return forgotten

    def after_restore(self, *, by: str, why: str) -> int:
        """Say that the database is an older copy. Stop all workers before.

        What waits in it may have been sent by what the copy does not know. Workers ask the gateway for each such
        message before they send it.

        Returns:
            How many messages are asked about first.
        """
        who, reason = filled(by, "by"), filled(why, "why")
        with self._writing() as (connection, now):
            known = None if self._mark_file is None else self._mark_file.known()
            asked, event = truth.after_restore(connection, 0 if known is None else known.high_water, reason, now, who)
            mark = _mark(connection)
        if self._mark_file is not None:
            self._mark_file.write(mark)
        self._tell(event)
        return asked

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

    def _limits_of(self, endpoint: str) -> Limits:
        """The time limits, for a gateway at an address."""
        if self._believe_after is not None:
            return replace(self._limits, believe_after=float(self._believe_after))
        if is_on_loopback(endpoint):
            return replace(self._limits, believe_after=_BELIEF_ON_LOOPBACK)
        return self._limits

    def _tell(self, event: OutboxEvent) -> None:
        if self._on_event is not None:
            with suppress(Exception):  # an observer must not change what becomes of a message
                self._on_event(event)


def _mark(connection: Connection) -> Mark:
    row = connection.execute(select(MARK)).one()
    return Mark(hashed(str(row.uuid)), int(row.generation), int(row.high_water))
