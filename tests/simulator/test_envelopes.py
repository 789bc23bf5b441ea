"""SOAP requests in the styles of many SOAP stacks, over a real socket."""

import codecs
import gzip

import pytest
from lxml import etree

from clicksoap.contract import SERVICE_PATHS, Dialect, wsdl
from clicksoap.simulator.front.envelope import envelope_shapes, write_reply

from .conftest import Wire

TO = "27820000001"
OTHER = "27820000002"
WHO = "<api_id>7</api_id><user>acme</user><password>secret</password>"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

# One message of "  hi &\n" to two numbers, unless a case says otherwise.
DOCUMENT_SHAPES = {
    "unqualified children in schema order": (
        f'<n:sendmsg xmlns:n="http://api.clickatell.com/soap/document_literal/webservice">{WHO}'
        f"<text>  hi &amp;\n</text><to>{TO}</to><to>{OTHER}</to></n:sendmsg>"
    ),
    "qualified children": (
        '<sendmsg xmlns="http://api.clickatell.com/soap/document_literal/webservice">'
        f"{WHO}<text>  hi &amp;\n</text><to>{TO}</to><to>{OTHER}</to></sendmsg>"
    ),
    "no namespace and parts out of order": (
        f"<sendmsg><to>{TO}</to><text>  hi &amp;\n</text><to>{OTHER}</to>{WHO}</sendmsg>"
    ),
    "every element sent, unset ones as zero or empty": (
        f"<sendmsg><session_id/>{WHO}<text>  hi &amp;\n</text><to>{TO}</to><to>{OTHER}</to><from></from>"
        "<concat>0</concat><msg_callback>0</msg_callback><deliv_ack>0</deliv_ack><deliv_time>0</deliv_time>"
        "<max_credits>0.0</max_credits><req_feat>0</req_feat><queue>0</queue><escalate>0</escalate><mo>0</mo>"
        "<climsgid/><unicode>0</unicode><msg_type/><udh/><data/><validity>0</validity></sendmsg>"
    ),
    "comments, CDATA and instructions in between": (
        f"<!-- a --><sendmsg>{WHO}<?b c?><text>  <!-- d -->hi <![CDATA[&]]>\n</text>"
        f"<to>{TO}</to><to> {OTHER} </to></sendmsg>"
    ),
}
RPC_SHAPES = {
    "PHP: nil for what is unset, typed array": (
        '<ns1:sendmsg xmlns:ns1="http://api.clickatell.com/soap/webservice">'
        '<session_id xsi:nil="true"/><api_id xsi:type="xsd:int">7</api_id><user xsi:type="xsd:string">acme</user>'
        '<password xsi:type="xsd:string">secret</password>'
        '<to SOAP-ENC:arrayType="xsd:string[2]" xsi:type="ns1:ArrayOfString">'
        f'<item xsi:type="xsd:string">{TO}</item><item xsi:type="xsd:string">{OTHER}</item></to>'
        '<from xsi:nil="1"/><text xsi:type="xsd:string">  hi &amp;\n</text><concat xsi:nil="true"/></ns1:sendmsg>'
    ),
    "hand-built: a foreign namespace, Array, other item names": (
        f'<m:sendmsg xmlns:m="soap.clickatell.com">{WHO}'
        '<to xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="xsd:string[2]">'
        f"<string>{TO}</string><anything>{OTHER}</anything></to><text>  hi &amp;\n</text></m:sendmsg>"
    ),
    "zeep: no types at all": (
        f"<sendmsg>{WHO}<to>\n <item>{TO}</item>\n <item>{OTHER}</item>\n</to><text>  hi &amp;\n</text></sendmsg>"
    ),
    "Axis: everything behind references, one of them twice removed": (
        '<ns1:sendmsg xmlns:ns1="urn:x"><api_id href="#id0"/><user href="#id1"/><password>secret</password>'
        '<to href="#id2"/><text href="#id4"/><concat href="#id6"/></ns1:sendmsg>'
        '<multiRef id="id0" SOAP-ENC:root="0" xsi:type="xsd:int">7</multiRef>'
        '<multiRef id="id1" SOAP-ENC:root="0" xsi:type="xsd:string">acme</multiRef>'
        '<multiRef id="id2" SOAP-ENC:root="0" xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="xsd:string[2]">'
        f'<item href="#id3"/><item>{OTHER}</item></multiRef>'
        f'<multiRef id="id3" xsi:type="xsd:string">{TO}</multiRef>'
        '<multiRef id="id4" href="#id5"/><multiRef id="id5" xsi:type="xsd:string">  hi &amp;\n</multiRef>'
        '<multiRef id="id6" xsi:type="xsd:int">0</multiRef>'
    ),
    ".NET: the array beside the call": (
        f'<q1:sendmsg xmlns:q1="urn:x">{WHO}<to href="#id1"/><text>  hi &amp;\n</text></q1:sendmsg>'
        f'<SOAP-ENC:Array id="id1" SOAP-ENC:arrayType="xsd:string[2]"><Item>{TO}</Item><Item>{OTHER}</Item>'
        "</SOAP-ENC:Array>"
    ),
    "the referred values before the call": (
        f'<multiRef id="t" SOAP-ENC:root="0">  hi &amp;\n</multiRef><sendmsg>{WHO}<text href="#t"/>'
        f"<to>{TO}</to><to>{OTHER}</to></sendmsg>"
    ),
}
SHAPES = [
    *(pytest.param("/soap/document_literal/webservice", each, id=name) for name, each in DOCUMENT_SHAPES.items()),
    *(pytest.param("/soap/webservice_vs.php", each, id=name) for name, each in RPC_SHAPES.items()),
]


