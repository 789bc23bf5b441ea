"""Background work: runs due jobs beside the requests, in a thread or in the event loop."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final

from clicksoap.callbacks.keyed_locks import TaskLocks, ThreadLocks
from clicksoap.callbacks.processing import Processing
from clicksoap.callbacks.steps import drive, drive_async

_log: Final = logging.getLogger("clicksoap.callbacks")

_MIN_PAUSE: Final = 0.05  # between two rounds, if something stays due
_MAX_PAUSE: Final = 3600.0
_PAUSE_AFTER_FAILURE: Final = 30.0


class ThreadBackground:
    """Runs due jobs in a thread, which exists only while there is work.

    Args:
        processing: Has the jobs.
        locks: Keep jobs with one key apart.
        clock: Gives the present time in seconds.
    """

    def __init__(self, processing: Processing, locks: ThreadLocks, clock: Callable[[], float]) -> None:
        self._processing = processing
        self._locks = locks
        self._clock = clock
        self._lock = threading.Lock()
        self._is_running = False
        self._is_asked = False
        self._is_stopped = False
        self._timer: threading.Timer | None = None
        self._timer_at = float("inf")

    def poke(self) -> None:
        """Run what is due now, and set the timer for what is due later."""
        with self._lock:
            self._is_stopped = False
        self._look()

    def stop(self) -> None:
        """Cancel the timer. A round that runs at this moment sets no other one."""
        with self._lock:
            self._is_stopped = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_at = None, float("inf")

    def run(self, now: float) -> None:
        """Run the jobs that are due by a time, in this thread."""
        for job in self._processing.due(now):
            with self._locks.holding(job.key):
                drive(job.steps)

    def _look(self) -> None:
        due = self._processing.next_due()
        if due is None:
            return
        now = self._clock()
        with self._lock:
            if self._is_stopped:
                return
            if due > now:
                self._set_timer(due, now)
                return
            self._is_asked = True
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._loop, name="clicksoap-callbacks", daemon=True).start()

    def _set_timer(self, due: float, now: float) -> None:
        if self._is_stopped or due >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(min(max(due - now, _MIN_PAUSE), _MAX_PAUSE), self._on_timer)
        self._timer.daemon = True
        self._timer_at = due
        self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            self._timer, self._timer_at = None, float("inf")
        self._look()

    def _loop(self) -> None:
        while True:
            with self._lock:
                if not self._is_asked:
                    self._is_running = False
                    break
                self._is_asked = False
            try:
                self.run(self._clock())
            except Exception as error:  # noqa: BLE001 - a failing store must not end the work for ever
                with self._lock:
                    _log_failure(error)
                    self._is_running = False
                    self._set_timer(self._clock() + _PAUSE_AFTER_FAILURE, self._clock())
                return
        due, now = self._processing.next_due(), self._clock()
        if due is not None:
            with self._lock:
                self._set_timer(due, now)


class TaskBackground:
    """Runs due jobs in a task of the event loop that received the latest request.

    Args:
        processing: Has the jobs.
        locks: Keep jobs with one key apart.
        clock: Gives the present time in seconds.
    """

    def __init__(self, processing: Processing, locks: TaskLocks, clock: Callable[[], float]) -> None:
        self._processing = processing
        self._locks = locks
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False
        self._is_stopped = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_loop: asyncio.AbstractEventLoop | None = None

    def poke(self) -> None:
        """Run what is due now, and set the timer for what is due later."""
        self._is_stopped = False
        due = self._processing.next_due()
        if due is None:
            return
        loop, now = asyncio.get_running_loop(), self._clock()
        if due > now:
            self._set_timer(loop, due - now)
            return
        self._is_asked = True
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._loop())

    def stop(self) -> None:
        """Cancel the timer. A round that runs at this moment sets no other one."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def run(self, now: float) -> None:
        """Run the jobs that are due by a time."""
        for job in self._processing.due(now):
            async with self._locks.holding(job.key):
                await drive_async(job.steps)

    async def settle(self) -> None:
        """Wait for the jobs in progress."""
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            await self._task

    def _set_timer(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        if self._is_stopped:
            return
        seconds = min(max(seconds, _MIN_PAUSE), _MAX_PAUSE)
        if self._timer is not None:
            if self._timer_loop is loop and self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer, self._timer_loop = loop.call_later(seconds, self._on_timer), loop

    def _on_timer(self) -> None:
        self._timer = None
        self.poke()

    async def _loop(self) -> None:
        while self._is_asked:
            self._is_asked = False
            try:
                await self.run(self._clock())
            except Exception as error:  # noqa: BLE001 - a failing store must not end the work for ever
                _log_failure(error)
                self._set_timer(asyncio.get_running_loop(), _PAUSE_AFTER_FAILURE)
                return
        due = self._processing.next_due()
        if due is not None:
            self._set_timer(asyncio.get_running_loop(), due - self._clock())


def _log_failure(error: Exception) -> None:
    _log.error("background work failed, and is tried again in %g s: %s", _PAUSE_AFTER_FAILURE, type(error).__name__)
    _log.debug("background work failed", exc_info=error)
