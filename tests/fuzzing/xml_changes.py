"""Changes of an XML payload: names, values, entities, references, nesting, charsets."""

import re
from random import Random
from typing import Final

from .byte_changes import VALUES, Change, choose_match, spliced
from .stacks import SOAP, XSI

_TAG: Final = re.compile(rb"</?[A-Za-z][^<>]*>")
_NAME: Final = re.compile(rb"(?<=[</:])[A-Za-z][A-Za-z0-9_]*(?=[\s/>])")
_LEAF: Final = re.compile(rb"<([A-Za-z][\w:.-]*)([^<>]*)(?<!/)>([^<>]*)</\1>")
_PROLOG: Final = re.compile(rb"^<\?xml[^>]*\?>\s*")
_RECIPIENT: Final = re.compile(rb"<(to|item|i)(?: [^<>]*)?>[0-9]+</\1>")
CHARSETS: Final = (
    *("utf-8", "UTF-16", "utf-32", "ISO-8859-1", "windows-1252", "us-ascii", "Shift_JIS", "utf-7", "mbcs", "nonsense"),
    *("", "x" * 500, "../utf_8", "utf-8\xe9", "'utf-8'", "utf-8;utf-16", "encodings.utf_8", "__init__"),
)
# Python has a codec of that name, and XML parsers have none.
PYTHON_CHARSETS: Final = (
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
    *(b' xmlns:xsi="' + XSI.encode() + b'" xsi:nil="1"', b' xml:base="http://127.0.0.1:9/"', b' xmlns:xml="urn:z"'),
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


def _other_name(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _NAME, payload)
    if found is None:
        return payload
    new = rng.choice((rng.choice(_OPERATIONS), found[0].swapcase(), found[0].upper(), found[0] + b"\xc3\xa9"))
    if rng.random() < 0.3:  # one of the pair alone
        return spliced(payload, *found.span(), new)
    return re.sub(rb"(?<=[</:])" + re.escape(found[0]) + rb"(?=[\s/>])", lambda _: new, payload)


def _swapped_tags(rng: Random, payload: bytes) -> bytes:
    one, other = sorted(
        (choose_match(rng, _TAG, payload), choose_match(rng, _TAG, payload)), key=lambda it: it.start() if it else 0
    )
    if one is None or other is None or one.end() > other.start():
        return payload
    between = payload[one.end() : other.start()]
    return payload[: one.start()] + other[0] + between + one[0] + payload[other.end() :]


def _other_value(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _LEAF, payload)
    return payload if found is None else spliced(payload, *found.span(3), rng.choice(VALUES))


def _entity(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _LEAF, payload)
    return payload if found is None else spliced(payload, found.start(3), found.start(3), rng.choice(_ENTITIES))


def _wrapped(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, rng.choice((_LEAF, _TAG)), payload)
    if found is None:
        return payload
    begin, end = rng.choice((found.span(), found.span(found.re.groups)))
    before, after = rng.choice(_AROUND)
    return spliced(payload, begin, end, before + payload[begin:end] + after)


def _doctype(rng: Random, payload: bytes) -> bytes:
    prolog = _PROLOG.match(payload)
    where = prolog.end() if prolog and rng.random() < 0.8 else 0
    changed = spliced(payload, where, where, rng.choice(_DOCTYPES))
    return _entity(rng, changed) if rng.random() < 0.7 else changed


def _nested(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, rng.choice((_LEAF, _TAG)), payload)
    if found is None:
        return payload
    depth = rng.choice((1, 2, 50, 254, 255, 256, 5000))
    closed = b"</a>" * depth if rng.random() < 0.8 else b""
    return spliced(payload, *found.span(found.re.groups), b"<a>" * depth + found[found.re.groups] + closed)


def _attribute(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _TAG, payload)
    if found is None or found[0].startswith(b"</"):
        return payload
    where = found.end() - (2 if found[0].endswith(b"/>") else 1)
    return spliced(payload, where, where, rng.choice(_ATTRIBUTES))


def _repeated_element(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _LEAF, payload)
    return payload if found is None else spliced(payload, found.end(), found.end(), found[0] * rng.choice((1, 2, 9)))


def _crowd(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _RECIPIENT, payload)
    if found is None:
        return payload
    return spliced(payload, found.end(), found.end(), found[0] * rng.choice((297, 298, 299, 300, 301, 1200)))


def _referring(rng: Random, payload: bytes) -> bytes:
    """References that multiply, or that go round."""
    found = choose_match(rng, _LEAF, payload)
    ends = list(re.finditer(rb"</[\w-]+:Body>", payload))
    if found is None or not ends:
        return payload
    levels = rng.randint(2, 6)
    laughs = b"".join(
        b'<m id="l%d">' % each + b'<i href="#l%d"/>' % ((each + 1) % levels) * 10 + b"</m>" for each in range(levels)
    )
    last = b'<m id="l%d">27820000001</m>' % (levels - 1) if rng.random() < 0.5 else b""
    name = found[1]
    begun = spliced(payload, ends[-1].start(), ends[-1].start(), last + laughs)
    return spliced(begun, *found.span(), b"<" + name + b' href="#l0"/>')


def _prolog(rng: Random, payload: bytes) -> bytes:
    bare = _PROLOG.sub(b"", payload)
    charset = rng.choice((*CHARSETS, *PYTHON_CHARSETS)).encode("latin-1")
    version = rng.choice((b"1.0", b"1.1", b"2.0", b""))
    said = b'<?xml version="' + version + b'" encoding="' + charset + b'"?>'
    return rng.choice((said + bare, bare, b"\n" + said + bare, said + said + bare))


def _recoded(rng: Random, payload: bytes) -> bytes:
    text = payload.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-be", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "cp037")), "ignore"
    )


def _version(_: Random, payload: bytes) -> bytes:
    return payload.replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")


XML_CHANGES: Final[tuple[Change, ...]] = (
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
