"""Requests as many stacks write them, and what may become of a request on its way.

A mutant is made by its seed alone: the same seed and the same ids of the gateway give the same bytes.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.protocol.bindings.encoding import Part
from clicksoap.protocol.bindings.http import HttpApi
from clicksoap.protocol.bindings.soap import SoapBinding

FIRST: Final = "27820000001"
SECOND: Final = "27820000002"
BLOCKED: Final = "9991210000"
XML: Final = "text/xml; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_NAMESPACES: Final = {
    Dialect.DOCUMENT_LITERAL: "http://api.clickatell.com/soap/document_literal/webservice",
    Dialect.RPC_ENCODED: "http://api.clickatell.com/soap/webservice",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; its framing is always right."""

    method: str
    path: str
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False

    @property
    def payload(self) -> bytes:
        """Where the command stands."""
        return self.body if self.method == "POST" else self.query

    def saying(self, payload: bytes) -> "Request":
        return replace(self, body=payload) if self.method == "POST" else replace(self, query=payload)

    def with_header(self, name: str, value: str | None) -> "Request":
        kept = {each: said for each, said in self.headers.items() if each.lower() != name.lower()}
        return replace(self, headers=kept if value is None else {**kept, name: value})

    def written(self) -> bytes:
        """The bytes on the wire."""
        # Beyond these the request line is no HTTP any more, and beyond 64 KB servers stop reading it.
        query = re.sub(rb"[^\x21-\x7e]", lambda found: b"%%%02X" % found[0][0], self.query)[:50_000]
        target = self.path.encode("ascii") + (b"?" + query if query else b"")
        head = [self.method.encode("ascii") + b" " + target + b" HTTP/1.1"]
        head += [f"{name}: {value}".encode("latin-1") for name, value in {"Host": "localhost", **self.headers}.items()]
        if self.chunked:
            half = len(self.body) // 2
            chunks = [each for each in (self.body[:half], self.body[half:]) if each]
            body = b"".join(b"%X\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
            head.append(b"Transfer-Encoding: chunked")
        else:
            body = self.body
            if self.method not in {"GET", "HEAD"} or body:
                head.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join((*head, b"", body))


# The corpus.


@dataclass(frozen=True, slots=True)
class Known:
    """The ids that a gateway gave out."""

    session: str
    message: str
    batches: Sequence[str]
    doomed_batch: str


Values = Mapping[str, Any]
Given = list[tuple[Part, Any]]


def commands(known: Known) -> list[tuple[str, Values]]:
    """Every command with what a caller might give it, more than once where there is more than one kind."""
    who = {"session_id": known.session}
    whom = {"to": [FIRST, SECOND]}
    named = {"api_id": 7, "user": "acme", "password": "secret"}
    batch = {**who, "batch_id": known.batches[0]}
    push = {"si_id": "1", "si_url": "http://shop.test/?a=1&b=2", "si_text": "look", "si_action": "signal-high"}
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "60", "mms_from": "me", "mms_url": "http://shop.test/"}
    options = {
        "from": "Shop",
        "concat": 3,
        "deliv_ack": 1,
        "msg_callback": 3,
        "deliv_time": 60,
        "max_credits": Decimal(2),
        "req_feat": 48,
        "queue": 1,
        "escalate": 1,
        "mo": 1,
        "climsgid": "m1",
        "validity": 60,
    }
    return [
        ("auth", named),
        ("ping", who),
        ("sendmsg", {**who, **whom, "text": "  Grüße, <you> & me\n"}),
        ("sendmsg", {**named, "to": [FIRST], "text": "hi", **options}),
        ("sendmsg", {**who, "to": [FIRST, BLOCKED], "text": "005a0061017c", "unicode": 1}),
        ("sendmsg", {**who, **whom, "data": "0a1b2c", "udh": "06050415811581"}),
        ("querymsg", {**who, "apimsgid": known.message}),
        ("querymsg", {**named, "climsgid": "m1"}),
        ("delmsg", {**who, "apimsgid": known.message}),
        ("delmsg", {**who, "climsgid": "m1"}),
        ("getbalance", who),
        ("getmsgcharge", {**who, "apimsgid": known.message}),
        ("routecoverage", {**who, "msisdn": FIRST}),
        ("routecoverage", {**who, "msisdn": BLOCKED}),
        ("si_push", {**who, **whom, **push}),
        ("ind_push", {**who, **whom, **mms}),
        ("token_pay", {**who, "token": "1234567890123456"}),
        ("startbatch", {**who, "template": "Dear #field1#, #field2#", "concat": 2, "climsgid": "b1"}),
        ("senditem", {**batch, **whom, "field1": "Ann & Bob", "field2": "#field1#"}),
        ("quicksend", {**batch, **whom}),
        ("endbatch", {**who, "batch_id": known.doomed_batch}),
    ]


