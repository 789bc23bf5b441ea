"""Delivery reports: before the answer, twice, out of order, late, and by strangers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from outboxes import OTHERS, QUICK, TO, Store, client, enqueue, settle, sound, states, until, working

from clicksoap import Client, DeliveryReport
from clicksoap.codes import MessageStatus
from clicksoap.outbox import Happening, MessageState, Outbox
from clicksoap.simulator import Simulator

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def report(message_id: str, code: str = "004", *, minutes: float = 0, to: str = TO, **named: Any) -> DeliveryReport:
    at = NOW + timedelta(minutes=minutes)
    return DeliveryReport(message_id=message_id, status=MessageStatus.of(code), at=at, to=to, **named)


def test_reports_ask_for_final_statuses_unless_the_caller_says_otherwise(
    box: Outbox, gateway: Simulator, sms: Client
) -> None:
    enqueue(box)
    settle(box, sms)
    assert [each.callback for each in gateway.messages] == [6]


def test_a_report_adds_to_its_message(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box)
    settle(box, sms)
    (arrived,) = gateway.messages
    assert box.delivered(report(arrived.id, charge=Decimal("1.50")))
    (message,) = box.get("key")
    assert (message.delivery, message.delivery_at, message.charge) == (MessageStatus.of("004"), NOW, Decimal("1.50"))
    assert message.state is MessageState.ACCEPTED


@pytest.mark.parametrize("order", [("003", "004"), ("004", "003"), ("004", "004"), ("003", "003", "004")])
def test_reports_come_in_any_order_and_any_number_of_times(
    box: Outbox, gateway: Simulator, sms: Client, order: tuple[str, ...]
) -> None:
    enqueue(box)
    settle(box, sms)
    (arrived,) = gateway.messages
    for code in order:
        assert box.delivered(report(arrived.id, code, minutes=int(code)))
    (message,) = box.get("key")
    assert (message.delivery, message.delivery_at) == (MessageStatus.of("004"), NOW + timedelta(minutes=4))


def test_a_report_waits_for_the_answer_with_its_id(box: Outbox, gateway: Simulator, sms: Client) -> None:
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=0.7)
    enqueue(box)
    with working(box, sms):
        until(lambda: len(gateway.messages) == 1, "it arrived")
        (arrived,) = gateway.messages
        early = report(arrived.id, charge=Decimal(2))
        assert [box.delivered(early) for _ in range(2)] == [False, False]
        assert box.status().orphans == 1
        assert box.wait("key", 20)[0].delivery == MessageStatus.of("004")
    assert box.get("key")[0].charge == 2
    assert box.status().orphans == 0


def test_a_report_with_its_client_id_settles_what_has_no_answer(box: Outbox, gateway: Simulator, sms: Client) -> None:
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=0.7)
    enqueue(box)
    with working(box, sms):
        until(lambda: len(gateway.messages) == 1, "it arrived")
        (arrived,) = gateway.messages
        assert box.delivered(report(arrived.id, client_message_id=arrived.client_message_id))
        (message,) = box.get("key")
        assert (message.state, message.message_id) == (MessageState.ACCEPTED, arrived.id)
        # Its request has nothing open any more, whether its answer comes or not.
        assert sound(box) == {"accepted": 1}
    assert sound(box) == {"accepted": 1}


def test_reports_close_the_request_of_a_group_with_its_last_row(box: Outbox, gateway: Simulator, sms: Client) -> None:
    """After a worker was killed, reports settle what it sent: nobody has to ask, and nothing looks damaged."""
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=0.7)
    enqueue(box, *OTHERS)
    with working(box, sms):
        until(lambda: len(gateway.messages) == len(OTHERS), "they arrived")
        for each in gateway.messages[1:]:
            assert box.delivered(report(each.id, to=each.to, client_message_id=each.client_message_id))
        assert (sound(box)["sending"], box.status().in_flight) == (1, 1)
        last = gateway.messages[0]
        assert box.delivered(report(last.id, to=last.to, client_message_id=last.client_message_id))
        assert (sound(box), box.status().in_flight) == ({"accepted": len(OTHERS)}, 0)
    assert sound(box) == {"accepted": len(OTHERS)}


def test_a_stranger_changes_nothing(box: Outbox, gateway: Simulator, sms: Client) -> None:
    """Reports are not signed: an id that the outbox never issued, or a number that was not of its request."""
    gateway.faults.lose_answer("sendmsg")
    enqueue(box, *OTHERS)
    settle(box, sms)
    own = gateway.messages[0].client_message_id
    strange = [
        report("a" * 32, to=OTHERS[0]),
        report("b" * 32, to=OTHERS[0], client_message_id="f" * 32),
        report("c" * 32, to=TO, client_message_id=own),
        report("d" * 32, to="nobody", client_message_id=own),
    ]
    assert [box.delivered(each) for each in strange] == [False] * 4
    assert set(states(box)) == {"unconfirmed"}
    assert {each.delivery for each in box.get("key")} == {None}


def test_a_report_for_an_earlier_request_is_told_once(store: Store, gateway: Simulator) -> None:
    """The message was denied, sent again, and the first request arrived after all."""
    box = store.box()
    gateway.faults.add("reset", command="sendmsg", carried_out=False, times=1)
    enqueue(box)
    with client(gateway, timeout=QUICK) as sms:
        settle(box, sms)
    (line,) = box.audit("key")
    first, second = line.requests
    assert line.message.client_message_id == second
    for code in ("003", "004"):
        assert box.delivered(report("e" * 32, code, client_message_id=first))
    doubled = [each for each in box.events() if each.what is Happening.DOUBLED]
    assert [(each.message, each.request) for each in doubled] == [(line.message.id, first)]
    (line,) = box.audit("key")
    assert len(line.decisions) == 1
    assert line.message.message_id == gateway.messages[0].id
