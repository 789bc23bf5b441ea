"""The simulator for classes of unittest and Django."""

import unittest
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from clicksoap.testing.environment import pointing_at
from clicksoap.testing.network import SWITCH, NetworkGuard, current, guarded
from clicksoap.testing.simulator import AssertingSimulator

# For type checkers a test case, so that what it calls is known; at run time it stands beside any class of that kind.
if TYPE_CHECKING:
    _Case = unittest.TestCase
else:
    _Case = object


class SimulatorMixin(_Case):
    """Gives a class of tests a simulated gateway, which ``Client.from_config()`` finds; it stands first of the bases.

    The gateway runs as long as the class, and is reset before each test. What ``setUpClass`` or Django's
    ``setUpTestData`` sends goes to it, too, but is forgotten when the first test begins. Where the pytest plugin is
    not in force, no request leaves the machine either: what tries fails its test.

    Attributes:
        clicksoap_simulator: The gateway.
        clicksoap_simulator_options: Arguments of `clicksoap.simulator.Simulator`; with ``accounts``, the first one is
            the application's.
        clicksoap_profiles: Names of profiles that the application asks ``from_config`` for.
        clicksoap_allow_network: Let requests leave the machine (under pytest, its ini file says so).
    """

    clicksoap_simulator: ClassVar[AssertingSimulator]
    clicksoap_simulator_options: ClassVar[Mapping[str, Any]] = {}
    clicksoap_profiles: ClassVar[Sequence[str]] = ()
    clicksoap_allow_network: ClassVar[bool] = False
    _guard: ClassVar[NetworkGuard | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        order = cls.__mro__
        if unittest.TestCase in order and order.index(unittest.TestCase) < order.index(SimulatorMixin):
            raise TypeError(f"{cls.__name__}: SimulatorMixin stands before the TestCase, or nobody starts it")

    @classmethod
    def setUpClass(cls) -> None:
        """Start the gateway, before a base may want to send something."""
        with ExitStack() as stack:
            if current() is None:
                switch = f"`{SWITCH} = True` in the class"
                cls._guard = stack.enter_context(
                    guarded(NetworkGuard(allows=cls.clicksoap_allow_network, switch=switch))
                )
            options = cls.clicksoap_simulator_options
            cls.clicksoap_simulator = stack.enter_context(AssertingSimulator(**options))
            stack.enter_context(pointing_at(cls.clicksoap_simulator, options.get("accounts"), cls.clicksoap_profiles))
            cls.addClassCleanup(stack.pop_all().close)
        super().setUpClass()

    def setUp(self) -> None:
        """Forget what was before this test."""
        # The first clean-up is the last to run: whatever the others send is seen.
        self.addCleanup(self._check_refused)
        self.clicksoap_simulator.reset()
        super().setUp()

    def _check_refused(self) -> None:
        if self._guard is not None and (problem := self._guard.problem()):
            self.fail(problem)
