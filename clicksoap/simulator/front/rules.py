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

_MESSAGE_TYPES: Final = frozenset(
    {
        *("SMS_TEXT", "SMS_FLASH", "SMS_NOKIA_OLOGO", "SMS_NOKIA_GLOGO", "SMS_NOKIA_PICTURE", "SMS_NOKIA_RINGTONE"),
        *("SMS_NOKIA_RTTL", "SMS_NOKIA_CLEAN", "SMS_NOKIA_VCARD", "SMS_NOKIA_VCAL"),
    }
)
_SI_ACTIONS: Final = frozenset({"signal-none", "signal-low", "signal-medium", "signal-high", "delete"})
_MMS_CLASSES: Final = frozenset({"80", "81", "82", "83"})


class Refused(Exception):
    """The gateway refuses a whole command.

    Attributes:
        code: The three-digit code of the error.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def error_line(code: str, until: int) -> str:
    """The reply line of an error; ``until`` is the Unix time in seconds at which error 130 ends."""
    text = ERRORS[code]
    if code == "130":
        text = f"{text} until {until}"
    return f"ERR: {code}, {text}"


def number_problem(number: str) -> str | None:
    """The code of the error of a destination number; None for a valid number."""
    if not _NUMBER.fullmatch(number):
        return "105"
    if number.startswith(REFUSED_PREFIX):
        code = number[3:6]
        return code if code in ERRORS else "105"
    return None


def dialled(number: str, prefix: str) -> str:
    """A number with its leading 0 replaced by an account's country code; unchanged if the account has none."""
    return f"{prefix}{number[1:]}" if prefix and number.startswith("0") and not number.startswith("00") else number


def require(values: Mapping[str, str], *names: str) -> None:
    """Refuse a command that lacks a parameter (101)."""
    if not all(name in values for name in names):
        raise Refused("101")


def integer(values: Mapping[str, str], name: str) -> int:
    """A parameter as an integer; 0 if it is not given. Anything else is refused (101)."""
    value = values.get(name, "0")
    if not _INTEGER.fullmatch(value):
        raise Refused("101")
    return int(value)


def shown_text(values: Mapping[str, str], name: str) -> tuple[str, bool]:
    """The text of a parameter as a phone shows it, and true if it came as hexadecimal UTF-16.

    Invalid hexadecimal or UTF-16 is refused (116).
    """
    text = values.get(name, "")
    if not text or integer(values, "unicode") != 1:
        return text, False
    if not _UTF16_HEXADECIMAL.fullmatch(text):
        raise Refused("116")
    try:
        return bytes.fromhex(text).decode("utf-16-be"), True
    except UnicodeDecodeError:
        raise Refused("116") from None


def due(values: Mapping[str, str], now: datetime) -> datetime:
    """The time at which a message goes out: its ``scheduled_time`` or now plus ``deliv_time``, never before now."""
    if "scheduled_time" in values:
        return max(now, _moment(values["scheduled_time"]))
    return now + timedelta(minutes=integer(values, "deliv_time"))


def check_options(values: Mapping[str, str], now: datetime, longest_validity: int) -> None:
    """Refuse invalid options of a message: 101, 102, 106, 112 and 120."""
    for name in NUMERIC - {"api_id", "max_credits"}:
        integer(values, name)
    _check_credits(values.get("max_credits", "0"))
    if not 0 <= integer(values, "deliv_time") <= _LATEST_DELIVERY // timedelta(minutes=1):
        raise Refused("120")
    if "scheduled_time" in values and not now <= _moment(values["scheduled_time"]) <= now + _LATEST_DELIVERY:
        raise Refused("120")
    if integer(values, "msg_callback") not in _CALLBACKS:
        raise Refused("101")
    if not 0 <= integer(values, "validity") <= longest_validity:
        raise Refused("101")
    if "climsgid" in values and not _CLIENT_ID.fullmatch(values["climsgid"]):
        raise Refused("101")
    if "udh" in values and not HEXADECIMAL.fullmatch(values["udh"]):
        raise Refused("102")
    if values.get("msg_type", "SMS_TEXT") not in _MESSAGE_TYPES:
        raise Refused("112")
    sender = values.get("from", "")
    if len(sender) > _SENDER_NAME_LENGTH and not _SENDER_NUMBER.fullmatch(sender):
        raise Refused("106")


def check_push(values: Mapping[str, str]) -> None:
    """Refuse a WAP push that lacks a part or has an unknown action (101)."""
    require(values, "si_id", "si_url", "si_text")
    if values.get("si_action", "signal-medium") not in _SI_ACTIONS:
        raise Refused("101")


def check_notification(values: Mapping[str, str]) -> None:
    """Refuse an MMS notification that lacks a part or has an unknown class (101)."""
    require(values, "mms_subject", "mms_class", "mms_expire", "mms_from", "mms_url")
    if values["mms_class"] not in _MMS_CLASSES:
        raise Refused("101")


def _moment(value: str) -> datetime:
    """A point in time: seconds of the Unix clock, or a date and time in UTC (otherwise refused: 120)."""
    if _UNIX_TIME.fullmatch(value):
        return datetime.fromtimestamp(int(value), UTC)
    if not _UTC_TIME.fullmatch(value):
        raise Refused("120")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Refused("120") from None


def _check_credits(value: str) -> None:
    try:
        finite = Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite or value.lstrip().startswith("-"):
        raise Refused("101")
