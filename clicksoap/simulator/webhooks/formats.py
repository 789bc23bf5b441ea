"""Requests to the customer's server as they go over the wire: three variants, each by GET or POST.

The vendor's documents leave some points open; this is assumed:

- XML documents declare ISO-8859-1, as the SOAP documents do.
- A text in UTF-16BE is percent-encoded in a document, because XML cannot hold its bytes.
- Any other character that ISO-8859-1 or XML cannot hold becomes a question mark or a character reference.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Final, Literal, assert_never
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from clicksoap.simulator.front.xml_characters import NOT_XML
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.webhooks.inbound import UTF16, Inbound

CallbackKind = Literal["report", "inbound"]
"""``report`` for a delivery report, ``inbound`` for a message from a handset."""

_USER_AGENTS: Final[dict[CallbackKind, str]] = {"report": "clicksoap simulator", "inbound": "Clickatell MO Callback"}
_GATEWAY_TIME: Final = timezone(timedelta(hours=2))  # all year round
_PROLOG: Final = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
_ENVELOPE: Final = (
    f"{_PROLOG}"
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
    '<SOAP-ENV:Body><ns1:{name} xmlns:ns1="{namespace}">{children}</ns1:{name}></SOAP-ENV:Body></SOAP-ENV:Envelope>'
)
_URL_SAFE: Final = "%/:;,?@&=+$!*'()~#[]"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request to the customer's server.

    Attributes:
        method: ``GET`` or ``POST``.
        url: The address with the complete query.
        headers: The headers without Content-Length.
        fields: The fields of the query or the form, URL-encoded, without the query of the address itself.
        body: The body; None for a GET.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    fields: str = field(repr=False)
    body: bytes | None = field(repr=False)


def report(target: CallbackUrl, message: Message) -> WebhookRequest:
    """The request with the delivery report of a message in its present status."""
    since = str(int(message.history[-1].at.timestamp()))
    charge = f"{message.charge:.6f}"
    match target.variant:
        case "http":
            fields = (
                ("api_id", str(message.api_id)),
                ("apiMsgId", message.id),
                ("cliMsgId", message.client_message_id),
                ("timestamp", since),
                ("to", message.to),
                ("from", message.sender),
                ("status", message.status),
                ("charge", charge),
            )
            return _request(target, "report", _latin1(fields))
        case "xml":
            document = _xml(
                "callback",
                (
                    ("apiMsgId", message.id),
                    ("cliMsgId", message.client_message_id),
                    ("timestamp", since),
                    ("to", message.to),
                    ("from", message.sender),
                    ("charge", charge),
                    ("status", message.status),
                ),
            )
            return _request(target, "report", [("data", document)])
        case "soap":
            document = _soap(
                "mt_callback",
                "mt_callback",
                (
                    ("api_id", "int", str(message.api_id)),
                    ("apimsgid", "string", message.id),
                    ("climsgid", "string", message.client_message_id),
                    ("to", "string", message.to),
                    ("from", "string", message.sender),
                    ("timestamp", "int", since),
                    ("status", "int", message.status),
                    ("charge", "float", charge),
                ),
            )
            return _request(target, "report", [("data", document)])
        case _:
            assert_never(target.variant)


def inbound(target: CallbackUrl, message: Inbound) -> WebhookRequest:
    """The request with a message from a handset, or with one part of it."""
    at = message.at.astimezone(_GATEWAY_TIME).strftime("%Y-%m-%d %H:%M:%S")
    api_id, udh = str(message.api_id), message.udh.hex()
    match target.variant:
        case "http":
            fields = [
                *_latin1((("api_id", api_id), ("from", message.sender), ("to", message.to), ("timestamp", at))),
                ("text", _text_bytes(message)),
                *_latin1((("charset", message.charset), ("udh", udh), ("moMsgId", message.id))),
            ]
            return _request(target, "inbound", fields)
        case "xml":
            document = _xml(
                "clickmo",
                (
                    ("api_id", api_id),
                    ("moMsgId", message.id),
                    ("from", message.sender),
                    ("to", message.to),
                    ("timestamp", at),
                    ("text", _document_text(message)),
                    ("charset", message.charset),
                    ("udh", udh),
                ),
            )
            return _request(target, "inbound", [("data", document)])
        case "soap":
            document = _soap(
                "mo_callback",
                "clickatell_mo",
                (
                    ("api_id", "int", api_id),
                    ("from", "string", message.sender),
                    ("to", "string", message.to),
                    ("timestamp", "string", at),
                    ("charset", "string", message.charset),
                    ("udh", "string", udh),
                    ("text", "string", _document_text(message)),
                    ("momsgid", "string", message.id),
                ),
            )
            return _request(target, "inbound", [("data", document)])
        case _:
            assert_never(target.variant)


def validation(target: CallbackUrl, kind: CallbackKind) -> WebhookRequest:
    """The request without parameters with which the vendor's portal checks a new address."""
    return _request(target, kind, [])


def public_url(url: str) -> str:
    """An address without its query and without its user."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _request(target: CallbackUrl, kind: CallbackKind, fields: Sequence[tuple[str, bytes]]) -> WebhookRequest:
    encoded = "&".join(f"{name}={quote_plus(value)}" for name, value in fields)
    parts = urlsplit(target.url)
    query, body = parts.query, None
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": _USER_AGENTS[kind], "Connection": "close"}
    match target.method:
        case "GET":
            query = "&".join(filter(None, (query, encoded)))
        case "POST":
            body = encoded.encode("ascii")
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        case _:
            assert_never(target.method)
    user = target.user or unquote(parts.username or "")
    if user:
        headers["Authorization"] = (
            f"Basic {b64encode(f'{user}:{target.password}'.encode('utf-8', 'replace')).decode('ascii')}"
        )
    path_and_query = f"{parts.path or '/'}?{query}" if query else parts.path or "/"
    url = f"{parts.scheme}://{parts.netloc}{quote(path_and_query, safe=_URL_SAFE, errors='replace')}"
    return WebhookRequest(target.method, url, headers, encoded, body)


def _latin1(fields: Sequence[tuple[str, str]]) -> list[tuple[str, bytes]]:
    return [(name, value.encode("latin-1", "replace")) for name, value in fields]


def _document_text(message: Inbound) -> str:
    return quote(_text_bytes(message), safe="") if message.charset == UTF16 else message.text


def _text_bytes(message: Inbound) -> bytes:
    return message.text.encode("utf-16-be" if message.charset == UTF16 else "latin-1")


def _xml(root: str, children: Sequence[tuple[str, str]]) -> bytes:
    content = "".join(f"<{name}>{_escaped(value)}</{name}>" for name, value in children)
    return f"{_PROLOG}<{root}>{content}</{root}>".encode("latin-1", "xmlcharrefreplace")


def _soap(name: str, namespace: str, children: Sequence[tuple[str, str, str]]) -> bytes:
    content = "".join(f'<{each} xsi:type="xsd:{kind}">{_escaped(value)}</{each}>' for each, kind, value in children)
    document = _ENVELOPE.format(name=name, namespace=namespace, children=content)
    return document.encode("latin-1", "xmlcharrefreplace")


def _escaped(value: str) -> str:
    # XML readers turn a bare carriage return into a line feed.
    return escape(NOT_XML.sub("?", value), {"\r": "&#13;"})
