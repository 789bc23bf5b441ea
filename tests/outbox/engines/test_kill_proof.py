"""The outbox on engines whose workers are killed: no message is lost, none is sent twice, and none gets stuck.

The long forms run in `make proof`; ``SEED=`` repeats a run.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import record
from postgresql import PostgreSQLServer

from .conftest import need_brokers

ROOT = Path(__file__).parents[3]
IS_SHORT = os.environ.get("SHORT", "") not in {"", "0"}
ENGINES = ["redis", "redis-emptied", "rabbitmq", "processes", "procrastinate"]


@pytest.fixture
def address(server: PostgreSQLServer) -> str:
    """The address of a PostgreSQL server; the stores of the proofs are databases there."""
    need_brokers()
    return server.url().rpartition("/")[0]


def run(engine: str, rows: int, address: str) -> dict[str, Any]:
    seed = int(os.environ.get("SEED") or random.randrange(2**32))  # noqa: S311 - no secret
    command = [sys.executable, "-m", "tests.outbox.proofs.engines", engine, str(rows), str(seed), address]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"SEED={seed}: {done.stderr[-3000:]}"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    shown = " ".join(f"{name}={result[name]}" for name in ("rows", "kills", "lost", "doubled", "stuck", "doubtful"))
    sys.stdout.write(f"{engine:14} {shown} seconds={result['seconds']:.0f} seed={seed}\n")
    counted = {name: result[name] for name in ("rows", "kills", "lost", "doubled", "stuck")}
    record(f"outbox on an engine, workers killed: {engine}", **counted)
    assert result["problems"] == [], f"SEED={seed}: {result['problems'][:10]}\n{done.stderr[-6000:]}"
    return result


def test_celery_workers_that_are_killed_lose_nothing_and_send_nothing_twice(address: str) -> None:
    result = run("redis-emptied", 200, address)
    assert (result["lost"], result["doubled"], result["stuck"]) == (0, 0, 0)
    assert result["kills"] >= 1


@pytest.mark.proof
@pytest.mark.parametrize("engine", ENGINES)
def test_workers_of_an_engine_killed_again_and_again(engine: str, address: str) -> None:
    result = run(engine, 600 if IS_SHORT else 5_000, address)
    assert (result["lost"], result["doubled"], result["stuck"]) == (0, 0, 0)
    assert result["kills"] >= (3 if IS_SHORT else 15)
