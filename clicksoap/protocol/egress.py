"""A switch of the process: who is asked before a request goes out. Nobody, unless a test suite wants to be."""

from collections.abc import Callable

Check = Callable[[str], None]

_check: Check | None = None


def check(url: str) -> None:
    """Let a request go to a URL, or raise what the one who is asked raises. Threads and forks share who that is."""
    if _check is not None:
        _check(url)


def ask(asked: Check | None) -> Check | None:
    """Have this called with the URL of each request before anything of it leaves; gives who was asked before.

    Args:
        asked: Raises what is to end the request, with a false ``may_have_taken_effect``. None asks nobody.
    """
    global _check
    before, _check = _check, asked
    return before