def corpus(known: Known, without: AbstractSet[str] = frozenset()) -> list[Request]:
    """Every command as every stack writes it, to every service."""
    return [
        request
        for command, values in commands(known)
        if command not in without
        for request in (*_by_soap(command, values), *_by_http(command, values))
    ]


def _by_http(command: str, values: Values) -> Iterator[Request]:
    for method in ("GET", "POST"):
        wire = HttpApi("http://localhost", method).encode(command, values)
        address = urlsplit(wire.url)
        yield Request(method, address.path, address.query.encode("ascii"), wire.headers, wire.body)


def _by_soap(command: str, values: Values) -> Iterator[Request]:
    for path, dialect in SERVICE_PATHS.items():
        binding = SoapBinding(dialect, f"http://localhost{path}")
        wire = binding.encode(command, values)
        yield Request("POST", path, headers=wire.headers, body=wire.body)
        parts = binding.serializer(command).parts
        given = [(part, values.get(part.name)) for part in parts]
        name = "routeCoverage" if dialect is Dialect.RPC_ENCODED and command == "routecoverage" else command
        for stack, content in STACKS[dialect].items():
            headers = {"Content-Type": XML, "SOAPAction": f'"{_NAMESPACES[dialect]}/{name}"', "User-Agent": stack}
            yield Request("POST", path, headers=headers, body=content(name, given).encode())


def _strings(value: Any) -> list[str]:
    return [escape(str(each)) for each in (value if isinstance(value, list) else [value])]


def _php_document(name: str, given: Given) -> str:
    parts = "".join(f"<{p.wire_name}>{s}</{p.wire_name}>" for p, v in given if v is not None for s in _strings(v))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_SOAP}" xmlns:ns1="{_NAMESPACES[Dialect.DOCUMENT_LITERAL]}">'
        f"<SOAP-ENV:Body><ns1:{name}>{parts}</ns1:{name}></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def _wcf_document(name: str, given: Given) -> str:
    parts = "".join(
        f'<{p.wire_name} xmlns="">{s}</{p.wire_name}>'
        for p, v in given
        for s in _strings("0" if v is None and p.lexical.__name__ != "string" else "" if v is None else v)
    )
    return (
        f'<s:Envelope xmlns:s="{_SOAP}"><s:Body xmlns:xsi="{_XSI}" xmlns:xsd="{_XSD}">'
        f'<{name} xmlns="{_NAMESPACES[Dialect.DOCUMENT_LITERAL]}">{parts}</{name}></s:Body></s:Envelope>'
    )


def _suds_document(name: str, given: Given) -> str:
    parts = "".join(
        f"\n         <{p.wire_name}>{s}</{p.wire_name}>" for p, v in given if v is not None for s in _strings(v)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:ns0="{_SOAP}"'
        f' xmlns:ns1="{_NAMESPACES[Dialect.DOCUMENT_LITERAL]}" xmlns:xsi="{_XSI}" xmlns:SOAP-ENV="{_SOAP}">\n'
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
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_SOAP}"'
        f' xmlns:ns1="{_NAMESPACES[Dialect.RPC_ENCODED]}" xmlns:xsd="{_XSD}" xmlns:xsi="{_XSI}"'
        f' xmlns:SOAP-ENC="{_ENCODING}" SOAP-ENV:encodingStyle="{_ENCODING}">'
        f"<SOAP-ENV:Body><ns1:{name}>{''.join(part(*each) for each in given)}</ns1:{name}></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>\n"
    )


