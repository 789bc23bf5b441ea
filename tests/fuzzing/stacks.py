"""SOAP envelopes as PHP, WCF, suds, zeep, SOAP::Lite and Axis write them."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from clicksoap.contract import Dialect
from clicksoap.protocol.bindings.serializer import Part

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
NAMESPACES: Final = {
    Dialect.DOCUMENT_LITERAL: "http://api.clickatell.com/soap/document_literal/webservice",
    Dialect.RPC_ENCODED: "http://api.clickatell.com/soap/webservice",
}

Given = list[tuple[Part, Any]]
"""The parts of a command in the order of the WSDL, each with its value or None."""


def _strings(value: Any) -> list[str]:
    return [escape(str(each)) for each in (value if isinstance(value, list) else [value])]


def _php_document(name: str, given: Given) -> str:
    parts = "".join(f"<{p.wire_name}>{s}</{p.wire_name}>" for p, v in given if v is not None for s in _strings(v))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}" xmlns:ns1="{NAMESPACES[Dialect.DOCUMENT_LITERAL]}">'
        f"<SOAP-ENV:Body><ns1:{name}>{parts}</ns1:{name}></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def _wcf_document(name: str, given: Given) -> str:
    parts = "".join(
        f'<{p.wire_name} xmlns="">{s}</{p.wire_name}>'
        for p, v in given
        for s in _strings("0" if v is None and p.lexical.__name__ != "string" else "" if v is None else v)
    )
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body xmlns:xsi="{XSI}" xmlns:xsd="{XSD}">'
        f'<{name} xmlns="{NAMESPACES[Dialect.DOCUMENT_LITERAL]}">{parts}</{name}></s:Body></s:Envelope>'
    )


def _suds_document(name: str, given: Given) -> str:
    parts = "".join(
        f"\n         <{p.wire_name}>{s}</{p.wire_name}>" for p, v in given if v is not None for s in _strings(v)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:ns0="{SOAP}"'
        f' xmlns:ns1="{NAMESPACES[Dialect.DOCUMENT_LITERAL]}" xmlns:xsi="{XSI}" xmlns:SOAP-ENV="{SOAP}">\n'
        f"   <SOAP-ENV:Header/>\n   <ns0:Body>\n      <ns1:{name}>{parts}\n      </ns1:{name}>\n   </ns0:Body>\n"
        "</SOAP-ENV:Envelope>"
    )


def _php_rpc(name: str, given: Given) -> str:
    def part(part: Part, value: Any) -> str:
        if value is None:
            return f'<{part.wire_name} xsi:nil="true"/>'
        if not isinstance(value, list):
            return f'<{part.wire_name} xsi:type="xsd:string">{escape(str(value))}</{part.wire_name}>'
        items = "".join(f'<item xsi:type="xsd:string">{each}</item>' for each in _strings(value))
        kind = f'SOAP-ENC:arrayType="xsd:string[{len(value)}]" xsi:type="ns1:ArrayOfString"'
        return f"<{part.wire_name} {kind}>{items}</{part.wire_name}>"

    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}"'
        f' xmlns:ns1="{NAMESPACES[Dialect.RPC_ENCODED]}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}"'
        f' xmlns:SOAP-ENC="{ENCODING}" SOAP-ENV:encodingStyle="{ENCODING}">'
        f"<SOAP-ENV:Body><ns1:{name}>{''.join(part(*each) for each in given)}</ns1:{name}></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>\n"
    )


def _zeep_rpc(name: str, given: Given) -> str:
    def part(part: Part, value: Any) -> str:
        if not isinstance(value, list):
            return f"<{part.wire_name}>{escape(str(0 if value is None else value))}</{part.wire_name}>"
        typed = f'xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xsi:type="xsd:string"'
        items = "".join(f"<item {typed}>{each}</item>" for each in _strings(value))
        return f"<{part.wire_name}>{items}</{part.wire_name}>"

    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<soap-env:Envelope xmlns:soap-env=\"{SOAP}\"><soap-env:Body>"
        f'<ns0:{name} xmlns:ns0="{NAMESPACES[Dialect.RPC_ENCODED]}">{"".join(part(*each) for each in given)}'
        f"</ns0:{name}></soap-env:Body></soap-env:Envelope>"
    )


def _soap_lite_rpc(name: str, given: Given) -> str:
    def part(part: Part, value: Any) -> str:
        if not isinstance(value, list):
            return f'<{part.wire_name} xsi:type="xsd:string">{escape(str(value))}</{part.wire_name}>'
        items = "".join(f'<item xsi:type="xsd:long">{each}</item>' for each in _strings(value))
        kind = f'soapenc:arrayType="xsd:long[{len(value)}]" xsi:type="soapenc:Array"'
        return f"<{part.wire_name} {kind}>{items}</{part.wire_name}>"

    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope soap:encodingStyle="{ENCODING}"'
        f' xmlns:soap="{SOAP}" xmlns:soapenc="{ENCODING}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}"><soap:Body>'
        f'<{name} xmlns="soap.clickatell.com">{"".join(part(*each) for each in given if each[1] is not None)}</{name}>'
        "</soap:Body></soap:Envelope>"
    )


def _axis_rpc(name: str, given: Given) -> str:
    values = [(part, value) for part, value in given if value is not None]
    references = "".join(f'<{part.wire_name} href="#id{number}"/>' for number, (part, _) in enumerate(values))
    targets = "".join(
        f'<multiRef id="id{number}" soapenc:root="0">'
        + ("".join(f"<i>{each}</i>" for each in _strings(value)) if isinstance(value, list) else _strings(value)[0])
        + "</multiRef>"
        for number, (_, value) in enumerate(values)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:soapenc="{ENCODING}">'
        f'<soapenv:Body><ns1:{name} soapenv:encodingStyle="{ENCODING}" xmlns:ns1="urn:x">{references}</ns1:{name}>'
        f"{targets}</soapenv:Body></soapenv:Envelope>"
    )


STACKS: Final[Mapping[Dialect, Mapping[str, Callable[[str, Given], str]]]] = {
    Dialect.DOCUMENT_LITERAL: {"PHP": _php_document, "WCF": _wcf_document, "suds": _suds_document},
    Dialect.RPC_ENCODED: {"PHP": _php_rpc, "zeep": _zeep_rpc, "SOAP::Lite": _soap_lite_rpc, "Axis": _axis_rpc},
}
"""By dialect and by the name of the stack: what writes the envelope of a command."""
