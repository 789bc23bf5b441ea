"""All contenders in one process, in rounds that take turns, for each binding and number of recipients."""

import argparse
import gc
import json
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Final

from lxml import etree

from benchmarks import contenders
from benchmarks.canned_server import last_request, running
from benchmarks.contenders import Contender, InTasks, InThreads, Unavailable
from benchmarks.measuring import CLIENT_CORE, median, pin, spread
from benchmarks.scenario import BINDINGS, DOCUMENT, HTTP, RPC, SESSION, SIZES, TEXT, UNSET, numbers

FLOOR: Final = "raw socket, ready bytes"
ZEEP: Final = "zeep as shipped"
ZEEP_RPC: Final = "zeep with a plugin for RPC"
ZEEP_ASYNC: Final = "zeep AsyncClient (httpx), 32 at once"
BY_HAND: Final = "lxml + requests by hand"
BY_HAND_FORM: Final = "requests by hand"
OURS: Final = "clicksoap"
OURS_READ: Final = "clicksoap, every result read"
OURS_THREADED: Final = "clicksoap, 16 threads"
OURS_ASYNC: Final = "clicksoap async, 32 at once"

Make = Callable[[int, str, int], Contender]


@dataclass(frozen=True)
class Row:
    """What one contender did, round by round.

    Attributes:
        name: The contender.
        rates: Calls a second.
        cpu: Seconds of the client's CPU in one call.
    """

    name: str
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """The contenders of one binding and number of recipients; all are compared with ``base``."""

    binding: str
    recipients: int
    base: str
    rows: list[Row]
    skipped: list[str]


def ratio(row: Row, base: Row) -> float:
    """How many times as many calls, as the median over rounds: what disturbs a round disturbs both."""
    return median([rate / other for rate, other in zip(row.rates, base.rates, strict=True)])


def _makers(binding: str) -> dict[str, Make]:
    """Whom to measure."""
    ours: dict[str, Make] = {
        OURS: contenders.clicksoap_sync,
        OURS_READ: contenders.clicksoap_read,
        "clicksoap, 4 threads": lambda *case: InThreads(contenders.clicksoap_sync(*case), 4),
        OURS_THREADED: lambda *case: InThreads(contenders.clicksoap_sync(*case), 16),
        "clicksoap async, 1 at once": lambda *case: contenders.clicksoap_async(*case, 1),
        OURS_ASYNC: lambda *case: contenders.clicksoap_async(*case, 32),
    }
    by_hand: dict[str, Make] = {
        BY_HAND_FORM if binding == HTTP else BY_HAND: contenders.by_hand_lxml,
        "template + http.client by hand": contenders.by_hand_template,
        FLOOR: contenders.raw_socket,
    }
    if binding == HTTP:
        return {**ours, **by_hand}
    base = base_of(binding)
    foreign: dict[str, Make] = {
        base: contenders.zeep_sync,
        f"{base}, trust_env off": lambda *case: contenders.zeep_sync(*case, trust_env=False),
        f"{base}, 4 threads": lambda *case: InThreads(contenders.zeep_sync(*case), 4),
        f"{base}, 16 threads": lambda *case: InThreads(contenders.zeep_sync(*case, connections=16), 16),
        "suds-community": contenders.suds_sync,
    }
    if binding == DOCUMENT:
        foreign["zeep AsyncClient (httpx), 1 at once"] = lambda *case: contenders.zeep_async(*case, 1)
        foreign[ZEEP_ASYNC] = lambda *case: contenders.zeep_async(*case, 32)
    return {**foreign, **ours, **by_hand}


def base_of(binding: str) -> str:
    """Whom the others of a binding are compared with."""
    return {DOCUMENT: ZEEP, RPC: ZEEP_RPC, HTTP: BY_HAND_FORM}[binding]


