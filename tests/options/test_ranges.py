"""Every option: its range, its unit, what it is on the wire, and what is said of a wrong one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from clicksoap import BatchOptions, CallbackOn, Client, Feature, InvalidInput, NotExpressible, SendOptions
from clicksoap.options import Options, minutes_until
from clicksoap.protocol.arguments import ViewOptions
from clicksoap.protocol.bindings.http import HttpApi
from clicksoap.protocol.bindings.serializer import integer

MINUTE = timedelta(minutes=1)
WEEK = 10080 * MINUTE

Arrived = Callable[..., dict[str, str]]


def of(**given: Any) -> Options:
    return Options.of(**given)


def test_without_options_nothing_is_asked_for() -> None:
    plain = of()
    assert plain.content == {}
    assert plain.features == Feature(0)
    assert plain.max_parts == 35
    assert not plain.has_max_parts
    assert not plain.unique
    assert (plain.deliver_at, plain.client_message_id, plain.reference, plain.extra) == (None, None, None, {})


def test_without_options_only_the_text_arrives(arrived: Arrived) -> None:
    assert arrived() == {"text": "hello"}


@pytest.mark.parametrize(
    ("option", "value", "parameter", "wire"),
    [
        ("callback", CallbackOn.NONE, "msg_callback", 0),
        ("callback", 0, "msg_callback", 0),
        ("callback", CallbackOn.FINAL | CallbackOn.ERROR, "msg_callback", 6),
        ("callback", 7, "msg_callback", 7),
        ("callback", CallbackOn.ALL, "msg_callback", 7),
        ("deliver_after", timedelta(0), "deliv_time", 0),
        ("deliver_after", MINUTE, "deliv_time", 1),
        ("deliver_after", timedelta(hours=1.5), "deliv_time", 90),
        ("deliver_after", WEEK, "deliv_time", 10080),
        ("validity", MINUTE, "validity", 1),
        ("validity", timedelta(days=1), "validity", 1440),
        ("validity", WEEK, "validity", 10080),
        ("max_credits", 1, "max_credits", Decimal(1)),
        ("max_credits", Decimal("0.8"), "max_credits", Decimal("0.8")),
        ("max_credits", Decimal("1E+2"), "max_credits", Decimal(100)),
        ("max_credits", 2**31 - 1, "max_credits", Decimal(2**31 - 1)),
        ("queue", 1, "queue", 1),
        ("queue", 3, "queue", 3),
        ("escalate", True, "escalate", 1),
        ("two_way", True, "mo", 1),
        ("delivery_receipt", True, "deliv_ack", 1),
    ],
)
def test_an_option_within_its_range_becomes_the_gateways_parameter(
    option: str, value: object, parameter: str, wire: object
) -> None:
    content = of(**{option: value}).content
    assert content == {parameter: wire}
    assert str(content[parameter]) == str(wire)


@pytest.mark.parametrize("option", ["escalate", "two_way", "delivery_receipt", "unique"])
def test_a_switch_that_is_off_is_left_out(option: str) -> None:
    assert of(**{option: False}).content == {}


WRONG: list[tuple[str, object, str]] = [
    ("callback", -1, "callback is out of range: give 0 to 7"),
    ("callback", 8, "callback is out of range: give 0 to 7"),
    ("callback", True, "callback is bool: give an int"),
    ("callback", "1", "callback is str: give an int"),
    ("deliver_after", -MINUTE, "deliver_after is out of range: give 0 to 10080 minutes"),
    ("deliver_after", WEEK + MINUTE, "deliver_after is out of range: give 0 to 10080 minutes"),
    ("deliver_after", timedelta(seconds=90), "deliver_after is not a whole number of minutes.*round it"),
    ("deliver_after", timedelta(microseconds=1), "deliver_after is not a whole number of minutes.*round it"),
    ("deliver_after", 5, "deliver_after is int: give a timedelta"),
    ("deliver_after", timedelta.max, "deliver_after is"),
    ("validity", timedelta(0), "validity is out of range: give 1 to 10080 minutes"),
    ("validity", WEEK + MINUTE, "validity is out of range: give 1 to 10080 minutes"),
    ("validity", timedelta(minutes=1, seconds=1), "validity is not a whole number of minutes.*round it"),
    ("validity", 1440, "validity is int: give a timedelta"),
    ("max_credits", 0, "max_credits is not a positive amount"),
    ("max_credits", -1, "max_credits is not a positive amount"),
    ("max_credits", Decimal("-0.1"), "max_credits is not a positive amount"),
    ("max_credits", Decimal("NaN"), "max_credits is not a positive amount"),
    ("max_credits", Decimal("sNaN"), "max_credits is not a positive amount"),
    ("max_credits", Decimal("Infinity"), "max_credits is not a positive amount"),
    ("max_credits", Decimal("1E+999999"), "max_credits is not a positive amount"),
    ("max_credits", 2**31, "max_credits is not a positive amount"),
    ("max_credits", 1.5, "max_credits is float: give a Decimal or an int"),
    ("max_credits", True, "max_credits is bool: give a Decimal or an int"),
    ("max_credits", "1", "max_credits is str: give a Decimal or an int"),
    ("max_parts", 0, "max_parts is out of range: give 1 to 35"),
    ("max_parts", 36, "max_parts is out of range: give 1 to 35"),
    ("max_parts", "3", "max_parts is str: give an int"),
    ("max_parts", 2.0, "max_parts is float: give an int"),
    ("features", "ALPHA", "features is not a Feature: give Feature.ALPHA"),
    ("features", -1, "features is not a Feature: give Feature.ALPHA"),
    ("features", True, "features is not a Feature: give Feature.ALPHA"),
    ("queue", 0, "queue is out of range: give 1 to 3"),
    ("queue", 4, "queue is out of range: give 1 to 3"),
    ("queue", True, "queue is bool: give an int"),
    ("escalate", 1, "escalate is int: give True or False"),
    ("two_way", "yes", "two_way is str: give True or False"),
    ("delivery_receipt", None, "delivery_receipt is NoneType: give True or False"),
    ("unique", 1, "unique is int: give True or False"),
    ("client_message_id", "", "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", "a" * 33, "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", "a b", "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", "a-b", "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", "zoé", "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", "a\n", "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("client_message_id", 7, "client_message_id is not valid: give a str of up to 32 letters and digits"),
    ("deliver_at", datetime(2030, 1, 1), "deliver_at is not a datetime with a time zone"),  # noqa: DTZ001 - the case
    ("deliver_at", date(2030, 1, 1), "deliver_at is not a datetime with a time zone"),
    ("deliver_at", 5, "deliver_at is not a datetime with a time zone"),
    ("deliver_at", "2030-01-01T00:00:00Z", "deliver_at is not a datetime with a time zone"),
    ("extra", "x=1", "extra is str: give a dict"),
    ("extra", [("x", 1)], "extra is list: give a dict"),
    ("extra", {1: "x"}, "extra holds a name that is int"),
    ("extra", {"to": "27821234567"}, "extra holds 'to'"),
    ("extra", {"climsgid": "x"}, "extra holds 'climsgid'"),
    ("extra", {"session_id": "x"}, "extra holds 'session_id'"),
]


@pytest.mark.parametrize(("option", "value", "words"), WRONG, ids=lambda value: repr(value)[:30])
def test_an_option_out_of_its_range_is_refused_by_name_with_the_mend(option: str, value: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        of(**{option: value})


def test_every_option_but_the_callers_own_reference_is_among_the_refused() -> None:
    tried = {option for option, _, _ in WRONG}
    assert {*SendOptions.__annotations__, *BatchOptions.__annotations__} - tried == {"sender", "reference"}


def test_an_unknown_option_is_refused_with_those_that_are(sms: Client) -> None:
    with pytest.raises(
        InvalidInput, match=r"'senders' is not an option: use any of callback, client_message_id, deliver_after, .*"
    ):
        sms.send("27821234567", "hello", senders="acme")  # type: ignore[call-arg]
    for name in ViewOptions.__annotations__.keys() - SendOptions.__annotations__.keys():
        with pytest.raises(InvalidInput, match=f"'{name}' is not an option of a message: give it to the client"):
            sms.send("27821234567", "hello", **{name: 10})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="'concat' is not an option"):
        sms.batch("hello", concat=3)  # type: ignore[call-arg]


def test_delay_and_moment_exclude_one_another() -> None:
    with pytest.raises(InvalidInput, match="deliver_after and deliver_at exclude one another"):
        of(deliver_after=MINUTE, deliver_at=datetime.now(UTC) + MINUTE)


def test_extra_parameters_do_not_contradict_an_option() -> None:
    with pytest.raises(InvalidInput, match="extra holds 'deliv_time'"):
        of(deliver_after=MINUTE, extra={"deliv_time": 5})
    assert of(extra={"campaign": "spring"}).extra == {"campaign": "spring"}


@pytest.mark.parametrize("ahead", [timedelta(seconds=5), timedelta(hours=1), WEEK - timedelta(seconds=1)])
def test_a_moment_within_seven_days_is_taken(ahead: timedelta) -> None:
    moment = datetime.now(UTC) + ahead
    assert of(deliver_at=moment).deliver_at == moment


@pytest.mark.parametrize("ahead", [timedelta(seconds=-1), timedelta(days=-400), WEEK + timedelta(minutes=1)])
def test_a_moment_that_is_past_or_too_far_is_refused(ahead: timedelta) -> None:
    with pytest.raises(InvalidInput, match="deliver_at is past, or more than 7 days ahead"):
        of(deliver_at=datetime.now(UTC) + ahead)


@pytest.mark.parametrize("hours", [-23, 0, 23])
def test_the_ends_of_time_are_refused_and_break_nothing(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    for moment in (datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)):
        with pytest.raises(InvalidInput, match="deliver_at is past, or more"):
            of(deliver_at=moment)


@pytest.mark.parametrize(
    ("ahead", "minutes"),
    [(timedelta(seconds=1), 1), (timedelta(seconds=59), 1), (timedelta(seconds=61), 2), (timedelta(seconds=-61), 0)],
)
def test_minutes_are_rounded_up_so_that_nothing_goes_out_early(ahead: timedelta, minutes: int) -> None:
    assert minutes_until(datetime.now(UTC) + ahead) == minutes


def test_a_moment_in_another_time_zone_is_the_same_moment(arrived: Arrived) -> None:
    moment = (datetime.now(UTC) + timedelta(hours=3)).astimezone(timezone(timedelta(hours=-11)))
    assert arrived(deliver_at=moment)["deliv_time"] == "180"


def test_options_arrive_over_every_binding(arrived: Arrived) -> None:
    found = arrived(
        sender="Acme Ltd",
        callback=CallbackOn.FINAL,
        deliver_after=timedelta(hours=2),
        validity=timedelta(hours=12),
        max_credits=2,
        queue=1,
        escalate=True,
        two_way=True,
        delivery_receipt=True,
    )
    assert found == {
        "text": "hello",
        "from": "Acme Ltd",
        "req_feat": "16",
        "msg_callback": "2",
        "deliv_time": "120",
        "validity": "720",
        "max_credits": "2",
        "queue": "1",
        "escalate": "1",
        "mo": "1",
        "deliv_ack": "1",
    }


def test_features_are_joined_with_those_that_follow_from_the_message(arrived: Arrived) -> None:
    found = arrived(sender="27831234567", features=Feature.DELIVERY_ACK | Feature.CONCAT)
    assert int(found["req_feat"]) == Feature.DELIVERY_ACK | Feature.CONCAT | Feature.NUMERIC


def test_fractional_credits_are_said_where_the_binding_can_say_them(arrived: Arrived, binding: str) -> None:
    if binding == "document_literal":
        with pytest.raises(NotExpressible, match=r"max_credits is fractional.*rpc_encoded or http"):
            arrived(max_credits=Decimal("1.5"))
    else:
        assert Decimal(arrived(max_credits=Decimal("1.5"))["max_credits"]) == Decimal("1.5")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([object()], r"^ind_x\[0\] is object: give"),
        (["1", True], r"^ind_x\[1\] is bool: give"),
        (["1", None], r"^ind_x\[1\] is NoneType: give"),
        (["1", "\0"], "^ind_x holds U"),
        ([1, "\0"], r"^ind_x\[1\] holds U"),
        ([], "^ind_x is empty: give at least one"),
        (Decimal("NaN"), "^ind_x is not finite: give a finite number"),
        (1.5, "^ind_x is float: give"),
    ],
)
def test_what_has_no_text_of_its_own_is_refused_by_the_http_api(given: object, words: str) -> None:
    """It would arrive as its repr."""
    value: Any = given
    with pytest.raises(InvalidInput, match=words):
        HttpApi("http://127.0.0.1:9").encode("sendmsg", {"ind_x": value})


def test_several_values_are_joined_by_the_http_api() -> None:
    for given in (["1", "2"], ["1", 2], (1, 2)):
        several: Any = given
        assert b"ind_x=1%2C2" in HttpApi("http://127.0.0.1:9").encode("sendmsg", {"ind_x": several}).body


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, Decimal(2**31)])
def test_an_integer_of_too_many_bits_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^queue is beyond .*: give -2147483648 to 2147483647$"):
        integer("queue", value)


def test_a_lowered_number_of_parts_refuses_the_longer_text_before_it_leaves(sms: Client) -> None:
    with pytest.raises(InvalidInput, match=r"needs 2 parts: shorten it, 1 are allowed \(max_parts=, at most 35\)"):
        sms.send("27821234567", "x" * 161, max_parts=1)


def test_a_batch_takes_the_options_of_every_message_and_not_those_of_one_send(sms: Client) -> None:
    for option in ({"reference": 1}, {"unique": True}, {"extra": {"x": 1}}):
        with pytest.raises(InvalidInput, match="reference, unique and extra belong to a send"):
            sms.batch("hello", **option)
    with sms.batch("hello", max_parts=3, validity=timedelta(hours=1)) as batch:
        assert batch.quicksend("27821234567").accepted


def test_the_repr_of_options_shows_no_content() -> None:
    shown = repr(of(sender="27831234567", extra={"pin": "4711"}))
    assert "27831234567" not in shown
    assert "4711" not in shown
