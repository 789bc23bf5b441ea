"""Effects: what a flow asks its driver to do, and the events of a send that a recorder keeps."""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from clicksoap.protocol.session import SessionSnapshot
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.results import RecipientResult

T = TypeVar("T")


class Send(NamedTuple):
    """Effect: exchange a request; the flow is sent the `WireReply`.

    Attributes:
        request: The request.
        timeout: The limits of connecting and of reading.
        deadline: When all waiting ends, as a reading of ``time.monotonic``.
    """

    request: WireRequest
    timeout: Timeout
    deadline: float


Limits = tuple[Timeout, float]
"""The time limits of a client or a view: of a request, and of a call in seconds."""


class Login(NamedTuple):
    """Effect: replace the session that the call holds, by another call's login or by one of its own.

    Attributes:
        held: The session that the call holds.
        deadline: When all waiting ends, as a reading of ``time.monotonic``.
        limits: The limits under which the login is made.
    """

    held: SessionSnapshot
    deadline: float
    limits: Limits


class Pause(NamedTuple):
    """Effect: wait for so many seconds."""

    seconds: float


class Prepare:
    """Effect: have `Flows.prepare` run, which blocks for some milliseconds once per process."""


PREPARE: Final = Prepare()


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """The bytes of a request are about to leave.

    Attributes:
        client_message_id: The request's own id (gateway: ``climsgid``); None where the command takes none.
        recipients: Its MSISDNs, in order.
        attempt: 1 for the first try; each repetition, also one with a new session, counts one more.
    """

    client_message_id: str | None
    recipients: tuple[str, ...]
    attempt: int


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """The request before has its answer, or will not get one.

    Attributes:
        client_message_id: The request's own id (gateway: ``climsgid``); None where the command takes none.
        results: One result per recipient of the request, in order.
        error: What ended the request without an answer; None if it was answered.
    """

    client_message_id: str | None
    results: tuple[RecipientResult, ...]
    error: BaseException | None


RequestEvent = RequestStarted | RequestFinished
Recorder = Callable[[RequestEvent], Awaitable[None] | None]
"""Keeps books of a send: called before the bytes of a request leave, and after its answer was read.

If it raises before the bytes leave, the request is not sent. Under `AsyncDriver`, what it returns is awaited.
"""


class Record(NamedTuple):
    """Effect: call the recorder with an event."""

    recorder: Recorder
    event: RequestEvent


Flow = Generator[Send | Login | Pause | Prepare | Record, WireReply | None, T]


def not_its_own_end(error: StopIteration) -> RuntimeError:
    """The error to throw into a flow for a StopIteration that a sleep or a recorder raised.

    A generator that has StopIteration thrown in would look as if it had ended.
    """
    instead = RuntimeError("the sleep or the recorder raised StopIteration")
    instead.__cause__ = error
    return instead
