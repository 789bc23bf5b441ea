"""Against a gateway that takes 100 ms for every answer: how close 32 calls at once come to the ideal 320 a second."""

import argparse
import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from benchmarks import contenders
from benchmarks.canned_server import running
from benchmarks.contenders import InTasks, InThreads, OneByOne, Unavailable
from benchmarks.measuring import CLIENT_CORE, median, pin
from benchmarks.scenario import DOCUMENT

LATENCY: Final = 0.1
AT_ONCE: Final = 32
IDEAL: Final = AT_ONCE / LATENCY

OURS_THREADED: Final = "clicksoap, 32 threads"
OURS_ASYNC: Final = "clicksoap async, 32 at once"
FLOOR: Final = "raw sockets, ready bytes, 32 threads"


@dataclass(frozen=True)
class Throughput:
    """Calls a second of one contender, and the CPU that it took."""

    name: str
    rate: float
    cpu: float

    @property
    def share(self) -> float:
        """Of the ideal."""
        return self.rate / IDEAL

    def show(self) -> str:
        """A line of a table."""
        return f"  {self.name:38} {self.rate:6.1f} calls/s {self.share:6.1%} of ideal {self.cpu:5.0%} of a core"


def latency(*, quick: bool) -> tuple[list[Throughput], list[str]]:
    """Who comes how close, and who is left out why."""
    rounds, seconds = (1, 1.0) if quick else (3, 5.0)
    pin(CLIENT_CORE)
    makers: dict[str, Callable[[int], OneByOne | InTasks]] = {
        OURS_THREADED: lambda port: contenders.clicksoap_sync(port, DOCUMENT, 1),
        OURS_ASYNC: lambda port: contenders.clicksoap_async(port, DOCUMENT, 1, AT_ONCE),
        "zeep, 32 threads": lambda port: contenders.zeep_sync(port, DOCUMENT, 1, connections=AT_ONCE),
        "zeep AsyncClient (httpx), 32 at once": lambda port: contenders.zeep_async(port, DOCUMENT, 1, AT_ONCE),
        FLOOR: _floor,
    }
    found, skipped = [], []
    with running(LATENCY) as port:
        for name, make in makers.items():
            try:
                contender = make(port)
            except Unavailable as reason:
                skipped.append(f"{name}: {reason}")
                continue
            found.append(_measure(name, contender, rounds, seconds))
    return found, skipped


def _floor(port: int) -> OneByOne:
    """A connection for each thread, and nothing else: what this machine and the server allow."""
    local = threading.local()
    opened: list[OneByOne] = []

    def call() -> int:
        if not hasattr(local, "socket"):
            local.socket = contenders.raw_socket(port, DOCUMENT, 1)
            opened.append(local.socket)
        found: int = local.socket.call()
        return found

    def close() -> None:
        for one in opened:
            one.close()

    return OneByOne(call, 1, close)


def _measure(name: str, contender: OneByOne | InTasks, rounds: int, seconds: float) -> Throughput:
    ends: defaultdict[object, list[float]] = defaultdict(list)
    many: InThreads | InTasks | OneByOne = contender
    if isinstance(contender, InTasks):
        contender.call = _noting_of_task(contender.call, ends)
    else:
        contender.call = _noting(contender.call, ends)
        many = InThreads(contender, AT_ONCE)
    rates, loads = [], []
    try:
        many.run(0)  # opens the connections
        for _ in range(rounds):
            ends.clear()
            cpu, began = time.process_time(), time.perf_counter()
            many.run(seconds)
            loads.append((time.process_time() - cpu) / (time.perf_counter() - began))
            # Whoever ends a call just before the time is up begins another, so each is counted to its own last end.
            rates.append(sum(_rate(moments) for moments in ends.values()))
    finally:
        many.close()
    return Throughput(name, median(rates), median(loads))


def _rate(moments: list[float]) -> float:
    return (len(moments) - 1) / (moments[-1] - moments[0]) if len(moments) > 1 else 0.0


def _noting(call: Callable[[], int], ends: defaultdict[object, list[float]]) -> Callable[[], int]:
    def noting() -> int:
        found = call()
        ends[threading.get_ident()].append(time.perf_counter())
        return found

    return noting


def _noting_of_task(
    call: Callable[[], Awaitable[int]], ends: defaultdict[object, list[float]]
) -> Callable[[], Awaitable[int]]:
    async def noting() -> int:
        found = await call()
        ends[asyncio.current_task()].append(time.perf_counter())
        return found

    return noting


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    throughputs, left_out = latency(quick=parser.parse_args().quick)
    for line in [*(throughput.show() for throughput in throughputs), *(f"  left out: {name}" for name in left_out)]:
        print(line)
