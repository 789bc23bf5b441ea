"""The simulator under load: large requests first, then single calls of all kinds, and its memory all the while.

``python -m benchmarks.simulator`` takes ten minutes, ``--minutes`` another time; ``--page`` writes the figures into
docs/explanation/simulator.md.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, cycle
from pathlib import Path
from typing import Final

from benchmarks.measuring import CLIENT_CORE, SERVER_CORE, machine, median, pin, resident_bytes
from benchmarks.scenario import API_ID, DOCUMENT, ENVELOPE, NAMESPACES, PASSWORD, PATHS, RPC, TEXT, USER

MESSAGES: Final = 200_000
RECIPIENTS: Final = 300
LARGE_CONNECTIONS: Final = 4
CONNECTIONS: Final = 32
MINUTES: Final = 10.0
FLAT: Final = 0.02
"""Memory is flat if the median of the later half of the samples is at most this part above that of the earlier half."""

CAPACITY: Final = 10_000
"""How many messages, and how many exchanges, the simulator stores by default."""
_SAMPLES: Final = 60
_SHOWN: Final = 12
_FEWEST: Final = 4
_PAGE: Final = Path(__file__).parents[1] / "docs/explanation/simulator.md"
_HEADING: Final = "## Under load\n"
_ID: Final = re.compile(rb"ID: ([0-9a-f]{32})")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


@dataclass
class Part:
    """One kind of load.

    Attributes:
        calls: How many calls were answered.
        messages: How many messages they brought.
        elapsed: Seconds from the first to the last.
        times: Seconds that each took.
        cpu: Seconds of CPU that the simulator spent on them.
    """

    calls: int = 0
    messages: int = 0
    elapsed: float = 0.0
    times: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def at(self, share: float) -> float:
        """How long a call takes that is slower than this share of them, in milliseconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@dataclass
class Figures:
    """All of it.

    Attributes:
        large: Requests of 300 recipients.
        single: Single calls of all kinds.
        idle: Bytes that the server held before.
        filled: Bytes after the large requests.
        memory: Bytes since all stored messages and exchanges are those of single calls, by the seconds since these
            began.
        capacity: How many messages and exchanges the simulator stores.
    """

    large: Part
    single: Part
    idle: int
    filled: int
    memory: list[tuple[float, int]]
    capacity: int

    @property
    def growth(self) -> float:
        """By how much the later half of the samples is above the earlier one, as a part of it.

        Raises:
            RuntimeError: There are too few samples.
        """
        held = [size for _, size in self.memory]
        if len(held) < _FEWEST:
            raise RuntimeError("memory was not full early enough to say anything of it: give more --minutes")
        half = len(held) // 2
        return median(held[half:]) / median(held[:half]) - 1

    @property
    def is_flat(self) -> bool:
        """Whether memory does not grow with calls."""
        return self.growth <= FLAT


class _Caller:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "_Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def call(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise RuntimeError(f"the simulator answers {head.split(b' ', 2)[1].decode()}")
        return await self._reader.readexactly(int(length[1]))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def _soap(binding: str, command: str, **values: str) -> bytes:
    to = "".join(f"<to>{number}</to>" for number in values.pop("to", "").split(",") if number)
    if to and binding == RPC:
        to = f"<to>{to.replace('<to>', '<item>').replace('</to>', '</item>')}</to>"
    parts = to + "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE}"'
        f' xmlns:ns1="{NAMESPACES[binding]}"><SOAP-ENV:Body><ns1:{command}>{parts}</ns1:{command}>'
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()
    return _request("POST", PATHS[binding], body)


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    length = f"Content-Type: text/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n".encode() + body


async def _together(port: int, connections: int, work: Callable[[_Caller, Part], Awaitable[None]]) -> Part:
    """So many connections, each with a caller that works until it is done."""
    part, callers = Part(), [await _Caller.to(port) for _ in range(connections)]
    began = time.perf_counter()
    await asyncio.gather(*(work(caller, part) for caller in callers))
    part.elapsed = time.perf_counter() - began
    for caller in callers:
        await caller.close()
    return part


async def _timed(caller: _Caller, part: Part, request: bytes) -> bytes:
    began = time.perf_counter()
    reply = await caller.call(request)
    part.times.append(time.perf_counter() - began)
    part.calls += 1
    return reply


