"""Ways of speaking to the gateway."""

from collections.abc import Sequence
from typing import Protocol

from clicksoap.protocol.operations import Parameters
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.text import Charset


class Binding(Protocol):
    """One way of speaking: named parameters to a request, a reply to its lines. It does no I/O."""

    @property
    def name(self) -> str:
        """The value of ``Client(binding=...)``."""
        ...

    @property
    def charset(self) -> Charset:
        """What the plain ``text`` parameter carries unharmed."""
        ...

    @property
    def batch_fields(self) -> int:
        """How many ``#fieldN#`` a template batch can merge."""
        ...

    @property
    def max_recipients(self) -> int:
        """How many recipients the gateway takes in one request."""
        ...

    def takes_client_id(self, operation: str) -> bool:
        """Whether a sending command has a client message id."""
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

    def decode(self, reply: WireReply, secrets: Sequence[str] = ()) -> list[str]:
        """The answer's lines.

        Raises:
            ProtocolError: The reply is none of the contract.
            SoapFault: The server answered with a Fault.
        """
        ...
