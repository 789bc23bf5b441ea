"""Bounded reader of callback documents: the plain XML of the gateway, and SOAP envelopes."""

import re
from contextlib import suppress
from typing import Final

from lxml import etree

from clicksoap.errors import InvalidCallback
from clicksoap.lazy_re import pattern

MAX_CHILDREN: Final = 64
"""The maximum number of elements in a callback. A callback has eight."""

_DECLARES_ENCODING: Final = re.compile(rb"<\?xml\s[^>]*\bencoding\s*=")
_UNICODE_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CHARSET: Final = pattern(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]+)", re.IGNORECASE)


def is_document(data: bytes) -> bool:
    """True if some bytes begin as an XML document does."""
    return data.lstrip(b" \t\r\n").startswith((b"<", *_UNICODE_MARKS))


def charset_of_type(content_type: str) -> str:
    """The charset that a Content-Type names; empty if it names no charset."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def read_document(data: bytes, charset: str = "") -> tuple[str, list[tuple[str, str]]]:
    """Read a callback document.

    Args:
        data: The document.
        charset: The charset of a document that declares none; UTF-8 if empty, or else ISO-8859-1.

    Returns:
        The local name of the element that holds the fields, in lower case, and the local names and texts of its
        children.

    Raises:
        InvalidCallback: The document is malformed, over a limit, has a document type, or is not a callback.
    """
    root = _parse(data, charset)
    holder = _holder_in_envelope(root) if _local(root) == "envelope" else root
    if len(holder) > MAX_CHILDREN:
        raise InvalidCallback(f"the document has more than {MAX_CHILDREN} fields: give those of one callback")
    return _local(holder), [_field(child) for child in holder]


def _parse(data: bytes, charset: str) -> etree._Element:
    data = data.lstrip(b" \t\r\n")
    is_declared = data.startswith(_UNICODE_MARKS) or _DECLARES_ENCODING.match(data)
    for assumed in (None,) if is_declared else (charset or "utf-8", "iso-8859-1"):
        root = None
        with suppress(etree.XMLSyntaxError, LookupError, ValueError):
            # A parser of its own for each document: lxml makes threads that share one wait for each other.
            root = etree.fromstring(data, _parser(assumed))
        if root is not None:
            if root.getroottree().docinfo.doctype:
                raise InvalidCallback("the document has a document type: give one without <!DOCTYPE>")
            return root
    raise InvalidCallback("the document cannot be read as XML: give a well-formed one within the limits")


def _parser(encoding: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _holder_in_envelope(envelope: etree._Element) -> etree._Element:
    body = next((child for child in envelope if _local(child) == "body"), None)
    if body is None or not len(body):
        raise InvalidCallback("the SOAP envelope has no content: give a Body with one element")
    return body[0]


def _field(child: etree._Element) -> tuple[str, str]:
    if len(child):
        raise InvalidCallback("a field of the document holds elements: give text")
    return _name(child), child.text or ""


def _name(element: etree._Element) -> str:
    # An unresolved entity is a node whose tag is a function.
    if not isinstance(element.tag, str):
        raise InvalidCallback("the document holds an entity: give character references")
    return element.tag.rpartition("}")[2]


def _local(element: etree._Element) -> str:
    return _name(element).lower()
