"""What is to go wrong, and the numbers that make it so, as the page of faults shows them."""

from collections.abc import Iterator, Mapping
from typing import Final

from clicksoap.codes import ERRORS
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.rules import REFUSED_PREFIX
from clicksoap.simulator.gateway.stages import STATUS_PREFIX
from clicksoap.simulator.inbox import words

_USUAL: Final[Mapping[str, object]] = {"probability": 1.0, "seed": None, "retry_after": None}
_WORDS: Final[Mapping[str, str]] = {
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
    """When a rule strikes, and with what, in words."""
    if rule.kind == "status":
        yield f"HTTP {rule.status}"
        if rule.retry_after is not None:
            yield f"Retry-After: {rule.retry_after}"
    for name, wording in _WORDS.items():
        value: object = getattr(rule, name)
        if value and value != _USUAL.get(name):
            yield wording.format(value)
    yield "carried out first" if rule.carried_out else "not carried out"


def breaking_numbers() -> list[tuple[str, str]]:
    """The numbers of prefix 997 that break what carries the answer, and how."""
    return [(f"{MAGIC_PREFIX}{digits}", magic.description) for digits, magic in MAGIC.items()]


def refused_numbers() -> list[tuple[str, str]]:
    """The numbers that are refused, and the error of each."""
    return [(f"{REFUSED_PREFIX}{code}", f"ERR {code}: {text}") for code, text in ERRORS.items()]


def ending_numbers() -> list[tuple[str, words.Status]]:
    """The numbers that are accepted, and the status that each ends in."""
    return [(f"{STATUS_PREFIX}{code}", status) for code, status in words.ALL.items()]
