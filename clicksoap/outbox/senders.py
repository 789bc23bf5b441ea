"""The threads that send and ask for one worker."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Senders(Generic[T]):
    """A fixed number of threads that carry out jobs; each job gives one result.

    The threads never keep a program from ending.

    Args:
        count: How many there are.

    Attributes:
        count: How many there are.
        busy: How many jobs were given whose results were not taken yet.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.busy = 0
        self._jobs: SimpleQueue[Callable[[], T] | None] = SimpleQueue()
        self._results: SimpleQueue[T] = SimpleQueue()
        self._started = 0

    def give(self, job: Callable[[], T]) -> None:
        """Have a job carried out; it must not raise."""
        self.busy += 1
        if self._started < min(self.busy, self.count):
            self._started += 1
            threading.Thread(target=self._run, name=f"clicksoap sender {self._started}", daemon=True).start()
        self._jobs.put(job)

    def take(self, seconds: float) -> T | None:
        """Wait for a result, for at most so many seconds."""
        try:
            result = self._results.get(timeout=seconds) if seconds > 0 else self._results.get_nowait()
        except Empty:
            return None
        self.busy -= 1
        return result

    def stop(self) -> None:
        """Let the threads end after the jobs that they have."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(job())
