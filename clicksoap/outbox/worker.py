"""The worker: settles, claims, sends and asks, in turns of one transaction each, until it is told to stop."""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, String, literal_column, select, text, update

from clicksoap.client import Client
from clicksoap.errors import (
    AuthenticationError,
    ClicksoapError,
    ConfigurationError,
    OutboxMismatch,
    OutboxUnavailable,
)
from clicksoap.outbox import accounts, balances, queries, schema, workers
from clicksoap.outbox.balances import Balance, BalanceWatch, is_below_floor
from clicksoap.outbox.claims import Claimant, Claimed, claim, count_claim, due, expire, lock_account, set_free_at
from clicksoap.outbox.credentials import Clients
from clicksoap.outbox.databases import Database
from clicksoap.outbox.journal import Happening, OutboxEvent, moment, record
from clicksoap.outbox.limits import Limits
from clicksoap.outbox.mark import BEHIND, OLDER_COPY, VANISHED, Mark, MarkFile, Reached
from clicksoap.outbox.pace import QUANTUM, Pace
from clicksoap.outbox.proofs import Proofs
from clicksoap.outbox.queries import Found, Question
from clicksoap.outbox.reachability import Reachability
from clicksoap.outbox.senders import Senders
from clicksoap.outbox.sending import Fate, Gate, Instant, Sent, send
from clicksoap.outbox.settling import Settler
from clicksoap.outbox.tables import ACCOUNT, MARK, VERSION_TABLE
from clicksoap.outbox.until import Until
from clicksoap.results import State