def _zeep_rpc(name: str, given: Given) -> str:
    def part(part: Part, value: Any) -> str:
        if not isinstance(value, list):
            return f"<{part.wire_name}>{escape(str(0 if value is None else value))}</{part.wire_name}>"
        typed = f'xmlns:xsd="{_XSD}" xmlns:xsi="{_XSI}" xsi:type="xsd:string"'
        items = "".join(f"<item {typed}>{each}</item>" for each in _strings(value))
        return f"<{part.wire_name}>{items}</{part.wire_name}>"

    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<soap-env:Envelope xmlns:soap-env=\"{_SOAP}\"><soap-env:Body>"
        f'<ns0:{name} xmlns:ns0="{_NAMESPACES[Dialect.RPC_ENCODED]}">{"".join(part(*each) for each in given)}'
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
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope soap:encodingStyle="{_ENCODING}"'
        f' xmlns:soap="{_SOAP}" xmlns:soapenc="{_ENCODING}" xmlns:xsd="{_XSD}" xmlns:xsi="{_XSI}"><soap:Body>'
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
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:soapenc="{_ENCODING}">'
        f'<soapenv:Body><ns1:{name} soapenv:encodingStyle="{_ENCODING}" xmlns:ns1="urn:x">{references}</ns1:{name}>'
        f"{targets}</soapenv:Body></soapenv:Envelope>"
    )


STACKS: Final[Mapping[Dialect, Mapping[str, Callable[[str, Given], str]]]] = {
    Dialect.DOCUMENT_LITERAL: {"PHP": _php_document, "WCF": _wcf_document, "suds": _suds_document},
    Dialect.RPC_ENCODED: {"PHP": _php_rpc, "zeep": _zeep_rpc, "SOAP::Lite": _soap_lite_rpc, "Axis": _axis_rpc},
}


# What becomes of any payload.

Change = Callable[[Random, bytes], bytes]

_JUNK: Final = (
    *(
        b"\x00",
        b"\x00" * 40,
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n\r\n",
        b"\x1b[0m",
        b"\x7f",
        b"\xc3\x28",
        b"\xed\xa0\x80",
    ),
    *(
        b"'\"",
        b"<",
        b">",
        b"&",
        b"&&",
        b"%",
        b"%00",
        b"%zz",
        b"%u20ac",
        b"%C3%A9",
        b"%E9",
        b"%2",
        b"+",
        b";",
        b"=",
        b"#",
    ),
    *(b"\xe2\x82\xac", b"\xf0\x9f\x8e\x89", b"\xd9\xa3", b"' OR 1=1 --", b"${jndi:x}", b"../../etc/passwd", b"{0}%s%n"),
)
_VALUES: Final = (
    *(
        b"",
        b" ",
        b"0",
        b"-1",
        b"-0",
        b"1e5",
        b"1e308",
        b"1e99999999",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"0x10",
        b"1_0",
    ),
    *(
        b"9" * 9,
        b"9" * 19,
        b"9" * 400,
        b"9" * 20_000,
        b"2147483648",
        b"-2147483649",
        b"00000",
        b"0.0",
        b"+1",
        b"1.5",
        b".",
    ),
    *(b"true", b"nil", b"None", b"\xd9\xa3\xd9\xa3", b"\xc2\xb2", b"x" * 300, b"2024-02-30T25:61:61Z", b"99999999999"),
    *(b"999130", b"999301000000", b"d800", b"dc00d800", b"D83CDF89", b"0", b"#field1#", b"#field99999#", b"SMS_FLASH"),
    *(
        b"SMS_NOKIA_VCARD",
        b"delete",
        b"83",
        b"36",
        b"8",
        b"10081",
        b"wrong",
        b"a" * 33,
        b"\xc4\xb0",
        b"sendmsg",
        b"acme",
    ),
)


def _span(rng: Random, payload: bytes, longest: int = 80) -> tuple[int, int]:
    begin = rng.randrange(len(payload) + 1)
    return begin, min(len(payload), begin + rng.randrange(longest))


