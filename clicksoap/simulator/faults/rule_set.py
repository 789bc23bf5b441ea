"""The faults of a gateway: its fault rules and its magic numbers, matched against each request."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Lock
from typing import Final

from clicksoap.simulator.faults.kinds import KINDS, FaultKindName, check_rule
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.faults.rules import DEFAULT_CODES, DEFAULT_TEXTS, Rule, RuleState
from clicksoap.simulator.gateway.gateway import Gateway

_MAX_RULES: Final = 1000
_MAX_REMEMBERED: Final = 10_000  # magic numbers of which every other request fails


class Faults:
    """The fault rules of a gateway, the same on every service; safe to use from any thread.

    Args:
        gateway: The gateway, for its commands, its clock and its sessions.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = Lock()
        self._ids = count(1)
        self._states: dict[str, RuleState] = {}
        self._failed_numbers: dict[str, None] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule with its hits, in the order of addition; spent ones included."""
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
        """Add a rule: a fault that happens from now on.

        It happens to requests that can be read as a command. Of several rules that match the same request, the one
        added first applies.

        Args:
            kind: The kind of fault; ``KINDS`` describes each.
            command: Only this command, in Document/Literal's spelling; empty for any.
            prefix: Only requests with a recipient of this prefix, in digits; empty for any.
            nth: Only the nth of these requests, from 1; 0 for all.
            probability: The share of them that it happens to, 0 to 1.
            seed: The seed of the random choice, so that it can be repeated; None for another choice each time.
            per_second: Only the requests beyond so many a second, by the gateway's clock; as many may come at once.
                0 for all.
            times: How often it happens in all; 0 for no limit.
            carried_out: Whether the command is carried out first; None for the default of the kind. If it is not, a
                kind that changes an answer changes the one of error 901.
            seconds: The real seconds that ``delay`` waits, 0.001 to 86400.
            status: The HTTP status of ``status``, 300 to 599; 503 if not given.
            retry_after: The seconds that its header Retry-After says, 0 to 86400; None for no header.
            code: The error code of ``error`` (default 901), or the fault code of ``fault`` (default ``Server``).
            text: The text of ``fault``.
            bytes_per_second: The speed of ``trickle``, 0.1 to 1000000.

        Returns:
            The rule; ``remove`` takes its id.

        Raises:
            ValueError: An argument is out of its range, or does not belong to the kind; the text says what to give.
                Or there are too many rules.
        """
        always: dict[str, object] = {"command": command, "prefix": prefix, "nth": nth, "probability": probability}
        always |= {"per_second": per_second, "times": times}
        optional: dict[str, object] = {"seed": seed, "carried_out": carried_out, "seconds": seconds, "status": status}
        optional |= {"retry_after": retry_after, "code": code, "text": text, "bytes_per_second": bytes_per_second}
        given = {name: value for name, value in optional.items() if value is not None}
        check_rule(kind, {**always, **given}, self._gateway.commands)
        rule = replace(
            Rule(id=str(next(self._ids)), kind=kind, carried_out=KINDS[kind].carried_out),
            **{"code": DEFAULT_CODES.get(kind, ""), "text": DEFAULT_TEXTS.get(kind, ""), **always, **given},  # type: ignore[arg-type]
        )
        with self._lock:
            if len(self._states) >= _MAX_RULES:
                self._states = {name: each for name, each in self._states.items() if not each.is_spent}
            if len(self._states) >= _MAX_RULES:
                raise ValueError(f"too many fault rules: remove some, as {_MAX_RULES} are the most")
            self._states[rule.id] = RuleState(rule, self._gateway.clock)
        return rule

    def remove(self, rule_id: str) -> bool:
        """Remove a rule; gives true if it was there."""
        with self._lock:
            return self._states.pop(rule_id, None) is not None

    def lose_answer(self, command: str = "sendmsg", times: int = 1) -> None:
        """Lose the next answers to a command: short for ``add("reset", command=…, times=…)``.

        The command is carried out, or refused, as usual; then the connection breaks and the caller gets no answer.

        Args:
            command: The command in Document/Literal's spelling.
            times: How many answers to lose, on top of those still to be lost.

        Raises:
            ValueError: The command is unknown, or ``times`` is less than 1.
        """
        if times < 1:
            raise ValueError("times is less than 1: give the number of answers to lose, 1 or more")
        self.add("reset", command=command, times=times)

    def status_delayed(self, minutes: float) -> None:
        """Let querymsg answer 001 for every message that is younger than ``minutes``; 0 ends the delay.

        Raises:
            ValueError: The delay is negative.
        """
        if minutes < 0:
            raise ValueError("minutes is negative: give 0 or more")
        self._gateway.update_settings(reporting_delay=timedelta(minutes=minutes))

    def clear(self) -> None:
        """Remove every rule; the faults of magic numbers remain."""
        with self._lock:
            self._states.clear()
            self._failed_numbers.clear()

    def match(self, command: str, to: Sequence[str]) -> Rule | None:
        """The rule that applies to a request; None if none does. Call it once for each request.

        Args:
            command: The command in Document/Literal's spelling.
            to: The recipients as they were given, without surrounding blanks.
        """
        if self._states:
            with self._lock:
                # Every rule counts every request, no matter which of them applies.
                matching = [each for each in self._states.values() if each.matches(command, to)]
                if matching:
                    return matching[0].hit()
        return self._magic(to)

    def _magic(self, to: Sequence[str]) -> Rule | None:
        for number in to:
            if number.startswith(MAGIC_PREFIX):
                magic = MAGIC.get(number[3:6])
                if magic is not None and not (magic.every_other and self._has_just_failed(number)):
                    return magic.rule
        return None

    def _has_just_failed(self, number: str) -> bool:
        """True if the last request to a number failed; if not, this one counts as failed."""
        with self._lock:
            if number in self._failed_numbers:
                del self._failed_numbers[number]
                return True
            if len(self._failed_numbers) >= _MAX_REMEMBERED:
                del self._failed_numbers[next(iter(self._failed_numbers))]
            self._failed_numbers[number] = None
            return False
