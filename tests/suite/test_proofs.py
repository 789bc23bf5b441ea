"""The table of the proofs: figures, rows, ages, and the mutants of the sources."""

import fcntl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from figures import counting, record

from tests.proofs import git, results
from tests.proofs.mutants.__main__ import Tree, Trial, run
from tests.proofs.mutants.changes import mutants
from tests.proofs.mutants.equivalent import EQUIVALENT
from tests.proofs.mutants.modules import MODULES, Module
from tests.proofs.results import Row
from tests.proofs.stages import LONG, stages
from tests.proofs.table import table

ROOT = Path(__file__).parents[2]
ROW = Row(
    "fuzzer", "damaged replies", {"inputs": 20_000, "crashes": 0}, True, "make proof", "7", "abc", "2026-01-02", []
)


# Figures


def test_figures_of_several_processes_are_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOF_FIGURES", str(tmp_path))
    record("cells", tried=2, wrong=0)
    record("cells", tried=3, wrong=1)
    program = "from figures import record; record('cells', tried=10); record('kills', lost=0)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "tests/support", check=True)
    assert results.collected(tmp_path) == {"cells": {"tried": 15, "wrong": 1}, "kills": {"lost": 0}}


def test_a_block_that_raises_counts_as_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOF_FIGURES", str(tmp_path))
    with counting("cells", "wrong", tried=1):
        pass
    with pytest.raises(ZeroDivisionError), counting("cells", "wrong", tried=1):
        raise ZeroDivisionError
    assert results.collected(tmp_path) == {"cells": {"tried": 2, "wrong": 1}}


def test_without_the_variable_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROOF_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    record("cells", tried=1)
    assert list(tmp_path.iterdir()) == []


# Rows


def test_the_tests_of_a_stage_without_figures_are_counted(tmp_path: Path) -> None:
    assert results.counted(tmp_path / "none.xml") == {}
    tests = tmp_path / "test_some.py"
    tests.write_text(
        "import pytest\n\n\ndef test_right():\n    pass\n\n\ndef test_wrong():\n    raise ValueError\n\n\n"
        "def test_none():\n    pytest.skip('not here')\n"
    )
    report = tmp_path / "tests.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(tests)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    assert results.counted(report) == {"tests": 2, "failed": 1}


def test_rows_of_a_stage_that_ran_take_the_place_of_its_old_rows_alone() -> None:
    old = [ROW, replace(ROW, what="an old row"), replace(ROW, stage="load"), replace(ROW, stage="a former stage")]
    new = [replace(ROW, seed="8"), replace(ROW, stage="outcomes")]
    found = results.merged(old, new, ["outcomes", "fuzzer", "load"])
    assert found == [new[1], new[0], old[2]]


def test_of_a_stage_that_failed_the_rows_fail_whose_figures_say_why() -> None:
    lost, control = replace(ROW, figures={"lost": 1}), replace(ROW, what="control", figures={"doubled": 3})
    assert [row.holds for row in results.blamed([ROW, lost, control])] == [True, False, True]
    assert [row.holds for row in results.blamed([ROW, control])] == [False, False]


def test_stored_rows_are_read_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert results.load(path) == []
    results.save([ROW], path)
    assert results.load(path) == [ROW]


def test_the_table_shows_figures_failures_and_age() -> None:
    shown = table([ROW, replace(ROW, holds=False, note=git.OLDER)]).splitlines()
    assert shown[2] == "| damaged replies | inputs 20,000, crashes 0 | `make proof` | 7 | abc | 2026-01-02 |  |"
    assert shown[3].endswith("| failed, older than its code |")


def test_every_stored_row_speaks_of_files_that_exist() -> None:
    for row in results.load():
        assert row.proves, row.what
        for path in row.proves:
            assert (ROOT / path).exists(), f"{row.what}: {path}"


def test_every_stage_names_files_that_exist() -> None:
    for stage in stages(LONG, "2", "figures.jsonl", "0"):
        named = [each for each in stage.command if each.startswith("tests/")]
        for path in [*stage.proves, *named]:
            assert (ROOT / path).exists(), f"{stage.name}: {path}"


