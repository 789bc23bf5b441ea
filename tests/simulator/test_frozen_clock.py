"""A simulator runs and ends while the clocks of Python stand still, as tools that freeze a test's time let them."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from clicksoap.simulator import Simulator, StoreError

from .conftest import Wire


def test_a_simulator_starts_answers_and_stops_while_the_clocks_of_python_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic()
    done = threading.Event()

    def run() -> None:
        with Simulator() as sim:
            sim.faults.add("delay", seconds=0.2, times=1)
            assert Wire(sim).call("ping", session_id="x")[0].startswith("ERR: 003")
        done.set()

    with monkeypatch.context() as frozen:
        for name in ("monotonic", "time", "perf_counter"):
            frozen.setattr(time, name, lambda: now)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        has_ended = done.wait(20)
    assert has_ended


def test_a_store_with_a_time_without_an_offset_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sms.db"
    with Simulator(store=file):
        pass
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE record SET value = '2026-01-01T00:00:00' WHERE kind = 'clock'")
    connection.close()
    with pytest.raises(StoreError, match="is damaged: move it away, or give another file"):
        Simulator(store=file).start()
