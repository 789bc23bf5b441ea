"""Read the SOAP requests of any SOAP stack; write SOAP replies and faults as the gateway's servers do."""

import codecs
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Final

from lxml import etree
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml's stubs name it so

from clicksoap.contract import SOAP_ENCODING, Dialect, wsdl
from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.parameters import HTTP_ONLY, RepeatedParameterError, normalised
from clicksoap.simulator.front.reasons import refusal, shown_value
from clicksoap.simulator.front.syntax_errors import syntax_refusal

_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE_12: Final = "http://www.w3.org/2003/05/soap-envelope"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"

# SOAP::Lite and its age wrote null="1" in the namespace of the 1999 draft.
_NIL: Final = (f"{{{_XSI}}}nil", "{http://www.w3.org/1999/XMLSchema-instance}null")
_DECLARED_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=")
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAX_HOPS: Final = 4
_MAX_NAME: Final = 100  # characters of a name that is compared with those of the operations
_RECIPIENTS: Final = "to"


@dataclass(frozen=True, slots=True)
class EnvelopeShape:
    """The shape of an operation's envelope, from its WSDL.

    Attributes:
        name: The operation's name, as the dialect spells it.
        returns_many: True if the reply holds any number of strings, false if it holds one.
    """

    name: str
    returns_many: bool


