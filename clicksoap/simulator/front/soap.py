"""The gateway's SOAP services, one for each dialect."""

from clicksoap.contract import MAX_SOAP_RECIPIENTS, Dialect
from clicksoap.simulator.front.calls import MAX_BODY, Answer, Call, Incoming, UnreadableError
from clicksoap.simulator.front.compression import CompressionError, expand
from clicksoap.simulator.front.envelope import read_call, write_fault, write_reply
from clicksoap.simulator.masking import masked_envelope

"""Recipients of one request."""

_HEADERS = {"content-type": "text/xml; charset=utf-8"}


class SoapService:
    """SOAP 1.1 in one dialect.

    Args:
        dialect: The dialect that is answered in; any is understood.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    def name(self) -> str:
        """What the exchanges call it."""
        return str(self._dialect)

    def max_recipients(self, incoming: Incoming) -> int:  # noqa: ARG002 - by HTTP, it depends on the request
        """The most recipients of a request."""
        return MAX_SOAP_RECIPIENTS

    def read(self, incoming: Incoming) -> Call:
        """Read a request.

        Raises:
            UnreadableError: It is no call of the gateway.
        """
        return read_call(_expanded(incoming), _charset(incoming))

    def write(self, incoming: Incoming, call: Call, lines: list[str]) -> Answer:  # noqa: ARG002 - likewise
        """The answer that holds the lines of a reply."""
        return Answer(200, _HEADERS, write_reply(self._dialect, call.command, lines))

    def refuse(self, incoming: Incoming, error: UnreadableError) -> Answer:  # noqa: ARG002 - likewise
        """The fault for what could not be read, or not be carried out."""
        return Answer(500, _HEADERS, write_fault(error.code, error.text))

    def masked(self, incoming: Incoming) -> str:
        """The request as text, decompressed and without its secrets."""
        try:
            return masked_envelope(_expanded(incoming), _charset(incoming))
        except UnreadableError as error:
            return f"({len(incoming.body)} bytes: {error.text})"


def _expanded(incoming: Incoming) -> bytes:
    body = incoming.body
    if len(body) > MAX_BODY:
        raise UnreadableError("the request is too large")
    coding = incoming.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in {"gzip", "x-gzip"}:
        raise UnreadableError("the request is compressed in an unknown way")
    try:
        return expand(body, MAX_BODY)
    except CompressionError:
        raise UnreadableError("the request's gzip is damaged or too large") from None


def _charset(incoming: Incoming) -> str | None:
    for parameter in incoming.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
