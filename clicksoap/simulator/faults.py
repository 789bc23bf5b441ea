"""Misfortunes that a test asks for."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Literal

from clicksoap.simulator.gateway.gateway import Gateway

Kind = Literal[
    "delay",
    "status",
    "fault",
    "error",
    "session",
    "html",
    "malformed",
    "truncated",
    "empty",
    "charset",
    "gzip",
    "trickle",
    "reset",
]
"""What can go wrong."""


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
    kind: Kind
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


class Faults:
    """What goes wrong between a gateway and its callers, on every service alike; safe to use from any thread.

    Args:
        gateway: The gateway that it goes wrong for.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = Lock()
        self._lost: Counter[str] = Counter()

    def lose_answer(self, command: str = "sendmsg", times: int = 1) -> None:
        """Lose the next answers to a command.

        The command is carried out, or refused, as ever; then the connection breaks and the caller learns nothing.

        Args:
            command: The command in Document/Literal's spelling.
            times: How many answers to lose, on top of those still to be lost.

        Raises:
            ValueError: There is no such command, or nothing to lose.
        """
        if command not in self._gateway.commands:
            raise ValueError("there is no such command: commands are spelled as in Document/Literal, all in lower case")
        if times < 1:
            raise ValueError("times counts the answers to lose: give 1 or more")
        with self._lock:
            self._lost[command] += times

    def status_delayed(self, minutes: float) -> None:
        """Let querymsg answer 001 for every message until it is that old; 0 ends the delay.

        Raises:
            ValueError: The delay is negative.
        """
        if minutes < 0:
            raise ValueError("a status cannot be told before there is a message: give 0 or more minutes")
        self._gateway.update_settings(reporting_delay=timedelta(minutes=minutes))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._lost.clear()

    def take_answer(self, command: str) -> bool:
        """Whether the answer that a service is about to give is lost; it asks once for each."""
        with self._lock:
            if not self._lost[command]:
                return False
            self._lost[command] -= 1
            return True
