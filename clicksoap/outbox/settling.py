"""Settles rows and requests by what became of them; each step holds only if the state before is the expected one."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import BigInteger, Connection, Double, Text, Update, bindparam, func, select, update

from clicksoap.errors import RecipientError, SenderError
from clicksoap.outbox import bulk
from clicksoap.outbox.accounts import pause, pause_for
from clicksoap.outbox.arrivals import arrived, rows_of
from clicksoap.outbox.campaigns import steering
from clicksoap.outbox.claims import Claimed
from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.journal import Happening, OutboxEvent, record
from clicksoap.outbox.limits import Limits
from clicksoap.outbox.queries import Finding, Found
from clicksoap.outbox.reports import enter_waiting
from clicksoap.outbox.sending import Fate, Sent
from clicksoap.outbox.tables import (
    ACCOUNT,
    ATTEMPT,
    KEPT_TEXT,
    MESSAGE,
    REQUEST,
    SENDING,
    STREAM,
    SUPPRESSED,
    DatabaseRow,
)
from clicksoap.results import RecipientResult, State

_MAX_TRIES: Final = 5
_MAX_PAUSES: Final = 2
_LONGEST_BACK_OFF: Final = 300.0
_PARTLY: Final = "answered in part"
_DONE: Final = frozenset({State.ACCEPTED, State.REJECTED})
# The gateway's numbers that say that a recipient wants no messages: delisted or opted out (facts of the contract).
_OPTED_OUT: Final = frozenset({"121", "122", "128"})


@dataclass(slots=True)
class Settler:
    """Settles what one worker sent and asked, within one transaction.

    Attributes:
        connection: The transaction; it holds the row of the account.
        account: The row of the account.
        now: The present time by the database's clock.
        limits: The time limits of the outbox.
        who: The name of the worker.
        may_repeat: Whether a denial by the gateway proves anything.
        events: What happened.
        accepted: How many messages were accepted.
    """

    connection: Connection
    account: DatabaseRow
    now: float
    limits: Limits
    who: str
    may_repeat: bool
    events: list[OutboxEvent] = field(default_factory=list)
    accepted: int = 0

    def settle(self, sent: Sequence[Sent]) -> None:
        """Enter what became of requests."""
        answered: list[Sent] = []
        for each in sent:
            if each.fate is not Fate.ANSWERED and not self._is_of(each.claimed):
                continue
            match each.fate:
                case Fate.ANSWERED:
                    answered.append(each)
                case Fate.LOST:
                    self._ask_at(each.claimed.request_id, self.now)
                case Fate.WITHDRAWN | Fate.UNSENT | Fate.CREDENTIALS | Fate.UNUSABLE:
                    self._give_back(each)
                case Fate.PROVEN:
                    self._ask_at(each.claimed.request_id, self.now, proof=each.why)
                case Fate.ACCOUNT:
                    self._pause(each)
                case Fate.IMPOSSIBLE:
                    self._reject(each)
        self._enter(answered)

    def enter(self, found: Found) -> None:
        """Enter what the gateway said about a request."""
        request_id = found.question.request_id
        request = self.connection.execute(_REQUEST, {"request": request_id}).first()
        if request is None or request.state != "sending":
            return
        if found.finding is Finding.FOUND:
            self._found(request, found.message_id)
        elif found.finding is Finding.UNASKED:
            self._ask_at(request_id, self.now + _back_off(request.asked, 60.0))
        elif request.proof == _PARTLY:
            # It took others of this request, so that its denial proves nothing about the rest.
            self._close(request_id, "unknown", "unknown", "the gateway's answer does not speak of it")
        elif request.proof is not None:
            self._give_back_proven(request)
        elif found.finding is Finding.DENIED and self.may_repeat:
            self._denied(request, found.question.asked_at)
        else:
            self._wait(request)

    def _is_of(self, claimed: Claimed) -> bool:
        """Whether a request is still the one that was claimed.

        After a commit whose end is not known, an id of which nothing left may be another worker's already.
        """
        at = self.connection.execute(_CLAIMED_AT, {"request": claimed.request_id}).scalar()
        return at is not None and float(at) == claimed.claimed_at

    def _enter(self, answered: Sequence[Sent]) -> None:
        """Enter answers, row by row: several requests are written down in few statements."""
        done: list[dict[str, object]] = []
        not_sent: list[dict[str, object]] = []
        opted_out: list[tuple[str, str]] = []
        for each in answered:
            request_id = each.claimed.request_id
            for row, msisdn, result in zip(each.claimed.rows, each.claimed.msisdns, each.results, strict=True):
                if result.state in _DONE:
                    done.append(_settled(row, request_id, result, self.now))
                elif result.state is State.NOT_SENT:
                    not_sent.append({"row": row, "request": request_id, "reason": str(result.error or each.why)})
                if isinstance(result.error, RecipientError) and result.error.code in _OPTED_OUT:
                    opted_out.append((msisdn, str(result.error)))
        if done:
            self._write(done)
        if not_sent:
            self.connection.execute(_GIVE_BACK_ROW, not_sent)
        self._suppress(opted_out)
        self._note_refusals(answered)
        self._close_answered(answered)
        self._count_accepted([str(each["gateway_id"]) for each in done if each["gateway_id"] is not None])

    def _note_refusals(self, answered: Sequence[Sent]) -> None:
        """Pause a campaign whose next requests would be refused as well, or of which too many messages were."""
        for each in answered:
            campaign = each.claimed.campaign
            refusals = [result.error for result in each.results if result.state is State.REJECTED]
            if campaign == STREAM or not refusals:
                continue
            error = refusals[0]
            is_whole = len(refusals) == len(each.results) and not isinstance(error, RecipientError)
            whole = None
            if is_whole and (len(refusals) > 1 or isinstance(error, SenderError)):
                whole = f"the gateway refused a whole request: {error}"
            event = steering.refused(self.connection, campaign, len(refusals), whole, self.now, self.who)
            if event is not None:
                self.events.append(event)

    def _close_answered(self, answered: Sequence[Sent]) -> None:
        """Close the requests whose answer speaks of every row; the others are asked about."""
        closed: list[str] = []
        for each in answered:
            states = {result.state for result in each.results}
            if states <= {*_DONE, State.NOT_SENT}:
                closed.append(each.claimed.request_id)
            else:
                self._ask_at(each.claimed.request_id, self.now, proof=_PARTLY if states & _DONE else None)
        self._answer(closed)

    def _answer(self, request_ids: Sequence[str]) -> None:
        """Close requests whose answer is known, in one statement."""
        if request_ids:
            given = {"requests": bulk.texts(request_ids), "at": self.now}
            self.connection.execute(_answered(self.connection.dialect.name), given)

    def _count_accepted(self, message_ids: Sequence[str]) -> None:
        """Count messages that the gateway took, and enter the reports that were earlier than its answer."""
        if message_ids:
            self.accepted += len(message_ids)
            self.connection.execute(_ACCEPTED_AT, {"account": self.account.name, "at": self.now})
            enter_waiting(self.connection, message_ids)

    def _write(self, done: list[dict[str, object]]) -> None:
        if bulk.execute(self.connection, _settle, done) != len(done):
            self._write_late(done)

    def _write_late(self, done: list[dict[str, object]]) -> None:
        """Enter an answer that comes after the outbox decided without it: row by row."""
        for each in done:
            if each["new"] != "accepted":
                continue
            request_id = str(each["request"])
            rows = [row for row in rows_of(self.connection, request_id) if row.id == each["row"]]
            for row in rows:
                gateway_id = each["gateway_id"]
                self._arrived(row, request_id, None if gateway_id is None else str(gateway_id))

    def _arrived(self, row: DatabaseRow, request_id: str, message_id: str | None) -> None:
        event = arrived(self.connection, row, request_id, message_id, self.now, self.who)
        if event is not None:
            self.events.append(event)

    def _found(self, request: DatabaseRow, message_id: str | None) -> None:
        open_rows = [row for row in rows_of(self.connection, request.id) if row.state == "sending"]
        if request.size == 1:
            for row in open_rows:
                self._arrived(row, request.id, message_id)
            self._answer([request.id])
            self._count_accepted([] if message_id is None else [message_id])
            return
        self._close(request.id, "unconfirmed", "unconfirmed", "its request arrived, and the answer is lost")

    def _denied(self, request: DatabaseRow, asked_at: float) -> None:
        """Believe a denial only if it was said again, long enough after the lease and after the first denial."""
        first = request.denied_at
        counts_from = max(request.dead_at, first if first is not None else self.now) + self.limits.believe_after
        if first is not None and asked_at >= counts_from:
            self._leave(request.id, "the gateway never got it")
            return
        values: dict[str, object] = {"ask_at": counts_from}
        if first is None:
            values["denied_at"] = self.now
        self.connection.execute(update(REQUEST).where(REQUEST.c.id == request.id).values(**values))

    def _wait(self, request: DatabaseRow) -> None:
        """Ask again later, until the gateway has forgotten the request for certain."""
        most = self.limits.forgotten_after if self.may_repeat else self.limits.unprovable_after
        if self.now - request.claimed_at >= most:
            self._close(request.id, "unknown", "unknown", "the gateway does not say whether it arrived")
        else:
            self._ask_at(request.id, self.now + _back_off(request.asked, _LONGEST_BACK_OFF))

    def _close(self, request_id: str, request_state: str, row_state: str, why: str) -> None:
        close = _REJECT_ROWS if row_state == "rejected" else _CLOSE_ROWS
        self.connection.execute(close, {"request": request_id, "new": row_state, "reason": why, "at": self.now})
        self.connection.execute(_CLOSE, {"request": request_id, "new": request_state, "at": self.now})

    def _leave(self, request_id: str, why: str, due_at: float | None = None) -> None:
        """Let the rows of a request that did not arrive wait again; a late answer still finds them."""
        rows = select(MESSAGE.c.request_id, MESSAGE.c.id).where(
            MESSAGE.c.request_id == request_id, MESSAGE.c.state == SENDING
        )
        self.connection.execute(
            insert_missing(self.connection, ATTEMPT).from_select(["request_id", "message_id"], rows)
        )
        self.connection.execute(
            update(MESSAGE)
            .where(MESSAGE.c.request_id == request_id, MESSAGE.c.state == SENDING)
            .values(
                state="pending",
                request_id=None,
                why=why,
                due_at=MESSAGE.c.due_at if due_at is None else due_at,
            )
        )
        self.connection.execute(_CLOSE, {"request": request_id, "new": "not_sent", "at": self.now})

    def _give_back(self, sent: Sent) -> None:
        """Let the rows of a request wait again of which nothing left: it counts as no attempt."""
        self.connection.execute(_GIVE_BACK, {"request": sent.claimed.request_id, "reason": sent.why or None})
        self.connection.execute(_CLOSE, {"request": sent.claimed.request_id, "new": "not_sent", "at": self.now})

    def _give_back_proven(self, request: DatabaseRow) -> None:
        """Let rows wait again that something refused by a status; after five times they are rejected."""
        tries = self.connection.execute(_TRIES, {"request": request.id}).scalar() or 0
        if tries >= _MAX_TRIES and self._others_are_accepted(request.claimed_at):
            self._close(request.id, "answered", "rejected", request.proof)
        else:
            self._leave(request.id, request.proof, self.now + _back_off(tries, _LONGEST_BACK_OFF))

    def _pause(self, sent: Sent) -> None:
        """Pause the account, and give its rows back; a row that does so twice while others are accepted is rejected."""
        wanted = pause_for(sent.code, sent.why, sent.until, self.now)
        event = pause(self.connection, self.account, wanted, self.now, self.who)
        if event is not None:
            self.events.append(event)
            self.account = self.connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == self.account.name)).one()
        request_id = sent.claimed.request_id
        others = self._others_are_accepted(sent.claimed.claimed_at)
        pauses = self.connection.execute(_PAUSES, {"request": request_id}).scalar() or 0
        if others and pauses + 1 >= _MAX_PAUSES:
            self._reject(sent)
            detail = f"it stopped the account twice while others were accepted: {sent.why}"
            self.events.append(
                record(self.connection, Happening.SET_ASIDE, detail, self.now, self.who, request=request_id)
            )
            return
        # The others go first afterwards, so that one row that is too dear does not stop them all.
        self.connection.execute(
            _GIVE_BACK_LATER, {"request": request_id, "reason": sent.why, "due": wanted.until + 1.0}
        )
        self.connection.execute(_CLOSE, {"request": request_id, "new": "not_sent", "at": self.now})

    def _others_are_accepted(self, since: float) -> bool:
        at = self.account.accepted_at
        return at is not None and at >= since - 120.0

    def _reject(self, sent: Sent) -> None:
        self._close(sent.claimed.request_id, "answered", "rejected", sent.why)

    def _ask_at(self, request_id: str, at: float, proof: str | None = None) -> None:
        values: dict[str, object] = {"ask_at": at}
        if proof is not None:
            values["proof"] = proof
        self.connection.execute(
            update(REQUEST).where(REQUEST.c.id == request_id, REQUEST.c.state == SENDING).values(**values)
        )

    def _suppress(self, opted_out: list[tuple[str, str]]) -> None:
        if not opted_out:
            return
        self.connection.execute(
            insert_missing(self.connection, SUPPRESSED),
            [
                {"msisdn": number, "account": self.account.name, "why": why, "since": self.now}
                for number, why in opted_out
            ],
        )


def _settled(row: int, request_id: str, result: RecipientResult, now: float) -> dict[str, object]:
    return {
        "row": row,
        "request": request_id,
        "new": result.state,  # a StrEnum, and JSON as it is
        "gateway_id": result.message_id,
        "number": None if result.error is None else result.error.code,
        "reason": None if result.error is None else str(result.error),
        "at": now,
    }


def _back_off(asked: int, longest: float) -> float:
    return float(min(2.0 ** min(asked, 20), longest))


_REQUEST: Final = select(REQUEST).where(REQUEST.c.id == bindparam("request")).with_for_update()
_CLAIMED_AT: Final = select(REQUEST.c.claimed_at).where(REQUEST.c.id == bindparam("request"))


@functools.cache
def _settle(dialect: str) -> Update:
    given = bulk.table(
        dialect,
        row=BigInteger(),
        request=Text(),
        new=Text(),
        gateway_id=Text(),
        number=Text(),
        reason=Text(),
        at=Double(),
    )
    return (
        update(MESSAGE)
        .where(MESSAGE.c.id == given.c.row, MESSAGE.c.request_id == given.c.request, MESSAGE.c.state == SENDING)
        .values(
            state=given.c.new,
            message_id=given.c.gateway_id,
            code=given.c.number,
            why=given.c.reason,
            settled_at=given.c.at,
            text=KEPT_TEXT,
        )
    )


@functools.cache
def _answered(dialect: str) -> Update:
    return (
        update(REQUEST)
        .where(bulk.among(dialect, REQUEST.c.id, "requests"))
        .values(state="answered", answered_at=bindparam("at"))
    )


_CLOSE: Final = (
    update(REQUEST)
    .where(REQUEST.c.id == bindparam("request"), REQUEST.c.state == SENDING)
    .values(state=bindparam("new"), answered_at=bindparam("at"))
)
_CLOSE_ROWS: Final = (
    update(MESSAGE)
    .where(MESSAGE.c.request_id == bindparam("request"), MESSAGE.c.state == SENDING)
    .values(state=bindparam("new"), why=bindparam("reason"), settled_at=bindparam("at"))
)
_REJECT_ROWS: Final = _CLOSE_ROWS.values(text=KEPT_TEXT)
_GIVE_BACK: Final = (
    update(MESSAGE)
    .where(MESSAGE.c.request_id == bindparam("request"), MESSAGE.c.state == SENDING)
    .values(state="pending", request_id=None, attempts=MESSAGE.c.attempts - 1, why=bindparam("reason"))
)
# One recipient of several: the others have their answer under this id, so that it travels alone from now on.
_GIVE_BACK_ROW: Final = (
    update(MESSAGE)
    .where(MESSAGE.c.id == bindparam("row"), MESSAGE.c.request_id == bindparam("request"), MESSAGE.c.state == SENDING)
    .values(state="pending", request_id=None, batch=None, why=bindparam("reason"))
)
_GIVE_BACK_LATER: Final = _GIVE_BACK.values(due_at=bindparam("due"), pauses=MESSAGE.c.pauses + 1)
_TRIES: Final = select(func.max(MESSAGE.c.attempts)).where(
    MESSAGE.c.request_id == bindparam("request"), MESSAGE.c.state == SENDING
)
_PAUSES: Final = select(func.max(MESSAGE.c.pauses)).where(MESSAGE.c.request_id == bindparam("request"))
_ACCEPTED_AT: Final = update(ACCOUNT).where(ACCOUNT.c.name == bindparam("account")).values(accepted_at=bindparam("at"))
