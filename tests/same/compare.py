"""Runs the probe with a package, and compares what two packages gave."""

import json
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from benchmarks.commits import run_with

Found = dict[str, dict[str, Any]]

_CONTEXT: Final = 60


def probed(package: Path, only: str = "") -> Found:
    """What the clicksoap of a folder sends and tells, by the name of the case."""
    found: Found = json.loads(run_with(package, "tests.same.probe", str(package), "--only", only))
    return found


def differences(base: Found, head: Found) -> list[str]:
    """One line for each case that differs; it shows the first difference."""
    return [
        f"{case}: {_difference(base.get(case), head.get(case))}"
        for case in sorted(base.keys() | head.keys())
        if base.get(case) != head.get(case)
    ]


def _difference(base: dict[str, Any] | None, head: dict[str, Any] | None) -> str:
    if base is None or head is None:
        return f"only in {'head' if base is None else 'base'}"
    for number, (one, other) in enumerate(zip_longest(base.get("requests", []), head.get("requests", [])), 1):
        if one != other:
            return f"request {number}: {_first(one or '', other or '')}"
    return f"outcome: {_first(json.dumps(base, sort_keys=True), json.dumps(head, sort_keys=True))}"


def _first(base: str, head: str) -> str:
    """Both texts around the first character that differs."""
    at = next((i for i, (one, other) in enumerate(zip(base, head, strict=False)) if one != other), None)
    at = min(len(base), len(head)) if at is None else at
    begin = max(0, at - _CONTEXT)
    return f"{base[begin : at + _CONTEXT]!r} became {head[begin : at + _CONTEXT]!r}"
