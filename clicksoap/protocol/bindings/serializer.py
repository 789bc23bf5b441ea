"""Writing a SOAP request: values checked, then put into what was compiled from the WSDL.

Document/Literal leaves out what is unset. RPC/Encoded sends every part in the WSDL's order with its type, unset ones as
``0`` or empty: servers of that family read parts by their order of arrival, and need the types of arrays.
"""

import contextlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeGuard, cast

from clicksoap.checks import check_text, iterable, plain_str
from clicksoap.errors import InvalidInput, NotExpressible
from clicksoap.protocol.operations import Parameters, Value

Lexical = Callable[[str, object], str]
"""The lexical form of a value for XML; takes the parameter's name for the error."""


Write = Callable[[str, Value], str]
"""What stands inside of an element for a value; takes the parameter's name for the error."""


class Part(NamedTuple):
    """One part of a request.

    Attributes:
        name: Document/Literal's name of it.
        wire_name: The WSDL's name of it.
        lexical: How a single value is written.
        is_repeated: Whether it takes several values.
        attributes: What follows the name in the opening tag, up to what `write` gives.
        write: Gives what follows, up to the closing tag.
        unset: What stands in its place for an unset part; None where the element is left out.
        required: Whether an unset part is refused.
    """

    name: str
    wire_name: str
    lexical: Lexical
    is_repeated: bool
    attributes: str
    write: Write
    unset: str | None
    required: bool


class Template(NamedTuple):
    """A request with all that does not change between commands with the same parameters.

    Attributes:
        opening: What stands before the first value.
        values: For each value its parameter, how it is written, and what stands between it and the next one.
        is_ascii: Whether everything beyond ASCII is written as character references.
    """

    opening: str
    values: tuple[tuple[str, Write, str], ...]
    is_ascii: bool

    def body(self, parameters: Parameters) -> bytes:
        """The envelope for the parameters that the template was made for.

        Raises:
            InvalidInput: A value is of a wrong kind or cannot stand in XML.
        """
        pieces = [self.opening]
        for name, write, following in self.values:
            pieces += write(name, parameters[name]), following
        # Servers of the RPC family differ in what they take a body for, so theirs is pure ASCII: character references
        # mean the same under every declaration.
        text = "".join(pieces)
        return text.encode("ascii", "xmlcharrefreplace") if self.is_ascii else text.encode()


class Serializer(NamedTuple):
    """One operation of a WSDL, compiled.

    Attributes:
        operation: Document/Literal's name of it.
        answer: The name of the element around the lines of its answers, in lower case.
        headers: The HTTP headers of its requests.
        opening: What stands before the parts.
        closing: What stands behind them.
        parts: The parts in the WSDL's order.
        names: Their names.
        gives_list: Whether the WSDL declares several strings as its answer.
        is_ascii: Whether everything beyond ASCII is written as character references.
    """

    operation: str
    answer: str
    headers: Mapping[str, str]
    opening: str
    closing: str
    parts: tuple[Part, ...]
    names: frozenset[str]
    gives_list: bool
    is_ascii: bool

    def template(self, given: Collection[str], renamed: Mapping[str, str]) -> Template:
        """The template for certain parameters.

        Args:
            given: The parameters that have a value, all of them among ``names``.
            renamed: Names on the wire that differ from the WSDL's.

        Raises:
            InvalidInput: A required part is missing.
        """
        before = self.opening
        values: list[tuple[str, Write]] = []
        between: list[str] = []
        for part in self.parts:
            wire_name = renamed.get(part.name, part.wire_name)
            opening, closing = f"<{wire_name}{part.attributes}", f"</{wire_name}>"
            if part.name in given:
                values.append((part.name, part.write))
                between.append(before + opening)
                before = closing
            elif part.required:
                raise InvalidInput(f"{part.name} is missing: give it, {self.operation} needs it")
            elif part.unset is not None:
                before += opening + part.unset + closing
        first, *following = [*between, before + self.closing]
        return Template(
            first, tuple([(*value, text) for value, text in zip(values, following, strict=True)]), self.is_ascii
        )


_ATTRIBUTE_ESCAPES: Final = str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
_INT_RANGE: Final = range(-(2**31), 2**31)


