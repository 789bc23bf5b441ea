"""A client of an in-house gateway, whose WSDL is the contract's with changes of its own."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from xml.etree.ElementTree import canonicalize

import pytest
import zeep
from lxml import etree
from rawserver import Gateway, RawServer, answering, envelope, reply
from zeep.transports import Transport

from clicksoap import Client, ConfigurationError, InvalidInput, MmsNotification, NotExpressible
from clicksoap.contract import SOAP_ENCODING, Dialect, soap_encoding_schema, wsdl

DOC, RPC = Dialect
ADDRESS: Final = {
    DOC: "http://api.clickatell.com/soap/document_literal/webservice",
    RPC: "http://api.clickatell.com/soap/webservice_vs.php",
}
NAMESPACE: Final = {DOC: ADDRESS[DOC], RPC: "http://api.clickatell.com/soap/webservice"}
TO: Final = ["27821234567", "27831234567"]
HERE: Final = {"session_id": "5e551040000000000000000000000001"}

Make = Callable[..., Client]


# The in-house WSDLs: the bundled ones, changed by text.


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"the WSDL does not hold {old!r}"
        text = text.replace(old, new)
    return text


def without(text: str, first: str, last: str) -> str:
    """The text without everything from the one mark to the end of the next other."""
    assert first in text
    while first in text:
        begin = text.index(first)
        text = text[:begin] + text[text.index(last, begin) + len(last) :]
    return text


def elsewhere(text: str, dialect: Dialect, address: str) -> str:
    return changed(text, (f'location="{ADDRESS[dialect]}"', f'location="{address}"'))


def renamed(text: str, dialect: Dialect) -> str:
    """Another namespace, other names of the service and its port, other SOAPActions."""
    names = (
        ("ClickatellSms", "HouseSms") if dialect is DOC else ("PushServerWS", "HousePush"),
        (f'soapAction="{ADDRESS[dialect]}/', 'soapAction="urn:house:do#'),
        (f'"{NAMESPACE[dialect]}"', '"urn:house:sms"'),
    )
    # The address may be the namespace's name, and is none.
    return changed(
        text, (f'location="{ADDRESS[dialect]}"', "ADDRESS"), *names, ("ADDRESS", f'location="{ADDRESS[dialect]}"')
    )


def extended(text: str, dialect: Dialect) -> str:
    """Two further parts in sendmsg."""
    if dialect is DOC:
        before = (
            '<xsd:element name="to" type="xsd:string" maxOccurs="unbounded"/>\n            <xsd:element name="from"'
        )
        more = '<xsd:element name="cost_centre" type="xsd:string" minOccurs="0"/>\n            '
        more += '<xsd:element name="priority" type="xsd:int" minOccurs="0"/>\n            '
        head, mark, tail = text.partition('<xsd:element name="sendmsg">')
        assert before in tail
        return head + mark + tail.replace(before, more + before, 1)
    before = '<wsdl:part name="to" type="tns:ArrayOfString"/>'
    more = '<wsdl:part name="cost_centre" type="xsd:string"/>\n    <wsdl:part name="priority" type="xsd:int"/>\n    '
    head, mark, tail = text.partition('<wsdl:message name="sendmsgRequest">')
    assert before in tail
    return head + mark + tail.replace(before, more + before, 1)


def reduced(text: str, dialect: Dialect) -> str:
    """No validity anywhere, and no vouchers."""
    text = without(text, '<xsd:element name="validity"' if dialect is DOC else '<wsdl:part name="validity"', "/>")
    return without(text, '<wsdl:operation name="token_pay">', "</wsdl:operation>")


def called_back(text: str, _: Dialect) -> str:
    """The part of the original service's name."""
    return changed(text, ('name="msg_callback"', 'name="callback"'))


def qualified(text: str, dialect: Dialect) -> str:
    """Every child in the namespace."""
    assert dialect is DOC
    return changed(text, ("<xsd:schema ", '<xsd:schema elementFormDefault="qualified" '))


