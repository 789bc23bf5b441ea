"""Threads that make the calls, each when it is due by the gateway's clock."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Condition, Lock, Thread, current_thread
from typing import Final

from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.webhooks.call import Call, Result
from clicksoap.simulator.webhooks.delivery_queue import Delivery, DeliveryQueue
from clicksoap.simulator.webhooks.formats import Outgoing

_WORKERS: Final = 4
_FAREWELL: Final = 1.0

_log: Final = logging.getLogger("clicksoap.simulator")


class DeliveryWorkers:
    """Makes deliveries, in the order of each lane; safe to use from any thread.

    Its threads begin with the first delivery, and end with ``close``.

    Args:
        clock: What says when something is due.
        tried: Called with every delivery after a try: when that began, what came of it, and when the next is.
    """

    def __init__(self, clock: Clock, tried: Callable[[Delivery, datetime, Result, datetime | None], object]) -> None:
        self._clock = clock
        self._tried = tried
        self._lock = Lock()
        self._ready = Condition(self._lock)
        self._done = Condition(self._lock)
        self._agenda = DeliveryQueue()
        self._calls: set[Call] = set()
        self._crew: _WorkerThreads | None = None
        self._closed = False

    def open(self) -> None:
        """Take deliveries; it does so from the beginning, but not once it was closed."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """Take nothing more, forget what was taken, and let the threads go."""
        with self._lock:
            self._closed = True
            crew, self._crew = self._crew, None
            self._forget()
            if crew is None:
                return
            crew.dismissed = True
            self._ready.notify_all()
        self._clock.wake()
        until = time.monotonic() + _FAREWELL
        for thread in crew.threads:
            if thread is not current_thread():  # one that is only just connecting cannot be hurried, and ends alone
                thread.join(max(0.0, until - time.monotonic()))

    def add(self, delivery: Delivery) -> None:
        """Take a delivery; dropped if too many are waiting, or if this is closed."""
        with self._lock:
            if self._closed:
                return
            if self._agenda.full:
                _log.warning("too many calls of the customer's server are waiting: one was dropped")
                return
            self._agenda.add(delivery)
            if self._crew is None:
                self._crew = _WorkerThreads((self._watch_clock, *(self._work for _ in range(_WORKERS))))
            self._ready.notify()

    def forget(self) -> None:
        """Forget what was taken; calls in progress are broken off and not told."""
        with self._lock:
            self._forget()

    def call(self, outgoing: Outgoing) -> Result:
        """Make a call at once, in this thread."""
        with self._lock:
            call = self._begun(outgoing)
        return self._made(call)

    def settle(self, timeout: float) -> bool:
        """Wait until nothing that is due is undelivered; gives whether it came to that within so many seconds."""
        with self._lock:
            self._release()
            return self._done.wait_for(lambda: not self._agenda.busy, timeout)

    def _forget(self) -> None:
        self._agenda = DeliveryQueue()
        self._done.notify_all()
        for call in self._calls:
            call.break_off()

    def _begun(self, outgoing: Outgoing) -> Call:
        call = Call(outgoing)
        self._calls.add(call)
        return call

    def _made(self, call: Call) -> Result:
        try:
            return call.make()
        finally:
            with self._lock:
                self._calls.discard(call)

    def _release(self) -> None:
        self._ready.notify(self._agenda.release(self._clock.now()))

    def _watch_clock(self, crew: "_WorkerThreads") -> None:
        while True:
            signals = self._clock.signals
            with self._lock:
                if crew.dismissed:
                    return
                self._release()
                upcoming = self._agenda.upcoming
            self._clock.wait(upcoming, signals)

    def _work(self, crew: "_WorkerThreads") -> None:
        while True:
            with self._lock:
                delivery = None
                while not crew.dismissed and (delivery := self._agenda.take()) is None:
                    self._ready.wait()
                if delivery is None:
                    return
                agenda = self._agenda
                call = self._begun(delivery.outgoing)  # from here on it can be broken off
            self._deliver(agenda, delivery, call)

    def _deliver(self, agenda: DeliveryQueue, delivery: Delivery, call: Call) -> None:
        at = self._clock.now()
        result = self._made(call)
        delivery.tries += 1
        again = not result.taken and delivery.tries <= len(delivery.pauses)
        next_at = at + delivery.pauses[delivery.tries - 1] if again else None
        if self._agenda is agenda:  # else it was forgotten meanwhile
            self._tried(delivery, at, result, next_at)
        with self._lock:
            if next_at is None:
                agenda.finish(delivery)
                self._ready.notify()
            else:
                agenda.postpone(delivery, next_at)
            self._done.notify_all()
        if next_at is not None:
            self._clock.wake()


class _WorkerThreads:
    """The threads of one life."""

    def __init__(self, works: "tuple[Callable[[_WorkerThreads], None], ...]") -> None:
        self.dismissed = False
        self.threads = [
            Thread(target=work, args=(self,), name=f"clicksoap-simulator-callbacks-{number}", daemon=True)
            for number, work in enumerate(works)
        ]
        for thread in self.threads:
            thread.start()
