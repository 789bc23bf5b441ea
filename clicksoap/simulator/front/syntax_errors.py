"""Reasons of requests that are not well-formed XML: the line, the column, and the bytes at that place."""

from lxml import etree

from clicksoap.simulator.front.reasons import Refusal
from clicksoap.simulator.masking import decoded, is_inside, secret_spans, wrong_byte

_SHOWN = 8  # bytes behind the place


def syntax_refusal(body: bytes, charset: str | None, error: Exception) -> Refusal:
    """The reason of a request that the parser does not accept.

    Args:
        body: The request, decompressed.
        charset: The charset of the Content-Type; None if it names none.
        error: The parser's error. Its text is not used, because it may quote a secret.
    """
    if not body.strip():
        return Refusal("Client", "", "", "the body is empty", "send a SOAP 1.1 envelope")
    text, wrong = decoded(body, charset)
    spans = None if text is None else secret_spans(text)
    if wrong is not None:
        rule = wrong_byte(body, wrong, is_hidden=spans is None or is_inside(wrong, spans))
        return Refusal("Client", "", "", f"not XML: {rule}", "send the text in the encoding that the XML prolog names")
    if not isinstance(error, etree.XMLSyntaxError):
        return Refusal("Client", "", "", "not XML", "send a SOAP 1.1 envelope")
    line, column = error.position
    rule = f"not XML: {_kind(error)} at line {line}, column {column}"
    if text is not None and spans is not None:
        place = _offset(text, line, column)
        if not is_inside(place, spans):
            rule += f", before the bytes {text[place : place + _SHOWN].encode().hex(' ') or 'of the end'}"
    return Refusal("Client", "", "", rule, "send well-formed XML")


def _kind(error: etree.XMLSyntaxError) -> str:
    """The kind of an error by the parser's own name, such as ``tag name mismatch``."""
    last = error.error_log.last_error
    return "a syntax error" if last is None else last.type_name.removeprefix("ERR_").replace("_", " ").lower()


def _offset(text: str, line: int, column: int) -> int:
    place = 0
    for _ in range(line - 1):
        place = text.find("\n", place) + 1
    return min(len(text), place + max(0, column - 1))