# Ages


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two files in one commit."""
    for name in ("proven.py", "other.py"):
        (tmp_path / name).write_text("1\n")
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    return tmp_path


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.test", *arguments], cwd=root, check=True)


def _commit(root: Path) -> None:
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "a change")


def test_a_row_is_old_once_a_file_of_its_own_is_changed(repository: Path) -> None:
    made_with = git.commit(["proven.py"], repository)
    (repository / "other.py").write_text("2\n")
    _commit(repository)
    assert git.note(made_with, ["proven.py"], repository) == ""
    (repository / "proven.py").write_text("2\n")
    assert git.note(made_with, ["proven.py"], repository) == git.OLDER
    _commit(repository)
    assert git.note(made_with, ["proven.py"], repository) == git.OLDER


def test_a_row_of_changed_files_says_that_they_were_in_no_commit(repository: Path) -> None:
    (repository / "proven.py").write_text("2\n")
    assert git.commit(["other.py"], repository)[-1] != "+"
    made_with = git.commit(["proven.py"], repository)
    assert made_with[-1] == "+"
    assert git.note(made_with, ["proven.py"], repository) == git.UNCOMMITTED


def test_the_age_is_unknown_without_git_and_of_an_unknown_commit(tmp_path: Path, repository: Path) -> None:
    assert git.note("0123456", ["proven.py"], repository) == git.UNKNOWN
    outside = tmp_path / "outside"
    assert git.commit(["proven.py"], outside) == ""
    assert git.note("", ["proven.py"], outside) == git.UNKNOWN


# Mutants

SOURCE = '''\
"""A module: 1 == 1."""
LIMIT: int = 3

def is_few(count: "int | None" = None) -> bool:
    if not count or count < LIMIT:
        return True
    raise ValueError(f"{count + 1}")
'''


def test_each_kind_of_change_is_made_in_the_place_of_the_old_text() -> None:
    source = SOURCE.encode()
    found = mutants(source)
    assert [(each.line, each.change) for each in found] == [
        (2, "3 -> (4)"),
        (5, "not count -> (count)"),
        (5, "not count or count < LIMIT -> (not count and count < LIMIT)"),
        (5, "count < LIMIT -> (count <= LIMIT)"),
        (6, "True -> (False)"),
        (7, 'raise ValueError(f"{count + 1}") -> pass'),
    ]
    for each in found:
        changed = each.applied(source)
        compile(changed, "module", "exec")
        assert changed != source
        assert len(changed.splitlines()) == len(source.splitlines())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.path)
def test_every_mutant_of_a_module_is_python(module: Module) -> None:
    source = (ROOT / module.path).read_bytes()
    found = mutants(source)
    assert len(found) > 10
    for each in found:
        compile(each.applied(source), module.path, "exec")


def test_every_equivalent_mutant_is_a_mutant_with_a_reason() -> None:
    for (path, within, change), reason in EQUIVALENT.items():
        found = {(each.within, each.change) for each in mutants((ROOT / path).read_bytes())}
        assert (within, change) in found, f"{path}: {within}: {change}"
        assert reason


def test_a_mutant_that_no_test_notices_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody asks about the age of the limit itself. What tests count of broken sources is no figure of the proofs."""
    figures, root = tmp_path / "figures", tmp_path / "tree"
    figures.mkdir()
    root.mkdir()
    monkeypatch.setenv("PROOF_FIGURES", str(figures))
    (root / "ages.py").write_text("def is_old(age):\n    return age > LIMIT\n\n\nLIMIT = 65\n")
    (root / "test_ages.py").write_text(
        f"import sys\n\nsys.path.append({str(ROOT / 'tests' / 'support')!r})\n"
        "import ages\nfrom figures import record\n\n\n"
        "def test_old():\n    record('ages', wrong=not ages.is_old(66))\n    assert ages.is_old(66)\n"
    )
    module = Module("ages", "ages.py", ("test_ages.py",))
    assert run([Trial(module, "1", 0, root)], [Tree(root)])
    assert results.collected(figures) == {
        "mutants, ages": {"tried": 3, "killed": 2, "survived": 1, "equivalent": 0, "timed_out": 0}
    }
    assert "survived: ages.py:2: age > LIMIT -> (age >= LIMIT)" in capsys.readouterr().out
    assert (root / "ages.py").read_text().endswith("LIMIT = 65\n")


def test_no_mutant_is_tried_where_the_tests_fail_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ages.py").write_text("LIMIT = 65\n")
    (tmp_path / "test_ages.py").write_text("def test_old():\n    raise AssertionError\n")
    module = Module("ages", "ages.py", ("test_ages.py",))
    assert not run([Trial(module, "1", 0, tmp_path)], [Tree(tmp_path)])
    assert "the tests fail without any mutant: test_ages.py" in capsys.readouterr().out


def test_a_mutant_whose_tests_do_not_end_is_stopped_with_their_programs(tmp_path: Path) -> None:
    lock, ended = tmp_path / "lock", tmp_path / "ended"
    lock.touch()
    program = (
        "import fcntl, pathlib, time; file = open('lock'); fcntl.flock(file, fcntl.LOCK_EX); time.sleep(30);"
        "pathlib.Path('ended').touch()"
    )
    (tmp_path / "test_endless.py").write_text(
        f"import subprocess, sys\n\n\ndef test_it():\n    subprocess.run([sys.executable, '-c', {program!r}])\n"
    )
    assert Tree(tmp_path).run(["test_endless.py"], 6) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # it is free once the program has ended
    assert not ended.exists()
    assert not (tmp_path / "scratch").exists()