_IDLE: Final = 0.05
_WAIT_WHEN_FULL: Final = 0.25  # a signal does not end the wait
# Under a pace, a turn at each half quantum is soon enough; without one, the senders are to have work again soon.
_GATHER: Final = QUANTUM / 2
_LONGEST_DATABASE_PAUSE: Final = 2.0
_MAX_QUESTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Work:
    """The result of a worker: counts of what it did.

    Attributes:
        sent: How many requests left.
        accepted: How many messages the gateway took.
        asked: How many questions about lost requests were answered.
        unfinished: How many requests were still out at its end; the next worker asks about them.
    """

    sent: int = 0
    accepted: int = 0
    asked: int = 0
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The options of a worker.

    Attributes:
        account: The account whose messages it sends.
        senders: How many requests may be out at a time.
        floor: Credits below which the account is paused; None for no floor.
        grace: For how many seconds it waits for answers when it stops.
        seconds: After how many seconds it stops by itself; None for never.
        until: When it stops because everything is settled; None for never.
        counts_parts: Whether the pace counts parts; else messages.
    """

    account: str
    senders: int
    floor: float | None
    grace: float
    seconds: float | None
    until: Until | None
    counts_parts: bool


_Result = Sent | Found | Balance


class Worker:
    """Sends the messages of one account.

    Args:
        database: The database of the outbox.
        clients: The client, or who makes one.
        options: What to do.
        limits: The time limits.
        mark_file: Where the mark is repeated.
        reached: What the workers of this process saw of the outbox.
        tell: Told of each event.
    """

    def __init__(
        self,
        database: Database,
        clients: Clients,
        options: WorkerOptions,
        limits: Limits,
        mark_file: MarkFile | None,
        reached: Reached,
        tell: Callable[[OutboxEvent], None],
    ) -> None:
        self._database = database
        self._clients = clients
        self._options = options
        self._limits = limits
        self._mark_file = mark_file
        self._reached = reached
        self._look = select(
            MARK, literal_column("version_num"), literal_column(database.server, String).label("server")
        ).select_from(MARK, text(VERSION_TABLE))
        self._is_older_copy = False
        self._tell = tell
        self._name = f"{socket.gethostname()} {os.getpid()}"[:200]
        self._senders: Senders[_Result] = Senders(options.senders)
        self._reserved = max(1, options.senders // 8) if options.senders > 1 else 0
        self._reach = Reachability()
        self._proofs = Proofs()
        self._results: list[_Result] = []
        self._is_paced = False
        self._is_stopping = False
        self._is_asked_to_stop = False
        self._restored_at: float | None = None
        self._mark: Mark | None = None
        self._sweep_at = 0.0
        self._claim_at = 0.0
        self._check_at = 0.0
        self._seen_at = 0.0
        self._balance = BalanceWatch(options.floor)
        self._is_database_lost = False
        self._failure: ClicksoapError | None = None
        self._sent = self._accepted = self._asked = 0

    def stop(self) -> None:
        """Have it take nothing new and end; safe in a signal handler."""
        self._is_asked_to_stop = True

    def run(self) -> Work:
        """Work until it is told to stop, its seconds are over, or everything is settled.

        Raises:
            AuthenticationError: The gateway refuses the credentials, also those of a new client.
            ConfigurationError: The client can send nothing, such as in an installation without its WSDLs.
            OutboxMismatch: The database is an older copy, of another version, or was exchanged.
            OutboxUnavailable: The database does not answer at the start, or at the end while answers wait for it.
        """
        try:
            return self._run()
        except OutboxMismatch:
            self._warn_others()
            raise

    def _run(self) -> Work:
        end = None if self._options.seconds is None else time.monotonic() + self._options.seconds
        self._begin()
        pause = 0.0
        try:
            while not self._is_over(end):
                self._gather(pause or self._wait())
                try:
                    self._turn()
                    pause = 0.0
                except OutboxUnavailable as error:
                    pause = min(max(pause * 2, 0.1), _LONGEST_DATABASE_PAUSE)
                    self._database_lost(error)
        finally:
            self._finish()
        if self._failure is not None:
            raise self._failure
        return Work(self._sent, self._accepted, self._asked, self._senders.busy)

    def _begin(self) -> None:
        client = self._clients.current()
        with self._database.write() as connection:
            account = lock_account(connection, self._options.account)
            fingerprint = self._clients.fingerprint(client)
            if account.fingerprint is None:
                connection.execute(
                    update(ACCOUNT).where(ACCOUNT.c.name == account.name).values(fingerprint=fingerprint)
                )
            elif account.fingerprint != fingerprint:
                raise OutboxMismatch(
                    f"account {account.name!r} of the outbox belongs to another account of the gateway: give the "
                    "client of that account, or another account= for this one"
                )
            self._check_mark(connection)
            if self._mark_file is not None and self._mark is not None and self._mark_file.is_beyond(self._mark):
                self._is_older_copy = True
                raise OutboxMismatch(BEHIND)
            workers.begin(connection, self._name, account.name, self._database.now(connection))
            self._seen_at = time.monotonic() + workers.SEEN_EVERY
        self._know_high_water()

    def _is_over(self, end: float | None) -> bool:
        if self._is_asked_to_stop or self._failure is not None:
            return True
        if end is not None and time.monotonic() >= end:
            return True
        until = self._options.until
        if until is None or not until.is_time(is_idle=not self._senders.busy and not self._results):
            return False
        with contextlib.suppress(OutboxUnavailable), self._database.read() as connection:
            return until.is_over(connection)
        return False

    def _wait(self) -> float:
        """How long to wait for results before the next turn."""
        if self._senders.busy >= self._senders.count:
            return _WAIT_WHEN_FULL
        return max(0.0, min(_IDLE, self._claim_at - time.monotonic())) if self._claim_at > time.monotonic() else _IDLE

    def _gather(self, seconds: float) -> None:
        """Take what the senders found out; several answers are written down together."""
        result = self._senders.take(seconds)
        until = time.monotonic() + _GATHER
        if result is not None and self._is_paced and self._senders.busy:
            # One wait for all of them: who wakes for each answer takes the interpreter from the senders each time.
            time.sleep(_GATHER)
        while result is not None:
            self._results.append(result)
            left = until - time.monotonic()
            is_enough = not self._senders.busy or (
                not self._is_paced and self._senders.busy <= self._senders.count // 2
            )
            result = self._senders.take(0.0 if is_enough or left <= 0 else left)

    def _turn(self) -> None:
        """One turn: settle, claim and take questions in one transaction, then let the senders go on."""
        began = Instant()
        # Before the claim, which takes every free sender.
        self._ask_proofs()
        if not self._results and not self._is_needed():
            return
        with self._database.write() as connection:
            claimed, asked, events, accepted = self._transact(connection)
        # Committed: from here on, what stands in the lists is written down.
        self._know_high_water()
        results, self._results = self._results, []
        self._is_database_lost = self._is_database_lost and self._database_back()
        for each in results:
            self._learn(each)
        self._accepted += accepted
        for event in events:
            self._tell(event)
        if claimed:
            # Before anything leaves: a copy without this claim has to be noticed.
            self._write_mark()
        for request in claimed:
            if not request.is_asked_first:
                self._give(request, began)
        for question in asked:
            self._give_question(question)

    def _know_high_water(self) -> None:
        """Remember the mark of the last committed transaction: a database behind it is an older copy."""
        if self._mark is not None:
            self._reached.saw(self._mark)

    def _warn_others(self) -> None:
        """Have all other workers stop, too, and those that start: they may not know what is missing."""
        if self._is_older_copy:
            with contextlib.suppress(OutboxUnavailable), self._database.write() as connection:
                connection.execute(update(MARK).values(high_water=OLDER_COPY))

    def _is_needed(self) -> bool:
        """Whether a turn has anything to do; a look that writes nothing."""
        if self._is_stopping:
            return False
        known = self._reached.mark
        with self._database.read() as connection:
            if time.monotonic() >= self._check_at:
                # A worker without work notices an older copy, too.
                self._check_at = time.monotonic() + 1.0
                self._check_mark(connection, known)
                self._know_high_water()
            found = due(connection, self._options.account, self._database.now(connection))
            if time.monotonic() >= self._seen_at:
                return True
        can_claim = time.monotonic() >= self._claim_at and self._reach.allowed(self._senders.busy, 1) > 0
        return found.questions or found.expired or (found.messages and can_claim)

    def _transact(self, connection: Connection) -> tuple[list[Claimed], list[Question], list[OutboxEvent], int]:
        now = self._database.now(connection)
        account = lock_account(connection, self._options.account)
        self._check_mark(connection)
        settler = Settler(connection, account, now, self._limits, self._name, self._proofs.may_repeat)
        settler.settle([each for each in self._results if isinstance(each, Sent)])
        for each in self._results:
            if isinstance(each, Found) and each.question.asked_at:
                settler.enter(each)
            elif isinstance(each, Balance):
                self._balance.enter(settler, each)
        events = settler.events + self._events_of_reach(connection, now)
        if time.monotonic() >= self._seen_at:
            self._seen_at = time.monotonic() + workers.SEEN_EVERY
            workers.see(connection, self._name, account.name, now)
        if now >= self._sweep_at or now < self._sweep_at - 2:
            self._sweep_at = now + 1
            expire(connection, now)
        claimed, asked = self._claim(connection, settler, now)
        if claimed and self._mark is not None:
            self._mark = replace(self._mark, high_water=count_claim(connection))
        return claimed, asked, events, settler.accepted

    def _claim(self, connection: Connection, settler: Settler, now: float) -> tuple[list[Claimed], list[Question]]:
        if self._is_stopping or self._is_asked_to_stop or self._failure is not None:
            return [], []
        free = self._reach.allowed(self._senders.busy, self._senders.count - self._senders.busy)
        lease = self._lease()
        asked = queries.take(connection, self._options.account, now, lease, min(free, _MAX_QUESTIONS))
        free -= len(asked)
        account = settler.account
        held = self._reached.hold_until - time.monotonic()
        if held > 0:
            self._claim_at = time.monotonic() + held
            return [], asked
        paused_until = account.paused_until
        if paused_until is not None and paused_until <= now and not is_below_floor(account):
            settler.events.append(accounts.resume(connection, account.name, "it is tried again", now, self._name))
            paused_until = None
        if paused_until is not None:
            self._claim_at = time.monotonic() + min(1.0, max(QUANTUM, paused_until - now))
            return [], asked
        claimant = Claimant(
            self._clients.uuid,
            account.name,
            self._name,
            self._clients.endpoint,
            self._clients.binding,
            lease,
            self._options.counts_parts,
            self._restored_at,
        )
        self._is_paced = account.rate is not None
        pace = Pace(account.rate, account.free_at, now)
        was = pace.free_at
        kept_free = self._reserved if not self._reach.is_paused else 0
        claimed = claim(connection, claimant, pace, now, free=max(0, free - kept_free), free_for_alerts=max(0, free))
        if pace.free_at != was or account.free_at > pace.free_at:
            set_free_at(connection, account.name, pace.free_at)
        self._claim_at = time.monotonic() + (QUANTUM / 2 if account.rate is not None else 0.0)
        return claimed, asked

    def _lease(self) -> float:
        return self._limits.start + self._clients.patience + self._limits.margin

    def _check_mark(self, connection: Connection, known: tuple[int, int] | None = None) -> None:
        """Refuse to work on a database whose version changed, or from which commits vanished.

        Args:
            connection: A transaction of the database.
            known: What was known before the transaction, where it sees the state of its beginning.
        """
        # Others of this process may commit between this and the look.
        known = self._reached.mark if known is None else known
        row = connection.execute(self._look).first()
        if row is None:
            raise OutboxMismatch("the database holds no outbox any more: stop the workers and restore it")
        schema.check_exactly(str(row.version_num))
        if str(row.uuid) != self._clients.uuid:
            raise OutboxMismatch("the database holds another outbox than before: stop the workers, and check the URL")
        mark = Mark(self._clients.hashed_uuid, int(row.generation), int(row.high_water))
        if mark.reached < known or mark.misses_claims:
            self._is_older_copy = True
            raise OutboxMismatch(VANISHED)
        self._reached.look_at(str(row.server))
        self._restored_at = row.restored_at
        self._mark = mark

    def _give(self, claimed: Claimed, began: Instant) -> None:
        client, database_now = self._clients.current(), claimed.claimed_at
        # What expires is not sent late, also where a login stands between its claim and its request.
        left = float("inf") if claimed.expires_at is None else claimed.expires_at - claimed.claimed_at
        start = min(self._limits.start, left)
        gate = Gate(start, min(self._limits.start + self._clients.patience, left), self._must_stop, began)

        def job() -> _Result:
            waited = time.monotonic() - began.monotonic
            return send(client, claimed, gate, database_now + waited)

        self._sent += 1
        self._senders.give(job)

    def _must_stop(self) -> bool:
        return self._is_stopping or self._is_asked_to_stop

    def _give_question(self, question: Question) -> None:
        client = self._clients.current()
        self._senders.give(lambda: queries.ask(client, question))

    def _ask_proofs(self) -> None:
        if self._is_stopping or not self._reach.allowed(self._senders.busy, self._senders.count - self._senders.busy):
            return
        question = self._proofs.question()
        if question is not None:
            self._give_question(question)
        elif self._balance.is_due():
            self._balance.asking()
            client = self._clients.current()
            self._senders.give(lambda: balances.ask(client))

    def _learn(self, result: _Result) -> None:
        """Learn from a result that is written down: about the address, the client and the gateway."""
        if isinstance(result, Balance):
            return
        if isinstance(result, Sent):
            if result.fate is Fate.CREDENTIALS:
                self._refused(result.client, result.why, AuthenticationError("001", _stops(result.why)))
            if result.fate is Fate.UNUSABLE:
                self._refused(result.client, result.why, ConfigurationError(_stops(result.why)))
            if result.fate is Fate.ANSWERED:
                self._clients.proved(result.client)
                self._balance.spent(len(result.claimed.rows))
                if any(each.state is State.ACCEPTED for each in result.results):
                    self._proofs.accepted(result.claimed.request_id)
        else:
            self._asked += 1 if result.question.asked_at else 0
            refusal = queries.is_refused(result)
            if isinstance(refusal, AuthenticationError):
                self._refused(result.client, str(refusal), AuthenticationError("001", _stops(str(refusal))))
            if not result.question.asked_at:
                problem = self._proofs.enter(result.question, result.finding)
                if problem is not None:
                    self._note(Happening.UNPROVABLE, problem)

    def _events_of_reach(self, connection: Connection, now: float) -> list[OutboxEvent]:
        """Enter what the results say about the gateway's address, and note when a pause begins or ends."""
        events: list[OutboxEvent] = []
        for each in self._results:
            if isinstance(each, Balance) or (isinstance(each, Sent) and each.fate in _SAYS_NOTHING):
                continue
            is_failure = each.is_unreachable if isinstance(each, Found) else each.fate in _FAILURES
            changed = self._reach.failed() if is_failure else self._reach.answered()
            if changed:
                what = Happening.ENDPOINT_PAUSED if is_failure else Happening.ENDPOINT_RESUMED
                why = "" if isinstance(each, Found) else each.why
                detail = f"{self._clients.endpoint}: {why}" if why else self._clients.endpoint
                events.append(record(connection, what, detail, now, self._name))
        return events

    def _refused(self, client: Client, why: str, failure: ClicksoapError) -> None:
        """Ask the factory for a client again, because passwords rotate; without a new one, stop this worker."""
        if not self._clients.is_current(client):
            return  # another of its requests told it already
        if self._clients.renew(client):
            self._note(Happening.CLIENT_REFUSED, f"{why}; the factory gave a new client")
            return
        if self._failure is None:
            self._failure = failure
            self._note(Happening.CLIENT_REFUSED, why)

    def _note(self, what: Happening, detail: str) -> None:
        now = time.time()
        with contextlib.suppress(OutboxUnavailable), self._database.write() as connection:
            record(connection, what, detail, now, self._name)
        self._tell(OutboxEvent(what, detail, moment(now), self._name))

    def _database_lost(self, error: OutboxUnavailable) -> None:
        if not self._is_database_lost:
            self._is_database_lost = True
            self._tell(OutboxEvent(Happening.DATABASE_LOST, str(error), moment(time.time()), self._name))

    def _database_back(self) -> bool:
        """Note that the database answers again; always false, which is the new state."""
        self._note(Happening.DATABASE_BACK, "answers that were in hand are written down")
        return False

    def _write_mark(self) -> None:
        if self._mark_file is not None and self._mark is not None:
            self._mark_file.write(self._mark)

    def _finish(self) -> None:
        """Take nothing new, wait for answers, and write them down; the next worker asks about what is out longer."""
        self._is_stopping = True
        try:
            self._drain(time.monotonic() + self._options.grace)
        finally:
            self._senders.stop()
            self._clients.close()

    def _drain(self, end: float) -> None:
        problem: OutboxUnavailable | None = None
        while (self._senders.busy or self._results) and time.monotonic() < end:
            if self._senders.busy:
                self._gather(min(1.0, max(0.0, end - time.monotonic())))
            if self._results:
                try:
                    self._turn()
                    problem = None
                except OutboxUnavailable as error:
                    problem = error
                    time.sleep(min(0.2, max(0.0, end - time.monotonic())))
        if problem is not None and self._results:
            raise problem


def _stops(why: str) -> str:
    return f"{why}: this worker stops, its messages wait"


_SAYS_NOTHING: Final = frozenset({Fate.WITHDRAWN, Fate.IMPOSSIBLE, Fate.UNUSABLE, Fate.LOST})
_FAILURES: Final = frozenset({Fate.UNSENT, Fate.PROVEN})
