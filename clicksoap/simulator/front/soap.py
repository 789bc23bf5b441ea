"""The gateway's SOAP services: SOAP 1.1 over HTTP, one service for each dialect."""

from itertools import chain

from clicksoap.contract import MAX_SOAP_RECIPIENTS, Dialect
from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.compression import CompressionError, expand
from clicksoap.simulator.front.envelope import read_envelope, write_fault, write_reply
from clicksoap.simulator.front.http_values import MAX_BODY, HttpAnswer, HttpRequest
from clicksoap.simulator.front.reasons import refusal, shown_value
from clicksoap.simulator.front.warnings import bounded, envelope_warnings, value_warnings
from clicksoap.simulator.masking import masked_envelope

_HEADERS = {"content-type": "text/xml; charset=utf-8"}


class SoapService:
    """The SOAP 1.1 service of one dialect.

    Args:
        dialect: The dialect of the answers; requests of either dialect are understood.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @property
    def name(self) -> str:
        """The service's name in the recorded exchanges."""
        return str(self._dialect)

    @property
    def has_faults(self) -> bool:
        """True if it can refuse a request as a whole by a SOAP Fault."""
        return True

    def read(self, request: HttpRequest) -> Command:
        """Read the command of a request.

        Raises:
            UnreadableError: The request does not hold a command of the gateway.
        """
        read = read_envelope(_expanded(request), _charset(request))
        noticed = chain(
            envelope_warnings(self._dialect, request, read.spelled, read.namespace, read.names),
            value_warnings(read.command.values),
        )
        command = read.command
        return Command(
            command.name, command.values, command.to, MAX_SOAP_RECIPIENTS, request.peer, warnings=bounded(noticed)
        )

    def write(self, command: Command, lines: list[str]) -> HttpAnswer:
        """The answer that holds the lines of a reply."""
        return HttpAnswer(200, _HEADERS, write_reply(self._dialect, command.name, lines))

    def refuse(self, error: UnreadableError) -> HttpAnswer:
        """The SOAP Fault for a request that could not be read or executed."""
        return HttpAnswer(500, _HEADERS, write_fault(error.code, error.text))

    def masked(self, request: HttpRequest) -> str:
        """The request as text, decompressed and without its secrets."""
        try:
            return masked_envelope(_expanded(request), _charset(request))
        except UnreadableError as error:
            return f"({len(request.body)} bytes: {error.text})"


def _expanded(request: HttpRequest) -> bytes:
    body = request.body
    if len(body) > MAX_BODY:
        raise _unreadable(
            "the request is too large", f"more than {MAX_BODY} bytes", "send fewer recipients in a request"
        )
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in {"gzip", "x-gzip"}:
        rule = f"Content-Encoding {shown_value(coding)}"
        raise _unreadable("the request is compressed in an unknown way", rule, "send gzip, or no compression")
    try:
        return expand(body, MAX_BODY)
    except CompressionError:
        rule = f"not one whole gzip member, or more than {MAX_BODY} bytes when expanded"
        raise _unreadable("the request's gzip is damaged or too large", rule, "send one gzip member") from None


def _unreadable(text: str, rule: str, mend: str) -> UnreadableError:
    return UnreadableError(text, refusal=refusal("Client", "", rule, mend))


def _charset(request: HttpRequest) -> str | None:
    for parameter in request.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
