"""Misfortunes that a test asks for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from threading import Lock
from typing import Final

from clicksoap.simulator.faults.kinds import KINDS, FaultKind, FaultKindName, check
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import Gateway

__all__ = ["KINDS", "MAGIC", "MAGIC_PREFIX", "FaultKind", "FaultKindName", "Faults", "Magic", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that goes wrong, and when.

    Attributes:
        id: What it is removed by.
        kind: What goes wrong.
        carried_out: Whether the command is carried out (or refused) all the same, before that.
        command: Only this command, in Document/Literal's spelling; empty for any.
        prefix: Only requests with a recipient that begins so; empty for any.
        nth: Only the nth of these requests, from 1; 0 for all.
        probability: The share of them that it happens to, 0 to 1.
        seed: What the choice begins with, so that it can be had again.
        per_second: Only what goes beyond so many requests a second; 0 for all.
        times: How often it happens in all; 0 for ever.
        seconds: How long ``delay`` waits.
        status: The HTTP status of ``status``.
        retry_after: The seconds that the header Retry-After of ``status`` says; None for no header.
        code: The number of ``error``, or the fault code of ``fault``.
        text: The text of ``fault``.
        bytes_per_second: How fast ``trickle`` goes.
        hits: How often it happened so far.
    """

    id: str
    kind: FaultKindName
    carried_out: bool
    command: str = ""
    prefix: str = ""
    nth: int = 0
    probability: float = 1.0
    seed: int | None = None
    per_second: float = 0.0
    times: int = 0
    seconds: float = 0.0
    status: int = 503
    retry_after: int | None = None
    code: str = ""
    text: str = ""
    bytes_per_second: float = 0.0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Magic:
    """What a number of the prefix 997 does, for programs that are tested where nobody can add a rule.

    Attributes:
        rule: What strikes whenever one of the request's recipients begins so.
        words: What the caller meets.
        every_other: Whether it strikes only every other time for the same number, so that a program which tries again
            comes through.
    """

    rule: Rule
    words: str
    every_other: bool = False


MAGIC_PREFIX: Final = "997"
"""Numbers that begin so break what carries the answer: the three digits behind it say how. No country has it."""

_USUAL_CODES: Final[dict[FaultKindName, str]] = {"error": "901", "fault": "Server"}
_USUAL_TEXTS: Final[dict[FaultKindName, str]] = {"fault": "the gateway is out of order"}
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


def _magic() -> dict[str, Magic]:
    def rule(digits: str, kind: FaultKindName, *, carried_out: bool | None = None, **more: object) -> Rule:
        done = KINDS[kind].carried_out if carried_out is None else carried_out
        begin = f"{MAGIC_PREFIX}{digits}"
        plain = Rule(id=begin, kind=kind, carried_out=done, prefix=begin, text=_USUAL_TEXTS.get(kind, ""))
        return replace(plain, **more)  # type: ignore[arg-type]

    found = {
        "001": Magic(rule("001", "reset", carried_out=False), "The connection breaks, and nothing was done."),
        "002": Magic(rule("002", "reset"), "The message is accepted; then the connection breaks."),
        "003": Magic(rule("003", "html"), "The message is accepted; a page of HTML comes back."),
        "004": Magic(rule("004", "malformed"), "The message is accepted; the answer cannot be parsed."),
        "005": Magic(rule("005", "truncated"), "The message is accepted; the answer ends too early."),
        "006": Magic(rule("006", "empty"), "The message is accepted; the answer is empty."),
        "007": Magic(rule("007", "charset"), "The message is accepted; the answer's charset is not what it says."),
        "008": Magic(rule("008", "gzip"), "The message is accepted; the answer is damaged gzip."),
        "009": Magic(
            rule("009", "trickle", bytes_per_second=20.0),
            "The message is accepted; its answer trickles, 20 bytes a second.",
        ),
        "010": Magic(rule("010", "session"), "Every session expires first; every other time only.", every_other=True),
        "011": Magic(rule("011", "fault", code="Server"), "A SOAP Fault Server; by the HTTP API error 901."),
        "012": Magic(rule("012", "fault", code="Client"), "A SOAP Fault Client; by the HTTP API error 901."),
        "901": Magic(rule("901", "error", code="901"), "Error 901 for the whole request."),
    }
    for seconds in _DELAYS:
        digits = f"1{seconds:02}"
        words = f"The message is accepted; the answer comes after {seconds} second{'s' * (seconds > 1)}."
        found[digits] = Magic(rule(digits, "delay", seconds=float(seconds)), words)
    for digits, phrase in _STATUSES.items():
        made = rule(digits, "status", status=int(digits), retry_after=_RETRY_AFTER.get(digits))
        found[digits] = Magic(made, f"HTTP {digits} {phrase}.")
    return dict(sorted(found.items()))


