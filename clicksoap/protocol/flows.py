"""The order of things: log in, split, renew, repeat or not, reconcile, and what a failure means for each recipient.

A flow is a generator that decides and never waits. It yields what is to be done (`Send`, `Login`, `Pause`) and is given
the outcome, or has the exception thrown in that ended the waiting; a driver does the doing.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from clicksoap.checks import plain_str
from clicksoap.errors import (
    ClicksoapError,
    InvalidInput,
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    SessionExpired,
    SoapFault,
    TransportError,
    UnknownMessage,
)
from clicksoap.protocol import egress
from clicksoap.protocol.bindings import Binding
from clicksoap.protocol.observing import Exchange, Watch, describe, outcomes_of
from clicksoap.protocol.operations import Answer, Authenticate, Deliver, Effect, Operation, Parameters, QueryMessage
from clicksoap.protocol.plan import Ledger, Plan
from clicksoap.protocol.replies import MAX_LINES, read, refusal_of_request
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.session import Session, SessionSnapshot
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.results import SendReport, State
from clicksoap.secret import Secret

T = TypeVar("T")


class Send(NamedTuple):
    """Exchange a request; the flow is sent the `WireReply`. ``deadline`` is a reading of ``time.monotonic``."""

    request: WireRequest
    deadline: float


class Login(NamedTuple):
    """Have a session other than the one held, by somebody else's login or by one's own."""

    held: SessionSnapshot
    deadline: float


class Pause(NamedTuple):
    """Wait for so many seconds."""

    seconds: float


class Prepare:
    """Have `Flows.prepare` run, which blocks for some milliseconds once per process."""


Flow = Generator[Send | Login | Pause | Prepare, WireReply | None, T]


class Credentials:
    """What identifies the caller. All of it stays out of the repr."""

    def __init__(self, api_id: int | str, user: str, password: Secret) -> None:
        self.api_id = api_id
        self.user = user
        self.password = password


# querymsg looks back six days (vendor's SOAP page on querying a message); older ids it answers as unknown.
_LOOK_BACK: Final = timedelta(days=6)
# Status 001 says "unknown, or reporting delayed": it proves nothing.
_UNTOLD: Final = "001"
_NO_SUCH_CLIENT_ID: Final = "104"


class Flows:
    """The flows of one client: its binding, credentials, session, time limits, retries and watch."""

    def __init__(  # noqa: PLR0913 - what a client consists of
        self,
        binding: Binding,
        credentials: Credentials,
        session: Session,
        timeout: Timeout,
        retry: Retry,
        watch: Watch,
        *,
        use_session: bool,
    ) -> None:
        self._binding = binding
        self._credentials = credentials
        self._session = session
        self._timeout = timeout
        self._retry = retry
        self._watch = watch
        self._use_session = use_session
        self._ready = False

    def prepare(self) -> None:
        """Read and compile what the binding needs."""
        self._binding.prepare()
        self._ready = True

    def login(self, deadline: float) -> Flow[str]:
        """Open a session; the driver runs this while it holds the session's lock."""
        credentials = self._credentials
        if not self._ready:
            yield Prepare()
        operation = Authenticate(credentials.api_id, credentials.user, credentials.password.reveal())
        request = self._binding.encode(operation.name, operation.parameters())
        return (yield from self._once(operation, request, SessionSnapshot(None, 0), deadline, _Attempt()))

    def authenticate(self) -> Flow[None]:
        """Log in now, unless somebody else does it meanwhile."""
        yield from self._persistently(Effect.NONE, lambda: _logged_in(self._session.current(), self._deadline()))

    def command(self, operation: Operation[T]) -> Flow[T]:
        """One command for one result, however often the session has to be renewed for it."""
        try:
            return (yield from self._persistently(operation.effect, lambda: self._exchange(operation, _Attempt())))
        except (TransportError, ProtocolError, SoapFault) as error:
            if operation.effect is Effect.ONCE:
                raise _outcome(error, "carried out") from error
            if operation.effect is Effect.NONE:
                error.may_have_taken_effect = False
            raise

    def raw(self, operation: str, parameters: Parameters) -> Flow[list[str]]:
        """One request exactly as given, without session, repetition or interpretation: the strings of its answer."""
        if not self._ready:
            yield Prepare()
        request = self._binding.encode(operation, parameters)
        began, reply = time.monotonic(), None
        error: BaseException | None = None
        try:
            reply = yield from _sent(request, self._deadline())
            return self._binding.decode(reply, self._secrets(parameters))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._told(operation, 0, request, reply, began, {"failed" if error else "answered": 1}, error)

    def deliver(self, plan: Plan) -> Flow[SendReport]:
        """Send to everybody, request by request; the first unknown outcome stops the rest."""
        ledger = plan.ledger()
        attempt = _Attempt()
        try:
            for operation in ledger.requests():
                attempt = _Attempt()
                answer = yield from self._delivered(operation, attempt)
                ledger.enter(answer)
                attempt.in_flight = False
                if answer.unknown:
                    raise ProtocolError(f"the answer leaves {answer.unknown} of {operation.size} recipients untold")
            return ledger.report()
        except ClicksoapError as error:
            told = _explained(error, ledger, in_flight=attempt.in_flight)
            if told is error:
                raise
            raise told from error
        except BaseException as error:
            # Ctrl-C, a cancellation: it passes unchanged, and tells what was known when it came.
            error.report = ledger.report(in_flight=attempt.in_flight)  # type: ignore[attr-defined]
            raise

    def reconcile(self, report: SendReport, wait: float) -> Flow[SendReport]:
        """Ask what became of the unknown recipients of a report, request by request."""
        _check_wait(wait)
        found: dict[str, tuple[State, str | None]] = {}
        asked = [result for result in report.unknown if result.client_message_id]
        if report.sent_at is not None and datetime.now(UTC) - report.sent_at >= _LOOK_BACK:
            asked = []
        try:
            for result in asked:
                own_id = result.client_message_id or ""
                if own_id not in found:
                    found[own_id] = yield from self.whereabouts(own_id, wait)
        except ClicksoapError as error:
            error.report = report.reconciled(found)
            raise
        return report.reconciled(found)

    def whereabouts(self, client_message_id: str, wait: float) -> Flow[tuple[State, str | None]]:
        """Whether a request of ours arrived: accepted with the gateway's id, not_sent, or still unknown.

        "No such id" is believed only when it is said again after a wait: the request may still be on its way.
        """
        _check_wait(wait)
        query = QueryMessage(client_message_id=client_message_id)
        for last in (False, True):
            try:
                status = yield from self.command(query)
            except UnknownMessage as unknown:
                if unknown.code != _NO_SUCH_CLIENT_ID:
                    return State.UNKNOWN, None
                if last:
                    return State.NOT_SENT, None
                yield Pause(wait)
            else:
                if status.status.code == _UNTOLD:
                    return State.UNKNOWN, None
                return State.ACCEPTED, status.message_id
        raise AssertionError("unreachable")

    def _delivered(self, operation: Deliver, attempt: "_Attempt") -> Flow[Answer]:
        return (yield from self._persistently(operation.effect, lambda: self._exchange(operation, attempt)))

    def _persistently(self, effect: Effect, make: Callable[[], Flow[T]]) -> Flow[T]:
        """Run a flow again for as long as the policy allows."""
        last_start = self._deadline()
        tries = 0
        while True:
            try:
                return (yield from make())
            except ClicksoapError as error:
                tries += 1
                pause = self._retry.pause_after(error, effect, tries)
                if pause is None or time.monotonic() + pause >= last_start:
                    raise
            yield Pause(pause)

    def _exchange(self, operation: Operation[T], attempt: "_Attempt") -> Flow[T]:
        """The result of an operation, after as many logins as it takes."""
        if not self._ready:
            yield Prepare()
        deadline = self._deadline()
        by_session = self._use_session or operation.needs_session
        is_fresh = False
        while True:
            held = self._session.current()
            # Encoded before any login, so that input which cannot be sent is refused before anything leaves.
            identity = {"session_id": held.id or ""} if by_session else self._identity()
            request = self._binding.encode(operation.name, {**identity, **operation.parameters()})
            if not by_session:
                return (yield from self._once(operation, request, held, deadline, attempt))
            if held.id is not None:
                try:
                    result = yield from self._once(operation, request, held, deadline, attempt)
                except SessionExpired:
                    if not self._session.may_renew(held, is_fresh=is_fresh) or time.monotonic() >= deadline:
                        raise
                else:
                    self._session.prove(held)
                    return result
            yield from _logged_in(held, deadline)
            is_fresh = True

    def _once(
        self, operation: Operation[T], request: WireRequest, held: SessionSnapshot, deadline: float, attempt: "_Attempt"
    ) -> Flow[T]:
        """The result of one request.

        Raises:
            GatewayError: The gateway refused the request as a whole; nothing was done.
        """
        began, reply = time.monotonic(), None
        error: BaseException | None = None
        outcomes = {"failed": 1}
        attempt.in_flight = True
        try:
            reply = yield from _sent(request, deadline)
            secrets = (self._credentials.password.reveal(), held.id or "")
            items = self._binding.decode(reply, secrets)
            usual = operation.usual_result(items)
            result = self._read(operation, items, secrets) if usual is None else usual
            if self._watch.is_watching:
                outcomes = outcomes_of(result.results) if isinstance(result, Answer) else {"answered": 1}
        except BaseException as raised:
            error = raised
            # A cancellation says, as errors of ours do, whether anything had left; what does not say is taken to have.
            attempt.in_flight = attempt.in_flight and getattr(raised, "may_have_taken_effect", True)
            raise
        finally:
            self._told(operation.name, operation.size, request, reply, began, outcomes, error)
        return result

    def _read(self, operation: Operation[T], items: Sequence[str], secrets: Sequence[str]) -> T:
        lines = read(items, secrets)
        if len(lines) > MAX_LINES:
            raise ProtocolError(f"the reply holds more than {MAX_LINES} lines")
        refusal = refusal_of_request(lines, operation.size)
        if refusal is not None:
            raise refusal
        return operation.result(lines)

    def _identity(self) -> dict[str, str | int]:
        credentials = self._credentials
        return {"api_id": credentials.api_id, "user": credentials.user, "password": credentials.password.reveal()}

    def _secrets(self, parameters: Parameters) -> Sequence[str]:
        return [plain_str(value) for name, value in parameters.items() if name in {"password", "session_id"}]

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout.total

    def _told(  # noqa: PLR0913 - all that is known of an exchange
        self,
        command: str,
        recipients: int,
        request: WireRequest,
        reply: WireReply | None,
        began: float,
        outcomes: dict[str, int],
        error: BaseException | None,
    ) -> None:
        if not self._watch.is_watching:
            return
        name, code = describe(error)
        seconds = time.monotonic() - began
        status = reply.status if reply is not None else None
        exchange = Exchange(command, self._binding.name, recipients, seconds, status, outcomes, name, code)
        secrets = (self._credentials.password.reveal(), self._session.current().id or "")
        # A log handler or a filter that fails must not change what became of a message.
        with contextlib.suppress(Exception):
            self._watch.wire(command, request, reply, secrets)
        with contextlib.suppress(Exception):
            self._watch.exchange(exchange)


