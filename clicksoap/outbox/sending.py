"""Sends one claimed request, and says what became of each of its recipients."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from clicksoap.client import Client
from clicksoap.errors import (
    ACCOUNT_CODES,
    AuthenticationError,
    ClicksoapError,
    ConfigurationError,
    GatewayError,
    GatewayFailure,
    InvalidInput,
    LimitExceeded,
    OutcomeUnknown,
    TransportError,
    report_of,
)
from clicksoap.outbox.claims import Claimed
from clicksoap.outbox.content import restore
from clicksoap.protocol.effects import RequestEvent, RequestStarted
from clicksoap.results import RecipientResult, SendReport, State


class Fate(Enum):
    """The fate of a request.

    - ANSWERED: the gateway answered; each recipient has a state, and some may be unknown.
    - LOST: it may be with the gateway.
    - WITHDRAWN: this worker did not send it, because it stops or because the lease is nearly over.
    - UNSENT: nothing of it left this machine.
    - PROVEN: the gateway, or something before it, answered so that it certainly did nothing.
    - ACCOUNT: the gateway refuses the account for now: it is frozen, or without credit, or at its limit.
    - CREDENTIALS: the gateway refuses this client's credentials.
    - IMPOSSIBLE: the message cannot be sent with this binding, or not within these limits.
    - UNUSABLE: this client can send nothing: its settings or its installation are wrong.
    """

    ANSWERED = auto()
    LOST = auto()
    WITHDRAWN = auto()
    UNSENT = auto()
    PROVEN = auto()
    ACCOUNT = auto()
    CREDENTIALS = auto()
    IMPOSSIBLE = auto()
    UNUSABLE = auto()


@dataclass(frozen=True, slots=True)
class Sent:
    """A claimed request with its fate.

    Attributes:
        claimed: The request.
        fate: What became of it.
        results: One result per recipient, in order; empty where the fate says all.
        why: The reason in words, without numbers and texts.
        code: The gateway's number of the error, if it gave one.
        until: When the gateway takes messages again, if it told.
        client: The client that sent it.
    """

    claimed: Claimed
    fate: Fate
    client: Client
    results: tuple[RecipientResult, ...] = field(default=(), repr=False)
    why: str = ""
    code: str | None = None
    until: datetime | None = None


class Withdrawn(Exception):
    """The request is not sent: the worker stops, or the lease is nearly over."""


class Instant:
    """A moment by both clocks of this machine: the one that is never set, and the one on the wall.

    Attributes:
        monotonic: Seconds by ``time.monotonic``.
        wall: Seconds since 1970 by ``time.time``.
    """

    __slots__ = ("monotonic", "wall")

    def __init__(self) -> None:
        self.monotonic = time.monotonic()
        self.wall = time.time()


class Gate:
    """Says whether a claimed request may still leave, right before its first byte does.

    Both the monotonic and the wall clock are looked at: the first stands still while a machine sleeps, and the second
    may be set. Either may forbid.

    Args:
        start: How many seconds after its claim the call may begin.
        last: How many seconds after its claim the request may leave; a login may stand between.
        is_stopping: Whether the worker stops.
        began: When its claim began.

    Attributes:
        has_opened: Whether the request was let out.
    """

    def __init__(self, start: float, last: float, is_stopping: Callable[[], bool], began: Instant) -> None:
        self.has_opened = False
        self._start = start
        self._last = last
        self._is_stopping = is_stopping
        self._began = began

    def check_start(self) -> None:
        """Raise `Withdrawn` if the call may not begin."""
        self._check(self._start)

    def __call__(self, event: RequestEvent) -> None:
        """Keep books for a send: the start of a request is refused where it comes too late."""
        if isinstance(event, RequestStarted):
            self._check(self._last)
            self.has_opened = True

    def _check(self, seconds: float) -> None:
        now = Instant()
        waited = max(now.monotonic - self._began.monotonic, now.wall - self._began.wall)
        if waited > seconds or self._is_stopping():
            raise Withdrawn


_MINUTE: Final = timedelta(minutes=1)


def send(client: Client, claimed: Claimed, gate: Gate, now: float) -> Sent:
    """Send a claimed request; never raises for what became of it.

    Args:
        client: A client that does not repeat requests by itself.
        claimed: The request.
        gate: Forbids what comes too late.
        now: The present time by the database's clock.
    """
    core, driver = client._core, client._driver  # noqa: SLF001 - the seam for who keeps books of a send
    try:
        message, options = restore(claimed.text, claimed.options)
        if claimed.expires_at is not None:
            left = max(_MINUTE, timedelta(seconds=claimed.expires_at - now) // _MINUTE * _MINUTE)
            options["validity"] = min(options.get("validity", left), left)
        options["client_message_id"] = claimed.request_id
        # In international form, so that no region of the client reads them as national ones.
        plan = core.plan([f"+{number}" for number in claimed.msisdns], message, options)
    except InvalidInput as error:
        return Sent(claimed, Fate.IMPOSSIBLE, client, why=str(error))
    except ConfigurationError as error:
        return Sent(claimed, Fate.UNUSABLE, client, why=str(error))
    try:
        gate.check_start()
        report = driver.run(core.deliver(plan, gate))
    except Withdrawn:
        return Sent(claimed, Fate.WITHDRAWN, client)
    except ClicksoapError as error:
        return _failed(client, claimed, error, report_of(error), gate)
    except Exception as error:  # noqa: BLE001 - a foreign error must not cost the answers of others
        return _failed(client, claimed, ClicksoapError(f"a {type(error).__name__} was raised"), report_of(error), gate)
    return Sent(claimed, Fate.ANSWERED, client, _opened(report))


def _opened(report: SendReport) -> tuple[RecipientResult, ...]:
    """The results of a report. An internal error of the gateway (901) tells nothing: it is asked about."""
    return tuple(
        RecipientResult(each.to, each.given, State.UNKNOWN, client_message_id=each.client_message_id)
        if isinstance(each.error, GatewayFailure)
        else each
        for each in report
    )


def _failed(client: Client, claimed: Claimed, error: ClicksoapError, report: SendReport | None, gate: Gate) -> Sent:
    cause = getattr(error, "cause", None) or error
    why = str(cause)
    code = cause.code if isinstance(cause, GatewayError) else None
    until = cause.until if isinstance(cause, LimitExceeded) else None

    def sent(fate: Fate, results: tuple[RecipientResult, ...] = ()) -> Sent:
        return Sent(claimed, fate, client, results, why, code, until)

    states = {result.state for result in report} if report is not None else set[State]()
    if report is not None and states & {State.ACCEPTED, State.REJECTED} and not isinstance(cause, GatewayFailure):
        return sent(Fate.ANSWERED, _opened(report))
    is_unknown = isinstance(error, OutcomeUnknown) or State.UNKNOWN in states or (report is None and gate.has_opened)
    if is_unknown or isinstance(cause, GatewayFailure):
        return sent(Fate.LOST)
    return sent(_fate_of_unsent(cause, has_left=gate.has_opened))


def _fate_of_unsent(cause: ClicksoapError, *, has_left: bool) -> Fate:
    """What became of a request with which nothing was done, certainly."""
    if isinstance(cause, AuthenticationError):
        return Fate.CREDENTIALS
    if isinstance(cause, GatewayError):
        # 302 without a number is one of them: the report says not_sent for it.
        return Fate.ACCOUNT if cause.code in ACCOUNT_CODES or cause.code == "302" else Fate.UNSENT
    if isinstance(cause, InvalidInput):
        return Fate.IMPOSSIBLE
    if isinstance(cause, ConfigurationError):
        return Fate.UNUSABLE
    # An answer to the login before it says nothing about the request, which did not leave.
    return Fate.UNSENT if isinstance(cause, TransportError) or not has_left else Fate.PROVEN
