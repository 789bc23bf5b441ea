"""Delivery reports on their way to the customer's server."""

import json
import logging
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from rawserver import Received, deaf, reset

from clicksoap import CallbackOn, Client
from clicksoap.simulator import Account, CallbackUrl, Clock, Command, Event, Gateway, Settings, Simulator
from clicksoap.simulator.webhooks.dispatcher import REPORT_PAUSES, Callbacks

from .conftest import API_ID, TO, USER, Customer, Make, live, sent, statuses_tried

RETRIES = [2, 4, 8, 16, 32, 64, 128, 3 * 24 * 60]


class TestWhatIsReported:
    def test_a_message_is_reported_as_it_goes_on(self, sim: Simulator, customer: Customer) -> None:
        message = sent(sim, climsgid="mine", from_="27110000000")
        assert sim.callbacks.settle() == 0
        assert customer.told == []  # 008 never is
        for _ in range(3):
            live(sim, seconds=5)
        first, last = customer.told
        assert (first.method, first.path, first.query) == ("POST", "/called", "")
        assert first.headers["content-type"] == "application/x-www-form-urlencoded"
        told = first.fields
        handed_on = sim.gateway.message(message.id).history[1].at
        assert datetime.fromtimestamp(int(told.pop("timestamp")), UTC) == handed_on.replace(microsecond=0)
        ids = {"api_id": "7", "apiMsgId": message.id, "cliMsgId": "mine"}
        assert told == {**ids, "to": TO, "from": "27110000000", "status": "003", "charge": "1.000000"}
        assert last.fields["status"] == "004"

    @pytest.mark.parametrize(("callback", "statuses"), [(0, []), (1, ["003"]), (2, ["004"]), (3, ["003", "004"])])
    def test_only_what_the_message_asks_for(
        self, sim: Simulator, customer: Customer, callback: int, statuses: list[str]
    ) -> None:
        sent(sim, callback=callback)
        live(sim)
        assert customer.statuses == statuses

    def test_a_message_for_later_is_reported_as_soon_as_it_is_accepted(
        self, sim: Simulator, customer: Customer
    ) -> None:
        sent(sim, deliv_time="60")
        assert sim.callbacks.settle()
        assert customer.statuses == ["011"]
        live(sim, minutes=61)
        assert customer.statuses == ["011", "003", "004"]

    @pytest.mark.parametrize(("stops", "reported"), [(False, []), (True, ["006"])])
    def test_stopped_messages_are_reported_where_the_settings_say_so(
        self, make: Make, customer: Customer, *, stops: bool, reported: list[str]
    ) -> None:
        sim = make(settings=Settings(report_stops=stops))
        sim.gateway.set_status(sent(sim).id, "006")
        assert sim.callbacks.settle() == len(reported)
        assert customer.statuses == reported

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("variant", ["xml", "soap"])
    def test_a_document_comes_in_one_field(self, make: Make, customer: Customer, method: str, variant: str) -> None:
        sim = make(path="/called?key=1", method=method, variant=variant)
        message = sent(sim, callback=2)
        live(sim)
        (told,) = customer.told
        assert told.method == method
        fields = told.fields
        assert fields.pop("key", "1") == "1"
        assert list(fields) == ["data"]
        assert message.id in fields["data"]
        assert told.query.startswith("key=1")

    def test_the_address_of_the_settings_is_for_accounts_without_one(self, customer: Customer) -> None:
        own, general = CallbackUrl(customer.url("/own")), CallbackUrl(customer.url("/general"))
        accounts = [Account(API_ID, USER, "secret", callback=own), Account(8, USER, "secret")]
        with Simulator(accounts=accounts, settings=Settings(callback=general), clock=Clock(speed=0)) as sim:
            sent(sim, callback=2)
            sent(sim, callback=2, api_id="8")
            live(sim)
        assert sorted((each.path, each.fields["api_id"]) for each in customer.told) == [
            ("/general", "8"),
            ("/own", "7"),
        ]

    def test_a_message_is_reported_to_nobody_where_there_is_no_address(self, customer: Customer) -> None:
        with Simulator(clock=Clock(speed=0)) as sim:
            message = sent(sim)
            live(sim)
            assert sim.callbacks.attempts() == []
            with pytest.raises(ValueError, match="callback"):
                sim.callbacks.report(message.id)
        assert customer.told == []

    def test_the_present_status_is_reported_once_more_when_asked_for(self, sim: Simulator, customer: Customer) -> None:
        message = sent(sim, callback=0)
        sim.callbacks.report(message.id)
        assert sim.callbacks.settle()
        assert customer.statuses == ["008"]
        with pytest.raises(KeyError):
            sim.callbacks.report("0" * 32)

    def test_what_was_asked_for_waits_for_nothing(self, sim: Simulator, customer: Customer) -> None:
        customer.fail("500 No")
        message = sent(sim)
        live(sim)
        sim.callbacks.report(message.id)
        assert sim.callbacks.settle()
        assert customer.statuses == ["003", "004"]
        assert statuses_tried(sim) == [("003", 1), ("004", 1)]

    def test_a_new_address_is_validated_without_parameters(self, sim: Simulator, customer: Customer) -> None:
        for kind in ("report", "inbound"):
            attempt = sim.callbacks.validate(CallbackUrl(customer.url("/new?key=1"), "GET", user="me"), kind)
            assert (attempt.http_status, attempt.error, attempt.next_at) == (200, "", None)
            assert (attempt.kind, attempt.message_id, attempt.status, attempt.body) == (kind, "", "", "")
        customer.fail("404 Not Found")
        assert sim.callbacks.validate(CallbackUrl(customer.url("/new"))).http_status == 404
        assert [(each.method, each.query, each.body) for each in customer.told] == [
            ("GET", "key=1", b""),
            ("GET", "key=1", b""),
            ("POST", "", b""),
        ]
        assert customer.told[0].credentials == "me:"

    def test_a_client_is_told_what_it_asked_for(self, customer: Customer) -> None:
        settings = Settings(callback=CallbackUrl(customer.url(), "GET"))
        with Simulator(settings=settings, clock=Clock(speed=0)) as sim:
            with Client(API_ID, USER, "secret", endpoint=sim.origin) as client:
                report = client.send([TO, "27820000002"], "hi", callback=CallbackOn.FINAL)
            live(sim)
        assert {each.fields["apiMsgId"] for each in customer.told} == {each.message_id for each in report}
        assert customer.statuses == ["004", "004"]

    def test_a_gateway_alone_is_enough(self, customer: Customer) -> None:
        gateway = Gateway(settings=Settings(callback=CallbackUrl(customer.url())), clock=Clock(speed=0))
        callbacks = Callbacks(gateway)
        try:
            who = {"api_id": "7", "user": "acme", "password": "secret"}
            gateway.execute(Command("sendmsg", {**who, "text": "hi", "msg_callback": "2"}, (TO,)))
            gateway.clock.advance(minutes=1)
            assert callbacks.settle()
        finally:
            callbacks.stop()
        assert customer.statuses == ["004"]


