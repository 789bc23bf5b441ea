"""Worker threads that make the deliveries when they are due by the gateway's clock."""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Condition, Lock, Thread, current_thread
from typing import Final

from clicksoap.simulator.event_loop import steady_time
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.webhooks.callable_networks import CallableNetworks
from clicksoap.simulator.webhooks.delivery_queue import Delivery, DeliveryQueue
from clicksoap.simulator.webhooks.formats import WebhookRequest
from clicksoap.simulator.webhooks.http_call import CallResult, HttpCall

_MAX_CALLS: Final = 4
_JOIN_SECONDS: Final = 1.0

OnAttempt = Callable[[Delivery, datetime, CallResult, datetime | None], object]
"""Gets a delivery, the start of the try, its result, and the time of the next try (None for no further try)."""

_log: Final = logging.getLogger("clicksoap.simulator")


class DeliveryWorkers:
    """Makes deliveries, in order per ordering key; safe to use from any thread.

    The threads start with the first delivery and end with ``close``.

    Args:
        clock: The clock by which deliveries are due.
        on_attempt: Called after each try, in the thread that made it.
        networks: The addresses that may be called.
    """

    def __init__(self, clock: Clock, on_attempt: OnAttempt, networks: CallableNetworks) -> None:
        self._clock = clock
        self._on_attempt = on_attempt
        self._networks = networks
        self._lock = Lock()
        self._ready = Condition(self._lock)
        self._done = Condition(self._lock)
        self._queue = DeliveryQueue()
        self._calls: set[HttpCall] = set()
        self._threads: _WorkerThreads | None = None
        self._closed = False
        self._made = 0

    def open(self) -> None:
        """Accept deliveries again after ``close``."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """Accept no more deliveries, drop the waiting ones, and end the threads."""
        with self._lock:
            self._closed = True
            group, self._threads = self._threads, None
            self._clear()
            if group is None:
                return
            group.stopping = True
            self._ready.notify_all()
        self._clock.wake()
        until = steady_time() + _JOIN_SECONDS
        for thread in group.threads:
            if thread is not current_thread():  # a thread that is connecting cannot be interrupted, and ends by itself
                thread.join(max(0.0, until - steady_time()))

    def add(self, delivery: Delivery) -> None:
        """Add a delivery. It is dropped if too many are waiting or after ``close``."""
        with self._lock:
            if self._closed:
                return
            if self._queue.full:
                _log.warning("too many calls to the customer's server are waiting: one was dropped")
                return
            self._queue.add(delivery)
            if self._threads is None:
                self._threads = _WorkerThreads((self._clock_loop, *(self._deliver_loop for _ in range(_MAX_CALLS))))
            self._ready.notify()

    def clear(self) -> None:
        """Drop the waiting deliveries. Calls in progress are aborted, and ``on_attempt`` is not called for them."""
        with self._lock:
            self._clear()

    def call(self, request: WebhookRequest) -> CallResult:
        """Send a request at once, in this thread."""
        with self._lock:
            call = self._new_call(request)
        return self._perform(call)

    def settle(self, timeout: float) -> int:
        """Wait until all due deliveries are made; gives the number of tries since the last settling.

        Raises:
            TimeoutError: That takes more than ``timeout`` real seconds.
        """
        with self._lock:
            self._release()
            if not self._done.wait_for(lambda: not self._queue.busy, timeout):
                raise TimeoutError(f"callbacks are still in progress after {timeout:g} s: give a longer timeout")
            made, self._made = self._made, 0
            return made

    def _clear(self) -> None:
        self._queue = DeliveryQueue()
        self._made = 0
        self._done.notify_all()
        for call in self._calls:
            call.abort()

    def _new_call(self, request: WebhookRequest) -> HttpCall:
        call = HttpCall(request, may_call=self._networks.allows)
        self._calls.add(call)
        return call

    def _perform(self, call: HttpCall) -> CallResult:
        try:
            return call.perform()
        finally:
            with self._lock:
                self._calls.discard(call)

    def _release(self) -> None:
        self._ready.notify(self._queue.release(self._clock.now()))

    def _clock_loop(self, group: "_WorkerThreads") -> None:
        while True:
            signals = self._clock.signals
            with self._lock:
                if group.stopping:
                    return
                self._release()
                next_due = self._queue.next_due
            self._clock.wait(next_due, signals)

    def _deliver_loop(self, group: "_WorkerThreads") -> None:
        while True:
            with self._lock:
                delivery = None
                while not group.stopping and (delivery := self._queue.take()) is None:
                    self._ready.wait()
                if delivery is None:
                    return
                queue = self._queue
                call = self._new_call(delivery.request)  # from here on it can be aborted
            self._deliver(queue, delivery, call)

    def _deliver(self, queue: DeliveryQueue, delivery: Delivery, call: HttpCall) -> None:
        at = self._clock.now()
        result = self._perform(call)
        delivery.tries += 1
        again = not result.is_success and delivery.tries <= len(delivery.pauses)
        next_at = at + delivery.pauses[delivery.tries - 1] if again else None
        if self._queue is queue:  # else it was dropped meanwhile
            self._on_attempt(delivery, at, result, next_at)
        with self._lock:
            if self._queue is queue:
                self._made += 1
            if next_at is None:
                queue.finish(delivery)
                self._ready.notify()
            else:
                queue.postpone(delivery, next_at)
            self._done.notify_all()
        if next_at is not None:
            self._clock.wake()


class _WorkerThreads:
    """The threads between two calls of ``close``."""

    def __init__(self, loops: "tuple[Callable[[_WorkerThreads], None], ...]") -> None:
        self.stopping = False
        self.threads = [
            Thread(target=loop, args=(self,), name=f"clicksoap-simulator-callbacks-{number}", daemon=True)
            for number, loop in enumerate(loops)
        ]
        for thread in self.threads:
            thread.start()
