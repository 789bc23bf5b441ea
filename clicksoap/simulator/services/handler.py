"""Handle one request of a service: read it, apply faults, execute the command, record the exchange."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final, Protocol

from clicksoap.simulator.exchanges import Exchange, Exchanges, Outcome
from clicksoap.simulator.faults.apply import apply_fault
from clicksoap.simulator.faults.rule_set import Faults
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.http_values import DelayedAnswer, HttpAnswer, HttpRequest
from clicksoap.simulator.front.reasons import Refusal, refusal, shown_value
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.masking import masked_reply, shown_headers

_log: Final = logging.getLogger("clicksoap.simulator")
_MAX_PATH: Final = 1000
_MAX_REFUSALS: Final = 1000
_MAX_TEXT: Final = 160
_TEXTS: Final = ("text", "template", "si_text", "mms_subject", "data")
_NO_ANSWER: Final = HttpAnswer(503, {}, b"", ending="reset")


class GatewayService(Protocol):
    """A protocol of the gateway: reads commands from requests, and writes answers."""

    @property
    def name(self) -> str:
        """The service's name in the recorded exchanges."""
        ...

    @property
    def has_faults(self) -> bool:
        """True if it can refuse a request as a whole by a SOAP Fault."""
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
            read = service.read(request)
            command = context.command = Command(
                read.name, read.values, read.to, read.max_recipients, read.peer, number, read.warnings
            )
            rule = context.rule = self._faults.match(command.name, command.to)
        except Exception as error:  # noqa: BLE001 - any failure is answered, without private data
            return self._recorded(context, _failed(context, error))
        if rule is not None and rule.kind == "delay" and not rule.carried_out:
            return DelayedAnswer(
                rule.seconds, lambda: self._executed(context), lambda: self._recorded(context, _NO_ANSWER)
            )
        return self._executed(context)

    def record(self, service: GatewayService, request: HttpRequest, answer: HttpAnswer, why: Refusal | None) -> None:
        """Record a request that is answered without a command.

        Args:
            service: The service, for its name and its mask.
            request: The request.
            answer: The answer.
            why: The reason why it holds no command; None if it needs none.
        """
        number = self._exchanges.next_number()
        context = _RequestContext(service, request, Command("", {}, exchange=number), self._gateway.clock.now())
        if why is not None:
            context.refusals, context.outcome = (why,), "unreadable"
        self._recorded(context, answer)

    def _executed(self, context: "_RequestContext") -> HttpAnswer:
        """Execute the command of a request, with its fault, and record the exchange."""
        try:
            answer = self._answer(context)
        except Exception as error:  # noqa: BLE001 - likewise
            answer = _failed(context, error)
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
            context.refusals, context.outcome = (_planned(rule, rule.code),), "failed"
            return context.service.refuse(UnreadableError(rule.text, rule.code))
        return apply_fault(rule, answer)

    def _carried_out(self, context: "_RequestContext") -> HttpAnswer:
        command = context.command
        if command.warnings and self._gateway.settings.strict:
            return self._strictly_refused(context)
        if self._on_command is not None:
            self._on_command(command.name)
        reply = self._gateway.reply(command)
        context.refusals = reply.refusals
        if reply.refusals:
            context.outcome = "partly" if reply.accepted else "refused"
        elif reply.accepted:
            context.outcome = "accepted"
        return context.service.write(command, reply.lines)

    def _strictly_refused(self, context: "_RequestContext") -> HttpAnswer:
        """The refusal of a request with warnings, by the setting ``strict``."""
        warnings = context.command.warnings
        is_about_values = all(each.parameter in context.command.values for each in warnings)
        code = "101" if is_about_values or not context.service.has_faults else "Client"
        mend = f"{warnings[0].mend}, or leave the setting strict out"
        found = tuple(refusal(code, each.parameter, f"{each.rule} ({each.source})", mend) for each in warnings)
        if code == "Client":
            raise UnreadableError("the request breaks a rule of its WSDL or of SOAP 1.1", code, found[0])
        context.refusals, context.outcome = found, "refused"
        lines = self._gateway.refusal(code, len(context.command.to))
        return context.service.write(context.command, lines)

    def _refused(self, context: "_RequestContext", code: str) -> HttpAnswer:
        if context.rule is not None:
            context.refusals, context.outcome = (_planned(context.rule, code),), "failed"
        lines = self._gateway.refusal(code, len(context.command.to))
        return context.service.write(context.command, lines)

    def _recorded(self, context: "_RequestContext", answer: HttpAnswer) -> HttpAnswer:
        request, rule, command, refusals = context.request, context.rule, context.command, context.refusals
        first = refusals[0] if refusals else None
        self._exchanges.add(
            Exchange(
                number=command.exchange,
                at=context.began,
                service=context.service.name,
                command=command.name,
                method=request.method,
                path=request.path[:_MAX_PATH],
                peer=request.peer or "",
                request_headers=shown_headers(request.headers),
                request=context.service.masked(request),
                status=None if answer.ending == "reset" else answer.status,
                reply_headers=shown_headers(answer.headers),
                reply=masked_reply(answer.body if answer.shown is None else answer.shown, command.name),
                fault="" if rule is None else _description(rule),
                outcome=context.outcome,
                code="" if first is None else first.code,
                parameter="" if first is None else first.parameter,
                reason="" if first is None else first.text,
                refusals=refusals[:_MAX_REFUSALS],
                warnings=command.warnings,
                to=shown_value(command.to[0]) if command.to else "",
                recipients=len(command.to),
                text=_text(command.values),
            )
        )
        return answer


@dataclass(slots=True)
class _RequestContext:
    """A request with its command, the time it began, its outcome, and the fault rule that applies to it."""

    service: GatewayService
    request: HttpRequest
    command: Command
    began: datetime
    rule: Rule | None = None
    outcome: Outcome = "answered"
    refusals: tuple[Refusal, ...] = ()


def _failed(context: _RequestContext, error: Exception) -> HttpAnswer:
    """The answer to a request whose handling raised an error."""
    context.outcome = "unreadable"
    if not isinstance(error, UnreadableError):
        _log.error("a command failed: %s", type(error).__name__)
        context.outcome = "failed"
        rule = f"the simulator failed: {type(error).__name__}"
        error = UnreadableError("internal error", "Server", Refusal("Server", "", "", rule, ""))
    context.refusals = (error.refusal,)
    return context.service.refuse(error)


def _planned(rule: Rule, code: str) -> Refusal:
    """The reason of a refusal by a fault rule or a magic number."""
    return Refusal(code, "", "", f"the fault {_description(rule)} answers in place of the gateway", "remove the fault")


def _text(values: Mapping[str, str]) -> str:
    """The beginning of the text of a command."""
    text = next((values[name] for name in _TEXTS if name in values), "")
    return text[:_MAX_TEXT]


def _description(rule: Rule) -> str:
    """A rule in a recorded exchange: its kind and id; the id of a magic number's rule is its digits."""
    return f"{rule.kind} ({'number' if rule.prefix == rule.id else 'rule'} {rule.id})"