class TestTries:
    def test_a_report_is_tried_again_eight_times_each_counted_from_the_try_before(
        self, sim: Simulator, customer: Customer
    ) -> None:
        customer.fail(*["503 Down"] * 9)
        sent(sim, callback=2)
        live(sim)
        for nth, minutes in enumerate(RETRIES, 1):
            latest = sim.callbacks.attempts()[0]
            assert (latest.nth, latest.http_status, latest.error) == (nth, 503, "")
            assert latest.next_at is not None
            assert latest.next_at - latest.at == timedelta(minutes=minutes)
            live(sim, minutes=minutes, seconds=-1)
            assert len(customer.requests) == nth
            live(sim, seconds=1)
            assert len(customer.requests) == nth + 1
        assert sim.callbacks.attempts()[0].next_at is None
        live(sim, days=30)
        assert len(customer.requests) == 9
        assert len({each.body for each in customer.requests}) == 1
        assert [each // timedelta(minutes=1) for each in REPORT_PAUSES] == RETRIES

    @pytest.mark.parametrize("status", ["301 Moved", "304 Not Modified", "400 Bad", "500 Broken"])
    def test_whatever_is_no_success_is_tried_again_and_no_redirect_followed(
        self, sim: Simulator, customer: Customer, status: str
    ) -> None:
        customer.fail(status)
        sent(sim, callback=2)
        live(sim)
        assert sim.callbacks.attempts()[0].http_status == int(status[:3])
        live(sim, minutes=2)
        assert [each.path for each in customer.told] == ["/called", "/called"]
        assert statuses_tried(sim) == [("004", 1), ("004", 2)]
        live(sim, days=1)
        assert len(customer.requests) == 2

    @pytest.mark.parametrize("status", ["200 OK", "204 No Content", "202 Accepted"])
    def test_any_success_is_enough(self, sim: Simulator, customer: Customer, status: str) -> None:
        customer.fail(status)
        sent(sim, callback=2)
        live(sim, days=10)
        assert len(customer.requests) == 1

    def test_a_server_that_is_down_is_told_when_it_is_up_again(self, sim: Simulator, customer: Customer) -> None:
        customer.stop_listening()
        sent(sim, callback=2)
        live(sim)
        attempt = sim.callbacks.attempts()[0]
        assert (attempt.http_status, attempt.error) == (None, "connection refused: nothing listens there")
        assert attempt.next_at == attempt.at + timedelta(minutes=2)

    def test_a_connection_that_breaks_is_no_delivery(self, sim: Simulator, customer: Customer) -> None:
        customer.answers.append(lambda connection, _: reset(connection))
        sent(sim, callback=2)
        live(sim)
        assert sim.callbacks.attempts()[0].http_status is None
        live(sim, minutes=2)
        assert statuses_tried(sim) == [("004", 1), ("004", 2)]

    def test_what_comes_later_of_a_message_waits_for_what_came_before(self, sim: Simulator, customer: Customer) -> None:
        customer.fail("500 No")
        sent(sim)
        live(sim)
        other = sent(sim, "27820000002")
        live(sim)
        customer.fail("500 No")
        live(sim, minutes=1)
        live(sim, minutes=4)
        mine = [each.fields["status"] for each in customer.told if each.fields["apiMsgId"] != other.id]
        assert mine == ["003", "003", "003", "004"]
        assert statuses_tried(sim)[-2:] == [("003", 3), ("004", 1)]

    def test_after_the_last_try_the_next_report_has_its_turn(self, sim: Simulator, customer: Customer) -> None:
        customer.fail(*["500 No"] * 9)
        sent(sim)
        live(sim)
        for minutes in RETRIES:
            live(sim, minutes=minutes)
        assert statuses_tried(sim)[-2:] == [("003", 9), ("004", 1)]

    def test_beyond_a_number_of_calls_that_wait_more_are_dropped(
        self,
        sim: Simulator,
        customer: Customer,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr("clicksoap.simulator.webhooks.delivery_queue.MAX_WAITING", 2)
        customer.fail("500 No", "500 No")
        for _ in range(3):
            sent(sim, callback=2)
        sim.clock.advance(minutes=1)
        assert sim.callbacks.settle()
        assert "one was dropped" in caplog.text
        live(sim, minutes=2)
        assert customer.statuses == ["004"] * 4

    def test_on_a_running_clock_tries_come_by_themselves(self, customer: Customer) -> None:
        customer.fail("500 No")
        delivered = threading.Event()

        def deliver(connection: socket.socket, received: Received) -> None:
            customer.fail("200 OK")
            customer._next(connection, received)
            delivered.set()

        customer.answers.append(deliver)
        settings = Settings(callback=CallbackUrl(customer.url()))
        with Simulator(settings=settings, clock=Clock(speed=6000)) as sim:
            sent(sim, callback=2)
            assert delivered.wait(10)
        assert len(customer.requests) == 2


class TestKeeping:
    def test_every_attempt_is_kept_and_told_as_news(self, sim: Simulator, customer: Customer) -> None:
        heard: list[Event] = []
        end = sim.gateway.event_bus.subscribe(heard.append)
        customer.fail("500 No")
        message = sent(sim, callback=2)
        live(sim)
        live(sim, minutes=2)
        end()
        later, earlier = sim.callbacks.attempts()
        assert (earlier.number, later.number) == (1, 2)
        assert [(each.http_status, each.nth, each.status) for each in (earlier, later)] == [
            (500, 1, "004"),
            (200, 2, "004"),
        ]
        assert {(each.kind, each.message_id, each.method) for each in (earlier, later)} == {
            ("report", message.id, "POST")
        }
        assert later.url == customer.url()
        assert later.body.encode() == customer.told[-1].body
        assert [(each.about, each.at) for each in heard if each.kind == "callback"] == [
            ("1", earlier.at),
            ("2", later.at),
        ]

    def test_the_latest_thousand_are_kept(self, sim: Simulator) -> None:
        sent(sim, *[TO] * 300, callback=3)
        live(sim, minutes=1)
        sent(sim, *[TO] * 300, callback=3)
        sim.clock.advance(minutes=1)
        assert sim.callbacks.settle(30)
        kept = sim.callbacks.attempts()
        assert [each.number for each in kept] == list(range(1200, 200, -1))

    def test_clearing_forgets_what_was_made_and_what_was_to_be_made(self, sim: Simulator, customer: Customer) -> None:
        customer.fail("500 No")
        sent(sim)
        live(sim)
        sim.callbacks.clear()
        assert sim.callbacks.attempts() == []
        live(sim, days=10)
        assert len(customer.requests) == 1
        sent(sim, callback=2)
        live(sim)
        assert [each.number for each in sim.callbacks.attempts()] == [2]

    def test_a_gateway_that_begins_anew_reports_nothing_of_before(self, sim: Simulator, customer: Customer) -> None:
        customer.fail("500 No")
        sent(sim)
        live(sim)
        sim.reset()
        live(sim, days=10)
        assert len(customer.requests) == 1

    def test_no_secret_gets_into_logs_reprs_or_attempts(
        self, make: Make, customer: Customer, caplog: pytest.LogCaptureFixture
    ) -> None:
        sim = make(path="/called?key=TOPSECRET", method="GET", user="me", password="HUSHHUSH")
        customer.fail("500 No")
        customer.answers.append(lambda connection, _: reset(connection))
        with caplog.at_level(logging.DEBUG):
            sent(sim, "27821111111", callback=2, from_="27110000000")
            live(sim)
            live(sim, minutes=2)
        assert customer.told[0].credentials == "me:HUSHHUSH"
        assert "key=TOPSECRET" in customer.told[0].query
        attempts = sim.callbacks.attempts()
        assert len(attempts) == 2
        for secret in ("TOPSECRET", "HUSHHUSH", "bWU6"):
            assert secret not in caplog.text
            assert secret not in json.dumps([(each.url, each.body, each.error) for each in attempts])
            assert secret not in repr((attempts, sim.gateway.accounts(), sim.callbacks.faults))
        assert "27821111111" not in caplog.text + repr(attempts)


class TestConnections:
    def test_https_is_spoken_without_a_look_at_the_certificate(self, customer: Customer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
        customer.tls = context
        with Simulator(settings=Settings(callback=CallbackUrl(customer.url())), clock=Clock(speed=0)) as sim:
            sent(sim, callback=2)
            live(sim)
            assert sim.callbacks.attempts()[0].http_status == 200
        assert customer.statuses == ["004"]

    def test_no_proxy_is_asked(self, sim: Simulator, customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
        with Customer() as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.origin)
            sent(sim, callback=2)
            live(sim)
            assert proxy.connections == 0
        assert customer.statuses == ["004"]

    def test_stopping_does_not_wait_for_a_server_that_hangs(self, make: Make, customer: Customer) -> None:
        sim = make()
        hanging = threading.Event()

        def hang(_: socket.socket, __: Received) -> None:
            hanging.set()
            customer.closing.wait(30)

        customer.answers.append(hang)
        sent(sim, callback=2)
        sim.clock.advance(minutes=1)
        sim.gateway.advance()
        assert hanging.wait(10)
        with pytest.raises(TimeoutError, match=r"still in progress after 0\.01 s: give a longer timeout"):
            sim.callbacks.settle(0.01)
        before = {each for each in threading.enumerate() if "callbacks" in each.name}
        sim.stop()
        assert not [each for each in before if each.is_alive()]
        assert sim.callbacks.attempts() == []
        assert sim.callbacks.settle(0) == 0

    def test_stopping_waits_no_longer_than_a_moment_for_a_server_that_cannot_be_reached(self) -> None:
        with deaf() as port:
            settings = Settings(callback=CallbackUrl(f"http://127.0.0.1:{port}/"))
            sim = Simulator(settings=settings, clock=Clock(speed=0))
            sim.start()
            sent(sim, callback=2)
            sim.clock.advance(minutes=1)
            with pytest.raises(TimeoutError):
                sim.callbacks.settle(0.2)
            stopping = threading.Thread(target=sim.stop)
            stopping.start()
            stopping.join(5)
            assert not stopping.is_alive()

    def test_a_simulator_calls_again_after_it_was_stopped_and_started(self, sim: Simulator, customer: Customer) -> None:
        sent(sim, callback=2)
        sim.stop()
        sim.clock.advance(minutes=1)
        sim.gateway.advance()
        assert sim.callbacks.settle() == 0
        assert customer.told == []
        sim.start()
        sent(sim, callback=2)
        live(sim)
        assert customer.statuses == ["004"]

    def test_a_listener_that_fails_ends_no_deliveries(
        self, sim: Simulator, customer: Customer, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(event: Event) -> None:
            if event.kind == "callback":
                raise RuntimeError("a private matter")

        end = sim.gateway.event_bus.subscribe(fail)
        sent(sim)
        live(sim)
        end()
        assert customer.statuses == ["003", "004"]
        assert "a private matter" not in caplog.text
