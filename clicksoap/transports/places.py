"""A limit on the number of calls at a time that an exception at any instruction leaves intact."""

import contextlib
import functools
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_SLEEP: Final = 0.25


class NoPlaceError(TimeoutError):
    """No place became free in time."""


class Place:
    """A place of one call; it is free again once it is left, or once nothing refers to it.

    Attributes:
        leave: Gives the place back, in a single step that no exception can come before.
        bell: Ends the wait for the place when it is released.
        thread: The thread that took it.
    """

    __slots__ = ("__weakref__", "bell", "leave", "thread")

    def __init__(self, held: "dict[weakref.ref[Place], None]") -> None:
        self.thread = threading.get_ident()
        self.bell = threading.Lock()
        self.bell.acquire()
        self.leave: Callable[[], None] = functools.partial(held.pop, weakref.ref(self), None)


class Places:
    """So many places, given to calls in the order in which they come.

    A signal handler may raise at any instruction, and may make a call of its own. So there is no lock that both could
    need, and no instruction at which a place is taken and nobody has it: a place exists as long as its `Place` does.

    Args:
        count: How many calls may have a place at a time.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        # In the order in which they came: the first ones have a place, the others wait. Each change of it is one step
        # of the interpreter.
        self._held: dict[weakref.ref[Place], None] = {}

    def take(self, deadline: float) -> Place:
        """Wait for a place; who has it calls `Place.leave`, and then `wake`.

        Args:
            deadline: When the wait ends, as a reading of ``time.monotonic``.

        Raises:
            NoPlaceError: No place became free in time.
        """
        place = Place(self._held)
        try:
            self._held[weakref.ref(place)] = None
            while not self._is_among_the_first(place):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NoPlaceError
                # Woken by who leaves. A wake-up that an exception prevented costs no more than one sleep.
                place.bell.acquire(timeout=min(left, _LONGEST_SLEEP))
        except BaseException:
            place.leave()
            self.wake()
            raise
        return place

    def wake(self) -> None:
        """End the wait of the first call that has a place now."""
        if len(self._held) < self._count:
            return
        for place in self._in_order()[self._count - 1 : self._count]:
            with contextlib.suppress(RuntimeError):  # it does not wait, or has been woken already
                place.bell.release()

    def is_held_here(self) -> bool:
        """Whether this thread has a place or waits for one."""
        thread = threading.get_ident()
        return any(place.thread == thread for place in self._in_order())

    def _is_among_the_first(self, place: Place) -> bool:
        return len(self._held) <= self._count or any(place is each for each in self._in_order()[: self._count])

    def _in_order(self) -> list[Place]:
        """The places in the order of the calls, without those that an exception made nobody's."""
        places: list[Place] = []
        for reference in list(self._held):
            place = reference()
            if place is None:
                self._held.pop(reference, None)
            else:
                places.append(place)
        return places