MAGIC: Final[dict[str, Magic]] = _magic()
"""What strikes, by the three digits behind the prefix; a number with others is as good as any."""

_A_TOKEN: Final = 1 - 1e-9  # tenths do not add up to 1 exactly
_MAX_RULES: Final = 1000
_MAX_REMEMBERED: Final = 10_000


class Faults:
    """What goes wrong between a gateway and its callers, on every service alike; safe to use from any thread.

    Args:
        gateway: The gateway that it goes wrong for.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = Lock()
        self._ids = count(1)
        self._states: dict[str, _RuleState] = {}
        self._struck: dict[str, None] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order in which they were added, with its hits; spent ones included."""
        with self._lock:
            return tuple(each.rule for each in self._states.values())

    def add(  # noqa: PLR0913 - each is a choice of the user's, by keyword
        self,
        kind: FaultKindName,
        *,
        command: str = "",
        prefix: str = "",
        nth: int = 0,
        probability: float = 1.0,
        seed: int | None = None,
        per_second: float = 0.0,
        times: int = 0,
        carried_out: bool | None = None,
        seconds: float | None = None,
        status: int | None = None,
        retry_after: int | None = None,
        code: str | None = None,
        text: str | None = None,
        bytes_per_second: float | None = None,
    ) -> Rule:
        """Let something go wrong from now on.

        It strikes requests that can be read as a command. Of several rules that would strike the same request, the
        one added first does.

        Args:
            kind: What goes wrong; ``KINDS`` describes each.
            command: Only this command, in Document/Literal's spelling; empty for any.
            prefix: Only requests with a recipient that begins so, in digits; empty for any.
            nth: Only the nth of these requests, from 1; 0 for all.
            probability: The share of them that it happens to, 0 to 1.
            seed: What the choice begins with, so that it can be had again; None for another choice each time.
            per_second: Only what goes beyond so many requests a second, by the gateway's clock; as many may come at
                once. 0 for all.
            times: How often it happens in all; 0 for ever.
            carried_out: Whether the command is carried out first; None for what is usual with the kind. What needs an
                answer to damage then damages that of error 901.
            seconds: How long ``delay`` waits, in real seconds.
            status: The HTTP status of ``status``, 300 to 599; 503 if not given.
            retry_after: The seconds that its header Retry-After says; None for no header.
            code: The number of ``error`` (901), or the fault code of ``fault`` (``Server``).
            text: The text of ``fault``.
            bytes_per_second: How fast ``trickle`` goes.

        Returns:
            The rule, which ``remove`` takes back by its id.

        Raises:
            ValueError: An argument is out of its range, or says nothing about the kind; the text says what to give.
        """
        always: dict[str, object] = {"command": command, "prefix": prefix, "nth": nth, "probability": probability}
        always |= {"per_second": per_second, "times": times}
        perhaps: dict[str, object] = {"seed": seed, "carried_out": carried_out, "seconds": seconds, "status": status}
        perhaps |= {"retry_after": retry_after, "code": code, "text": text, "bytes_per_second": bytes_per_second}
        own = {name: value for name, value in perhaps.items() if value is not None}
        check(kind, {**always, **own}, self._gateway.commands)
        rule = replace(
            Rule(id=str(next(self._ids)), kind=kind, carried_out=KINDS[kind].carried_out),
            **{"code": _USUAL_CODES.get(kind, ""), "text": _USUAL_TEXTS.get(kind, ""), **always, **own},  # type: ignore[arg-type]
        )
        with self._lock:
            if len(self._states) >= _MAX_RULES:
                self._states = {name: each for name, each in self._states.items() if not each.is_spent}
            if len(self._states) >= _MAX_RULES:
                raise ValueError(f"there are {_MAX_RULES} rules already: remove some")
            self._states[rule.id] = _RuleState(rule, self._gateway.clock)
        return rule

    def remove(self, rule_id: str) -> bool:
        """Take a rule back; gives whether it was there."""
        with self._lock:
            return self._states.pop(rule_id, None) is not None

    def lose_answer(self, command: str = "sendmsg", times: int = 1) -> None:
        """Lose the next answers to a command: short for ``add("reset", command=…, times=…)``.

        The command is carried out, or refused, as ever; then the connection breaks and the caller learns nothing.

        Args:
            command: The command in Document/Literal's spelling.
            times: How many answers to lose, on top of those still to be lost.

        Raises:
            ValueError: There is no such command, or nothing to lose.
        """
        if times < 1:
            raise ValueError("times counts the answers to lose: give 1 or more")
        self.add("reset", command=command, times=times)

    def status_delayed(self, minutes: float) -> None:
        """Let querymsg answer 001 for every message until it is that old; 0 ends the delay.

        Raises:
            ValueError: The delay is negative.
        """
        if minutes < 0:
            raise ValueError("a status cannot be told before there is a message: give 0 or more minutes")
        self._gateway.update_settings(reporting_delay=timedelta(minutes=minutes))

    def clear(self) -> None:
        """Let nothing go wrong any more but what magic numbers ask for."""
        with self._lock:
            self._states.clear()
            self._struck.clear()

    def strike(self, command: str, to: Sequence[str]) -> Rule | None:
        """What happens to a request; a service asks once for each.

        Args:
            command: The command in Document/Literal's spelling.
            to: The recipients as they were given, without blanks.
        """
        if self._states:
            with self._lock:
                # Every rule counts every request, whichever of them strikes it.
                wanting = [each for each in self._states.values() if each.wants(command, to)]
                if wanting:
                    return wanting[0].hit()
        return self._magic(to)

    def _magic(self, to: Sequence[str]) -> Rule | None:
        for number in to:
            if number.startswith(MAGIC_PREFIX):
                magic = MAGIC.get(number[3:6])
                if magic is not None and not (magic.every_other and self._was_struck(number)):
                    return magic.rule
        return None

    def _was_struck(self, number: str) -> bool:
        """Whether a number was struck the last time; if not, it counts as struck now."""
        with self._lock:
            if number in self._struck:
                del self._struck[number]
                return True
            if len(self._struck) >= _MAX_REMEMBERED:
                del self._struck[next(iter(self._struck))]
            self._struck[number] = None
            return False


