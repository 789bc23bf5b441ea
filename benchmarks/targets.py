"""What the figures must show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import in_use, latency
from benchmarks.growth import Growth
from benchmarks.in_use import InUse
from benchmarks.latency import Throughput
from benchmarks.measuring import median
from benchmarks.scenario import DOCUMENT, RPC
from benchmarks.side_by_side import (
    FLOOR,
    OURS,
    OURS_ASYNC,
    OURS_READ,
    OURS_THREADED,
    ZEEP_ASYNC,
    Case,
    ratio,
)
from benchmarks.startup import Beginning


@dataclass(frozen=True)
class Figures:
    """Everything that was measured."""

    cases: Sequence[Case]
    used: InUse
    beginnings: Sequence[Beginning]
    growth: Growth
    throughputs: Sequence[Throughput]
    skipped: Sequence[str]


@dataclass(frozen=True)
class Target:
    """One thing that must hold; without a figure it could not be measured."""

    text: str
    figure: float | None
    bound: float
    at_least: bool = True
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        if self.figure is None:
            return False
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def words(self) -> tuple[str, str, str]:
        """Bound, figure and verdict."""
        sign = "≥" if self.at_least else "≤"
        if self.figure is None:
            return f"{sign} {self.bound:g}{self.unit}", "?", "not measured"
        return f"{sign} {self.bound:g}{self.unit}", f"{self.figure:.2f}{self.unit}", "yes" if self.is_met else "no"


_USED: Final = (
    ("Document/Literal, 1 recipient", DOCUMENT, 1, 4.5),
    ("Document/Literal, 300 recipients", DOCUMENT, 300, 5),
    ("RPC/Encoded, 1 recipient", RPC, 1, 4.5),
    ("RPC/Encoded, 300 recipients", RPC, 300, 5),
)


def percent(share: float | None) -> float | None:
    """A share in percent, where there is one."""
    return None if share is None else share * 100


def targets(figures: Figures) -> list[Target]:
    """All of them, with what was found."""

    def beside(binding: str, recipients: int, name: str, other: str | None = None) -> float | None:
        case = next((case for case in figures.cases if (case.binding, case.recipients) == (binding, recipients)), None)
        if case is None:
            return None
        rows = {row.name: row for row in case.rows}
        ours, theirs = rows.get(name), rows.get(other or case.base)
        return None if ours is None or theirs is None else ratio(ours, theirs)

    def used(binding: str, recipients: int, other: str) -> float | None:
        case = figures.used.find(in_use.FULL, binding, recipients)
        return None if case is None else case.cpu(in_use.OURS_READ, other)

    found = {beginning.name: beginning for beginning in figures.beginnings}

    def took(name: str) -> float:
        return median(found[name].milliseconds)

    shares = {throughput.name: throughput.share * 100 for throughput in figures.throughputs}
    return [
        Target("Document/Literal, 1 recipient: calls, beside zeep", beside(DOCUMENT, 1, OURS_READ), 3, unit=" x"),
        Target("Document/Literal, 300 recipients: calls, beside zeep", beside(DOCUMENT, 300, OURS_READ), 4, unit=" x"),
        Target("RPC/Encoded, 1 recipient: calls, beside zeep with a plugin", beside(RPC, 1, OURS_READ), 3, unit=" x"),
        Target(
            "RPC/Encoded, 300 recipients: calls, beside zeep with a plugin", beside(RPC, 300, OURS_READ), 5, unit=" x"
        ),
        *(
            Target(
                f"{name}, credentials, sender and callback: calls for the same CPU, beside zeep",
                used(binding, recipients, in_use.ZEEP),
                least,
                unit=" x",
            )
            for name, binding, recipients, least in _USED
        ),
        *(
            Target(
                f"{name}, credentials, sender and callback: calls for the same CPU, of hand-written code",
                percent(used(binding, recipients, in_use.BY_HAND_READ)),
                85,
                unit=" %",
            )
            for name, binding, recipients, _ in _USED
        ),
        Target(
            "Async, 32 at once: calls, beside zeep's AsyncClient",
            beside(DOCUMENT, 1, OURS_ASYNC, ZEEP_ASYNC),
            5,
            unit=" x",
        ),
        Target(
            "Async, 32 at once: calls, beside 16 threads of ours",
            beside(DOCUMENT, 1, OURS_ASYNC, OURS_THREADED),
            1,
            unit=" x",
        ),
        Target(
            "The canned server answers faster than anybody asks (raw socket beside clicksoap)",
            beside(DOCUMENT, 1, FLOOR, OURS),
            3,
            unit=" x",
        ),
        Target(
            "import clicksoap, of import zeep",
            took("import clicksoap") / took("import zeep") * 100,
            8,
            at_least=False,
            unit=" %",
        ),
        Target(
            "Fresh process to first reply, beside zeep's",
            took("first reply, clicksoap") / took("first reply, zeep"),
            1.10,
            at_least=False,
            unit=" x",
        ),
        Target(
            "First client after the imports, its WSDL read",
            took("first client, clicksoap"),
            25,
            at_least=False,
            unit=" ms",
        ),
        Target("Each further client", median(found["first client, clicksoap"].further), 1, at_least=False, unit=" ms"),
        Target(
            "100 ms of latency, 32 threads: of the ideal 320 calls a second",
            shares.get(latency.OURS_THREADED),
            95,
            unit=" %",
        ),
        Target(
            "100 ms of latency, async, 32 at once: of the ideal 320 calls a second",
            shares.get(latency.OURS_ASYNC),
            95,
            unit=" %",
        ),
        Target(
            "Linear in recipients: a further one beyond 100, beside one before",
            figures.growth.steepening,
            1.3,
            at_least=False,
            unit=" x",
        ),
        Target("Memory that stays of a call", figures.growth.leaked, 16, at_least=False, unit=" bytes"),
    ]
