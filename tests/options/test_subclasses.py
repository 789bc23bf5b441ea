"""Values of subclasses, as date libraries and enumerations make them: they are taken for what they hold."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest

from clicksoap import Binary, Client, InvalidInput, MmsNotification, Text, WapPush
from clicksoap.options import Options
from clicksoap.simulator import Simulator

Arrived = Callable[..., dict[str, str]]


def _broken(*_: object) -> Any:
    raise AttributeError("'datetime.timedelta' object has no attribute 'in_seconds'")


OPERATORS = (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mod__", "__rmod__", "__floordiv__", "__rfloordiv__", "__neg__"),
    *("__lt__", "__le__", "__gt__", "__ge__", "__str__", "__format__", "__mul__", "__rmul__", "__abs__", "__bool__"),
    *("__int__", "__float__", "__index__", "__trunc__", "__divmod__", "__rdivmod__"),
)


def hostile(kind: type[Any], **more: Any) -> type[Any]:
    """A subclass whose arithmetic, comparisons and attributes are not those of its base."""
    return type(f"Own{kind.__name__}", (kind,), {**dict.fromkeys(OPERATORS, _broken), **more})


OwnDuration = hostile(timedelta, days=property(_broken), seconds=property(_broken), total_seconds=_broken)
OwnMoment = hostile(
    datetime, astimezone=_broken, strftime=_broken, isoformat=_broken, timestamp=_broken, year=property(_broken)
)
OwnInt = hostile(int)
OwnDecimal = hostile(Decimal)
OwnBytes = type("OwnBytes", (bytes,), {"hex": _broken, "__len__": _broken})


class Wrapped(str, Enum):  # noqa: UP042 - the case
    """An enumeration of the older kind, whose ``str()`` is its name."""

    SENDER = "Acme"
    TEXT = "hello & goodbye"
    ID = "abc123"
    NUMBER = "27821234567"


class Level(IntEnum):
    FINAL = 2
    FIRST = 1


class Word(StrEnum):
    SENDER = "Acme"


@pytest.mark.parametrize(
    ("option", "value", "plain"),
    [
        ("deliver_after", OwnDuration(hours=2), timedelta(hours=2)),
        ("validity", OwnDuration(hours=2), timedelta(hours=2)),
        ("max_credits", OwnInt(2), 2),
        ("max_credits", OwnDecimal("1.50"), Decimal("1.50")),
        ("callback", Level.FINAL, 2),
        ("callback", OwnInt(2), 2),
        ("queue", Level.FIRST, 1),
        ("queue", OwnInt(1), 1),
        ("max_parts", OwnInt(3), 3),
        ("features", OwnInt(16), 16),
        ("sender", Wrapped.SENDER, "Acme"),
        ("sender", Word.SENDER, "Acme"),
        ("sender", OwnInt(27831234567), 27831234567),
        ("client_message_id", Wrapped.ID, "abc123"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_an_option_of_a_subclass_is_taken_for_what_it_holds(option: str, value: Any, plain: Any) -> None:
    found, expected = Options.of(**{option: value}), Options.of(**{option: plain})
    assert found.content == expected.content
    assert (found.max_parts, found.features) == (expected.max_parts, expected.features)
    assert found.client_message_id == expected.client_message_id
    assert type(found.client_message_id) in {str, type(None)}
    for name, sent in found.content.items():
        assert type(sent) is type(expected.content[name])


def test_a_moment_of_a_subclass_is_sent_in_minutes(arrived: Arrived) -> None:
    moment = datetime.now(timezone(timedelta(hours=5))) + timedelta(hours=3)
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond)
    assert arrived(deliver_at=OwnMoment(*parts, moment.tzinfo))["deliv_time"] == "180"


def test_the_times_of_a_push_of_subclasses_are_sent_in_utc(arrived: Arrived) -> None:
    moment = OwnMoment(2030, 1, 2, 3, 4, 5, 0, timezone(timedelta(hours=1)))
    found = arrived(WapPush("http://example.org", "hello", created=moment, expires=moment))
    assert found["si_created"] == found["si_expires"] == "2030-01-02T02:04:05Z"
    found = arrived(MmsNotification("http://example.org/m", "hello", "Acme", OwnDuration(days=2)))
    assert found["mms_expire"] == "172800"


def test_texts_and_octets_of_subclasses_are_sent_as_they_are(arrived: Arrived, shared: Simulator, sms: Client) -> None:
    assert arrived(Wrapped.TEXT)["text"] == arrived(Text(Wrapped.TEXT))["text"] == "hello & goodbye"
    push = arrived(WapPush("http://example.org", Wrapped.TEXT))
    assert push["si_text"] == "hello & goodbye"
    assert arrived(Binary(OwnBytes(b"\x01\x02")))["data"] == "0102"
    assert sms.send([Wrapped.NUMBER, OwnInt(27831234567)], "hello").accepted
    assert {message.to for message in shared.gateway.messages[-2:]} == {"27821234567", "27831234567"}
    with sms.batch(Wrapped.TEXT) as batch:
        assert batch.quicksend(Wrapped.NUMBER).accepted
    assert shared.gateway.messages[-1].text == "hello & goodbye"


class Nowhere(tzinfo):
    """A time zone that does not work."""

    def __init__(self, offset: Any) -> None:
        self._offset = offset

    def utcoffset(self, moment: datetime | None) -> Any:  # noqa: ARG002 - as the base class has it
        if isinstance(self._offset, Exception):
            raise self._offset
        return self._offset

    def dst(self, moment: datetime | None) -> None:
        """Unknown."""

    def tzname(self, moment: datetime | None) -> None:
        """Unknown."""


@pytest.mark.parametrize("offset", [None, LookupError("no such zone"), 5, timedelta(days=2)], ids=repr)
def test_a_time_zone_that_does_not_work_is_refused(offset: Any) -> None:
    moment = datetime(2030, 1, 1, tzinfo=Nowhere(offset))
    with pytest.raises(InvalidInput, match="deliver_at is not a datetime with a time zone"):
        Options.of(deliver_at=moment)
    with pytest.raises(InvalidInput, match="expires is not a datetime with a time zone"):
        WapPush("http://example.org", "hello", expires=moment)


def test_a_push_does_not_reach_beyond_the_calendar() -> None:
    for moment in (
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime(1969, 12, 31, tzinfo=UTC),
    ):
        with pytest.raises(InvalidInput, match="created is out of range: give a time from the year 1970 to 9999"):
            WapPush("http://example.org", "hello", created=moment)


@pytest.mark.parametrize("name", ["url", "text", "id"])
def test_a_push_of_blanks_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is empty: give a text"):
        WapPush(**{"url": "http://example.org", "text": "hello", name: " \t\n"})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["url", "subject", "sender"])
def test_a_notification_of_blanks_is_refused(name: str) -> None:
    parts = {"url": "http://example.org", "subject": "hello", "sender": "Acme", name: "\N{NO-BREAK SPACE} "}
    with pytest.raises(InvalidInput, match=f"{name} is empty: give a text"):
        MmsNotification(**parts, expires=timedelta(days=1))  # type: ignore[arg-type]


@pytest.mark.parametrize("credit", [Decimal("1E-999999"), Decimal("0.0000001"), Decimal("1.1234567")], ids=repr)
def test_an_amount_beyond_any_price_list_is_refused(credit: Decimal) -> None:
    with pytest.raises(InvalidInput, match="max_credits is too precise: give at most 6 decimal places"):
        Options.of(max_credits=credit)
