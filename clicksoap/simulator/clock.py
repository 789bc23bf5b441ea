"""The simulator's clock: real time, which a test may move forward."""

import time
from datetime import UTC, datetime, timedelta
from threading import Lock


class Clock:
    """Real time plus whatever it was advanced by; safe to share between threads.

    It runs on the monotonic clock, so a correction of the computer's own time neither ends a session nor revives one.
    """

    def __init__(self) -> None:
        self._zero = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        self._lock = Lock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The present moment, in UTC."""
        with self._lock:
            return self._zero + timedelta(seconds=time.monotonic()) + self._ahead

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move forward by the sum of what is given.

        Raises:
            ValueError: The sum is negative; time does not go back.
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("a clock can only be advanced")
        with self._lock:
            self._ahead += step
