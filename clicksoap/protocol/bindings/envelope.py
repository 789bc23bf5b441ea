"""Reads SOAP replies within bounds, in every shape that servers send."""

import contextlib
import re
import threading
from collections.abc import Sequence
from typing import Final

from lxml import etree

from clicksoap.errors import ProtocolError, SoapFault
from clicksoap.lazy_re import pattern
from clicksoap.protocol.bindings.http_status import is_success
from clicksoap.protocol.replies import MAX_LINES, starts_line
from clicksoap.protocol.wire import MAX_REPLY_BYTES, WireReply
from clicksoap.redaction import scrub

# Of SOAP 1.1 and of SOAP 1.2.
_ENVELOPES: Final = frozenset(
    {"{http://schemas.xmlsoap.org/soap/envelope/}Envelope", "{http://www.w3.org/2003/05/soap-envelope}Envelope"}
)
_CHARSET: Final = pattern(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]+)", re.IGNORECASE)
_DECLARES_ENCODING: Final = re.compile(rb"<\?xml\s[^>]*\bencoding\s*=")
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_EMBEDDED: Final = re.compile(
    rb"(?:<\?xml\s[^<>]{0,200}\?>\s{0,20})?(<((?:[A-Za-z_][A-Za-z0-9_.-]{0,40}:)?Envelope)[\s>])"
)

_PLAIN_OPENING: Final = re.compile(rb'<(return|item)(?: xsi:type="xsd:string")?>(?=[^<])')
# What stands for itself in every encoding that an ASCII tag can be read in.
_PLAIN: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ,.:()"
_FEW: Final = 8  # below that, there is nothing to win


def lines_of_envelope(reply: WireReply, *, arrays: bool, answer: str, secrets: Sequence[str] = ()) -> list[str]:
    """The strings that the operation returned, joined and stripped, empty ones kept.

    Under HTTP 2xx the contract is the lines: servers name and qualify what is around them as they like. Under any other
    status, and in an envelope that stands inside something else, the element around the lines must have its own name: a
    page may echo the request.

    Args:
        reply: The reply.
        arrays: Whether ``return`` may hold items instead of text (RPC/Encoded).
        answer: The name of the element around the lines, in lower case.
        secrets: Texts to be masked in a Fault.

    Raises:
        SoapFault: The body is a Fault of SOAP 1.1 or 1.2, with no line beside it.
        ProtocolError: Anything else that is not an answer.
    """
    lines = _many_plain(reply, arrays=arrays, answer=answer)
    return _read(reply, arrays=arrays, answer=answer, secrets=secrets) if lines is None else lines


def _many_plain(reply: WireReply, *, arrays: bool, answer: str) -> list[str] | None:
    """The lines of a reply that repeats one plain element; None for any other reply.

    To parse them all is most of what a large reply costs. So it is read with the first two alone, and if those are two
    lines, each of the others, which stand beside them and are of the same form, is one more.
    """
    opening = _PLAIN_OPENING.search(reply.body)
    if opening is None:
        return None
    closing = b"</%b>" % opening[1]
    start, end = opening.end(), max(opening.end(), reply.body.rfind(closing))
    inside = reply.body[start:end]
    if closing not in inside or not inside.isascii():
        return None
    between = (closing + opening[0]).decode()
    lines = inside.decode("ascii").split(between)
    # No tag but those between the lines, and no blank that would be stripped.
    if "".join(lines).encode().translate(None, _PLAIN) or not _FEW < len(lines) <= MAX_LINES:
        return None
    if lines != list(map(str.strip, lines)):
        return None
    two = between.join(lines[:2]).encode()
    shortened = WireReply(reply.status, reply.headers, reply.body[:start] + two + reply.body[end:], reply.elapsed)
    with contextlib.suppress(ProtocolError, SoapFault):
        if _read(shortened, arrays=arrays, answer=answer, secrets=()) == lines[:2]:
            return lines
    return None


