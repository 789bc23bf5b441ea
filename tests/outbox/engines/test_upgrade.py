"""A rolling upgrade: the tables are migrated while workers of the old release run, and nothing is sent twice.

The long form runs in `make proof`; ``SEED=`` repeats a run.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from next_release import NEXT, SAID, make_release, of_version
from outboxes import Store, enqueue, sound, until
from postgresql import PostgreSQLServer

from clicksoap.outbox import Outbox, schema
from clicksoap.simulator import Simulator

from .conftest import end, holds, proven

ROOT = Path(__file__).parents[3]
IS_SHORT = os.environ.get("SHORT", "") not in {"", "0"}


def proof(runs: int, mode: str, server: PostgreSQLServer) -> dict[str, Any]:
    return proven("upgrading", runs, mode, server.url().rpartition("/")[0])


def test_old_workers_refuse_the_upgraded_tables_and_new_ones_finish(server: PostgreSQLServer) -> None:
    assert holds(proof(1, "usual", server))


@pytest.mark.proof
def test_an_old_worker_that_does_not_look_at_the_version_is_caught(server: PostgreSQLServer) -> None:
    assert [each for each in proof(1, "unchecked", server)["problems"] if "old1" in each and "went on for" in each]


@pytest.mark.proof
def test_a_migration_that_gives_back_what_is_out_is_caught(server: PostgreSQLServer) -> None:
    assert proof(2, "giving-back", server)["doubled"] > 0


@pytest.mark.proof
def test_many_upgrades_under_workers_double_nothing(server: PostgreSQLServer) -> None:
    assert holds(proof(3 if IS_SHORT else 25, "usual", server))


def test_workers_of_the_command_line_end_with_a_code_and_the_remedy(
    pg: Store, gateway: Simulator, tmp_path: Path
) -> None:
    assert pg.server is not None
    url = pg.empty()
    release = make_release(tmp_path / "release")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "CLICKSOAP_"))},
        "CLICKSOAP_API_ID": "123456",
        "CLICKSOAP_USER": "acme",
        "CLICKSOAP_PASSWORD": "secret",
        "CLICKSOAP_ENDPOINT": gateway.origin,
        "CLICKSOAP_OUTBOX": url,
    }

    def start(where: Path, *words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            command = [sys.executable, "-m", "clicksoap", "outbox", *words]
            return subprocess.Popen(command, cwd=where, env=environment, stdout=log, stderr=log, start_new_session=True)

    def said() -> str:
        return (tmp_path / "log").read_text("utf-8")

    with Outbox(url) as box:
        enqueue(box, key="before")
        old = start(ROOT, "work")
        try:
            until(lambda: len(gateway.messages) == 1 and box.check().open == 0, "the old worker sends")
            assert start(release, "work", "--until-settled").wait(30) == 4
            assert "stop the workers, then run Outbox.upgrade() or clicksoap outbox upgrade" in said()
            upgrade = start(release, "upgrade")
            assert upgrade.wait(30) == 0
            assert old.wait(10) == 4
        finally:
            end(old)
        assert SAID in said()
        # PostgreSQL is not copied by the upgrade: its own program does that.
        assert "copy of the outbox" not in said()
        for words in (["status"], ["work", "--until-settled"], ["upgrade"], ["check"]):
            assert start(ROOT, *words).wait(30) == 4
    with of_version(NEXT), Outbox(url) as box:
        enqueue(box, key="after")
        assert start(release, "work", "--until-settled").wait(60) == 0
        assert sound(box) == {"accepted": 2}, [each.why for each in box.get("after")]
    assert len(gateway.messages) == 2
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT version_num FROM clicksoap_version").fetchall() == [(NEXT,)]


def test_an_upgrade_that_meets_a_deadlock_begins_again(pg: Store) -> None:
    url = pg.empty()
    with Outbox(url) as box:
        schema.migrate(box._database, "0001")
    older = Outbox(url)
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
        # Not this one is ended by the server, but the upgrade.
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("SELECT * FROM clicksoap_message")
        upgrade = pool.submit(older.upgrade)
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"
        until(lambda: pg.sql(waits), "the upgrade waits")
        other.execute("SELECT * FROM clicksoap_account FOR UPDATE")
        other.commit()
        assert upgrade.result(60) is None
    assert sound(older) == {}
    older.close()
