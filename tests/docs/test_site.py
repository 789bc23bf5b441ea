"""The documentation site builds without a warning, has every page, and has every public name."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
START = (DOCS / "index.md").read_text("utf-8")
API = {
    "clicksoap": "clicksoap",
    "outbox": "clicksoap.outbox",
    "callbacks": "clicksoap.callbacks",
    "simulator": "clicksoap.simulator",
    "testing": "clicksoap.testing",
}


def _listed() -> set[Path]:
    return {(DOCS / target).resolve() for target in re.findall(r"^- \[[^\]]+\]\(([^)#]+)\)", START, re.MULTILINE)}


@pytest.mark.parametrize("page", API)
def test_a_page_of_the_api_has_every_public_name_once(page: str) -> None:
    text = (DOCS / f"reference/api/{page}.md").read_text("utf-8")
    package = API[page]
    named = re.findall(rf"^\.\. auto\w+:: {re.escape(package)}\.(\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted(importlib.import_module(package).__all__)


def test_every_package_with_public_names_has_a_page_of_the_api() -> None:
    packages = {
        ".".join(path.relative_to(ROOT).parent.parts)
        for path in (ROOT / "clicksoap").rglob("__init__.py")
        if re.search(r"^__all__ = ", path.read_text("utf-8"), re.MULTILINE)
    }
    assert packages == set(API.values())


def test_the_start_page_lists_every_page() -> None:
    pages = {path.resolve() for path in DOCS.rglob("*.md") if "_build" not in path.parts} - {DOCS / "index.md"}
    pages |= {ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")}
    missing = pages - _listed()
    assert not missing, f"docs/index.md does not list {sorted(map(str, missing))}"


def test_the_start_page_is_plain_markdown() -> None:
    """A directive would stand there as code in a repository browser."""
    assert "```" not in START


def _build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-m", "sphinx", "-c", str(source / "docs"), "-b", "html", "-n", "-W", "--keep-going", "-q"),
        *(str(source), str(target)),
    ]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.mark.proof  # half a minute; a page without a line in the index, and a wrong link, fail other tests
def test_the_site_builds_without_a_warning_and_shows_docstrings(tmp_path: Path) -> None:
    done = _build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "docs/reference/api/clicksoap.html").read_text("utf-8")
    assert "Limits of one request, in seconds." in page  # an argument of Client
    assert 'id="clicksoap.Client.reconcile"' in page
    start = (tmp_path / "docs/index.html").read_text("utf-8")
    assert "how-to/messages.html" in start
    assert (tmp_path / "index.html").exists()
    fetched = re.findall(r'(?:src|href)="(https?:)?//[^"]*\.(?:js|css|woff2?)', start)
    assert not fetched, "a page loads something from another machine"


@pytest.mark.proof
def test_a_wrong_link_fails_the_build(tmp_path: Path) -> None:
    """The control: the build sees what is wrong."""
    for name in ("docs", "clicksoap", "wsdl"):
        (tmp_path / name).mkdir()
    (tmp_path / "clicksoap").rmdir()
    (tmp_path / "clicksoap").symlink_to(ROOT / "clicksoap")
    (tmp_path / "docs/conf.py").write_text((DOCS / "conf.py").read_text("utf-8"))
    (tmp_path / "docs/site").mkdir()
    (tmp_path / "docs/index.md").write_text("# Start\n\n[a page](missing.md)\n")
    done = _build(tmp_path, tmp_path / "built")
    assert done.returncode != 0
    assert "missing.md" in done.stderr