def _escaped(text: str) -> str:
    """A text as the content of an element; a carriage return would be read back as a line feed (XML 1.0, 2.11)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def attribute(value: str) -> str:
    """A value of an attribute, with its quotation marks."""
    return f'"{_escaped(value).translate(_ATTRIBUTE_ESCAPES)}"'


def string(name: str, value: object) -> str:
    """Of an xsd:string."""
    return _escaped(check_text(value, name))


def integer(name: str, value: object) -> str:
    """Of an xsd:int."""
    if isinstance(value, Decimal):
        value = _whole(name, value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{name} is {type(value).__name__}: give an int")
    if value not in _INT_RANGE:
        raise InvalidInput(_beyond(name))
    return plain_str(value)


def _beyond(name: str) -> str:
    return f"{name} is beyond the 32 bits of an xsd:int: give {_INT_RANGE.start} to {_INT_RANGE.stop - 1}"


def _whole(name: str, value: Decimal) -> int:
    # Asked before an int is made of it: a Decimal of a few characters may have a thousand million digits.
    if not value.is_finite() or not _INT_RANGE.start <= value < _INT_RANGE.stop:
        raise InvalidInput(_beyond(name))
    if value == value.to_integral_value():
        return int(value)
    if name == "max_credits":
        raise NotExpressible(
            f"{name} is fractional, and document_literal counts it whole: "
            "give a whole number, or use rpc_encoded or http"
        )
    raise InvalidInput(f"{name} is fractional: give an int")


def number(name: str, value: object) -> str:
    """Of an xsd:float."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidInput(f"{name} is {type(value).__name__}: give an int, float or Decimal")
    finite = False
    with contextlib.suppress(OverflowError, ValueError):  # of a great int, and of a signalling NaN
        finite = math.isfinite(value)
    if not finite:
        raise InvalidInput(f"{name} is not finite: give a finite number")
    return str(value)


def boolean(name: str, value: object) -> str:
    """Of an xsd:boolean, which only in-house WSDLs have."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} is {type(value).__name__}: give True or False")
    return "true" if value else "false"


def string_or_int(name: str, value: object) -> str:
    """Of an xsd:string that holds a number."""
    return integer(name, value) if isinstance(value, int) else string(name, value)


def literal_part(name: str, wire_name: str, lexical: Lexical, *, required: bool, repeated: bool) -> Part:
    """A part of Document/Literal."""
    write = _joined_by(f"</{wire_name}><{wire_name}>") if repeated else lexical
    return Part(name, wire_name, lexical, repeated, ">", write, None, required)


def encoded_part(name: str, wire_name: str, lexical: Lexical, xsi_type: str) -> Part:
    """A part of RPC/Encoded that holds one value."""
    unset = "" if lexical in {string, string_or_int} else "false" if lexical is boolean else "0"
    return Part(name, wire_name, lexical, False, f' xsi:type="{xsi_type}">', lexical, unset, required=False)


def array_part(name: str, wire_name: str, xsi_type: str) -> Part:
    """A part of RPC/Encoded that holds an array of strings."""

    def write(name: str, value: Value) -> str:
        items = _items(name, value)
        content = '</item><item xsi:type="xsd:string">'.join(items)
        return f'{len(items)}]" xsi:type="{xsi_type}"><item xsi:type="xsd:string">{content}</item>'

    return Part(
        name, wire_name, string_or_int, True, ' SOAP-ENC:arrayType="xsd:string[', write, unset=None, required=True
    )


def _joined_by(tags: str) -> Write:
    return lambda name, value: tags.join(_items(name, value))


def _items(name: str, value: Value) -> Sequence[str]:
    """The strings of a repeated part; a single number is a list of one."""
    several = [value] if isinstance(value, str | int) else list(iterable(value, name))
    if not several:
        raise InvalidInput(f"{name} is empty: give at least one")
    if _are_alphanumeric(several):
        return several
    return [string_or_int(f"{name}[{index}]", item) for index, item in enumerate(several)]


def _are_alphanumeric(items: Sequence[object]) -> TypeGuard[Sequence[str]]:
    """Whether all are digits and letters, which need neither a check nor escaping."""
    try:
        # Octets are looked up much faster than characters.
        return "".join(cast("Sequence[str]", items)).encode("ascii").isalnum()
    except (TypeError, UnicodeEncodeError):
        return False
