"""A command of the gateway as a value, and the error of a request that holds none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clicksoap.contract import MAX_SOAP_RECIPIENTS
from clicksoap.simulator.front.reasons import Refusal
from clicksoap.simulator.front.warnings import RequestWarning


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the gateway, as a service reads it and the gateway executes it.

    Attributes:
        name: The name in Document/Literal's spelling, such as ``sendmsg``.
        values: The parameters except the recipients, normalised (see ``parameters.normalised``).
        to: The recipients, in order.
        max_recipients: The number of recipients that the service allows.
        peer: The address of the caller; None for a caller inside the process, whom no IP lock refuses.
        exchange: The number of the recorded exchange that brought it; 0 for none.
        warnings: The remarks about its request.
    """

    name: str
    values: Mapping[str, str] = field(repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    max_recipients: int = MAX_SOAP_RECIPIENTS
    peer: str | None = None
    exchange: int = 0
    warnings: tuple[RequestWarning, ...] = field(default=(), repr=False)


class UnreadableError(Exception):
    """A request cannot be read as a command, or the command could not be executed.

    Attributes:
        code: The SOAP 1.1 fault code, without prefix.
        text: The reason, without any text of the request; the caller gets it.
        refusal: The reason for people who look at the simulator: it says where in the request, and the mend.
    """

    def __init__(self, text: str, code: str = "Client", refusal: Refusal | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.refusal = refusal if refusal is not None else Refusal(code, "", "", text, "")
