"""A simulator serves long runs: it knows what it accepted, records it, and accounts do not run out of credit."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clicksoap import Client, OutcomeUnknown
from clicksoap.simulator import Account, Settings, Simulator, StoreError
from clicksoap.simulator.gateway.forgotten_ids import ForgottenIds

from .conftest import Wire

TO = "27820000001"
LOGIN = {"api_id": "7", "user": "acme", "password": "secret"}


class TestForgottenMessages:
    def test_an_accepted_message_that_gave_way_is_never_unknown_to_the_gateway(self) -> None:
        with Simulator(capacity=2) as sim:
            wire = Wire(sim)
            for number in range(4):
                wire.call("sendmsg", TO, text="x", climsgid=f"c{number}", **LOGIN)
            assert wire.call("querymsg", climsgid="c0", **LOGIN) == [f"ID: {'0' * 32} Status: 001"]
            assert wire.call("querymsg", climsgid="never", **LOGIN) == ["ERR: 104, Unknown client message ID"]

    def test_an_id_is_known_to_the_account_that_gave_it_alone(self) -> None:
        with Simulator(capacity=1) as sim:
            wire = Wire(sim)
            for number in range(2):
                wire.call("sendmsg", TO, text="x", climsgid=f"c{number}", **LOGIN)
            others = {**LOGIN, "user": "other"}
            assert wire.call("querymsg", climsgid="c0", **others) == ["ERR: 104, Unknown client message ID"]

    def test_a_gateways_id_that_gave_way_has_a_status_even_if_unknown_ones_are_errors(self) -> None:
        with Simulator(capacity=1, settings=Settings(unknown_id="error")) as sim:
            wire = Wire(sim)
            (first,) = wire.call("sendmsg", TO, text="x", **LOGIN)
            wire.call("sendmsg", TO, text="x", **LOGIN)
            first = first.removeprefix("ID: ")
            assert wire.call("querymsg", apimsgid=first, **LOGIN) == [f"ID: {first} Status: 001"]
            assert wire.call("querymsg", apimsgid="0" * 32, **LOGIN) == ["ERR: 103, Unknown API message ID"]

    def test_a_deleted_message_was_accepted_all_the_same(self, wire: Wire, sim: Simulator) -> None:
        wire.call("sendmsg", TO, text="x", climsgid="c0", **LOGIN)
        sim.gateway.delete([sim.messages[0].id])
        assert wire.call("querymsg", climsgid="c0", **LOGIN) == [f"ID: {'0' * 32} Status: 001"]

    def test_after_six_days_and_after_a_reset_an_id_is_unknown(self) -> None:
        with Simulator(capacity=1) as sim:
            wire = Wire(sim)
            for number in range(2):
                wire.call("sendmsg", TO, text="x", climsgid=f"c{number}", **LOGIN)
            sim.clock.advance(days=6, hours=7)
            assert wire.call("querymsg", climsgid="c0", **LOGIN) == ["ERR: 104, Unknown client message ID"]
            for number in range(2):
                wire.call("sendmsg", TO, text="x", climsgid=f"d{number}", **LOGIN)
            sim.reset()
            assert wire.call("querymsg", climsgid="d0", **LOGIN) == ["ERR: 104, Unknown client message ID"]

    def test_reconcile_does_not_call_a_forgotten_message_not_sent(self) -> None:
        with Simulator(capacity=2) as sim, Client(7, "acme", "secret", endpoint=sim.origin, retry=None) as sms:
            sim.faults.lose_answer("sendmsg")
            with pytest.raises(OutcomeUnknown) as lost:
                sms.send(TO, "hello")
            report = lost.value.report
            assert report is not None
            sms.send(["27820000002", "27820000003"], "others")
            settled = sms.reconcile(report, believe_after=0)
            assert [each.state for each in settled] == ["unknown"]

    def test_a_restart_does_not_make_a_forgotten_id_unknown(self, tmp_path: Path) -> None:
        store = tmp_path / "sms.db"
        with Simulator(capacity=1, store=store) as sim:
            for number in range(2):
                Wire(sim).call("sendmsg", TO, text="x", climsgid=f"c{number}", **LOGIN)
        with Simulator(capacity=1, store=store) as sim:
            assert Wire(sim).call("querymsg", climsgid="c0", **LOGIN) == [f"ID: {'0' * 32} Status: 001"]

    def test_beyond_their_number_every_unknown_id_may_be_a_forgotten_one(self) -> None:
        with Simulator() as sim:
            wire, ids = Wire(sim), ForgottenIds(max_ids=3)
            for number in range(3):
                wire.call("sendmsg", TO, text="x", climsgid=f"c{number}", **LOGIN)
            now = datetime.now(UTC)
            ids.add(sim.messages[0])
            assert ids.knows_client_id((7, "acme"), "c0", now)
            assert not ids.knows_client_id((7, "acme"), "never", now)
            for message in sim.messages:
                ids.add(message)
            assert ids.knows_client_id((7, "acme"), "never", now)
            assert not ids.knows_client_id((7, "acme"), "never", now + timedelta(days=7))


class TestRecord:
    def test_every_accepted_message_is_in_the_record_before_its_answer(self, tmp_path: Path) -> None:
        record = tmp_path / "accepted.jsonl"
        with Simulator(record=record, capacity=1) as sim:
            wire = Wire(sim)
            for number in range(2):
                wire.call("sendmsg", TO, "0123", "27820000002", text="x", climsgid=f"c{number}", **LOGIN)
                lines = [json.loads(line) for line in record.read_text("ascii").splitlines()]
                assert [each["to"] for each in lines] == [TO, "27820000002"] * (number + 1)
            assert lines[-1]["client_message_id"] == "c1"
            assert lines[-1]["id"] == sim.messages[-1].id
            assert datetime.fromisoformat(lines[-1]["at"]).tzinfo is not None
        assert record.stat().st_mode & 0o077 == 0

    def test_a_second_run_continues_the_record(self, tmp_path: Path) -> None:
        record = tmp_path / "accepted.jsonl"
        for _ in range(2):
            with Simulator(record=record) as sim:
                Wire(sim).call("sendmsg", TO, text="x", **LOGIN)
        assert len(record.read_text("ascii").splitlines()) == 2

    def test_a_record_that_cannot_be_opened_is_refused_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be used as a record: Is a directory"):
            Simulator(record=tmp_path).start()


class TestCredit:
    def test_an_account_without_a_given_balance_never_runs_out(self) -> None:
        with Simulator(accounts=[Account(7, "acme", "secret", price=Decimal(600))]) as sim:
            wire = Wire(sim)
            assert wire.call("getbalance", **LOGIN) == ["Credit: 1000.00"]
            for _ in range(5):
                assert wire.call("sendmsg", TO, text="x", **LOGIN)[0].startswith("ID: ")
            assert sim.gateway.balance(7, "acme") >= 0

    def test_a_balance_that_is_set_is_a_limit(self, wire: Wire, sim: Simulator) -> None:
        wire.log_in()
        sim.gateway.set_balance(7, "acme", Decimal(1))
        assert wire.call("sendmsg", TO, text="x", **LOGIN)[0].startswith("ID: ")
        assert wire.call("sendmsg", TO, text="x", **LOGIN) == ["ERR: 301, No credit left"]
