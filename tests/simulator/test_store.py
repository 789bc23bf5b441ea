"""The store: the state after a restart, the checks of the file, and failures to write."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from clicksoap.simulator import Account, Clock, Command, Simulator
from clicksoap.simulator.store.file import StoreError

from .conftest import Wire

TO = "27820000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
CLICKSOAP = Path(sys.executable).with_name("clicksoap")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def until(true: Callable[[], bool]) -> None:
    """Wait for what must come soon."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestKeeping:
    def test_messages_live_on_where_they_were(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            wire = Wire(sim)
            wire.call("sendmsg", TO, text="now", **WHO)
            wire.call("sendmsg", "99800712345", text="00e90416", unicode="1", climsgid="abc", deliv_time="5", **WHO)
            wire.ask("http/sendmsg", to=TO, udh="060504158A0000", text="00ff10", binary="1", **WHO)
            sim.clock.advance(seconds=6)
            before = sim.messages
            planned = [sim.gateway.planned(each.id) for each in before]
        with Simulator(store=file) as sim:
            assert sim.messages == before
            assert [sim.gateway.planned(each.id) for each in sim.messages] == planned
            wire = Wire(sim)
            sim.clock.advance(minutes=6)
            assert wire.call("querymsg", climsgid="abc", **WHO)[0].endswith("Status: 007")
            assert [each.status for each in sim.messages] == ["004", "007", "004"]

    def test_traffic_lives_on_and_its_numbers_go_on(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            Wire(sim).call("sendmsg", TO, text="now", **WHO)
            before = sim.exchanges.latest()
        with Simulator(store=file) as sim:
            assert sim.exchanges.latest() == before
            Wire(sim).call("getbalance", **WHO)
            assert [each.number for each in sim.exchanges.latest()] == [2, 1]

    def test_a_message_is_never_of_somebody_elses_request(self, file: Path) -> None:
        with Simulator(store=file) as sim:  # killed before the request was answered, its exchange was never kept
            sim.gateway.execute(Command("sendmsg", {**WHO, "text": "hi"}, (TO,), exchange=3))
        with Simulator(store=file) as sim:
            Wire(sim).ask("http/ping")
            assert sim.exchanges.get(sim.messages[0].exchange) is None
            assert [each.number for each in sim.exchanges.latest()] == [4]

    def test_credits_and_refusals_of_numbers_live_on_and_accounts_do_not(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            Wire(sim).call("sendmsg", TO, text="now", **WHO)
            sim.gateway.opt_out(7, "acme", TO)
            Wire(sim).call("getbalance", api_id="8", user="other", password="x")
        with Simulator(store=file, accounts=[Account(7, "acme", "new", Decimal(5), daily_limit=1)]) as sim:
            assert sim.gateway.balance(7, "acme") == 999
            wire = Wire(sim)
            assert wire.call("getbalance", **WHO)[0].startswith("ERR: 001")
            new = {**WHO, "password": "new"}
            assert wire.call("sendmsg", TO, text="again", **new)[0].startswith("ERR: 122")
            with pytest.raises(KeyError):
                sim.gateway.balance(8, "other")

    def test_a_refund_of_an_account_that_is_gone_harms_nobody(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            Wire(sim).call("sendmsg", "99801012345", text="late", deliv_time="5", **WHO)
        with Simulator(store=file, accounts=[]) as sim:
            sim.clock.advance(days=3)
            assert [(each.status, each.charge) for each in sim.messages] == [("010", Decimal(0))]

    def test_what_was_deleted_or_reset_is_gone(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            for text in ("one", "two"):
                Wire(sim).call("sendmsg", TO, text=text, **WHO)
        with Simulator(store=file) as sim:
            sim.gateway.delete([sim.messages[0].id])
        with Simulator(store=file) as sim:
            assert [each.text for each in sim.messages] == ["two"]
            sim.reset()
        with Simulator(store=file) as sim:
            assert (sim.messages, sim.exchanges.latest(), sim.gateway.accounts()) == ([], [], [])
        assert b"two" not in file.read_bytes()

    def test_the_latest_are_kept_up_to_the_capacity(self, file: Path) -> None:
        with Simulator(store=file, capacity=3) as sim:
            for number in range(5):
                Wire(sim).call("sendmsg", TO, text=str(number), **WHO)
        with sqlite3.connect(file) as connection:
            kinds = dict(connection.execute("SELECT kind, count(*) FROM record GROUP BY kind").fetchall())
        connection.close()
        assert (kinds["message"], kinds["exchange"]) == (3, 3)
        with Simulator(store=file, capacity=2) as sim:
            assert [each.text for each in sim.messages] == ["3", "4"]

    def test_time_never_goes_back(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            sim.clock.advance(days=3)
            before = sim.clock.now()
        with Simulator(store=file) as sim:
            assert sim.clock.now() >= before
        with Simulator(store=file, clock=Clock(0)) as sim:
            assert sim.clock.now() >= before

    def test_a_simulator_that_is_started_again_goes_on(self, file: Path) -> None:
        sim = Simulator(store=file)
        with sim:
            Wire(sim).call("sendmsg", TO, text="one", **WHO)
        sim.gateway.delete([sim.messages[0].id])
        with sim:
            Wire(sim).call("sendmsg", TO, text="two", **WHO)
        with Simulator(store=file) as other:
            assert [each.text for each in other.messages] == ["two"]

    def test_many_messages_are_written_whole(self, file: Path) -> None:
        clock = Clock(speed=0)
        with Simulator(store=file, clock=clock) as sim:
            wire = Wire(sim)
            for _ in range(10):
                wire.call("sendmsg", *[f"2782{number:07}" for number in range(300)], text="x", **WHO)
            before = sim.messages
        with Simulator(store=file, clock=clock) as sim:
            assert len(before) == 3000
            assert sim.messages == before

    def test_no_password_and_no_session_is_in_it(self, file: Path) -> None:
        with Simulator(store=file, login="ann:quiet", accounts=[Account(7, "acme", "sesame-7")]) as sim:
            wire = Wire(sim)
            session = wire.log_in(password="sesame-7")
            wire.call("sendmsg", TO, text="now", session_id=session)
            wire.ask("http/sendmsg", to=TO, text="my words", api_id="7", user="acme", password="sesame-7")
        stored = file.read_bytes()
        assert b"my words" in stored
        assert not [word for word in (b"sesame-7", session.encode(), b"quiet") if word in stored]

    def test_a_process_that_is_killed_loses_the_last_moments_at_most(self, file: Path) -> None:
        program = [str(CLICKSOAP), "simulator", "--port", "0", "--store", str(file)]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            origin = process.stdout.readline().split()[3].rstrip(",")
            query = {**WHO, "to": TO, "text": "survive"}
            assert requests.get(f"{origin}/http/sendmsg", params=query, timeout=30).text.startswith("ID: ")
            log = file.with_name(f"{file.name}-wal")
            until(lambda: log.exists() and b"survive" in log.read_bytes())
            assert stat.S_IMODE(log.stat().st_mode) == 0o600
            process.kill()
        with Simulator(store=file) as sim:
            assert [each.text for each in sim.messages] == ["survive"]


class TestWhoseFile:
    def test_it_is_readable_for_its_owner_alone(self, file: Path) -> None:
        before = os.umask(0)
        try:
            with Simulator(store=file) as sim:
                Wire(sim).call("sendmsg", TO, text="now", **WHO)
                modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
        finally:
            os.umask(before)
        assert set(modes.values()) == {0o600}
        assert "store.db" in modes

    def test_one_that_others_can_read_is_refused_with_the_mend(self, file: Path) -> None:
        with Simulator(store=file):
            pass
        file.chmod(0o640)
        with pytest.raises(StoreError, match="chmod 600"):
            Simulator(store=file).start()

    def test_two_simulators_share_none(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            with pytest.raises(StoreError, match="in use by another simulator"):
                Simulator(store=file).start()
            done = subprocess.run(
                [CLICKSOAP, "simulator", "--port", "0", "--store", file],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            assert done.returncode == 1
            assert "in use by another simulator" in done.stderr
            assert Wire(sim).log_in()
        with Simulator(store=file):
            pass

    @pytest.mark.parametrize("content", [b"my diary", b"SQLite format 3\0", b"x" * 5000])
    def test_what_is_no_store_is_left_untouched(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(StoreError, match="not the store of a simulator"):
            Simulator(store=file).start()
        assert file.read_bytes() == content
        assert list(file.parent.iterdir()) == [file]

    def test_a_database_of_another_program_is_left_untouched(self, file: Path) -> None:
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
        connection.close()
        file.chmod(0o600)
        before = file.read_bytes()
        with pytest.raises(StoreError, match="not the store of a simulator"):
            Simulator(store=file).start()
        assert file.read_bytes() == before

    def test_another_version_is_left_untouched(self, file: Path) -> None:
        with Simulator(store=file):
            pass
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = file.read_bytes()
        with pytest.raises(StoreError, match=r"another clicksoap version \(99"):
            Simulator(store=file).start()
        assert file.read_bytes() == before

    def test_a_record_that_is_none_is_told_without_it(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            Wire(sim).call("sendmsg", TO, text="my words", **WHO)
        connection = sqlite3.connect(file)
        connection.execute("UPDATE record SET value = replace(value, '\"charge\"', '\"my words\"')")
        connection.commit()
        connection.close()
        with pytest.raises(StoreError, match="damaged") as caught:
            Simulator(store=file).start()
        assert caught.value.__cause__ is None
        assert "my words" not in str(caught.value)

    def test_a_file_that_breaks_off_is_told(self, file: Path) -> None:
        with Simulator(store=file) as sim:
            for _ in range(50):
                Wire(sim).call("sendmsg", TO, text="x" * 100, **WHO)
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * 8192)
        with pytest.raises(StoreError):
            Simulator(store=file).start()

    def test_a_folder_or_a_place_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="not a file"):
            Simulator(store=tmp_path).start()
        with pytest.raises(StoreError, match="No such file or directory"):
            Simulator(store=tmp_path / "none/store.db").start()

    def test_an_empty_file_will_do(self, file: Path) -> None:
        file.touch(0o600)
        with Simulator(store=file) as sim:
            assert Wire(sim).log_in()

    def test_a_port_in_use_leaves_the_file_alone(self, file: Path) -> None:
        with Simulator() as sim:
            port = int(sim.origin.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"):
                Simulator(port=port, store=file).start()
        assert not file.exists()


def test_when_the_disk_is_full_the_gateway_goes_on_and_says_so(file: Path) -> None:
    command = f'ulimit -f 128; exec "{CLICKSOAP}" simulator --port 0 --store "{file}"'
    with subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        origin = process.stdout.readline().split()[3].rstrip(",")
        try:
            query = {**WHO, "to": TO, "text": "my words " * 10, "concat": "3"}
            with requests.Session() as http:

                def is_full() -> bool:
                    assert http.get(f"{origin}/http/sendmsg", params=query, timeout=30).text.startswith("ID: ")
                    return http.get(f"{origin}/readyz", timeout=30).status_code == 503

                until(is_full)
                assert http.get(f"{origin}/readyz", timeout=30).text.startswith("the store cannot be written: ")
                assert http.get(f"{origin}/livez", timeout=30).status_code == 200
                assert "clicksoap_simulator_store_ok 0" in http.get(f"{origin}/metrics", timeout=30).text
                for _ in range(20):
                    assert is_full()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        told = process.stderr.read()
    assert told.count("\n") == 1
    assert told.startswith("the store cannot be written, the simulator continues in memory")
    assert "my words" not in told


def test_without_a_file_nothing_is_wrong() -> None:
    with Simulator() as sim:
        assert sim.store.problem == ""


def test_messages_from_handsets_live_on(file: Path) -> None:
    with Simulator(store=file) as sim:
        Wire(sim).call("sendmsg", TO, text="now", **WHO)
        sim.handset.send("stop", sender=TO, to="27800000009", api_id=7, user="acme")
        before = sim.handset.sent()
    with Simulator(store=file) as sim:
        assert sim.handset.sent() == before
        assert Wire(sim).call("sendmsg", TO, text="again", **WHO)[0].startswith("ERR: 122")
