"""The two SOAP bindings: zeep loads the WSDL, compiled serializers write requests, a bounded reader reads replies.

zeep's own writer leaves out of RPC/Encoded what its servers need (xsi:type, arrayType), and its reader can lose text,
drop empty items and spend seconds on a small hostile reply; so neither is used.
"""

import io
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from zeep.exceptions import Error as ZeepError
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding
from zeep.xsd import ComplexType
from zeep.xsd.types import builtins

from clicksoap import contract
from clicksoap.contract import Dialect
from clicksoap.errors import ConfigurationError, InvalidInput, NotExpressible, ProtocolError
from clicksoap.protocol.bindings import Capabilities
from clicksoap.protocol.bindings.envelope import lines_of_envelope
from clicksoap.protocol.bindings.http_status import is_success, status_error
from clicksoap.protocol.bindings.serializer import (
    Lexical,
    Part,
    Serializer,
    Template,
    array_part,
    attribute,
    boolean,
    encoded_part,
    integer,
    literal_part,
    number,
    string,
    string_or_int,
)
from clicksoap.protocol.operations import Parameters
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.redaction import scrub
from clicksoap.text import Charset

_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_MAX_TEMPLATES: Final = 128
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"


class Contract(NamedTuple):
    """A WSDL of the gateway's contract, compiled.

    Attributes:
        dialect: The SOAP dialect that it describes.
        address: The service address that it names.
        serializers: Its operations by Document/Literal's names.
    """

    dialect: Dialect
    address: str
    serializers: Mapping[str, Serializer]


class SoapBinding:
    """A SOAP dialect at a service address; a bundled WSDL is read once per process, on first use.

    Args:
        dialect: The dialect.
        url: The service address.
        in_house: The contract of an in-house gateway, in place of the bundled one.
    """

    def __init__(self, dialect: Dialect, url: str, in_house: Contract | None = None) -> None:
        self._dialect = dialect
        self._url = url
        self._in_house = in_house
        self.capabilities = _capabilities(dialect, in_house)
        original = in_house is None and url.partition("?")[0].endswith(contract.ORIGINAL_RPC_PATH)
        self._renamed = {"msg_callback": "callback"} if original else {}
        # By the command and the names of its parameters; no value is kept.
        self._templates: dict[tuple[str, ...], Template] = {}

    @property
    def name(self) -> str:
        """The value of ``Client(binding=...)``."""
        return self._dialect.value

    def prepare(self) -> None:
        """Compile the bundled WSDL, some ten milliseconds once per process."""
        if self._in_house is None:
            bundled(self._dialect)

    def serializer(self, operation: str) -> Serializer:
        """An operation as this binding's WSDL declares it.

        Raises:
            NotExpressible: An in-house WSDL lacks it.
        """
        serializers = (self._in_house or bundled(self._dialect)).serializers
        found = serializers.get(operation)
        if found is None:
            raise NotExpressible(f"the WSDL in use has no {operation}: it has {', '.join(sorted(serializers))}")
        return found

    def encode(self, operation: str, parameters: Parameters) -> WireRequest:
        """The POST of one command; see `clicksoap.protocol.bindings.Binding`."""
        serializer = self.serializer(operation)
        if not serializer.names.issuperset(parameters):
            raise self._unknown(operation, next(name for name in parameters if name not in serializer.names))
        # The types allow no None, and untyped callers give it.
        given = tuple([name for name, value in parameters.items() if value is not None])  # pyright: ignore[reportUnnecessaryComparison]
        template = self._templates.get((operation, *given)) or self._template(serializer, given)
        return WireRequest("POST", self._url, serializer.headers, template.body(parameters))

    def decode(
        self,
        reply: WireReply,
        operation: str,
        parameters: Parameters,  # noqa: ARG002 - its names are not among the answer
        secrets: Sequence[str] = (),
    ) -> list[str]:
        """The strings of the reply's ``return``; see `clicksoap.protocol.bindings.Binding`."""
        arrays = self._dialect is Dialect.RPC_ENCODED
        answer = self.serializer(operation).answer
        try:
            return lines_of_envelope(reply, arrays=arrays, answer=answer, secrets=secrets)
        except ProtocolError:
            if is_success(reply):
                raise
            raise status_error(reply, secrets) from None

    def _template(self, serializer: Serializer, given: tuple[str, ...]) -> Template:
        template = serializer.template(given, self._renamed)
        if len(self._templates) == _MAX_TEMPLATES:
            self._templates.clear()
        self._templates[serializer.operation, *given] = template
        return template

    def _unknown(self, operation: str, name: str) -> InvalidInput:
        having = [
            dialect.value
            for dialect in Dialect
            if operation in bundled(dialect).serializers and name in bundled(dialect).serializers[operation].names
        ]
        if not having:
            return InvalidInput(
                f"{operation} has no parameter {name!r}: leave it out (extra= is for parameters of an in-house WSDL)"
            )
        here = self.name if self._in_house is None else "the WSDL in use"
        return NotExpressible(f"{here} has no {name} in {operation}: leave it out, or use {' or '.join(having)}")


