"""From a request to its answer, the same way for every service; what is to go wrong goes wrong here."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Final, Protocol

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.faults import Faults
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.model import Request
from clicksoap.simulator.masking import masked_reply, shown_headers
from clicksoap.simulator.services.calls import Answer, Call, Incoming, UnreadableError

_log: Final = logging.getLogger("clicksoap.simulator")


class Service(Protocol):
    """A way of speaking to the gateway."""

    @property
    def name(self) -> str:
        """What the exchanges call it."""
        ...

    def max_recipients(self, incoming: Incoming) -> int:
        """The most recipients of a request."""
        ...

    def read(self, incoming: Incoming) -> Call:
        """Read a request.

        Raises:
            UnreadableError: It is none.
        """
        ...

    def write(self, incoming: Incoming, call: Call, lines: list[str]) -> Answer:
        """The answer that holds the lines of a reply."""
        ...

    def refuse(self, incoming: Incoming, error: UnreadableError) -> Answer:
        """The answer to what could not be read, or not be carried out."""
        ...

    def masked(self, incoming: Incoming) -> str:
        """The request as text, without its secrets."""
        ...


class Desk:
    """Where the services bring what they were asked.

    Args:
        gateway: What carries the commands out.
        faults: What goes wrong on the way.
        exchanges: Where everything is kept for whoever looks later.
        stopping: Set when the server ends, which ends every wait.
        on_command: Called with the name of each command before it is carried out.
    """

    def __init__(
        self,
        gateway: Gateway,
        faults: Faults,
        exchanges: Exchanges,
        stopping: Event,
        on_command: Callable[[str], None] | None,
    ) -> None:
        self._gateway = gateway
        self._faults = faults
        self._exchanges = exchanges
        self._stopping = stopping
        self._on_command = on_command

    def answer(self, service: Service, incoming: Incoming) -> Answer:
        """Deal with a request; for worker threads, because it may wait."""
        began = self._gateway.clock.now()
        number = self._exchanges.number()
        command = ""
        try:
            call = service.read(incoming)
            command = call.command
            answer = self._carry_out(service, incoming, call, number)
        except UnreadableError as error:
            answer = service.refuse(incoming, error)
        except Exception as error:  # noqa: BLE001 - whatever broke, the caller gets an answer and no private matters
            _log.error("a command failed: %s", type(error).__name__)
            answer = service.refuse(incoming, UnreadableError("internal error", "Server"))
        self._exchanges.add(
            Exchange(
                number=number,
                at=began,
                service=service.name,
                command=command,
                method=incoming.method,
                path=incoming.path,
                peer=incoming.peer or "",
                request_headers=shown_headers(incoming.headers),
                request=service.masked(incoming),
                status=None if answer.ending == "reset" else answer.status,
                reply_headers=shown_headers(answer.headers),
                reply=masked_reply(answer.body, command),
            )
        )
        return answer

    def _carry_out(self, service: Service, incoming: Incoming, call: Call, number: int) -> Answer:
        if self._on_command is not None:
            self._on_command(call.command)
        to = tuple(each.strip() for each in call.to)
        most = service.max_recipients(incoming)
        lines = self._gateway.execute(Request(call.command, call.parameters, to, most, incoming.peer, number))
        answer = service.write(incoming, call, lines)
        if self._faults.take_answer(call.command):
            return replace(answer, ending="reset")
        return answer
