"""The pace of an account: parts a second, kept in one row for all workers (GCRA, ITU-T I.371, annex A).

In any window of t seconds at most ``rate * t + max(300, rate * 0.2)`` parts are claimed. A run stays near the rate.
Alerts may use the whole allowance, so that they pass a run that has just claimed a large request.
"""

from typing import Final

QUANTUM: Final = 0.1
"""How often a worker takes permits, in seconds."""

LARGEST: Final = 300
"""The parts of the largest request, and of the largest burst."""


class Pace:
    """The permits of an account, read from its row and written back with the claim.

    Args:
        rate: Parts a second; None for no limit.
        free_at: When the next permit is due, in seconds since 1970.
        now: The present time in seconds since 1970.
    """

    def __init__(self, rate: float | None, free_at: float, now: float) -> None:
        self._rate = rate
        self._now = now
        # A clock that was set back must not stop the work, and one that was set forward must not save permits.
        self.free_at = now if rate is None else min(max(free_at, now), now + self._burst(rate))

    def take(self, parts: int, *, is_alert: bool) -> bool:
        """Take the permits of a request, if they are due."""
        rate = self._rate
        if rate is None:
            return True
        after = max(self.free_at, self._now) + parts / rate
        tolerance = max(parts / rate, self._burst(rate) if is_alert else 2 * QUANTUM)
        if after > self._now + tolerance + _ROUNDING:
            return False
        self.free_at = after
        return True

    @staticmethod
    def _burst(rate: float) -> float:
        return max(LARGEST / rate, 2 * QUANTUM)


_ROUNDING: Final = 1e-6
