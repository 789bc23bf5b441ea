"""Public names that differ between the commits that are compared."""

from typing import Any, Final

import clicksoap

FORMER: Final = {"CallbackOn": "Callback", "QueriedStatus": "StatusReport"}
"""Today's names, and what older commits call the same."""

_TODAY: Final = {old: new for new, old in FORMER.items()}


def public(name: str) -> Any:
    """What today's name stands for, in whichever commit is imported."""
    found = getattr(clicksoap, name, None)
    return getattr(clicksoap, FORMER[name]) if found is None else found


def class_name(value: object) -> str:
    """The name of a value's class, as it is called today."""
    name = type(value).__name__
    return _TODAY.get(name, name)