async def _session(port: int) -> str:
    caller = await _Caller.to(port)
    reply = await caller.call(_soap(DOCUMENT, "auth", api_id=str(API_ID), user=USER, password=PASSWORD))
    await caller.close()
    return reply.partition(b"OK: ")[2][:32].decode()


async def _large(port: int, messages: int) -> Part:
    session, left = await _session(port), count(0, RECIPIENTS)
    to = ",".join(f"2782{index:07}" for index in range(RECIPIENTS))
    requests = [
        _soap(binding, "sendmsg", session_id=session, to=to, text="Hello &amp; bye") for binding in (DOCUMENT, RPC)
    ]

    async def work(caller: _Caller, part: Part) -> None:
        turns = cycle(requests)
        while next(left) < messages:
            reply = await _timed(caller, part, next(turns))
            part.messages += reply.count(b"ID: ")

    return await _together(port, LARGE_CONNECTIONS, work)


async def _single(port: int, seconds: float, sample: Callable[[float, int], None]) -> Part:
    session = await _session(port)
    began = time.monotonic()
    step, due = seconds / _SAMPLES, [seconds / _SAMPLES]
    text = TEXT.replace("&", "&amp;")

    async def work(caller: _Caller, part: Part) -> None:
        for turn in count():
            passed = time.monotonic() - began
            if passed >= due[0]:
                due[0] += step
                sample(passed, part.messages)
            if passed >= seconds:
                return
            binding = (DOCUMENT, RPC)[turn % 2]
            number = f"2783{turn % 10_000_000:07}"
            sent = await _timed(caller, part, _soap(binding, "sendmsg", session_id=session, to=number, text=text))
            part.messages += 1
            found = _ID.search(sent)
            if found is None:
                raise RuntimeError("the simulator did not take a message")
            message_id = found[1].decode()
            await _timed(caller, part, _soap(binding, "querymsg", session_id=session, apimsgid=message_id))
            await _timed(caller, part, _soap(binding, "getbalance", session_id=session))
            await _timed(caller, part, _soap(binding, "routeCoverage", session_id=session, msisdn=number))
            await _timed(caller, part, _soap(binding, "getmsgcharge", session_id=session, apimsgid=message_id))
            path = f"/http/sendmsg?session_id={session}&to={number}&text=hello"
            sent = await _timed(caller, part, _request("GET", path))
            part.messages += sent.count(b"ID: ")
            await _timed(caller, part, _request("GET", f"/http/ping?session_id={session}"))

    return await _together(port, CONNECTIONS, work)


