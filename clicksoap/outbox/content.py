"""Messages and their options as the columns of a row, and back."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from clicksoap.errors import InvalidInput
from clicksoap.messages import (
    Binary,
    BinaryType,
    Feature,
    Message,
    MmsClass,
    MmsNotification,
    PushAction,
    Text,
    WapPush,
)
from clicksoap.options import CallbackOn, SendOptions

FORMAT: Final = 1
"""The number of the form of the JSON columns."""

_NOT_STORED: Final = {
    "client_message_id": "the outbox makes an id for each request",
    "reference": "give tag=, which is stored with the message",
    "deliver_after": "give deliver_at=, or due_at= for a time at which the outbox sends it",
    "unique": "a group holds each number once",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A message with its options, as columns.

    Attributes:
        kind: Which class of message it is.
        text: What is personal: the text, or the fields of another kind of message as JSON.
        options: Everything else, as JSON.
    """

    kind: str
    text: str = field(repr=False)
    options: str = field(repr=False)


def check_stored(options: SendOptions) -> None:
    """Refuse options that only a call of `Client.send` can have."""
    for name, instead in _NOT_STORED.items():
        if name in options:
            raise InvalidInput(f"{name} is not an option of the outbox: leave it out, {instead}")


def store(message: str | Message, options: SendOptions) -> Stored:
    """The columns of a message; message and options are checked before."""
    if isinstance(message, str):
        message = Text(message)
    kind = type(message).__name__
    fields: dict[str, Any] = {}
    match message:
        case Text():
            body = message.text
            fields = {"flash": message.flash, "unicode": message.unicode}
        case Binary():
            body = json.dumps({"data": message.data.hex(), "udh": message.udh.hex()})
            fields = {"type": message.type and message.type.value}
        case WapPush():
            body = json.dumps({"url": message.url, "text": message.text})
            fields = {
                "id": message.id,
                "created": _iso(message.created),
                "expires": _iso(message.expires),
                "action": message.action and message.action.value,
            }
        case MmsNotification():
            body = json.dumps({"url": message.url, "subject": message.subject, "sender": message.sender})
            fields = {"expires": message.expires.total_seconds(), "class_": message.class_.value}
    data = {"v": FORMAT, "kind": kind, "message": fields, "options": {n: _plain(v) for n, v in options.items()}}
    return Stored(kind, body, json.dumps(data, sort_keys=True))


def restore(text: str, options: str) -> tuple[Message, SendOptions]:
    """The message and the options that `store` gave.

    Raises:
        InvalidInput: The columns are of a form that this version does not know.
    """
    data = json.loads(options)
    if data["v"] != FORMAT:
        raise InvalidInput(
            f"the options are of form {data['v']}, and this clicksoap reads {FORMAT}: install a later one"
        )
    return _message(data["kind"], text, data["message"]), _options(data["options"])


def _message(kind: str, text: str, fields: dict[str, Any]) -> Message:
    if kind == "Text":
        return Text(text, flash=fields["flash"], unicode=fields["unicode"])
    body = json.loads(text)
    if kind == "Binary":
        type_ = None if fields["type"] is None else BinaryType(fields["type"])
        return Binary(bytes.fromhex(body["data"]), bytes.fromhex(body["udh"]), type_)
    if kind == "WapPush":
        return WapPush(
            body["url"],
            body["text"],
            fields["id"],
            _moment(fields["created"]),
            _moment(fields["expires"]),
            None if fields["action"] is None else PushAction(fields["action"]),
        )
    return MmsNotification(
        body["url"], body["subject"], body["sender"], timedelta(seconds=fields["expires"]), MmsClass(fields["class_"])
    )


def _options(stored: dict[str, Any]) -> SendOptions:
    options: dict[str, Any] = dict(stored)
    for name, read in _READERS.items():
        if name in options:
            options[name] = read(options[name])
    at = options.get("deliver_at")
    if at is not None and at <= datetime.now(UTC):
        del options["deliver_at"]  # it waited for longer: it is delivered at once
    return cast("SendOptions", options)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, CallbackOn | Feature):
        return int(value)
    return value


_READERS: Final[dict[str, Any]] = {
    "deliver_at": _moment,
    "validity": _seconds,
    "max_credits": Decimal,
    "features": Feature,
}
