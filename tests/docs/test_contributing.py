"""The page for contributors names files that exist, and the names that it sends the reader to."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
ROWS = re.findall(r"^\| (?!change|---)([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_every_file_of_the_page_exists() -> None:
    named = re.findall(r"`((?:clicksoap|wsdl|docs|tests)/[^`<>*]+)`", PAGE)
    assert len(named) > 30
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_names_in_brackets_stand_in_the_file_before_them() -> None:
    for _, files in ROWS:
        for path, name in re.findall(r"`(clicksoap/[^`]+\.py)` \(`(\w+)`", files):
            assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), f"{path} has no {name}"


def test_the_table_answers_the_questions_of_newcomers() -> None:
    asked = (
        *("an error code", "the class of an error code", "the cap of 300 recipients", "a secret field"),
        *("a parameter of one dialect", "a fault kind", "the idle time", "a variant of the delivery report"),
        *("part boundary in the inbox", "a CLI command", "the unit or range of an option"),
    )
    for question in asked:
        assert any(question in change for change, _ in ROWS), question
