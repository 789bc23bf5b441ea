"""One send as a whole: how it is cut into requests, and what is known of every recipient while they go out."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from clicksoap.errors import InvalidInput
from clicksoap.numbers import Recipient
from clicksoap.operations import Answer, Deliver, Parameters
from clicksoap.results import RecipientResult, SendReport, State


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes to whom, in which requests.

    Attributes:
        command: The sending command.
        recipients: Everybody who is answered, in input order.
        contents: What each recipient gets: one request's parameters, or several for split octets.
        most: How many recipients fit one request.
        has_client_id: Whether the command takes a client message id.
        client_message_id: The caller's own, for the one request that there is.
        deliver_at: An absolute time of delivery.
        reference: The caller's own.
        unique: Whether a number given several times is sent to once.
    """

    command: type[Deliver]
    recipients: Sequence[Recipient] = field(repr=False)
    contents: Sequence[Parameters] = field(repr=False)
    most: int
    has_client_id: bool = True
    client_message_id: str | None = None
    deliver_at: datetime | None = None
    reference: object = None
    unique: bool = False

    def __post_init__(self) -> None:
        if self.client_message_id is not None and (len(self.contents) > 1 or len(self._sent()) > self.most):
            raise InvalidInput(
                "client_message_id names one request, and this send takes several: leave it out, "
                "each request then gets an id of its own"
            )

    def ledger(self) -> "Ledger":
        """A ledger in which nobody was sent anything."""
        return Ledger(self)

    def _sent(self) -> list[Recipient]:
        if not self.unique:
            return list(self.recipients)
        first: dict[str, Recipient] = {}
        for recipient in self.recipients:
            first.setdefault(recipient.msisdn, recipient)
        return list(first.values())

    def positions(self) -> tuple[list[Recipient], list[int]]:
        """Who is sent to, and for each recipient in input order, which of them answers for it."""
        sent = self._sent()
        if not self.unique:
            return sent, list(range(len(sent)))
        first = {recipient.msisdn: index for index, recipient in enumerate(sent)}
        return sent, [first[recipient.msisdn] for recipient in self.recipients]


class Ledger:
    """Keeps every recipient of a send in exactly one state, whatever happens."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sent, self._answering = plan.positions()
        # Per recipient that is sent to, what the gateway answered; None for those who have no answer.
        self._results: list[RecipientResult | None] = [None] * len(self._sent)
        self._lines: list[str] = []
        self._unmatched: list[str] = []
        self._began = datetime.now(UTC)
        self._current: Sequence[int] = ()
        self._unfinished: Sequence[int] = ()
        self._own_id: str | None = None

    def requests(self) -> Iterator[Deliver]:
        """The requests in order; each is made when the one before it has been answered."""
        plan = self._plan
        for start in range(0, len(self._sent), plan.most):
            self._unfinished = range(start, min(start + plan.most, len(self._sent)))
            for number, content in enumerate(plan.contents):
                # A later part goes to those only who were accepted for the earlier ones.
                self._current = [index for index in self._unfinished if number == 0 or self._is_accepted(index)]
                if not self._current:
                    break
                self._own_id = (plan.client_message_id or uuid.uuid4().hex) if plan.has_client_id else None
                to = [self._sent[index] for index in self._current]
                yield plan.command(to, content, self._own_id, plan.deliver_at)
            self._unfinished = ()

    def enter(self, answer: Answer) -> int:
        """Enter the answer to the current request; gives how many recipients it leaves unknown."""
        unknown = 0
        for index, result in zip(self._current, answer.results, strict=True):
            earlier = self._results[index]
            if earlier is None:
                self._results[index] = result
            else:
                self._results[index] = replace(result, message_ids=(*earlier.message_ids, *result.message_ids))
            unknown += result.state is State.UNKNOWN
        self._lines += answer.lines
        self._unmatched += answer.unmatched
        # Last of all: whatever interrupts this before leaves the recipients unknown and not "not sent".
        self._current = ()
        return unknown

    def report(self, *, in_flight: bool = False) -> SendReport:
        """What is known of everybody.

        Args:
            in_flight: Whether the current request may be with the gateway.
        """
        flying = frozenset(self._current) if in_flight else frozenset[int]()
        results: list[RecipientResult] = []
        for recipient, index in zip(self._plan.recipients, self._answering, strict=True):
            result = self._results[index]
            if result is None:
                state = State.UNKNOWN if index in flying else State.NOT_SENT
                own_id = self._own_id if index in flying else None
                result = RecipientResult(recipient.msisdn, recipient.given, state, client_message_id=own_id)
            elif index in flying:
                result = replace(result, state=State.UNKNOWN, client_message_id=self._own_id)
            elif index in self._unfinished and self._is_partly_sent(result):
                # A message of which only some parts went out is neither sent nor not sent.
                result = replace(result, state=State.UNKNOWN)
            results.append(result if result.given == recipient.given else replace(result, given=recipient.given))
        return SendReport(
            tuple(results),
            lines=tuple(self._lines),
            unmatched=tuple(self._unmatched),
            parts=len(self._plan.contents),
            sent_at=self._began,
            reference=self._plan.reference,
        )

    def _is_accepted(self, index: int) -> bool:
        result = self._results[index]
        return result is not None and result.state is State.ACCEPTED

    def _is_partly_sent(self, result: RecipientResult) -> bool:
        return result.state is State.ACCEPTED and len(result.message_ids) < len(self._plan.contents)
