"""The two SOAP bindings: zeep reads the WSDL, a serializer compiled from its types writes, a bounded reader reads.

zeep's own writer leaves out of RPC/Encoded what its servers need (xsi:type, arrayType), and its reader can lose text,
drop empty items and spend seconds on a small hostile reply; so neither is used.
"""

import io
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from zeep.settings import Settings
from zeep.wsdl import Document

from clicksoap import contract
from clicksoap.bindings.envelope import lines_of_envelope
from clicksoap.bindings.status import check_status
from clicksoap.contract import Dialect
from clicksoap.errors import InvalidInput, NotExpressible, ProtocolError, scrub
from clicksoap.messages import XML_ILLEGAL
from clicksoap.numbers import iterable
from clicksoap.operations import Parameters, Value
from clicksoap.text import Charset
from clicksoap.wire import WireReply, WireRequest

_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"

# Where RPC/Encoded's names differ from Document/Literal's (facts of the two WSDLs).
_RPC_OPERATIONS: Final = {"routecoverage": "routeCoverage"}
_RPC_CLIENT_ID: Final = "cliMsgId"
_RPC_CLIENT_ID_OPERATIONS: Final = frozenset({"sendmsg", "si_push", "ind_push", "startbatch"})


class SoapBinding:
    """A SOAP dialect at a service address. Making one is cheap: the WSDL is read once per process, on first use."""

    def __init__(self, dialect: Dialect, url: str) -> None:
        self._dialect = dialect
        self._url = url
        original = url.partition("?")[0].endswith(contract.ORIGINAL_RPC_PATH)
        self._renamed = {"msg_callback": "callback"} if original else {}

    @property
    def name(self) -> str:
        """The value of ``Client(binding=...)``."""
        return self._dialect.value

    @property
    def charset(self) -> Charset:
        """Document/Literal carries Unicode; RPC servers of this family read ISO-8859-1."""
        return Charset.UNICODE if self._dialect is Dialect.DOCUMENT_LITERAL else Charset.LATIN1

    @property
    def batch_fields(self) -> int:
        """Ten fields in Document/Literal, four in RPC/Encoded."""
        return 10 if self._dialect is Dialect.DOCUMENT_LITERAL else 4

    @property
    def most_recipients(self) -> int:
        """300 (vendor's overview of the SOAP API)."""
        return 300

    def encode(self, operation: str, parameters: Parameters) -> WireRequest:
        """The POST of one command; see `clicksoap.bindings.Binding`."""
        serializer = _serializers(self._dialect)[operation]
        return WireRequest("POST", self._url, serializer.headers, serializer.body(parameters, self._renamed))

    def decode(self, reply: WireReply, secrets: Sequence[str] = ()) -> list[str]:
        """The strings of the reply's ``return``; see `clicksoap.bindings.Binding`."""
        check_status(reply, HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR)
        return lines_of_envelope(reply, arrays=self._dialect is Dialect.RPC_ENCODED, secrets=secrets)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a request: how a value is checked and written.

    Attributes:
        name: Document/Literal's name.
        write: Gives the element for a value, under the name to be used on the wire.
        unset: The element of an unset part; empty where it is left out.
        required: Whether an unset part is refused.
    """

    name: str
    wire_name: str
    write: Callable[[str, Value], str]
    unset: Callable[[str], str]
    required: bool


@dataclass(frozen=True, slots=True)
class _Serializer:
    operation: str
    dialect: Dialect
    headers: Mapping[str, str]
    opening: str
    closing: str
    parts: tuple[_Part, ...]
    names: frozenset[str]

    def body(self, parameters: Parameters, renamed: Mapping[str, str]) -> bytes:
        if not self.names.issuperset(parameters):
            raise self._unknown(next(name for name in parameters if name not in self.names))
        pieces = [self.opening]
        for part in self.parts:
            wire_name = renamed.get(part.name, part.wire_name)
            value = parameters.get(part.name)
            if value is not None:
                pieces.append(part.write(wire_name, value))
            elif part.required:
                raise InvalidInput(f"{part.name} is missing: {self.operation} asks for it")
            else:
                pieces.append(part.unset(wire_name))
        pieces.append(self.closing)
        # Document/Literal carries UTF-8. RPC servers of this family differ in what they take a body for, so theirs
        # is pure ASCII: character references mean the same under every declaration.
        text = "".join(pieces)
        return text.encode() if self.dialect is Dialect.DOCUMENT_LITERAL else text.encode("ascii", "xmlcharrefreplace")

    def _unknown(self, name: str) -> InvalidInput:
        having = [
            dialect.value
            for dialect in Dialect
            if dialect is not self.dialect and name in _serializers(dialect)[self.operation].names
        ]
        if having:
            return NotExpressible(f"{self.dialect} has no {name} in {self.operation}: {' and '.join(having)} has")
        return InvalidInput(f"{self.operation} has no parameter of the name {name!r}")


# What has to be escaped in element content; a carriage return would be read back as a line feed (XML 1.0, 2.11).
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_INT_RANGE: Final = range(-(2**31), 2**31)


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is {type(value).__name__}: give a str")
    if found := XML_ILLEGAL.search(value):
        raise InvalidInput(
            f"{name} holds U+{ord(found.group()):04X} at position {found.start()}, "
            "which no XML document can carry: take it out"
        )
    return value.translate(_ESCAPES)


def _int(name: str, value: object) -> str:
    if isinstance(value, Decimal):
        if value != value.to_integral_value():
            raise NotExpressible(
                f"{name} is fractional, and document_literal counts it whole: rpc_encoded and http do not"
            )
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{name} is {type(value).__name__}: give an int")
    if value not in _INT_RANGE:
        raise InvalidInput(f"{name} is beyond the 32 bits of an xsd:int")
    return str(value)


def _float(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidInput(f"{name} is {type(value).__name__}: give an int, float or Decimal")
    if not abs(float(value)) < float("inf"):
        raise InvalidInput(f"{name} is not finite")
    return str(value)


def _string_or_int(name: str, value: object) -> str:
    """The one string part that holds a number, api_id of RPC/Encoded's delmsg."""
    return _int(name, value) if isinstance(value, int) else _string(name, value)


