"""tests/README.md is complete."""

import re
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
ROW: Final = re.compile(r"^\| `(\w+)` \| ", re.MULTILINE)


def test_every_folder_stands_in_the_readme_and_no_other() -> None:
    # A folder that git removed may still hold compiled modules.
    held = {path.name: {each.name for each in path.iterdir()} for path in TESTS.iterdir() if path.is_dir()}
    folders = sorted(name for name, files in held.items() if files - {"__pycache__"} and name != "__pycache__")
    assert ROW.findall((TESTS / "README.md").read_text()) == folders


def test_every_module_of_the_fuzzer_stands_on_its_page() -> None:
    folder = TESTS / "fuzzing"
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py", "conftest.py", "test_fuzzing.py"}
    assert modules == set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text()))
