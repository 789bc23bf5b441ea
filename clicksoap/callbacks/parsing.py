"""Parsing of callbacks without I/O: from a request to a delivery report or an inbound message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

from clicksoap.callbacks.charsets import LATIN, UTF8, charset_of, decoded
from clicksoap.callbacks.documents import charset_of_type, is_document, read_document
from clicksoap.callbacks.forms import pairs_of_form
from clicksoap.callbacks.request import MAX_BODY, CallbackRequest
from clicksoap.codes import MessageStatus
from clicksoap.errors import InvalidCallback
from clicksoap.events import DeliveryReport, InboundMessage, RawFields

Event = DeliveryReport | InboundMessage
"""A callback of the gateway."""

Kind = Literal["report", "inbound"]

_KINDS: Final[dict[str, Kind]] = {
    "callback": "report",
    "mt_callback": "report",
    "clickmo": "inbound",
    "mo_callback": "inbound",
}
_FIELDS: Final = frozenset(
    [
        "api_id",
        "apimsgid",
        "climsgid",
        "timestamp",
        "to",
        "from",
        "status",
        "charge",
        "text",
        "charset",
        "udh",
        "momsgid",
        "network",
        "data",
    ]
)
_INBOUND_TIME_ZONE: Final = timezone(timedelta(hours=2))  # all year round

_ID: Final = re.compile(r"[!-~]{1,64}")
_STATUS: Final = re.compile(r"[0-9A-Fa-f]{1,3}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_API_ID: Final = re.compile(r"[0-9]{1,18}")
_CHARGE: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(?:[Ee][+-]?[0-9]{1,2})?")
_DATE_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_UDH: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){0,140}")
_NUMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True)
class _Payload:
    """The fields of a callback, not yet checked."""

    kind: Kind | None
    values: dict[str, str] = field(repr=False)
    raw: RawFields = field(repr=False)
    is_document: bool = False
    declared: str = ""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip(" \t\r\n")


def parse_callback(request: CallbackRequest) -> Event:
    """Parse a callback of either kind.

    Raises:
        InvalidCallback: The request is not a callback; the text names what is wrong.
    """
    payload = _payload(request)
    if payload.kind == "inbound":
        return _inbound(payload)
    if payload.kind == "report":
        return _report(payload)
    raise InvalidCallback("the request has neither apiMsgId nor moMsgId: give the fields of a callback")


def parse_report(request: CallbackRequest) -> DeliveryReport:
    """Parse a delivery report: HTTP GET or POST, XML or SOAP in the field ``data``, or XML or SOAP as the body.

    Raises:
        InvalidCallback: The request is not a delivery report; the text names what is wrong.
    """
    payload = _payload(request)
    if payload.kind == "inbound":
        raise InvalidCallback("the request is an inbound message: parse it by parse_inbound()")
    return _report(payload)


def parse_inbound(request: CallbackRequest) -> InboundMessage:
    """Parse an inbound message: HTTP GET or POST, XML or SOAP in the field ``data``, or XML or SOAP as the body.

    The parts of a long message are messages of their own; `join` makes one of them.

    Raises:
        InvalidCallback: The request is not an inbound message; the text names what is wrong.
    """
    payload = _payload(request)
    if payload.kind == "report":
        raise InvalidCallback("the request is a delivery report: parse it by parse_report()")
    return _inbound(payload)


def is_probe(request: CallbackRequest) -> bool:
    """True for a request without body and without any field of a callback: the check of an address by the gateway."""
    if request.body or request.method not in {"GET", "HEAD", "POST"} or len(request.query) > MAX_BODY:
        return False
    try:
        pairs = pairs_of_form(request.query)
    except InvalidCallback:
        return False
    return all(name.lower() not in _FIELDS for name, _ in pairs)


def _payload(request: CallbackRequest) -> _Payload:
    if request.method not in {"GET", "POST"}:
        raise InvalidCallback("the method of the request is wrong: give GET or POST")
    if len(request.query) > MAX_BODY:
        raise InvalidCallback(f"the query is too long: give at most {MAX_BODY} bytes")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise InvalidCallback("the body is compressed: give it without Content-Encoding")
    content_type = request.headers.get("content-type", "")
    charset = charset_of_type(content_type)
    if request.method == "GET" or not request.body:
        pairs, charset = pairs_of_form(request.query), ""
    elif is_document(request.body):
        return _of_document(request.body, charset)
    elif content_type.partition(";")[0].strip().lower() in {"", "application/x-www-form-urlencoded", "text/plain"}:
        pairs = pairs_of_form(request.body)
    else:
        raise InvalidCallback("the body is not a form: give application/x-www-form-urlencoded, or an XML document")
    for name, value in pairs:
        if name.lower() == "data" and is_document(value):
            return _of_document(value, charset)
    return _of_form([(name, value.decode("latin-1")) for name, value in pairs], charset)


def _of_document(data: bytes, charset: str) -> _Payload:
    name, children = read_document(data, charset)
    if name not in _KINDS:
        raise InvalidCallback("the document is not a callback: give callback, clickmo, mt_callback or mo_callback")
    return _Payload(_KINDS[name], _by_name(children), tuple(children), is_document=True)


def _of_form(pairs: Sequence[tuple[str, str]], charset: str) -> _Payload:
    values = _by_name(pairs)
    kind: Kind | None = None
    if "momsgid" in values and not {"apimsgid", "status"} <= values.keys():
        kind = "inbound"
    elif "apimsgid" in values or "status" in values:
        kind = "report"
    return _Payload(kind, values, tuple(pairs), declared=charset)


def _by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        spelled = name.strip().lower()
        if spelled in _FIELDS and found.setdefault(spelled, value) != value:
            raise InvalidCallback(f"{spelled} comes twice with different values: give it once")
    return found


def _report(payload: _Payload) -> DeliveryReport:
    status = _required(payload, "status", _STATUS, "three digits, such as 004")
    seconds = _required(payload, "timestamp", _SECONDS, "Unix seconds, such as 1769902214")
    charge = _optional(payload, "charge", _CHARGE, "a decimal number, such as 0.300000")
    return DeliveryReport(
        message_id=_required(payload, "apimsgid", _ID, "the id of a message"),
        status=MessageStatus.of(status),
        at=datetime.fromtimestamp(int(seconds), UTC),
        to=_number(payload, "to"),
        sender=_plain(payload["from"]),
        client_message_id=payload["climsgid"] or None,
        charge=Decimal(charge) if charge else None,
        api_id=_api_id(payload),
        raw=payload.raw,
    )


def _inbound(payload: _Payload) -> InboundMessage:
    message_id = _required(payload, "momsgid", _ID, "the id of a message")
    stamp = _required(payload, "timestamp", _DATE_TIME, "a date and a time, such as 2026-02-01 01:30:00")
    if "text" not in payload.values:
        raise InvalidCallback("text is missing: give the text, which may be empty")
    charset, content = _content(payload)
    return InboundMessage(
        message_id=message_id,
        sender=_number(payload, "from"),
        to=_number(payload, "to"),
        at=_utc(stamp),
        text=decoded(content, charset),
        charset=charset,
        content=content,
        udh=bytes.fromhex(_optional(payload, "udh", _UDH, "hexadecimal digits, such as 050003330201")),
        message_ids=(message_id,),
        api_id=_api_id(payload),
        network=payload["network"] or None,
        raw=payload.raw,
    )


def _content(payload: _Payload) -> tuple[str, bytes]:
    """The charset and the bytes of the text."""
    text = payload.values["text"]
    if not payload.is_document:
        return charset_of(payload["charset"] or payload.declared), text.encode("latin-1")
    charset = charset_of(payload["charset"])
    # XML cannot hold the bytes of UTF-16, so they come percent-encoded there.
    if charset.startswith("UTF-16") and text.isascii():
        return charset, unquote_to_bytes(text.strip(" \t\r\n"))
    return (LATIN, text.encode("latin-1")) if text.isascii() else (UTF8, text.encode("utf-8", "replace"))


def _required(payload: _Payload, name: str, form: re.Pattern[str], wanted: str) -> str:
    if not payload[name]:
        raise InvalidCallback(f"{name} is missing: give {wanted}")
    return _optional(payload, name, form, wanted)


def _optional(payload: _Payload, name: str, form: re.Pattern[str], wanted: str) -> str:
    value = payload[name]
    if value and not form.fullmatch(value):
        raise InvalidCallback(f"{name} is malformed: give {wanted}")
    return value


def _number(payload: _Payload, name: str) -> str:
    return _plain(_required(payload, name, _NUMBER, "a number of at most 64 characters"))


def _plain(number: str) -> str:
    """A number without ``+``; a name as it is."""
    digits = number.removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() else number


def _api_id(payload: _Payload) -> int | None:
    value = _optional(payload, "api_id", _API_ID, "digits")
    return int(value) if value else None


def _utc(stamp: str) -> datetime:
    try:
        return datetime.fromisoformat(stamp).replace(tzinfo=_INBOUND_TIME_ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidCallback("timestamp is not a date and a time: give them as 2026-02-01 01:30:00") from None
