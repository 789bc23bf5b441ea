"""The handlers that the README and the page on outcomes show pass the type checkers as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/explanation/outcomes.md", "docs/how-to/unknown.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("examples")
    files = []
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall((ROOT / page).read_text())):
            files.append(folder / f"{Path(page).stem.lower()}_example_{number}.py")
            files[-1].write_text(block)
    return files


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(["mypy", "--strict"], id="mypy"),
        # It has no cache, so that it reads the whole package again.
        pytest.param(["basedpyright", "--level", "error"], id="basedpyright", marks=pytest.mark.proof),
    ],
)
def test_the_examples_pass_a_type_checker(examples: list[Path], tool: list[str]) -> None:
    command = [f"{Path(sys.executable).parent / tool[0]}", *tool[1:], *map(str, examples)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_report_that_could_be_none_would_be_noticed(tmp_path: Path) -> None:
    """The control: the checker knows these pages' names and refuses what is wrong."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from clicksoap import ClicksoapError\n\ndef f(error: ClicksoapError) -> int:\n    return len(error.report)\n"
    )
    command = [f"{Path(sys.executable).parent / 'mypy'}", "--strict", str(wrong)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "SendReport | None" in done.stdout