def in_an_ampersand(text: str, dialect: Dialect) -> str:
    """A namespace that has to be escaped."""
    new = "http://house.test/?sms=1&amp;v=2"
    names = ("targetNamespace", "xmlns:tns") if dialect is DOC else ("targetNamespace", "xmlns:tns", " namespace")
    return changed(text, *((f'{name}="{NAMESPACE[dialect]}"', f'{name}="{new}"') for name in names))


Change = Callable[[str, Dialect], str]

VARIANTS: Final[dict[str, tuple[Change, ...]]] = {
    "as it is": (),
    "renamed": (renamed,),
    "extended": (extended,),
    "reduced": (reduced,),
    "called back": (called_back,),
    "qualified": (qualified,),
    "all of it": (extended, reduced, called_back, renamed, qualified),
}
CASES: Final = [
    pytest.param(dialect, changes, id=f"{dialect}-{name}")
    for dialect in Dialect
    for name, changes in VARIANTS.items()
    if name != "qualified" or dialect is DOC
]


def house(dialect: Dialect, changes: Sequence[Change], address: str = "") -> bytes:
    text = wsdl(dialect).decode()
    for change in changes:
        if change is not qualified or dialect is DOC:
            text = change(text, dialect)
    return (elsewhere(text, dialect, address) if address else text).encode()


@pytest.fixture
def make() -> Iterator[Make]:
    made = []

    def client(wsdl: Any, **named: Any) -> Client:
        made.append(Client(123456, "acme", "secret", wsdl=wsdl, **named))
        return made[-1]

    yield client
    for each in made:
        each.close()


# What goes out is what other stacks make of the same WSDL.


class NoTransport(Transport):
    """Loads the schema that everybody knows, and nothing else."""

    def load(self, url: str) -> bytes:
        assert url == SOAP_ENCODING
        return soap_encoding_schema()


def zeep_request(content: bytes, operation: str, values: Mapping[str, Any]) -> tuple[bytes, str]:
    """The envelope and the SOAPAction that zeep makes of values for a WSDL."""
    transport = NoTransport()  # type: ignore[no-untyped-call]
    with transport.session:
        client = zeep.Client(io.BytesIO(content), transport=transport)  # type: ignore[no-untyped-call]
        message = client.create_message(client.service, operation, **values)  # type: ignore[no-untyped-call]
        (port,) = next(iter(client.wsdl.services.values())).ports.values()
        return etree.tostring(message, encoding="utf-8"), port.binding.get(operation).soapaction


def full(content: bytes, operation: str) -> dict[str, Any]:
    """A value for every part that a Document/Literal WSDL gives an operation."""
    root = etree.fromstring(content)
    parts = root.iterfind(
        f".//{{*}}schema/{{*}}element[@name='{operation}']/{{*}}complexType/{{*}}sequence/{{*}}element"
    )
    return {
        part.attrib["name"]: position + 1
        if part.attrib["type"] == "xsd:int"
        else TO
        if part.get("maxOccurs")
        else f"<{part.attrib['name']}> & €"
        for position, part in enumerate(parts)
    }


@pytest.mark.parametrize("operation", ["auth", "sendmsg", "querymsg", "startbatch", "senditem", "si_push"])
@pytest.mark.parametrize("changes", [*VARIANTS.values(), (in_an_ampersand,)], ids=[*VARIANTS, "an ampersand"])
def test_document_request_is_zeeps_for_the_same_wsdl(make: Make, changes: tuple[Change, ...], operation: str) -> None:
    with RawServer(answering(reply(envelope("OK")))) as server:
        content = house(DOC, changes, server.origin + "/in-house/sms")
        values = full(content, operation)
        make(content).service[operation](**values)
    (received,) = server.requests
    theirs, action = zeep_request(content, operation, values)
    ours = canonicalize(received.body.decode(), rewrite_prefixes=True)
    assert ours == canonicalize(theirs.decode(), rewrite_prefixes=True)
    head = received.head.decode().splitlines()
    assert head[0] == "POST /in-house/sms HTTP/1.1"
    assert f'SOAPAction: "{action}"' in head
    assert ("urn:house:do#" in action) is (renamed in changes)