def _flip(rng: Random, payload: bytes) -> bytes:
    changed = bytearray(payload)
    for _ in range(rng.randint(1, 6) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _delete(rng: Random, payload: bytes) -> bytes:
    begin, end = _span(rng, payload)
    return payload[:begin] + payload[end:]


def _duplicate(rng: Random, payload: bytes) -> bytes:
    begin, end = _span(rng, payload, 400)
    return payload[:end] + payload[begin:end] * rng.randint(1, 3) + payload[end:]


def _truncate(rng: Random, payload: bytes) -> bytes:
    return payload[: rng.randrange(len(payload) + 1)]


def _insert(rng: Random, payload: bytes) -> bytes:
    begin, _ = _span(rng, payload)
    return payload[:begin] + rng.choice(_JUNK) + payload[begin:]


def _noise(rng: Random, payload: bytes) -> bytes:
    begin, end = _span(rng, payload)
    return payload[:begin] + rng.randbytes(rng.randint(1, 60)) + payload[end:]


def _move(rng: Random, payload: bytes) -> bytes:
    begin, end = _span(rng, payload)
    rest = payload[:begin] + payload[end:]
    where = rng.randrange(len(rest) + 1)
    return rest[:where] + payload[begin:end] + rest[where:]


_BYTES: Final[tuple[Change, ...]] = (_flip, _delete, _duplicate, _truncate, _insert, _noise, _move)

# What becomes of XML.

_TAG: Final = re.compile(rb"</?[A-Za-z][^<>]*>")
_NAME: Final = re.compile(rb"(?<=[</:])[A-Za-z][A-Za-z0-9_]*(?=[\s/>])")
_LEAF: Final = re.compile(rb"<([A-Za-z][\w:.-]*)([^<>]*)(?<!/)>([^<>]*)</\1>")
_PROLOG: Final = re.compile(rb"^<\?xml[^>]*\?>\s*")
_RECIPIENT: Final = re.compile(rb"<(to|item|i)(?: [^<>]*)?>[0-9]+</\1>")
_CHARSETS: Final = (
    *("utf-8", "UTF-16", "utf-32", "ISO-8859-1", "windows-1252", "us-ascii", "Shift_JIS", "utf-7", "mbcs", "nonsense"),
    *("", "x" * 500, "../utf_8", "utf-8\xe9", "'utf-8'", "utf-8;utf-16", "encodings.utf_8", "__init__"),
)
# Python has a codec of that name, and XML parsers have none.
_PYTHON_ALONE: Final = (
    *("utf-16le", "EBCDIC-CP-US", "cp037", "rot13", "base64", "hex", "zlib", "idna", "punycode", "unicode_escape"),
    "undefined",
)
_ENTITIES: Final = (
    *(
        b"&lol;",
        b"&xxe;",
        b"&#0;",
        b"&#xD800;",
        b"&#x1F389;",
        b"&#99999999999;",
        b"&amp;",
        b"&lt;",
        b"&#13;",
        b"&#8364;",
    ),
    *(b"&;", b"&#;", b"&#x;", b"&", b"&amp;amp;"),
)
_DOCTYPES: Final = (
    b"<!DOCTYPE a>",
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    b'<!DOCTYPE a [<!ENTITY lol "ha">]>',
    b'<!DOCTYPE a [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
    b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY lol "&c;&c;&c;&c;&c;&c;">]>',
    b'<!DOCTYPE a [<!ENTITY lol "&lol;">]>',
    b'<!DOCTYPE a [<!ATTLIST to xsi CDATA "x">',
)
_AROUND: Final = (
    *(
        (b"<![CDATA[", b"]]>"),
        (b"<!--", b"-->"),
        (b"<?php ", b"?>"),
        (b"<b>", b"</b>"),
        (b"\n  ", b"\n"),
        (b"]]>", b""),
    ),
    *(
        (b"<![CDATA[", b""),
        (b"<!-- --", b"-->"),
        (b"<?xml version='1.0'?>", b""),
        (b"<x:b xmlns:x='urn:y'>", b"</x:b>"),
    ),
)
_ATTRIBUTES: Final = (
    *(
        b' xsi:nil="true"',
        b' xsi:nil="1"',
        b' href="#id0"',
        b' href="#none"',
        b' href="file:///etc/passwd"',
        b' id="id0"',
    ),
    *(
        b' xsi:type="xsd:int"',
        b' xsi:type="nope:what"',
        b' xmlns="urn:z"',
        b' xmlns:xsi="urn:z"',
        b' a="1" a="2"',
        b" a",
    ),
    *(b' SOAP-ENV:mustUnderstand="1"', b' SOAP-ENC:arrayType="xsd:string[4294967296]"', b' xml:lang="x"', b' id=""'),
    *(b' xmlns:xsi="' + _XSI.encode() + b'" xsi:nil="1"', b' xml:base="http://127.0.0.1:9/"', b' xmlns:xml="urn:z"'),
)
_OPERATIONS: Final = (
    *(b"auth", b"ping", b"sendmsg", b"querymsg", b"delmsg", b"getbalance", b"routeCoverage", b"SENDMSG", b"Fault"),
    *(b"si_push", b"ind_push", b"startbatch", b"senditem", b"quicksend", b"endbatch", b"getmsgcharge", b"format_disk"),
    *(
        b"Envelope",
        b"Body",
        b"Header",
        b"to",
        b"text",
        b"item",
        b"session_id",
        b"unicode",
        b"concat",
        b"user",
        b"__init__",
    ),
    *(
        b"scheduled_time",
        b"binary",
        b"callback",
        b"cliMsgId",
        b"climsgid",
        b"apimsgid",
        b"field1",
        b"msg_callback",
        b"data",
    ),
)


