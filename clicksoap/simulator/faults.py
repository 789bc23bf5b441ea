"""Misfortunes that a test asks for."""

from collections import Counter
from datetime import timedelta
from threading import Lock

from clicksoap.simulator.gateway import Gateway


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
        self._gateway.reporting_delay = timedelta(minutes=minutes)

    def take_answer(self, command: str) -> bool:
        """Whether the answer that a service is about to give is lost; it asks once for each."""
        with self._lock:
            if not self._lost[command]:
                return False
            self._lost[command] -= 1
            return True
