"""Validation rules of the gateway: the checks of numbers and options, and the error code of each. No state.

After the vendor's HTTP API specification 2.3.8 and its later pages; only the number of an error is dependable.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from clicksoap.codes import ERRORS
from clicksoap.simulator.front.parameters import NUMERIC
from clicksoap.simulator.front.reasons import Refusal, Refused, refusal

MAX_PARTS: Final = 35
"""The most parts of one message, even if ``concat`` allows more."""

REFUSED_PREFIX: Final = "999"
"""Numbers with this prefix are refused: 999NNN… with error NNN if there is one, else with 105. No country has it."""

HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
"""Matches one or more whole bytes in hexadecimal."""

_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_UTF16_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{4})+")
_CLIENT_ID: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_SENDER_NUMBER: Final = re.compile(r"\+?[0-9]{1,16}")
_SENDER_NAME_LENGTH: Final = 11
_LATEST_DELIVERY: Final = timedelta(days=7)
_UNIX_TIME: Final = re.compile(r"[0-9]{1,11}")
_UTC_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_CALLBACKS: Final = range(8)
_NOT_DIGIT: Final = re.compile(r"[^0-9]")
_NOT_HEXADECIMAL: Final = re.compile(r"[^0-9A-Fa-f]")
_ALPHANUMERIC: Final = re.compile(r"[0-9A-Za-z]")
_NUMERIC_OPTIONS: Final = tuple(sorted(NUMERIC - {"api_id", "max_credits"}))

_MESSAGE_TYPES: Final = frozenset(
    {
        *("SMS_TEXT", "SMS_FLASH", "SMS_NOKIA_OLOGO", "SMS_NOKIA_GLOGO", "SMS_NOKIA_PICTURE", "SMS_NOKIA_RINGTONE"),
        *("SMS_NOKIA_RTTL", "SMS_NOKIA_CLEAN", "SMS_NOKIA_VCARD", "SMS_NOKIA_VCAL"),
    }
)
_SI_ACTIONS: Final = frozenset({"signal-none", "signal-low", "signal-medium", "signal-high", "delete"})
_MMS_CLASSES: Final = frozenset({"80", "81", "82", "83"})


def error_line(code: str, until: int) -> str:
    """The reply line of an error; ``until`` is the Unix time in seconds at which error 130 ends."""
    text = ERRORS[code]
    if code == "130":
        text = f"{text} until {until}"
    return f"ERR: {code}, {text}"


def number_refusal(number: str, parameter: str = "to") -> Refusal | None:
    """The reason to refuse a destination number; None for a valid number.

    Args:
        number: The number.
        parameter: The parameter that holds it.
    """
    if not _NUMBER.fullmatch(number):
        rule, mend = _number_rule(number)
        return refusal("105", parameter, rule, mend, value=number, to=number)
    if number.startswith(REFUSED_PREFIX):
        code = number[3:6]
        rule = f"a magic number of the simulator, refused with the error that its digits {code} name"
        if code not in ERRORS:
            code, rule = "105", "a magic number of the simulator with the digits of no error"
        return refusal(code, parameter, rule, "give a number with another prefix than 999", value=number, to=number)
    return None


def _number_rule(number: str) -> tuple[str, str]:
    """The rule that an invalid number breaks, and the change that mends it."""
    digits = _NOT_DIGIT.sub("", number)
    if not digits:
        return "no number", "give 7 to 15 digits with the country code first, such as 27821234567"
    if number.startswith("+") and number[1:] == digits:
        return "begins with +", f"give digits alone: {digits}"
    if number != digits:
        place = next(index for index, each in enumerate(number) if not "0" <= each <= "9")
        return f"not a digit at position {place}", "give digits alone, with the country code first"
    if digits.startswith("00"):
        return "begins with the international prefix 00", f"give the country code first: {digits.lstrip('0')}"
    if digits.startswith("0"):
        return "begins with a national 0", f"give the country code in its place, such as 27{digits.lstrip('0')}"
    return f"{len(digits)} digits, but a number has 7 to 15", "give the whole number with its country code"


def dialled(number: str, prefix: str) -> str:
    """A number with its leading 0 replaced by an account's country code; unchanged if the account has none."""
    return f"{prefix}{number[1:]}" if prefix and number.startswith("0") and not number.startswith("00") else number


def require(values: Mapping[str, str], *names: str) -> None:
    """Refuse a command that lacks a parameter (101)."""
    for name in names:
        if name not in values:
            raise Refused("101", name, "missing, or empty", "give it")


def integer(values: Mapping[str, str], name: str) -> int:
    """A parameter as an integer; 0 if it is not given. Anything else is refused (101)."""
    value = values.get(name, "0")
    if not _INTEGER.fullmatch(value):
        raise Refused("101", name, "not a whole number", "give digits, at most ten", value=value)
    return int(value)


def hexadecimal(code: str, name: str, digits: str) -> bytes:
    """The bytes of a parameter in hexadecimal; others are refused with a code."""
    if digits and not HEXADECIMAL.fullmatch(digits):
        raise Refused(
            code, name, _hexadecimal_rule(digits, 2), "give two hexadecimal digits for each byte", value=digits
        )
    return bytes.fromhex(digits)