def measure(port: int, binding: str, recipients: int, rounds: int, seconds: float) -> Case:
    """One table."""
    ready: dict[str, Contender] = {}
    skipped: list[str] = []
    try:
        for name, make in _makers(binding).items():
            try:
                contender = make(port, binding, recipients)
            except Unavailable as reason:
                skipped.append(f"{name}: {reason}")
                continue
            ready[name] = contender
            contender.run(0)
            _check_equal(name, contender, port, binding, recipients)
        rows = [Row(name) for name in ready]
        # What was made so far stays; without this, every collection would walk through all of zeep's schemas.
        gc.collect()
        gc.freeze()
        for turn in range(rounds):
            # Each round starts with another one, so that nobody always runs behind the same neighbour.
            for row in rows[turn % len(rows) :] + rows[: turn % len(rows)]:
                measure_row(row, ready[row.name], seconds)
    finally:
        for contender in ready.values():
            contender.close()
        gc.unfreeze()
    return Case(binding, recipients, base_of(binding), rows, skipped)


def measure_row(row: Row, contender: Contender, seconds: float) -> None:
    """Let a contender send for that long, and enter its rate and its CPU time."""
    cpu, began = time.process_time(), time.perf_counter()
    calls = contender.run(seconds)
    elapsed, used = time.perf_counter() - began, time.process_time() - cpu
    row.rates.append(calls / elapsed)
    row.cpu.append(used / calls)


def _check_equal(name: str, contender: Contender, port: int, binding: str, recipients: int) -> None:
    """Refuse a contender that sends something else than the others."""
    if isinstance(contender, InThreads | InTasks):
        return
    said = _form(last_request(port)) if binding == HTTP else leaves(last_request(port))
    said.pop("climsgid", None)
    expected = {"session_id": [SESSION], "text": [TEXT], "to": numbers(recipients)}
    if binding == HTTP:
        expected["to"] = [",".join(numbers(recipients))]
    if said != expected:
        raise RuntimeError(f"{name} does not send what the others send: {sorted(said)}")


def _form(body: bytes) -> dict[str, list[str]]:
    return {key.lower(): values for key, values in urllib.parse.parse_qs(body.decode("ascii")).items()}


def leaves(body: bytes) -> dict[str, list[str]]:
    """The texts of a message by the names of their elements; unset parts of RPC/Encoded are left out."""
    found: dict[str, list[str]] = {}
    unset = {str(value) for value in UNSET.values()}
    for element in etree.fromstring(body).iter():
        name = etree.QName(element).localname.lower()
        if not len(element) and (element.text or "") not in unset:
            found.setdefault("to" if name == "item" else name, []).append(element.text or "")
    return found


def show(case: Case) -> str:
    """A table in plain text."""
    base = next(row for row in case.rows if row.name == case.base)
    lines = [
        f"{case.binding}, {case.recipients} recipient{'s' * (case.recipients > 1)}; ratio to: {case.base}",
        f"  {'':38} {'calls/s':>9} {'ratio':>7} {'CPU µs':>8} {'spread':>7}",
    ]
    lines += [
        f"  {row.name:38} {median(row.rates):9.0f} {ratio(row, base):7.2f} {median(row.cpu) * 1e6:8.0f}"
        f" {spread(row.rates):7.0%}"
        for row in case.rows
    ]
    return "\n".join([*lines, *(f"  left out: {reason}" for reason in case.skipped)])


def side_by_side(
    *, quick: bool, bindings: Iterable[str] = BINDINGS, sizes: Iterable[int] = SIZES, progress: bool = True
) -> list[Case]:
    """All tables."""
    rounds, seconds = (3, 0.05) if quick else (13, 0.15)
    pin(CLIENT_CORE)
    cases = []
    with running() as port:
        for binding, recipients in product(bindings, sizes):
            cases.append(measure(port, binding, recipients, rounds, seconds))
            if progress:
                print(show(cases[-1]), end="\n\n", file=sys.stderr, flush=True)
    return cases


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few short rounds, to see that it works")
    parser.add_argument("--json", action="store_true", help="print the figures of every round")
    parser.add_argument("--binding", choices=BINDINGS, nargs="+", default=BINDINGS)
    parser.add_argument("--recipients", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    measured = side_by_side(quick=arguments.quick, bindings=arguments.binding, sizes=arguments.recipients)
    if arguments.json:
        print(json.dumps([asdict(case) for case in measured]))
