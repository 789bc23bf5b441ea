"""The gateway of the outbox's proofs, as a process: it loses answers, drops requests, and kills workers on demand.

It reads one JSON object per line: ``{"kill": group, "nth": n}`` kills a process group at the nth send from then on;
``{"lost": true}`` gives the client message ids of the requests whose answer it dropped.
"""

import contextlib
import json
import os
import re
import signal
import sys
import threading
from datetime import timedelta

from clicksoap.simulator import Settings, Simulator

_ID = re.compile(r"climsgid[^>]*>([0-9a-f]{32})<", re.IGNORECASE)


class Trap:
    """Kills a process group when a send has arrived, before the gateway carries it out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._group = 0
        self._left = 0

    def arm(self, group: int, nth: int) -> None:
        with self._lock:
            self._group, self._left = group, nth

    def on_command(self, name: str) -> None:
        if name != "sendmsg":
            return
        with self._lock:
            self._left -= 1
            group = self._group if self._left == 0 else 0
        if group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def main() -> None:
    record, seed, port, share = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    trap = Trap()
    settings = Settings(reporting_delay=timedelta(seconds=0.5))
    with Simulator(
        record=record, settings=settings, port=port, capacity=200_000, on_command=trap.on_command
    ) as simulator:
        if share:
            simulator.faults.add("reset", command="sendmsg", probability=share, seed=seed)
            simulator.faults.add("reset", command="sendmsg", probability=share, seed=seed + 1, carried_out=False)
            simulator.faults.add("delay", command="sendmsg", probability=0.3, seed=seed + 2, seconds=0.03)
        print(simulator.port, flush=True)  # noqa: T201 - read by the proof
        for line in sys.stdin:
            asked = json.loads(line)
            if "kill" in asked:
                trap.arm(asked["kill"], asked["nth"])
            lost: list[str] = []
            if "lost" in asked:
                for each in simulator.exchanges.latest():
                    found = _ID.search(each.request) if each.fault.startswith("reset") else None
                    lost += [found.group(1)] if found else []
                simulator.exchanges.clear()
            print(json.dumps(lost), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
