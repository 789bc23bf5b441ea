"""A limit on the number of calls at a time that an exception at any instruction leaves intact."""

import contextlib
import threading
import time
import weakref
from typing import Final

_LONGEST_SLEEP: Final = 0.25


class NoPlaceError(TimeoutError):
    """No place became free in time."""


class Place:
    """A place of one call; it is free again once it is left, or once nothing refers to it."""

    __slots__ = ("__weakref__", "bell", "reference", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.bell = threading.Lock()
        self.bell.acquire()  # whoever releases it ends the wait
        self.reference: weakref.ref[Place] | None = None


class Places:
    """So many places, given to calls in the order in which they come.

    A signal handler may raise at any instruction, and may make a call of its own. So there is no lock that both could
    need, and no instruction at which a place is taken and nobody has it: a place exists as long as its `Place` does.

    Args:
        count: How many calls may have a place at a time.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        # In the order in which they came: the first ones have a place, the others wait. Each step on it is one step of
        # the interpreter, and a reference whose place is gone removes itself.
        self._held: dict[weakref.ref[Place], None] = {}

    def take(self, deadline: float) -> Place:
        """Wait for a place.

        Args:
            deadline: When the wait ends, as a reading of ``time.monotonic``.

        Raises:
            NoPlaceError: No place became free in time.
        """
        place = Place()
        place.reference = weakref.ref(place, self._held.__delitem__)
        try:
            self._held[place.reference] = None
            while not self._is_among_the_first(place):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NoPlaceError
                # Woken by who leaves. A wake-up that an exception prevented costs no more than one sleep.
                place.bell.acquire(timeout=min(left, _LONGEST_SLEEP))
        except BaseException:
            self.leave(place)
            raise
        return place

    def leave(self, place: Place) -> None:
        """Give a place back; harmless if it was given back before."""
        reference, place.reference = place.reference, None
        if reference is not None:
            self._held.pop(reference, None)
        if len(self._held) < self._count:
            return
        first_waiting = list(self._held)[self._count - 1 : self._count]
        for other in first_waiting:
            waking = other()
            if waking is not None:
                with contextlib.suppress(RuntimeError):  # it has been woken already
                    waking.bell.release()

    def is_held_here(self) -> bool:
        """Whether this thread has a place or waits for one."""
        thread = threading.get_ident()
        held = [reference() for reference in list(self._held)]
        return any(place is not None and place.thread == thread for place in held)

    def _is_among_the_first(self, place: Place) -> bool:
        return len(self._held) <= self._count or place.reference in list(self._held)[: self._count]
