"""Enqueueing: what is written, what a key means, and what is refused before anything is written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from outboxes import OTHERS, TO, Store, client, enqueue, settle, sound, states

from clicksoap import Binary, BinaryType, Client, InvalidInput, MmsNotification, Text, WapPush
from clicksoap.errors import KeyTaken, NotExpressible
from clicksoap.messages import Feature, PushAction
from clicksoap.options import CallbackOn
from clicksoap.outbox import Outbox, Priority
from clicksoap.protocol.endpoint import BindingName
from clicksoap.simulator import Message, Simulator

CALLBACK: Final = CallbackOn.FINAL | CallbackOn.ERROR
CREATED: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MESSAGES: Final[dict[str, Any]] = {
    "a str": "hello",
    "every character": "ÀÉ\r\n€[]{}~ ^\\|\t&<>\"' 100 %s %d ? :name %%",
    "a text": Text("hello", flash=True),
    "unicode": Text("Grüße, Ελλάδα 😀"),
    "unicode forced": Text("hello", unicode=True),
    "octets": Binary(b"\x00\x01\xff", b"\x05\x00\x03\x01\x01\x01"),
    "a vcard": Binary(b"BEGIN:VCARD", type=BinaryType.VCARD),
    "a push": WapPush(
        "http://example.org/?a=1&b=2", "look", "id1", CREATED, CREATED + timedelta(days=2000), PushAction.HIGH
    ),
    "a bare push": WapPush("http://example.org", "look"),
    "an mms": MmsNotification("http://example.org/mms", "subject", "Acme", timedelta(days=2)),
}
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "sender": {"sender": "Acme"},
    "number of a sender": {"sender": 27820000000},
    "callback": {"callback": CallbackOn.ALL},
    "no callback": {"callback": CallbackOn.NONE},
    "deliver_at": {"deliver_at": datetime.now(UTC) + timedelta(days=2)},
    "validity": {"validity": timedelta(minutes=90)},
    "max_credits": {"max_credits": Decimal("2.50")},
    "max_parts": {"max_parts": 4},
    "features": {"features": Feature.ALPHA | Feature.DELIVERY_ACK},
    "queue": {"queue": 2},
    "escalate": {"escalate": True},
    "two_way": {"two_way": True, "sender": "27820000000"},
    "delivery_receipt": {"delivery_receipt": True},
}
BINDINGS: Final[tuple[BindingName, ...]] = ("document_literal", "rpc_encoded", "http")


def got(message: Message) -> dict[str, Any]:
    """What the gateway got, but for what is another one's in each request."""
    parameters = {name: value for name, value in message.parameters.items() if name not in {"climsgid", "deliv_time"}}
    minutes = round((message.due - message.created).total_seconds() / 60)
    return {"command": message.command, "to": message.to, "text": message.text, "flash": message.flash} | {
        "data": message.data,
        "udh": message.udh,
        "sender": message.sender,
        "parts": message.parts,
        "parameters": parameters,
        "minutes": minutes // 10,
        "callback": message.callback,
    }


@pytest.mark.parametrize("binding", BINDINGS)
def test_every_message_and_option_arrives_as_a_client_sends_it(
    store: Store, gateway: Simulator, binding: BindingName
) -> None:
    """The comparison is with the same call of Client.send; only the delivery report is asked for beyond it."""
    calls: list[tuple[Any, dict[str, Any]]] = [(message, {}) for message in MESSAGES.values()] + [
        ("hello", options) for options in OPTIONS.values()
    ]
    box = store.box(binding=binding)
    with client(gateway, binding=binding, auth="credentials") as sms:
        sent: list[tuple[Any, dict[str, Any]]] = []
        for message, options in calls:
            try:
                sms.send(TO, message, **{"callback": CALLBACK, **options})
            except NotExpressible:
                with pytest.raises(NotExpressible), box.transaction() as transaction:
                    box.enqueue(transaction, TO, message, key="inexpressible", **options)
            else:
                sent.append((message, options))
        expected = [got(each) for each in gateway.messages]
        assert len(expected) == len(sent)
        gateway.reset()
        with box.transaction() as transaction:
            for number, (message, options) in enumerate(sent):
                box.enqueue(transaction, TO, message, key=f"{number:03}", **options)
        settle(box, sms, senders=1)
    assert [got(each) for each in gateway.messages] == expected
    assert sound(box) == {"accepted": len(sent)}