def measure(messages: int, minutes: float, capacity: int = CAPACITY) -> Figures:
    """All of it, against a simulator in a process of its own.

    Args:
        messages: How many messages the large requests bring.
        minutes: How long single calls go on.
        capacity: How many messages and exchanges the simulator stores.
    """
    pin(CLIENT_CORE)
    memory: list[tuple[float, int]] = []
    with _running(capacity) as (port, process):
        idle, began = resident_bytes(process), _cpu(process)
        large = asyncio.run(_large(port, messages))
        large.cpu = _cpu(process) - began
        filled = resident_bytes(process)

        def sample(passed: float, messages: int) -> None:
            if messages >= capacity:
                memory.append((passed, resident_bytes(process)))

        began = _cpu(process)
        single = asyncio.run(_single(port, minutes * 60, sample))
        single.cpu = _cpu(process) - began
    return Figures(large, single, idle, filled, memory, capacity)


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used; 0 where the system does not tell."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(") ")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _running(capacity: int) -> Iterator[tuple[int, int]]:
    """The port and the process of a simulator, for as long as the block runs."""
    command = [sys.executable, "-m", "benchmarks.simulator", "--serve", "--capacity", str(capacity)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the simulator tells no port")
            yield int(process.stdout.readline()), process.pid
        finally:
            process.communicate()


def _serve(capacity: int) -> None:
    from clicksoap.simulator import Account, Simulator  # noqa: PLC0415 - the process that measures does without

    pin(SERVER_CORE)
    account = Account(API_ID, USER, PASSWORD, balance=Decimal(10**9))
    with Simulator(accounts=[account], capacity=capacity) as sim:
        print(sim.origin.rpartition(":")[2], flush=True)
        over = threading.Event()
        threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
        over.wait()


def show(figures: Figures, command: str) -> str:
    """The figures in Markdown."""
    large, single, about = figures.large, figures.single, machine()
    spaced = figures.memory[:: max(1, -(-len(figures.memory) // _SHOWN))]
    verdict = "flat" if figures.is_flat else "not flat"
    return f"""\
`{command}` on {about["processor"]}, {about["cores"]} cores, {about["python"]}; load {about["load"]} when it ended (the
run itself makes about 2). Simulator and callers have a core each. Whatever else runs there slows them down; CPU moves
less.

| | |
| --- | ---: |
| messages by {RECIPIENTS} over {LARGE_CONNECTIONS} connections, both SOAP dialects in turn | {large.messages:,} |
| of them a second | {large.messages / large.elapsed:,.0f} |
| CPU of the simulator for each message | {large.cpu / large.messages * 1e6:.0f} µs |
| one such request, p50 and p99 | {large.at(0.5):.1f} ms, {large.at(0.99):.1f} ms |
| single calls over {CONNECTIONS} connections in {single.elapsed / 60:.1f} minutes | {single.calls:,} |
| of them a second | {single.calls / single.elapsed:,.0f} |
| CPU of the simulator for each call | {single.cpu / single.calls * 1e6:.0f} µs |
| one such call, p50 and p99 | {single.at(0.5):.1f} ms, {single.at(0.99):.1f} ms |
| messages among them | {single.messages:,} |
| memory of the simulator before, and after the large requests | {_mib(figures.idle)}, {_mib(figures.filled)} |
| memory during the single calls, once they brought {figures.capacity:,} messages | {figures.growth:+.1%}: {verdict} |

Memory counts as flat if the median of the later half of {len(figures.memory)} samples is at most {FLAT:.0%} above
that of the earlier half. Some of them:

| minute | {" | ".join(f"{passed / 60:.1f}" for passed, _ in spaced)} |
| --- | {" | ".join("---:" for _ in spaced)} |
| MiB | {" | ".join(f"{held / 2**20:.1f}" for _, held in spaced)} |
"""


def _proof(figures: Figures) -> dict[str, float]:
    """What the table of the proofs shows."""
    large, single = figures.large, figures.single
    return {
        "messages": large.messages + single.messages,
        "calls": large.calls + single.calls,
        "calls_a_second": round(single.calls / single.elapsed),
        "p99_in_ms": round(single.at(0.99), 1),
        "growth_of_memory_in_percent": round(figures.growth * 100, 1),
    }


def _mib(held: int) -> str:
    return f"{held / 2**20:.0f} MiB"


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of single calls, {MINUTES:g} by default")
    parser.add_argument("--messages", type=int, default=MESSAGES, help=f"in large requests, {MESSAGES} by default")
    parser.add_argument("--capacity", type=int, default=CAPACITY, help=f"what it stores, {CAPACITY} by default")
    parser.add_argument("--page", action="store_true", help="write docs/explanation/simulator.md")
    parser.add_argument("--strict", action="store_true", help="end with status 1 if memory is not flat")
    parser.add_argument("--figures", type=Path, help="a file for the figures of the proofs")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(arguments.capacity)
        return 0
    figures = measure(arguments.messages, arguments.minutes, arguments.capacity)
    options = [f"--minutes {arguments.minutes:g}"] if arguments.minutes != MINUTES else []
    options += [f"--messages {arguments.messages}"] if arguments.messages != MESSAGES else []
    options += [f"--capacity {arguments.capacity}"] if arguments.capacity != CAPACITY else []
    shown = show(figures, " ".join(["python -m benchmarks.simulator", *options]))
    print(shown)
    if arguments.figures:
        arguments.figures.write_text(json.dumps({"row": "load on the simulator", "figures": _proof(figures)}) + "\n")
    if arguments.page:
        before, heading, _ = _PAGE.read_text().partition(_HEADING)
        _PAGE.write_text(f"{before}{heading}\n{shown}")
        print(f"wrote {os.fspath(_PAGE)}")
    return int(arguments.strict and not figures.is_flat)


if __name__ == "__main__":
    sys.exit(main())
