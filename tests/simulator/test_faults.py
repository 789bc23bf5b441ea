"""Faults that a test asks for: lost answers and delayed statuses."""

import http.client
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from clicksoap.codes import ERRORS
from clicksoap.simulator import Settings, Simulator

from .conftest import Wire

TO = "27820000001"
OTHER = "27820000002"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
SURFACES = ["document", "rpc", "GET", "POST"]

Say = Callable[..., list[str]]


@pytest.fixture(params=SURFACES)
def say(request: pytest.FixtureRequest, wire: Wire) -> Say:
    """A caller of a command, by each service in turn."""
    return _caller(wire, str(request.param))


def _caller(wire: Wire, surface: str) -> Say:
    def say(command: str, *to: str, **values: str) -> list[str]:
        if surface in {"document", "rpc"}:
            path = wire.document if surface == "document" else wire.rpc
            return wire.call(command, *to, path=path, **WHO, **values)
        recipients = {"to": ",".join(to)} if to else {}
        return wire.ask(f"http/{command}", surface, **WHO, **values, **recipients)

    return say


class TestLostAnswers:
    def test_the_message_is_sent_and_the_connection_breaks(
        self, sim: Simulator, say: Say, caplog: pytest.LogCaptureFixture
    ) -> None:
        sim.faults.lose_answer()
        with caplog.at_level(logging.DEBUG), pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            say("sendmsg", TO, OTHER, text="hi", climsgid="mine")
        assert [(each.to, each.text) for each in sim.gateway.messages] == [(TO, "hi"), (OTHER, "hi")]
        assert sim.gateway.balance(7, "acme") == 998
        assert say("querymsg", climsgid="mine") == [f"ID: {sim.gateway.messages[1].id} Status: 008"]
        assert say("sendmsg", TO, text="hi")[0].startswith("ID: ")
        assert not [each for each in caplog.records if each.levelno > logging.DEBUG]

    def test_as_many_are_lost_as_asked_and_of_that_command_alone(self, sim: Simulator, say: Say) -> None:
        sim.faults.lose_answer("getbalance", times=2)
        sim.faults.lose_answer("getbalance")
        assert say("sendmsg", TO, text="hi")[0].startswith("ID: ")
        for _ in range(3):
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                say("getbalance")
        assert say("getbalance") == ["Credit: 999.00"]
        assert sim.gateway.commands["getbalance"] == 4

    def test_a_refusal_can_be_lost_as_well(self, sim: Simulator, say: Say) -> None:
        sim.faults.lose_answer("sendmsg")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            say("sendmsg", TO)
        assert sim.gateway.messages == []
        assert say("sendmsg", TO) == [f"ERR: 107, {ERRORS['107']}"]

    def test_other_connections_live_on(self, sim: Simulator, wire: Wire) -> None:
        kept = http.client.HTTPConnection(sim.origin.removeprefix("http://"), timeout=30)
        try:
            kept.request("GET", "/")
            assert kept.getresponse().read()
            local = kept.sock.getsockname()
            sim.faults.lose_answer("ping")
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                wire.ask("http/ping", session_id="x")
            kept.request("GET", "/")
            assert kept.getresponse().read()
            assert kept.sock.getsockname() == local
        finally:
            kept.close()

    def test_what_cannot_be_lost_is_an_error(self, sim: Simulator) -> None:
        with pytest.raises(ValueError, match="command is unknown"):
            sim.faults.lose_answer("routeCoverage")
        with pytest.raises(ValueError, match="1 or more"):
            sim.faults.lose_answer(times=0)


class TestDelayedReports:
    @pytest.mark.parametrize("surface", SURFACES)
    def test_a_status_is_001_until_the_message_is_old_enough(
        self, wire_to: Callable[[Simulator], Wire], surface: str
    ) -> None:
        with Simulator(settings=Settings(reporting_delay=timedelta(minutes=5))) as sim:
            say = _caller(wire_to(sim), surface)
            sent = say("sendmsg", TO, text="hi", climsgid="mine")[0]
            for asked in ({"apimsgid": sent.removeprefix("ID: ")}, {"climsgid": "mine"}):
                assert say("querymsg", **asked) == [f"{sent} Status: 001"]
            assert sim.gateway.messages[0].status == "008"
            sim.clock.advance(minutes=5)
            assert say("querymsg", climsgid="mine") == [f"{sent} Status: 004"]

    def test_the_delay_can_begin_and_end_while_it_runs(self, sim: Simulator, say: Say) -> None:
        sent = say("sendmsg", TO, text="hi", climsgid="mine")[0]
        sim.faults.status_delayed(10)
        assert say("querymsg", climsgid="mine") == [f"{sent} Status: 001"]
        sim.faults.status_delayed(minutes=0)
        assert say("querymsg", climsgid="mine") == [f"{sent} Status: 008"]
        with pytest.raises(ValueError, match="0 or more"):
            sim.faults.status_delayed(-1)


class TestUnknownClientIds:
    @pytest.mark.parametrize("surface", SURFACES)
    @pytest.mark.parametrize("command", ["querymsg", "delmsg"])
    def test_they_may_be_answered_with_a_status(
        self, wire_to: Callable[[Simulator], Wire], surface: str, command: str
    ) -> None:
        with Simulator(settings=Settings(unknown_client_id="status")) as sim:
            say = _caller(wire_to(sim), surface)
            assert say(command, climsgid="mine") == [f"ID: {'0' * 32} Status: 001"]
            assert say(command, apimsgid="f" * 32) == [f"ID: {'f' * 32} Status: 001"]

    def test_they_are_an_error_by_default(self, say: Say) -> None:
        assert say("querymsg", climsgid="mine") == [f"ERR: 104, {ERRORS['104']}"]

    def test_there_is_no_third_way(self) -> None:
        with pytest.raises(ValueError, match="unknown_client_id"):
            Simulator(settings=Settings(unknown_client_id="silent"))  # type: ignore[arg-type]
