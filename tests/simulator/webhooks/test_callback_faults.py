"""What goes wrong with reports and messages from handsets when a test asks for it."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from rawserver import Received, reply

from clicksoap import CallbackOn, Client
from clicksoap.simulator import CallbackFaults, CallbackUrl, Clock, Command, Settings, Simulator
from clicksoap.simulator.gateway.event_bus import Event

from .conftest import API_ID, TO, USER, Customer, Make, live, sent, statuses_tried


def at_once(customer: Customer) -> Settings:
    """Messages are on the handset as soon as they are accepted."""
    return Settings(callback=CallbackUrl(customer.url()), handed_on_after=timedelta(0), received_after=timedelta(0))


class TestDuplicates:
    def test_everything_comes_so_many_times_more(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(duplicates=2)
        sent(sim)
        live(sim)
        assert customer.statuses == ["003"] * 3 + ["004"] * 3
        assert len({each.body for each in customer.requests}) == 2
        sim.handset.send("hello", sender=TO, to="1", api_id=API_ID, user=USER)
        assert sim.callbacks.settle()
        assert [each.fields["text"] for each in customer.told[6:]] == ["hello"] * 3
        assert {each.nth for each in sim.callbacks.attempts()} == {1}

    def test_each_has_tries_of_its_own(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(duplicates=1)
        customer.fail("500 No")
        sent(sim, callback=2)
        live(sim)
        live(sim, minutes=2)
        assert statuses_tried(sim) == [("004", 1), ("004", 2), ("004", 1)]


class TestLoss:
    def test_the_next_so_many_never_come(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(lose=3)
        sent(sim)
        live(sim)
        sim.handset.send("lost", sender=TO, to="1", api_id=API_ID, user=USER)
        sim.handset.send("found", sender=TO, to="1", api_id=API_ID, user=USER)
        assert sim.callbacks.settle()
        sent(sim)
        live(sim)
        assert len(sim.callbacks.attempts()) == 3
        sim.callbacks.faults = CallbackFaults(lose=1)
        sent(sim)
        live(sim, days=9)
        told = [each.fields.get("text") or each.fields["status"] for each in customer.told]
        assert told == ["found", "003", "004", "004"]

    def test_what_nobody_would_be_told_is_not_counted(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(lose=1)
        sent(sim, callback=0)
        live(sim)
        sent(sim)
        live(sim)
        assert customer.statuses == ["004"]


class TestReordering:
    def test_the_latest_report_of_a_message_comes_first(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(reorder=True)
        sent(sim, deliv_time="1")
        live(sim, seconds=66)
        assert customer.told == []
        live(sim, seconds=10)
        assert customer.statuses == ["004", "003", "011"]

    @pytest.mark.parametrize("how", ["stopped", "deleted"])
    def test_what_was_held_back_comes_when_the_message_ends_unreported(
        self, sim: Simulator, customer: Customer, how: str
    ) -> None:
        sim.callbacks.faults = CallbackFaults(reorder=True)
        message = sent(sim)
        live(sim, seconds=5)
        if how == "stopped":
            sim.gateway.set_status(message.id, "006")
        else:
            sim.gateway.delete([message.id])
        assert sim.callbacks.settle()
        assert customer.statuses == ["003"]

    def test_of_messages_without_end_some_are_held_back_and_no_more(
        self, sim: Simulator, customer: Customer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("clicksoap.simulator.webhooks.dispatcher.MAX_WAITING", 2)
        sim.callbacks.faults = CallbackFaults(reorder=True)
        first, second, *_ = [sent(sim) for _ in range(4)]
        live(sim, seconds=5)
        assert customer.statuses == ["003", "003"]
        # Two messages are delivered at the same time, in either order.
        assert {each.fields["apiMsgId"] for each in customer.told} == {first.id, second.id}

    def test_what_was_held_back_comes_when_nothing_goes_wrong_any_more(
        self, sim: Simulator, customer: Customer
    ) -> None:
        sim.callbacks.faults = CallbackFaults(reorder=True)
        sent(sim)
        live(sim, seconds=5)
        sim.callbacks.faults = CallbackFaults()
        assert sim.callbacks.settle()
        assert customer.statuses == ["003"]

    def test_the_parts_of_a_long_message_come_last_first(self, sim: Simulator, customer: Customer) -> None:
        sim.callbacks.faults = CallbackFaults(reorder=True)
        sim.handset.send("x" * 400, sender=TO, to="1", api_id=API_ID, user=USER)
        assert sim.callbacks.settle()
        assert [each.fields["udh"][-2:] for each in customer.told] == ["03", "02", "01"]


class TestReportsBeforeTheAnswer:
    @pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
    def test_the_reports_of_all_messages_come_before_the_send_returns(self, customer: Customer, binding: str) -> None:
        settings = at_once(customer)
        with Simulator(settings=settings) as sim:
            sim.callbacks.faults = CallbackFaults(before_answer=True)
            with Client(API_ID, USER, "secret", endpoint=sim.origin, binding=binding) as client:  # type: ignore[arg-type]
                for _ in range(3):
                    report = client.send([TO, "27820000002"], "hi", callback=CallbackOn.FINAL)
                    ids = {each.message_id for each in report}
                    assert ids <= {each.fields["apiMsgId"] for each in list(customer.told)}

    def test_the_answer_waits_for_the_clock(self, customer: Customer) -> None:
        settings = Settings(callback=CallbackUrl(customer.url()))
        with Simulator(settings=settings, clock=Clock(speed=100)) as sim:
            sim.callbacks.faults = CallbackFaults(before_answer=True)
            with Client(API_ID, USER, "secret", endpoint=sim.origin) as client:
                client.send(TO, "hi", callback=CallbackOn.INTERMEDIATE)
            assert customer.statuses == ["003"]

    def test_the_customer_may_ask_the_gateway_while_it_is_told(self, customer: Customer) -> None:
        settings = at_once(customer)
        answers: list[str] = []
        with (
            Simulator(settings=settings) as sim,
            Client(API_ID, USER, "secret", endpoint=sim.origin) as client,
            Client(API_ID, USER, "secret", endpoint=sim.origin) as asking,
        ):

            def ask(connection: socket.socket, received: Received) -> None:
                message_id = received.body.partition(b"apiMsgId=")[2][:32].decode()
                answers.append(asking.status(message_id).status.code)
                asking.send("27820000003", "thanks", callback=CallbackOn.NONE)
                connection.sendall(reply(b"OK"))

            customer.answers += [ask, ask]
            sim.callbacks.faults = CallbackFaults(before_answer=True)
            began = time.monotonic()
            client.send([TO, "27820000002"], "hi", callback=CallbackOn.FINAL)
            assert time.monotonic() - began < 5
        assert answers == ["004", "004"]

    def test_a_command_that_is_being_carried_out_already_keeps_nobody_waiting(self, customer: Customer) -> None:
        settings = Settings(callback=CallbackUrl(customer.url()))
        with (
            Simulator(settings=settings, clock=Clock(speed=0)) as sim,
            Client(API_ID, USER, "secret", endpoint=sim.origin) as client,
        ):

            def listen(event: Event) -> None:
                if event.kind == "accepted":
                    sim.callbacks.faults = CallbackFaults(before_answer=True)

            sim.gateway.event_bus.subscribe(listen)
            began = time.monotonic()
            client.send(TO, "hi", callback=CallbackOn.FINAL)
            assert time.monotonic() - began < 5

    def test_nothing_waits_for_what_is_lost_or_told_to_nobody(self, make: Make, customer: Customer) -> None:
        sim = make(settings=at_once(customer))
        sim.callbacks.faults = CallbackFaults(before_answer=True, lose=2)
        began = time.monotonic()
        sent(sim, callback=0)
        sent(sim, callback=4)
        sent(sim, callback=3)
        assert time.monotonic() - began < 5
        assert customer.told == []

    @pytest.mark.parametrize("ending", ["clear", "reset", "stop"])
    def test_whoever_waits_is_let_go(self, customer: Customer, ending: str) -> None:
        settings = Settings(callback=CallbackUrl(customer.url()))
        sim = Simulator(settings=settings, clock=Clock(speed=0))
        sim.start()
        try:
            sim.callbacks.faults = CallbackFaults(before_answer=True)
            accepted = threading.Event()
            sim.gateway.event_bus.subscribe(lambda event: accepted.set() if event.kind == "accepted" else None)
            who = {"api_id": str(API_ID), "user": USER, "password": "secret"}
            request = Command("sendmsg", {**who, "text": "hi", "msg_callback": "7"}, (TO,))
            sending = threading.Thread(target=sim.gateway.execute, args=(request,), daemon=True)
            sending.start()
            assert accepted.wait(10)
            {"clear": sim.callbacks.clear, "reset": sim.gateway.reset, "stop": sim.stop}[ending]()
            sending.join(10)
            assert not sending.is_alive()
        finally:
            sim.stop()


def test_a_negative_number_is_refused() -> None:
    for wrong in ({"duplicates": -1}, {"lose": -1}):
        with pytest.raises(ValueError, match="0 or more"):
            CallbackFaults(**wrong)  # type: ignore[arg-type]


def test_clearing_ends_every_fault(sim: Simulator, customer: Customer) -> None:
    sim.callbacks.faults = CallbackFaults(duplicates=1, lose=5, reorder=True)
    sent(sim)
    live(sim, seconds=5)
    sim.reset()
    assert sim.callbacks.faults == CallbackFaults()
    sent(sim)
    live(sim)
    assert customer.statuses == ["003", "004"]
