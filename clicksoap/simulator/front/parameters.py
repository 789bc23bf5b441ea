"""Normalisation of parameters: one spelling of their names, and one meaning of "not given"."""

import re
from collections.abc import Iterable
from typing import Final

_ALIASES: Final = {"cliMsgId": "climsgid", "callback": "msg_callback"}

NUMERIC: Final = frozenset(
    {
        *("api_id", "concat", "deliv_ack", "msg_callback", "deliv_time", "max_credits"),
        *("req_feat", "queue", "escalate", "mo", "unicode", "validity", "binary"),
    }
)
"""The parameters that hold a number. Stacks that send every part write 0 for "none", which the gateway tolerates."""

HTTP_ONLY: Final = frozenset({"scheduled_time", "binary"})
"""The parameters that the HTTP API alone has; the SOAP services ignore them."""

_ZERO_IS_NONE: Final = NUMERIC | {"scheduled_time"}
_VERBATIM: Final = frozenset({"user", "password", "from", "text", "template", "si_text", "mms_subject", "mms_from"})
_FIELD: Final = re.compile(r"field[0-9]+")
_ZERO: Final = re.compile(r"[+-]?0*(?:\.0*)?")


class RepeatedParameterError(ValueError):
    """A parameter was given twice, each time with a value."""


def canonical(name: str) -> str:
    """The name of a parameter in Document/Literal's spelling."""
    return _ALIASES.get(name, name)


def normalised(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that carry a value, in Document/Literal's spelling.

    Empty strings count as not given, and so do zeros where a number belongs. Texts keep every blank; ids and numbers
    lose the blanks around them.

    Raises:
        RepeatedParameterError: A parameter is given twice, each time with a value.
    """
    values: dict[str, str] = {}
    for spelled, raw in given:
        name = canonical(spelled)
        value = raw if name in _VERBATIM or _FIELD.fullmatch(name) else raw.strip()
        if not value or (name in _ZERO_IS_NONE and _ZERO.fullmatch(value)):
            continue
        if name in values:
            raise RepeatedParameterError(name)
        values[name] = value
    return values
