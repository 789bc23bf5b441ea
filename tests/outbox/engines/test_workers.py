"""Workers of Celery as processes, over a real Redis: who sends, what a fork gets, and how they end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from outboxes import Store, enqueue, until

from clicksoap.outbox import Outbox
from clicksoap.simulator import Simulator

from .conftest import end

ROOT = Path(__file__).parents[3]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def celery(redis: str, pg: Store, gateway: Simulator, tmp_path: Path) -> Iterator[Start]:
    """Starts a program of Celery for the team's app; all are ended with the test."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        "APP_URL": pg.url,
        "APP_BROKER": redis,
        "APP_GATEWAY": gateway.origin,
        "APP_NOTES": str(tmp_path / "notes"),
    }
    with ExitStack() as stack:

        def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "celery", "-A", "tests.outbox.engines.worker_app", *words]
            log = stack.enter_context((tmp_path / f"log {words[0]} {len(more)}").open("ab"))
            process = subprocess.Popen(
                command, cwd=ROOT, env={**environment, **more}, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(end, process)
            return process

        yield start


def worker(pool: str = "prefork") -> list[str]:
    return ["worker", "-Q", "sms", "-c", "2", "--pool", pool, "--without-gossip", "--without-mingle"]


def wait_until_sent(box: Outbox, count: int) -> None:
    until(lambda: box.status().messages.get("accepted", 0) == count, "all are accepted", seconds=40)  # type: ignore[call-overload]


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_workers_of_a_pool_send_with_one_client_for_each_process(
    pool: str, celery: Start, pg: Store, gateway: Simulator, tmp_path: Path
) -> None:
    box = pg.box()
    for each in range(40):
        enqueue(box, f"278212345{each:02}", key=str(each))
    process = celery(*worker(pool))
    celery("beat", "-s", str(tmp_path / "schedule"), "--pidfile=")
    wait_until_sent(box, 40)
    assert len(gateway.messages) == 40
    processes = [line.split()[0] for line in (tmp_path / "notes").read_text().splitlines()]
    assert len(processes) == len(set(processes))
    assert (str(process.pid) in processes) == (pool != "prefork")


def test_a_worker_that_is_told_to_stop_ends_after_its_slice(celery: Start, pg: Store, tmp_path: Path) -> None:
    box = pg.box()
    enqueue(box)
    process = celery(*worker())
    celery("beat", "-s", str(tmp_path / "schedule"), "--pidfile=")
    wait_until_sent(box, 1)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert time.monotonic() - began < 10
    assert "SoftTimeLimit" not in (tmp_path / "log worker 0").read_text()


def test_a_machine_with_a_wrong_password_leaves_the_messages_to_the_other_one(
    celery: Start, pg: Store, gateway: Simulator, tmp_path: Path
) -> None:
    box = pg.box()
    celery(*worker(), "-n", "wrong@%h", APP_PASSWORD="wrong")
    celery("beat", "-s", str(tmp_path / "schedule"), "--pidfile=")
    notes = tmp_path / "notes"
    until(lambda: notes.exists() and "wrong" in notes.read_text(), "the wrong one tried", seconds=40)
    for each in range(40):
        enqueue(box, f"278212345{each:02}", key=str(each))
    celery(*worker(), "-n", "right@%h", APP_PASSWORD="secret", SECOND="1")
    wait_until_sent(box, 40)
    assert len(gateway.messages) == 40
    log = (tmp_path / "log worker 1").read_text()
    assert "another worker gets its turn" in log
    assert "raised unexpected" not in log