def _some(rng: Random, pattern: re.Pattern[bytes], payload: bytes) -> re.Match[bytes] | None:
    found = list(pattern.finditer(payload))
    return rng.choice(found) if found else None


def _put(payload: bytes, begin: int, end: int, new: bytes) -> bytes:
    return payload[:begin] + new + payload[end:]


def _other_name(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _NAME, payload)
    if found is None:
        return payload
    new = rng.choice((rng.choice(_OPERATIONS), found[0].swapcase(), found[0].upper(), found[0] + b"\xc3\xa9"))
    if rng.random() < 0.3:  # one of the pair alone
        return _put(payload, *found.span(), new)
    return re.sub(rb"(?<=[</:])" + re.escape(found[0]) + rb"(?=[\s/>])", lambda _: new, payload)


def _swapped_tags(rng: Random, payload: bytes) -> bytes:
    one, other = sorted((_some(rng, _TAG, payload), _some(rng, _TAG, payload)), key=lambda it: it.start() if it else 0)
    if one is None or other is None or one.end() > other.start():
        return payload
    between = payload[one.end() : other.start()]
    return payload[: one.start()] + other[0] + between + one[0] + payload[other.end() :]


def _other_value(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _LEAF, payload)
    return payload if found is None else _put(payload, *found.span(3), rng.choice(_VALUES))


def _entity(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _LEAF, payload)
    return payload if found is None else _put(payload, found.start(3), found.start(3), rng.choice(_ENTITIES))


def _wrapped(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, rng.choice((_LEAF, _TAG)), payload)
    if found is None:
        return payload
    begin, end = rng.choice((found.span(), found.span(found.re.groups)))
    before, after = rng.choice(_AROUND)
    return _put(payload, begin, end, before + payload[begin:end] + after)


def _doctype(rng: Random, payload: bytes) -> bytes:
    prolog = _PROLOG.match(payload)
    where = prolog.end() if prolog and rng.random() < 0.8 else 0
    changed = _put(payload, where, where, rng.choice(_DOCTYPES))
    return _entity(rng, changed) if rng.random() < 0.7 else changed


def _nested(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, rng.choice((_LEAF, _TAG)), payload)
    if found is None:
        return payload
    depth = rng.choice((1, 2, 50, 254, 255, 256, 5000))
    closed = b"</a>" * depth if rng.random() < 0.8 else b""
    return _put(payload, *found.span(found.re.groups), b"<a>" * depth + found[found.re.groups] + closed)


def _attribute(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _TAG, payload)
    if found is None or found[0].startswith(b"</"):
        return payload
    where = found.end() - (2 if found[0].endswith(b"/>") else 1)
    return _put(payload, where, where, rng.choice(_ATTRIBUTES))


def _repeated_element(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _LEAF, payload)
    return payload if found is None else _put(payload, found.end(), found.end(), found[0] * rng.choice((1, 2, 9)))


def _crowd(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _RECIPIENT, payload)
    if found is None:
        return payload
    return _put(payload, found.end(), found.end(), found[0] * rng.choice((297, 298, 299, 300, 301, 1200)))


def _referring(rng: Random, payload: bytes) -> bytes:
    """References that multiply, or that go round."""
    found = _some(rng, _LEAF, payload)
    ends = list(re.finditer(rb"</[\w-]+:Body>", payload))
    if found is None or not ends:
        return payload
    levels = rng.randint(2, 6)
    laughs = b"".join(
        b'<m id="l%d">' % each + b'<i href="#l%d"/>' % ((each + 1) % levels) * 10 + b"</m>" for each in range(levels)
    )
    last = b'<m id="l%d">27820000001</m>' % (levels - 1) if rng.random() < 0.5 else b""
    name = found[1]
    begun = _put(payload, ends[-1].start(), ends[-1].start(), last + laughs)
    return _put(begun, *found.span(), b"<" + name + b' href="#l0"/>')


