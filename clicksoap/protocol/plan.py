"""The plan of a send (who gets what, in which requests) and its ledger (the state of each recipient)."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clicksoap.errors import ClicksoapError, GatewayError, InvalidInput
from clicksoap.msisdn import Recipients
from clicksoap.protocol.operations import Answer, Deliver, Parameters
from clicksoap.results import RecipientResult, SendReport, State

IdMaker = Callable[[], str]


def random_id() -> str:
    """A client message id (gateway: ``climsgid``) that no other request has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """The checked input of one send: recipients, contents, and how both are cut into requests.

    Attributes:
        command: The sending command.
        recipients: Every recipient that gets a result, in input order.
        contents: The parameters of each request that a recipient needs: one, or one per part of split octets.
        max_recipients: How many recipients one request takes.
        has_client_id: Whether the command takes a client message id.
        client_message_id: The caller's own id; allowed only if the plan is one request.
        deliver_at: An absolute time of delivery.
        reference: The caller's own; kept on the report.
        unique: Whether a number given several times is sent to once.

    Raises:
        InvalidInput: ``client_message_id`` is given, and the plan needs several requests.
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
        if self.client_message_id is not None and self.requests > 1:
            raise InvalidInput(
                "client_message_id names one request, and this send takes several: leave it out, "
                "each request then gets an id of its own"
            )

    @property
    def requests(self) -> int:
        """How many requests the plan takes if each recipient is accepted."""
        return -(-len(self.addressees()) // self.max_recipients) * len(self.contents)

    def addressees(self) -> Recipients:
        """The recipients that requests are made for: each number once if ``unique``, else all."""
        if not self.unique:
            return self.recipients
        first: dict[str, int] = {}
        for index, number in enumerate(self.recipients.msisdns):
            first.setdefault(number, index)
        return self.recipients.at(list(first.values()))

    def addressee_of(self) -> Sequence[int]:
        """For each recipient in input order, the index of the addressee whose answer is its own."""
        if not self.unique:
            return range(len(self.recipients))
        first = {number: index for index, number in enumerate(self.addressees().msisdns)}
        return [first[number] for number in self.recipients.msisdns]


class Ledger:
    """The state of each recipient while the requests of a plan go out: exactly one state each, whatever happens.

    Args:
        plan: The plan to carry out.
        new_id: Makes the client message id of each request.
    """

    def __init__(self, plan: Plan, new_id: IdMaker = random_id) -> None:
        self._plan = plan
        self._new_id = new_id
        self._addressees = plan.addressees()
        # Per addressee, what the gateway answered; None while there is no answer.
        self._results: list[RecipientResult | None] = [None] * len(self._addressees)
        # Why no further request goes out at all, and why none for further recipients.
        self._stop: ClicksoapError | None = None
        self._half_sent: ClicksoapError | None = None
        # Why the gateway refused the current request, or the login before it.
        self._refusal: GatewayError | None = None
        self._lines: list[str] = []
        self._unmatched: list[str] = []
        self._sent_at = datetime.now(UTC)
        # The addressees that share requests, and how many of their parts have been made into requests.
        self._chunk = range(0)
        self._parts_made = len(plan.contents)
        # The request that has no answer yet, and the addressees that it holds.
        self._current: Deliver | None = None
        self._current_indexes: Sequence[int] = ()

    @property
    def in_flight(self) -> bool:
        """Whether the current request may be with the gateway."""
        return self._current is not None and self._current.may_have_left

    @property
    def has_begun(self) -> bool:
        """Whether any request was answered, or may be with the gateway."""
        return self.in_flight or any(result is not None for result in self._results)

    @property
    def stop(self) -> ClicksoapError | None:
        """Why no further request goes out; None if every recipient has its answer."""
        return self._stop or self._half_sent

    def next(self) -> Deliver | None:
        """The next request, or None if no further one goes out. It is the current one until `enter`."""
        plan = self._plan
        indexes: Sequence[int] = ()
        while not indexes:
            if self._stop is not None:
                return None
            if self._parts_made == len(plan.contents):
                start = self._chunk.stop
                if start == len(self._addressees) or self._half_sent is not None:
                    return None
                self._chunk = indexes = range(start, min(start + plan.max_recipients, len(self._addressees)))
                self._parts_made = 0
            else:
                # A later part goes only to those that were accepted for the earlier ones.
                indexes = [index for index in self._chunk if self._is_accepted(index)]
                if not indexes:
                    self._parts_made = len(plan.contents)
        content = plan.contents[self._parts_made]
        client_message_id = (plan.client_message_id or self._new_id()) if plan.has_client_id else None
        request = plan.command(self._addressees.at(indexes), content, client_message_id, plan.deliver_at)
        self._current_indexes = indexes
        self._current = request
        # Behind the line above: an interruption between them must not make a message of two parts look complete.
        self._parts_made += 1
        return request

    def enter(self, answer: Answer) -> None:
        """Enter the answer to the current request."""
        indexes = self._current_indexes
        if isinstance(indexes, range):
            # The first part: none of them has an answer yet.
            self._results[indexes.start : indexes.stop] = answer.results
        else:
            for index, result in zip(indexes, answer.results, strict=True):
                earlier = self._results[index]
                ids = earlier.message_ids if earlier is not None else ()
                state = result.state
                if state is not State.ACCEPTED:
                    # Some parts are with the gateway, and one is not: neither "sent" nor "not sent" is true. The
                    # other recipients still get the rest of their message.
                    state = State.UNKNOWN
                    self._half_sent = self._half_sent or result.error
                self._results[index] = replace(result, state=state, message_ids=(*ids, *result.message_ids))
        self._lines += answer.lines
        self._unmatched += answer.unmatched
        self._stop = answer.stop
        # Last of all: an interruption before this line leaves the recipients unknown and not "not sent".
        self._current = None

    def refuse(self, error: GatewayError) -> None:
        """Note why the gateway refused the current request, or the login before it: nothing was done with it."""
        self._refusal = error

    def current_results(self) -> tuple[RecipientResult, ...]:
        """One result per recipient of the last request: as answered; else unknown if in flight, else not sent."""
        current = self._current
        if current is None:
            answered = (self._results[index] for index in self._current_indexes)
            return tuple([result for result in answered if result is not None])
        state = State.UNKNOWN if current.may_have_left else State.NOT_SENT
        own_id = current.client_message_id
        numbers = zip(current.recipients.msisdns, current.recipients.given, strict=True)
        error = self._refusal
        return tuple(
            [RecipientResult(to, given, state, error=error, client_message_id=own_id) for to, given in numbers]
        )

    def report(self) -> SendReport:
        """The report of all recipients, in input order; those of a request in flight are unknown."""
        return SendReport(
            tuple(self._known()),
            lines=tuple(self._lines),
            unmatched=tuple(self._unmatched),
            parts=len(self._plan.contents),
            sent_at=self._sent_at,
            ended_at=datetime.now(UTC),
            reference=self._plan.reference,
        )

    def _known(self) -> Sequence[RecipientResult]:
        plan = self._plan
        answered = [result for result in self._results if result is not None]
        is_between_chunks = self._current is None and self._parts_made == len(plan.contents)
        if is_between_chunks and len(answered) == len(self._results) and not plan.unique:
            return answered
        current = self._current
        flying = frozenset(self._current_indexes) if self.in_flight else frozenset[int]()
        refused = frozenset(self._current_indexes) if self._refusal is not None else frozenset[int]()
        own_id = current.client_message_id if current is not None else None
        results: list[RecipientResult] = []
        for to, given, index in zip(plan.recipients.msisdns, plan.recipients.given, plan.addressee_of(), strict=True):
            result = self._results[index]
            error = self._refusal if index in refused else None
            if result is None:
                state = State.UNKNOWN if index in flying else State.NOT_SENT
                own = own_id if index in flying else None
                result = RecipientResult(to, given, state, error=error, client_message_id=own)
            elif index in flying:
                result = replace(result, state=State.UNKNOWN, client_message_id=own_id)
            elif index in self._chunk and self._is_partly_sent(result):
                # A message of which only some parts went out is neither sent nor not sent.
                result = replace(result, state=State.UNKNOWN, error=error)
            if result.given != given or plan.unique:
                result = replace(result, given=given, unique=plan.unique)
            results.append(result)
        return results

    def _is_accepted(self, index: int) -> bool:
        result = self._results[index]
        return result is not None and result.state is State.ACCEPTED

    def _is_partly_sent(self, result: RecipientResult) -> bool:
        return result.state is State.ACCEPTED and len(result.message_ids) < len(self._plan.contents)