@pytest.mark.parametrize(("path", "content"), SHAPES)
def test_a_request_of_any_shape_sends_the_same_message(wire: Wire, path: str, content: str) -> None:
    lines = wire.post(path, wire.envelope(content)).lines
    assert [line.split(" To: ")[1] for line in lines] == [TO, OTHER]
    assert [(each.to, each.text) for each in wire.sim.gateway.messages] == [(TO, "  hi &\n"), (OTHER, "  hi &\n")]
    assert [line.split(" ")[1] for line in lines] == [each.id for each in wire.sim.gateway.messages]


def test_one_recipient_may_be_a_plain_string_in_either_dialect(wire: Wire, path: str) -> None:
    (line,) = wire.post(path, wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>hi</text></sendmsg>")).lines
    assert line == f"ID: {wire.sim.gateway.messages[0].id}"


def test_recipients_that_are_missing_empty_or_nil_are_missing(wire: Wire, path: str) -> None:
    for to in ("", "<to/>", '<to xsi:nil="true"/>', '<to SOAP-ENC:arrayType="xsd:string[0]"/>', "<to><item/></to>"):
        reply = wire.post(path, wire.envelope(f"<sendmsg>{WHO}<text>hi</text>{to}</sendmsg>"))
        assert reply.lines == ["ERR: 101, Invalid or missing parameters"]


@pytest.mark.parametrize("action", ['"urn:x/sendmsg"', "urn:x/sendmsg", '""', "getbalance", None])
def test_the_soap_action_does_not_matter(wire: Wire, action: str | None) -> None:
    headers = {} if action is None else {"SOAPAction": action}
    body = wire.envelope(f"<getbalance>{WHO}</getbalance>")
    assert wire.post(wire.document, body, **headers).lines == ["Credit: 1000.00"]


@pytest.mark.parametrize("name", ["routecoverage", "routeCoverage", "ROUTECOVERAGE"])
def test_coverage_is_asked_in_any_case_and_answered_in_the_dialects_own(wire: Wire, path: str, name: str) -> None:
    reply = wire.post(path, wire.envelope(f"<{name}>{WHO}<msisdn>{TO}</msisdn></{name}>"))
    assert reply.lines[0].startswith("OK: This prefix")
    own = "routecoverage" if path == wire.document else "routeCoverage"
    assert f"{own}Response>".encode() in reply.body


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("UTF-8", b""), ("UTF-8", codecs.BOM_UTF8), ("ISO-8859-1", b""), ("UTF-16", b""), ("windows-1252", b"")],
)
def test_the_prologs_encoding_is_obeyed(wire: Wire, encoding: str, mark: bytes) -> None:
    prolog = f'<?xml version="1.0" encoding="{encoding}"?>'
    content = wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>Grüße</text></sendmsg>")
    assert wire.post(wire.document, mark + (prolog + content).encode(encoding)).status == 200
    assert wire.sim.gateway.messages[0].text == "Grüße"


def test_without_a_prolog_the_content_type_tells_the_encoding(wire: Wire) -> None:
    content = wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>Grüße</text></sendmsg>").encode("latin-1")
    assert wire.post(wire.rpc, content, Content_Type="text/xml; charset=ISO-8859-1").status == 200
    assert wire.sim.gateway.messages[0].text == "Grüße"
    assert wire.post(wire.rpc, content, Content_Type="text/xml; charset=nonsense").fault == "SOAP-ENV:Client"


