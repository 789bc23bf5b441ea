"""Event loops and the time that they go by: detection of a running loop, and a loop that test tools cannot stop."""

import asyncio
import time
from typing import Final


class _SteadyClock:
    """The monotonic clock of the system.

    Tools that freeze the time of a test replace ``time.monotonic`` in every module. Threads, joins and timers of the
    simulator would then wait for ever, so they ask the system by another function, which such tools leave alone.
    """

    def __init__(self) -> None:
        clock: int | None = getattr(time, "CLOCK_MONOTONIC", None)
        monotonic = time.monotonic
        self.read = monotonic if clock is None else lambda: time.clock_gettime(clock)


_clock: Final = _SteadyClock()


def steady_time() -> float:
    """Seconds of a clock that never stands still and is never set."""
    return _clock.read()


class SteadyEventLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers go by `steady_time`."""

    def time(self) -> float:
        """The time of the timers."""
        return steady_time()


def has_running_loop() -> bool:
    """True if an event loop runs in this thread; a blocking wait would stop it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
