"""The page and its plot, made of the figures."""

import itertools
from collections.abc import Iterable, Sequence
from html import escape
from math import log
from pathlib import Path
from string import Template
from typing import Final

from benchmarks import in_use
from benchmarks.in_use import InUse
from benchmarks.measuring import median, spread
from benchmarks.scenario import DOCUMENT, HTTP, RPC
from benchmarks.side_by_side import FLOOR, Case, Row, ratio
from benchmarks.targets import Figures, targets

_FOLDER: Final = Path(__file__).parents[1] / "docs/explanation"
_TEMPLATE: Final = Path(__file__).parent / "speed.md.template"
_TITLES: Final = {DOCUMENT: "Document/Literal", RPC: "RPC/Encoded", HTTP: "HTTP API"}


def write(figures: Figures, machine: dict[str, str], command: str, *, pinned: bool) -> list[Path]:
    """Write both; gives where."""
    rows = [row for case in figures.cases for row in case.rows]
    spreads = [spread(row.rates) for row in rows]
    growth = figures.growth
    skipped = "".join(f"- Left out: {reason}.\n" for reason in figures.skipped)
    page = Template(_TEMPLATE.read_text("utf-8")).substitute(
        machine,
        command=command,
        targets=_table(("", "aim", "is", "met"), ((target.text, *target.words()) for target in targets(figures))),
        rounds=len(rows[0].rates),
        noise=f"{median(spreads):.0%}",
        worst=f"{max(spreads):.0%}",
        pinned="" if pinned else " Here the processes could not be kept on cores of their own.",
        cases="\n\n".join(_case(case) for case in figures.cases),
        server=figures.used.language,
        used="\n\n".join(
            _used(figures.used, binding, size) for binding, size in itertools.product((DOCUMENT, RPC), in_use.SIZES)
        ),
        skipped=f"\n{skipped}" if skipped else "",
        starts=len(figures.beginnings[0].milliseconds),
        beginnings=_table(
            ("", "ms", "each further one, ms", "memory", "spread"),
            (
                (
                    beginning.name,
                    f"{median(beginning.milliseconds):.1f}",
                    f"{median(beginning.further):.2f}" if beginning.further else "",
                    f"{median(beginning.memory) / 1024:,.0f} KiB" + (" each" if beginning.further else ""),
                    f"{spread(beginning.milliseconds):.0%}",
                )
                for beginning in figures.beginnings
            ),
        ),
        steepening=f"{growth.steepening:.2f}",
        recipients=_table(
            ("recipients", *map(str, growth.recipients)),
            [("CPU of a call, µs", *(f"{cost * 1e6:.0f}" for cost in growth.recipients.values()))],
        ),
        clients=_table(
            ("clients", "made and first reply, ms each", "memory, KiB each", "calls a second"),
            (
                (str(count), f"{first:.2f}", f"{memory / 1024:.0f}", f"{rate:.0f}")
                for count, (first, memory, rate) in growth.clients.items()
            ),
        ),
        calls=f"{growth.calls:,}",
        memory_first=f"{growth.memory[1] / 2**20:.1f}",
        memory_last=f"{growth.memory[-1] / 2**20:.1f}",
        objects=growth.objects[-1] - growth.objects[1],
        throughputs=_table(
            ("", "calls a second", "of ideal", "CPU, of one core"),
            ((one.name, f"{one.rate:.0f}", f"{one.share:.1%}", f"{one.cpu:.0%}") for one in figures.throughputs),
        ),
    )
    written = [_FOLDER / "speed.md", _FOLDER / "speed.svg"]
    for path, text in zip(written, (page, plot(figures.cases)), strict=True):
        path.write_text(text, "utf-8")
    return written


def _case(case: Case) -> str:
    base = next(row for row in case.rows if row.name == case.base)
    people = "1 recipient" if case.recipients == 1 else f"{case.recipients} recipients"
    return f"### {_TITLES[case.binding]}, {people}\n\n" + _table(
        ("", "calls a second", f"beside {case.base}", "CPU of a call, µs", "spread"),
        (
            (
                row.name,
                f"{median(row.rates):.0f}",
                f"{ratio(row, base):.2f}",
                f"{median(row.cpu) * 1e6:.0f}",
                f"{spread(row.rates):.0%}",
            )
            for row in case.rows
        ),
    )


