"""The page on security names tests that exist, and the page on dependencies names what pyproject.toml asks for."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs/explanation/security.md").read_text("utf-8")
DEPENDENCIES = (ROOT / "docs/explanation/dependencies.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NAMED_TESTS = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", SECURITY)))


def _functions(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_a_defence_is_held_by_a_test_that_exists(file: str, name: str) -> None:
    path = ROOT / "tests" / file
    assert path.exists(), file
    assert name in _functions(path), f"{file} has no {name}"


def test_every_attack_has_a_defence_and_a_test() -> None:
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ") and "---" not in line]
    attacks = [row for row in rows if not row.startswith("| attack")]
    assert len(attacks) > 40
    for row in attacks:
        assert re.search(r"\| `[\w/]+\.py::\w+` \|$", row), row


def test_every_attacker_has_a_chapter() -> None:
    for attacker in ("gateway", "network", "callbacks", "CSV", "page that visits", "logs", "users of the machine"):
        assert re.search(rf"^## .*{attacker}", SECURITY, re.MULTILINE), attacker


def _package(requirement: str) -> str:
    return re.split(r"[\[<>=~! ;]", requirement)[0]


def _rows(heading: str) -> list[list[str]]:
    chapter = re.split(r"^## ", DEPENDENCIES, flags=re.MULTILINE)
    (text,) = (each for each in chapter if each.startswith(heading))
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ") and "`" in line
    ]


def test_each_package_of_the_base_has_its_reason() -> None:
    assert [row[0].strip("`") for row in _rows("Base")] == [_package(each) for each in PROJECT["dependencies"]]


def test_each_package_of_an_extra_has_its_reason() -> None:
    told = {
        (extra, package)
        for row in _rows("Extras") + _rows("To build")
        for extra in re.findall(r"`([\w-]+)`", row[0])
        for package in re.findall(r"`([\w-]+)`", row[1])
    }
    asked = {
        (extra, _package(each))
        for extra, packages in EXTRAS.items()
        for each in packages
        if extra not in {"all", "dev"} and _package(each) != "clicksoap"
    }
    assert asked - told == set(), "give the reason in docs/explanation/dependencies.md"
    assert {each for each in told if each[0] != "dev"} - asked == set()