@pytest.mark.parametrize("charset", ["utf-16le", "cp037", "EBCDIC-CP-US", "rot13", "unicode_escape", "idna", "base64"])
def test_a_charset_that_no_xml_parser_knows_is_the_callers_mistake_at_most(wire: Wire, charset: str) -> None:
    body = wire.envelope(f"<getbalance>{WHO}</getbalance>")
    reply = wire.post(wire.document, body, Content_Type=f"text/xml; charset={charset}")
    assert reply.status == 200 or reply.fault == "SOAP-ENV:Client"


def test_both_spellings_of_ids_and_callbacks_are_understood_everywhere(wire: Wire, path: str) -> None:
    for number, parts in enumerate(("<cliMsgId>a1</cliMsgId><callback>3</callback>", "<climsgid>a1</climsgid>")):
        wire.post(path, wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>hi</text>{parts}</sendmsg>"))
        assert wire.sim.gateway.messages[number].client_message_id == "a1"
    assert wire.sim.gateway.messages[0].parameters["msg_callback"] == "3"
    assert wire.call("querymsg", path=path, api_id="7", user="acme", password="secret", climsgid="a1") == [
        f"ID: {wire.sim.gateway.messages[1].id} Status: 008"
    ]


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
BAD = {
    "nothing": "",
    "no XML": "to=27820000001&text=hi",
    "cut short": f"<x:Envelope xmlns:x='{SOAP}'><x:Body>",
    "no envelope": "<sendmsg/>",
    "no body": f"<x:Envelope xmlns:x='{SOAP}'/>",
    "an empty body": f"<x:Envelope xmlns:x='{SOAP}'><x:Body/></x:Envelope>",
    "an unknown operation": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><format_disk/></x:Body></x:Envelope>",
    "a document type": f"<!DOCTYPE a><x:Envelope xmlns:x='{SOAP}'><x:Body><ping/></x:Body></x:Envelope>",
    "entities": f"{BOMB}<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id>&c;</session_id></ping></x:Body>"
    "</x:Envelope>",
    "a structure for a string": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id><a/></session_id></ping>"
    "</x:Body></x:Envelope>",
    "a parameter twice": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id>a</session_id>"
    "<session_id>b</session_id></ping></x:Body></x:Envelope>",
    "a reference to nothing": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id href='#no'/></ping></x:Body>"
    "</x:Envelope>",
    "a reference elsewhere": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id href='file:///a'/></ping>"
    "</x:Body></x:Envelope>",
    "references in a circle": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><ping><session_id href='#a'/></ping>"
    "<m id='a' href='#b'/><m id='b' href='#a'/></x:Body></x:Envelope>",
    "arrays in arrays": f"<x:Envelope xmlns:x='{SOAP}'><x:Body><sendmsg><to id='a'><i href='#a'/></to></sendmsg>"
    "</x:Body></x:Envelope>",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_call_is_answered_with_a_client_fault(wire: Wire, path: str, body: str) -> None:
    reply = wire.post(path, body)
    assert reply.fault == "SOAP-ENV:Client"
    assert reply.headers["content-type"].startswith("text/xml")
    assert not any(wire.sim.gateway.commands.values())


def test_soap_12_is_answered_with_a_version_mismatch(wire: Wire, path: str) -> None:
    body = wire.envelope("<ping/>").replace(SOAP, "http://www.w3.org/2003/05/soap-envelope")
    assert wire.post(path, body).fault == "SOAP-ENV:VersionMismatch"


def test_a_megabyte_is_read_and_more_is_refused(wire: Wire) -> None:
    shell = wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>@</text></sendmsg>")
    room = (1 << 20) - len(shell) + 1
    assert wire.post(wire.document, shell.replace("@", "x" * room)).status == 200
    assert wire.post(wire.document, shell.replace("@", "x" * (room + 1))).fault == "SOAP-ENV:Client"
    assert wire.post(wire.document, shell.replace("@", "x" * (5 << 20))).fault == "SOAP-ENV:Client"


def test_a_compressed_request_is_read_within_bounds(wire: Wire, path: str) -> None:
    body = wire.envelope(f"<sendmsg>{WHO}<to>{TO}</to><text>hi</text></sendmsg>").encode()
    assert wire.post(path, gzip.compress(body), Content_Encoding="gzip").lines[0].startswith("ID: ")
    bomb = gzip.compress(wire.envelope(" " * (8 << 20)).encode())
    for damaged in (bomb, gzip.compress(body)[:-9], body, gzip.compress(body) + b"more"):
        assert wire.post(path, damaged, Content_Encoding="gzip").fault == "SOAP-ENV:Client"
    assert wire.post(path, body, Content_Encoding="br").fault == "SOAP-ENV:Client"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("identity", False)],
)
def test_only_the_document_service_compresses_and_only_if_welcome(
    wire: Wire, accepted: str, *, compressed: bool
) -> None:
    body = wire.envelope(f"<getbalance>{WHO}</getbalance>")
    reply = wire.post(wire.document, body, Accept_Encoding=accepted)
    assert (reply.headers.get("content-encoding") == "gzip") is compressed
    assert b"Credit: 1000.00" in (gzip.decompress(reply.body) if compressed else reply.body)
    assert "content-encoding" not in wire.post(wire.rpc, body, Accept_Encoding=accepted).headers


