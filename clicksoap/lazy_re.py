"""Regular expressions that are compiled on first use.

Most programs use few of them, and the start of a short one would wait for all.
"""

import re
from typing import Any, cast


class _Pattern:
    """A pattern that compiles itself when one of its methods is used for the first time."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern, compiled on first use."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
