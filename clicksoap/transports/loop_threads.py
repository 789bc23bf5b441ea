"""Threads beside an event loop, without the pool of the loop."""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from clicksoap.transports.lookup import NoThreadError

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run something that blocks in a thread, and wait for its result.

    ``asyncio.to_thread`` starts a pool, whose end needs one more thread; and a look-up that hangs would keep the
    program from its end.

    Raises:
        NoThreadError: There is no thread to be had; the work has not begun.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():  # cancelled meanwhile
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = context.run(work)
        except BaseException as error:  # noqa: BLE001 - raised in the task that waits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    try:
        threading.Thread(target=run, name="clicksoap", daemon=True).start()
    except RuntimeError as error:
        raise NoThreadError from error
    return await done
