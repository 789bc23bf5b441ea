"""The order of things: log in, split, renew, repeat or not, and what a failure means for each recipient.

A flow is a generator that decides and never waits. It yields what is to be done (`Send`, `Login`) and is given the
outcome, or has the exception thrown in that ended the waiting; a driver does the doing.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from clicksoap.bindings import Binding
from clicksoap.errors import (
    ClicksoapError,
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    SessionExpired,
    SoapFault,
    TransportError,
)
from clicksoap.operations import Authenticate, Deliver, Effect, Operation
from clicksoap.replies import Line, read, refusal_of_request
from clicksoap.results import RecipientResult, SendReport, State
from clicksoap.session import Held, Session
from clicksoap.wire import Timeout, WireReply, WireRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Exchange a request; the flow is sent the `WireReply`. ``deadline`` is a reading of ``time.monotonic``."""

    request: WireRequest
    deadline: float


@dataclass(frozen=True, slots=True)
class Login:
    """Have a session other than the one held, by somebody else's login or by one's own."""

    held: Held
    deadline: float


Flow = Generator[Send | Login, WireReply | None, T]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What identifies the caller. All of it stays out of the repr."""

    api_id: int = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)


class Flows:
    """The flows of one client: its binding, its credentials, its session and its time limits."""

    def __init__(
        self, binding: Binding, credentials: Credentials, session: Session, timeout: Timeout, *, use_session: bool
    ) -> None:
        self._binding = binding
        self._credentials = credentials
        self._session = session
        self._timeout = timeout
        self._use_session = use_session

    def login(self, deadline: float) -> Flow[str]:
        """Open a session; the driver runs this while it holds the session's lock."""
        operation = Authenticate(self._credentials.api_id, self._credentials.user, self._credentials.password)
        reply = yield from _sent(self._binding.encode(operation.name, operation.parameters()), deadline)
        return operation.result(self._lines(reply, Held(None, 0)))

    def authenticate(self) -> Flow[None]:
        """Log in now, unless somebody else does it meanwhile."""
        yield from _logged_in(self._session.current(), self._deadline())

    def command(self, operation: Operation[T]) -> Flow[T]:
        """One command for one result, however often the session has to be renewed for it."""
        try:
            lines = yield from self._exchange(operation, _Attempt())
            return operation.result(lines)
        except (TransportError, ProtocolError, SoapFault) as error:
            if operation.effect is Effect.ONCE:
                raise _outcome(error) from error
            if operation.effect is Effect.NONE:
                error.may_have_taken_effect = False
            raise

    def deliver(self, requests: Sequence[Deliver]) -> Flow[SendReport]:
        """Send to everybody, request by request; the first unknown outcome stops the rest."""
        ledger = _Ledger(requests)
        for operation in requests:
            attempt = _Attempt()
            try:
                lines = yield from self._exchange(operation, attempt)
                ledger.answer(operation, lines)
                attempt.in_flight = False
                ledger.check(operation)
            except ClicksoapError as error:
                told = ledger.explained(error, in_flight=attempt.in_flight)
                if told is error:
                    raise
                raise told from error
            except BaseException as error:
                # Ctrl-C, a cancellation: it passes unchanged, and tells what was known when it came.
                error.report = ledger.report(in_flight=attempt.in_flight)  # type: ignore[attr-defined]
                raise
        return ledger.report()

    def _exchange(self, operation: Operation[T], attempt: "_Attempt") -> Flow[list[Line]]:
        """The lines that answer an operation, after as many logins as it takes."""
        deadline = self._deadline()
        parameters = operation.parameters()
        by_session = self._use_session or operation.needs_session
        while True:
            held = self._session.current()
            # Encoded before any login, so that input which cannot be sent is refused before anything leaves.
            identity = {"session_id": held.id or ""} if by_session else self._identity()
            request = self._binding.encode(operation.name, {**identity, **parameters})
            if by_session and held.id is None:
                yield from _logged_in(held, deadline)
                continue
            attempt.in_flight = True
            reply = yield from _sent(request, deadline)
            lines = self._lines(reply, held)
            refusal = refusal_of_request(lines)
            if refusal is None:
                if by_session:
                    self._session.prove(held)
                return lines
            attempt.in_flight = False
            expired = by_session and isinstance(refusal, SessionExpired)
            if not expired or not self._session.may_renew(held) or time.monotonic() >= deadline:
                raise refusal
            yield from _logged_in(held, deadline)

    def _lines(self, reply: WireReply, held: Held) -> list[Line]:
        secrets = (self._credentials.password, held.id or "")
        return read(self._binding.decode(reply, secrets), secrets)

    def _identity(self) -> dict[str, str | int]:
        credentials = self._credentials
        return {"api_id": credentials.api_id, "user": credentials.user, "password": credentials.password}

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout.total