def shown_text(values: Mapping[str, str], name: str) -> tuple[str, bool]:
    """The text of a parameter as a phone shows it, and true if it came as hexadecimal UTF-16.

    Invalid hexadecimal or UTF-16 is refused (116).
    """
    text = values.get(name, "")
    if not text or integer(values, "unicode") != 1:
        return text, False
    mend = "give UTF-16BE in hexadecimal, four digits for each unit, or leave unicode out"
    if not _UTF16_HEXADECIMAL.fullmatch(text):
        raise Refused("116", name, _hexadecimal_rule(text, 4), mend, value=text)
    try:
        return bytes.fromhex(text).decode("utf-16-be"), True
    except UnicodeDecodeError as error:
        rule = f"half of a surrogate pair at position {2 * error.start}"
    raise Refused("116", name, rule, mend, value=text)


def due(values: Mapping[str, str], now: datetime) -> datetime:
    """The time at which a message goes out: its ``scheduled_time`` or now plus ``deliv_time``, never before now."""
    if "scheduled_time" in values:
        return max(now, _moment(values["scheduled_time"]))
    return now + timedelta(minutes=integer(values, "deliv_time"))


def check_options(values: Mapping[str, str], now: datetime, longest_validity: int) -> None:
    """Refuse invalid options of a message: 101, 102, 106, 112 and 120."""
    for name in _NUMERIC_OPTIONS:
        if name in values:
            integer(values, name)
    _check_credits(values.get("max_credits", "0"))
    _check_times(values, now, longest_validity)
    if integer(values, "msg_callback") not in _CALLBACKS:
        mend = "give the sum of 1 (intermediate), 2 (final) and 4 (error)"
        raise Refused("101", "msg_callback", "not from 0 to 7", mend, value=values["msg_callback"])
    if "climsgid" in values and not _CLIENT_ID.fullmatch(values["climsgid"]):
        raise Refused("101", "climsgid", *_client_id_rule(values["climsgid"]), value=values["climsgid"])
    if "udh" in values:
        hexadecimal("102", "udh", values["udh"])
    if values.get("msg_type", "SMS_TEXT") not in _MESSAGE_TYPES:
        mend = f"give one of {', '.join(sorted(_MESSAGE_TYPES))}"
        raise Refused("112", "msg_type", "unknown", mend, value=values["msg_type"])
    sender = values.get("from", "")
    if len(sender) > _SENDER_NAME_LENGTH and not _SENDER_NUMBER.fullmatch(sender):
        rule = f"{len(sender)} characters, but a name has at most {_SENDER_NAME_LENGTH}"
        raise Refused("106", "from", rule, "give a shorter name, or a number of 1 to 16 digits", value=sender)


def _check_times(values: Mapping[str, str], now: datetime, longest_validity: int) -> None:
    longest_delay = _LATEST_DELIVERY // timedelta(minutes=1)
    if not 0 <= integer(values, "deliv_time") <= longest_delay:
        rule = f"not from 0 to {longest_delay} minutes"
        raise Refused("120", "deliv_time", rule, "give the minutes until delivery", value=values["deliv_time"])
    if "scheduled_time" in values and not now <= _moment(values["scheduled_time"]) <= now + _LATEST_DELIVERY:
        rule = "in the past, or more than 7 days ahead"
        raise Refused("120", "scheduled_time", rule, "give a time from now to 7 days", value=values["scheduled_time"])
    if not 0 <= integer(values, "validity") <= longest_validity:
        mend = "give the minutes of validity"
        raise Refused("101", "validity", f"not from 0 to {longest_validity} minutes", mend, value=values["validity"])


def check_push(values: Mapping[str, str]) -> None:
    """Refuse a WAP push that lacks a part or has an unknown action (101)."""
    require(values, "si_id", "si_url", "si_text")
    if values.get("si_action", "signal-medium") not in _SI_ACTIONS:
        mend = f"give one of {', '.join(sorted(_SI_ACTIONS))}"
        raise Refused("101", "si_action", "unknown", mend, value=values["si_action"])


def check_notification(values: Mapping[str, str]) -> None:
    """Refuse an MMS notification that lacks a part or has an unknown class (101)."""
    require(values, "mms_subject", "mms_class", "mms_expire", "mms_from", "mms_url")
    if values["mms_class"] not in _MMS_CLASSES:
        mend = f"give one of {', '.join(sorted(_MMS_CLASSES))}"
        raise Refused("101", "mms_class", "unknown", mend, value=values["mms_class"])


def _client_id_rule(client_id: str) -> tuple[str, str]:
    """The rule that a client id breaks, and the change that mends it."""
    place = next((index for index, each in enumerate(client_id) if not _ALPHANUMERIC.fullmatch(each)), None)
    if place is None:
        return f"{len(client_id)} characters, but at most 32 are allowed", "give a shorter id"
    return "only letters and digits, at most 32", f"leave out the character at position {place}"


def _hexadecimal_rule(digits: str, unit: int) -> str:
    wrong = _NOT_HEXADECIMAL.search(digits)
    if wrong is not None:
        return f"not hexadecimal at position {wrong.start()}"
    return f"{len(digits)} hexadecimal digits, not a multiple of {unit}"


def _moment(value: str) -> datetime:
    """A point in time: seconds of the Unix clock, or a date and time in UTC (otherwise refused: 120)."""
    if _UNIX_TIME.fullmatch(value):
        return datetime.fromtimestamp(int(value), UTC)
    if _UTC_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    mend = "give the seconds of the Unix clock, or a time such as 2026-01-31T12:00:00Z"
    raise Refused("120", "scheduled_time", "not a time", mend, value=value)


def _check_credits(value: str) -> None:
    try:
        finite = Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite or value.lstrip().startswith("-"):
        raise Refused("101", "max_credits", "not a number of 0 or more", "give a number of credits", value=value)
