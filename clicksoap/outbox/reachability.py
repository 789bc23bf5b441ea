"""Backs off from an address at which nobody answers: this worker tries it less and less often."""

import time
from typing import Final

_IN_A_ROW: Final = 3
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


class Reachability:
    """The state of the gateway's address, as one worker meets it.

    Three failures in a row, of which no byte left, pause it: for one second, then twice as long each time, up to a
    minute. After each pause one request tries.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._pause = 0.0
        self._until = 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the address failed and did not answer since."""
        return self._pause > 0

    def allowed(self, busy: int, most: int) -> int:
        """How many requests may go out now, where so many are out."""
        if not self.is_paused:
            return most
        return 1 if time.monotonic() >= self._until and busy == 0 else 0

    def failed(self) -> bool:
        """Enter a failure; returns whether a pause begins that was none before."""
        self._failures += 1
        now = time.monotonic()
        if not self.is_paused and self._failures >= _IN_A_ROW:
            self._pause, self._until = _FIRST_PAUSE, now + _FIRST_PAUSE
            return True
        if self.is_paused and now >= self._until:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            self._until = now + self._pause
        return False

    def answered(self) -> bool:
        """Enter that somebody answered; returns whether a pause ends by it."""
        was_paused = self.is_paused
        self._failures, self._pause = 0, 0.0
        return was_paused
