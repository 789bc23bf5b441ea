"""Handle one request of a service: read it, apply faults, execute the command, record the exchange."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
from typing import Final, Protocol

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.faults.apply import apply_fault
from clicksoap.simulator.faults.rule_set import Faults
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.http_values import DelayedAnswer, HttpAnswer, HttpRequest
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.masking import masked_reply, shown_headers

_log: Final = logging.getLogger("clicksoap.simulator")
_NO_ANSWER: Final = HttpAnswer(503, {}, b"", ending="reset")


class GatewayService(Protocol):
    """A protocol of the gateway: reads commands from requests, and writes answers."""

    @property
    def name(self) -> str:
        """The service's name in the recorded exchanges."""
        ...

    def read(self, request: HttpRequest) -> Command:
        """Read the command of a request.

        Raises:
            UnreadableError: The request does not hold a command of the gateway.
        """
        ...

    def write(self, command: Command, lines: list[str]) -> HttpAnswer:
        """The answer that holds the lines of a reply."""
        ...

    def refuse(self, error: UnreadableError) -> HttpAnswer:
        """The answer to a request that could not be read or executed."""
        ...

    def masked(self, request: HttpRequest) -> str:
        """The request as text, without its secrets."""
        ...


class RequestHandler:
    """Handles the requests of every service; safe to use from any thread.

    Args:
        gateway: The gateway that executes the commands.
        faults: The faults that happen to the requests.
        exchanges: The record of requests and answers.
        stopping: Set when the server ends, which ends every wait.
        on_command: Called with the name of each command before its execution; None for no call.

    Attributes:
        stopping: As given.
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
        self.stopping = stopping
        self._on_command = on_command

    @property
    def may_wait(self) -> bool:
        """True if the handling of a request may take long: in ``on_command`` or in a reply hook of the gateway."""
        return self._on_command is not None or self._gateway.has_reply_hooks

    def answer(self, service: GatewayService, request: HttpRequest) -> HttpAnswer | DelayedAnswer:
        """Handle a request; a fault may delay it before the command is executed."""
        number = self._exchanges.next_number()
        context = _RequestContext(service, request, Command("", {}, exchange=number), self._gateway.clock.now())
        try:
            command = replace(service.read(request), exchange=number)
            context = replace(context, command=command)
            context = replace(context, rule=self._faults.match(command.name, command.to))
        except Exception as error:  # noqa: BLE001 - any failure is answered, without private data
            return self._recorded(context, _failed(service, error))
        rule = context.rule
        if rule is not None and rule.kind == "delay" and not rule.carried_out:
            return DelayedAnswer(
                rule.seconds, lambda: self._executed(context), lambda: self._recorded(context, _NO_ANSWER)
            )
        return self._executed(context)

    def _executed(self, context: "_RequestContext") -> HttpAnswer:
        """Execute the command of a request, with its fault, and record the exchange."""
        try:
            answer = self._answer(context)
        except Exception as error:  # noqa: BLE001 - likewise
            answer = _failed(context.service, error)
        return self._recorded(context, answer)

    def _answer(self, context: "_RequestContext") -> HttpAnswer:
        """The answer to a request, after its fault if there is one."""
        rule = context.rule
        if rule is None:
            return self._carried_out(context)
        if rule.kind == "session":
            self._gateway.expire_sessions()
            return self._carried_out(context) if rule.carried_out else self._refused(context, "003")
        waited = rule.kind == "delay"
        answer = self._carried_out(context) if rule.carried_out or waited else self._refused(context, "901")
        if rule.kind == "error":
            return self._refused(context, rule.code)
        if rule.kind == "fault":
            return context.service.refuse(UnreadableError(rule.text, rule.code))
        return apply_fault(rule, answer)

    def _carried_out(self, context: "_RequestContext") -> HttpAnswer:
        command = context.command
        if self._on_command is not None:
            self._on_command(command.name)
        return context.service.write(command, self._gateway.execute(command))

    def _refused(self, context: "_RequestContext", code: str) -> HttpAnswer:
        lines = self._gateway.refusal(code, len(context.command.to))
        return context.service.write(context.command, lines)

    def _recorded(self, context: "_RequestContext", answer: HttpAnswer) -> HttpAnswer:
        request, rule, command = context.request, context.rule, context.command
        self._exchanges.add(
            Exchange(
                number=command.exchange,
                at=context.began,
                service=context.service.name,
                command=command.name,
                method=request.method,
                path=request.path,
                peer=request.peer or "",
                request_headers=shown_headers(request.headers),
                request=context.service.masked(request),
                status=None if answer.ending == "reset" else answer.status,
                reply_headers=shown_headers(answer.headers),
                reply=masked_reply(answer.body if answer.shown is None else answer.shown, command.name),
                fault="" if rule is None else _description(rule),
            )
        )
        return answer


@dataclass(frozen=True, slots=True)
class _RequestContext:
    """A request with its command, the time it began, and the fault rule that applies to it."""

    service: GatewayService
    request: HttpRequest
    command: Command
    began: datetime
    rule: Rule | None = None


def _failed(service: GatewayService, error: Exception) -> HttpAnswer:
    """The answer to a request whose handling raised an error."""
    if not isinstance(error, UnreadableError):
        _log.error("a command failed: %s", type(error).__name__)
        error = UnreadableError("internal error", "Server")
    return service.refuse(error)


def _description(rule: Rule) -> str:
    """A rule in a recorded exchange: its kind and id; the id of a magic number's rule is its digits."""
    return f"{rule.kind} ({'number' if rule.prefix == rule.id else 'rule'} {rule.id})"
