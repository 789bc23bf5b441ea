"""Our requests are the ones that zeep (Document/Literal) and PHP's SoapClient (RPC/Encoded) make of the same values.

Equal means the same infoset: expanded element names, order, text and attributes. ``xsi:type`` and
``SOAP-ENC:arrayType`` are compared as the names that they resolve to, numbers by value, and ``encodingStyle`` may
stand on any element from the envelope to the wrapper. White space between elements says nothing; text is exact.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import zeep
from hypothesis import given, settings, strategies as st
from lxml import etree
from zeep.transports import Transport

from clicksoap.contract import DEFAULT_PATHS, Dialect, wsdl
from clicksoap.protocol.bindings.soap import SoapBinding

DOC: Final = Dialect.DOCUMENT_LITERAL
RPC: Final = Dialect.RPC_ENCODED
XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
ARRAY_TYPE: Final = "{http://schemas.xmlsoap.org/soap/encoding/}arrayType"
ENVELOPE: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENCODING_STYLE: Final = f"{ENVELOPE}encodingStyle"
XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
NUMBERS: Final[dict[str, Callable[[str], int | float]]] = {f"{XSD}int": int, f"{XSD}float": float}

PhpRequest = Callable[[Dialect, str, Mapping[str, Any]], tuple[bytes, str]]
Values = dict[str, Any]


# The comparison.


class Element(NamedTuple):
    """What an element says, comparable."""

    name: str
    attributes: dict[str, str]
    content: list[Any]  # of Element, str, and the value of a number


class Request(NamedTuple):
    envelope: Element
    encoding_styles: list[str]


def infoset(message: bytes) -> Request:
    root = etree.fromstring(message)
    styles = []
    (body,) = root.findall(f"{ENVELOPE}Body")
    for holder in (root, body, *body):
        style = holder.attrib.pop(ENCODING_STYLE, None)
        if style is not None:
            styles.append(str(style))
    return Request(said(root), styles)


def said(element: etree._Element) -> Element:
    attributes = {
        str(name): resolved(element, str(value)) if name in {XSI_TYPE, ARRAY_TYPE} else str(value)
        for name, value in element.attrib.items()
    }
    content: list[Any] = [element.text or ""]
    for child in element:
        content += [said(child) if isinstance(child.tag, str) else ("not an element", child.text), child.tail or ""]
    if len(element):
        content = [item for item in content if not (isinstance(item, str) and not item.strip(" \t\r\n"))]
    else:
        number = NUMBERS.get(attributes.get(XSI_TYPE, ""))
        content = [number(content[0])] if number else content
    return Element(str(element.tag), attributes, content)


def resolved(element: etree._Element, name: str) -> str:
    prefix, colon, local = name.rpartition(":")
    return f"{{{element.nsmap[prefix if colon else None]}}}{local}"


# The two references.


class NoTransport(Transport):
    """Loads the one file that it is asked for, and nothing else."""

    def load(self, url: str) -> bytes:
        if "://" in url:
            raise AssertionError(f"zeep asked for {url}")
        return Path(url).read_bytes()


@pytest.fixture(scope="module")
def zeep_client(wsdl_files: Mapping[Dialect, Path]) -> Iterator[zeep.Client]:
    transport = NoTransport()  # type: ignore[no-untyped-call]
    with transport.session:
        yield zeep.Client(str(wsdl_files[DOC]), transport=transport)  # type: ignore[no-untyped-call]


def zeep_message(client: zeep.Client, operation: str, values: Values) -> bytes:
    message = client.create_message(client.service, operation, **values)  # type: ignore[no-untyped-call]
    return etree.tostring(message, encoding="utf-8")


def our_request(dialect: Dialect, operation: str, values: Values) -> Any:
    """Encode values that carry the dialect's own names; the binding takes Document/Literal's."""
    named = {"climsgid" if name == "cliMsgId" else name: exact(value) for name, value in values.items()}
    binding = SoapBinding(dialect, "http://127.0.0.1:1" + DEFAULT_PATHS[dialect])
    return binding.encode(operation.lower(), named)


def exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


# The values, made from what the WSDLs declare so that no parameter is forgotten.


class Parameter(NamedTuple):
    name: str
    kind: str  # string, int, float or strings
    required: bool


@cache
def parameters() -> dict[tuple[Dialect, str], list[Parameter]]:
    """Every operation's parameters in the dialect's own names and order. Required is what Document/Literal says."""
    found: dict[tuple[Dialect, str], list[Parameter]] = {}
    for element in etree.fromstring(wsdl(DOC)).iterfind(".//{*}schema/{*}element"):
        operation = element.attrib["name"]
        if not operation.endswith(("Response", "Fault")):
            found[DOC, operation] = [
                Parameter(
                    child.attrib["name"],
                    "strings" if child.get("maxOccurs") == "unbounded" else child.attrib["type"].partition(":")[2],
                    child.get("minOccurs") != "0",
                )
                for child in element.iterfind("{*}complexType/{*}sequence/{*}element")
            ]
    for message in etree.fromstring(wsdl(RPC)).iterfind("{*}message"):
        operation = message.attrib["name"].removesuffix("Request")
        if operation != message.attrib["name"]:
            required = {p.name for p in found[DOC, operation.lower()] if p.required}
            found[RPC, operation] = [
                Parameter(
                    part.attrib["name"],
                    {"ArrayOfString": "strings"}.get(kind := part.attrib["type"].partition(":")[2], kind),
                    part.attrib["name"] in required,
                )
                for part in message.iterfind("{*}part")
            ]
    return found


def value(parameter: Parameter, position: int) -> Any:
    """A value that tells the parameter from its neighbours."""
    if parameter.name == "api_id":
        return 123456  # a number to every caller, though RPC's delmsg carries it as a string
    return {
        "string": f"{parameter.name} {position}",
        "int": position + 1,
        "float": position + 0.5,
        "strings": ["27821234567", "27831234567"],
    }[parameter.kind]


def everything(dialect: Dialect, operation: str) -> Values:
    return {p.name: value(p, position) for position, p in enumerate(parameters()[dialect, operation])}


def minimum(dialect: Dialect, operation: str) -> Values:
    given_values = everything(dialect, operation)
    return {p.name: given_values[p.name] for p in parameters()[dialect, operation] if p.required}


TEXTS: Final = {
    "markup": """a & b < c > d " e ' f ]]> &amp; <!-- g -->""",
    "euro and accents": "5 € für Zoë, Ørsted, Ελλάδα",
    "emoji": "well done 🎉👩🏽‍🚀",
    "no-break space": "a\u00a0b",
    "newline": "one\ntwo\n",
    "carriage return": "one\rtwo\r\nthree\r",
    "tab and blanks around": "  \tx  y ",
    "only a blank": " ",
    "only newlines": "\n\n",
    "next line and line separator": "a\u0085b\u2028c",
    "empty": "",
    "like a number": "0012.50",
    "long": "0123456789 & so on\n" * 500,
}
TEXT_FIELDS: Final = {"text", "si_text", "mms_subject", "template", "field1", "token", "msisdn"}

