"""Regular expressions that are compiled when they are first asked: most programs never meet most of them."""

import re
from typing import Any, cast


class _Pattern:
    """Stands for a compiled pattern, and keeps those of its methods that were asked for."""

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
