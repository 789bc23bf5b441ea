"""From a request to its answer, the same way for every service; what is to go wrong goes wrong here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
from typing import Final, Protocol

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.faults.apply import damaged
from clicksoap.simulator.faults.rules import Faults, Rule
from clicksoap.simulator.front.calls import Answer, Call, Incoming, Later, UnreadableError
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.model import Request
from clicksoap.simulator.masking import masked_reply, shown_headers

_log: Final = logging.getLogger("clicksoap.simulator")
_UNREAD: Final = Call("", {}, ())
_NOTHING: Final = Answer(503, {}, b"", ending="reset")


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


class RequestHandler:
    """Where the services bring what they were asked.

    Args:
        gateway: What carries the commands out.
        faults: What goes wrong on the way.
        exchanges: Where everything is kept for whoever looks later.
        stopping: Set when the server ends, which ends every wait.
        on_command: Called with the name of each command before it is carried out.

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
        """Whether to deal with a request may take long: nothing waits but the hook, and replies that are held."""
        return self._on_command is not None or self._gateway.before_reply is not None

    def answer(self, service: Service, incoming: Incoming) -> Answer | Later:
        """Deal with a request."""
        visit = _RequestContext(service, incoming, self._exchanges.number(), self._gateway.clock.now())
        unread = self._guarded(visit, self._read)
        if unread is not None:
            return self._keep(visit, unread)
        rule = visit.rule
        if rule is not None and rule.kind == "delay" and not rule.carried_out:
            return Later(rule.seconds, lambda: self._deal(visit), lambda: self._keep(visit, _NOTHING))
        return self._deal(visit)

    def _deal(self, visit: "_RequestContext") -> Answer:
        return self._keep(visit, self._guarded(visit, self._answered) or _NOTHING)

    def _guarded(self, visit: "_RequestContext", step: "Callable[[_RequestContext], Answer | None]") -> Answer | None:
        try:
            return step(visit)
        except UnreadableError as error:
            return visit.service.refuse(visit.incoming, error)
        except Exception as error:  # noqa: BLE001 - whatever broke, the caller gets an answer and no private matters
            _log.error("a command failed: %s", type(error).__name__)
            return visit.service.refuse(visit.incoming, UnreadableError("internal error", "Server"))

    def _read(self, visit: "_RequestContext") -> None:
        call = visit.service.read(visit.incoming)
        visit.call = replace(call, to=tuple(each.strip() for each in call.to))
        visit.rule = self._faults.strike(call.command, visit.call.to)

    def _keep(self, visit: "_RequestContext", answer: Answer) -> Answer:
        incoming, rule, command = visit.incoming, visit.rule, visit.call.command
        self._exchanges.add(
            Exchange(
                number=visit.number,
                at=visit.began,
                service=visit.service.name,
                command=command,
                method=incoming.method,
                path=incoming.path,
                peer=incoming.peer or "",
                request_headers=shown_headers(incoming.headers),
                request=visit.service.masked(incoming),
                status=None if answer.ending == "reset" else answer.status,
                reply_headers=shown_headers(answer.headers),
                reply=masked_reply(answer.body if answer.shown is None else answer.shown, command),
                fault="" if rule is None else _named(rule),
            )
        )
        return answer

    def _answered(self, visit: "_RequestContext") -> Answer:
        """The answer to a request, as a rule leaves it."""
        rule = visit.rule
        if rule is None:
            return self._carried_out(visit)
        if rule.kind == "session":
            self._gateway.expire_sessions()
            return self._carried_out(visit) if rule.carried_out else self._refused(visit, "003")
        waited = rule.kind == "delay"
        answer = self._carried_out(visit) if rule.carried_out or waited else self._refused(visit, "901")
        if rule.kind == "error":
            return self._refused(visit, rule.code)
        if rule.kind == "fault":
            return visit.service.refuse(visit.incoming, UnreadableError(rule.text, rule.code))
        return damaged(rule, answer)

    def _carried_out(self, visit: "_RequestContext") -> Answer:
        service, incoming, call = visit.service, visit.incoming, visit.call
        if self._on_command is not None:
            self._on_command(call.command)
        most, peer = service.max_recipients(incoming), incoming.peer
        lines = self._gateway.execute(Request(call.command, call.parameters, call.to, most, peer, visit.number))
        return service.write(incoming, call, lines)

    def _refused(self, visit: "_RequestContext", code: str) -> Answer:
        lines = self._gateway.refusal(code, len(visit.call.to))
        return visit.service.write(visit.incoming, visit.call, lines)


@dataclass(slots=True)
class _RequestContext:
    """A request at the desk, and what is known of it by now."""

    service: Service
    incoming: Incoming
    number: int
    began: datetime
    call: Call = _UNREAD
    rule: Rule | None = None


def _named(rule: Rule) -> str:
    """A rule in an exchange; those of magic numbers have their digits as id."""
    return f"{rule.kind} ({'number' if rule.prefix == rule.id else 'rule'} {rule.id})"
