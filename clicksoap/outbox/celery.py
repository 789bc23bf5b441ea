"""The outbox on Celery: a task that works for some seconds, fired again and again, on as many machines as you like.

Needs the extra ``celery``. Celery lends the workers. The outbox holds the messages, their leases and the pace, so that
a lost task delays messages, and a doubled one is one more worker.
"""

import importlib.util
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, cast
from weakref import WeakKeyDictionary

from clicksoap.checks import plain_int, plain_seconds
from clicksoap.client import Client
from clicksoap.errors import AuthenticationError, ClicksoapError, ConfigurationError
from clicksoap.outbox.accounts import DEFAULT_ACCOUNT
from clicksoap.outbox.credentials import ClientFactory
from clicksoap.outbox.drafts import checked_account
from clicksoap.outbox.outbox import Outbox, check_work
from clicksoap.outbox.worker import Work

if importlib.util.find_spec("celery") is None:
    raise ImportError('celery is not installed: run pip install "clicksoap[celery]"', name="celery")

from celery import signals  # pyright: ignore[reportMissingTypeStubs]
from celery.exceptions import SoftTimeLimitExceeded  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    from celery import Celery  # pyright: ignore[reportMissingTypeStubs]

_log: Final = logging.getLogger("clicksoap.outbox")

OutboxSource = Outbox | str | Callable[[], Outbox]
"""An `Outbox`, its URL, or a function that makes one."""

_REGISTERED: Final = WeakKeyDictionary["Celery", set[str]]()
_MAX_SLICES: Final = 1000
_CLOCKS_DIFFER: Final = 120.0
_BEYOND: Final = 30.0  # logins, connections and the last commit
_BETWEEN_KICKS: Final = 1.0
_BEFORE_HANDING_ON: Final = 1.0


class _Request(Protocol):
    """The message of a task that runs."""

    expires: str | datetime | None


class _Task(Protocol):
    """A task of Celery, as far as it is used here."""

    name: str
    request: _Request

    def apply_async(self, *, queue: str, expires: float | datetime, retry: bool) -> object:
        """Publish it."""
        ...


class _Signal(Protocol):
    def connect(self, receiver: Callable[..., None], *, weak: bool) -> object: ...


class _Settings(Protocol):
    task_always_eager: bool


class _App(Protocol):
    """An app of Celery, which has no types, as far as it is used here."""

    finalized: bool
    conf: _Settings
    on_after_finalize: _Signal

    def task(self, **options: object) -> Callable[[Callable[..., object]], _Task]: ...

    def add_periodic_task(self, schedule: float, sig: _Task, *, name: str, queue: str) -> object: ...