OPERATIONS: Final = list(parameters())
Case = tuple[Dialect, str, Values]


def cases() -> Iterator[tuple[str, Case]]:
    for dialect, operation in OPERATIONS:
        label = f"{dialect}-{operation}"
        full = everything(dialect, operation)
        least = minimum(dialect, operation)
        yield f"{label}-minimum", (dialect, operation, least)
        yield f"{label}-everything", (dialect, operation, full)
        yield f"{label}-everything given backwards", (dialect, operation, dict(reversed(full.items())))
        blank = {
            p.name: {"string": "", "int": 0, "float": 0.0}.get(p.kind, ["1"]) for p in parameters()[dialect, operation]
        }
        yield f"{label}-zeros and empty strings", (dialect, operation, blank)
        if "session_id" in full:
            yield f"{label}-session", (dialect, operation, {**least, "session_id": "0123456789abcdef" * 2})
        if "to" in full:
            yield f"{label}-one recipient", (dialect, operation, {**least, "to": ["27821234567"]})
            many = [str(27820000000 + n) for n in range(300)]
            yield f"{label}-300 recipients", (dialect, operation, {**full, "to": many})
        for name in full.keys() & (TEXT_FIELDS if "session_id" in full else {"user", "password"}):
            for kind, text in TEXTS.items():
                yield f"{label}-{name}-{kind}", (dialect, operation, {**least, name: text})


