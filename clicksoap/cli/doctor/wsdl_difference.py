"""Comparison of two WSDLs: what they say, without the order of declarations, comments and addresses."""

import difflib
from collections.abc import Iterator
from typing import Final

from lxml import etree

_QNAMES: Final = frozenset({"type", "element", "message", "binding", "base", "ref", "arrayType"})
_ORDERED: Final = frozenset({"sequence", "message"})  # the order of their children goes on the wire
_SILENT: Final = frozenset({"documentation", "address", "import"})


def differences(expected: bytes, found: bytes) -> list[str]:
    """The lines in which the found WSDL differs from the expected one: ``-`` is missing, ``+`` is more.

    Raises:
        ValueError: The found one is not XML.
    """
    try:
        lines = _lines(found)
    except etree.XMLSyntaxError:
        problem = "the server's WSDL is not well-formed XML"
    else:
        compared = difflib.unified_diff(_lines(expected), lines, lineterm="", n=0)
        return [line for line in compared if not line.startswith(("---", "+++", "@@"))]
    raise ValueError(problem)


def _parser() -> etree.XMLParser:
    """A parser that resolves nothing from outside."""
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def _lines(content: bytes) -> list[str]:
    root = etree.fromstring(content, _parser())
    return list(_described(root, ""))


def _described(element: etree._Element, path: str) -> Iterator[str]:
    name = etree.QName(element).localname
    if name in _SILENT:
        return
    label = f"{path}/{name}" if path else name
    if "name" in element.attrib:
        label += f"[{element.get('name')}]"
    attributes = sorted(
        f"{etree.QName(key).localname}={_value(element, key, value)}"
        for key, value in element.attrib.items()
        if key != "name"
    )
    yield " ".join([label, *attributes])
    children = [child for child in element if isinstance(child.tag, str)]
    if name not in _ORDERED:
        children.sort(key=lambda child: (etree.QName(child).localname, child.get("name") or ""))
    for child in children:
        yield from _described(child, label)


def _value(element: etree._Element, key: str, value: str) -> str:
    """A value; a qualified name with its namespace, because prefixes may differ."""
    prefix, colon, local = value.partition(":")
    if etree.QName(key).localname in _QNAMES and colon and prefix in element.nsmap:
        return f"{{{element.nsmap[prefix]}}}{local}"
    return value
