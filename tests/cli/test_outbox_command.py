"""The commands of the outbox: a worker, its numbers, decisions, and what each exits with."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from clicksoap.cli.json_shapes import SHAPES
from clicksoap.outbox import Decision, MessageState, Outbox, Priority
from clicksoap.outbox.schema import VERSION, migrate
from clicksoap.simulator import Simulator

from .conftest import CLICKSOAP, Run

NUMBER = "27821234567"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An outbox, which the commands find by the variable."""
    url = f"sqlite:///{tmp_path}/outbox.db"
    monkeypatch.setenv("CLICKSOAP_OUTBOX", url)
    return Outbox(url, believe_after=0.1).open()


def enqueue(box: Outbox, *keys: str) -> None:
    with box.transaction() as transaction:
        for key in keys:
            box.enqueue(transaction, NUMBER, f"hello {key}", key=key, priority=Priority.NORMAL)


def document(result: Result, verb: str) -> dict[str, Any]:
    """The JSON of a verb, whose fields are among the documented ones."""
    data: dict[str, Any] = json.loads(result.stdout)
    assert data["exit_code"] == result.exit_code
    assert data.keys() - {"exit_code", "error"} <= SHAPES[verb].keys()
    return data


def test_a_worker_sends_what_is_due_and_ends(run: Run, box: Outbox, gateway: Simulator) -> None:
    enqueue(box, "one", "two")
    ran = run("outbox", "work", "--until-settled", "--json")
    assert ran.exit_code == 0, ran.output
    data = document(ran, "outbox work")
    assert (data["sent"], data["accepted"], data["unfinished"]) == (2, 2, 0)
    assert sorted(each.text for each in gateway.messages) == ["hello one", "hello two"]
    assert run("outbox", "check").exit_code == 0


def test_a_worker_sends_for_the_account_that_it_is_told(run: Run, box: Outbox, gateway: Simulator) -> None:
    enqueue(box, "one")
    with box.transaction() as transaction:
        box.enqueue(transaction, NUMBER, "a code", key="code", account="codes")
    assert run("outbox", "work", "--until-settled", "--account", "codes").exit_code == 0
    assert [each.text for each in gateway.messages] == ["a code"]
    assert run("outbox", "work", "--until-settled", "--account", "news").exit_code == 0
    assert run("outbox", "work", "--until-settled", "--account", "").exit_code == 2
    assert box.get("one")[0].state is MessageState.PENDING


def test_sigterm_ends_a_worker_with_code_0(box: Outbox, account: dict[str, str], gateway: Simulator) -> None:
    enqueue(box, "one")
    command = [str(CLICKSOAP), "outbox", "work"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **account}) as worker:
        (message,) = box.wait("one", 30)
        worker.send_signal(signal.SIGTERM)
        told = worker.communicate(timeout=20)[1]
    assert (message.state, worker.returncode) == (MessageState.ACCEPTED, 0)
    assert "1 request sent, 1 message accepted." in told
    assert len(gateway.messages) == 1


def test_a_worker_prints_a_pause_once(box: Outbox, account: dict[str, str], gateway: Simulator) -> None:
    """Also if several answers that are out at the same time ask for it."""
    gateway.faults.add("error", command="sendmsg", code="301")
    enqueue(box, *"abcdefgh")
    command = [str(CLICKSOAP), "outbox", "work"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **account}) as worker:
        assert worker.stderr is not None
        first = worker.stderr.readline()
        worker.send_signal(signal.SIGTERM)
        rest = worker.communicate(timeout=20)[1]
    assert first.startswith("account paused: account default: ")
    assert "paused" not in rest
    assert worker.returncode == 0
    assert len(box.events()) == 1


def test_the_status_counts_and_fails_where_a_message_waits_for_too_long(run: Run, box: Outbox) -> None:
    enqueue(box, "one", "two")
    assert "pending\t2" in run("outbox", "status").stdout
    assert run("outbox", "status", "--fail-if", "oldest>1h").exit_code == 0
    assert run("outbox", "status", "--fail-if", "oldest>0s").exit_code == 75
    quiet = run("outbox", "status", "--quiet", "--fail-if", "oldest>1h")
    assert (quiet.exit_code, quiet.output) == (0, "")
    assert "pending\t2" in run("outbox", "status", "--quiet").stdout
    assert run("outbox", "status", "--fail-if", "youngest>1h").exit_code == 2
    assert 'clicksoap_outbox_messages{state="pending"} 2' in run("outbox", "status", "--metrics").stdout
    assert document(run("outbox", "status", "--json"), "outbox status")["due"] == 2


