"""Results as values: reports of sends, statuses, charges, coverage."""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, overload

from clicksoap import plain_data
from clicksoap.codes import MessageStatus
from clicksoap.errors import (
    ClicksoapError,
    GatewayError,
    GatewayFailure,
    InvalidInput,
    LimitExceeded,
    NotSent,
    OutcomeUnknown,
    PartlySent,
)
from clicksoap.lazy_re import pattern
from clicksoap.redaction import masked_number


class State(StrEnum):
    """The state of one recipient of a send, which says whether the message may be sent to it again.

    - ACCEPTED: the gateway took the message. Not to be sent again.
    - REJECTED: the gateway refused this recipient or this message. Not to be sent again as it is.
    - NOT_SENT: it is certain that the gateway did nothing with it. May be sent again, once the cause is mended.
    - UNKNOWN: the gateway may have taken it. Not to be sent again: `Client.reconcile` asks.
    - UNCONFIRMED: found only in what `Client.reconcile` gives. The request arrived, but it had several recipients, so
      what became of this one and under which id is not known. Not to be sent again.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    UNCONFIRMED = "unconfirmed"


_IN_DOUBT: Final = frozenset({State.UNKNOWN, State.UNCONFIRMED})
# ITU-T E.164, section 6: at most 15 digits.
_MSISDN: Final = pattern(r"[0-9]{1,15}", re.ASCII)
_CODE: Final = pattern(r"[0-9]{3}", re.ASCII)
# One octet of a concatenation header counts the parts (3GPP TS 23.040, 9.2.3.24.1).
_MAX_PARTS: Final = 255


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """The result of one recipient of a send.

    Attributes:
        to: The MSISDN that went out (gateway: ``to``).
        given: The caller's own spelling of it.
        state: Accepted, rejected, not_sent or unknown; see `State`.
        message_ids: The gateway's ids (gateway: ``apimsgid``): one, or one per part of split octets. A recipient that
            is not accepted has those of the parts that were.
        error: Why the gateway rejected this recipient; for a not_sent one, why it refused the account or the request,
            or None where nothing was said.
        client_message_id: The id (gateway: ``climsgid``) that the request of this recipient carried; ask the gateway
            by it.
        raw: The gateway's line about this recipient, as it came.
        unique: Whether the send had ``unique=True``, so that a number given twice got one message.
    """

    to: str
    given: str
    state: State
    message_ids: tuple[str, ...] = ()
    error: GatewayError | None = None
    client_message_id: str | None = None
    raw: str | None = None
    unique: bool = False

    @property
    def message_id(self) -> str | None:
        """The gateway's id; the first one of several, None if there is none."""
        return self.message_ids[0] if self.message_ids else None

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data for JSON, number and ids included."""
        return {
            "to": self.to,
            "given": self.given,
            "state": self.state.value,
            "message_ids": list(self.message_ids),
            "error": _data_of(self.error) if self.error else None,
            "client_message_id": self.client_message_id,
            "raw": self.raw,
            "unique": self.unique,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RecipientResult":
        """The result that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        try:
            return _checked_result(data)
        except plain_data.MALFORMED as error:
            problem = plain_data.described(error)
        raise InvalidInput(
            f"data is not a result that to_dict() gave ({problem}): give what RecipientResult.to_dict() returned"
        )

    def __repr__(self) -> str:
        detail = f", {self.error}" if self.error else ""
        return f"<RecipientResult {masked_number(self.to)} {self.state}{detail}>"


