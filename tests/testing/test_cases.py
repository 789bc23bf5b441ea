"""Classes of unittest have a gateway by a mixin, with pytest and without."""

import os
import subprocess
import sys
import unittest
from pathlib import Path
from textwrap import dedent

import pytest

from clicksoap import Client
from clicksoap.testing import AssertingSimulator, SimulatorMixin

from .conftest import Run


def _unittest(folder: Path, source: str) -> str:
    """What unittest says of a module, alone in its folder."""
    (folder / "test_users.py").write_text(dedent(source))
    command = [sys.executable, "-m", "unittest", "test_users"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr


CASES = """
import unittest
from clicksoap import AsyncClient, Client
from clicksoap.testing import SimulatorMixin

class ShippingTest(SimulatorMixin, unittest.TestCase):
    clicksoap_profiles = ("prod",)

    def test_it(self):
        with Client.from_config("prod") as sms:
            sms.send("27821234567", "hello")
        self.clicksoap_simulator.assert_sent(to="27821234567", count=1)

    def test_it_again(self):
        self.clicksoap_simulator.assert_not_sent()
        with Client.from_config("prod") as sms:
            sms.send("27821234567", "hello")

class AsyncShippingTest(SimulatorMixin, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.sms = await self.enterAsyncContext(AsyncClient.from_config())

    async def test_it(self):
        await self.sms.send("27821234567", "hello")
        await self.clicksoap_simulator.wait_for_async(text="hello")

class ElsewhereTest(unittest.TestCase):
    def test_the_surroundings_are_as_before(self):
        import os
        self.assertFalse([name for name in os.environ if name.startswith("CLICKSOAP")])
"""


def test_the_mixin_works_with_unittest_alone(tmp_path: Path) -> None:
    said = _unittest(tmp_path, CASES)
    assert "Ran 4 tests" in said
    assert said.endswith("\nOK\n"), said


def test_the_mixin_works_with_pytest(run: Run) -> None:
    run(CASES, ini="filterwarnings = error").assert_outcomes(passed=4)


SWALLOWS = """
import unittest
from clicksoap import Client, ClicksoapError
from clicksoap.testing import SimulatorMixin

class CarelessTest(SimulatorMixin, unittest.TestCase):
    def test_swallowed(self):
        with Client(1, "acme", "hunter2", endpoint="https://sms.example") as sms:
            try:
                sms.send("27821234567", "hello")
            except ClicksoapError:
                pass

    def test_innocent(self):
        pass

class OpenTest(SimulatorMixin, unittest.TestCase):
    clicksoap_allow_network = True

    def test_it(self):
        with Client(1, "a", "b", endpoint="https://sms.example", proxy="http://127.0.0.1:1", retry=None) as sms:
            with self.assertRaisesRegex(ClicksoapError, "refused") as refused:
                sms.send("27821234567", "hello")
        self.assertNotIn("NetworkForbidden", repr(refused.exception))
"""


def test_without_pytest_the_class_guards_its_tests_itself(tmp_path: Path) -> None:
    said = _unittest(tmp_path, SWALLOWS)
    assert said.endswith("FAILED (failures=1)\n"), said
    assert "clicksoap refused calls of the gateway at sms.example: tests stay on this machine." in said
    assert "`clicksoap_allow_network = True` in the class" in said
    assert "hunter2" not in said


def test_with_pytest_its_plugin_guards_them(run: Run) -> None:
    done = run(SWALLOWS)
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["*set `clicksoap_allow_network = true` in pytest's ini file*"])


class LikeDjango(unittest.TestCase):
    """Begins a class as Django's TestCase does: in a transaction of the class, made by a class method."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.addClassCleanup(cls._roll_back)
        cls.setUpTestData()

    @classmethod
    def setUpTestData(cls) -> None:
        """Make what all tests of the class find."""

    @classmethod
    def _roll_back(cls) -> None:
        """See that what the class was given is still there."""
        assert os.environ["CLICKSOAP_ENDPOINT"]


def _failures(case: type[unittest.TestCase]) -> list[str]:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.testsRun
    return [text for _, text in [*result.failures, *result.errors]]


def test_what_a_class_of_django_prepares_goes_to_the_simulator_too() -> None:
    seen: list[int] = []

    class Shop(SimulatorMixin, LikeDjango):
        @classmethod
        def setUpTestData(cls) -> None:
            with Client.from_config() as sms:
                sms.send("27821234567", "welcome")
            seen.append(len(cls.clicksoap_simulator.messages))

        def test_it(self) -> None:
            self.clicksoap_simulator.assert_not_sent()

    assert _failures(Shop) == []
    assert seen == [1]
    assert "CLICKSOAP_ENDPOINT" not in os.environ


def test_a_class_whose_preparation_fails_leaves_nothing_behind() -> None:
    class Broken(SimulatorMixin, LikeDjango):
        @classmethod
        def setUpTestData(cls) -> None:
            raise ValueError("no such table")

        def test_it(self) -> None:
            """Never run."""

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Broken).run(result)
    assert "no such table" in result.errors[0][1]
    assert "CLICKSOAP_ENDPOINT" not in os.environ
    with pytest.raises(RuntimeError, match="not running"):
        _ = Broken.clicksoap_simulator.origin


def test_accounts_of_a_class_are_those_of_its_application() -> None:
    from clicksoap.simulator import Account  # noqa: PLC0415

    class Paying(SimulatorMixin, unittest.TestCase):
        clicksoap_simulator_options = {"accounts": [Account(7, "acme", "hunter2")]}  # noqa: RUF012

        def test_it(self) -> None:
            with Client.from_config() as sms:
                self.assertEqual(sms.balance(), 1000)  # noqa: PT009
            assert isinstance(self.clicksoap_simulator, AssertingSimulator)

    assert _failures(Paying) == []


def test_a_mixin_that_nobody_would_start_is_refused() -> None:
    with pytest.raises(
        TypeError, match="Wrong: SimulatorMixin is not the first base class: name it before the TestCase"
    ):
        type("Wrong", (LikeDjango, SimulatorMixin), {})
