"""Where the services hand commands in: the user's hook first, then the gateway, then the faults."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from clicksoap.simulator.faults import Faults
from clicksoap.simulator.gateway import Gateway

T = TypeVar("T")


class AnswerLostError(Exception):
    """The command was dealt with, but nobody is to be told."""


class Commands:
    """The way from a service to the gateway.

    Args:
        gateway: What carries the commands out.
        faults: What goes wrong on the way back.
        executor: Where requests are worked on, so that one may wait while others go on.
        on_command: Called with the name of each command before it is carried out.
    """

    def __init__(
        self, gateway: Gateway, faults: Faults, executor: Executor, on_command: Callable[[str], None] | None
    ) -> None:
        self._gateway = gateway
        self._faults = faults
        self._executor = executor
        self._on_command = on_command

    async def in_worker(self, work: Callable[[], T]) -> T:
        """Do the work in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def carry_out(
        self, command: str, parameters: Mapping[str, str], to: Sequence[str], *, max_recipients: int
    ) -> list[str]:
        """Carry a command out; for worker threads, because the hook may wait.

        Raises:
            AnswerLostError: The reply is to be lost.
        """
        if self._on_command is not None:
            self._on_command(command)
        lines = self._gateway.execute(command, parameters, to, max_recipients=max_recipients)
        if self._faults.take_answer(command):
            raise AnswerLostError
        return lines
