"""Process-wide check called with the URL of each request before it leaves; the pytest plugin sets it."""

import contextlib
from collections.abc import Callable

Check = Callable[[str], None]

_check: Check | None = None


def check(url: str) -> None:
    """Call the egress check, if one is set, and pass on what it raises: nothing has left."""
    if _check is None:
        return
    try:
        _check(url)
    except BaseException as error:
        with contextlib.suppress(AttributeError, TypeError):  # of an exception that takes no attributes
            error.may_have_taken_effect = False  # type: ignore[attr-defined]
        raise


def set_egress_check(new: Check | None) -> Check | None:
    """Set the check, for all threads and later forks of the process; returns the one before.

    Args:
        new: Called with the URL of each request before anything of it leaves. What it raises ends the request,
            and is given a false ``may_have_taken_effect``. None sets no check.
    """
    global _check
    before, _check = _check, new
    return before
