"""WAP pushes and MMS notifications: what they hold, and what a binding can carry of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from clicksoap import Client, InvalidInput, MmsClass, MmsNotification, NotExpressible, PushAction, WapPush
from clicksoap.simulator import Simulator

TO = "27821234567"
PUSH = {"url": "http://example.org/?a=1&b=2", "text": "Your parcel"}
MMS = {"url": "http://example.org/m", "subject": "A photo", "sender": "Acme", "expires": timedelta(days=1)}

Arrived = Callable[..., dict[str, str]]


def push(**named: Any) -> WapPush:
    return WapPush(**{**PUSH, **named})


def mms(**named: Any) -> MmsNotification:
    return MmsNotification(**{**MMS, **named})


def test_a_push_arrives_whole(arrived: Arrived, shared: Simulator) -> None:
    cape = timezone(timedelta(hours=2))
    found = arrived(
        push(
            id="parcel-7",
            created=datetime(2030, 5, 1, 1, 30, 15, tzinfo=cape),
            expires=datetime(2030, 5, 2, 12, 0, tzinfo=UTC),
            action=PushAction.HIGH,
        )
    )
    assert shared.gateway.messages[-1].command == "si_push"
    assert found == {
        "si_id": "parcel-7",
        "si_url": PUSH["url"],
        "si_text": PUSH["text"],
        "si_created": "2030-04-30T23:30:15Z",
        "si_expires": "2030-05-02T12:00:00Z",
        "si_action": "signal-high",
    }


def test_a_push_of_two_words_gets_an_id_of_its_own_and_nothing_else(arrived: Arrived) -> None:
    first, second = arrived(push()), arrived(push())
    assert first.keys() == {"si_id", "si_url", "si_text"}
    assert first["si_id"] != second["si_id"]


@pytest.mark.parametrize("action", list(PushAction))
def test_every_action_is_taken_by_the_gateway(arrived: Arrived, action: PushAction) -> None:
    assert arrived(push(action=action))["si_action"] == action.value


def test_the_actions_are_the_gateways() -> None:
    assert [*PushAction] == ["signal-none", "signal-low", "signal-medium", "signal-high", "delete"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        *(({name: ""}, f"{name} is empty") for name in ("url", "text", "id")),
        *(({name: None}, f"{name} is NoneType: give a str") for name in ("url", "text", "id")),
        ({"text": "a\x00"}, r"text holds U\+0000"),
        ({"created": datetime(2030, 1, 1)}, "created is not a datetime with a time zone"),  # noqa: DTZ001 - the case
        ({"expires": datetime(2030, 1, 1)}, "expires is not a datetime with a time zone"),  # noqa: DTZ001 - the case
        ({"expires": timedelta(days=1)}, "expires is not a datetime with a time zone"),
        ({"action": "signal-loud"}, "action is not a PushAction"),
        ({"action": "signal-high"}, "action is not a PushAction"),
    ],
    ids=range(12),
)
def test_a_push_that_lacks_a_part_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        push(**wrong)


@pytest.mark.parametrize("name", ["url", "text", "id"])
def test_characters_beyond_latin_1_in_a_push_are_said_by_document_literal_alone(
    sms: Client, shared: Simulator, binding: str, name: str
) -> None:
    message = push(**{name: "5 \N{EURO SIGN}"})
    if binding == "document_literal":
        sms.send(TO, message)
        assert shared.gateway.messages[-1].parameters[f"si_{name}"] == "5 \N{EURO SIGN}"
    else:
        with pytest.raises(NotExpressible, match=f"{name} holds characters outside ISO-8859-1.*use document_literal"):
            sms.send(TO, message)


def test_latin_1_in_a_push_arrives_over_every_binding(arrived: Arrived) -> None:
    assert arrived(push(text="Zoé & Ñandú"))["si_text"] == "Zoé & Ñandú"


def test_a_notification_arrives_whole(arrived: Arrived, shared: Simulator) -> None:
    found = arrived(mms(class_=MmsClass.INFORMATIONAL))
    assert shared.gateway.messages[-1].command == "ind_push"
    assert found == {
        "mms_subject": "A photo",
        "mms_class": "82",
        "mms_expire": "86400",
        "mms_from": "Acme",
        "mms_url": "http://example.org/m",
    }


@pytest.mark.parametrize(
    ("kind", "wire"), [("PERSONAL", 80), ("ADVERTISEMENT", 81), ("INFORMATIONAL", 82), ("AUTO", 83)]
)
def test_every_class_is_taken_by_the_gateway(arrived: Arrived, kind: str, wire: int) -> None:
    assert arrived(mms(class_=MmsClass[kind]))["mms_class"] == str(wire)


def test_a_notification_is_personal_unless_it_says_otherwise(arrived: Arrived) -> None:
    assert arrived(mms())["mms_class"] == "80"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        *(({name: ""}, f"{name} is empty") for name in ("url", "subject", "sender")),
        ({"expires": timedelta(0)}, "expires is not a timedelta of whole, positive seconds"),
        ({"expires": timedelta(seconds=-1)}, "expires is not a timedelta of whole, positive seconds"),
        ({"expires": timedelta(seconds=1.5)}, "expires is not a timedelta of whole, positive seconds"),
        ({"expires": 60}, "expires is not a timedelta of whole, positive seconds"),
        ({"class_": "80"}, "class_ is not an MmsClass"),
    ],
    ids=range(8),
)
def test_a_notification_that_lacks_a_part_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        mms(**wrong)


@pytest.mark.parametrize("name", ["url", "subject", "sender"])
def test_characters_beyond_latin_1_in_a_notification_are_said_by_document_literal_alone(
    sms: Client, binding: str, name: str
) -> None:
    if binding == "document_literal":
        assert sms.send(TO, mms(**{name: "\N{SNOWMAN}"})).accepted
    else:
        with pytest.raises(NotExpressible, match=f"{name} holds characters outside ISO-8859-1"):
            sms.send(TO, mms(**{name: "\N{SNOWMAN}"}))


def test_pushes_take_the_options_of_any_message(arrived: Arrived) -> None:
    found = arrived(push(), sender="27831234567", deliver_after=timedelta(minutes=30), validity=timedelta(hours=1))
    assert (found["from"], found["deliv_time"], found["validity"]) == ("27831234567", "30", "60")
    found = arrived(mms(), queue=1, escalate=True)
    assert (found["queue"], found["escalate"]) == ("1", "1")


def test_several_recipients_get_their_pushes(sms: Client) -> None:
    report = sms.send([TO, "27831234567"], push())
    assert [result.to for result in report.accepted] == [TO, "27831234567"]


def test_reprs_show_no_link_and_no_text() -> None:
    for shown in (repr(push()), repr(mms())):
        assert not any(str(word) in shown for word in ("example.org", "parcel", "photo", "Acme"))
