"""Magic numbers: recipients of the prefix 997, which cause a fault without any rule."""

from dataclasses import dataclass, replace
from typing import Final

from clicksoap.simulator.faults.kinds import KINDS, FaultKindName
from clicksoap.simulator.faults.rules import DEFAULT_TEXTS, Rule

MAGIC_PREFIX: Final = "997"
"""The prefix of the magic numbers; the three digits behind it choose the fault. No country has it."""


@dataclass(frozen=True, slots=True)
class MagicNumber:
    """The fault of a number of the prefix 997, for tests of programs where nobody can add a rule.

    Attributes:
        rule: The fault of every request with such a recipient.
        description: The effect on the caller.
        every_other: True if the fault happens only every other time for the same number, so that a retry succeeds.
    """

    rule: Rule
    description: str
    every_other: bool = False


_RETRY_AFTER: Final = {"429": 1, "503": 1}
_STATUSES: Final = {
    "301": "Moved Permanently",
    "302": "Found",
    "400": "Bad Request",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "Not Found",
    "408": "Request Timeout",
    "413": "Content Too Large",
    "429": "Too Many Requests, Retry-After: 1",
    "500": "Internal Server Error",
    "502": "Bad Gateway",
    "503": "Service Unavailable, Retry-After: 1",
    "504": "Gateway Timeout",
}
_DELAYS: Final = (1, 2, 5, 10, 30, 60)


def _magic_numbers() -> dict[str, MagicNumber]:
    def rule(digits: str, kind: FaultKindName, *, carried_out: bool | None = None, **more: object) -> Rule:
        done = KINDS[kind].carried_out if carried_out is None else carried_out
        prefix = f"{MAGIC_PREFIX}{digits}"
        plain = Rule(id=prefix, kind=kind, carried_out=done, prefix=prefix, text=DEFAULT_TEXTS.get(kind, ""))
        return replace(plain, **more)  # type: ignore[arg-type]

    found = {
        "001": MagicNumber(rule("001", "reset", carried_out=False), "The connection breaks, and nothing was done."),
        "002": MagicNumber(rule("002", "reset"), "The message is accepted; then the connection breaks."),
        "003": MagicNumber(rule("003", "html"), "The message is accepted; a page of HTML comes back."),
        "004": MagicNumber(rule("004", "malformed"), "The message is accepted; the answer cannot be parsed."),
        "005": MagicNumber(rule("005", "truncated"), "The message is accepted; the answer ends too early."),
        "006": MagicNumber(rule("006", "empty"), "The message is accepted; the answer is empty."),
        "007": MagicNumber(
            rule("007", "charset"), "The message is accepted; the answer's charset is not what it says."
        ),
        "008": MagicNumber(rule("008", "gzip"), "The message is accepted; the answer is damaged gzip."),
        "009": MagicNumber(
            rule("009", "trickle", bytes_per_second=20.0),
            "The message is accepted; its answer trickles, 20 bytes a second.",
        ),
        "010": MagicNumber(
            rule("010", "session"), "Every session expires first; every other time only.", every_other=True
        ),
        "011": MagicNumber(rule("011", "fault", code="Server"), "A SOAP Fault Server; by the HTTP API error 901."),
        "012": MagicNumber(rule("012", "fault", code="Client"), "A SOAP Fault Client; by the HTTP API error 901."),
        "901": MagicNumber(rule("901", "error", code="901"), "Error 901 for the whole request."),
    }
    for seconds in _DELAYS:
        digits = f"1{seconds:02}"
        description = f"The message is accepted; the answer comes after {seconds} second{'s' * (seconds > 1)}."
        found[digits] = MagicNumber(rule(digits, "delay", seconds=float(seconds)), description)
    for digits, phrase in _STATUSES.items():
        made = rule(digits, "status", status=int(digits), retry_after=_RETRY_AFTER.get(digits))
        found[digits] = MagicNumber(made, f"HTTP {digits} {phrase}.")
    return dict(sorted(found.items()))


MAGIC: Final[dict[str, MagicNumber]] = _magic_numbers()
"""The magic numbers, by the three digits behind the prefix; other digits cause no fault."""
