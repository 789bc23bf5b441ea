"""Killed, interrupted and abandoned workers: no message is lost, and none is sent twice.

The long forms run in `make proof`; ``SEED=`` repeats a run.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from figures import record
from postgresql import postgresql, programs

ROOT = Path(__file__).parents[2]
IS_SHORT = os.environ.get("SHORT", "") not in {"", "0"}
STORES = ["sqlite", "postgresql"]
COUNTED = ("runs", "rows", "kills", "lost", "doubled", "unknown_singles")
TRIED = {
    "kill": "worker killed",
    "control": "control: unanswered claims sent again",
    "pair": "one of two workers killed",
    "sigterm": "worker ended by SIGTERM",
    "ctrl-c": "worker ended by Ctrl-C",
    "exception": "worker met by an exception of a signal handler",
    "older copy": "older copy in the place of the database",
    "dead gateway": "gateway dead for eight hours",
    "campaign": "campaign killed three times",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server; the stores of the proofs are databases there."""
    if programs() is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed")
    with postgresql() as running:
        yield running.url().rpartition("/")[0]


@pytest.fixture
def address(store: str, request: pytest.FixtureRequest) -> str:
    """The address of the store's server; none for SQLite."""
    return "" if store == "sqlite" else str(request.getfixturevalue("server"))


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("SEED") or random.randrange(2**32))  # noqa: S311 - no secret


def started(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.outbox.proofs.{program}", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", cwd=ROOT)


def result_of(process: subprocess.Popen[str], seed: int) -> dict[str, Any]:
    out, err = process.communicate()
    assert process.returncode == 0, f"SEED={seed}: {err[-3000:]}"
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def killed(  # noqa: PLR0913 - what a proof is told
    store: str, mode: str, runs: int, lines: int, seed: int, address: str
) -> dict[str, Any]:
    """So many runs in so many lines at the same time; gives the sums."""
    each = -(-runs // lines)
    processes = [started("killing", store, each, seed, line * each, mode, address) for line in range(lines)]
    total: dict[str, Any] = {"store": store, "seed": seed, "points": Counter[str](), "problems": [], "seconds": 0.0}
    for result in _results(processes, seed):
        total["points"].update(result["points"])
        total["problems"] += result["problems"]
        total["seconds"] = max(total["seconds"], result["seconds"])
        for name in ("runs", "rows", "kills", "lost", "doubled", "doubtful", "unknown_singles"):
            total[name] = total.get(name, 0) + result[name]
    told(mode, total)
    return total


def _results(processes: list[subprocess.Popen[str]], seed: int) -> Iterator[dict[str, Any]]:
    try:
        for process in processes:
            yield result_of(process, seed)
    finally:
        for process in processes:
            process.kill()


def told(what: str, result: dict[str, Any]) -> None:
    """Print a line, and record the figures."""
    counted = {name: result[name] for name in COUNTED if name in result}
    record(f"outbox, {TRIED[what]}: {result['store']}", **counted, problems=len(result["problems"]))
    shown = {name: value for name, value in result.items() if name not in ("problems", "points")}
    words = [f"{name}={value:.1f}" if isinstance(value, float) else f"{name}={value}" for name, value in shown.items()]
    sys.stdout.write(" ".join([what, *words]) + "\n")


def holds(result: dict[str, Any]) -> bool:
    assert result["problems"] == [], f"SEED={result.get('seed')}: {result['problems'][:10]}"
    return (result["lost"], result["doubled"], result["unknown_singles"]) == (0, 0, 0)


@pytest.mark.parametrize("store", STORES)
def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(store: str, address: str, seed: int) -> None:
    # In one line: each line starts two programs, which costs more than a run.
    result = killed(store, "kill", 4, 1, seed, address)
    assert holds(result)
    assert result["kills"] >= 4


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_hundreds_of_killed_workers_lose_nothing_and_send_nothing_twice(store: str, address: str, seed: int) -> None:
    result = killed(store, "kill", 12 if IS_SHORT else 200, 6 if IS_SHORT else 8, seed, address)
    assert holds(result)
    assert len(result["points"]) == 6


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_a_worker_that_sends_unanswered_claims_again_is_caught(store: str, address: str, seed: int) -> None:
    result = killed(store, "control", 4 if IS_SHORT else 24, 4, seed, address)
    assert result["doubled"] > 0


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_two_workers_of_which_one_is_killed_again_and_again(store: str, address: str, seed: int) -> None:
    assert holds(killed(store, "pair", 4 if IS_SHORT else 48, 4 if IS_SHORT else 8, seed, address))


@pytest.mark.parametrize("store", STORES)
def test_a_worker_ends_in_time_after_sigterm(store: str, address: str, seed: int) -> None:
    result = result_of(started("interrupting", store, 3, seed, "sigterm", address), seed)
    assert holds({**result, "seed": seed})


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["sigterm", "ctrl-c", "exception"])
@pytest.mark.parametrize("store", STORES)
def test_signals_at_random_moments(store: str, kind: str, address: str, seed: int) -> None:
    count = (5 if IS_SHORT else 40) * (8 if kind == "exception" else 1)
    result = result_of(started("interrupting", store, count, seed, kind, address), seed)
    told(kind, {**result, "seed": seed})
    assert holds({**result, "seed": seed})


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_an_older_copy_in_the_place_of_the_database(store: str, address: str, seed: int) -> None:
    process = started("restoring", store, 2 if IS_SHORT else 20, seed, "marked", address)
    result = result_of(process, seed)
    told("older copy", {**result, "seed": seed})
    assert holds({**result, "seed": seed})


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_a_gateway_that_is_dead_for_eight_hours(store: str, address: str, seed: int) -> None:
    result = result_of(started("dead", store, 2_000 if IS_SHORT else 40_000, seed, address), seed)
    told("dead gateway", result)
    assert result["problems"] == [], f"SEED={seed}"


def campaign(store: str, rows: int, seed: int, address: str) -> None:
    result = result_of(started("campaigns", store, rows, seed, address), seed)
    told("campaign", {"seed": seed, **result})
    assert result["problems"] == [], f"SEED={seed}: {result['problems'][:10]}"
    assert (result["lost"], result["doubled"], result["kills"]) == (0, 0, 3)


@pytest.mark.parametrize("store", STORES)
def test_a_campaign_killed_three_times_is_exported_as_it_arrived(store: str, address: str, seed: int) -> None:
    campaign(store, 400, seed, address)


@pytest.mark.proof
@pytest.mark.parametrize("store", STORES)
def test_a_large_campaign_killed_three_times_is_exported_as_it_arrived(store: str, address: str, seed: int) -> None:
    campaign(store, 4_000 if IS_SHORT else 40_000, seed, address)