def test_times_are_written_as_iso_8601_says(run: Run, box: Outbox) -> None:
    enqueue(box, "one")
    run("outbox", "work", "--until-settled")
    enqueue(box, "two")
    data = document(run("outbox", "status", "--json"), "outbox status")
    for text in (data["oldest_due"], data["workers"][0]["slice_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", text)


def test_the_pace_of_all_workers_is_set_without_one(run: Run, box: Outbox) -> None:
    assert document(run("outbox", "rate", "0.5", "--json"), "outbox rate")["rate"] == 0.5
    assert [each.rate for each in box.status().accounts] == [0.5]
    assert run("outbox", "rate", "none").exit_code == 0
    assert run("outbox", "rate", "100", "--account", "codes").exit_code == 0
    assert {each.name: each.rate for each in box.status().accounts} == {"default": None, "codes": 100}
    for wrong in ("fast", "0", "nan"):
        assert run("outbox", "rate", wrong).exit_code == 2


def test_a_pause_is_seen_and_ended(run: Run, box: Outbox) -> None:
    assert run("outbox", "pause", "--by", "Thandi", "--why", "the gateway sends twice").exit_code == 0
    assert "the gateway sends twice" in run("outbox", "status").stderr
    assert run("outbox", "continue", "--why", "it is mended").exit_code == 0
    assert "paused" not in run("outbox", "status").stderr
    assert [each.who for each in box.events()][-1] == "Thandi"


def test_one_account_is_paused_alone(run: Run, box: Outbox) -> None:
    def paused() -> set[str]:
        return {each.name for each in box.status().accounts if each.paused_since is not None}

    with box.transaction() as transaction:
        box.enqueue(transaction, NUMBER, "a code", key="code", account="codes")
    mistyped = run("outbox", "pause", "--account", "code", "--why", "a test")
    assert mistyped.exit_code == 2
    assert "the outbox has 'codes', 'default'" in mistyped.stderr
    assert run("outbox", "pause", "--account", "codes", "--why", "a test").exit_code == 0
    assert paused() == {"codes"}
    assert run("outbox", "pause", "--why", "a test").exit_code == 0
    assert paused() == {"codes", "default"}
    assert run("outbox", "continue", "--why", "a test").exit_code == 0
    assert paused() == {"codes"}
    assert run("outbox", "continue", "--account", "codes", "--why", "a test").exit_code == 0
    assert paused() == set()


@pytest.mark.parametrize("verb", ["pause", "continue"])
def test_a_pause_is_of_an_account_or_of_a_campaign(run: Run, box: Outbox, verb: str) -> None:
    refused = run("outbox", verb, "--account", "codes", "--campaign", "run", "--why", "a test")
    assert refused.exit_code == 2
    assert "--account and --campaign are both given" in refused.stderr
    assert run("outbox", verb, "--account", "", "--why", "a test").exit_code == 2
    assert box.events() == ()


def test_a_person_gives_a_waiting_message_up(run: Run, box: Outbox) -> None:
    enqueue(box, "one")
    (row,) = run("outbox", "list", "pending").stdout.splitlines()
    assert NUMBER not in row
    data = document(
        run("outbox", "resolve", row.split("\t")[0], "give-up", "--why", "a test", "--json"), "outbox resolve"
    )
    assert [each["state"] for each in data["messages"]] == ["cancelled"]
    assert run("outbox", "resolve", row.split("\t")[0], "arrived", "--why", "a test").exit_code == 2
    assert Decision.GIVE_UP in box.events()[0].detail


def test_a_person_decides_about_several_messages_at_once(run: Run, box: Outbox) -> None:
    """Those before a message that cannot be decided so are decided, and said; those behind it are not."""
    enqueue(box, "one", "two", "three")
    ids = [line.split("\t")[0] for line in run("outbox", "list", "pending").stdout.splitlines()]
    done = run("outbox", "resolve", ids[0], "99999", ids[1], "give-up", "--why", "a test")
    assert done.exit_code != 0
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ids[:1]
    assert run("outbox", "resolve", *ids[1:], ids[1], "give-up", "--why", "a test").exit_code == 0
    assert {box.get(key)[0].state for key in ("one", "two", "three")} == {MessageState.CANCELLED}


def test_a_suppressed_number_gets_nothing(run: Run, box: Outbox, gateway: Simulator) -> None:
    enqueue(box, "one")
    assert document(run("outbox", "suppress", NUMBER, "--why", "STOP", "--json"), "outbox suppress")["is_changed"]
    run("outbox", "work", "--until-settled")
    assert (box.get("one")[0].state, len(gateway.messages)) == (MessageState.SKIPPED, 0)
    assert run("outbox", "suppress", NUMBER, "--why", "START", "--remove").exit_code == 0
    assert box.suppressions() == ()


def test_a_forgotten_number_is_nowhere(run: Run, box: Outbox) -> None:
    enqueue(box, "one")
    assert run("outbox", "forget", NUMBER).stdout == "1 message\n"
    assert (box.get("one")[0].to, box.get("one")[0].state) == (None, MessageState.CANCELLED)


def test_an_older_copy_is_said_to_be_one(run: Run, box: Outbox) -> None:
    enqueue(box, "one")
    data = document(run("outbox", "check", "--after-restore", "the disk failed", "--json"), "outbox check")
    assert data["asked_first"] == 1


def test_tables_that_are_there_need_no_upgrade(run: Run, box: Outbox) -> None:
    data = document(run("outbox", "upgrade", "--json"), "outbox upgrade")
    assert (data["backup"], data["before"], data["version"]) == (None, VERSION, VERSION)
    assert run("outbox", "upgrade").stdout == f"nothing to do, version {VERSION}\n"
    assert box.check().is_sound


def test_an_upgrade_says_what_it_did(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    made = run("outbox", "upgrade", "--url", url)
    assert made.stdout == f"tables created, version {VERSION}\n"
    with Outbox(url) as box:
        migrate(box._database, "0001")
    done = run("outbox", "upgrade", "--url", url)
    assert done.stdout == f"tables upgraded from version 0001 to {VERSION}\n"
    assert "until then, each enqueue fails." in done.stderr
    assert ".backup" in done.stderr


def test_without_an_outbox_the_error_says_where_to_name_one(run: Run) -> None:
    result = run("outbox", "status")
    assert (result.exit_code, "--url" in result.stderr, "CLICKSOAP_OUTBOX" in result.stderr) == (2, True, True)