_Lexical = Callable[[str, object], str]
_LEXICAL: Final[dict[str, _Lexical]] = {"string": _string, "int": _int, "float": _float}


def _items(name: str, value: Value) -> list[str]:
    """The strings of a repeated part; a single number is a list of one."""
    several = (value,) if isinstance(value, str | int) else iterable(value, name)
    items = [_string_or_int(f"{name}[{index}]", item) for index, item in enumerate(several)]
    if not items:
        raise InvalidInput(f"{name} is empty: give at least one")
    return items


def _literal_part(name: str, lexical: _Lexical, *, required: bool, repeated: bool) -> _Part:
    def write(wire_name: str, value: Value) -> str:
        return f"<{wire_name}>{lexical(name, value)}</{wire_name}>"

    def write_each(wire_name: str, value: Value) -> str:
        opening, closing = f"<{wire_name}>", f"</{wire_name}>"
        return opening + f"{closing}{opening}".join(_items(name, value)) + closing

    return _Part(name, name, write_each if repeated else write, lambda _: "", required)


def _encoded_part(name: str, wire_name: str, lexical: _Lexical, xsd_type: str) -> _Part:
    def write(wire_name: str, value: Value) -> str:
        return f'<{wire_name} xsi:type="xsd:{xsd_type}">{lexical(name, value)}</{wire_name}>'

    def unset(wire_name: str) -> str:
        return f'<{wire_name} xsi:type="xsd:{xsd_type}">{"" if xsd_type == "string" else "0"}</{wire_name}>'

    return _Part(name, wire_name, write, unset, required=False)


def _array_part(name: str, xsd_type: str) -> _Part:
    def write(wire_name: str, value: Value) -> str:
        items = _items(name, value)
        content = '</item><item xsi:type="xsd:string">'.join(items)
        return (
            f'<{wire_name} SOAP-ENC:arrayType="xsd:string[{len(items)}]" xsi:type="ns1:{xsd_type}">'
            f'<item xsi:type="xsd:string">{content}</item></{wire_name}>'
        )

    return _Part(name, name, write, lambda _: "", required=True)