@dataclass(frozen=True, slots=True)
class SendReport(Sequence[RecipientResult]):
    """The results of all recipients of a send, in input order; a number given twice has two results.

    Attributes:
        results: One result per recipient.
        lines: Every line that the gateway answered, as it came.
        unmatched: Those of the lines that could not be told to a recipient.
        parts: How many requests each recipient takes: one, or one per part of split octets.
        sent_at: When the send began, in UTC.
        ended_at: When the client stopped waiting for the gateway, in UTC: `Client.reconcile` counts from here.
        settles_at: Set by `Client.reconcile` on what it left unknown because the gateway's denial came too early to be
            believed: asking again from then on settles it.
        reference: The caller's own, given as ``reference=``.
    """

    results: tuple[RecipientResult, ...]
    lines: tuple[str, ...] = field(default=(), repr=False)
    unmatched: tuple[str, ...] = field(default=(), repr=False)
    parts: int = 1
    sent_at: datetime | None = None
    reference: object = None
    ended_at: datetime | None = None
    settles_at: datetime | None = None

    @property
    def accepted(self) -> tuple[RecipientResult, ...]:
        """The recipients whose message the gateway took, each with its message id."""
        return self._of(State.ACCEPTED)

    @property
    def rejected(self) -> tuple[RecipientResult, ...]:
        """The recipients that the gateway refused, each with its error."""
        return self._of(State.REJECTED)

    @property
    def unknown(self) -> tuple[RecipientResult, ...]:
        """The recipients whose message may have been sent; never repeat them unasked."""
        return self._of(State.UNKNOWN)

    @property
    def not_sent(self) -> tuple[RecipientResult, ...]:
        """The recipients whose message certainly was not sent; `Client.send` takes them as they are.

        A number that was given twice with ``unique=True`` stands here once, because it is due one message.
        """
        return NotSentResults(one_for_each(self._of(State.NOT_SENT)))

    @property
    def unconfirmed(self) -> tuple[RecipientResult, ...]:
        """After `Client.reconcile`: the recipients whose request arrived, with nothing else known of them."""
        return self._of(State.UNCONFIRMED)

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the gateway took any recipient of this send, or may have."""
        return any(result.state is State.ACCEPTED or result.state in _IN_DOUBT for result in self.results)

    def raise_for_rejected(self) -> None:
        """Raise if the gateway rejected any recipient.

        Raises:
            PartlySent: Others are accepted; ``cause`` is the first refusal.
            GatewayError: Nobody is accepted or unknown; this is the first refusal.
            OutcomeUnknown: Others are unknown.
        """
        first = next((result.error for result in self.results if result.state is State.REJECTED), None)
        if first is not None:
            raise call_error(self, first)

    @overload
    def __getitem__(self, index: int) -> RecipientResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RecipientResult, ...]: ...
    def __getitem__(self, index: int | slice) -> RecipientResult | tuple[RecipientResult, ...]:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[RecipientResult]:
        return iter(self.results)

    def reconciled(
        self, found: Mapping[str, tuple[State, str | None]], settles_at: datetime | None = None
    ) -> "SendReport":
        """This report with what was found out about its unknown recipients.

        Args:
            found: By client message id, whether the request arrived (accepted, with the gateway's id), did not
                (not_sent), or is still unknown.
            settles_at: From when on asking settles what is still unknown.
        """
        # With unique=True, all results of a number are one and the same message.
        messages = {(each.client_message_id, each.to if each.unique else n) for n, each in enumerate(self.results)}
        sharing = Counter(client_message_id for client_message_id, _ in messages)
        # A gateway that took others of the same request and now denies its id proves nothing by that.
        arrived = {result.client_message_id for result in self.accepted}
        results: list[RecipientResult] = []
        for result in self.results:
            state, message_id = found.get(result.client_message_id or "", (State.UNKNOWN, None))
            if state is State.NOT_SENT and result.client_message_id in arrived:
                state = State.UNKNOWN
            if result.state is not State.UNKNOWN or state is State.UNKNOWN or result.message_ids:
                results.append(result)
            elif state is State.NOT_SENT:
                results.append(replace(result, state=State.NOT_SENT))
            elif message_id is not None and sharing[result.client_message_id] == 1 and self.parts == 1:
                results.append(replace(result, state=State.ACCEPTED, message_ids=(message_id,)))
            else:
                results.append(replace(result, state=State.UNCONFIRMED))
        return replace(self, results=tuple(results), settles_at=settles_at)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON, numbers and ids included; the reference goes along as it is."""
        return {
            "results": [result.to_dict() for result in self.results],
            "lines": list(self.lines),
            "unmatched": list(self.unmatched),
            "parts": self.parts,
            "sent_at": plain_data.iso(self.sent_at),
            "ended_at": plain_data.iso(self.ended_at),
            "settles_at": plain_data.iso(self.settles_at),
            "reference": self.reference,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SendReport":
        """The report that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        try:
            return cls(
                tuple(map(_checked_result, plain_data.items(data, "results"))),
                lines=plain_data.texts(data, "lines"),
                unmatched=plain_data.texts(data, "unmatched"),
                parts=plain_data.number(data, "parts", _MAX_PARTS),
                sent_at=plain_data.moment(data, "sent_at"),
                ended_at=plain_data.moment(data, "ended_at"),
                settles_at=plain_data.moment(data, "settles_at"),
                reference=data["reference"],
            )
        except plain_data.MALFORMED as error:
            problem = plain_data.described(error)
        raise InvalidInput(
            f"data is not a report that to_dict() gave ({problem}): give what SendReport.to_dict() returned"
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self._of(state))} {state}" for state in State if self._of(state))
        return f"<SendReport {counts or 'of nobody'}>"

    def _of(self, state: State) -> tuple[RecipientResult, ...]:
        return tuple([result for result in self.results if result.state is state])


class NotSentResults(tuple[RecipientResult, ...]):
    """The results of a report in state not_sent, in input order. Without any, `Client.send` sends nothing."""

    __slots__ = ()


def one_for_each(results: Iterable[RecipientResult]) -> Iterator[RecipientResult]:
    """The results without those that repeat the number of another one of a ``unique=True`` send."""
    seen: set[str] = set()
    for result in results:
        if not result.unique or result.to not in seen:
            yield result
        seen.add(result.to)


def call_error(report: SendReport, cause: ClicksoapError) -> ClicksoapError:
    """The error of a send that was not completed: its class speaks of the whole call.

    Args:
        report: The state of every recipient.
        cause: What ended the send, or the first refusal.

    Returns:
        An `OutcomeUnknown` if a recipient is unknown, else a `PartlySent` if one is accepted, else the cause itself if
        it is the gateway's refusal, else a `NotSent`; with the report on it.
    """
    total, accepted = len(report), len(report.accepted)
    if doubtful := sum(result.state in _IN_DOUBT for result in report):
        return OutcomeUnknown(f"it may have been sent to {doubtful} of {total}: {cause}", cause=cause, report=report)
    if accepted:
        return PartlySent(f"it was sent to {accepted} of {total} only: {cause}", cause=cause, report=report)
    if not isinstance(cause, GatewayError):
        return NotSent(f"nothing was sent: {cause}", cause=cause, report=report)
    error = copy.copy(cause)  # the original may be on a result of the report
    error.report = report
    # After an internal error (901) nobody can tell what the gateway did before it.
    error.retryable = cause.retryable and not isinstance(cause, GatewayFailure)
    return error


def _checked_result(data: Mapping[str, Any]) -> RecipientResult:
    result = RecipientResult(
        to=plain_data.text(data, "to"),
        given=plain_data.text(data, "given"),
        state=State(data["state"]),
        message_ids=plain_data.texts(data, "message_ids"),
        error=_error_of(data["error"]) if data["error"] is not None else None,
        client_message_id=plain_data.optional_text(data, "client_message_id"),
        raw=plain_data.optional_text(data, "raw"),
        unique=plain_data.flag(data, "unique"),
    )
    if not _MSISDN.fullmatch(result.to):
        raise plain_data.Unfit("to")
    if result.state is State.ACCEPTED and not result.message_ids:
        raise plain_data.Unfit("message_ids")
    if result.state is State.REJECTED and result.error is None:
        raise plain_data.Unfit("error")
    return result


def _data_of(error: GatewayError) -> dict[str, str | None]:
    return {
        "code": error.code,
        "text": error.text,
        "until": plain_data.iso(error.until) if isinstance(error, LimitExceeded) else None,
    }


def _error_of(data: Mapping[str, Any]) -> GatewayError:
    code = plain_data.optional_text(data, "code")
    if code is not None and not _CODE.fullmatch(code):
        raise plain_data.Unfit("code")
    error = GatewayError.of(code, plain_data.optional_text(data, "text") or "")
    if isinstance(error, LimitExceeded):
        error.until = plain_data.moment(data, "until")
    return error


@dataclass(frozen=True, slots=True)
class QueriedStatus:
    """The status of a message, as the gateway answered a question about it.

    Attributes:
        message_id: The gateway's id of the message (gateway: ``apimsgid``).
        status: The gateway's status number and its meaning.
        raw: The gateway's line, as it came.
    """

    message_id: str
    status: MessageStatus
    raw: str = field(repr=False)

    @property
    def code(self) -> str:
        """The gateway's number as a three-digit string, such as ``"004"``."""
        return self.status.code

    @property
    def text(self) -> str:
        """The meaning of the number; empty for a number that no document names."""
        return self.status.text

    @property
    def is_final(self) -> bool:
        """Whether the status will not change any more; an unnamed number counts as not final."""
        return self.status.is_final

    @property
    def is_delivered(self) -> bool:
        """Whether the message was received on the handset (004)."""
        return self.status.is_delivered


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """The gateway's answer to one question about a request, by its client message id.

    Attributes:
        client_message_id: The id that was asked for (gateway: ``climsgid``).
        state: ``State.ACCEPTED`` if the gateway knows the request, else ``State.UNKNOWN``.
        message_id: The gateway's id of its message (gateway: ``apimsgid``); None unless it is accepted. For a request
            of several recipients it is the id of one of them.
        status: The status of that message; None if the gateway named none.
        is_denied: Whether the gateway said that it knows no such id (error 104). It proves nothing by itself,
            because the request may still be on its way: `Client.reconcile` knows from when on it does.
    """

    client_message_id: str
    state: State
    message_id: str | None = None
    status: MessageStatus | None = None
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """The charge of a message.

    Attributes:
        credits: Credits charged; 0 for an id that the gateway does not know or has not charged yet.
        status: The gateway's status number and its meaning.
        raw: The gateway's line, as it came.
    """

    credits: Decimal
    status: MessageStatus
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a number: whether the gateway routes it.

    Attributes:
        routed: Whether messages to the number would be routed.
        charge: Credits of the cheapest route for one plain text; None where it is not routed or not told.
        text: The gateway's own words.
    """

    routed: bool
    charge: Decimal | None
    text: str = field(repr=False)
