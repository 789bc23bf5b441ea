"""Mask the secrets of requests and replies, and show the rest as text for people to read.

Nothing is parsed, because people most want to see the requests that the gateway could not read. In doubt, more is
hidden rather than less.
"""

import codecs
import re
from collections.abc import Mapping
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
_HEADERS: Final = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "transfer-encoding", "soapaction"),
        *("user-agent", "accept", "accept-encoding", "connection", "expect", "retry-after", "vary"),
    }
)

_FLAGS: Final = re.IGNORECASE | re.DOTALL
_SPECIAL: Final = r"(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|.)*?"
# SOAP stacks without a WSDL make up names, and such a parameter may be a secret.
_UNNAMED: Final = "(?:c-gensym|arg|in|param)[0-9]+"
_SECRET: Final = rf"(?:[^\s<>/:]+:)?(?:{_NAMES}|{_UNNAMED})"
# From a start tag to its end tag, or without one, to the end of the text. A start tag that does not end counts, too.
_START: Final = rf"<{_SECRET}(?:(?:\s[^<>]*)?(?<!/)>|(?=\s[^<>]*(?:<|\Z)))"
_ELEMENT: Final = re.compile(rf"({_START}){_SPECIAL}(?=</{_SECRET}\s*>|\Z)", _FLAGS)
_REFERENCE: Final = re.compile(rf"<{_SECRET}\s[^<>]*?href\s*=\s*[\"']#([^\"']*)", re.IGNORECASE)
_ONWARD: Final = r"<[^<>]{{0,300}}?\bid\s*=\s*[\"']{}[\"'][^<>]{{0,300}}?href\s*=\s*[\"']#([^\"']*)"
_TARGET: Final = r"(<([^\s<>/]+)[^<>]{{0,300}}?\bid\s*=\s*[\"']{}[\"'][^<>]*(?<!/)>){}(?=</\2\s*>|\Z)"
_MAX_REFERENCES: Final = 8  # each costs a search of its own
_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
# Python knows more encodings, in which a secret could be shown in pieces.
_READABLE: Final = re.compile(r"ascii|utf-(?:8|16|32)(?:-.+)?|iso8859-[0-9]+|cp125[0-9]|koi8-[rtu]")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# The name of a secret outside of a form: in a multipart body, in JSON, in XML, between semicolons. The end of the
# secret is unknown there.
_STRAY: Final = re.compile(
    rf"(?:[\s\"'<>;,{{:](?:{_NAMES})(?![0-9A-Z_])|(?:\A|&)(?:{_NAMES})(?![0-9A-Z_=&%+]|\Z))",
    re.IGNORECASE,
)
_SESSION: Final = re.compile(r"OK:\s*[0-9A-Fa-f]{8,}")


def masked_envelope(body: bytes, charset: str | None) -> str:
    """A SOAP request as text, with its secrets masked.

    Args:
        body: The request, decompressed.
        charset: The charset of the Content-Type; None if it names none.
    """
    try:
        encoding = codecs.lookup(_encoding(body, charset)).name
        text = body.decode(encoding) if _READABLE.fullmatch(encoding) else None
    except (ValueError, LookupError):
        text = None
    if text is None:
        return f"({len(body)} bytes that are not text)"
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _cut(_masked_pairs(text))
    waiting, done = set(_REFERENCE.findall(text)), set[str]()
    text = _ELEMENT.sub(rf"\g<1>{MASK}", text)
    while waiting:
        if len(done) + len(waiting) > _MAX_REFERENCES:
            return f"({len(body)} bytes with too many references to secrets)"
        name = waiting.pop()
        done.add(name)
        waiting |= {*re.findall(_ONWARD.format(re.escape(name)), text, re.IGNORECASE)} - done
        text = re.sub(_TARGET.format(re.escape(name), _SPECIAL), rf"\g<1>{MASK}", text, flags=_FLAGS)
    return _cut(text)


def masked_form(encoded: bytes) -> str:
    """A query or a form as text, still encoded, with its secrets masked; any other body in the same way."""
    return _cut(_masked_pairs(encoded.decode("latin-1")))


def masked_reply(body: bytes, command: str) -> str:
    """A reply as text; the session id in a reply to auth is masked."""
    text = body.decode("utf-8", "replace")
    return _cut(_SESSION.sub(f"OK: {MASK}", text) if command in {"auth", ""} else text)


def shown_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers that help to understand a request; never one that may hold a secret."""
    return tuple((name, value) for name, value in headers.items() if name.lower() in _HEADERS)


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


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}\n… ({len(text) - _MAX_SHOWN} characters more)"
