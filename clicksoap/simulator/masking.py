"""Mask the secrets of requests and replies, and show the rest as text for people to read.

Nothing is parsed, because people most want to see the requests that the gateway could not read. In doubt, more is
hidden rather than less.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote_plus

MASK: Final = "•••"
"""The text that replaces a secret."""

SECRET_PARAMETERS: Final = frozenset({"password", "session_id", "token"})
"""The parameters that hold a secret: a password, a session id, or a voucher number.

The other credentials, ``user`` and ``api_id``, are not secret by themselves and stay visible: people need them to find
their own request among those of others.
"""

_NAMES: Final = "|".join(sorted(SECRET_PARAMETERS))
_MAX_SHOWN: Final = 64 * 1024
_MAX_HEADER: Final = 1000
_HEADERS: Final = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "transfer-encoding", "soapaction"),
        *("user-agent", "accept", "accept-encoding", "connection", "expect", "retry-after", "vary"),
    }
)

# SOAP stacks without a WSDL make up names, and such a parameter may be a secret.
_SECRET: Final = rf"(?:[^\s<>/]*:)?(?:{_NAMES}|(?:c-gensym|arg|in|param)[0-9]+)(?![^\s<>/])"
_SECRET_START: Final = re.compile(rf"<{_SECRET}", re.IGNORECASE)
# In a comment or a CDATA section, an end tag ends no element.
_SECRET_END: Final = re.compile(rf"</{_SECRET}\s*>|<!\[CDATA\[|<!--", re.IGNORECASE)
_TERMINATORS: Final = {"<![CDATA[": "]]>", "<!--": "-->"}
_TAG_END: Final = re.compile(r"[<>]")
_START_TAG: Final = re.compile(r"<([^\s<>/]+)([^<>]*)(>?)")
_ATTRIBUTE: Final = re.compile(r"\b(id|href)\s*=\s*[\"']([^\"'<>]*)", re.IGNORECASE)
_MAX_REFERENCES: Final = 8  # each costs a search of its own
_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
# Python knows more encodings, in which a secret could be shown in pieces.
_READABLE: Final = re.compile(r"ascii|utf-(?:8|16|32)(?:-.+)?|iso8859-[0-9]+|cp125[0-9]|koi8-[rtu]")
_WIDE: Final = ("utf-16", "utf-32")
_BYTES_AROUND: Final = 4  # that are shown before and behind a wrong byte
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# The name of a secret outside of a form: in a multipart body, in JSON, in XML, between semicolons. The end of the
# secret is unknown there.
_STRAY: Final = re.compile(
    rf"(?:[\s\"'<>;,{{:](?:{_NAMES})(?![0-9A-Z_])|(?:\A|&)(?:{_NAMES})(?![0-9A-Z_=&%+]|\Z))",
    re.IGNORECASE,
)
_SESSION: Final = re.compile(r"OK:\s*[0-9A-Fa-f]{8,}")


def masked_envelope(body: bytes, charset: str | None) -> str:
    """The beginning of a SOAP request as text, with its secrets masked.

    A body that is not text in its encoding is shown as Latin-1, with the first wrong byte marked on a line above it.

    Args:
        body: The request, decompressed.
        charset: The charset of the Content-Type; None if it names none.
    """
    text, wrong = decoded(body, charset)
    if text is None:
        return f"({len(body)} bytes that are not text)"
    spans = [(0, len(text))]
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        shown = _masked_pairs(text[:_MAX_SHOWN])
    else:
        found = secret_spans(text)
        if found is None:
            return f"({len(body)} bytes with too many references to secrets)"
        spans, shown = found, _without(text[:_MAX_SHOWN], found)
    mark = "" if wrong is None else f"({wrong_byte(body, wrong, is_hidden=is_inside(wrong, spans))})\n"
    return f"{mark}{shown}{_rest(text)}"


def decoded(body: bytes, charset: str | None) -> tuple[str | None, int | None]:
    """A request as text, and the position of the first byte that its encoding does not allow.

    Args:
        body: The request.
        charset: The charset of the Content-Type; None if it names none.

    Returns:
        The text, as Latin-1 if a byte is wrong; None if it cannot be shown without the risk to show a secret.
    """
    try:
        encoding = codecs.lookup(_encoding(body, charset)).name
    except (ValueError, LookupError):
        return None, None
    if not _READABLE.fullmatch(encoding):
        return None, None
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        # In the encodings of two or four bytes a character, a secret would not be found in Latin-1.
        return (None, None) if encoding.startswith(_WIDE) or b"\x00" in body else (body.decode("latin-1"), error.start)
    except ValueError:
        return None, None
    return (None, None) if "\x00" in text else (text, None)


def secret_spans(text: str) -> list[tuple[int, int]] | None:
    """The places of the secrets in the beginning of a text of XML, in order.

    The time grows with the length of the text alone, however the text is written.

    Returns:
        Pairs of begin and end, of which the last one is the rest that is never shown; None if too many references lead
        to secrets.
    """
    shown = text[:_MAX_SHOWN]
    spans = [*_named_spans(shown)]
    if "href" in text.lower():
        names = _referred(text)
        if names is None:
            return None
        for name in names:
            spans += _target_spans(shown, name)
    return [*_merged(spans), (len(shown), len(text) + 1)] if len(text) > len(shown) else _merged(spans)


def is_inside(place: int, spans: Iterable[tuple[int, int]]) -> bool:
    """True if a place of a text is in one of its secrets."""
    return any(begin <= place < end for begin, end in spans)


def wrong_byte(body: bytes, place: int, *, is_hidden: bool) -> str:
    """The place of a byte that does not fit the encoding, with its neighbours in hexadecimal.

    Args:
        body: The request.
        place: The position of the byte.
        is_hidden: True to leave the bytes out, because they may be part of a secret.
    """
    line, column = body.count(b"\n", 0, place) + 1, place - (body.rfind(b"\n", 0, place) + 1) + 1
    where = f"byte {place}, line {line}, column {column}, does not fit the encoding; the request is shown as Latin-1"
    if is_hidden:
        return where
    before, after = body[max(0, place - _BYTES_AROUND) : place], body[place + 1 : place + 1 + _BYTES_AROUND]
    return f"{where}: {' '.join(filter(None, (before.hex(' '), f'[{body[place]:02x}]', after.hex(' '))))}"


def _is_secret(name: str) -> bool:
    return unquote_plus(name, encoding="latin-1").strip().lower() in SECRET_PARAMETERS


def _masked_pairs(text: str) -> str:
    stray = _STRAY.search(text)
    pairs = [pair.partition("=") for pair in (text[: stray.end()] if stray else text).split("&")]
    shown = "&".join(f"{name}={MASK}" if _is_secret(name) else f"{name}{is_}{value}" for name, is_, value in pairs)
    return f"{shown}{MASK}" if stray else shown


def _encoding(body: bytes, charset: str | None) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding
    if body[:2] == b"<\x00":
        return "utf-16-le"
    if body[:2] == b"\x00<":
        return "utf-16-be"
    declared = _ENCODING.match(body)
    return declared[1].decode("ascii") if declared else charset or "utf-8"


def masked_form(encoded: bytes) -> str:
    """A query or a form as text, still encoded, with its secrets masked; any other body in the same way."""
    text = encoded.decode("latin-1")
    return f"{_masked_pairs(text[:_MAX_SHOWN])}{_rest(text)}"


def masked_reply(body: bytes, command: str) -> str:
    """A reply as text; the session id in a reply to auth is masked."""
    text = body.decode("utf-8", "replace")
    shown = text[:_MAX_SHOWN]
    return f"{_SESSION.sub(f'OK: {MASK}', shown) if command in {'auth', ''} else shown}{_rest(text)}"


def shown_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers that help to understand a request, cut if they are long; never one that may hold a secret."""
    return tuple((name, value[:_MAX_HEADER]) for name, value in headers.items() if name.lower() in _HEADERS)


