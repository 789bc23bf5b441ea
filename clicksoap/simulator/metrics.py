"""Health checks (/livez, /readyz) and Prometheus metrics (/metrics)."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event, Lock
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.codes import STATUSES
from clicksoap.simulator.simulation import Simulation

_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_MEMORY: Final = Path("/proc/self/statm")
_HEADERS: Final = {"cache-control": "no-store"}

Sample = tuple[dict[str, str], int]


class Metrics:
    """Health checks and metrics of a simulation.

    Args:
        simulation: The simulation.
        stopping: Set when the server stops; ``/readyz`` then answers 503.
    """

    def __init__(self, simulation: Simulation, stopping: Event) -> None:
        self._simulation = simulation
        self._stopping = stopping
        self._lock = Lock()
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._counted = 0

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/livez", self._livez), Route("/readyz", self._readyz), Route("/metrics", self._metrics)]

    async def _livez(self, _: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_HEADERS)

    async def _readyz(self, _: Request) -> Response:
        reason = "stopping" if self._stopping.is_set() else self._simulation.problem
        return PlainTextResponse(f"{reason or 'ok'}\n", 503 if reason else 200, _HEADERS)

    async def _metrics(self, _: Request) -> Response:
        text = await run_in_threadpool(lambda: "".join(self._lines()))
        return Response(text, headers={**_HEADERS, "content-type": _PROMETHEUS})

    def _lines(self) -> Iterator[str]:
        simulation, gateway = self._simulation, self._simulation.gateway
        messages = gateway.messages
        statuses = Counter(each.status for each in messages)
        hits: Counter[str] = Counter()
        for rule in simulation.faults.rules:
            hits[rule.kind] += rule.hits
        yield from _metric("messages_accepted_total", "counter", [({}, gateway.accepted_so_far)])
        yield from _metric("messages_kept", "gauge", [({}, len(messages))])
        yield from _metric("messages", "gauge", [({"status": each}, statuses[each]) for each in STATUSES])
        commands = gateway.commands.items()
        yield from _metric("commands_total", "counter", [({"command": name}, times) for name, times in commands])
        yield from _metric("exchanges_total", "counter", [({}, simulation.exchanges.total)])
        yield from _metric("fault_hits_total", "counter", [({"kind": kind}, times) for kind, times in hits.items()])
        attempts = self._attempts_so_far().items()
        yield from _metric(
            "callback_attempts_total",
            "counter",
            [({"kind": kind, "outcome": outcome}, times) for (kind, outcome), times in attempts],
        )
        yield from _metric("store_ok", "gauge", [({}, not simulation.store.problem)])
        if sys.platform != "win32" and _MEMORY.exists():
            pages = int(_MEMORY.read_text("ascii").split()[1])
            yield from _metric("resident_memory_bytes", "gauge", [({}, pages * os.sysconf("SC_PAGE_SIZE"))], "process")

    def _attempts_so_far(self) -> Counter[tuple[str, str]]:
        """The calls to the customer's server by kind and outcome, including those that are no longer kept."""
        with self._lock:
            attempts = self._simulation.callbacks.attempts()
            if attempts and attempts[0].number < self._counted:  # after a reset, numbers begin at 1 again
                self._counted = 0
            for each in attempts:
                if each.number > self._counted:
                    outcome = "none" if each.http_status is None else f"{each.http_status // 100}xx"
                    self._attempts[each.kind, outcome] += 1
            self._counted = attempts[0].number if attempts else self._counted
            return Counter(self._attempts)


def _metric(name: str, kind: str, samples: Iterable[Sample], prefix: str = "clicksoap_simulator") -> Iterator[str]:
    yield f"# TYPE {prefix}_{name} {kind}\n"
    for labels, value in samples:
        pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{prefix}_{name}{{{pairs}}} {value:d}\n" if pairs else f"{prefix}_{name} {value:d}\n"