CASES: Final = dict(cases())
DOC_CASES: Final = {label: case for label, case in CASES.items() if case[0] is DOC}


@pytest.fixture
def reference(zeep_client: zeep.Client, request: pytest.FixtureRequest) -> Callable[[Case], bytes]:
    """What the judge of a dialect makes of the values; PHP is needed for RPC/Encoded alone."""

    def judge(case: Case) -> bytes:
        dialect, operation, values = case
        if dialect is DOC:
            return zeep_message(zeep_client, operation, values)
        php_request: PhpRequest = request.getfixturevalue("php_request")
        return php_request(*case)[0]

    return judge


@pytest.mark.parametrize("label", sorted(CASES))
def test_request_is_the_references(label: str, reference: Callable[[Case], bytes]) -> None:
    assert infoset(our_request(*CASES[label]).body) == infoset(reference(CASES[label]))


def test_the_cases_name_all_fifteen_operations_of_both_dialects() -> None:
    assert len(OPERATIONS) == 30
    assert {(dialect, operation) for dialect, operation, _ in CASES.values()} == set(OPERATIONS)


@pytest.mark.parametrize(("dialect", "operation"), OPERATIONS)
def test_envelope_goes_out_as_a_soap_11_post_with_the_action_that_php_sends(
    dialect: Dialect, operation: str, php_request: PhpRequest
) -> None:
    values = minimum(dialect, operation)
    request = our_request(dialect, operation, values)
    headers = {name.lower(): header for name, header in request.headers.items()}
    assert request.method == "POST"
    assert request.url == "http://127.0.0.1:1" + DEFAULT_PATHS[dialect]
    assert headers["soapaction"] == f'"{php_request(dialect, operation, values)[1]}"'
    assert headers["content-type"].lower().replace(" ", "").startswith("text/xml;charset=")


# Generated values. The judges are asked once per example; PHP stays up for all of them.

XML_TEXT: Final = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=("Cs", "Cc"),
        include_characters="\t\n\r\x7f\x85",
        exclude_characters="\ufffe\uffff",
    ),
    max_size=40,
)
KINDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "string": XML_TEXT,
    "int": st.integers(0, 2**31 - 1),
    "float": st.integers(0, 10_000).map(lambda hundredths: hundredths / 100),
    "strings": st.lists(
        st.from_regex(r"[1-9][0-9]{0,15}", fullmatch=True) | XML_TEXT.filter(bool), min_size=1, max_size=5
    ),
}


def generated(dialect: Dialect, operation: str) -> st.SearchStrategy[Values]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for parameter in parameters()[dialect, operation]:
        kind = "int" if parameter.name == "api_id" else parameter.kind
        (required if parameter.required else optional)[parameter.name] = KINDS[kind]
    return st.fixed_dictionaries(required, optional=optional)


# Of each of the fifteen operations: 2 010 requests of each dialect.
EACH: Final = 134


@pytest.mark.parametrize("operation", [name for dialect, name in OPERATIONS if dialect is DOC])
@settings(max_examples=EACH, deadline=None)
@given(data=st.data())
def test_any_document_request_is_zeeps(operation: str, data: st.DataObject, zeep_client: zeep.Client) -> None:
    values = data.draw(generated(DOC, operation))
    assert infoset(our_request(DOC, operation, values).body) == infoset(zeep_message(zeep_client, operation, values))