@dataclass(slots=True)
class _RuleState:
    """A rule and what it has seen."""

    rule: Rule
    clock: Clock
    seen: int = 0
    random: Random = field(init=False)
    tokens: float = field(init=False)
    filled: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.rule.seed)  # noqa: S311 - chance, not secrecy
        self.tokens = max(1.0, self.rule.per_second)
        self.filled = self.clock.now()

    @property
    def is_spent(self) -> bool:
        return bool(self.rule.times) and self.rule.hits >= self.rule.times

    def wants(self, command: str, to: Sequence[str]) -> bool:
        rule = self.rule
        if self.is_spent or (rule.command and command != rule.command):
            return False
        if rule.prefix and not any(each.lstrip("+").startswith(rule.prefix) for each in to):
            return False
        self.seen += 1
        if rule.nth and self.seen != rule.nth:
            return False
        if rule.per_second and self._goes_through():
            return False
        return rule.probability >= 1.0 or self.random.random() < rule.probability

    def hit(self) -> Rule:
        self.rule = replace(self.rule, hits=self.rule.hits + 1)
        return self.rule

    def _goes_through(self) -> bool:
        """Whether a token is left; as many as a second brings can be saved up, and at least one."""
        now, most = self.clock.now(), max(1.0, self.rule.per_second)
        fresh = (now - self.filled).total_seconds() * self.rule.per_second
        self.tokens, self.filled = min(most, self.tokens + fresh), now
        if self.tokens < _A_TOKEN:
            return False
        self.tokens -= 1
        return True
