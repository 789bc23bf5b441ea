"""Empties the frames of exceptions, so that a crash reporter that shows local variables finds none of a request."""

import contextlib
import inspect
from pathlib import Path
from typing import Final

_PACKAGE: Final = str(Path(__file__).resolve().parent.parent)
_MAY_BE_SUSPENDED: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def forget_locals(error: BaseException, outer: BaseException | None = None) -> None:
    """Empty the frames that an exception has left, and those of the exceptions that it was raised from.

    Password, session id, numbers and texts stand in the local variables of many frames: ours, and those of the
    libraries beneath. The traceback keeps its files and lines, and the frames that still run keep their variables.

    Args:
        error: The exception.
        outer: The exception that the caller was handling when the call began (``sys.exception()``): its frames are
            the caller's own.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or each is outer or id(each) in seen:
            continue
        seen.add(id(each))
        trace = each.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            # To empty a suspended generator closes it; of the caller's own, one may be waiting somewhere else.
            if not frame.f_code.co_flags & _MAY_BE_SUSPENDED or frame.f_code.co_filename.startswith(_PACKAGE):
                with contextlib.suppress(RuntimeError):  # of a frame that still runs
                    frame.clear()
            trace = trace.tb_next
        waiting += each.__cause__, each.__context__
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions  # pyright: ignore[reportUnknownMemberType]