class _Attempt:
    """Whether the request of a flow may be with the gateway just now."""

    __slots__ = ("in_flight",)

    def __init__(self) -> None:
        self.in_flight = False


class _Ledger:
    """What is known of every recipient while the requests of a send go out one after another."""

    def __init__(self, requests: Sequence[Deliver]) -> None:
        self._requests = requests
        # Per answered request: its results, the lines that belong to nobody, and all its lines.
        self._answers: list[tuple[list[RecipientResult], list[Line], list[Line]]] = []

    def answer(self, operation: Deliver, lines: list[Line]) -> None:
        """Enter the answer to the next request."""
        self._answers.append((*operation.result(lines), lines))

    def check(self, operation: Deliver) -> None:
        """Refuse to go on behind an answer that leaves recipients untold."""
        unknown = sum(result.state is State.UNKNOWN for result in self._answers[-1][0])
        if unknown:
            raise ProtocolError(f"the answer leaves {unknown} of {len(operation.recipients)} recipients untold")

    def report(self, *, in_flight: bool = False) -> SendReport:
        """Every recipient in exactly one state.

        Args:
            in_flight: Whether the first request without an answer may be with the gateway; the later ones are not.
        """
        results = [result for answer in self._answers for result in answer[0]]
        for index, operation in enumerate(self._requests[len(self._answers) :]):
            state = State.UNKNOWN if in_flight and index == 0 else State.NOT_SENT
            results += [
                RecipientResult(to.msisdn, to.given, state, client_message_id=operation.client_message_id)
                for to in operation.recipients
            ]
        return SendReport(
            tuple(results),
            lines=tuple(line.raw for answer in self._answers for line in answer[2]),
            unmatched=tuple(line.raw for answer in self._answers for line in answer[1]),
        )

    def explained(self, error: ClicksoapError, *, in_flight: bool) -> ClicksoapError:
        """The error that tells the caller of a failed request, with the report on it."""
        told = _outcome(error) if isinstance(error, TransportError | ProtocolError | SoapFault) else error
        report = self.report(in_flight=in_flight and isinstance(told, OutcomeUnknown))
        told.report = report
        told.may_have_taken_effect = bool(report.accepted or report.unknown)
        told.retryable = told.cause.retryable if told.cause else told.retryable
        told.retryable = told.retryable and bool(report.not_sent)
        return told


def _sent(request: WireRequest, deadline: float) -> Flow[WireReply]:
    reply = yield Send(request, deadline)
    if reply is None:
        raise RuntimeError("the driver answered a request with nothing")
    return reply


def _logged_in(held: Held, deadline: float) -> Flow[None]:
    try:
        yield Login(held, deadline)
    except ClicksoapError as error:
        # Whatever became of the login, the command behind it never left.
        error.may_have_taken_effect = False
        raise


def _outcome(error: ClicksoapError) -> NotSent | OutcomeUnknown:
    if error.may_have_taken_effect:
        return OutcomeUnknown(f"it may have been sent: {error}", cause=error)
    return NotSent(f"nothing was sent: {error}", cause=error)