# What arrives at PHP's SoapServer, fed with the same WSDL.


class Recorded(Protocol):
    operation: str
    action: str | None
    parameters: dict[str, Any]
    body: bytes


class PhpGateway(Protocol):
    origin: str

    def house(self, dialect: Dialect, name: str) -> str: ...
    def install(self, name: str, wsdl: bytes) -> Path: ...
    def requests(self) -> Sequence[Recorded]: ...


@pytest.fixture
def install(php_gateway: PhpGateway, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Gives PHP an in-house WSDL, and its path for us."""

    def put(dialect: Dialect, changes: Sequence[Change]) -> Path:
        name = f"{dialect}_{abs(hash(request.node.name))}"
        return php_gateway.install(name, house(dialect, changes, php_gateway.house(dialect, name)))

    return put


@pytest.mark.parametrize(("dialect", "changes"), CASES)
def test_send_works_end_to_end_against_php_with_the_same_wsdl(
    make: Make, install: Callable[..., Path], php_gateway: PhpGateway, dialect: Dialect, changes: tuple[Change, ...]
) -> None:
    sms = make(install(dialect, changes))
    extra = {"cost_centre": "Zoë & <Co>", "priority": 7} if extended in changes else {}
    report = sms.send(TO, "  5 & <6>\r\n", callback=3, sender="acme", extra=extra)
    assert [(result.to, result.state) for result in report] == [(number, "accepted") for number in TO]
    login, seen = php_gateway.requests()
    assert (login.operation, seen.operation) == ("auth", "sendmsg")
    assert login.parameters == {"api_id": 123456, "user": "acme", "password": "secret"}
    given = seen.parameters
    assert (given["to"], given["text"], given["from"]) == (TO, "  5 & <6>\r\n", "acme")
    assert given["callback" if called_back in changes else "msg_callback"] == 3
    assert {name: given[name] for name in extra} == extra
    assert (seen.action or "").strip('"') == (
        "urn:house:do#" if renamed in changes else f"{ADDRESS[dialect]}/"
    ) + "sendmsg"
    assert sms.balance()
    assert sms.status(client_message_id="order42").status.code == "004"


@pytest.mark.parametrize("dialect", list(Dialect))
def test_further_parts_are_reached_by_extra_and_by_the_service(
    make: Make, install: Callable[..., Path], php_gateway: PhpGateway, dialect: Dialect
) -> None:
    sms = make(install(dialect, [extended]))
    sms.send(TO[:1], "x", extra={"cost_centre": "x"})
    sms.service.sendmsg(**HERE, to=TO, text="x", cost_centre="x", priority="7")
    sms.service.sendmsg(**HERE, to=TO, text="x", cost_centre="", priority=0)
    _, first, second, third = (seen.parameters for seen in php_gateway.requests())
    assert (first["cost_centre"], first.get("priority", 0)) == ("x", 0)
    assert (second["cost_centre"], second["priority"]) == ("x", 7)
    assert (third.get("cost_centre", ""), third.get("priority", 0)) == ("", 0)
    assert ("cost_centre" in third) is (dialect is RPC)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_extra_of_an_unknown_name_is_refused_before_anything_leaves(
    make: Make, install: Callable[..., Path], php_gateway: PhpGateway, dialect: Dialect
) -> None:
    path = install(dialect, [extended])
    for sms in (make(path), make(None, endpoint=php_gateway.origin, binding=dialect.value)):
        with pytest.raises(InvalidInput, match=r"^sendmsg has no parameter 'cost_center'") as caught:
            sms.send(TO, "x", extra={"cost_center": "x"})
        assert not isinstance(caught.value, NotExpressible)
    with pytest.raises(InvalidInput, match="cost_centre"):
        make(path).send(TO, "x", extra={"cost_centre": b"x"})
    mms = MmsNotification("http://a.test", "s", "f", expires=timedelta(minutes=1))
    with pytest.raises(InvalidInput, match=r"^ind_push has no parameter 'priority'"):
        make(path).send(TO, mms, extra={"priority": 1})
    assert php_gateway.requests() == []


@pytest.mark.parametrize("dialect", list(Dialect))
def test_what_the_wsdl_lacks_is_not_expressible(
    make: Make, install: Callable[..., Path], php_gateway: PhpGateway, dialect: Dialect
) -> None:
    sms = make(install(dialect, [reduced]))
    with pytest.raises(
        NotExpressible,
        match=r"^the WSDL in use has no validity in sendmsg: leave it out, or use document_literal or rpc",
    ):
        sms.send(TO, "x", validity=timedelta(minutes=5))
    with pytest.raises(NotExpressible, match="the WSDL in use has no token_pay"):
        sms.redeem("1234567890123456")
    with pytest.raises(InvalidInput, match="sendmsg has no parameter 'validity'"):
        sms.service.sendmsg(**HERE, to=TO, text="x", validity=5)
    with pytest.raises(AttributeError, match="token_pay"):
        _ = sms.service.token_pay
    assert php_gateway.requests() == []
    assert sms.send(TO, "x").accepted


# Contracts that stand among other things.


def beside_soap_12(text: str, dialect: Dialect) -> str:
    """The same service in SOAP 1.2, named first, at an address that nobody may post to."""
    head, mark, rest = text.partition("<wsdl:binding ")
    binding, end, tail = rest.partition("</wsdl:binding>")
    name = binding.partition('name="')[2].partition('"')[0]
    twelve = (mark + binding + end).replace("<soap:", "<soap12:").replace(f'name="{name}"', 'name="Twelve"')
    port = (
        '<wsdl:port name="Twelve" binding="tns:Twelve"><soap12:address location="http://127.0.0.1:9/"/></wsdl:port>\n'
    )
    return changed(
        head + twelve + mark + binding + end + tail,
        ("<wsdl:definitions ", '<wsdl:definitions xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" '),
        ("    <wsdl:port name=", f"    {port}    <wsdl:port name=") if dialect else ("", ""),
    )


def beside_http(text: str, _: Dialect) -> str:
    """A binding to HTTP's own POST, as .NET's web services have it, named first."""
    binding = (
        '<wsdl:binding name="Post" type="tns:PostType"><http:binding verb="POST"/><wsdl:operation name="hello">'
        '<http:operation location="/hello"/><wsdl:input><mime:content type="application/x-www-form-urlencoded"/>'
        '</wsdl:input><wsdl:output><mime:mimeXml part="Body"/></wsdl:output></wsdl:operation></wsdl:binding>\n  '
    )
    port = '<wsdl:port name="Post" binding="tns:Post"><http:address location="http://127.0.0.1:9/"/></wsdl:port>\n    '
    portal = (
        '<wsdl:message name="helloIn"><wsdl:part name="x" type="xsd:string"/></wsdl:message>'
        '<wsdl:message name="helloOut"><wsdl:part name="Body" type="xsd:string"/></wsdl:message>'
        '<wsdl:portType name="PostType"><wsdl:operation name="hello"><wsdl:input message="tns:helloIn"/>'
        '<wsdl:output message="tns:helloOut"/></wsdl:operation></wsdl:portType>\n  '
    )
    spaces = 'xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" '
    return changed(
        text,
        ("<wsdl:definitions ", f"<wsdl:definitions {spaces}"),
        ("<wsdl:portType ", f"{portal}<wsdl:portType "),
        ("<wsdl:binding ", f"{binding}<wsdl:binding "),
        ("<wsdl:port name=", f"{port}<wsdl:port name="),
    )


def with_a_silent_operation(text: str, dialect: Dialect) -> str:
    """An operation of the house's own whose answer holds nothing."""
    kind = '<wsdl:operation name="auth">'
    begin = text.index(kind, text.index("<wsdl:binding "))
    binding = text[begin : text.index("</wsdl:operation>", begin)] + "</wsdl:operation>"
    text = text[:begin] + binding.replace("auth", "Heartbeat") + "\n    " + text[begin:]
    empty = "<xsd:complexType><xsd:sequence/></xsd:complexType></xsd:element>"
    elements = (
        f'<xsd:element name="Heartbeat">{empty}<xsd:element name="HeartbeatResponse">{empty}' if dialect is DOC else ""
    )
    part = '<wsdl:part name="parameters" element="tns:Heartbeat{}"/>' if dialect is DOC else ""
    messages = (
        f'<wsdl:message name="HeartbeatRequest">{part.format("")}</wsdl:message>'
        f'<wsdl:message name="HeartbeatResponse">{part.format("Response")}</wsdl:message>\n  '
    )
    operation = (
        '<wsdl:operation name="Heartbeat"><wsdl:input message="tns:HeartbeatRequest"/>'
        '<wsdl:output message="tns:HeartbeatResponse"/></wsdl:operation>\n    '
    )
    return changed(
        text,
        ("</xsd:schema>", f"{elements}</xsd:schema>"),
        ("<wsdl:portType ", f"{messages}<wsdl:portType "),
        (
            '<wsdl:operation name="auth">\n      <wsdl:input',
            f'{operation}<wsdl:operation name="auth">\n      <wsdl:input',
        ),
    )


def styled_per_operation(text: str, dialect: Dialect) -> str:
    """The style said by each operation and not by the binding."""
    style = "rpc" if dialect is RPC else "document"
    return changed(text, (f'<soap:binding style="{style}" ', "<soap:binding "))


def in_another_body(text: str, dialect: Dialect) -> str:
    """Types in one namespace, wrappers in another."""
    assert dialect is RPC
    return changed(text, (f'namespace="{NAMESPACE[RPC]}" encodingStyle', 'namespace="urn:house:calls" encodingStyle'))


def in_no_body(text: str, dialect: Dialect) -> str:
    """Wrappers in no namespace."""
    assert dialect is RPC
    return changed(text, (f'namespace="{NAMESPACE[RPC]}" encodingStyle', "encodingStyle"))


def with_own_types(text: str, dialect: Dialect) -> str:
    """Restricted types of the house's own for two parts."""
    priority = '<xsd:restriction base="xsd:int"><xsd:maxInclusive value="9"/></xsd:restriction>'
    centre = '<xsd:restriction base="xsd:string"><xsd:maxLength value="20"/></xsd:restriction>'
    kinds = "".join(
        f'<xsd:simpleType name="{name}">{kind}</xsd:simpleType>'
        for name, kind in (("Priority", priority), ("Centre", centre))
    )
    return changed(
        extended(text, dialect),
        ('name="priority" type="xsd:int"', 'name="priority" type="tns:Priority"'),
        ('name="cost_centre" type="xsd:string"', 'name="cost_centre" type="tns:Centre"'),
        ("</xsd:schema>", f"{kinds}</xsd:schema>"),
    )


SURROUNDINGS: Final[dict[str, Change]] = {
    "SOAP 1.2 first": beside_soap_12,
    "HTTP first": beside_http,
    "a silent operation": with_a_silent_operation,
    "style per operation": styled_per_operation,
    "another body": in_another_body,
    "no body": in_no_body,
    "an ampersand": in_an_ampersand,
    "own types": with_own_types,
}


@pytest.mark.parametrize(
    ("dialect", "change"),
    [
        pytest.param(dialect, change, id=f"{dialect}-{name}")
        for dialect in Dialect
        for name, change in SURROUNDINGS.items()
        # PHP itself stumbles over the ampersand in Document/Literal.
        if change not in {in_another_body, in_no_body, in_an_ampersand} or dialect is RPC
    ],
)
def test_contract_is_found_whatever_stands_around_it(
    make: Make, install: Callable[..., Path], php_gateway: PhpGateway, dialect: Dialect, change: Change
) -> None:
    sms = make(install(dialect, [change]))
    extra = {"cost_centre": "x", "priority": 7} if change is with_own_types else {}
    assert sms.send(TO, "x", extra=extra).accepted
    seen = php_gateway.requests()[-1]
    assert seen.parameters["to"] == TO
    assert {name: seen.parameters[name] for name in extra} == extra


@pytest.mark.parametrize("dialect", list(Dialect))
def test_types_on_the_wire_resolve_to_those_of_the_wsdl(make: Make, dialect: Dialect) -> None:
    """Whatever the namespace of the wrapper is."""
    changes = [with_own_types, in_another_body] if dialect is RPC else [with_own_types]
    with RawServer(Gateway()) as server:
        sms = make(house(dialect, changes, server.origin + "/x"))
        sms.service.sendmsg(**HERE, to=TO, text="x", cost_centre="x", priority=7)
    (received,) = server.requests
    (call,) = etree.fromstring(received.body).find("{*}Body")  # type: ignore[misc]
    assert etree.QName(call).namespace == ("urn:house:calls" if dialect is RPC else NAMESPACE[DOC])
    types = {}
    for part in call:
        prefix, _, local = part.get("{http://www.w3.org/2001/XMLSchema-instance}type", "").rpartition(":")
        types[part.tag] = (part.nsmap.get(prefix), local)
    if dialect is RPC:
        assert types["to"] == (NAMESPACE[RPC], "ArrayOfString")
        assert types["cost_centre"] == (NAMESPACE[RPC], "Centre")
        assert types["priority"] == (NAMESPACE[RPC], "Priority")
        assert types["text"] == ("http://www.w3.org/2001/XMLSchema", "string")
    else:
        assert set(types.values()) == {(None, "")}


# Where it goes.


@pytest.mark.parametrize("dialect", list(Dialect))
def test_endpoint_goes_before_the_address_of_the_wsdl(make: Make, dialect: Dialect) -> None:
    with RawServer(Gateway()) as named, RawServer(Gateway()) as asked:
        content = house(dialect, [renamed], f"{named.origin}/in-house/a?wsdl")
        make(content).balance()
        make(content, endpoint=f"{asked.origin}/in-house/b?wsdl").balance()
    assert [received.head.split()[1] for received in named.requests] == [b"/in-house/a"] * 2
    assert [received.head.split()[1] for received in asked.requests] == [b"/in-house/b"] * 2


@pytest.mark.parametrize("dialect", list(Dialect))
def test_binding_that_contradicts_the_wsdl_is_refused(make: Make, dialect: Dialect) -> None:
    content = house(dialect, [], "http://127.0.0.1:9/in-house")
    make(content, binding=dialect.value)
    for other in {"document_literal", "rpc_encoded", "http"} - {dialect.value}:
        with pytest.raises(ConfigurationError, match=f"wsdl= describes {dialect}, binding= says {other}"):
            make(content, binding=other)


def test_address_in_plain_http_is_refused_as_any_other(make: Make) -> None:
    content = house(DOC, [], "http://sms.house.test/in-house")
    with pytest.raises(ConfigurationError, match="plain http"):
        make(content)
    make(content, allow_plaintext=True)
    make(content, endpoint="https://sms.house.test/in-house")


@pytest.mark.parametrize("dialect", list(Dialect))
def test_path_and_content_are_the_same_to_a_client(make: Make, tmp_path: Path, dialect: Dialect) -> None:
    with RawServer(Gateway()) as server:
        content = house(dialect, [renamed, extended], f"{server.origin}/in-house")
        path = tmp_path / "in house.wsdl"
        path.write_bytes(content)
        for given in (content, path, str(path)):
            make(given).service.sendmsg(**HERE, to=TO, text="x", cost_centre="y")
    assert len({received.body for received in server.requests}) == 1
    assert len(server.requests) == 3


# What is refused.


SCHEMA: Final = b'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other"/>'


@pytest.mark.parametrize(
    "place",
    [
        '<xsd:import namespace="urn:other" schemaLocation="{}"/>',
        '<xsd:include schemaLocation="{}"/>',
        '<wsdl:import namespace="urn:other" location="{}"/>',
    ],
    ids=["import of a schema", "include of a schema", "import of a WSDL"],
)
@pytest.mark.parametrize("scheme", ["http", "file", "path", "relative"])
def test_wsdl_that_asks_for_another_document_is_refused_and_nothing_is_fetched(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, scheme: str
) -> None:
    other = tmp_path / "other.xsd"
    other.write_bytes(SCHEMA)  # were it read, all would be well
    monkeypatch.chdir(tmp_path)
    with RawServer(answering(reply(SCHEMA))) as server:
        location = {
            "http": f"http://127.0.0.1:{server.port}/other.xsd",
            "file": other.as_uri(),
            "path": str(other),
            "relative": "other.xsd",
        }[scheme]
        content = wsdl(DOC).decode()
        mark = "  <wsdl:types>" if place.startswith("<wsdl") else '<xsd:element name="auth">'
        assert mark in content
        content = content.replace(mark, place.format(location) + mark, 1)
        path = tmp_path / "house.wsdl"
        path.write_text(content)
        for given in (content.encode(), path):
            with pytest.raises(ConfigurationError, match=r"^wsdl= imports "):
                make(given)
    assert server.connections == 0


DOCTYPES: Final = {
    "empty": "<!DOCTYPE x>",
    "external": '<!DOCTYPE x SYSTEM "{}">',
    "entity": '<!DOCTYPE x [<!ENTITY e "y">]>',
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "{}">]>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % e SYSTEM "{}"> %e;]>',
}


