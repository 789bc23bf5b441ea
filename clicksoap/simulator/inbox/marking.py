"""Marks the part of a recorded request that a refusal is about."""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Final

from markupsafe import Markup

from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.front.parameters import canonical
from clicksoap.simulator.front.reasons import Refusal, shown_value
from clicksoap.simulator.inbox.reveal import revealed

_ELEMENT: Final = re.compile(r"<([^<>]*)>([^<]*)")
_LINE: Final = re.compile(r"[ ,] ?line (\d{1,7}), column \d+")
_MAX_REFUSALS: Final = 50
_RECIPIENT: Final = "to"
_ARRAY_ITEM: Final = "item"  # RPC/Encoded has one for each recipient

Span = tuple[int, int]


def marked(text: str, exchange: Exchange) -> Markup:
    """A recorded request as HTML, with the elements that its refusals are about inside ``mark`` elements.

    Args:
        text: The envelope, as it was sent or indented.
        exchange: The exchange. A refusal about a missing parameter marks the element of the operation, and one about
            the syntax marks its line.
    """
    spans = sorted(set(_spans(text, exchange)))
    pieces: list[Markup] = []
    place = 0
    for start, end in spans:
        if start < place:
            continue
        pieces += (revealed(text[place:start]), Markup("<mark>{}</mark>").format(revealed(text[start:end])))
        place = end
    return Markup("").join((*pieces, revealed(text[place:])))


def is_refused_field(name: str, exchange: Exchange) -> bool:
    """True if a refusal of the exchange is about this field of a form, query or header."""
    wanted = canonical(name).lower()
    parameters = (*(each.parameter for each in exchange.refusals), *(each.parameter for each in exchange.warnings))
    return any(wanted == each.lower() for each in parameters)


def is_refused_path(exchange: Exchange) -> bool:
    """True if the path or the method is the reason."""
    return exchange.code in {"404", "405"} and not exchange.parameter


def _spans(text: str, exchange: Exchange) -> Iterator[Span]:
    refusals = exchange.refusals[:_MAX_REFUSALS]
    if any(each.parameter for each in refusals):
        yield from _element_spans(text, exchange, refusals)
    elif exchange.outcome == "unreadable" and refusals:
        line = _LINE.search(refusals[0].rule)
        if line is not None:
            remark = text.startswith("(byte")  # a line above the request, about the wrong byte
            yield from _line_span(text, int(line[1]) + remark)


def _element_spans(text: str, exchange: Exchange, refusals: Iterable[Refusal]) -> Iterator[Span]:
    elements: dict[str, list[tuple[Span, str]]] = {}
    for found in _ELEMENT.finditer(text):
        inner = found[1]
        if not inner or inner[0] in "/!?":
            continue
        name = inner.rstrip("/").split(None, 1)[0].rpartition(":")[2] if inner.strip("/ ") else ""
        end = found.end() if inner.endswith("/") else _end_of_element(text, found)
        elements.setdefault(canonical(name).lower(), []).append(((found.start(), end), found[2]))
        if name.lower() == exchange.command.lower():
            elements.setdefault("", []).append(((found.start(), found.start(2)), ""))
    for each in refusals:
        if each.parameter:
            yield from _spans_of(each, elements)


def _spans_of(refusal: Refusal, elements: dict[str, list[tuple[Span, str]]]) -> Iterator[Span]:
    own = elements.get(refusal.parameter.lower(), [])
    value = refusal.to or refusal.value
    candidates = [*own, *elements.get(_ARRAY_ITEM, [])] if refusal.parameter == _RECIPIENT else own
    same = [span for span, content in candidates if value and shown_value(unescape(content).strip()) == value]
    yield from same or [span for span, _ in own or elements.get("", [])[:1]]


def _end_of_element(text: str, found: re.Match[str]) -> int:
    """The end of the end tag, if it follows the content at once; else the end of the start tag."""
    end = found.end()
    if not text.startswith("</", end):
        return found.start(2)
    closing = text.find(">", end)
    return end if closing < 0 else closing + 1


def _line_span(text: str, number: int) -> Iterator[Span]:
    lines = text.split("\n")
    if 1 <= number <= len(lines):
        start = sum(len(each) + 1 for each in lines[: number - 1])
        yield start, start + len(lines[number - 1])