@cache
def envelope_shapes(dialect: Dialect) -> dict[str, EnvelopeShape]:
    """The shapes of a dialect's operations by their lower-case names, read from its WSDL."""
    root = etree.fromstring(wsdl(dialect))
    names = [each.get("name", "") for each in root.iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")]
    if dialect is Dialect.DOCUMENT_LITERAL:
        many = {
            element.get("name", "")
            for element in root.iterfind(f"{{{_WSDL}}}types/{{{_XSD}}}schema/{{{_XSD}}}element")
            if any(each.get("maxOccurs") == "unbounded" for each in element.iter(f"{{{_XSD}}}element"))
        }
    else:
        many = {
            message.get("name", "")
            for message in root.iterfind(f"{{{_WSDL}}}message")
            if any(each.get("type") == "tns:ArrayOfString" for each in message.iterfind(f"{{{_WSDL}}}part"))
        }
    return {name.lower(): EnvelopeShape(name, f"{name}Response" in many) for name in names}


@dataclass(frozen=True, slots=True)
class ReadEnvelope:
    """A request as it was read.

    Attributes:
        command: The command.
        spelled: The local name of the operation's element as it was written.
        namespace: The namespace of that element.
        names: The local names of its children.
    """

    command: Command
    spelled: str
    namespace: str
    names: list[str] = field(repr=False)


def read_envelope(body: bytes, charset: str | None = None) -> ReadEnvelope:
    """Read the command of a request.

    The command is the local name of the body's child, in any namespace and case. Parameters are recognised by their
    local names, in any order, typed or not, in place or behind ``href``. Parameters of the HTTP API alone are ignored.

    Args:
        body: The request, decompressed.
        charset: The charset of the Content-Type; used only if the document itself declares none.

    Raises:
        UnreadableError: The request does not hold a command of the gateway.
    """
    envelope_body = _body(_parse(body, charset))
    wrapper = _wrapper(envelope_body)
    ids = {each.get("id", ""): each for each in envelope_body.iter("*") if "id" in each.attrib}
    given: list[tuple[str, str]] = []
    to: list[str] = []
    names: list[str] = []
    for part in wrapper.iterchildren("*"):
        name = _local(part)
        names.append(name)
        value = _follow(part, ids)
        if name == _RECIPIENTS:
            to.extend(_strings(value, ids))
        elif value is not None and name not in HTTP_ONLY:
            given.append((name, _text(value)))
    try:
        parameters = normalised(given)
    except RepeatedParameterError as error:
        raise _unreadable("a parameter is given twice", str(error), "given twice", "give it once") from None
    tag = etree.QName(wrapper)
    command = Command(tag.localname.lower(), parameters, tuple(number.strip() for number in to))
    return ReadEnvelope(command, tag.localname, tag.namespace or "", names)


def write_reply(dialect: Dialect, command: str, lines: Sequence[str]) -> bytes:
    """The envelope of a reply."""
    shape = envelope_shapes(dialect)[command]
    if dialect is Dialect.DOCUMENT_LITERAL:
        returned = "".join(f"<return>{_escaped(line)}</return>" for line in lines)
        space = "http://api.clickatell.com/soap/document_literal/webservice"
        wrapped = f"<ns1:{shape.name}Response>{returned}</ns1:{shape.name}Response>"
        return _enveloped(f' xmlns:ns1="{space}"', wrapped)
    if shape.returns_many:
        items = "".join(f'<item xsi:type="xsd:string">{_escaped(line)}</item>' for line in lines)
        kind = f'SOAP-ENC:arrayType="xsd:string[{len(lines)}]" xsi:type="ns1:ArrayOfString"'
        returned = f"<return {kind}>{items}</return>"
    else:
        returned = f'<return xsi:type="xsd:string">{_escaped(chr(10).join(lines))}</return>'
    names = (
        ' xmlns:ns1="http://api.clickatell.com/soap/webservice"'
        f' xmlns:xsd="{_XSD}" xmlns:xsi="{_XSI}" xmlns:SOAP-ENC="{SOAP_ENCODING}"'
        f' SOAP-ENV:encodingStyle="{SOAP_ENCODING}"'
    )
    return _enveloped(names, f"<ns1:{shape.name}Response>{returned}</ns1:{shape.name}Response>")


def write_fault(code: str, text: str) -> bytes:
    """The envelope of a SOAP 1.1 fault; the code comes without prefix."""
    detail = f"<faultcode>SOAP-ENV:{code}</faultcode><faultstring>{_escaped(text)}</faultstring>"
    return _enveloped("", f"<SOAP-ENV:Fault>{detail}</SOAP-ENV:Fault>")


def _parse(body: bytes, charset: str | None) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        encoding=_encoding(body, charset),
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        why = syntax_refusal(body, charset, error)
        raise UnreadableError("the request is not well-formed XML", refusal=why) from None
    if root.getroottree().docinfo.doctype:
        raise _unreadable(
            "a request must not have a document type declaration", "", "a document type declaration", "leave it out"
        )
    return root


def _encoding(body: bytes, charset: str | None) -> str | None:
    """The encoding to impose on the parser; None to use the one that the document declares."""
    if charset is None or body.startswith(_BYTE_ORDER_MARKS) or _DECLARED_ENCODING.match(body) or b"\x00" in body[:4]:
        return None
    try:
        etree.XMLParser(encoding=charset)  # the parser must know it; Python's codecs have names of their own
    except (LookupError, ValueError):
        return None
    return charset


def _body(root: Element) -> Element:
    if root.tag == f"{{{_ENVELOPE_12}}}Envelope":
        why = refusal("VersionMismatch", "", "a SOAP 1.2 envelope", f"send SOAP 1.1, of the namespace {_ENVELOPE}")
        raise UnreadableError("this gateway speaks SOAP 1.1", "VersionMismatch", why)
    if root.tag != f"{{{_ENVELOPE}}}Envelope":
        rule = "the first element is not the Envelope of SOAP 1.1"
        mend = f"send an Envelope of the namespace {_ENVELOPE}"
        raise _unreadable("the request is not a SOAP 1.1 envelope", "", rule, mend, value=str(root.tag))
    body = root.find(f"{{{_ENVELOPE}}}Body")
    if body is None:
        raise _unreadable("the envelope has no body", "", "the Envelope has no Body", "send the operation in a Body")
    return body


def _wrapper(body: Element) -> Element:
    """The command's element among the body's children; the others are values that it refers to."""
    known = envelope_shapes(Dialect.DOCUMENT_LITERAL)
    for child in body.iterchildren("*"):
        if _local(child).lower() in known:
            return child
    given = [_local(each) for each in body.iterchildren("*")]
    rule = "not an operation of the gateway" if given else "the Body is empty"
    close = get_close_matches("".join(given[:1])[:_MAX_NAME].lower(), known, n=1)
    mend = f"send {known[close[0]].name}" if close else "send one of the operations of the WSDL, such as sendmsg"
    raise _unreadable("the body holds no operation of this service", "", rule, mend, value="".join(given[:1]))


def _strings(value: Element | None, ids: dict[str, Element]) -> Iterator[str]:
    """The strings of an array, or the one string of another element; nil ones are left out."""
    if value is None:
        return
    items = list(value.iterchildren("*"))
    if not items:
        yield _text(value)
    for item in items:
        string = _follow(item, ids)
        if string is not None:
            yield _text(string)


def _follow(element: Element, ids: dict[str, Element]) -> Element | None:
    """Resolve an element: the element itself, the one that its ``href`` refers to, or None if that is nil."""
    for _ in range(_MAX_HOPS):
        if any(element.get(name) in {"true", "1"} for name in _NIL):
            return None
        reference = element.get("href")
        if reference is None:
            return element
        target = ids.get(reference.removeprefix("#"))
        if target is None or not reference.startswith("#"):
            mend = "give the id of an element of the same Body, after a #"
            raise _unreadable(
                "a reference points to nothing in the request",
                _local(element),
                "refers to nothing",
                mend,
                value=reference,
            )
        element = target
    rule = f"references lead in circles, or over more than {_MAX_HOPS} elements"
    raise _unreadable("references lead in circles, or too far", _local(element), rule, "give the value in place")


def _text(element: Element) -> str:
    if len(element):
        inner = shown_value(_local(next(element.iterchildren("*"), element)))
        rule = f"holds the element {inner}, but a text is expected"
        raise _unreadable("a string was expected, and a structure given", _local(element), rule, "give a text")
    return element.text or ""


def _unreadable(text: str, parameter: str, rule: str, mend: str, *, value: str = "") -> UnreadableError:
    return UnreadableError(text, refusal=refusal("Client", shown_value(parameter), rule, mend, value=value))


def _local(element: Element) -> str:
    return etree.QName(element).localname


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _enveloped(attributes: str, content: str) -> bytes:
    prolog = '<?xml version="1.0" encoding="UTF-8"?>\n'
    envelope = f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{_ENVELOPE}"{attributes}>'
    return f"{prolog}{envelope}<SOAP-ENV:Body>{content}</SOAP-ENV:Body></SOAP-ENV:Envelope>\n".encode()