@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_wsdl_with_a_document_type_is_refused_and_nothing_is_fetched(make: Make, doctype: str, scheme: str) -> None:
    with RawServer(answering(reply(b""))) as server:
        place = "file:///etc/passwd" if scheme == "file" else f"http://127.0.0.1:{server.port}/dtd"
        content = wsdl(DOC).decode().replace("<wsdl:definitions", doctype.format(place) + "<wsdl:definitions", 1)
        if "ENTITY e" in doctype:
            content = content.replace('name="api_id" type="xsd:int"/>', 'name="api_id" type="xsd:int"/>&e;', 1)
        with pytest.raises(ConfigurationError, match=r"^wsdl= ") as caught:
            make(content.encode())
    assert "root:" not in str(caught.value)
    assert server.connections == 0


GARBAGE: Final[dict[str, bytes]] = {
    "nothing": b"",
    "zeros": b"\0" * 64,
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a web page": b"<!doctype html><html><body>Please log in</body></html>",
    "well-formed, no WSDL": b"<html/>",
    "an empty WSDL": b'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>',
    "WSDL 2.0": b'<description xmlns="http://www.w3.org/ns/wsdl"/>',
    "cut off": wsdl(DOC)[:5000],
    "no service": wsdl(DOC).partition(b"<wsdl:service")[0] + b"</wsdl:definitions>",
    "no sendmsg": wsdl(DOC).replace(b'<wsdl:operation name="sendmsg">', b'<wsdl:operation name="sendfax">'),
    "an unknown type": wsdl(RPC).replace(b'name="text" type="xsd:string"', b'name="text" type="tns:Nothing"'),
    "a binding of nothing": wsdl(RPC).replace(b'type="tns:PushServerWSPortType"', b'type="tns:Nothing"'),
    "a request": b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
    "a wrong encoding": wsdl(DOC).replace(b"UTF-8", b"EBCDIC-9"),
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
    "a schema that includes itself": b"\xff\xfe<\0",
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_wsdl_of_the_contract_is_a_configuration_error(make: Make, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage.wsdl"
    path.write_bytes(content)
    for given in (content, path):
        with pytest.raises(ConfigurationError, match=r"^wsdl= is not a WSDL of the gateway's contract") as caught:
            make(given)
        assert len(str(caught.value)) < 200


def test_what_cannot_be_read_is_a_configuration_error(make: Make, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.wsdl", str(tmp_path / "missing.wsdl"), tmp_path, "", wsdl(DOC).decode(), 7):
        with pytest.raises(ConfigurationError, match=r"^wsdl= cannot be read"):
            make(path)