def _prolog(rng: Random, payload: bytes) -> bytes:
    bare = _PROLOG.sub(b"", payload)
    charset = rng.choice((*_CHARSETS, *_PYTHON_ALONE)).encode("latin-1")
    version = rng.choice((b"1.0", b"1.1", b"2.0", b""))
    said = b'<?xml version="' + version + b'" encoding="' + charset + b'"?>'
    return rng.choice((said + bare, bare, b"\n" + said + bare, said + said + bare))


def _recoded(rng: Random, payload: bytes) -> bytes:
    text = payload.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-be", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "cp037")), "ignore"
    )


def _version(_: Random, payload: bytes) -> bytes:
    return payload.replace(_SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")


_MARKUP: Final[tuple[Change, ...]] = (
    *(_other_name, _other_name, _swapped_tags, _entity, _wrapped, _attribute, _repeated_element, _crowd, _referring),
    *(
        _other_value,
        _other_value,
        _other_value,
        _other_value,
        _other_value,
        _doctype,
        _nested,
        _prolog,
        _recoded,
        _version,
    ),
)

# What becomes of a form.

_PAIR: Final = re.compile(rb"([^&=]+)=([^&]*)")
_FORM_NAMES: Final = (
    *(
        b"to",
        b"text",
        b"TO",
        b"Text",
        b"session_id",
        b"api_id",
        b"user",
        b"password",
        b"unicode",
        b"data",
        b"udh",
        b"binary",
    ),
    *(
        b"scheduled_time",
        b"climsgid",
        b"cliMsgId",
        b"callback",
        b"msg_callback",
        b"apimsgid",
        b"validity",
        b"",
        b"to[]",
    ),
    *(b"msg_type", b"concat", b"deliv_time", b"max_credits", b"from", b"queue", b"%74o", b"charset", b"__class__"),
)


def _other_pair(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _PAIR, payload)
    return payload if found is None else _put(payload, *found.span(2), rng.choice((*_VALUES, *_JUNK)))


def _other_pair_name(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _PAIR, payload)
    if found is None:
        return payload
    return _put(payload, *found.span(1), rng.choice((rng.choice(_FORM_NAMES), found[1].swapcase(), found[1].upper())))


def _added_pair(rng: Random, payload: bytes) -> bytes:
    added = rng.choice(_FORM_NAMES) + rng.choice((b"=", b"=", b"==", b"")) + rng.choice(_VALUES)
    return rng.choice((added + b"&" + payload, payload + b"&" + added, payload + b";" + added))


def _repeated_pair(rng: Random, payload: bytes) -> bytes:
    found = _some(rng, _PAIR, payload)
    return payload if found is None else payload + (b"&" + found[0]) * rng.choice((1, 2, 2000))


def _crowded_pair(rng: Random, payload: bytes) -> bytes:
    many = b",".join([FIRST.encode()] * rng.choice((2, 299, 300, 301, 599, 600, 601, 4000)))
    return re.sub(rb"(?<![^&])to=[^&]*", lambda _: b"to=" + many, payload)


def _percent(rng: Random, payload: bytes) -> bytes:
    begin, end = _span(rng, payload)
    coded = b"".join(b"%%%02x" % each for each in payload[begin:end])
    return _put(payload, begin, end, coded.replace(b"%", rng.choice((b"%", b"%", b"%25", b"%%", b"%u00"))))


_PAIRS: Final[tuple[Change, ...]] = (
    *(_other_pair, _other_pair, _other_pair, _other_pair_name, _other_pair_name, _added_pair, _added_pair),
    *(_repeated_pair, _crowded_pair, _percent, _percent),
)

# What becomes of what stands around it.

_TYPES: Final = (
    *(
        "application/soap+xml",
        "text/plain",
        "application/json",
        "multipart/form-data",
        "multipart/related; type=text/xml",
    ),
    *(
        "multipart/form-data; boundary=x",
        "",
        ";",
        "text/xml;;;charset",
        "text/xml; charset",
        "text/xml; =utf-8",
        FORM,
        XML,
    ),
    *("TEXT/XML", "application/x-www-form-urlencoded; charset=UTF-16", "\xe9", "text/xml; charset=\xe9", "x" * 5000),
)
_PATHS: Final = (
    *(
        "/",
        "//",
        "/http",
        "/http/",
        "/http/sendmsg/",
        "/HTTP/sendmsg",
        "/http/SENDMSG",
        "/http//sendmsg",
        "/utils/x.php",
    ),
    *(
        "/utils/",
        "/utils/ROUTECOVERAGE.php",
        "/utils/routecoverage.PHP",
        "/soap/webservice_vs.php/",
        "/soap/webservice",
    ),
    *(
        "/http/sendmsg.php.php",
        "/http/%73endmsg",
        "/http/sendmsg%00",
        "/%FF",
        "/http/..%2fsendmsg",
        "/http_batch/sendmsg",
    ),
    *(
        "/utils/%C3%A9",
        "/utils/%2e%2e/http/sendmsg",
        "/mms/auth",
        "/soap/webservice_vs.php;x=1",
        "/utils/a%0d%0ab",
        "/*",
    ),
)


def _retyped(rng: Random, request: Request) -> Request:
    if rng.random() < 0.5:
        return request.with_header("Content-Type", f"text/xml; charset={rng.choice((*_CHARSETS, *_PYTHON_ALONE))}")
    return request.with_header("Content-Type", rng.choice((None, *_TYPES)))


def _compressed(rng: Random, request: Request) -> Request:
    packed = gzip.compress(request.body, 1, mtime=0)
    bodies = (
        *(
            packed,
            packed,
            packed[:-9],
            packed + b"more",
            packed + packed,
            request.body,
            gzip.compress(packed, 1, mtime=0),
        ),
        *(_flip(rng, packed), b"\x1f\x8b" + rng.randbytes(30), b"", zlib.compress(request.body)),
    )
    coding = rng.choice(
        ("gzip", "gzip", "gzip", "x-gzip", "GZIP", "br", "deflate", "gzip, gzip", "", "identity", "\xe9")
    )
    return replace(request, body=rng.choice(bodies)).with_header("Content-Encoding", coding)


def _readdressed(rng: Random, request: Request) -> Request:
    if rng.random() < 0.6:
        return replace(request, path=rng.choice(_PATHS))
    return replace(request, method=rng.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GET", "POST", "BREW")))


def _asked_otherwise(rng: Random, request: Request) -> Request:
    name, values = rng.choice(
        (
            ("SOAPAction", ("", '""', '"', "urn:x", '"urn:x/format_disk"', "\xe9", "x" * 3000, None)),
            ("Accept-Encoding", ("gzip", "*", "gzip;q=0", "gzip;q=x", ";;;,,,", "\xe9", "gzip;q=1e999", None)),
            ("Expect", ("100-continue",)),
            ("Host", ("", "[", "[::1", "x/y", "x?wsdl", "x#y", "a b", "@", "x:99999999", "<&>", "\xe9", "%")),
            ("Cookie", ("\xe9=;;", "session_id=1")),
            ("X-Forwarded-Proto", ("https", "\xe9")),
            ("Accept", ("application/json", "*/*;q=x")),
        )
    )
    return request.with_header(name, rng.choice(values))


def _both_places(rng: Random, request: Request) -> Request:
    """A form in the address and in the body at once; a WSDL asked for while calling."""
    if request.path in SERVICE_PATHS:
        return replace(request, query=rng.choice((b"wsdl", b"WSDL=1", b"wsdl&wsdl", b"%00", b"x=%")))
    if request.method == "POST":
        return replace(request, query=rng.choice((_truncate, _other_pair, _percent))(rng, request.body)[:8000])
    return replace(request, method="POST", body=_truncate(rng, request.query))


_AROUND_IT: Final[tuple[Callable[[Random, Request], Request], ...]] = (
    *(_retyped, _retyped, _compressed, _compressed, _readdressed, _asked_otherwise, _both_places),
)


_MAX_BYTES: Final = (1 << 20) + 1000
"""A little more than servers take."""


def mutant(seed: str, requests: Sequence[Request], known: Known) -> Request:
    """A request of the corpus, changed one to three times."""
    rng = Random(seed)  # noqa: S311 - not for secrecy
    request = rng.choice(requests)
    request = request.saying(request.payload.replace(known.batches[0].encode(), rng.choice(known.batches).encode()))
    own = _MARKUP if request.path in SERVICE_PATHS else _PAIRS
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.random()
        if kind < 0.15:
            request = rng.choice(_AROUND_IT)(rng, request)
        else:
            change = rng.choice(own if kind < 0.8 else _BYTES)
            request = request.saying(change(rng, request.payload)[:_MAX_BYTES])
    return replace(request, chunked=request.method == "POST" and rng.random() < 0.05)
