"""The documents' Python examples run as they stand, page by page, and their links lead somewhere.

A block whose fence names a file is a separate program: tests/foreign/test_languages.py runs those.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(ROOT / name for name in ("wsdl/README.md", "benchmarks/README.md", "tests/README.md", "tests/fuzzing/README.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]*)(#[^)]*)?\)")
HEADING = re.compile(r"^#+ (.*)", re.MULTILINE)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=_name)
def test_the_examples_of_a_page_run_in_order(page: Path) -> None:
    if "settings.configure(" in page.read_text():
        # Django is configured once per process.
        command = [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); {_RUN}",
            str(page),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    else:
        run(page)


_RUN = "from pathlib import Path; from test_examples import run; run(Path(sys.argv[1]))"


def run(page: Path) -> None:
    """Run the examples of a page in order."""
    names: dict[str, object] = {"__name__": "__main__"}
    text = page.read_text()
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), names)  # noqa: S102 - the project's own pages


def _anchors(page: Path) -> set[str]:
    return {
        "#" + re.sub(r"[^\w\- ]", "", heading).replace(" ", "-").lower()
        for heading in HEADING.findall(page.read_text())
    }


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_the_links_of_a_page_lead_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text()):
        target = page.parent / name if name else page
        assert target.exists(), f"{_name(page)} links to {name}"
        assert not anchor or anchor in _anchors(target), f"{_name(page)} links to {name}{anchor}"
