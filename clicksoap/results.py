"""Results as values: reports of sends, statuses, charges, coverage."""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, overload

from clicksoap.codes import MessageStatus
from clicksoap.errors import GatewayError, InvalidInput, LimitExceeded
from clicksoap.redaction import masked_number


class State(StrEnum):
    """The state of one recipient of a send.

    UNCONFIRMED is found only in what `Client.reconcile` gives: the request arrived, but it had several recipients, so
    what became of this one and under which id is not known. Never send to it again.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    UNCONFIRMED = "unconfirmed"


_TOUCHED: Final = frozenset({State.ACCEPTED, State.UNKNOWN, State.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """The result of one recipient of a send.

    Attributes:
        to: The MSISDN that went out.
        given: The caller's own spelling of it.
        state: Accepted, rejected, unknown (it may have been sent) or not_sent (it was certainly not).
        message_ids: The gateway's ids (apimsgid): one, or one per part of split octets. A recipient that is not
            accepted has those of the parts that were.
        error: Why the gateway rejected this recipient.
        client_message_id: The id (climsgid) that the request of this recipient carried; ask the gateway by it.
        raw: The gateway's line about this recipient, as it came.
    """

    to: str
    given: str
    state: State
    message_ids: tuple[str, ...] = ()
    error: GatewayError | None = None
    client_message_id: str | None = None
    raw: str | None = None

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
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RecipientResult":
        """The result that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        try:
            return cls(
                to=str(data["to"]),
                given=str(data["given"]),
                state=State(data["state"]),
                message_ids=tuple(data["message_ids"]),
                error=_error_of(data["error"]) if data["error"] else None,
                client_message_id=data["client_message_id"],
                raw=data["raw"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"data is not a result that to_dict() gave ({type(error).__name__})"
        raise InvalidInput(f"{problem}: give what RecipientResult.to_dict() returned")

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
        reference: The caller's own, given as ``reference=``.
    """

    results: tuple[RecipientResult, ...]
    lines: tuple[str, ...] = field(default=(), repr=False)
    unmatched: tuple[str, ...] = field(default=(), repr=False)
    parts: int = 1
    sent_at: datetime | None = None
    reference: object = None

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
        """The recipients whose message certainly was not sent."""
        return self._of(State.NOT_SENT)

    @property
    def unconfirmed(self) -> tuple[RecipientResult, ...]:
        """After `Client.reconcile`: the recipients whose request arrived, with nothing else known of them."""
        return self._of(State.UNCONFIRMED)

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the gateway took any recipient of this send, or may have."""
        return any(result.message_ids or result.state in _TOUCHED for result in self.results)

    def raise_for_rejected(self) -> None:
        """Raise if the gateway rejected any recipient.

        Raises:
            GatewayError: The error of the first rejected recipient, with this report on it.
        """
        for result in self.rejected:
            if result.error is not None:
                error = copy.copy(result.error)
                error.report = self
                error.may_have_taken_effect = self.may_have_taken_effect
                raise error

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

    def reconciled(self, found: Mapping[str, tuple[State, str | None]]) -> "SendReport":
        """This report with what was found out about its unknown recipients.

        Args:
            found: By client message id, whether the request arrived (accepted, with the gateway's id), did not
                (not_sent), or is still unknown.
        """
        sharing = Counter(result.client_message_id for result in self.results)
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
        return replace(self, results=tuple(results))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON, numbers and ids included; the reference goes along as it is."""
        return {
            "results": [result.to_dict() for result in self.results],
            "lines": list(self.lines),
            "unmatched": list(self.unmatched),
            "parts": self.parts,
            "sent_at": self.sent_at.isoformat() if self.sent_at else None,
            "reference": self.reference,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SendReport":
        """The report that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        try:
            sent_at = datetime.fromisoformat(data["sent_at"]) if data["sent_at"] else None
            if sent_at is not None and sent_at.utcoffset() is None:
                raise ValueError("sent_at has no time zone")
            return cls(
                tuple(RecipientResult.from_dict(item) for item in data["results"]),
                tuple(data["lines"]),
                tuple(data["unmatched"]),
                int(data["parts"]),
                sent_at,
                data["reference"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"data is not a report that to_dict() gave ({type(error).__name__})"
        raise InvalidInput(f"{problem}: give what SendReport.to_dict() returned")

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self._of(state))} {state}" for state in State if self._of(state))
        return f"<SendReport {counts or 'of nobody'}>"

    def _of(self, state: State) -> tuple[RecipientResult, ...]:
        return tuple([result for result in self.results if result.state is state])


def _data_of(error: GatewayError) -> dict[str, str | None]:
    until = error.until.isoformat() if isinstance(error, LimitExceeded) and error.until else None
    return {"code": error.code, "text": error.text, "until": until}


def _error_of(data: Mapping[str, Any]) -> GatewayError:
    error = GatewayError.of(data["code"], data["text"])
    if isinstance(error, LimitExceeded) and data["until"]:
        error.until = datetime.fromisoformat(data["until"])
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
        is_denied: Whether the gateway said that it knows no such id (error 104). Said once it proves nothing, because
            the request may still be on its way: `Client.reconcile` asks again after a wait.
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
