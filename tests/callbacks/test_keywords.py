"""STOP and START words are there without the libraries of the outbox."""

import subprocess
import sys

import pytest

from clicksoap import callbacks
from clicksoap.callbacks import outbox

PROGRAM = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sqlalchemy", "alembic"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
from clicksoap.callbacks import START_WORDS, STOP_WORDS, keyword
assert keyword(" Stop all. ") in STOP_WORDS and keyword("start") in START_WORDS
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return done.stderr


def test_they_need_no_library_of_the_outbox() -> None:
    assert run(PROGRAM) == ""


def test_without_these_libraries_the_outbox_is_refused() -> None:
    """The control: the program above would notice."""
    assert "sqlalchemy" in run(PROGRAM.replace("clicksoap.callbacks import", "clicksoap.callbacks.outbox import"))


@pytest.mark.parametrize("name", ["START_WORDS", "STOP_WORDS", "keyword"])
def test_their_earlier_place_gives_the_same(name: str) -> None:
    assert getattr(outbox, name) is getattr(callbacks, name)
