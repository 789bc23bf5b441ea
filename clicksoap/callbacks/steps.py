"""Steps of a job without I/O, and the two drivers that carry them out: in a thread, and in an event loop."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a job asks its driver for.

    Attributes:
        function: The function; the driver gives its result to the job, and throws its exception into the job.
        arguments: Its arguments.
        is_async: True if the function returns an awaitable.
    """

    function: Callable[..., object]
    arguments: tuple[object, ...] = field(repr=False)
    is_async: bool = False


Steps = Generator[Call, Any, _T]
"""A job: it yields calls, receives their results, and returns its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """Steps, and the key that other jobs may not hold at the same time.

    Attributes:
        key: The key; None if the job may run beside all others.
        steps: The steps; they return whether the job succeeded.
    """

    key: Hashable = field(repr=False)
    steps: Steps[bool]


def returns_awaitable(function: Callable[..., object]) -> bool:
    """True for a coroutine function, and for an object whose ``__call__`` is one."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - the question is not whether it can be called
    )


def drive(steps: Steps[_T]) -> _T:
    """Carry out steps in this thread. An async function runs in an event loop of its own."""
    try:
        call = next(steps)
        while True:
            try:
                result = call.function(*call.arguments)
                if call.is_async or inspect.isawaitable(result):
                    result = asyncio.run(_awaited(cast("Awaitable[object]", result)))
            except BaseException as error:  # noqa: BLE001 - the job knows what each one means
                call = steps.throw(error)
            else:
                call = steps.send(result)
    except StopIteration as stop:
        return cast("_T", stop.value)


async def drive_async(steps: Steps[_T]) -> _T:
    """Carry out steps in the running event loop. A function that is not async runs in a thread."""
    try:
        call = next(steps)
        while True:
            try:
                if call.is_async:
                    result = await cast("Awaitable[object]", call.function(*call.arguments))
                else:
                    result = await asyncio.to_thread(call.function, *call.arguments)
                    if inspect.isawaitable(result):
                        result = await result
            except BaseException as error:  # noqa: BLE001 - the job knows what each one means
                call = steps.throw(error)
            else:
                call = steps.send(result)
    except StopIteration as stop:
        return cast("_T", stop.value)


async def _awaited(result: Awaitable[object]) -> object:
    return await result
