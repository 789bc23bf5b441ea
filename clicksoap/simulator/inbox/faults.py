"""Texts of the page of faults: the conditions of the rules, and the magic numbers."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, cast

from clicksoap.codes import ERRORS
from clicksoap.simulator.faults.kinds import KINDS, FaultKindName
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.faults.rule_set import Faults
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.rules import REFUSED_PREFIX
from clicksoap.simulator.gateway.stages import STATUS_PREFIX
from clicksoap.simulator.inbox import labels

_DEFAULTS: Final[Mapping[str, object]] = {"probability": 1.0, "seed": None, "retry_after": None}
_CONDITION_TEXTS: Final[Mapping[str, str]] = {
    "command": "only {}",
    "prefix": "only to {}…",
    "nth": "only request no. {}",
    "probability": "with probability {}",
    "per_second": "beyond {} a second",
    "times": "{} times in all",
    "seconds": "{} s",
    "code": "code {}",
    "text": "“{}”",
    "bytes_per_second": "{} bytes a second",
}


FieldRow = tuple[str, str, str, Literal["numeric", "decimal", "text"], tuple[str, ...]]
"""A field of the form: the name, the label, the hint, the keyboard, and the kinds that it belongs to (all if empty)."""

_ROWS: Final[tuple[tuple[str, str, str, Literal["numeric", "decimal", "text"]], ...]] = (
    ("command", "Only this command", "", "text"),
    ("prefix", "Only numbers that begin with", "2782", "numeric"),
    ("times", "How often in all", "no limit", "numeric"),
    ("nth", "Only the nth request", "all", "numeric"),
    ("probability", "Share of the requests", "1", "decimal"),
    ("per_second", "Only beyond so many a second", "all", "decimal"),
    ("carried_out", "The command is carried out first", "", "text"),
    ("seconds", "Seconds to wait", "5", "decimal"),
    ("status", "HTTP status", "503", "numeric"),
    ("retry_after", "Seconds of Retry-After", "no header", "numeric"),
    ("code", "Code", "901, or Server", "text"),
    ("text", "Text of the SOAP Fault", "the gateway is out of order", "text"),
    ("bytes_per_second", "Bytes a second", "10", "decimal"),
)
_WHOLE: Final = frozenset({"times", "nth", "status", "retry_after"})
_FRACTIONS: Final = frozenset({"probability", "per_second", "seconds", "bytes_per_second"})
_YES: Final = "yes"


def form_fields() -> Iterator[FieldRow]:
    """The fields of the form that adds a rule, except the kind."""
    for name, label, hint, mode in _ROWS:
        yield name, label, hint, mode, tuple(kind for kind, about in KINDS.items() if name in about.arguments)


def add_rule(faults: Faults, given: Mapping[str, str]) -> Rule:
    """Add the rule that a form describes; an empty field counts as not given.

    Raises:
        ValueError: A field is not valid; the text says what to give.
    """
    arguments: dict[str, object] = {}
    for name, *_ in _ROWS:
        value = given.get(name, "").strip()
        if value:
            arguments[name] = _converted(name, value)
    kind = cast("FaultKindName", given.get("kind", ""))  # checked by the callee
    return faults.add(kind, **arguments)  # type: ignore[arg-type]


def _converted(name: str, value: str) -> object:
    """The value of a field as its type; the text itself if it has another form, which the check of the rule refuses."""
    if name == "carried_out":
        return value == _YES
    convert = int if name in _WHOLE else float if name in _FRACTIONS else str
    try:
        return convert(value)
    except ValueError:
        return value


def conditions(rule: Rule) -> Iterator[str]:
    """The conditions and effects of a fault rule as short texts."""
    if rule.kind == "status":
        yield f"HTTP {rule.status}"
        if rule.retry_after is not None:
            yield f"Retry-After: {rule.retry_after}"
    for name, template in _CONDITION_TEXTS.items():
        value: object = getattr(rule, name)
        if value and value != _DEFAULTS.get(name):
            yield "once in all" if name == "times" and value == 1 else template.format(value)
    yield "carried out first" if rule.carried_out else "not carried out"


def breaking_numbers() -> list[tuple[str, str]]:
    """The numbers with prefix 997 that break the HTTP answer, each with its effect."""
    return [(f"{MAGIC_PREFIX}{digits}", magic.description) for digits, magic in MAGIC.items()]


def refused_numbers() -> list[tuple[str, str]]:
    """The numbers with prefix 999 that are refused, each with its error."""
    return [(f"{REFUSED_PREFIX}{code}", f"ERR {code}: {text}") for code, text in ERRORS.items()]


def ending_numbers() -> list[tuple[str, labels.StatusLabel]]:
    """The numbers with prefix 998 that are accepted, each with its final status."""
    return [(f"{STATUS_PREFIX}{code}", status) for code, status in labels.STATUS_LABELS.items()]