@pytest.mark.parametrize("operation", [name for dialect, name in OPERATIONS if dialect is RPC])
@settings(max_examples=EACH, deadline=None)
@given(data=st.data())
def test_any_rpc_request_is_phps(operation: str, data: st.DataObject, php_request: PhpRequest) -> None:
    values = data.draw(generated(RPC, operation))
    assert infoset(our_request(RPC, operation, values).body) == infoset(php_request(RPC, operation, values)[0])


# The judges and the comparison are themselves judged.


@pytest.mark.parametrize("label", sorted(DOC_CASES))
def test_zeep_and_php_agree_on_document_requests(label: str, zeep_client: zeep.Client, php_request: PhpRequest) -> None:
    _, operation, values = DOC_CASES[label]
    assert infoset(zeep_message(zeep_client, operation, values)) == infoset(php_request(DOC, operation, values)[0])


SAMPLE: Final = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:s="http://www.w3.org/2001/XMLSchema"
  xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/"
  xmlns:n="urn:n" e:encodingStyle="urn:style"><e:Body><n:op><to i:type="n:Array" c:arrayType="s:string[2]"><item
  i:type="s:string">1</item><item i:type="s:string">2</item></to><text i:type="s:string"> a </text><credits
  i:type="s:float">1</credits></n:op></e:Body></e:Envelope>"""


Changes = dict[str, str]


def changed(changes: Changes) -> bytes:
    message = SAMPLE
    for old, new in changes.items():
        assert old in message
        message = message.replace(old, new)
    return message.encode()


HARMLESS: Final[dict[str, Changes]] = {
    "prefixes": {"xmlns:s=": "xmlns:xsd=", '"s:': '"xsd:'},
    "unused prefixes": {'xmlns:n="': 'xmlns:x="urn:x" xmlns:n="'},
    "place of encodingStyle": {' e:encodingStyle="urn:style"': "", "<n:op>": '<n:op e:encodingStyle="urn:style">'},
    "notation of a number": {">1</credits>": ">1.0</credits>"},
    "white space between elements": {"<e:Body>": "\n  <e:Body>\n    "},
    "notation of text": {" a ": "&#32;<![CDATA[a]]> "},
}
HARMFUL: Final[dict[str, Changes]] = {
    "a number in a string": {">1</item>": ">1.0</item>"},
    "a trailing blank": {" a ": " a"},
    "a newline for a blank": {" a ": "&#10;a "},
    "a qualified child": {"<text": "<n:text", "</text": "</n:text"},
    "length of the array": {"[2]": "[3]"},
    "no arrayType": {' c:arrayType="s:string[2]"': ""},
    "namespace of a type": {'"s:string"> a': '"n:string"> a'},
    "year of XML Schema": {'http://www.w3.org/2001/XMLSchema"': 'http://www.w3.org/1999/XMLSchema"'},
    "another encodingStyle": {"urn:style": "urn:other"},
    "no encodingStyle": {' e:encodingStyle="urn:style"': ""},
    "encodingStyle too deep": {' e:encodingStyle="urn:style"': "", "<text": '<text e:encodingStyle="urn:style"'},
    "value of a number": {">1</credits>": ">1.01</credits>"},
    "order of items": {">1</item>": ">3</item>", ">2</item>": ">1</item>", ">3</item>": ">2</item>"},
    "order of parts": {"<to ": "<text/><to "},
    "a header": {"<e:Body>": "<e:Header/><e:Body>"},
    "a comment": {"</to>": "</to><!-- note -->"},
    "stray text": {"</to>": "</to>stray"},
}


@pytest.mark.parametrize("changes", HARMLESS.values(), ids=HARMLESS)
def test_comparison_overlooks_what_says_nothing(changes: Changes) -> None:
    assert changed(changes) != SAMPLE.encode()
    assert infoset(changed(changes)) == infoset(SAMPLE.encode())


@pytest.mark.parametrize("changes", HARMFUL.values(), ids=HARMFUL)
def test_comparison_notices(changes: Changes) -> None:
    assert infoset(changed(changes)) != infoset(SAMPLE.encode())
