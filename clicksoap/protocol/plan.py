"""One send as a whole: how it is cut into requests, and what is known of every recipient while they go out."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clicksoap.errors import InvalidInput
from clicksoap.msisdn import Recipients
from clicksoap.protocol.operations import Answer, Deliver, Parameters
from clicksoap.results import RecipientResult, SendReport, State


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """What goes to whom, in which requests.

    Attributes:
        command: The sending command.
        recipients: Everybody who is answered, in input order.
        contents: What each recipient gets: one request's parameters, or several for split octets.
        max_recipients: How many recipients fit one request.
        has_client_id: Whether the command takes a client message id.
        client_message_id: The caller's own, for the one request that there is.
        deliver_at: An absolute time of delivery.
        reference: The caller's own.
        unique: Whether a number given several times is sent to once.
    """

    command: type[Deliver]
    recipients: Recipients
    contents: Sequence[Parameters]
    max_recipients: int
    has_client_id: bool = True
    client_message_id: str | None = None
    deliver_at: datetime | None = None
    reference: object = None
    unique: bool = False

    def __post_init__(self) -> None:
        if self.client_message_id is not None and (len(self.contents) > 1 or len(self.sent()) > self.max_recipients):
            raise InvalidInput(
                "client_message_id names one request, and this send takes several: leave it out, "
                "each request then gets an id of its own"
            )

    def ledger(self) -> "Ledger":
        """A ledger in which nobody was sent anything."""
        return Ledger(self)

    def sent(self) -> Recipients:
        """Who is sent to."""
        if not self.unique:
            return self.recipients
        first: dict[str, int] = {}
        for index, number in enumerate(self.recipients.msisdns):
            first.setdefault(number, index)
        return self.recipients.at(list(first.values()))

    def answering(self) -> Sequence[int]:
        """For each recipient in input order, which of those who are sent to answers for it."""
        if not self.unique:
            return range(len(self.recipients))
        first = {number: index for index, number in enumerate(self.sent().msisdns)}
        return [first[number] for number in self.recipients.msisdns]


class Ledger:
    """Keeps every recipient of a send in exactly one state, whatever happens."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sent = plan.sent()
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
        for start in range(0, len(self._sent), plan.max_recipients):
            self._unfinished = range(start, min(start + plan.max_recipients, len(self._sent)))
            for number, content in enumerate(plan.contents):
                # A later part goes to those only who were accepted for the earlier ones.
                everybody = self._unfinished
                self._current = [index for index in everybody if self._is_accepted(index)] if number else everybody
                if not self._current:
                    break
                self._own_id = (plan.client_message_id or uuid.uuid4().hex) if plan.has_client_id else None
                yield plan.command(self._sent.at(self._current), content, self._own_id, plan.deliver_at)
            self._unfinished = ()

    def enter(self, answer: Answer) -> None:
        """Enter the answer to the current request."""
        if isinstance(self._current, range):
            # The first part: nobody among them has an answer yet.
            self._results[self._current.start : self._current.stop] = answer.results
        else:
            for index, result in zip(self._current, answer.results, strict=True):
                earlier = self._results[index]
                ids = earlier.message_ids if earlier is not None else ()
                self._results[index] = replace(result, message_ids=(*ids, *result.message_ids))
        self._lines += answer.lines
        self._unmatched += answer.unmatched
        # Last of all: whatever interrupts this before leaves the recipients unknown and not "not sent".
        self._current = ()

    def report(self, *, in_flight: bool = False) -> SendReport:
        """What is known of everybody.

        Args:
            in_flight: Whether the current request may be with the gateway.
        """
        return SendReport(
            tuple(self._known(in_flight=in_flight)),
            lines=tuple(self._lines),
            unmatched=tuple(self._unmatched),
            parts=len(self._plan.contents),
            sent_at=self._began,
            reference=self._plan.reference,
        )

    def _known(self, *, in_flight: bool) -> Sequence[RecipientResult]:
        plan = self._plan
        answered = [result for result in self._results if result is not None]
        if len(answered) == len(self._results) and not self._unfinished and not plan.unique:
            return answered
        flying = frozenset(self._current) if in_flight else frozenset[int]()
        results: list[RecipientResult] = []
        for to, given, index in zip(plan.recipients.msisdns, plan.recipients.given, plan.answering(), strict=True):
            result = self._results[index]
            if result is None:
                state = State.UNKNOWN if index in flying else State.NOT_SENT
                own_id = self._own_id if index in flying else None
                result = RecipientResult(to, given, state, client_message_id=own_id)
            elif index in flying:
                result = replace(result, state=State.UNKNOWN, client_message_id=self._own_id)
            elif index in self._unfinished and self._is_partly_sent(result):
                # A message of which only some parts went out is neither sent nor not sent.
                result = replace(result, state=State.UNKNOWN)
            results.append(result if result.given == given else replace(result, given=given))
        return results

    def _is_accepted(self, index: int) -> bool:
        result = self._results[index]
        return result is not None and result.state is State.ACCEPTED

    def _is_partly_sent(self, result: RecipientResult) -> bool:
        return result.state is State.ACCEPTED and len(result.message_ids) < len(self._plan.contents)