def register(
    app: "Celery",
    outbox: OutboxSource,
    client: ClientFactory,
    *,
    queue: str = "sms",
    slices: int = 1,
    seconds: float = 10.0,
    every: float | None = None,
    account: str = DEFAULT_ACCOUNT,
    senders: int = 32,
    floor: float | None = None,
    grace: float = 10.0,
) -> "Slices":
    """Let the workers of a Celery app send what is due in an outbox.

    It defines a task, ``clicksoap.outbox.ACCOUNT``, and puts it into the schedule of ``celery beat``. Each run of the
    task is a slice: it sends what is due for some seconds, as `Outbox.work_slice` does. Call it once per account, in
    the module that makes the app, so that workers, beat and your programs know the task. The schedule has its entries
    once the app is finalised. The pace is that of the outbox: see `Outbox.set_rate`.

    Each worker process makes one outbox and one client of its own, after its fork, and closes them when it ends.
    A slice that cannot work logs why and hands its turn on to another worker. It does not fail: watch `Status.due`.

    Args:
        app: The app. Its broker, pool and acknowledgements may be of any kind but for the pools gevent and eventlet.
        outbox: An `Outbox`, its URL, or a function that makes one. Of an `Outbox`, each process makes another one with
            the same settings.
        client: A function that makes a `Client`. It is asked again when the gateway refuses the credentials.
        queue: The queue of the task. Give it workers of its own: a slice occupies one for seconds.
        slices: How many slices are fired at a time, 1 to 1000: the maximum that run at once. Slices that find no free
            worker within ``every`` and two minutes expire. `Slices.kick` fires others on top of them.
        seconds: For how many seconds a slice takes new messages. A worker that is told to stop waits for its slices.
        every: After how many seconds slices are fired again; None for ``seconds``.
        account: As of `Outbox.work`.
        senders: As of `Outbox.work`, for each slice.
        floor: As of `Outbox.work`.
        grace: As of `Outbox.work`.

    Returns:
        The slices, whose `Slices.kick` fires one at once.

    Raises:
        ConfigurationError: An argument cannot work; the text names it.
        InvalidInput: The account has no valid name.
    """
    name = f"clicksoap.outbox.{checked_account(account)}"
    hands = _Process(_source(outbox), _factory(client))
    known = _REGISTERED.setdefault(app, set())
    if name in known:
        raise ConfigurationError(f"account {account!r} is registered on this app already: register each account once")
    if not isinstance(queue, str) or not queue:
        raise ConfigurationError("queue is not the name of a queue: give a str")
    count = plain_int(slices)
    if count is None or not 1 <= count <= _MAX_SLICES:
        raise ConfigurationError(f"slices is not a number from 1 to {_MAX_SLICES}: give one")
    length, interval = _seconds(seconds, "seconds"), _seconds(seconds if every is None else every, "every")
    check_work(senders, floor, grace)
    patience = float(grace)

    def work(box: Outbox, sms: Client, for_seconds: float) -> Work:
        return box.work_slice(sms, for_seconds, account=account, senders=senders, floor=floor, grace=patience)

    known.add(name)

    def run(self: _Task) -> str:
        return _slice(self, queue, hands, work, length)

    typed = cast("_App", app)
    soft = length + patience + _BEYOND
    task = typed.task(
        name=name,
        bind=True,
        shared=False,
        # The worker's clock decides, and clocks differ: one that is fast would drop every slice.
        expires=interval + _CLOCKS_DIFFER,
        ignore_result=True,
        store_errors_even_if_ignored=False,
        track_started=False,
        rate_limit=0,
        soft_time_limit=soft,
        time_limit=soft + _BEYOND,
    )(run)

    def schedule(**_: object) -> None:
        for each in range(count):
            typed.add_periodic_task(interval, task, name=f"{name} {each + 1}", queue=queue)

    if typed.finalized:
        schedule()
    else:
        # Later than the app's own settings, which may replace the schedule as a whole.
        typed.on_after_finalize.connect(schedule, weak=False)
    for signal in cast("list[_Signal]", [signals.worker_process_shutdown, signals.worker_shutdown]):
        signal.connect(hands.close, weak=False)
    return Slices(name, typed, task, queue, interval + _CLOCKS_DIFFER)


class Slices:
    """The slices of an account on an app of Celery. Made by `register`.

    Attributes:
        name: The name of the task.
    """

    def __init__(self, name: str, app: _App, task: _Task, queue: str, expires: float) -> None:
        self.name = name
        self._app = app
        self._task = task
        self._queue = queue
        self._expires = expires
        self._process = 0
        self._wanted = threading.Event()

    def kick(self) -> None:
        """Fire a slice now, beside those of the schedule; call it after the commit of what was enqueued.

        It returns at once and never raises. A thread of its own publishes the task, at most one each second. If the
        broker does not answer, nothing is published: the schedule fires the next slice. It does nothing where
        ``task_always_eager`` is set.
        """
        with suppress(Exception):
            if self._app.conf.task_always_eager:
                return
            if self._process != os.getpid():  # a thread does not outlive a fork
                self._process = os.getpid()
                self._wanted = threading.Event()
                threading.Thread(target=self._publish, args=[self._wanted], name=self.name, daemon=True).start()
            self._wanted.set()

    def _publish(self, wanted: threading.Event) -> None:
        while True:
            wanted.wait()
            wanted.clear()
            try:
                self._task.apply_async(queue=self._queue, expires=self._expires, retry=False)
            except Exception as error:  # noqa: BLE001 - brokers have exceptions of their own
                _log.warning("a slice was not published: %s", type(error).__name__)
            time.sleep(_BETWEEN_KICKS)

    def __repr__(self) -> str:
        return f"<Slices {self.name}>"


