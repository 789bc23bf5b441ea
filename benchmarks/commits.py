"""The package of another commit, beside that of the working tree."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# Without pyproject.toml the package would not believe that the WSDLs beside it are its own.
_PARTS: Final = ("clicksoap", "wsdl", "pyproject.toml")


@contextmanager
def exported(commit: str | None) -> Iterator[Path]:
    """A folder with the package and the WSDLs of a commit, for as long as the block runs.

    Args:
        commit: Any name that git knows; None for the working tree as it is.

    Raises:
        ValueError: git knows no such commit.
    """
    with tempfile.TemporaryDirectory(prefix="clicksoap-") as name:
        folder = Path(name)
        if commit is None:
            for part in _PARTS:
                if (ROOT / part).is_dir():
                    shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / part, folder / part)
        else:
            command = ["git", "archive", "--format=tar", commit, *_PARTS]
            packed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
            if packed.returncode:
                reason = packed.stderr.decode(errors="replace").strip().splitlines()[-1]
                raise ValueError(f"git cannot give the commit {commit!r} ({reason}): give one of this repository")
            subprocess.run(["tar", "-x", "-C", name], input=packed.stdout, check=True)
        yield folder


def run_with(package: Path, module: str, *arguments: str) -> str:
    """Run a module of this checkout with the package of such a folder, in a fresh process; gives what it prints.

    Args:
        package: The folder.
        module: The module, which may use only public names of clicksoap.
        arguments: Its arguments.

    Raises:
        subprocess.CalledProcessError: It failed; its errors are already shown.
    """
    path = os.pathsep.join(str(each) for each in (package, ROOT / "tests" / "support", ROOT))
    # Without -P the folder that it starts in, with another clicksoap, would come first.
    command = [sys.executable, "-P", "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def check_package(package: str) -> None:
    """Refuse to go on with another clicksoap than that of the folder.

    Raises:
        RuntimeError: Another one was imported.
    """
    import clicksoap  # noqa: PLC0415 - only once the path is set

    if not Path(clicksoap.__file__).is_relative_to(package):
        raise RuntimeError(f"{clicksoap.__file__} was imported: give a folder whose package comes first on the path")
