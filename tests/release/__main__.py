"""The checks before a release: ``make release-check``. A table at the end says what was run and what was not.

Builds wheel and source distribution into ``dist``, checks their form and their metadata, and tries the wheel with each
Python that is found, in an environment of its own and away from the sources. ``SUITE=1`` also runs tests of the
source distribution against the installed wheel. ``PYTHONS="3.12 3.13"`` names the versions.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DIST: Final = ROOT / "dist"
TOOLS: Final = ROOT / ".venv-release/bin"
PYTHONS: Final = tuple(os.environ.get("PYTHONS", "").split()) or ("3.11", "3.12", "3.13", "3.14")
# W004: Alembic's names of migrations begin with a number, and it loads them by their paths.
CONTENTS: Final = ("--toplevel", "clicksoap", "--ignore", "W004")
# Tests of behaviour, which need none of the files of the sources; the others read the sources, or have a browser.
SUITE: Final = ("conformance", "options", "sending", "vocabulary")


def interpreter(version: str) -> str | None:
    """The path of a Python of this version, from the search path or from pyenv; None if there is none."""
    candidates = [shutil.which(f"python{version}"), shutil.which("python3")]
    candidates += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")), reverse=True)
    for candidate in filter(None, candidates):
        asked = [candidate, "-c", "import sys; print('.'.join(map(str, sys.version_info[:2])))"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


class Checks:
    """The results of the checks, in their order."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    @property
    def failed(self) -> bool:
        """Whether a check failed."""
        return any(result == "FAILED" for _, result in self.rows)

    def run(self, name: str, command: Sequence[str | Path], where: Path = ROOT, **environment: str) -> bool:
        """Run a program, show what it prints, and note whether it succeeded."""
        print(f"\n== {name}", flush=True)
        known = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "CI") if key in os.environ}
        pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        done = subprocess.run(list(map(str, command)), cwd=where, env=known | pip | environment, check=False)
        self.rows.append((name, "passed" if done.returncode == 0 else "FAILED"))
        return done.returncode == 0

    def skip(self, name: str, reason: str) -> None:
        """Note a check that could not be run, and say so loudly."""
        print(f"\n== {name}\n*** NOT RUN: {reason} ***", flush=True)
        self.rows.append((name, f"NOT RUN: {reason}"))

    def table(self) -> str:
        """The results as a table."""
        width = max(len(name) for name, _ in self.rows)
        return "\n".join(f"{name:<{width}}  {result}" for name, result in self.rows)


def build(checks: Checks) -> tuple[Path, Path] | None:
    """Wheel and source distribution, if they can be built."""
    shutil.rmtree(DIST, ignore_errors=True)
    checks.run("build", [TOOLS / "python", "-m", "build", "--no-isolation", "--outdir", DIST, ROOT])
    wheels, sources = list(DIST.glob("*.whl")), list(DIST.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sources) != 1:
        return None
    checks.run("metadata (twine check --strict)", [TOOLS / "twine", "check", "--strict", *wheels, *sources])
    checks.run("contents (check-wheel-contents)", [TOOLS / "check-wheel-contents", *CONTENTS, wheels[0]])
    return wheels[0], sources[0]


def try_wheel(checks: Checks, version: str, wheel: Path, folder: Path) -> None:
    """Install the wheel without and with its extras, and run the smoke test far from the sources."""
    python = interpreter(version)
    if python is None:
        checks.skip(f"wheel on Python {version}", f"Python {version} is not on this machine")
        return
    constraints = folder / "constraints.txt"
    constraints.write_text(without_hashes((ROOT / "constraints.txt").read_text("utf-8")))
    smoke = Path(shutil.copy(Path(__file__).with_name("smoke.py"), folder))
    for extent, extras in (("base", ""), ("all", "[all]")):
        place = folder / f"{version}-{extent}"
        name = f"wheel on Python {version}, {extent}"
        subprocess.run([python, "-m", "venv", place], check=True)
        install: list[str | Path] = [
            place / "bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        if checks.run(f"{name}: install", [*install, "-c", constraints, f"{wheel}{extras}"], folder):
            checks.run(name, [place / "bin/python", "-W", "error", smoke, extent], folder)


def try_suite(checks: Checks, version: str, wheel: Path, sources: Path, folder: Path) -> None:
    """Run the tests of the source distribution, without its package, against the installed wheel."""
    python = interpreter(version)
    name = f"tests without the sources on Python {version}"
    if python is None:
        checks.skip(name, f"Python {version} is not on this machine")
        return
    place, unpacked = folder / f"{version}-suite", folder / f"{version}-sources"
    subprocess.run([python, "-m", "venv", place], check=True)
    install: list[str | Path] = [place / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pins = [*install, "--require-hashes", "-r", ROOT / "constraints.txt"]
    if not checks.run(f"{name}: install", pins) or not checks.run(f"{name}: wheel", [*install, "--no-deps", wheel]):
        return
    # By the command, since the safe way of doing it in Python came between two patch releases of 3.11.
    subprocess.run([python, "-m", "tarfile", "-e", sources, unpacked], check=True)
    (root,) = unpacked.iterdir()
    shutil.rmtree(root / "clicksoap")
    tests = [f"tests/{each}" for each in SUITE]
    checks.run(name, [place / "bin/python", "-m", "pytest", "-q", "-n", "2", *tests], root)


def without_hashes(constraints: str) -> str:
    """The pins alone, since pip wants a hash of the wheel itself where a file has hashes."""
    return "".join(
        f"{pin}\n" for pin in re.findall(r"^([\w.\[\]-]+==[^ \\]+(?: ;[^\\\n]*)?)", constraints, re.MULTILINE)
    )


def main() -> int:
    """Run every check; 1 if one failed."""
    checks = Checks()
    mypy = [sys.executable, "-m", "mypy", "clicksoap"]
    checks.run("types as of Python 3.14", [*mypy, "--python-version", "3.14"])
    checks.run("types as of Windows", [*mypy, "--platform", "win32", "--no-warn-unreachable"])
    checks.run("types as of macOS", [*mypy, "--platform", "darwin", "--no-warn-unreachable"])
    built = build(checks)
    if built is not None:
        wheel, sources = built
        with tempfile.TemporaryDirectory() as folder:
            for version in PYTHONS:
                try_wheel(checks, version, wheel, Path(folder))
                if os.environ.get("SUITE"):
                    try_suite(checks, version, wheel, sources, Path(folder))
    print(f"\n{checks.table()}")
    return int(checks.failed)


if __name__ == "__main__":
    sys.exit(main())
