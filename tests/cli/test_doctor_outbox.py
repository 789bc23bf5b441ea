"""``clicksoap doctor`` over an outbox: its database, its mark, its pauses, and how long messages wait."""

import contextlib
import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from clicksoap.outbox import Outbox, Priority

from .conftest import Run

NUMBER = "27821234567"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/outbox.db"


def examined(run: Run, url: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what the check of the outbox says."""
    data = json.loads(run("doctor", "--json", "--outbox", url, *arguments).stdout)
    found: dict[str, Any] = {each["name"]: each for each in data["checks"]}["outbox"]
    assert bool(found["meaning"] and found["mend"]) == (found["state"] in {"failed", "warning"})
    return data["exit_code"], found


def enqueue(url: str, key: str) -> None:
    with Outbox(url) as box, box.transaction() as transaction:
        box.enqueue(transaction, NUMBER, f"hello {key}", key=key, priority=Priority.NORMAL)


def test_without_an_outbox_the_check_is_skipped(run: Run) -> None:
    result = run("doctor")
    assert "outbox\tskipped\tno outbox: give --outbox, or set CLICKSOAP_OUTBOX" in result.stdout


def test_a_healthy_outbox_is_counted(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(url, "one")
    assert examined(run, url)[1]["finding"] == "1 message, 1 due, 0 in flight"
    monkeypatch.setenv("CLICKSOAP_OUTBOX", url)
    assert "outbox\tok\t1 message, 1 due, 0 in flight" in run("doctor").stdout


def test_an_outbox_before_its_first_message_is_no_warning_and_is_not_created(
    run: Run, url: str, tmp_path: Path
) -> None:
    code, found = examined(run, url)
    assert (code, found["state"]) == (0, "skipped")
    assert found["finding"].startswith("no outbox yet, the first plan or enqueue creates it: ")
    assert "outbox.db" in found["finding"]
    assert not (tmp_path / "outbox.db").exists()


def test_a_database_without_an_outbox_stays_without_one(run: Run, url: str, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.db")) as other:
        other.execute("CREATE TABLE orders (id INTEGER)")
    code, found = examined(run, url)
    assert (code, found["state"]) == (0, "warning")
    assert found["finding"].startswith("the database holds no outbox: ")
    assert not Outbox(url).exists()


def test_a_message_that_waits_while_no_worker_is_seen_is_a_warning(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(url, "one")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 120)
    code, found = examined(run, url)
    assert (code, found["state"]) == (0, "warning")
    assert found["finding"].startswith("1 message due, the oldest since ")
    assert found["finding"].endswith(", and no worker was seen within the last minute")
    # The clock that this test moves is the other one.
    assert "No check failed, 2 warnings." in run("doctor", "--outbox", url).stderr


def test_a_message_that_waits_for_two_minutes_beside_a_worker_is_no_warning(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the pace may hold it back, and the worker is there."""
    enqueue(url, "one")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 120)
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other, other:
        other.execute("INSERT INTO clicksoap_worker VALUES ('web-1 17', 'default', ?, ?)", (now, now + 110))
    assert examined(run, url)[1]["finding"] == "1 message, 1 due, 0 in flight"


def test_a_pause_messages_that_wait_for_long_and_doubts_are_told(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(url, "one")
    with Outbox(url) as box:
        box.pause(by="Thandi", why="the gateway sends twice")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    code, found = examined(run, url)
    assert (code, found["state"]) == (0, "warning")
    assert found["finding"].endswith("UTC: the gateway sends twice")
    assert [each.partition(",")[0] for each in found["details"]] == ["1 message due"]


def test_an_older_copy_of_the_database_is_told_by_its_mark(run: Run, url: str, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    mark = marks / "outbox.mark"
    enqueue(url, "one")
    shutil.copy(tmp_path / "outbox.db", tmp_path / "copy.db")
    assert run("outbox", "work", "--until-settled", "--url", url, "--mark", str(mark)).exit_code == 0
    assert examined(run, url, "--mark", str(mark))[1]["state"] == "ok"
    for each in tmp_path.glob("outbox.db-*"):
        each.unlink()
    shutil.move(tmp_path / "copy.db", tmp_path / "outbox.db")
    code, found = examined(run, url, "--mark", str(mark))
    assert (code, found["state"]) == (1, "failed")
    assert found["finding"].startswith("the database is an older copy of the outbox")
    checked = run("outbox", "check", "--url", url, "--mark", str(mark))
    assert checked.exit_code == 1
    assert "older copy" in checked.output


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("mysql://localhost/sms", 2, "a database of kind 'mysql'"),
        ("postgresql://acme:s3cret@127.0.0.1:9/sms", 75, "does not reach its database"),
        ("sqlite:///", 2, "names no file"),
    ],
)
def test_an_outbox_that_cannot_be_used_is_told_without_its_password(run: Run, given: str, code: int, said: str) -> None:
    exit_code, found = examined(run, given)
    assert (exit_code, found["state"]) == (code, "failed")
    assert said in found["finding"]
    assert "s3cret" not in json.dumps(found)
