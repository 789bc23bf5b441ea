"""The calls of the customer's server as they go over the wire: three variants, each by GET or by POST.

Where the vendor's documents are silent, this is assumed: XML documents declare ISO-8859-1 like the SOAP ones; a text in
UTF-16BE stands in them percent-encoded, as XML cannot hold its bytes; what ISO-8859-1 or XML cannot hold in any other
place becomes a question mark or a character reference.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Final, Literal
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from clicksoap.simulator.front.xml_characters import NOT_XML
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.webhooks.inbound import UTF16, Inbound

CallbackKind = Literal["report", "inbound"]
"""What the customer's server is told: the status of a message, or a message from a handset."""

_AGENTS: Final[dict[CallbackKind, str]] = {"report": "clicksoap simulator", "inbound": "Clickatell MO Callback"}
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
_URL_SIGNS: Final = "%/:;,?@&=+$!*'()~#[]"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to the customer's server.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Where to, with everything that belongs into the query.
        headers: Its headers, but for the length of the body.
        fields: The query or the form, without what the address brought along.
        body: The body; None for none.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    fields: str = field(repr=False)
    body: bytes | None = field(repr=False)


def report(target: CallbackUrl, message: Message) -> Outgoing:
    """The delivery report of a message in its present status."""
    since = str(int(message.history[-1].at.timestamp()))
    charge = f"{message.charge:.6f}"
    if target.variant == "http":
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
        return _outgoing(target, "report", _latin(fields))
    if target.variant == "xml":
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
    else:
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
    return _outgoing(target, "report", [("data", document)])


def inbound(target: CallbackUrl, message: Inbound) -> Outgoing:
    """A message from a handset, or a part of one."""
    at = message.at.astimezone(_GATEWAY_TIME).strftime("%Y-%m-%d %H:%M:%S")
    api_id, udh = str(message.api_id), message.udh.hex()
    if target.variant == "http":
        fields = [
            *_latin((("api_id", api_id), ("from", message.sender), ("to", message.to), ("timestamp", at))),
            ("text", _bytes(message)),
            *_latin((("charset", message.charset), ("udh", udh), ("moMsgId", message.id))),
        ]
        return _outgoing(target, "inbound", fields)
    text = quote(_bytes(message), safe="") if message.charset == UTF16 else message.text
    if target.variant == "xml":
        document = _xml(
            "clickmo",
            (
                ("api_id", api_id),
                ("moMsgId", message.id),
                ("from", message.sender),
                ("to", message.to),
                ("timestamp", at),
                ("text", text),
                ("charset", message.charset),
                ("udh", udh),
            ),
        )
    else:
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
                ("text", "string", text),
                ("momsgid", "string", message.id),
            ),
        )
    return _outgoing(target, "inbound", [("data", document)])


def validation(target: CallbackUrl, kind: CallbackKind) -> Outgoing:
    """The request without parameters that the vendor's portal checks a new address with."""
    return _outgoing(target, kind, [])


def shown(url: str) -> str:
    """An address without its query and without whoever is named in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _outgoing(target: CallbackUrl, kind: CallbackKind, fields: Sequence[tuple[str, bytes]]) -> Outgoing:
    encoded = "&".join(f"{name}={quote_plus(value)}" for name, value in fields)
    parts = urlsplit(target.url)
    query, body = parts.query, None
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": _AGENTS[kind], "Connection": "close"}
    if target.method == "GET":
        query = "&".join(filter(None, (query, encoded)))
    else:
        body = encoded.encode("ascii")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    user = target.user or unquote(parts.username or "")
    if user:
        headers["Authorization"] = (
            f"Basic {b64encode(f'{user}:{target.password}'.encode('utf-8', 'replace')).decode('ascii')}"
        )
    asked = f"{parts.path or '/'}?{query}" if query else parts.path or "/"
    url = f"{parts.scheme}://{parts.netloc}{quote(asked, safe=_URL_SIGNS, errors='replace')}"
    return Outgoing(target.method, url, headers, encoded, body)


def _latin(fields: Sequence[tuple[str, str]]) -> list[tuple[str, bytes]]:
    return [(name, value.encode("latin-1", "replace")) for name, value in fields]


def _bytes(message: Inbound) -> bytes:
    return message.text.encode("utf-16-be" if message.charset == UTF16 else "latin-1")


def _xml(root: str, children: Sequence[tuple[str, str]]) -> bytes:
    inside = "".join(f"<{name}>{_escaped(value)}</{name}>" for name, value in children)
    return f"{_PROLOG}<{root}>{inside}</{root}>".encode("latin-1", "xmlcharrefreplace")


def _soap(name: str, namespace: str, children: Sequence[tuple[str, str, str]]) -> bytes:
    inside = "".join(f'<{each} xsi:type="xsd:{kind}">{_escaped(value)}</{each}>' for each, kind, value in children)
    document = _ENVELOPE.format(name=name, namespace=namespace, children=inside)
    return document.encode("latin-1", "xmlcharrefreplace")


def _escaped(value: str) -> str:
    # A reader would take a bare carriage return for the end of a line.
    return escape(NOT_XML.sub("?", value), {"\r": "&#13;"})