def _capabilities(dialect: Dialect, in_house: Contract | None) -> Capabilities:
    """What the bundled contract can carry, known without compiling it; an in-house one says it itself."""
    # RPC servers of this family read texts as ISO-8859-1.
    charset = Charset.UNICODE if dialect is Dialect.DOCUMENT_LITERAL else Charset.LATIN1
    commands, with_client_id = contract.COMMANDS, contract.CLIENT_ID_COMMANDS
    fields = contract.BATCH_FIELDS[dialect]
    if in_house is not None:
        serializers = in_house.serializers
        commands = frozenset(serializers)
        with_client_id = frozenset(name for name, each in serializers.items() if "climsgid" in each.names)
        merging = serializers.get("senditem")
        fields = 0 if merging is None else sum(name.startswith("field") for name in merging.names)
    return Capabilities(commands, with_client_id, contract.MAX_SOAP_RECIPIENTS, fields, charset)


class _Loader:
    """Loads the SOAP encoding schema for zeep, from the package, and refuses everything else."""

    def load(self, url: str) -> bytes:
        if url == contract.SOAP_ENCODING:
            return _installed(contract.soap_encoding_schema)
        raise ConfigurationError(f"wsdl= imports {scrub(url)}: give one WSDL without imports")


_cache: Final[dict[Dialect, Contract]] = {}
_lock = threading.Lock()


def bundled(dialect: Dialect) -> Contract:
    """The bundled contract of a dialect, compiled on first use and shared by all clients of the process.

    Raises:
        ConfigurationError: The WSDL was not installed with the package.
    """
    found = _cache.get(dialect)
    if found is None:
        with _lock:
            found = _cache.get(dialect) or _cache.setdefault(
                dialect, compiled(_installed(lambda: contract.wsdl(dialect)))
            )
    return found


def _installed(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except FileNotFoundError as error:
        problem = str(error)
    raise ConfigurationError(problem)


def _fresh_lock() -> None:
    # A fork while another thread compiles would leave the child a lock that nobody opens.
    global _lock  # noqa: PLW0603 - the lock is the one thing of this module that a child must not inherit
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh_lock)


def compiled(wsdl: bytes) -> Contract:
    """Compile a WSDL. Nothing but the WSDL itself is loaded.

    Raises:
        ConfigurationError: It cannot be read, or is none of the gateway's contract.
    """
    loader: Any = _Loader()
    settings: Any = Settings
    problem = None
    try:
        document: Any = Document(
            io.BytesIO(wsdl), loader, settings=settings(strict=True, forbid_dtd=True, forbid_entities=True)
        )
        for service in document.services.values():
            for port in service.ports.values():
                # SOAP 1.2 and plain HTTP may stand beside the contract, with other requests at other addresses.
                is_soap_11 = isinstance(port.binding, Soap11Binding)
                operations = {own_operation(name): each for name, each in port.binding.all().items()}
                if is_soap_11 and "sendmsg" in operations:
                    return _contract(operations, str(port.binding_options.get("address")))
        problem = "it has no SOAP 1.1 service with sendmsg"
    except ConfigurationError:
        raise
    except (ZeepError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, UserWarning) as error:
        problem = type(error).__name__  # zeep warns of a message that it leaves out; filters may raise that
    raise ConfigurationError(
        f"wsdl= is not a WSDL of the gateway's contract ({problem}): give one with a SOAP 1.1 binding"
    )


