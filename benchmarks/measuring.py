"""What the measurements share: cores, medians, memory, and words about the machine."""

import importlib.metadata
import os
import platform
import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CLIENT_CORE: Final = 0
SERVER_CORE: Final = 1

_PACKAGES: Final = ("clicksoap", "zeep", "requests", "urllib3", "lxml", "httpx", "suds-community")


_CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(index: int, process: int = 0) -> bool:
    """Keep a process, this one by default, on one core, where the system lets us and there are two."""
    if len(_CORES) < 2:
        return len(_CORES) == 1 and index == CLIENT_CORE
    os.sched_setaffinity(process, {_CORES[index]})
    return True


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """How far apart rounds lie: the range of their middle half, as a part of the median."""
    if len(values) < 4:
        return (max(values) - min(values)) / median(values)
    low, _, high = statistics.quantiles(values, n=4)
    return (high - low) / median(values)


def resident_bytes(process: int | None = None) -> int:
    """Memory that a process holds, this one by default; 0 where the system does not tell."""
    statm = Path(f"/proc/{process or 'self'}/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def machine() -> dict[str, str]:
    """What the figures were taken on; nothing that names the machine."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": ", ".join(f"{name} {version}" for name in _PACKAGES if (version := _version(name))),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def interpreter() -> list[str]:
    """The words that start a fresh Python which reads no user settings."""
    return [sys.executable, "-s", "-E"]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or "unknown"
