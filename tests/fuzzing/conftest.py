"""Failures of the helpers' assertions show their operands, as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.fuzzing.contract", "tests.fuzzing.callers", "tests.fuzzing.http")
