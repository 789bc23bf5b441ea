"""Event loops and the time that they go by: detection of a running loop, and a loop that test tools cannot stop."""

import asyncio
import sys
import time
from functools import partial
from typing import Final

if sys.platform == "win32":
    _clock = partial(time.monotonic)
else:
    _clock = partial(time.clock_gettime, time.CLOCK_MONOTONIC)

steady_time: Final = _clock
"""Gives the seconds of a clock that never stands still and is never set.

Tools that freeze the time of a test replace ``time.monotonic`` in every module. Threads, joins and timers of the
simulator would then wait for ever, so they ask the system by another function, which such tools leave alone.
"""


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
