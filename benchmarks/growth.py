"""What grows: a call with its recipients, a process with its clients, and nothing with the number of calls."""

import argparse
import gc
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import clicksoap
from benchmarks import contenders
from benchmarks.canned_server import running
from benchmarks.measuring import CLIENT_CORE, median, pin, resident_bytes
from benchmarks.scenario import API_ID, DOCUMENT, PASSWORD, TEXT, USER, numbers

RECIPIENTS: Final = (1, 3, 10, 30, 100, 300)
CLIENTS: Final = (1, 10, 50, 100, 200)
CALLS: Final = 100_000
_SAMPLES: Final = 10


@dataclass(frozen=True)
class Growth:
    """All of it.

    Attributes:
        recipients: Seconds of CPU in a call, by its recipients.
        clients: By the clients that the process has, all with a session and a connection: milliseconds to make one
            and have its first reply, bytes of memory in one, and calls a second through all of them in turn.
        calls: How many calls one client made in the end.
        memory: Bytes that the process held after each tenth of them.
        objects: Objects that the garbage collector knew at the same moments.
    """

    recipients: dict[int, float]
    clients: dict[int, tuple[float, float, float]]
    calls: int
    memory: list[int]
    objects: list[int]

    @property
    def steepening(self) -> float:
        """The cost of a further recipient between 100 and 300, as a multiple of that between 10 and 100."""
        cost = self.recipients
        return ((cost[300] - cost[100]) / 200) / ((cost[100] - cost[10]) / 90)

    @property
    def leaked(self) -> float:
        """Bytes that stayed of every call, over the last eight tenths of them: the first ones fill caches."""
        return (self.memory[-1] - self.memory[1]) / (self.calls * (_SAMPLES - 2) / _SAMPLES)

    def show(self) -> str:
        """Tables in plain text."""
        return "\n".join(
            [
                "  CPU of a call by recipients:",
                *(f"  {count:8} {cost * 1e6:8.0f} µs" for count, cost in self.recipients.items()),
                f"  a further recipient costs {self.steepening:.2f} times as much beyond 100 as before",
                "  clients in one process: first reply of each, memory of each, calls through all in turn",
                *(
                    f"  {count:8} {first:8.2f} ms {memory / 1024:8.0f} KiB {rate:8.0f} calls/s"
                    for count, (first, memory, rate) in self.clients.items()
                ),
                f"  {self.calls} calls of one client, memory after each tenth of them:",
                "  " + " ".join(f"{memory / 2**20:.1f}" for memory in self.memory) + " MiB",
                f"  {self.objects[-1] - self.objects[1]:+} objects since the second tenth",
            ]
        )


def growth(*, quick: bool, calls: int = CALLS) -> Growth:
    """All of it, in this process."""
    pin(CLIENT_CORE)
    with running() as port:
        # Memory first, while the process holds nothing else.
        memory, objects = _through_calls(port, calls)
        clients = {count: _with_clients(port, count, 0.1 if quick else 1.0) for count in CLIENTS}
        recipients = _by_recipients(port, *((3, 0.02) if quick else (11, 0.2)))
    return Growth(recipients, clients, calls, memory, objects)


def _by_recipients(port: int, rounds: int, seconds: float) -> dict[int, float]:
    costs: dict[int, list[float]] = {count: [] for count in RECIPIENTS}
    with ExitStack() as stack:
        ready = {count: contenders.clicksoap_sync(port, DOCUMENT, count) for count in RECIPIENTS}
        for contender in ready.values():
            stack.callback(contender.close)
            contender.run(0)
        for _ in range(rounds):
            for count, contender in ready.items():
                before = time.process_time()
                done = contender.run(seconds)
                costs[count].append((time.process_time() - before) / done)
    return {count: median(found) for count, found in costs.items()}


def _with_clients(port: int, count: int, seconds: float) -> tuple[float, float, float]:
    to = numbers(1)
    gc.collect()
    before, began = resident_bytes(), time.perf_counter()
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            clients.append(stack.enter_context(_client(port)))
            clients[-1].send(to, TEXT)
        first = (time.perf_counter() - began) * 1000 / count
        memory = (resident_bytes() - before) / count
        done, began = 0, time.perf_counter()
        while time.perf_counter() < began + seconds:
            for client in clients:
                client.send(to, TEXT)
            done += count
        rate = done / (time.perf_counter() - began)
    return first, max(memory, 0.0), rate


def _through_calls(port: int, calls: int) -> tuple[list[int], list[int]]:
    to = numbers(1)
    memory, objects = [], []
    with _client(port) as client:
        for _ in range(_SAMPLES):
            for _ in range(calls // _SAMPLES):
                client.send(to, TEXT)
            gc.collect()
            memory.append(resident_bytes())
            objects.append(len(gc.get_objects()))
    return memory, objects


def _client(port: int) -> Any:  # noqa: ANN401 - whatever the facade is
    return clicksoap.Client(API_ID, USER, PASSWORD, endpoint=f"http://127.0.0.1:{port}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short, to see that it works")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls of one client, {CALLS} by default")
    arguments = parser.parse_args()
    print(growth(quick=arguments.quick, calls=arguments.calls).show())