class _Process:
    """The outbox and the client of one worker process, made at its first slice."""

    def __init__(self, source: Callable[[], Outbox], factory: ClientFactory) -> None:
        self._source = source
        self._factory = factory
        self._lock = threading.Lock()
        self._id = 0
        self._box: Outbox | None = None
        self._client: Client | None = None

    def tools(self) -> tuple[Outbox, Client]:
        """The outbox and the client of this process."""
        with self._lock:
            if self._id != os.getpid():
                self._id, self._box, self._client = os.getpid(), None, None
            if self._box is None:
                made = self._source()
                if not isinstance(made, Outbox):
                    raise ConfigurationError(f"outbox= is a function that gives {type(made).__name__}: give an Outbox")
                self._box = made
            if self._client is None:
                sms = self._factory()
                if not isinstance(sms, Client):
                    raise ConfigurationError(f"client= is a function that gives {type(sms).__name__}: give a Client")
                self._client = sms
            return self._box, self._client

    def forget(self, client: Client) -> None:
        """Have the next slice ask for another client."""
        with self._lock:
            if self._client is client:
                self._client = None
        client.close()

    def close(self, **_: object) -> None:
        """Close both, if this process made them."""
        with self._lock:
            if self._id != os.getpid():
                return
            box, sms, self._box, self._client = self._box, self._client, None, None
        if sms is not None:
            sms.close()
        if box is not None:
            box.close()


def _slice(
    task: _Task, queue: str, hands: _Process, work: Callable[[Outbox, Client, float], Work], seconds: float
) -> str:
    """Run the task once; gives the text that Celery logs."""
    _refuse_green_threads()
    try:
        return str(_worked(hands, work, seconds))
    except SoftTimeLimitExceeded:
        _log.error("a slice ran into its time limit: its messages are asked about by the next one")
        return "ran into its time limit"
    except ClicksoapError as error:
        # No stack: nobody's code is wrong, and the same comes again with each slice until a person acts.
        _log.error("a slice cannot work, another worker gets its turn: %s", error)
        _hand_on(task, queue)
        return f"could not work: {type(error).__name__}"


def _worked(hands: _Process, work: Callable[[Outbox, Client, float], Work], seconds: float) -> Work:
    end = time.monotonic() + seconds
    box, sms = hands.tools()
    try:
        return work(box, sms, seconds)
    except AuthenticationError:
        # Passwords rotate, so that the factory is asked once more.
        hands.forget(sms)
        box, sms = hands.tools()
        try:
            return work(box, sms, max(1.0, end - time.monotonic()))
        except AuthenticationError:
            hands.forget(sms)
            raise


def _hand_on(task: _Task, queue: str) -> None:
    """Publish the task again, so that a machine that cannot work does not use up the turns of those that can."""
    expires = task.request.expires
    if expires is None:
        return
    time.sleep(_BEFORE_HANDING_ON)
    try:
        task.apply_async(
            queue=queue,
            # As before: a turn that nobody can take ends.
            expires=expires if isinstance(expires, datetime) else datetime.fromisoformat(expires),
            retry=False,
        )
    except Exception as error:  # noqa: BLE001 - brokers have exceptions of their own
        _log.warning("a slice was not handed on: %s", type(error).__name__)


def _refuse_green_threads() -> None:
    for module, question in (("gevent.monkey", "is_module_patched"), ("eventlet.patcher", "is_monkey_patched")):
        asked = getattr(sys.modules.get(module), question, None)
        if asked is not None and (asked("threading") or asked("thread")):
            raise ConfigurationError(
                f"the pool of this worker is {module.partition('.')[0]}: give celery worker --pool prefork or threads"
            )


def _source(outbox: OutboxSource) -> Callable[[], Outbox]:
    """The function that makes the outbox of a process; a URL that cannot work is refused here, and not in workers."""
    if isinstance(outbox, Outbox):
        return outbox.another
    if isinstance(outbox, str):
        return Outbox(outbox).another
    if not callable(outbox):
        raise ConfigurationError(f"outbox is {type(outbox).__name__}: give an Outbox, its URL, or a function")
    return outbox


def _factory(client: ClientFactory) -> ClientFactory:
    if isinstance(client, Client) or not callable(client):
        raise ConfigurationError(
            f"client is {type(client).__name__}: give a function that makes a Client, because each process makes one"
        )
    return client


def _seconds(value: object, name: str) -> float:
    seconds = plain_seconds(value)
    if seconds is None:
        raise ConfigurationError(f"{name} is not a positive number of seconds: give one")
    return float(seconds)
