"""Locks by key, for threads and for tasks. A key without users takes no memory."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

_L = TypeVar("_L", Lock, asyncio.Lock)


@dataclass(slots=True)
class _Entry(Generic[_L]):
    lock: _L
    users: int = 0


class _Entries(Generic[_L]):
    """The locks in use, with the number of their users."""

    def __init__(self, make: Callable[[], _L]) -> None:
        self._make: Callable[[], _L] = make
        self._guard = Lock()
        self._entries: dict[Hashable, _Entry[_L]] = {}

    def enter(self, key: Hashable) -> _L:
        with self._guard:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry(self._make())
            entry.users += 1
            return entry.lock

    def leave(self, key: Hashable) -> None:
        with self._guard:
            entry = self._entries[key]
            entry.users -= 1
            if not entry.users:
                del self._entries[key]


class ThreadLocks:
    """Locks by key for threads."""

    def __init__(self) -> None:
        self._entries = _Entries(Lock)

    @contextmanager
    def holding(self, key: Hashable) -> Generator[None]:
        """Hold the lock of a key; None has no lock."""
        if key is None:
            yield
            return
        lock = self._entries.enter(key)
        try:
            with lock:
                yield
        finally:
            self._entries.leave(key)


class TaskLocks:
    """Locks by key for the tasks of one event loop."""

    def __init__(self) -> None:
        self._entries = _Entries(asyncio.Lock)

    @asynccontextmanager
    async def holding(self, key: Hashable) -> AsyncGenerator[None]:
        """Hold the lock of a key; None has no lock."""
        if key is None:
            yield
            return
        lock = self._entries.enter(key)
        try:
            async with lock:
                yield
        finally:
            self._entries.leave(key)