def _read(reply: WireReply, *, arrays: bool, answer: str, secrets: Sequence[str]) -> list[str]:
    root, is_embedded = _envelope(reply)
    children = _children_of_bodies(root)
    is_strict = is_embedded or not is_success(reply)
    fault = next((child for child in children if _local(child) == "Fault"), None)
    wrappers = [child for child in children if child is not fault]
    if is_strict:
        wrappers = [child for child in wrappers if child.get("id") is not None or _local(child).lower() == answer]
    lines = _lines_of(wrappers, arrays=arrays)
    is_answer = any(map(starts_line, lines))
    if fault is not None and not is_answer:
        raise _fault(fault, secrets)
    if is_embedded and not is_answer:
        raise ProtocolError(f"{_described(reply)} instead of a SOAP envelope", status=reply.status)
    if not children:
        raise ProtocolError("the SOAP body is empty")
    if not lines:
        raise ProtocolError("the reply holds no line")
    if is_strict and not is_answer:
        raise ProtocolError("the reply holds no line of the gateway's language")
    return lines


def _lines_of(wrappers: Sequence[etree._Element], *, arrays: bool) -> list[str]:
    """The strings of the elements that stand in a Body and of what they refer to."""
    references = {identity: child for child in wrappers if (identity := child.get("id")) is not None}
    # multiRef elements stand beside the wrapper, before or behind it, and each has an id.
    answers = [child for child in wrappers if child.get("id") is None] or list(wrappers[:1])
    lines: list[str] = []
    for wrapper in answers[:MAX_LINES]:
        lines += _Lines(references, arrays=arrays).of(wrapper) if len(wrapper) else [_text(wrapper)]
        if len(lines) > MAX_LINES:
            raise ProtocolError("the reply holds more lines than an answer can have")
    # An element without any inside is no answer of one empty line.
    return lines if any(lines) or any(map(len, answers)) else []


def _children_of_bodies(root: etree._Element) -> list[etree._Element]:
    bodies = [child for child in root if _local(child) == "Body"]
    if not bodies:
        raise ProtocolError("the SOAP envelope has no Body")
    return [child for body in bodies for child in body]


def _envelope(reply: WireReply) -> tuple[etree._Element, bool]:
    """The envelope, and whether it stands inside something else."""
    # Some servers print blank lines before the document, which XML does not allow.
    data = reply.body.lstrip(b" \t\r\n")
    if not data:
        raise ProtocolError(f"HTTP {reply.status} with an empty body", status=reply.status)
    root, is_embedded = _parsed(data, reply), False
    if root is None or not _is_envelope(root):
        # A notice of PHP in front of it, a MIME part around it: what is intact is read.
        inner = _EMBEDDED.search(data)
        end = data.rfind(b"</%b>" % inner[2]) if inner is not None else -1
        if inner is not None and data.count(inner[1]) == 1 and end > inner.start():
            found = _parsed(data[inner.start() : end + len(inner[2]) + 3], reply)
            root, is_embedded = (root, False) if found is None else (found, True)
    if root is None:
        raise ProtocolError(
            f"{_described(reply)} that cannot be read as XML: cut off, malformed or over a limit", status=reply.status
        )
    if not _is_envelope(root):
        raise ProtocolError(f"{_described(reply)} instead of a SOAP envelope", status=reply.status)
    if root.getroottree().docinfo.doctype:
        raise ProtocolError("the reply has a document type, which SOAP forbids (SOAP 1.1, section 3)")
    return root, is_embedded


def _is_envelope(root: etree._Element) -> bool:
    return root.tag in _ENVELOPES


def _parsed(data: bytes, reply: WireReply) -> etree._Element | None:
    """The root of a document, or None if it is not well-formed."""
    declared = data.startswith(_BOMS) or _DECLARES_ENCODING.match(data)
    charset = None if declared else _CHARSET.search(reply.headers.get("content-type", ""))
    try:
        return etree.fromstring(data, _parsers.usual if charset is None else _parser(charset[1]))
    except (etree.XMLSyntaxError, LookupError, ValueError):
        return None