class _Attempt:
    """Whether the request of a flow may be with the gateway just now."""

    __slots__ = ("in_flight",)

    def __init__(self) -> None:
        self.in_flight = False


def _check_wait(wait: object) -> None:
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait < float("inf"):
        raise InvalidInput("wait is no number of seconds, 0 or more")


def _sent(request: WireRequest, deadline: float) -> Flow[WireReply]:
    egress.check(request.url)
    reply = yield Send(request, deadline)
    if reply is None:
        raise RuntimeError("the driver answered a request with nothing")
    return reply


def _logged_in(held: SessionSnapshot, deadline: float) -> Flow[None]:
    try:
        yield Login(held, deadline)
    except ClicksoapError as error:
        # Whatever became of the login, the command behind it never left.
        error.may_have_taken_effect = False
        raise


def _outcome(error: ClicksoapError, done: str) -> NotSent | OutcomeUnknown:
    if error.may_have_taken_effect:
        return OutcomeUnknown(f"it may have been {done}: {error}", cause=error)
    return NotSent(f"nothing was {done}: {error}", cause=error)


def _explained(error: ClicksoapError, ledger: Ledger, *, in_flight: bool) -> ClicksoapError:
    """The error that tells the caller of a failed request, with the report on it."""
    told = _outcome(error, "sent") if isinstance(error, TransportError | ProtocolError | SoapFault) else error
    report = ledger.report(in_flight=in_flight and isinstance(told, OutcomeUnknown))
    told.report = report
    told.may_have_taken_effect = report.may_have_taken_effect
    retryable = told.cause.retryable if told.cause else told.retryable
    told.retryable = retryable and bool(report.not_sent)
    return told
