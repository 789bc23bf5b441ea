"""What the gateway answered, as values: one result per recipient, in input order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import overload

from clicksoap.codes import MessageStatus
from clicksoap.errors import GatewayError
from clicksoap.numbers import masked


class State(StrEnum):
    """What became of one recipient of a send."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What became of one recipient.

    Attributes:
        to: The MSISDN that went out.
        given: The caller's own spelling of it.
        state: Accepted, rejected, unknown (it may have been sent) or not_sent (it was certainly not).
        message_id: The gateway's id (apimsgid), of an accepted recipient.
        error: Why the gateway rejected this recipient.
        client_message_id: The id (climsgid) that the request of this recipient carried; ask the gateway by it.
        raw: The gateway's line about this recipient, as it came.
    """

    to: str
    given: str
    state: State
    message_id: str | None = None
    error: GatewayError | None = None
    client_message_id: str | None = None
    raw: str | None = None

    def __repr__(self) -> str:
        detail = f", {self.error}" if self.error else ""
        return f"<RecipientResult {masked(self.to)} {self.state}{detail}>"


@dataclass(frozen=True, slots=True)
class SendReport(Sequence[RecipientResult]):
    """What became of every recipient of a send, in input order; a number given twice is answered twice.

    Attributes:
        results: One result per recipient.
        lines: Every line that the gateway answered, as it came.
        unmatched: Those of the lines that could not be told to a recipient.
    """

    results: tuple[RecipientResult, ...]
    lines: tuple[str, ...] = field(default=(), repr=False)
    unmatched: tuple[str, ...] = field(default=(), repr=False)

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

    def raise_for_rejected(self) -> None:
        """Raise if the gateway rejected any recipient.

        Raises:
            GatewayError: The error of the first rejected recipient, with this report on it.
        """
        for result in self.rejected:
            if result.error is not None:
                error = GatewayError.of(result.error.code, result.error.text)
                error.report = self
                error.may_have_taken_effect = bool(self.accepted)
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

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self._of(state))} {state}" for state in State if self._of(state))
        return f"<SendReport {counts or 'of nobody'}>"

    def _of(self, state: State) -> tuple[RecipientResult, ...]:
        return tuple(result for result in self.results if result.state is state)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Where a message is.

    Attributes:
        message_id: The gateway's id of the message.
        status: The gateway's status number and its meaning.
        raw: The gateway's line, as it came.
    """

    message_id: str
    status: MessageStatus
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Charge:
    """What a message cost.

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
    """Whether the gateway reaches a prefix.

    Attributes:
        routed: Whether messages to the number would be routed.
        charge: Credits of the cheapest route for one plain text; None where it is not routed or not told.
        text: The gateway's own words.
    """

    routed: bool
    charge: Decimal | None
    text: str
