"""The calls whose requests are compared: every command, every kind of message, every option."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from clicksoap import (
    Binary,
    BinaryType,
    Feature,
    MmsClass,
    MmsNotification,
    PushAction,
    Text,
    WapPush,
)

from .gateway import BATCH, MESSAGE, SESSION
from .names import public

Call = Callable[[Any], object]

ONE: Final = ["27821234567"]
THREE: Final = ["+27 82 123 4567", "27831234567", 27841234567]
MANY: Final = [f"2782{number:07}" for number in range(300)]
MORE: Final = [f"2782{number:07}" for number in range(601)]

_WHEN: Final = datetime(2025, 7, 1, 10, 30, tzinfo=UTC)
# Rounded up to a whole minute, so that the second in which it is asked does not matter.
_LATER: Final = timedelta(minutes=90, seconds=30)

_TEXTS: Final[dict[str, str]] = {
    "plain": "Your parcel is at the door",
    "markup": "a < b & c > d \"quoted\" 'single' ]]>",
    "lines": "first\nsecond\r\nthird\ttab",
    "blanks": "  leading and trailing  ",
    "extension": "[€] {x} ^ ~ | \\",
    "latin": "Grüße, señor Ñandú à Zürich",
    "greek": "ΔΦΓΛΩΠΨΣΘΞ",
    "ucs2": "Привет, мир",
    "emoji": "🎉 done",
    "long": "0123456789" * 40,
    "long ucs2": "слово " * 40,
}
_MESSAGES: Final[dict[str, Callable[[], Any]]] = {
    **{f"text {name}": lambda text=text: text for name, text in _TEXTS.items()},  # type: ignore[misc]
    "flash": lambda: Text("now", flash=True),
    "forced unicode": lambda: Text("plain", unicode=True),
    "refused unicode": lambda: Text("plain", unicode=False),
    "octets": lambda: Binary(b"\x00\x01\xfe\xff"),
    "octets with header": lambda: Binary(b"\x01\x02", udh=bytes.fromhex("06050415811581")),
    "octets in parts": lambda: Binary(bytes(range(256)) * 2, udh=bytes.fromhex("06050415811581")),
    **{f"packed {kind.name}": lambda kind=kind: Binary(b"BEGIN", type=kind) for kind in BinaryType},  # type: ignore[misc]
    "push": lambda: WapPush("http://shop.test/?a=1&b=2", "look"),
    **{
        f"push {action.name}": lambda action=action: WapPush(  # type: ignore[misc]
            "http://shop.test/", "look", id="7", created=_WHEN, expires=_WHEN + timedelta(days=1), action=action
        )
        for action in PushAction
    },
    **{
        f"mms {kind.name}": lambda kind=kind: MmsNotification(  # type: ignore[misc]
            "http://shop.test/m", "a picture", "shop", timedelta(hours=1), kind
        )
        for kind in MmsClass
    },
}


_OF_SENDS_ALONE: Final = {"unique", "reference", "extra"}


def _for_batch(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _OF_SENDS_ALONE}


def _options() -> dict[str, dict[str, Any]]:
    every: dict[str, Any] = {
        "sender": "Shop",
        "client_message_id": "m1",
        "callback": public("CallbackOn").ALL,
        "deliver_after": timedelta(minutes=5),
        "validity": timedelta(hours=2),
        "max_credits": Decimal("2.5"),
        "max_parts": 3,
        "features": Feature(48),
        "queue": 1,
        "escalate": True,
        "two_way": True,
        "delivery_receipt": True,
        "unique": True,
        "reference": "mine",
    }
    found: dict[str, dict[str, Any]] = {f"{name}=": {name: value} for name, value in every.items()}
    found |= {
        "numeric sender": {"sender": 27820000000},
        "no callback": {"callback": public("CallbackOn").NONE},
        "off": {"escalate": False, "two_way": False, "delivery_receipt": False},
        "whole credits": {"max_credits": 2},
        "every option": {**every, "max_credits": 2},
        "extra=": {"extra": {"campaign": "7"}},
    }
    return found


_RAW: Final[dict[str, dict[str, Any]]] = {
    "auth": {"api_id": 7, "user": "acme", "password": "secret"},
    "ping": {"session_id": SESSION},
    "sendmsg": {"session_id": SESSION, "to": ONE, "text": "hi", "from": "Shop", "concat": 2, "climsgid": "m1"},
    "querymsg": {"session_id": SESSION, "apimsgid": MESSAGE},
    "delmsg": {"session_id": SESSION, "apimsgid": MESSAGE},
    "getbalance": {"session_id": SESSION},
    "getmsgcharge": {"session_id": SESSION, "apimsgid": MESSAGE},
    "routeCoverage": {"session_id": SESSION, "msisdn": ONE[0]},
    "si_push": {"session_id": SESSION, "to": ONE, "si_id": "1", "si_url": "http://shop.test/", "si_text": "look"},
    "ind_push": {
        "session_id": SESSION,
        "to": ONE,
        "mms_subject": "s",
        "mms_class": "80",
        "mms_expire": "60",
        "mms_from": "me",
        "mms_url": "http://shop.test/",
    },
    "token_pay": {"session_id": SESSION, "token": "1234567890123456"},
    "startbatch": {"session_id": SESSION, "template": "Dear #field1#"},
    "senditem": {"session_id": SESSION, "batch_id": BATCH, "to": ONE, "field1": "Ann"},
    "quicksend": {"session_id": SESSION, "batch_id": BATCH, "to": ONE},
    "endbatch": {"session_id": SESSION, "batch_id": BATCH},
}


def calls() -> Iterator[tuple[str, Call]]:
    """Each call with a name of its own."""
    yield from _questions().items()
    for name, make in _MESSAGES.items():
        yield f"send {name}", lambda sms, make=make: sms.send(ONE, make())  # type: ignore[misc]
    for count, to in (("three", THREE), ("300", MANY), ("601", MORE), ("twice", ONE * 2)):
        for name in ("text plain", "text greek", "text ucs2", "octets", "octets in parts", "push", "mms PERSONAL"):
            make = _MESSAGES[name]
            yield f"send {name} to {count}", lambda sms, to=to, make=make: sms.send(to, make())  # type: ignore[misc]
    for name, given in _options().items():
        yield f"send with {name}", lambda sms, given=given: sms.send(ONE, "hello", **given)  # type: ignore[misc]
        yield f"send to three with {name}", lambda sms, given=given: sms.send(THREE, "hello", **given)  # type: ignore[misc]
        yield f"batch with {name}", lambda sms, given=given: _batch(sms, _for_batch(given))  # type: ignore[misc]
    yield "send deliver_at", lambda sms: sms.send(ONE, "hello", deliver_at=datetime.now(UTC) + _LATER)
    yield "batch of many", lambda sms: _batch(sms, {}, MANY)
    for name, raw in _RAW.items():
        yield f"service {name}", lambda sms, name=name, raw=raw: _raw(sms, name, raw)  # type: ignore[misc]


def _questions() -> dict[str, Call]:
    return {
        "authenticate": lambda sms: sms.authenticate(),
        "ping": lambda sms: sms.ping(),
        "balance": lambda sms: sms.balance(),
        "coverage": lambda sms: sms.coverage(ONE[0]),
        "status": lambda sms: sms.status(MESSAGE),
        "status by client id": lambda sms: sms.status(client_message_id="m1"),
        "charge": lambda sms: sms.charge(MESSAGE),
        "stop": lambda sms: sms.stop(MESSAGE),
        "stop by client id": lambda sms: sms.stop(client_message_id="m1"),
        "redeem": lambda sms: sms.redeem("1234567890123456"),
        "segments": lambda sms: repr(sms.segments("x" * 200)),
    }


def _raw(sms: Any, name: str, given: dict[str, Any]) -> object:
    value = getattr(sms.service, name)(**given)
    return sms._runner.run(value) if inspect.iscoroutine(value) else value


def _batch(sms: Any, options: dict[str, Any], to: list[Any] = THREE) -> object:
    with sms.batch("Dear #field1# & #field2#", **options) as batch:
        sent = batch.send(ONE[0], "Ann & Bob", "<b>")
        quick = batch.quicksend(to)
    return [sent, quick]


CLIENTS: Final[dict[str, dict[str, Any]]] = {
    "document_literal": {"binding": "document_literal"},
    "rpc_encoded": {"binding": "rpc_encoded"},
    "http": {"binding": "http"},
    "http GET": {"binding": "http", "http_method": "GET"},
}
"""The bindings, each with the arguments of its client."""

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "session": {},
    "credentials": {"auth": "credentials"},
    "settings": {
        "sender": "Shop",
        "max_recipients": 2,
        "region": "ZA",
        "headers": {"X-Team": "billing"},
        "user_agent_extra": "shop/1",
        "api_id": 123456,
    },
}
"""Further arguments, each with all calls."""