def _used(used: InUse, binding: str, recipients: int) -> str:
    """A table of one binding and number of recipients, with two ratios to each: by calls a second, and by CPU time."""
    cases = [case for case in used.cases if (case.binding, case.recipients) == (binding, recipients)]
    ours = [(f"{case.use.name}", case, in_use.OURS_READ) for case in cases]
    ours += [
        (f"{case.use.name}; {name.removeprefix('clicksoap').strip(', ')}", case, name)
        for case in cases
        for name in (in_use.OURS_THREADED, in_use.OURS_ASYNC)
        if name in case.rows
    ]
    others = (in_use.ZEEP, in_use.BY_HAND, in_use.BY_HAND_READ)
    people = "1 recipient" if recipients == 1 else f"{recipients} recipients"
    return f"### In use: {_TITLES[binding]}, {people}\n\n" + _table(
        (
            "",
            "CPU of a call, µs",
            "beside zeep",
            "beside hand-written code",
            "beside hand-written code that reads results",
        ),
        (
            (
                words,
                f"{median(case.rows[name].cpu) * 1e6:.0f}",
                *(f"{case.rate(name, other):.2f} ({case.cpu(name, other):.2f})" for other in others),
            )
            for words, case, name in ours
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, aligned, *rows))


# The plot: a row for each contender, a dot for each number of recipients, on a logarithmic axis of ratios.

_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73")  # told apart by colour-blind eyes, too
_LEFT, _WIDTH, _ROW, _RIGHT = 300, 520, 22, 30
_TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def plot(cases: Sequence[Case]) -> str:
    """The plot as SVG; the floor is left out, it would take half of the axis."""
    bindings = list(dict.fromkeys(case.binding for case in cases))
    sizes = list(dict.fromkeys(case.recipients for case in cases))
    parts: list[str] = []
    top = 50
    for number, size in enumerate(sizes):
        x = _LEFT + 150 * number
        label = f"{size} recipient{'s' * (size > 1)}"
        parts += [_dot(x, 20, _COLOURS[number % 3], label), _text(x + 10, 24, label, "start")]
    for binding in bindings:
        panel = [case for case in cases if case.binding == binding]
        parts.append(_text(10, top, f"{_TITLES[binding]}: calls beside {panel[0].base}", "start", bold=True))
        names = [row.name for row in panel[0].rows if row.name != FLOOR]
        bottom = top + 14 + _ROW * len(names)
        for tick in _TICKS:
            x = _position(tick)
            colour = "#666666" if tick == 1 else "#dddddd"
            parts.append(f'<line x1="{x:.1f}" y1="{top + 10}" x2="{x:.1f}" y2="{bottom}" stroke="{colour}"/>')
            parts.append(_text(x, bottom + 14, f"{tick:g}x", "middle"))
        for index, name in enumerate(names):
            y = top + 24 + _ROW * index
            parts.append(_text(_LEFT - 12, y + 4, name, "end", bold=name.startswith("clicksoap")))
            for case in panel:
                rows: dict[str, Row] = {row.name: row for row in case.rows}
                if name in rows:
                    value = ratio(rows[name], rows[case.base])
                    title = f"{name}, {case.recipients}: {value:.2f}x"
                    parts.append(_dot(_position(value), y, _COLOURS[sizes.index(case.recipients) % 3], title))
        top = bottom + 50
    width, height = _LEFT + _WIDTH + _RIGHT, top - 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _position(value: float) -> float:
    low, high = _TICKS[0], _TICKS[-1]
    share = log(min(max(value, low), high) / low) / log(high / low)
    return _LEFT + share * _WIDTH


def _dot(x: float, y: float, colour: str, title: str) -> str:
    shape = f'cx="{x:.1f}" cy="{y}" r="5" fill="{colour}" fill-opacity="0.85"'
    return f"<circle {shape}><title>{escape(title)}</title></circle>"


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