class _Loader:
    """All that zeep may load: the SOAP encoding namespace, from our own schema."""

    def load(self, url: str) -> bytes:
        if url == contract.SOAP_ENCODING:
            return contract.soap_encoding_schema()
        raise ProtocolError(f"the WSDL asks for another document, {scrub(url)}: it has to stand for itself")


_cache: Final[dict[Dialect, dict[str, _Serializer]]] = {}
_lock = threading.Lock()


def _serializers(dialect: Dialect) -> dict[str, _Serializer]:
    found = _cache.get(dialect)
    if found is None:
        with _lock:
            found = _cache.get(dialect)
            if found is None:
                found = _cache[dialect] = _compile(dialect)
    return found


def _fresh_lock() -> None:
    # A fork while another thread compiles would leave the child a lock that nobody opens.
    global _lock  # noqa: PLW0603 - the lock is the one thing of this module that a child must not inherit
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh_lock)


def _compile(dialect: Dialect) -> dict[str, _Serializer]:
    loader: Any = _Loader()
    settings: Any = Settings
    document: Any = Document(
        io.BytesIO(contract.wsdl(dialect)),
        loader,
        settings=settings(strict=True, forbid_dtd=True, forbid_entities=True),
    )
    (binding,) = document.bindings.values()
    compile_one = _compile_literal if dialect is Dialect.DOCUMENT_LITERAL else _compile_encoded
    operations = (compile_one(operation) for operation in binding.all().values())
    return {serializer.operation: serializer for serializer in operations}


def _headers(operation: Any) -> dict[str, str]:
    return {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{operation.soapaction}"',
        "Accept": "text/xml",
        "Accept-Encoding": "gzip",
    }


def _compile_literal(operation: Any) -> _Serializer:
    wrapper = operation.input.body
    parts = tuple(
        _literal_part(
            name,
            _LEXICAL[element.type.name],
            required=element.min_occurs > 0,
            repeated=element.max_occurs != 1,
        )
        for name, element in wrapper.type.elements
    )
    return _Serializer(
        operation.name,
        Dialect.DOCUMENT_LITERAL,
        _headers(operation),
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{_ENVELOPE}">'
        f'<soap:Body><ns1:{wrapper.qname.localname} xmlns:ns1="{wrapper.qname.namespace}">',
        f"</ns1:{wrapper.qname.localname}></soap:Body></soap:Envelope>",
        parts,
        frozenset(part.name for part in parts),
    )


_RPC_TO_OWN: Final = {wire: own for own, wire in _RPC_OPERATIONS.items()}


def _compile_encoded(operation: Any) -> _Serializer:
    wrapper = operation.input.body
    own: str = operation.name
    own = _RPC_TO_OWN.get(own, own)
    parts = tuple(_encoded(own, name, element.type) for name, element in wrapper.type.elements)
    return _Serializer(
        own,
        Dialect.RPC_ENCODED,
        _headers(operation),
        f'<?xml version="1.0" encoding="utf-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_ENVELOPE}"'
        f' xmlns:ns1="{wrapper.qname.namespace}" xmlns:xsd="{_XSD}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:SOAP-ENC="{contract.SOAP_ENCODING}" SOAP-ENV:encodingStyle="{contract.SOAP_ENCODING}">'
        f"<SOAP-ENV:Body><ns1:{wrapper.qname.localname}>",
        f"</ns1:{wrapper.qname.localname}></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        parts,
        frozenset(part.name for part in parts),
    )


def _encoded(operation: str, wire_name: str, xsd_type: Any) -> _Part:
    name = "climsgid" if wire_name == _RPC_CLIENT_ID and operation in _RPC_CLIENT_ID_OPERATIONS else wire_name
    if xsd_type.qname.namespace != _XSD:
        return _array_part(name, xsd_type.name)
    lexical = _string_or_int if name == "api_id" else _LEXICAL[xsd_type.name]
    return _encoded_part(name, wire_name, lexical, xsd_type.name)
