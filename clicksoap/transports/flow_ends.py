"""Helpers of both drivers for flows that an exception ends."""

import contextlib
import errno
from collections.abc import Callable
from typing import Any, Final

from clicksoap.errors import TransportError
from clicksoap.protocol.effects import Flow
from clicksoap.results import SendReport
from clicksoap.transports.failures import ErrorMapping, judged

_LACKING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_UNREADABLE: Final[tuple[ErrorMapping, ...]] = (((OSError,), TransportError, "the contract cannot be read"),)


def has_ended(flow: Flow[object]) -> bool:
    """Whether a flow has ended, and takes no exception any more."""
    generator: Any = flow
    return generator.gi_frame is None


def keep_report(error: BaseException, result: object, outer: BaseException | None) -> None:
    """Hang the report of a send on an exception that came when the flow had ended.

    Args:
        error: The exception.
        result: The result of the flow, or None where it ended with an error of its own.
        outer: What the caller handled when it made the call; its report is of another call.
    """
    context = error.__context__
    if context is outer or getattr(error, "report", None) is not None:
        context = None
    if isinstance(context, StopIteration):  # the flow's own end, not read yet
        result = context.value
    report = result if isinstance(result, SendReport) else getattr(context, "report", None)
    if report is not None and getattr(error, "report", None) is None:
        with contextlib.suppress(AttributeError, TypeError):  # of an exception that takes no attributes
            error.report = report  # type: ignore[attr-defined]


def prepared(prepare: Callable[[], None]) -> None:
    """Prepare, before anything leaves.

    Raises:
        TransportError: The machine lacks file handles or memory. Whatever else fails passes unchanged.
    """
    try:
        prepare()
    except (OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno not in _LACKING:
            raise
        failure = judged(error, _UNREADABLE, may_have_left=False, proxied=False)
    else:
        return
    raise failure
