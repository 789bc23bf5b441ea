"""What the tests of the plugin share: test sessions of users, run as they run them."""

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

# An inner session forgets the modules that it imported first; those with parts in C do not like to be imported twice.
import clicksoap.async_client
import clicksoap.client
import clicksoap.testing.cases
import clicksoap.testing.simulator  # noqa: F401

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a file of tests in a session of its own: ``run(source, *options, apart=False, **other_files)``."""

    def session(source: str, *options: str, apart: bool = False, ini: str = "", **files: str) -> Any:
        pytester.makepyfile(test_users=dedent(source), **{name: dedent(text) for name, text in files.items()})
        pytester.makeini(f"[pytest]\n{ini}")
        # Hypothesis's plugin would import all of Hypothesis again in every session.
        given = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options)
        return pytester.runpytest_subprocess(*given) if apart else pytester.runpytest_inprocess(*given)

    return session
