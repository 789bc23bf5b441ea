"""The simulator's clock: real time, which may run faster and be moved forward."""

from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Final

from clicksoap.simulator.event_loop import steady_time

_END: Final = datetime(9000, 1, 1, tzinfo=UTC)  # messages are planned some days ahead, and calendars end in 9999


class Clock:
    """Real time, times ``speed``, plus the time it was advanced by; safe to share between threads.

    It runs on the monotonic clock, so a correction of the computer's own time neither ends a session nor revives one.

    Args:
        speed: How many seconds pass in one real second; 0 for a clock that stands still until it is advanced.

    Raises:
        ValueError: The speed is negative.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError("time does not go back: give a speed of 0 or more")
        self.speed = self._initial_speed = speed
        self._began = steady_time()
        self._zero = datetime.now(UTC)
        self._changed = Condition()
        self._ahead = timedelta()
        self._signals = 0

    @property
    def signals(self) -> int:
        """The number of calls of ``advance`` and ``wake``; ``wait`` compares it."""
        with self._changed:
            return self._signals

    def now(self) -> datetime:
        """The present time, in UTC."""
        with self._changed:
            return self._now()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move forward by the sum of what is given.

        Raises:
            ValueError: The sum is negative, or leads beyond the year 9000.
        """
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            raise ValueError(f"the time to advance is too long: the clock stops at the year {_END.year}") from None
        if step < timedelta():
            raise ValueError("a clock can only be advanced, not set back: give 0 or more")
        with self._changed:
            if step > _END - self._now():
                raise ValueError(f"the time to advance is too long: the clock stops at the year {_END.year}")
            self._ahead += step
            self._signal()

    def restore(self) -> None:
        """Go back to the present, at the first speed.

        The clock may run backwards here: call this only for a gateway without messages and sessions.
        """
        with self._changed:
            self.speed = self._initial_speed
            self._began = steady_time()
            self._zero = datetime.now(UTC)
            self._ahead = timedelta()
            self._signal()

    def wake(self) -> None:
        """End every ``wait`` early."""
        with self._changed:
            self._signal()

    def wait(self, until: datetime | None, signals: int) -> None:
        """Wait until a moment of this clock; ends early at the first signal.

        Args:
            until: The moment; None to wait for a signal alone.
            signals: The value of ``signals`` before the caller last looked, so that a signal since then is not missed.
        """
        with self._changed:
            while self._signals == signals:
                remaining = None if until is None else (until - self._now()).total_seconds()
                if remaining is not None and remaining <= 0:
                    return
                self._changed.wait(None if remaining is None or not self.speed else remaining / self.speed)

    def _now(self) -> datetime:
        passed = (steady_time() - self._began) * self.speed
        return self._zero + timedelta(seconds=passed) + self._ahead

    def _signal(self) -> None:
        self._signals += 1
        self._changed.notify_all()
