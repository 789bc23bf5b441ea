"""Flows: the order of steps of each call (log in, split, renew, repeat, reconcile), and what each failure means.

A flow is a generator that decides and never waits. It yields an effect (`Send`, `Login`, `Pause`, `Prepare`, `Record`)
and is sent its outcome, or has the exception thrown in that ended the wait. A driver carries the effects out.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from clicksoap.checks import plain_str
from clicksoap.errors import (
    ClicksoapError,
    ConfigurationError,
    GatewayError,
    GatewayFailure,
    InvalidInput,
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    SessionExpired,
    SoapFault,
    TransportError,
    TransportTimeout,
    UnknownMessage,
    attach_report,
)
from clicksoap.protocol import egress
from clicksoap.protocol.bindings import Binding
from clicksoap.protocol.effects import (
    PREPARE,
    Flow,
    Login,
    Pause,
    Record,
    Recorder,
    RequestEvent,
    RequestFinished,
    RequestStarted,
    Send,
)
from clicksoap.protocol.frames import forget_locals
from clicksoap.protocol.observing import Exchange, Watch, describe, outcomes_of
from clicksoap.protocol.operations import Answer, Authenticate, Deliver, Effect, Operation, Parameters, QueryMessage
from clicksoap.protocol.plan import IdMaker, Ledger, Plan, random_id
from clicksoap.protocol.reconciling import LOOK_BACK, Reconciliation
from clicksoap.protocol.replies import MAX_LINES, read
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.session import Session, SessionSnapshot
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.redaction import SECRET_PARAMETERS
from clicksoap.results import FoundRequest, SendReport, State, call_error
from clicksoap.secret import Secret

T = TypeVar("T")


class Credentials:
    """The account's API id, user and password; none of them is in the repr."""

    def __init__(self, api_id: int | str, user: str, password: Secret) -> None:
        self.api_id = api_id
        self.user = user
        self.password = password


class _Call(NamedTuple):
    """One call of a method: its hard end as a reading of ``time.monotonic``, and who keeps books of it."""

    ends_at: float
    recorder: Recorder | None = None


# Status 001 says "unknown, or reporting delayed": it proves nothing.
_NO_REPORT: Final = "001"
_NO_SUCH_CLIENT_ID: Final = "104"


