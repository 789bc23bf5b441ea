"""Warnings about requests: things that the simulator lets pass, and a stricter gateway may not."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

from lxml import etree

from clicksoap.contract import ORIGINAL_RPC_PATH, Dialect, wsdl
from clicksoap.simulator.front.http_values import HttpRequest
from clicksoap.simulator.front.reasons import shown_value

_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}"
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
_SOAP_1_1: Final = "SOAP 1.1, section 6"
_SPECIFICATION: Final = "the vendor's HTTP API specification 2.3.8"
_MAX_WARNINGS: Final = 20
_ENVELOPE_TYPES: Final = frozenset({"text/xml"})
_FORM: Final = "application/x-www-form-urlencoded"
_FLAG: Final = (0, 1)
_RANGES: Final = {
    "queue": (1, 3),
    "concat": (1, 35),
    "validity": (1, 1440),
    "escalate": _FLAG,
    "mo": _FLAG,
    "unicode": _FLAG,
    "deliv_ack": _FLAG,
    "req_feat": (0, 0x7FFF),
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_HTTP_ONLY: Final = ("scheduled_time", "binary", "cliMsgId", "callback")


@dataclass(frozen=True, slots=True)
class RequestWarning:
    """A remark about a request that the simulator lets pass, and a stricter gateway may not.

    Attributes:
        parameter: The parameter or the header; empty if it is about the request as a whole.
        rule: The rule that the request breaks, with the value.
        mend: The change that mends it.
        source: The document that the rule rests on.
    """

    parameter: str
    rule: str = field(repr=False)
    mend: str
    source: str

    @property
    def text(self) -> str:
        """The remark in one line."""
        return f"{self.parameter}{': ' if self.parameter else ''}{self.rule}; {self.mend} ({self.source})"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the WSDL of a dialect describes it.

    Attributes:
        name: The name in the spelling of the WSDL.
        action: The value of the header SOAPAction.
        namespace: The namespace of its element.
        parameters: The names of its parameters.
    """

    name: str
    action: str
    namespace: str
    parameters: frozenset[str]


@cache
def operations(dialect: Dialect) -> Mapping[str, Operation]:
    """The operations of a dialect by their lower-case names, read from its WSDL."""
    root = etree.fromstring(wsdl(dialect))
    space = root.get("targetNamespace", "")
    found: dict[str, Operation] = {}
    for each in root.iterfind(f"{_WSDL}binding/{_WSDL}operation"):
        name, soap = each.get("name", ""), each.find(f"{_SOAP}operation")
        body = each.find(f"{_WSDL}input/{_SOAP}body")
        action = "" if soap is None else soap.get("soapAction", "")
        namespace = space if body is None else body.get("namespace", space)
        found[name.lower()] = Operation(name, action, namespace, frozenset(_parameters(root, dialect, name)))
    return found


def _parameters(root: etree._Element, dialect: Dialect, name: str) -> Iterator[str]:  # pyright: ignore[reportPrivateUsage] - lxml's stubs name it so
    if dialect is Dialect.RPC_ENCODED:
        for message in root.iterfind(f"{_WSDL}message[@name='{name}Request']"):
            yield from (part.get("name", "") for part in message.iterfind(f"{_WSDL}part"))
        return
    for element in root.iterfind(f"{_WSDL}types/{_XSD}schema/{_XSD}element[@name='{name}']"):
        yield from (each.get("name", "") for each in element.iterfind(f".//{_XSD}element"))


def envelope_warnings(
    dialect: Dialect, request: HttpRequest, spelled: str, namespace: str, names: Iterable[str]
) -> Iterator[RequestWarning]:
    """The warnings about a SOAP request.

    Args:
        dialect: The dialect of the service.
        request: The request.
        spelled: The local name of the operation's element.
        namespace: Its namespace.
        names: The local names of its children.
    """
    operation = operations(dialect)[spelled.lower()]
    source = f"{dialect}.wsdl"
    yield from _header_warnings(request, operation.action, source)
    if spelled != operation.name:
        rule = f"{shown_value(spelled)} in other letter case than in the WSDL"
        yield RequestWarning(operation.name, rule, f"send {operation.name}", source)
    if namespace != operation.namespace:
        other = next(each for each in Dialect if each is not dialect)
        is_other = namespace == operations(other)[spelled.lower()].namespace
        what = (
            f"the namespace of the dialect {other}" if is_other else f"the namespace {shown_value(namespace) or 'none'}"
        )
        yield RequestWarning(operation.name, what, f"send the namespace {operation.namespace}", source)
    known = operation.parameters
    if request.path == ORIGINAL_RPC_PATH:
        known = known - {"msg_callback"} | {"callback"} if "msg_callback" in known else known
    for name in dict.fromkeys(names):
        if name not in known:
            rule = "an element that the operation does not have in the WSDL"
            yield RequestWarning(shown_value(name), rule, "leave it out, or spell it as in the WSDL", source)


def _header_warnings(request: HttpRequest, action: str, source: str) -> Iterator[RequestWarning]:
    given = request.headers.get("soapaction")
    if given is None or given.strip().strip('"') != action:
        rule = "missing" if given is None else f"{shown_value(given)} is not the operation's"
        yield RequestWarning("SOAPAction", rule, f'send "{action}"', f"{_SOAP_1_1}.1.1, and {source}")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _ENVELOPE_TYPES:
        rule = shown_value(media_type) or "missing"
        yield RequestWarning("Content-Type", rule, "send text/xml", _SOAP_1_1)
    query = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True) if request.query else []
    if any(name.lower() == "wsdl" for name, _ in query):
        mend = "send requests to the address without ?wsdl"
        yield RequestWarning("", "?wsdl in the address of a request", mend, "the vendor's SOAP API overview")


def form_warnings(command: str, request: HttpRequest, names: Iterable[str]) -> Iterator[RequestWarning]:
    """The warnings about a request of the HTTP API.

    Args:
        command: The command.
        request: The request.
        names: The names of the parameters as they were given.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and request.body and media_type not in {"", _FORM}:
        rule = f"{shown_value(media_type)}, so that the body is not read"
        yield RequestWarning("Content-Type", rule, f"send {_FORM}", _SPECIFICATION)
    known = _http_parameters(command)
    for name in dict.fromkeys(names):
        if name not in known:
            yield RequestWarning(
                shown_value(name), "a parameter that the command does not have", "leave it out", _SPECIFICATION
            )


@cache
def _http_parameters(command: str) -> frozenset[str]:
    return operations(Dialect.DOCUMENT_LITERAL)[command].parameters.union(_HTTP_ONLY)


def value_warnings(values: Mapping[str, str]) -> Iterator[RequestWarning]:
    """The warnings about values that are whole numbers out of the range that the vendor's documents name."""
    for name, (least, greatest) in _RANGES.items():
        value = values.get(name)
        if value is not None and _INTEGER.fullmatch(value) and not least <= int(value) <= greatest:
            rule = f"{value} is not from {least} to {greatest}"
            yield RequestWarning(name, rule, f"give {least} to {greatest}", _SPECIFICATION)


def bounded(warnings: Iterable[RequestWarning]) -> tuple[RequestWarning, ...]:
    """The first of the warnings; a request can have one for each of many thousand elements."""
    return tuple(each for each, _ in zip(warnings, range(_MAX_WARNINGS), strict=False))
