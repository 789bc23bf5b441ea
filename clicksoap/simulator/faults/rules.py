"""Fault rules as values: the fault, the requests that it happens to, and the progress of a rule."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Final

from clicksoap.simulator.faults.kinds import FaultKindName
from clicksoap.simulator.gateway.clock import Clock

DEFAULT_CODES: Final[dict[FaultKindName, str]] = {"error": "901", "fault": "Server"}
"""The ``code`` of a rule that names none, by its kind."""

DEFAULT_TEXTS: Final[dict[FaultKindName, str]] = {"fault": "the gateway is out of order"}
"""The ``text`` of a rule that names none, by its kind."""

_ONE_TOKEN: Final = 1 - 1e-9  # tenths do not add up to 1 exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault, and the requests that it happens to.

    Attributes:
        id: The id, by which the rule is removed.
        kind: The kind of fault.
        carried_out: Whether the command is carried out (or refused) first.
        command: Only this command, in Document/Literal's spelling; empty for any.
        prefix: Only requests with a recipient of this prefix; empty for any.
        nth: Only the nth of these requests, from 1; 0 for all.
        probability: The share of them that it happens to, 0 to 1.
        seed: The seed of the random choice, so that it can be repeated; None for another choice each time.
        per_second: Only the requests beyond so many a second; 0 for all.
        times: How often it happens in all; 0 for no limit.
        seconds: The seconds that ``delay`` waits.
        status: The HTTP status of ``status``.
        retry_after: The seconds that the header Retry-After of ``status`` says; None for no header.
        code: The error code of ``error``, or the fault code of ``fault``.
        text: The text of ``fault``.
        bytes_per_second: The speed of ``trickle``.
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


@dataclass(slots=True)
class RuleState:
    """The progress of a rule: the requests that it counted, and the tokens of its rate limit; not thread-safe.

    Attributes:
        rule: The rule, with its hits.
        clock: The clock of the rate limit.
        seen: The number of requests of its command and prefix.
        random: The random choice.
        tokens: The requests that still pass the rate limit.
        filled: When tokens were last added.
    """

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
        """True if the rule has happened as often as it may."""
        return bool(self.rule.times) and self.rule.hits >= self.rule.times

    def matches(self, command: str, to: Sequence[str]) -> bool:
        """Count a request; true if the rule applies to it."""
        rule = self.rule
        if self.is_spent or (rule.command and command != rule.command):
            return False
        if rule.prefix and not any(each.lstrip("+").startswith(rule.prefix) for each in to):
            return False
        self.seen += 1
        if rule.nth and self.seen != rule.nth:
            return False
        if rule.per_second and self._takes_token():
            return False
        return rule.probability >= 1.0 or self.random.random() < rule.probability

    def hit(self) -> Rule:
        """Count a hit; gives the rule as it is then."""
        self.rule = replace(self.rule, hits=self.rule.hits + 1)
        return self.rule

    def _takes_token(self) -> bool:
        """True if the request passes the rate limit; one second's tokens can be saved up, and at least one."""
        now, max_tokens = self.clock.now(), max(1.0, self.rule.per_second)
        fresh = (now - self.filled).total_seconds() * self.rule.per_second
        self.tokens, self.filled = min(max_tokens, self.tokens + fresh), now
        if self.tokens < _ONE_TOKEN:
            return False
        self.tokens -= 1
        return True
