"""Signals at random moments: what a send is told is true, nothing stays locked, and the process ends."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import record
from rawserver import Gateway, RawServer, command, values

PROGRAM = Path(__file__).with_name("interrupted.py")
KINDS = ["SIGINT", "SIGALRM", "cancellation"]


def interrupted(kind: str, count: int) -> list[dict[str, Any]]:
    """What each send of a process was told, compared with what arrived; gives those that were interrupted."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))  # noqa: S311 - no secret
    with RawServer(Gateway()) as server:
        line = [sys.executable, str(PROGRAM), kind, str(server.port), str(count), str(seed)]
        done = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=60 + count / 10, check=False)
        assert done.returncode == 0, f"SEED={seed}: {done.stderr}"
        told = json.loads(done.stdout)
    arrived = {number for each in server.requests if command(each) == "sendmsg" for number in values(each, "to")}
    wrong = [each for each in told if not is_true(each, arrived)]
    was_interrupted = [each for each in told if each["error"]]
    record(f"interrupted at random moments: {kind}", sends=count, interrupted=len(was_interrupted), wrong=len(wrong))
    assert wrong == [], f"SEED={seed}"
    assert len(told) == count
    return was_interrupted


def is_true(told: dict[str, Any], arrived: set[str]) -> bool:
    if told["states"] is None:
        # In the program's own frame, no library can say anything any more.
        return not told["is_inside"] or arrived.isdisjoint(told["numbers"])
    return all(
        (state != "not_sent" or number not in arrived) and (state != "accepted" or number in arrived)
        for number, state in zip(told["numbers"], told["states"], strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_some_interruptions_are_told_truly(kind: str) -> None:
    assert len(interrupted(kind, 200)) > 20


def test_calls_that_a_signal_handler_makes_disturb_no_call_around_them() -> None:
    assert interrupted("call", 200) == []


@pytest.mark.proof
@pytest.mark.parametrize("kind", [*KINDS, "call"])
def test_thousands_of_interruptions_are_told_truly(kind: str) -> None:
    is_short = os.environ.get("SHORT", "") not in {"", "0"}
    interrupted(kind, 1_000 if is_short else 20_000)