def _named_spans(text: str) -> Iterator[tuple[int, int]]:
    """The contents of the elements with the name of a secret.

    An element reaches from its start tag to the next end tag of a secret; without one, to the end of the text. A start
    tag that does not end counts, too: it may hold a secret behind its name.
    """
    start = _SECRET_START.search(text)
    while start is not None:
        content = _content(text, start.end())
        if content is None:
            start = _SECRET_START.search(text, start.end())
            continue
        end = _end_of_secret(text, content)
        yield content, end
        start = _SECRET_START.search(text, end)


def _content(text: str, name_end: int) -> int | None:
    """The place where the content of an element begins; None if the element is empty."""
    closing = _TAG_END.search(text, name_end)
    if closing is None or closing[0] == "<":
        return name_end
    return None if text[closing.start() - 1] == "/" else closing.end()


def _end_of_secret(text: str, place: int) -> int:
    while (end := _SECRET_END.search(text, place)) is not None:
        terminator = _TERMINATORS.get(end[0].upper())
        if terminator is None:
            return end.start()
        place = text.find(terminator, end.end())
        if place < 0:
            break
    return len(text)


def _referred(text: str) -> set[str] | None:
    """The ids of the elements that secrets refer to, directly or by way of others; None if there are too many."""
    waiting: set[str] = set()
    onward: dict[str, set[str]] = {}
    for tag in _START_TAG.finditer(text):
        if "href" not in tag[0].lower():
            continue  # a look at each attribute costs ten times as much
        given = {each[1].lower(): each[2] for each in _ATTRIBUTE.finditer(tag[0])}
        href = given.get("href", "")
        if href.startswith("#"):
            if _SECRET_START.match(text, tag.start()):
                waiting.add(href[1:])
            if "id" in given:
                onward.setdefault(given["id"], set()).add(href[1:])
    done: set[str] = set()
    while waiting:
        if len(done) + len(waiting) > _MAX_REFERENCES:
            return None
        name = waiting.pop()
        done.add(name)
        waiting |= onward.get(name, set()) - done
    return done


def _target_spans(text: str, name: str) -> Iterator[tuple[int, int]]:
    """The contents of the elements with an id."""
    place = 0
    while (tag := _START_TAG.search(text, place)) is not None:
        place = tag.end()
        is_target = any(each[1].lower() == "id" and each[2] == name for each in _ATTRIBUTE.finditer(tag[0]))
        if not is_target or tag[2].endswith("/"):
            continue
        content = tag.end() if tag[3] else tag.end(1)
        place = _end_of_element(text, tag[1], content)
        yield content, place


def _end_of_element(text: str, name: str, place: int) -> int:
    pattern = re.compile(rf"</{re.escape(name)}\s*>|<!\[CDATA\[|<!--")
    while (end := pattern.search(text, place)) is not None:
        terminator = _TERMINATORS.get(end[0])
        if terminator is None:
            return end.start()
        place = text.find(terminator, end.end())
        if place < 0:
            break
    return len(text)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces: list[str] = []
    place = 0
    for begin, end in spans:
        pieces += text[place:begin], MASK
        place = end
    return "".join([*pieces, text[place:]])


def _rest(text: str) -> str:
    more = len(text) - _MAX_SHOWN
    return f"\n… ({more} characters more)" if more > 0 else ""
