"""Fault rules: the requests that they match, the arguments that they refuse, and their record afterwards."""

import gzip
import http.client
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from lxml import etree

from clicksoap.simulator import Clock, Settings, Simulator
from clicksoap.simulator.faults.kinds import KINDS

from .conftest import Wire

TO = "27820000001"
OTHER = "27830000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
BROKEN = (http.client.RemoteDisconnected, ConnectionResetError)


def code(wire: Wire, command: str = "getbalance", *to: str, **values: str) -> str:
    """The number of the error that came back; empty for none."""
    line = wire.call(command, *to, **WHO, **values)[0]
    return line[5:8] if line.startswith("ERR: ") else ""


def send(wire: Wire, *to: str) -> str:
    return code(wire, "sendmsg", *(to or (TO,)), text="hi")


class TestWhenItStrikes:
    def test_a_rule_without_conditions_applies_to_every_request_until_it_is_removed(
        self, sim: Simulator, wire: Wire
    ) -> None:
        rule = sim.faults.add("error", code="121")
        assert [send(wire), code(wire), send(wire, OTHER)] == ["121"] * 3
        assert [each.hits for each in sim.faults.rules] == [3]
        assert sim.faults.remove(rule.id)
        assert not sim.faults.remove(rule.id)
        assert send(wire) == ""
        assert sim.faults.rules == ()

    def test_it_can_be_of_one_command(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", command="routecoverage")
        assert send(wire) == ""
        assert code(wire, "routeCoverage", msisdn=TO) == "901"

    def test_it_can_be_of_requests_with_a_recipient_that_begins_so(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", prefix="2783")
        assert [code(wire), send(wire), send(wire, TO, OTHER), send(wire, f"+{OTHER}")] == ["", "", "901", "901"]

    def test_it_can_be_the_nth_of_these_requests_alone(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", command="sendmsg", nth=2)
        assert [send(wire), code(wire), send(wire), send(wire)] == ["", "", "901", ""]

    def test_it_ends_after_so_many_times_and_keeps_its_hits(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", times=2)
        assert [code(wire) for _ in range(3)] == ["901", "901", ""]
        assert [(each.times, each.hits) for each in sim.faults.rules] == [(2, 2)]

    def test_chance_can_be_had_again_by_its_seed(self, sim: Simulator, wire: Wire) -> None:
        runs = []
        for _ in range(2):
            sim.faults.clear()
            sim.faults.add("error", probability=0.5, seed=11)
            runs.append([code(wire) for _ in range(40)])
        assert runs[0] == runs[1]
        assert 8 <= runs[0].count("901") <= 32
        sim.faults.clear()
        sim.faults.add("error", probability=0)
        assert [code(wire) for _ in range(3)] == [""] * 3

    def test_a_rate_lets_as_many_through_in_each_second_of_the_gateways_clock(
        self, wire_to: Callable[[Simulator], Wire]
    ) -> None:
        with Simulator(clock=Clock(speed=0)) as sim:
            wire = wire_to(sim)
            sim.faults.add("status", status=429, retry_after=1, command="sendmsg", per_second=2)
            body = wire.envelope(f"<sendmsg><to>{TO}</to><text>hi</text>{CREDENTIALS}</sendmsg>")

            def statuses(count: int) -> list[int]:
                return [wire.post(wire.document, body).status for _ in range(count)]

            assert statuses(4) == [200, 200, 429, 429]
            sim.clock.advance(seconds=0.5)
            assert statuses(2) == [200, 429]
            sim.clock.advance(hours=1)  # what is saved up is no more than a second's worth
            assert statuses(3) == [200, 200, 429]
            assert len(sim.messages) == 5
            assert code(wire) == ""

    def test_a_rate_of_less_than_one_a_second_lets_the_first_through(
        self, wire_to: Callable[[Simulator], Wire]
    ) -> None:
        with Simulator(clock=Clock(speed=0)) as sim:
            wire = wire_to(sim)
            sim.faults.add("error", per_second=0.1)
            seen = []
            for _ in range(21):
                seen.append(code(wire))
                sim.clock.advance(seconds=1)
            assert [index for index, each in enumerate(seen) if not each] == [0, 10, 20]

    def test_of_several_rules_the_first_that_was_added_applies_and_all_count(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", code="121", nth=1)
        sim.faults.add("error", code="122", nth=2)
        sim.faults.add("error", code="123")
        assert [code(wire) for _ in range(3)] == ["121", "122", "123"]
        assert [each.hits for each in sim.faults.rules] == [1, 1, 1]

    def test_what_cannot_be_read_has_no_fault(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("reset")
        assert wire.post(wire.document, "<broken").fault == "SOAP-ENV:Client"
        assert wire.get("/").status == 200

    def test_a_reset_of_the_simulator_takes_every_rule_away(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("reset")
        sim.faults.lose_answer()
        sim.reset()
        assert sim.faults.rules == ()
        assert send(wire) == ""


CREDENTIALS = "".join(f"<{name}>{value}</{name}>" for name, value in WHO.items())


class TestWhatItRefuses:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"kind": "rain"}, "^kind is unknown: give one of delay, status"),
            ({"kind": None}, "^kind is unknown: give one of"),
            ({"command": "routeCoverage"}, "^command is unknown.*all in lower case"),
            ({"command": 7}, "^command is not a text"),
            ({"prefix": "+27"}, "^prefix is not the beginning of a number: give up to 15 digits"),
            ({"nth": -1}, "^nth is not valid: give which"),
            ({"nth": 1.5}, "^nth is not valid: give which"),
            ({"times": True}, "^times is not valid: give how often"),
            ({"probability": 1.01}, "^probability is not valid: give the share.* 0 to 1"),
            ({"probability": float("nan")}, "^probability"),
            ({"probability": "half"}, "^probability"),
            ({"seed": 0.5}, "^seed"),
            ({"per_second": -1}, "^per_second is not valid: give the requests"),
            ({"carried_out": 1}, "^carried_out is not a boolean: give True.*False"),
            ({"kind": "delay"}, "^seconds is missing.*0.001 to 86400"),
            ({"kind": "delay", "seconds": 0}, "^seconds is not valid: give the seconds to wait"),
            ({"kind": "delay", "seconds": float("inf")}, "^seconds"),
            ({"seconds": 1}, "^seconds does not belong to the kind reset: leave it out"),
            ({"kind": "trickle"}, "^bytes_per_second is missing"),
            ({"kind": "trickle", "bytes_per_second": 0}, "^bytes_per_second is not valid: give the speed"),
            (
                {"kind": "status", "status": 200},
                "^status is not valid: give an HTTP status other than success, 300 to 599",
            ),
            ({"kind": "status", "retry_after": -1}, "^retry_after"),
            ({"retry_after": 1}, "^retry_after does not belong"),
            ({"kind": "error", "code": "006"}, "^code is not an error code: give one of 001, 002"),
            ({"kind": "fault", "code": "a b"}, "^code is not a SOAP 1.1 fault code"),
            ({"kind": "fault", "text": "\x00"}, "^text holds a character"),
        ],
    )
    def test_it_names_the_argument_and_what_to_give(self, sim: Simulator, given: dict[str, Any], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            sim.faults.add(**{"kind": "reset", **given})
        assert sim.faults.rules == ()

    def test_there_is_a_bound_but_spent_rules_give_way(self, sim: Simulator, wire: Wire) -> None:
        for _ in range(1000):
            sim.faults.lose_answer("endbatch")
        with pytest.raises(ValueError, match="remove some, as 1000 are the most"):
            sim.faults.add("reset")
        with pytest.raises(BROKEN):
            wire.call("endbatch", **WHO)
        sim.faults.add("reset", command="startbatch")
        assert len(sim.faults.rules) == 1000

    def test_every_kind_can_be_added_with_no_more_than_it_needs(self, sim: Simulator) -> None:
        values = {"seconds": 1, "bytes_per_second": 1}
        for kind, about in KINDS.items():
            needed: dict[str, Any] = {name: values[name] for name in about.required}
            assert sim.faults.add(kind, **needed).carried_out is about.carried_out


class TestWhatIsOnTheWire:
    def test_a_status_says_when_to_come_back(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("status", retry_after=7)
        reply = wire.get("/http/getbalance")
        assert (reply.status, reply.headers["retry-after"], reply.body) == (503, "7", b"503 Service Unavailable\n")
        sim.faults.clear()
        sim.faults.add("status", status=302)
        assert wire.get("/http/getbalance").headers["location"] == "/elsewhere"
        sim.faults.clear()
        sim.faults.add("status", status=599)
        assert wire.get("/http/getbalance").status == 599

    def test_a_fault_has_the_code_and_the_words_asked_for(self, sim: Simulator, wire: Wire, path: str) -> None:
        sim.faults.add("fault", code="Client.Authentication", text="a < b")
        reply = wire.post(path, wire.envelope("<getbalance/>"))
        assert reply.fault == "SOAP-ENV:Client.Authentication"
        assert etree.fromstring(reply.body).findtext(".//faultstring") == "a < b"
        assert wire.ask("http/getbalance", **WHO) == ["ERR: 901, Internal error, retry"]

    def test_blanks_around_a_number_change_nothing(self, sim: Simulator, wire: Wire) -> None:
        assert wire.ask("http/sendmsg", **WHO, text="hi", to=f"{TO}, 9979010000") == ["ERR: 901, Internal error, retry"]
        sim.faults.add("error", prefix="2783", code="121")
        assert send(wire, f" {OTHER} ") == "121"

    def test_an_error_concerns_the_whole_request(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("error", code="121")
        assert wire.call("sendmsg", TO, OTHER, text="hi", **WHO) == ["ERR: 121, Destination mobile number blocked"]
        sim.gateway.update_settings(refusal="each")
        assert len(wire.call("sendmsg", TO, OTHER, text="hi", **WHO)) == 2
        assert sim.messages == []

    def test_sessions_end_before_the_command(self, sim: Simulator, wire: Wire) -> None:
        session = wire.log_in()
        sim.faults.add("session", times=1)
        assert wire.call("getbalance", session_id=session) == ["ERR: 003, Session ID expired"]
        assert sim.gateway.sessions() == []
        sim.faults.add("session", carried_out=False, times=1)
        assert code(wire) == "003"
        assert code(wire) == ""

    def test_a_delayed_command_is_dropped_if_the_caller_hangs_up(self, sim: Simulator, wire: Wire) -> None:
        answered = threading.Event()
        sim.gateway.event_bus.subscribe(lambda event: answered.set() if event.kind == "exchange" else None)
        sim.faults.add("delay", seconds=3600, carried_out=False, times=1)
        connection = http.client.HTTPConnection(sim.origin.removeprefix("http://"), timeout=30)
        connection.request("GET", f"/http/sendmsg?api_id=7&user=a&password=b&to={TO}&text=hi")
        connection.close()
        assert answered.wait(30)
        assert sim.messages == []
        assert sim.exchanges.latest()[0].status is None
        assert send(wire) == ""
        assert len(sim.messages) == 1

    def test_a_slow_answer_is_whole_in_the_end(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("trickle", bytes_per_second=20_000)
        assert code(wire) == ""
        sim.faults.add("delay", seconds=0.001)
        assert code(wire) == ""

    def test_an_exchange_shows_the_rule_and_what_was_sent(self, sim: Simulator, wire: Wire) -> None:
        found = {}
        for kind in ("malformed", "truncated", "empty", "gzip", "html", "status", "reset"):
            sim.faults.clear()
            rule = sim.faults.add(kind, command="sendmsg")
            try:
                wire.post(wire.document, wire.envelope(f"<sendmsg><to>{TO}</to><text>hi</text>{CREDENTIALS}</sendmsg>"))
            except (*BROKEN, http.client.IncompleteRead):
                pass
            found[kind] = sim.exchanges.latest()[0]
            assert found[kind].fault == f"{kind} (rule {rule.id})"
        assert "</retrun>" in found["malformed"].reply
        cut = found["truncated"]
        assert int(dict(cut.reply_headers)["content-length"]) > len(cut.reply) > 0
        assert "</" not in cut.reply
        assert found["empty"].reply == ""
        assert dict(found["gzip"].reply_headers)["content-encoding"] == "gzip"
        assert "It works!" in found["html"].reply
        assert (found["status"].status, found["status"].reply) == (503, "503 Service Unavailable\n")
        assert found["reset"].status is None
        assert "ID: " in found["reset"].reply
        sim.faults.clear()
        assert send(wire) == ""
        assert sim.exchanges.latest()[0].fault == ""
        assert send(wire, "9979010000") == "901"
        assert sim.exchanges.latest()[0].fault == "error (number 997901)"

    def test_no_fault_puts_a_secret_into_an_exchange(self, sim: Simulator, wire: Wire) -> None:
        auth = wire.envelope(f"<auth>{CREDENTIALS}</auth>")
        for kind in ("malformed", "truncated", "gzip", "charset", "reset"):
            sim.faults.clear()
            sim.faults.add(kind)
            for path, body in ((wire.document, auth), ("/http/auth", "api_id=7&user=acme&password=secret")):
                try:
                    kind_of_body = "text/xml" if path == wire.document else "application/x-www-form-urlencoded"
                    wire.post(path, body, Content_Type=kind_of_body)
                except (*BROKEN, http.client.IncompleteRead):
                    pass
        sessions = list(sim.gateway._state.sessions._by_id)
        assert len(sessions) == 10
        kept = "".join(each.request + each.reply for each in sim.exchanges.latest())
        for secret in ("secret", *sessions):
            assert secret not in kept
            assert secret not in kept.replace("\x00", "")
            assert secret[::-1] not in kept

    def test_damaged_gzip_comes_unasked_and_nobody_can_read_it(self, sim: Simulator, wire: Wire) -> None:
        sim.faults.add("gzip")
        reply = wire.get("/http/ping")
        assert reply.headers["content-encoding"] == "gzip"
        with pytest.raises(zlib.error):
            gzip.decompress(reply.body)


class TestWaiting:
    @pytest.mark.parametrize("hook", [None, lambda _: None], ids=["", "with_a_hook"])
    def test_more_requests_may_wait_than_there_are_threads_and_others_go_on(
        self, hook: Callable[[str], None] | None
    ) -> None:
        sim = Simulator(on_command=hook)
        sim.start()
        wire = Wire(sim)
        rule = sim.faults.add("delay", seconds=3600, command="ping")
        pool = ThreadPoolExecutor(150)
        try:
            held = [pool.submit(wire.ask, "http/ping") for _ in range(150)]
            deadline = time.monotonic() + 60
            while sim.faults.rules[0].hits < 150 and time.monotonic() < deadline:
                wait(held, timeout=0.01)
            assert code(wire) == ""
            assert sim.faults.rules[0].hits == 150
            assert sim.faults.rules[0].id == rule.id
            began = time.monotonic()
            sim.stop()
            assert time.monotonic() - began < 2.5  # the server's patience with requests in progress is 3 s
            assert {type(each.exception(30)) for each in held} <= set(BROKEN)
        finally:
            sim.stop()
            pool.shutdown()

    @pytest.mark.parametrize(
        ("kind", "how"),
        [
            ("delay", {"seconds": 3600, "carried_out": False}),
            ("delay", {"seconds": 3600}),
            ("trickle", {"bytes_per_second": 0.1}),
        ],
    )
    def test_stopping_ends_every_wait(self, kind: Any, how: dict[str, Any]) -> None:
        sim = Simulator(settings=Settings(gzip=False))
        sim.start()
        sim.faults.add(kind, command="sendmsg", **how)
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(send, Wire(sim))
            while not sim.faults.rules[0].hits:
                wait([held], timeout=0.01)
            began = time.monotonic()
            sim.stop()
            assert time.monotonic() - began < 2.5
            assert isinstance(held.exception(30), (*BROKEN, http.client.IncompleteRead))
        assert len(sim.messages) == ("carried_out" not in how)
