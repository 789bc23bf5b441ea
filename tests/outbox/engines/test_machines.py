"""Trouble between machines: a host that is cut off, clocks that differ, and a database without connections left."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from other_host import OtherHost, other_host
from outboxes import ACCOUNT, Store, enqueue, sound, states, until, working
from postgresql import postgresql, programs

from clicksoap import Client
from clicksoap.errors import OutboxUnavailable
from clicksoap.outbox import Outbox
from clicksoap.simulator import Simulator

from .conftest import WORKER, end, far_worker

ROOT = Path(__file__).parents[3]


@pytest.fixture
def host() -> Iterator[OtherHost]:
    with other_host() as made:
        if made is None:
            pytest.skip("network namespaces need root and the program ip")
        yield made


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Store]:
    """An outbox in a PostgreSQL server that other hosts reach."""
    if programs() is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed")
    with postgresql("-c", "fsync=off", "-c", "listen_addresses=*") as server:
        with (server._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/16 trust\n")
        store = Store("postgresql", server.create("outbox"), tmp_path, server)
        store.sql("SELECT pg_reload_conf()")
        yield store
        for each in store.boxes:
            each.close()


def counted_arrivals(arrived: list[str]) -> Callable[[str], None]:
    def note(name: str) -> None:
        if name == "sendmsg":
            arrived.append(name)

    return note


def test_a_host_that_is_cut_off_in_the_middle_of_a_slice_doubles_nothing(host: OtherHost, reachable: Store) -> None:
    box = reachable.box()
    arrived: list[str] = []
    with Simulator(host="0.0.0.0", login="ann:secret", on_command=counted_arrivals(arrived)) as gateway:  # noqa: S104 - for the other host
        gateway.faults.add("delay", command="sendmsg", seconds=1, times=3)
        url = reachable.url.replace("127.0.0.1", host.here)
        for each in range(20):
            enqueue(box, f"278212345{each:02}", key=f"{each}")
        with (
            far_worker(host.command(sys.executable, "-c", WORKER, url, f"http://{host.here}:{gateway.port}")) as far,
            Client(**ACCOUNT, endpoint=f"http://127.0.0.1:{gateway.port}") as sms,
        ):
            # All of its requests are at the gateway.
            until(lambda: len(arrived) == 3 == box.status().in_flight, "its requests are out")
            host.cut()
            with working(box, sms, until_settled=True):
                until(lambda: sound(box) == {"accepted": 20}, "the other worker settled everything", seconds=60)
            until(lambda: "database lost" in far.lines, "it notices that the database is gone", seconds=40)
            host.mend()
            enqueue(box, "27821234599", key="later")
            until(lambda: states(box, "later") == ["accepted"], "it works again", seconds=60)
            assert "database back" in far.lines
        assert sorted(each.to for each in gateway.messages) == [f"278212345{each:02}" for each in (*range(20), 99)]


def test_a_host_that_is_cut_off_while_the_database_works_for_it_notices_it(host: OtherHost, reachable: Store) -> None:
    box = reachable.box().open()
    with Simulator(host="0.0.0.0", login="ann:secret") as gateway:  # noqa: S104 - for the other host
        url = reachable.url.replace("127.0.0.1", host.here)
        with far_worker(host.command(sys.executable, "-c", WORKER, url, f"http://{host.here}:{gateway.port}")) as far:
            until(lambda: box.status().workers, "it has begun")
            with psycopg.connect(reachable.url) as holder:
                holder.execute("SELECT * FROM clicksoap_account FOR UPDATE")
                enqueue(box)
                waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%account%'"
                until(lambda: reachable.sql(waiting), "its claim waits")
                host.cut()
            # The answer of the database never reaches it, and nothing of its own is under way.
            until(lambda: "database lost" in far.lines, "it notices that the database is gone", seconds=40)
            host.mend()
            until(lambda: states(box) == ["accepted"], "it works again", seconds=60)
        assert len(gateway.messages) == 1


@pytest.mark.parametrize("offset", ["+60s", "-60s"])
def test_workers_whose_clocks_differ_by_a_minute_send_each_message_once(
    offset: str, pg: Store, gateway: Simulator, sms: Client
) -> None:
    box = pg.box()
    for each in range(30):
        enqueue(box, f"278212345{each:02}", key=f"{each}")
    gateway.faults.lose_answer("sendmsg", times=3)
    with (
        far_worker([*faked(offset), sys.executable, "-c", WORKER, pg.url, gateway.origin], fake_environment()),
        working(box, sms),
    ):
        until(lambda: sound(box) == {"accepted": 30}, "everything is settled", seconds=60)
    assert len(gateway.messages) == 30


def faked(offset: str) -> list[str]:
    program = shutil.which("faketime")
    if program is None:
        assert "CI" not in os.environ, "faketime is not installed"
        pytest.skip("faketime is not installed")
    return [program, "-f", offset]


def fake_environment(**more: str) -> dict[str, str]:
    # The monotonic clock is never set; faked, it would make every wait of a thread endless.
    return {**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", **more}


def test_a_celery_worker_whose_clock_is_a_minute_ahead_takes_the_ticks_of_beat(
    pg: Store, gateway: Simulator, redis: str, tmp_path: Path
) -> None:
    box = pg.box()
    enqueue(box)
    celery = [sys.executable, "-m", "celery", "-A", "tests.outbox.engines.worker_app"]
    with ExitStack() as stack:
        environment = fake_environment(
            APP_URL=pg.url,
            APP_BROKER=redis,
            APP_GATEWAY=gateway.origin,
            APP_NOTES=str(tmp_path / "notes"),
        )
        log = stack.enter_context((tmp_path / "log").open("wb"))
        for command in (
            [*faked("+60s"), *celery, "worker", "-Q", "sms", "--pool", "threads", "-c", "2"],
            [*celery, "beat", "-s", str(tmp_path / "schedule"), "--pidfile="],
        ):
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(end, process)
        until(lambda: states(box) == ["accepted"], "the message is accepted", seconds=60)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER ROLE another CONNECTION LIMIT 0", "too few resources, such as connections"),
        ("ALTER ROLE another NOLOGIN", "refuses the user or the password"),
        ("DROP ROLE another", "refuses the user or the password"),
        ("ALTER DATABASE other RENAME TO renamed", "the database does not exist"),
    ],
)
def test_a_database_that_refuses_the_connection_is_not_called_silent(change: str, said: str, pg: Store) -> None:
    assert pg.server is not None
    for statement in (
        "DROP DATABASE IF EXISTS other",
        "DROP DATABASE IF EXISTS renamed",
        "DROP ROLE IF EXISTS another",
        "CREATE ROLE another LOGIN",
        "CREATE DATABASE other",
        change,
    ):
        pg.sql(statement)
    url = pg.server.url("other").replace("clicksoap@", "another@")
    box = Outbox(url)
    with pytest.raises(OutboxUnavailable, match=said):
        box.open()