def test_the_options_are_all_tried() -> None:
    from clicksoap.options import BatchOptions, SendOptions  # noqa: PLC0415 - of this test alone
    from clicksoap.outbox.content import _NOT_STORED  # noqa: PLC0415 - as above

    names = {*SendOptions.__annotations__, *BatchOptions.__annotations__}
    tried = {name for options in OPTIONS.values() for name in options}
    assert names - tried == {*_NOT_STORED, "extra"}  # extra: a parameter of an in-house WSDL


@pytest.mark.parametrize("option", ["client_message_id", "reference", "unique", "deliver_after"])
def test_an_option_of_a_single_call_is_refused_with_what_to_give(box: Outbox, option: str) -> None:
    with box.transaction() as transaction, pytest.raises(InvalidInput, match=f"^{option} is not an option.*: leave"):
        box.enqueue(transaction, TO, "hello", key="key", **{option: "x"})  # type: ignore[arg-type]
    assert box.check().messages == 0


def test_a_message_says_what_it_was_told(box: Outbox) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    with box.transaction() as transaction:
        written = box.enqueue(
            transaction, "+27 82 123 4567", "hello", key="key", priority=Priority.ALERT, due_at=at, tag="otp"
        )
    assert (written.key, written.is_new, written.recipients, written.parts) == ("key", True, 1, 1)
    (message,) = box.get("key")
    assert (message.to, message.given, message.tag) == (TO, "+27 82 123 4567", "otp")
    assert (message.priority, message.parts, message.attempts, message.is_settled) == (Priority.ALERT, 1, 0, False)
    assert abs(message.due_at - at) < timedelta(milliseconds=1)
    assert (message.expires_at, message.settled_at, message.client_message_id) == (None, None, None)
    assert TO not in repr(message)
    assert "hello" not in repr(message)


def test_a_group_shares_one_request_and_keeps_its_order(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box, *OTHERS)
    settle(box, sms)
    messages = box.get("key")
    assert [each.to for each in messages] == list(OTHERS)
    assert [each.message_id for each in messages] == [each.id for each in gateway.messages]
    assert len({each.client_message_id for each in messages}) == 1
    assert gateway.gateway.commands["sendmsg"] == 1


def test_national_numbers_are_of_the_region(store: Store) -> None:
    box = store.box(region="ZA")
    assert [each.to for each in enqueue(box, "0821234567")] == [TO]


def test_the_same_call_again_writes_nothing(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box)
    with box.transaction() as transaction:
        assert not box.enqueue(transaction, TO, "hello", key="key").is_new
    settle(box, sms)
    with box.transaction() as transaction:
        assert not box.enqueue(transaction, f"+{TO}", Text("hello"), key="key").is_new
    settle(box, sms)
    assert len(gateway.messages) == 1


@pytest.mark.parametrize(
    ("to", "text", "what"),
    [([TO], "other", "another text"), (list(OTHERS), "hello", "other recipients"), (OTHERS[0], "hello", "other rec")],
)
def test_a_key_of_another_message_is_refused_and_the_transaction_goes_on(
    box: Outbox, to: Any, text: str, what: str
) -> None:
    enqueue(box)
    with box.transaction() as transaction:
        with pytest.raises(KeyTaken, match=f"key 'key' names a message with {what}"):
            box.enqueue(transaction, to, text, key="key")
        box.enqueue(transaction, TO, "next", key="next")
    assert sound(box) == {"pending": 2}
    assert [each.to for each in box.get("key")] == [TO]


REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "nobody": ({"to": []}, "^to is empty: give"),
    "twice in a group": ({"to": [TO, OTHERS[0], f"+{TO}"]}, "^to holds .* at positions 1 and 3: give it once"),
    "more than a request has": (
        {"to": [f"2782{n:07}" for n in range(301)]},
        "^to names 301 recipients, .* takes 100 of this message: enqueue several groups",
    ),
    "too long for a request of many": (
        {"to": [f"2782{n:07}" for n in range(100)], "message": "x" * 600},
        "^to names 100 recipients, and one request of the outbox takes 75 of this message",
    ),
    "no number": ({"to": "12"}, "^to"),
    "an empty text": ({"message": ""}, "message|text"),
    "octets for several requests": ({"message": Binary(b"x" * 500)}, "shorten it"),
    "half of a pair": ({"message": "\ud800"}, "text"),
    "an empty key": ({"key": "  "}, "^key has 2 characters: give 1 to 200"),
    "a long key": ({"key": "x" * 201}, "^key has 201 characters: give 1 to 200"),
    "NUL in a key": ({"key": "a\0b"}, "^key"),
    "half of a pair in a key": ({"key": "\ud800"}, "^key"),
    "NUL in a tag": ({"tag": "a\0b"}, "^tag"),
    "a long tag": ({"tag": "x" * 201}, "^tag has 201"),
    "a long account": ({"account": "x" * 65}, "^account has 65 characters: give 1 to 64"),
    "an empty account": ({"account": ""}, "^account has 0"),
    "a naive time": ({"due_at": datetime(2026, 1, 1)}, "^due_at"),  # noqa: DTZ001 - it is refused
    "no time left": ({"expires_in": 0}, "^expires_in is not a positive duration: give"),
    "a negative duration": ({"expires_in": timedelta(seconds=-1)}, "^expires_in is not a positive duration: give"),
    "for longer than there are dates": ({"expires_in": timedelta.max}, "^expires_in is not a positive duration"),
    "no priority": ({"priority": 0}, "^priority is not a Priority: give"),
    "a wrong option": ({"sender": "x" * 30}, "^sender"),
    "an unknown option": ({"colour": "red"}, "'colour' is not an option"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sent_writes_nothing_and_leaves_the_transaction_usable(box: Outbox, case: str) -> None:
    wrong, told = REFUSED[case]
    given: dict[str, Any] = {"to": TO, "message": "hello", "key": "key", **wrong}
    with box.transaction() as transaction:
        box.enqueue(transaction, TO, "before", key="before")
        with pytest.raises(InvalidInput, match=told):
            box.enqueue(transaction, given.pop("to"), given.pop("message"), **given)
        box.enqueue(transaction, TO, "after", key="after")
    assert sound(box) == {"pending": 2}


@pytest.mark.parametrize(("per_request", "most"), [(1, 1), (300, 300)])
def test_a_group_has_as_many_recipients_as_the_outbox_was_told(store: Store, per_request: int, most: int) -> None:
    box = store.box(per_request=per_request)
    numbers = [f"2782{n:07}" for n in range(most + 1)]
    enqueue(box, *numbers[:most])
    with pytest.raises(InvalidInput, match=f"takes {most}"):
        enqueue(box, *numbers, key="more")
    assert len(box.get("key")) == most


def test_the_largest_group_is_one_request(store: Store, gateway: Simulator) -> None:
    box = store.box(per_request=300)
    with box.transaction() as transaction:
        box.enqueue(transaction, [f"2782{n:07}" for n in range(300)], "hello", key="key")
    with client(gateway, max_recipients=300) as sms:
        settle(box, sms)
    assert (len(gateway.messages), gateway.gateway.commands["sendmsg"]) == (300, 1)
    assert set(states(box)) == {"accepted"}