def _contract(operations: Mapping[str, Any], address: str) -> Contract:
    # Each operation has the style that it declares, or else its binding's.
    dialect = Dialect.RPC_ENCODED if operations["sendmsg"].style == "rpc" else Dialect.DOCUMENT_LITERAL
    serializers = {name: _compile(operation, rpc=operation.style == "rpc") for name, operation in operations.items()}
    return Contract(dialect, address, serializers)


# RPC/Encoded's spellings, and that of the one service that calls the part `callback`.
OWN_NAMES: Final = {"cliMsgId": "climsgid", "callback": "msg_callback"}


def own_operation(spelling: str) -> str:
    """Document/Literal's name of an operation; the dialects differ in the case of one."""
    return spelling.lower()


def _compile(operation: Any, *, rpc: bool) -> Serializer:
    wrapper = operation.input.body
    name: str = wrapper.qname.localname
    namespace: str | None = wrapper.qname.namespace
    prefixes = {namespace: "ns1"} if namespace else {}
    if rpc:
        # Types may live in another namespace than the calls.
        for _, element in wrapper.type.elements:
            prefixes.setdefault(element.type.qname.namespace, f"ns{len(prefixes) + 1}")
        prefixes[_XSD] = "xsd"
    part = _encoded_part if rpc else _literal_part
    parts = tuple(part(wire_name, element, prefixes) for wire_name, element in wrapper.type.elements)
    # An operation of the house's own may answer with nothing.
    output = operation.output.body
    answers: list[tuple[str, Any]] = output.type.elements if output is not None else []
    answer = f"{operation.name}response" if output is None or output.qname is None else output.qname.localname
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{operation.soapaction}"',
        "Accept": "text/xml",
        "Accept-Encoding": "gzip",
    }
    tag = f"ns1:{name}" if namespace else name
    prolog = '<?xml version="1.0" encoding="utf-8"?>\n'
    if rpc:
        declared = "".join(f" xmlns:{prefix}={attribute(uri)}" for uri, prefix in prefixes.items())
        opening = (
            f'{prolog}<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_ENVELOPE}"{declared}'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xmlns:SOAP-ENC="{contract.SOAP_ENCODING}" SOAP-ENV:encodingStyle="{contract.SOAP_ENCODING}">'
            f"<SOAP-ENV:Body><{tag}>"
        )
        closing = f"</{tag}></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    else:
        declared = f" xmlns:ns1={attribute(namespace)}" if namespace else ""
        opening = f'{prolog}<soap:Envelope xmlns:soap="{_ENVELOPE}"><soap:Body><{tag}{declared}>'
        closing = f"</{tag}></soap:Body></soap:Envelope>"
    return Serializer(
        own_operation(operation.name),
        answer.lower(),
        headers,
        opening,
        closing,
        parts,
        frozenset(part.name for part in parts),
        gives_list=any(answer.max_occurs != 1 or isinstance(answer.type, ComplexType) for _, answer in answers),
        is_ascii=rpc,
    )


def _literal_part(wire_name: str, element: Any, prefixes: Mapping[str, str]) -> Part:
    prefix = prefixes.get(element.qname.namespace)
    return literal_part(
        OWN_NAMES.get(wire_name, wire_name),
        f"{prefix}:{wire_name}" if prefix else wire_name,
        _lexical(element.type),
        required=element.min_occurs > 0,
        repeated=element.max_occurs != 1,
    )


def _encoded_part(wire_name: str, element: Any, prefixes: Mapping[str, str]) -> Part:
    name = OWN_NAMES.get(wire_name, wire_name)
    qname = element.type.qname
    xsi_type = f"{prefixes[qname.namespace]}:{qname.localname}"
    if isinstance(element.type, ComplexType):
        return array_part(name, wire_name, xsi_type)
    lexical = _lexical(element.type)
    if name == "api_id" and lexical is string:
        lexical = string_or_int  # delmsg is the one operation of RPC/Encoded that declares it so
    return encoded_part(name, wire_name, lexical, xsi_type)


def _lexical(xsd_type: Any) -> Lexical:
    if isinstance(xsd_type, builtins.Integer):
        return integer
    if isinstance(xsd_type, builtins.Float | builtins.Double | builtins.Decimal):
        return number
    return boolean if isinstance(xsd_type, builtins.Boolean) else string
