"""Texts of the page of faults: the conditions of the rules, and the magic numbers."""

from collections.abc import Iterator, Mapping
from typing import Final

from clicksoap.codes import ERRORS
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
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


def conditions(rule: Rule) -> Iterator[str]:
    """The conditions and effects of a fault rule as short texts."""
    if rule.kind == "status":
        yield f"HTTP {rule.status}"
        if rule.retry_after is not None:
            yield f"Retry-After: {rule.retry_after}"
    for name, template in _CONDITION_TEXTS.items():
        value: object = getattr(rule, name)
        if value and value != _DEFAULTS.get(name):
            yield template.format(value)
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