def _parser(charset: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=charset,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


class _Parsers(threading.local):
    """The parser of replies that declare their encoding: one per thread, because lxml lets the others wait for it."""

    def __init__(self) -> None:
        self.usual = _parser(None)


_parsers: Final = _Parsers()


def _described(reply: WireReply) -> str:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return f"HTTP {reply.status} with {scrub(kind) or 'a body of no stated type'}"


# Elements within its elements, references, and text beside them.
_NOT_PLAIN: Final = "*/* or */@href or text()[normalize-space()]"


class _Lines:
    """The lines of a reply, bounded as a whole: references can make much of little."""

    def __init__(self, references: dict[str, etree._Element], *, arrays: bool) -> None:
        self._references = references
        self._arrays = arrays
        self._lines: list[str] = []
        self._room = MAX_REPLY_BYTES
        # What was referred to is read once, however many refer to it: it may be large, and have hardly any text.
        self._parts: dict[etree._Element, list[str]] = {}
        self._items: dict[etree._Element, list[str]] = {}

    def of(self, wrapper: etree._Element) -> list[str]:
        """The strings of each ``return``: its own text, or those of its items."""
        if not self._add_plain(wrapper[0] if self._arrays and len(wrapper) == 1 and len(wrapper[0]) else wrapper):
            self._add_each(wrapper)
        return self._lines

    def _add_plain(self, array: etree._Element) -> bool:
        """Take the strings of what holds elements of text and nothing else, in one step; gives whether it was so."""
        # The expression is compiled anew: one that is shared has a lock, which a fork could leave shut for ever.
        if not 1 < len(array) <= MAX_LINES or array.get("href") is not None or array.xpath(_NOT_PLAIN):
            return False
        self._take([(element.text or "").strip() for element in array])
        return True

    def _add_each(self, wrapper: etree._Element) -> None:
        for returned in wrapper:
            part = _resolved(returned, self._references)
            if part in self._parts:
                self._take(self._parts[part])
                continue
            begin = len(self._lines)
            # An array holds items and nothing beside them; text beside elements is one string with marks inside.
            if not self._arrays or not len(part) or _has_own_text(part):
                self._add(part)
            else:
                for item in part:
                    self._add_item(item)
            if part is not returned:
                self._parts[part] = self._lines[begin:]

    def _add_item(self, item: etree._Element) -> None:
        target = _resolved(item, self._references)
        if target is item:
            self._add(item)
            return
        if target not in self._items:
            if len(target):
                raise ProtocolError("the reply refers on from a reference, more than one level deep")
            self._items[target] = [_text(target)]
        self._take(self._items[target])

    def _add(self, element: etree._Element) -> None:
        self._take([_text(element)])

    def _take(self, texts: list[str]) -> None:
        self._lines += texts
        self._room -= sum(map(len, texts))
        if len(self._lines) > MAX_LINES or self._room < 0:
            raise ProtocolError("the reply holds more lines or text than an answer can have")


def _resolved(element: etree._Element, references: dict[str, etree._Element]) -> etree._Element:
    href = element.get("href")
    if href is None:
        return element
    target = references.get(href.removeprefix("#"))
    if target is None or target.get("href") is not None:
        raise ProtocolError("the reply refers to a missing part")
    return target


def _has_own_text(element: etree._Element) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _text(element: etree._Element) -> str:
    if not len(element):
        return (element.text or "").strip()
    # Markup inside a text ends a word: an id is never joined from two pieces.
    return " ".join(filter(None, map(str.strip, element.itertext())))


def _fault(fault: etree._Element, secrets: Sequence[str]) -> SoapFault:
    fields = {_local(child): child for child in fault}
    code, text = fields.get("faultcode"), fields.get("faultstring")
    if code is None and "Code" in fields:
        code = next((child for child in fields["Code"] if _local(child) == "Value"), None)
    if text is None and "Reason" in fields:
        text = next((child for child in fields["Reason"] if _local(child) == "Text"), None)
    return SoapFault(
        "" if code is None else scrub(_text(code).rpartition(":")[2], secrets),
        "" if text is None else scrub(_text(text), secrets),
    )


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