class Flows:
    """The flows of one client: its binding, credentials, session, limits, retries and watch.

    Args:
        binding: Encodes requests and decodes replies.
        credentials: The account.
        session: The session that all calls share.
        timeout: The limits of one request.
        retry: When a failed request is tried again.
        watch: Tells the observer and the logs.
        use_session: Whether commands carry the session id; else user and password.
        deadline: Seconds from the start of a call to its hard end; None for no end but the requests' own.
        new_id: Makes client message ids.
    """

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
        deadline: float | None = None,
        new_id: IdMaker = random_id,
    ) -> None:
        self._binding = binding
        self._credentials = credentials
        self._session = session
        self._timeout = timeout
        self._retry = retry
        self._watch = watch
        self._use_session = use_session
        self._seconds = float("inf") if deadline is None else deadline
        self._new_id = new_id

    def prepare(self) -> None:
        """Read and compile what the binding needs."""
        self._binding.prepare()

    def login(self, deadline: float) -> Flow[str]:
        """Open a session; the driver runs this while it holds the session's lock."""
        credentials = self._credentials
        yield PREPARE
        operation = Authenticate(credentials.api_id, credentials.user, credentials.password.reveal())
        parameters = operation.parameters()
        request = self._binding.encode(operation.name, parameters)
        return (yield from self._attempt(operation, parameters, request, deadline, _Call(float("inf"))))

    def authenticate(self) -> Flow[None]:
        """Log in now, unless another call does it meanwhile."""
        call = self._begin()
        yield from self._with_retries(
            Effect.NONE, lambda deadline: self._logged_in(self._session.current(), deadline), call
        )

    def command(self, operation: Operation[T]) -> Flow[T]:
        """One command for one result, however often the session has to be renewed for it."""
        call = self._begin()
        try:
            return (
                yield from self._with_retries(
                    operation.effect, lambda deadline: self._exchange(operation, deadline, call), call
                )
            )
        except (TransportError, ProtocolError, SoapFault) as error:
            if operation.effect is Effect.ONCE:
                raise _outcome(error) from error
            if operation.effect is Effect.NONE:
                error.may_have_taken_effect = False
            raise
        except GatewayFailure as error:
            # After an internal error (901) nobody can tell what the gateway did before it.
            error.retryable = operation.effect is not Effect.ONCE
            raise

    def raw(self, operation: str, parameters: Parameters) -> Flow[list[str]]:
        """One request exactly as given, without session, repetition or interpretation: the strings of its answer."""
        call = self._begin()
        yield PREPARE
        request = self._binding.encode(operation, parameters)
        began, reply = time.monotonic(), None
        error: BaseException | None = None
        try:
            reply = yield from _send(request, self._timeout, self._deadline(call))
            return self._binding.decode(reply, operation, parameters, _secrets_in(parameters))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._observe(
                operation, parameters, 0, request, reply, began, {"failed" if error else "answered": 1}, error
            )

    def deliver(self, plan: Plan, recorder: Recorder | None = None) -> Flow[SendReport]:
        """Send to every recipient, request by request, until something says that no further one may go out.

        Args:
            plan: What goes to whom.
            recorder: Keeps books of each request.
        """
        call = self._begin(recorder)
        ledger = Ledger(plan, self._new_id)
        try:
            return (yield from self._delivered(ledger, call))
        except _RecorderError as error:
            failure = error.cause
            attach_report(failure, ledger.report())
        except ClicksoapError:
            raise
        except BaseException as error:
            # Ctrl-C, a cancellation: it passes unchanged, and tells what was known when it came.
            attach_report(error, ledger.report())
            raise
        raise failure

    def _delivered(self, ledger: Ledger, call: _Call) -> Flow[SendReport]:
        """The report of a send that was completed with somebody accepted."""
        origin: Exception | None = None
        cause: ClicksoapError | None = None
        try:
            while (operation := ledger.next()) is not None:
                yield from self._recorded(operation, ledger, call)
            cause = ledger.stop
        except ClicksoapError as error:
            origin = cause = error
        except Exception as error:
            if isinstance(error, _RecorderError) or not _is_fault(error):
                raise
            origin, cause = error, ClicksoapError(f"an unexpected {type(error).__name__} ended the call")
        report = ledger.report()
        if cause is None and len(report.rejected) == len(report):
            # Nobody is accepted: a returned report would look like success to a caller who does not read it.
            cause = next((result.error for result in report), None)
        if cause is None:
            return report
        if isinstance(cause, InvalidInput | ConfigurationError) and not ledger.has_begun:
            attach_report(cause, report)
            raise cause
        told = call_error(report, cause)
        raise told from origin

    def reconcile(self, report: SendReport, believe_after: float, *, wait: bool) -> Flow[SendReport]:
        """Ask what became of the unknown recipients of a report, request by request."""
        lost = Reconciliation(report.ended_at or datetime.now(UTC), believe_after)
        asked = [result.client_message_id for result in report.unknown if result.client_message_id]
        if report.sent_at is not None and datetime.now(UTC) - report.sent_at >= LOOK_BACK:
            asked = []
        try:
            yield from self._ask(list(dict.fromkeys(asked)), lost, self._begin(), wait=wait)
        except BaseException as error:
            # Ctrl-C as well: what was found out must not have to be asked for again.
            attach_report(error, report.reconciled(lost.found, lost.settles_at))
            raise
        return report.reconciled(lost.found, lost.settles_at)

    def settle(
        self, client_message_id: str, believe_after: float, ended_at: datetime | None, *, wait: bool
    ) -> Flow[State]:
        """Whether a request of ours arrived: accepted, not_sent, or still unknown."""
        lost = Reconciliation(ended_at or datetime.now(UTC), believe_after)
        yield from self._ask([client_message_id], lost, self._begin(), wait=wait)
        state, _ = lost.found[client_message_id]
        return state

    def find(self, client_message_id: str) -> Flow[FoundRequest]:
        """Ask once what the gateway knows of a request of ours."""
        return (yield from self._find_request(client_message_id, self._begin()))

    def _find_request(self, client_message_id: str, call: _Call) -> Flow[FoundRequest]:
        query = QueryMessage(client_message_id=client_message_id)
        try:
            answer = yield from self._with_retries(
                query.effect, lambda deadline: self._exchange(query, deadline, call), call
            )
        except UnknownMessage as unknown:
            return FoundRequest(client_message_id, State.UNKNOWN, is_denied=unknown.code == _NO_SUCH_CLIENT_ID)
        except (TransportError, ProtocolError, SoapFault) as error:
            error.may_have_taken_effect = False
            raise
        if answer.code == _NO_REPORT:
            return FoundRequest(client_message_id, State.UNKNOWN, status=answer.status)
        return FoundRequest(client_message_id, State.ACCEPTED, answer.message_id, answer.status)

    def _ask(self, client_message_ids: Sequence[str], lost: Reconciliation, call: _Call, *, wait: bool) -> Flow[None]:
        """Ask for each request; where the gateway denies one too early, ask again after one wait for all."""
        for own_id in client_message_ids:
            is_late = lost.seconds_left() <= 0
            lost.enter((yield from self._find_request(own_id, call)), is_believed=is_late)
        early = tuple(lost.early)
        if not early or not wait:
            return
        seconds = lost.seconds_left()
        if time.monotonic() + seconds >= call.ends_at:
            raise TransportTimeout(
                f"the deadline of the call ends within the wait of {seconds:.0f} s", may_have_left=False
            )
        yield Pause(max(0.0, seconds))
        for own_id in early:
            lost.enter((yield from self._find_request(own_id, call)), is_believed=True)

    def _recorded(self, operation: Deliver, ledger: Ledger, call: _Call) -> Flow[Answer]:
        """The answer to a sending command, entered into the ledger and told to the recorder."""
        recorder, outer = call.recorder, sys.exception()
        try:
            answer = yield from self._with_retries(
                operation.effect, lambda deadline: self._exchange(operation, deadline, call), call
            )
            ledger.enter(answer)
        except BaseException as error:
            if isinstance(error, GatewayError):
                ledger.refuse(error)
            if recorder is not None and operation.attempts and not isinstance(error, GeneratorExit):
                cause = error.cause if isinstance(error, _RecorderError) else error
                forget_locals(error, outer)
                finished = RequestFinished(operation.client_message_id, ledger.current_results(), cause)
                try:
                    yield Record(recorder, finished)
                except Exception as failure:  # noqa: BLE001 - the caller needs the first error most
                    error.add_note(f"the recorder failed as well: {type(failure).__name__}")
            raise
        if recorder is not None:
            finished = RequestFinished(operation.client_message_id, tuple(answer.results), None)
            yield from _told_to(recorder, finished)
        return answer

    def _with_retries(self, effect: Effect, make: Callable[[float], Flow[T]], call: _Call) -> Flow[T]:
        """Run a flow again for as long as the policy allows; all tries, logins and pauses share one deadline."""
        deadline = self._deadline(call)
        tries = 0
        while True:
            try:
                return (yield from make(deadline))
            except ClicksoapError as error:
                tries += 1
                pause = self._retry.pause_after(error, effect, tries)
                if pause is None or time.monotonic() + pause >= deadline:
                    raise
            yield Pause(pause)

    def _exchange(self, operation: Operation[T], deadline: float, call: _Call) -> Flow[T]:
        """The result of an operation, after as many logins as it takes."""
        yield PREPARE
        by_session = self._use_session or operation.needs_session
        is_fresh = False
        while True:
            held = self._session.current()
            # Encoded before any login, so that input which cannot be sent is refused before anything leaves.
            identity = {"session_id": held.id or ""} if by_session else self._identity()
            parameters = {**identity, **operation.parameters()}
            request = self._binding.encode(operation.name, parameters)
            if not by_session:
                return (yield from self._attempt(operation, parameters, request, deadline, call))
            if held.id is not None:
                try:
                    result = yield from self._attempt(operation, parameters, request, deadline, call)
                except SessionExpired:
                    if not self._session.may_renew(held, is_fresh=is_fresh) or time.monotonic() >= deadline:
                        raise
                else:
                    self._session.prove(held)
                    return result
            yield from self._logged_in(held, deadline)
            is_fresh = True

    def _attempt(
        self,
        operation: Operation[T],
        parameters: Parameters,
        request: WireRequest,
        deadline: float,
        call: _Call,
    ) -> Flow[T]:
        """The result of one request.

        Raises:
            GatewayError: The gateway refused the request as a whole; nothing was done.
        """
        if time.monotonic() >= call.ends_at:
            raise TransportTimeout("the deadline of the call has passed", may_have_left=False)
        sending: object = operation
        if call.recorder is not None and isinstance(sending, Deliver):
            operation.attempts += 1
            started = RequestStarted(sending.client_message_id, sending.recipients.msisdns, operation.attempts)
            try:
                yield from _told_to(call.recorder, started)
            except _RecorderError:
                operation.attempts -= 1  # a start that was not recorded has no end to be recorded
                raise
        began, reply = time.monotonic(), None
        error: BaseException | None = None
        outcomes = {"failed": 1}
        operation.may_have_left = True
        try:
            reply = yield from _send(request, self._timeout, deadline)
            secrets = self._secrets(parameters)
            items = self._binding.decode(reply, operation.name, parameters, secrets)
            usual = operation.usual_result(items)
            result = self._read(operation, items, secrets) if usual is None else usual
            if self._watch.is_watching:
                outcomes = outcomes_of(result.results) if isinstance(result, Answer) else {"answered": 1}
        except BaseException as raised:
            error = raised
            # A cancellation says, as errors of ours do, whether anything had left; what does not say is taken to have.
            operation.may_have_left = getattr(raised, "may_have_taken_effect", True)
            raise
        finally:
            self._observe(operation.name, parameters, operation.size, request, reply, began, outcomes, error)
        return result

    def _logged_in(self, held: SessionSnapshot, deadline: float) -> Flow[None]:
        try:
            yield Login(held, deadline, (self._timeout, self._seconds))
        except ClicksoapError as error:
            # Whatever became of the login, the command behind it never left.
            error.may_have_taken_effect = False
            raise

    def _read(self, operation: Operation[T], items: Sequence[str], secrets: Sequence[str]) -> T:
        lines = read(items, secrets)
        if len(lines) > MAX_LINES:
            raise ProtocolError(f"the reply holds more than {MAX_LINES} lines")
        return operation.result(lines)

    def _identity(self) -> dict[str, str | int]:
        credentials = self._credentials
        return {"api_id": credentials.api_id, "user": credentials.user, "password": credentials.password.reveal()}

    def _secrets(self, parameters: Parameters) -> list[str]:
        """The texts that nothing may show of what the gateway answers: it may repeat what it was sent."""
        return [self._credentials.password.reveal(), *_secrets_in(parameters)]

    def _begin(self, recorder: Recorder | None = None) -> _Call:
        return _Call(time.monotonic() + self._seconds, recorder)

    def _deadline(self, call: _Call) -> float:
        """When the next request has to be over."""
        return min(time.monotonic() + self._timeout.total, call.ends_at)

    def _observe(  # noqa: PLR0913 - all that is known of an exchange
        self,
        command: str,
        parameters: Parameters,
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
        secrets = [*self._secrets(parameters), self._session.current().id or "", self._credentials.user]
        # A log handler or a filter that fails must not change what became of a message.
        with contextlib.suppress(Exception):
            self._watch.wire(command, parameters, request, reply, secrets)
        with contextlib.suppress(Exception):
            self._watch.exchange(exchange)


class _RecorderError(Exception):
    """Carries what a recorder raised past the handlers of the gateway's and the network's errors."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def _told_to(recorder: Recorder, event: RequestEvent) -> Flow[None]:
    try:
        yield Record(recorder, event)
    except Exception as error:  # noqa: BLE001 - whatever a recorder raises is passed on
        raise _RecorderError(error) from None


_OWN_LIBRARIES: Final = frozenset({"clicksoap", "lxml", "zeep", "requests", "urllib3"})


def _is_fault(error: Exception) -> bool:
    """Whether an exception is a fault of this library or of one beneath it.

    Any other class is the caller's own: a task queue's time limit, raised by a signal handler. The caller waits for
    that very class, so it passes unchanged.
    """
    origin = type(error).__module__.partition(".")[0]
    return origin in sys.stdlib_module_names or origin in _OWN_LIBRARIES


def _secrets_in(parameters: Parameters) -> list[str]:
    return [plain_str(parameters[name]) for name in SECRET_PARAMETERS if parameters.get(name)]


def _send(request: WireRequest, timeout: Timeout, deadline: float) -> Flow[WireReply]:
    egress.check(request.url)
    reply = yield Send(request, timeout, deadline)
    if reply is None:
        raise RuntimeError("the driver answered a request with nothing")
    return reply


def _outcome(error: ClicksoapError) -> NotSent | OutcomeUnknown:
    """The error of a command without recipients that is not to be repeated."""
    if error.may_have_taken_effect:
        return OutcomeUnknown(f"it may have been carried out: {error}", cause=error)
    return NotSent(f"nothing was carried out: {error}", cause=error)
