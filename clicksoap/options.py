"""The options of a message, with the gateway's names and ranges."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntFlag
from typing import Any, Final, TypedDict, Unpack, cast

from clicksoap.checks import check_text, plain_duration, plain_int, plain_moment, plain_str
from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.messages import Feature
from clicksoap.msisdn import written_number
from clicksoap.redaction import IDENTITY_PARAMETERS
from clicksoap.text import MAX_PARTS


class CallbackOn(IntFlag):
    """The statuses that the gateway calls back (gateway: ``callback`` or ``msg_callback``); combine with ``|``."""

    NONE = 0
    INTERMEDIATE = 1
    FINAL = 2
    ERROR = 4
    ALL = 7


class BatchOptions(TypedDict, total=False):
    """The options of a template batch; they hold for everything that the batch sends.

    Attributes:
        sender: Who it is from (gateway: ``from``): up to 16 digits, or a name of up to 11 letters, digits, blanks and
            ``.&_'-``. It has to be registered with the gateway.
        client_message_id: Your own id (gateway: ``climsgid``): up to 32 letters and digits.
        callback: Which statuses the gateway calls back (gateway: ``callback``, ``msg_callback``).
        deliver_after: Delay in whole minutes, 7 days at most (gateway: ``deliv_time``). Excludes deliver_at.
        deliver_at: When to deliver, an aware datetime at most 7 days ahead; turned into minutes, rounded up, when each
            request is encoded (gateway: ``deliv_time``).
        validity: How long the gateway tries, in whole minutes from 1 to 10080 (gateway: ``validity``, 1440 by
            default).
        max_credits: What a message may cost at most (gateway: ``max_credits``); too low ends in status 009.
        max_parts: How many parts a message may have, 1 to 35 (gateway: ``concat``); more is refused before it leaves.
        features: What the route has to support beyond what follows from the message (gateway: ``req_feat``).
        queue: 1 for the highest, 3 for the lowest priority in the account's queue (gateway: ``queue``).
        escalate: Move to a dearer route at once if the cheap one queues (gateway: ``escalate``).
        two_way: Route so that the handset can reply; needs a rented number as sender (gateway: ``mo``).
        delivery_receipt: Ask for a delivery receipt (gateway: ``deliv_ack``).
    """

    sender: str | int
    client_message_id: str
    callback: CallbackOn | int
    deliver_after: timedelta
    deliver_at: datetime
    validity: timedelta
    max_credits: Decimal | int
    max_parts: int
    features: Feature
    queue: int
    escalate: bool
    two_way: bool
    delivery_receipt: bool


class SendOptions(BatchOptions, total=False):
    """The options of a message; see `BatchOptions` for the rest.

    Attributes:
        reference: Anything of your own; it stays on this machine, on the report.
        unique: Send once to a number that is given several times; it is answered each time.
        extra: Parameters beyond the contract, by their own names, for an in-house WSDL that has them.
    """

    reference: object
    unique: bool
    extra: dict[str, Any]


# Vendor's HTTP API specification 2.3.8, 5.2: a delay is at most 7 days; validity is documented to 1440 minutes, and a
# later note amends the bound, so the bound of the delay is taken.
_LONGEST: Final = timedelta(minutes=10080)
_MINUTE: Final = timedelta(minutes=1)
_MAX_CREDITS: Final = 2**31  # Document/Literal carries an xsd:int
_CREDIT_PLACES: Final = 6
_LEAST_CREDITS: Final = Decimal(1).scaleb(-_CREDIT_PLACES)
_FEATURES: Final = 2**31  # an xsd:int as well
_LETTER: Final = pattern("[A-Za-z]")
_ALPHANUMERIC_SENDER: Final = pattern(r"[A-Za-z0-9 .&_'-]{1,11}", re.ASCII)
_LONGEST_NUMERIC_SENDER: Final = 16
_CLIENT_ID: Final = pattern(r"[A-Za-z0-9]{1,32}", re.ASCII)
_SET_BY_SENDING: Final = IDENTITY_PARAMETERS - {"token"} | {"to", "climsgid", "deliv_time"}


@dataclass(slots=True, eq=False, repr=False)
class Options:
    """The options of one send, checked.

    Attributes:
        content: The gateway's parameters, but for ``deliv_time`` of an absolute time and ``req_feat``.
        features: What the route has to support.
        deliver_at: An absolute time of delivery, to be turned into minutes when a request is encoded.
        max_parts: How many parts a message may have.
        has_max_parts: Whether the caller gave max_parts.
        client_message_id: The caller's own id.
        has_alphanumeric_sender: Whether the sender is a name, which does not go with octets.
        reference: The caller's own.
        unique: Whether doubles are sent once.
        extra: Parameters beyond the contract.
    """

    content: dict[str, str | int | Decimal]
    features: Feature
    deliver_at: datetime | None
    max_parts: int
    has_max_parts: bool
    client_message_id: str | None
    has_alphanumeric_sender: bool
    reference: object
    unique: bool
    extra: dict[str, Any]

    @classmethod
    def of(cls, **given: Unpack[SendOptions]) -> "Options":
        """Check the options that a caller gave.

        Raises:
            InvalidInput: An option is unknown, of a wrong kind or out of its range; the text names it.
        """
        if not given:
            return _NONE
        return cls._checked(**given)

    @classmethod
    def _checked(cls, **given: Unpack[SendOptions]) -> "Options":
        unknown = given.keys() - SendOptions.__annotations__.keys() - BatchOptions.__annotations__.keys()
        if unknown:
            if of_the_client := unknown & _OF_THE_CLIENT:
                name = min(of_the_client)
                raise InvalidInput(
                    f"{name!r} is not an option of a message: give it to the client, or to its with_options"
                )
            raise InvalidInput(f"{min(unknown)!r} is not an option: use any of {', '.join(sorted(_ALL))}")
        content: dict[str, str | int | Decimal] = {}
        features = _feature(given.get("features", Feature(0)))
        sender = given.get("sender")
        if sender is not None:
            content["from"], kind = _sender(sender)
            features |= kind
        else:
            kind = Feature(0)
        if "callback" in given:
            content["msg_callback"] = _int_within("callback", given["callback"], 0, 7)
        times, at = _times(given.get("deliver_after"), given.get("deliver_at"), given.get("validity"))
        content.update(times)
        if "max_credits" in given:
            content["max_credits"] = _credits(given["max_credits"])
        if "queue" in given:
            content["queue"] = _int_within("queue", given["queue"], 1, 3)
        for option, name in (("escalate", "escalate"), ("two_way", "mo"), ("delivery_receipt", "deliv_ack")):
            if _flag(option, given.get(option, False)):
                content[name] = 1
        return cls(
            content,
            features,
            at,
            _int_within("max_parts", given.get("max_parts", MAX_PARTS), 1, MAX_PARTS),
            "max_parts" in given,
            _client_id(given.get("client_message_id")),
            kind is Feature.ALPHA,
            given.get("reference"),
            _flag("unique", given.get("unique", False)),
            _extra(given.get("extra", {}), content),
        )


_OF_THE_CLIENT: Final = frozenset({"deadline", "max_recipients", "on_exchange", "retry", "timeout"})
_ALL: Final = frozenset((*BatchOptions.__annotations__, *SendOptions.__annotations__))


def minutes_until(moment: datetime) -> int:
    """Whole minutes from now until a moment, rounded up so that nothing goes out early; 0 once it is past."""
    return max(0, -((datetime.now(UTC) - moment) // _MINUTE))


def _sender(sender: object) -> tuple[str, Feature]:
    if isinstance(sender, bool) or not isinstance(sender, str | int):
        raise InvalidInput(f"sender is {type(sender).__name__}: give a str or an int")
    if isinstance(sender, int) and not 0 <= int.__index__(sender) < 10**_LONGEST_NUMERIC_SENDER:
        raise InvalidInput(_NO_SENDER)
    text = check_text(plain_str(sender), "sender")
    if _LETTER.search(text):
        if _ALPHANUMERIC_SENDER.fullmatch(text):
            return text, Feature.ALPHA
        raise InvalidInput(_NO_SENDER)
    try:
        digits = re.sub("[^0-9]", "", written_number(text, "sender"))
    except InvalidInput as error:
        raise InvalidInput(f"{_NO_SENDER}; {error}") from None
    if len(digits) > _LONGEST_NUMERIC_SENDER:
        raise InvalidInput(_NO_SENDER)
    return digits, Feature.NUMERIC


_NO_SENDER: Final = (
    "sender is not valid: give a number of up to 16 digits, or a name of up to 11 letters, digits, blanks and .&_'-"
)


def _times(after: object, at: object, validity: object) -> tuple[dict[str, int], datetime | None]:
    content: dict[str, int] = {}
    if after is not None and at is not None:
        raise InvalidInput("deliver_after and deliver_at exclude one another: give one of them")
    if after is not None:
        content["deliv_time"] = _minutes("deliver_after", after, timedelta(0))
    if validity is not None:
        content["validity"] = _minutes("validity", validity, _MINUTE)
    moment = None if at is None else plain_moment(at, "deliver_at")
    if moment is not None and not timedelta(0) <= moment - datetime.now(UTC) <= _LONGEST:
        raise InvalidInput(
            "deliver_at is past, or more than 7 days ahead: give a time that the gateway takes (else error 120)"
        )
    return content, moment


def _minutes(option: str, value: object, least: timedelta) -> int:
    duration = plain_duration(value, option)
    if duration % _MINUTE:
        raise InvalidInput(f"{option} is not a whole number of minutes: round it, the gateway counts in minutes")
    if not least <= duration <= _LONGEST:
        raise InvalidInput(f"{option} is out of range: give {least // _MINUTE} to {_LONGEST // _MINUTE} minutes")
    return duration // _MINUTE


def _credits(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise InvalidInput(f"max_credits is {type(value).__name__}: give a Decimal or an int")
    if isinstance(value, int):
        value = int.__index__(value)
    amount = Decimal(value)
    if not amount.is_finite() or not 0 < amount < _MAX_CREDITS:
        raise InvalidInput("max_credits is not a positive amount of credits: give more than 0 and less than 2**31")
    written = f"{amount:f}" if amount >= _LEAST_CREDITS else ""  # 100 and not 1E+2, which no gateway reads
    if len(written.partition(".")[2]) > _CREDIT_PLACES or not written:
        raise InvalidInput(f"max_credits is too precise: give at most {_CREDIT_PLACES} decimal places")
    return Decimal(written)


def _feature(value: object) -> Feature:
    number = plain_int(value)
    if number is None or not 0 <= number < _FEATURES:
        raise InvalidInput("features is not a Feature: give Feature.ALPHA, or several combined with |")
    return Feature(number)


def _int_within(option: str, value: object, least: int, most: int) -> int:
    number = plain_int(value)
    if number is None:
        raise InvalidInput(f"{option} is {type(value).__name__}: give an int")
    if not least <= number <= most:
        raise InvalidInput(f"{option} is out of range: give {least} to {most}")
    return number


def _flag(option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{option} is {type(value).__name__}: give True or False")
    return value


def _client_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise InvalidInput("client_message_id is not valid: give a str of up to 32 letters and digits")
    return plain_str(value)


def _extra(value: object, content: Mapping[str, object]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"extra is {type(value).__name__}: give a dict of parameters by their names")
    extra: dict[str, Any] = {}
    for name, item in cast("Mapping[object, Any]", value).items():
        if not isinstance(name, str) or not name.isidentifier() or name in _SET_BY_SENDING or name in content:
            shown = repr(name)[:40] if isinstance(name, str) else f"a name that is {type(name).__name__}"
            raise InvalidInput(f"extra holds {shown}: leave it out, it is not a parameter's name, or the send sets it")
        extra[plain_str(name)] = item
    return extra


_NONE: Final = Options._checked()  # noqa: SLF001 - most sends ask for nothing
