"""The three ways of speaking to the gateway, behind one interface: two SOAP dialects and the HTTP API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clicksoap.protocol.operations import Parameters
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.text import Charset


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities of a binding, as data.

    Attributes:
        commands: The gateway's commands that it has, by Document/Literal's names.
        client_id_commands: The commands that take a client message id (gateway: ``climsgid``).
        max_recipients: How many recipients the gateway takes in one request.
        batch_fields: How many ``#fieldN#`` a template batch can merge.
        charset: The characters that the plain ``text`` parameter carries unharmed.
    """

    commands: frozenset[str]
    client_id_commands: frozenset[str]
    max_recipients: int
    batch_fields: int
    charset: Charset

    @property
    def asks_by_client_id(self) -> bool:
        """Whether a message can be asked for by the client's id (``querymsg``), which `Client.reconcile` needs."""
        return "querymsg" in self.client_id_commands

    @property
    def stops(self) -> bool:
        """Whether a waiting message can be stopped (``delmsg``)."""
        return "delmsg" in self.commands

    @property
    def charges(self) -> bool:
        """Whether the charge of a message can be asked for (``getmsgcharge``)."""
        return "getmsgcharge" in self.commands

    @property
    def coverage(self) -> bool:
        """Whether it can be asked if a number is routed (``routecoverage``)."""
        return "routecoverage" in self.commands


class Binding(Protocol):
    """Turns a command into one HTTP request and an HTTP reply into lines; it does no I/O."""

    @property
    def name(self) -> str:
        """The value of ``Client(binding=...)``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        ...

    def prepare(self) -> None:
        """Read what is needed for encoding, once per process; encoding does it by itself otherwise."""
        ...

    def encode(self, operation: str, parameters: Parameters) -> WireRequest:
        """The request of one command, in Document/Literal's names.

        Raises:
            InvalidInput: A parameter is unknown, missing, or of a wrong kind; NotExpressible where only this binding
                lacks it.
        """
        ...

    def decode(
        self, reply: WireReply, operation: str, parameters: Parameters, secrets: Sequence[str] = ()
    ) -> list[str]:
        """The lines of an answer.

        Args:
            reply: The reply.
            operation: The command that was asked.
            parameters: The parameters that it was asked with.
            secrets: Texts to be masked in errors.

        Raises:
            ProtocolError: The reply is not an answer of the contract.
            SoapFault: The server answered with a Fault.
        """
        ...
