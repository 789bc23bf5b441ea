"""The receiver of callbacks: access control, parsing, processing and answers, for threads and for tasks."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from clicksoap.callbacks.access_control import AccessControl, Passwords, hidden, hidden_users
from clicksoap.callbacks.background import TaskBackground, ThreadBackground
from clicksoap.callbacks.handlers import Handlers, InboundHandler, ReportHandler
from clicksoap.callbacks.in_memory import FOREVER, InMemory
from clicksoap.callbacks.keyed_locks import TaskLocks, ThreadLocks
from clicksoap.callbacks.parsing import is_probe, parse_callback
from clicksoap.callbacks.refusals import Refusals
from clicksoap.callbacks.request import MAX_BODY, CallbackRequest, Reply
from clicksoap.callbacks.steps import Job, drive, drive_async
from clicksoap.callbacks.store import Store
from clicksoap.callbacks.stored import Stored
from clicksoap.errors import ConfigurationError, InvalidCallback
from clicksoap.secret import Secret

if TYPE_CHECKING:
    from clicksoap.callbacks.asgi import AsgiApp
    from clicksoap.callbacks.wsgi import WsgiApp

JOIN_SECONDS: Final = 15 * 60.0
"""The default time limit for the parts of a long message: three retries of the gateway take 14 minutes."""

BODY_SECONDS: Final = 10.0
"""The default time limit for the body of a request."""

_OK: Final = Reply(200, "OK")
_FAILED: Final = Reply(500, "not handled: try again")

_log: Final = logging.getLogger("clicksoap.callbacks")
_R = TypeVar("_R", bound=ReportHandler)
_I = TypeVar("_I", bound=InboundHandler)


class Callbacks:
    """Receives delivery reports and inbound messages, and hands them to functions.

    Each event is handed over at least once. Without a store it is handled before the gateway gets its answer: if a
    handler fails, the answer is 500, and the gateway tries again later. With a store it is stored, answered, and
    handled then. Duplicates and late intermediate reports are answered and not handed over.

    Events of one message are handled one after the other, by threads or by the tasks of one event loop. Use one
    receiver by threads or by one event loop, not by both.

    Args:
        users: Users of Basic authentication with their passwords, of at least 8 characters. Several passwords of a
            user are right at the same time, so that one can be replaced.
        secret_path: The end that the path of a request must have: at least 16 characters that begin with a slash.
        allow: Addresses and networks that may call; all if empty.
        trusted_proxies: Addresses and networks of reverse proxies, and ``"unix"`` for Unix sockets. The address behind
            them is read from ``X-Forwarded-For``. The server may not replace addresses itself: start uvicorn with
            ``--no-proxy-headers``.
        anybody: True to receive from everybody without a warning, because something else checks the requests.
        join: Seconds after its first part at which an unfinished long message is handed over with what is there;
            None to hand over each part as a message.
        store: Keeps events until they are handled; None to keep nothing. Without it, parts and the memory of
            duplicates belong to one process and are lost when it ends.
        max_body: The maximum size of a body in bytes.
        body_timeout: The maximum time for reading a body in seconds.
        clock: Gives the present time in seconds since 1970.

    Raises:
        ConfigurationError: An argument is not of its form or out of its range.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own, by keyword alone
        self,
        *,
        users: Mapping[str, Passwords] | None = None,
        secret_path: str | Secret = "",
        allow: Iterable[str] = (),
        trusted_proxies: Iterable[str] = (),
        anybody: bool = False,
        join: float | None = JOIN_SECONDS,
        store: Store | None = None,
        max_body: int = MAX_BODY,
        body_timeout: float = BODY_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        # From here on no frame has a secret as plain text.
        users, secret_path = hidden_users(users or {}), hidden(secret_path)
        if max_body < 1 or body_timeout <= 0 or (join is not None and join <= 0):
            raise ConfigurationError("max_body, body_timeout or join is out of range: give a number above zero")
        self._access = AccessControl(
            users=users,
            secret_path=secret_path,
            allow=allow,
            trusted_proxies=trusted_proxies,
            max_body=max_body,
        )
        if self._access.is_open and not anybody:
            _log.warning(
                "CALLBACKS ARE OPEN: everybody who finds the address can invent reports and messages: "
                "give users=, secret_path= or allow=, or anybody=True if something else checks the requests"
            )
        self.max_body = max_body
        self.body_timeout = body_timeout
        self._refusals = Refusals(clock)
        self._handlers = Handlers()
        self._clock = clock
        self._processing = (
            InMemory(self._handlers, join, clock) if store is None else Stored(self._handlers, join, clock, store)
        )
        self._thread_locks = ThreadLocks()
        self._task_locks = TaskLocks()
        self._thread_background = ThreadBackground(self._processing, self._thread_locks, clock)
        self._task_background = TaskBackground(self._processing, self._task_locks, clock)

    def on_delivery_report(self, function: _R) -> _R:
        """Register a function that gets each `DeliveryReport`; usable as a decorator. It may be async.

        Several functions are called in the order of their registration. If one fails, all are called again later.
        """
        self._handlers.add_report(function)
        return function

    def on_inbound(self, function: _I) -> _I:
        """Register a function that gets each `InboundMessage`; usable as a decorator. It may be async.

        Several functions are called in the order of their registration. If one fails, all are called again later.
        """
        self._handlers.add_inbound(function)
        return function

    def handle(self, request: CallbackRequest) -> Reply:
        """Check, parse and process a request in this thread, and return the answer.

        Raises:
            ConfigurationError: An async handler, in a thread whose event loop runs.
        """
        return self._refusal(request) or self.receive(request)

    async def handle_async(self, request: CallbackRequest) -> Reply:
        """Check, parse and process a request in the running event loop, and return the answer."""
        return self._refusal(request) or await self.receive_async(request)

    def refusal(self, request: CallbackRequest) -> Reply | None:
        """The answer to a request that may not come in; None for one that may. The body is not looked at."""
        reply = self._access.refusal(request)
        return None if reply is None else self._refuse(reply, request)

    def receive(self, request: CallbackRequest) -> Reply:
        """Parse and process a request that `refusal` let in, in this thread."""
        job = self._job(request)
        if isinstance(job, Reply):
            return job
        if _has_running_loop() and self._handlers.has_async:
            raise ConfigurationError("handle() would stop the event loop of this thread: await handle_async()")
        with self._thread_locks.holding(job.key):
            succeeded = drive(job.steps)
        self._thread_background.poke()
        return _OK if succeeded else _FAILED

    async def receive_async(self, request: CallbackRequest) -> Reply:
        """Parse and process a request that `refusal` let in, in the running event loop."""
        job = self._job(request)
        if isinstance(job, Reply):
            return job
        async with self._task_locks.holding(job.key):
            succeeded = await drive_async(job.steps)
        self._task_background.poke()
        return _OK if succeeded else _FAILED

    def start(self) -> None:
        """Handle what an earlier process left in the store, in a thread."""
        self._thread_background.poke()

    async def start_async(self) -> None:
        """Handle what an earlier process left in the store, in a task. The ASGI application calls it by itself."""
        self._task_background.poke()

    def close(self) -> None:
        """Hand over all unfinished messages that are held in memory, marked incomplete."""
        self._thread_background.stop()
        self._thread_background.run(FOREVER)

    async def aclose(self) -> None:
        """Hand over all unfinished messages that are held in memory, marked incomplete.

        The ASGI application calls it by itself when its server stops, unless it is mounted in another application.
        """
        self._task_background.stop()
        await self._task_background.settle()
        await self._task_background.run(FOREVER)

    def metrics(self) -> str:
        """The refusals of this process by reason, in the text format of Prometheus."""
        return self._refusals.metrics()

    def asgi(self) -> "AsgiApp":
        """An ASGI application that receives callbacks on every path below which it is mounted."""
        from clicksoap.callbacks.asgi import AsgiApp  # noqa: PLC0415 - the applications know the receiver

        return AsgiApp(self)

    def wsgi(self) -> "WsgiApp":
        """A WSGI application that receives callbacks on every path below which it is mounted."""
        from clicksoap.callbacks.wsgi import WsgiApp  # noqa: PLC0415 - the applications know the receiver

        return WsgiApp(self)

    def _refusal(self, request: CallbackRequest) -> Reply | None:
        if (refused := self.refusal(request)) is not None:
            return refused
        reply = self._access.refusal_of_length(str(len(request.body)))
        return None if reply is None else self._refuse(reply, request)

    def _refuse(self, reply: Reply, request: CallbackRequest) -> Reply:
        """Count and log a refusal, and return it as the answer."""
        self._refusals.note(reply, request, self._access.caller(request))
        return reply

    def _job(self, request: CallbackRequest) -> Job | Reply:
        try:
            event = parse_callback(request)
        except InvalidCallback as error:
            if is_probe(request):
                return _OK
            return self._refuse(Reply(400, str(error)), request)
        return self._processing.accept(event)


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