def test_document_replies_are_a_qualified_wrapper_around_unqualified_returns(wire: Wire) -> None:
    reply = wire.post(wire.document, wire.envelope(f"<getbalance>{WHO}</getbalance>"))
    (wrapper,) = etree.fromstring(reply.body)[0]
    assert wrapper.tag == "{http://api.clickatell.com/soap/document_literal/webservice}getbalanceResponse"
    assert [(each.tag, each.text, dict(each.attrib)) for each in wrapper] == [("return", "Credit: 1000.00", {})]


def test_every_document_reply_is_valid_by_the_wsdls_own_schema() -> None:
    schema_element = etree.fromstring(wsdl(Dialect.DOCUMENT_LITERAL)).find(
        ".//{http://www.w3.org/2001/XMLSchema}schema"
    )
    assert schema_element is not None
    schema = etree.XMLSchema(schema_element)
    for name in envelope_shapes(Dialect.DOCUMENT_LITERAL):
        (body,) = etree.fromstring(write_reply(Dialect.DOCUMENT_LITERAL, name, ["a < b & c"]))
        assert schema.validate(etree.ElementTree(body[0])), name


def test_rpc_replies_are_typed_as_the_wsdl_declares(wire: Wire) -> None:
    kind = "{http://www.w3.org/2001/XMLSchema-instance}type"
    (balance,) = etree.fromstring(wire.post(wire.rpc, wire.envelope(f"<getbalance>{WHO}</getbalance>")).body)[0][0]
    assert (balance.text, balance.get(kind)) == ("Credit: 1000.00", "xsd:string")
    query = wire.envelope(f"<querymsg>{WHO}<apimsgid>a</apimsgid></querymsg>")
    (array,) = etree.fromstring(wire.post(wire.rpc, query).body)[0][0]
    assert array.get(kind) == "ns1:ArrayOfString"
    assert array.get("{http://schemas.xmlsoap.org/soap/encoding/}arrayType") == "xsd:string[1]"
    assert [(each.tag, each.text, each.get(kind)) for each in array] == [("item", "ID: a Status: 001", "xsd:string")]


@pytest.mark.parametrize("path", SERVICE_PATHS)
@pytest.mark.parametrize("query", ["wsdl", "WSDL", "Wsdl=1"])
def test_every_service_describes_itself_at_the_address_where_it_was_asked(wire: Wire, path: str, query: str) -> None:
    reply = wire.exchange("GET", f"{path}?{query}", headers={"Host": "sms.localhost:8080"})
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/xml")
    (address,) = etree.fromstring(reply.body).iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert address.get("location") == f"http://sms.localhost:8080{path}"


@pytest.mark.parametrize("path", [path for path, each in SERVICE_PATHS.items() if each is Dialect.RPC_ENCODED])
def test_only_the_original_rpc_service_says_callback(wire: Wire, path: str) -> None:
    said = wire.get(f"{path}?wsdl").body
    assert (b'name="callback"' in said) is (path == "/soap/webservice.php")
    assert (b'name="msg_callback"' in said) is (path != "/soap/webservice.php")


def test_a_post_may_carry_the_wsdl_query(wire: Wire, path: str) -> None:
    assert wire.post(f"{path}?wsdl", wire.envelope(f"<getbalance>{WHO}</getbalance>")).lines == ["Credit: 1000.00"]


def test_a_visitor_is_told_what_this_is(wire: Wire, path: str) -> None:
    for place in (path, f"{path}?x=1", "/"):
        reply = wire.get(place)
        assert reply.headers["content-type"].startswith("text/plain")
        assert b"simulated SMS gateway" in reply.body
        assert b"?wsdl" in reply.body
    assert wire.get("/elsewhere").status == 404
    assert wire.exchange("DELETE", path).status == 405
