"""Mixin with a simulated gateway for test classes of unittest and Django."""

import unittest
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from clicksoap.testing.environment import simulator_environment
from clicksoap.testing.network import ALLOW_OPTION, NetworkGuard, current_guard, installed_guard
from clicksoap.testing.simulator import AssertingSimulator

# For type checkers a test case; at run time a mixin for any class of test cases.
if TYPE_CHECKING:
    _Case = unittest.TestCase
else:
    _Case = object


class SimulatorMixin(_Case):
    """Mixin for test classes that runs a simulated gateway, which ``Client.from_config()`` finds. Name it first.

    The gateway runs as long as the class, and is reset before each test. Messages from ``setUpClass`` or Django's
    ``setUpTestData`` also go to it, but are dropped before the first test. No request leaves the machine, even without
    the pytest plugin: a test that tries to send one fails.

    Attributes:
        clicksoap_simulator: The gateway.
        clicksoap_simulator_options: Arguments of `clicksoap.simulator.Simulator`. If they hold ``accounts``, the
            application uses the first one.
        clicksoap_profiles: Names of profiles that the application passes to ``from_config``.
        clicksoap_allow_network: True lets requests leave the machine. Under pytest, the ini file decides instead.
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
            raise TypeError(f"{cls.__name__}: SimulatorMixin is not the first base class: name it before the TestCase")

    @classmethod
    def setUpClass(cls) -> None:
        """Start the gateway before the other base classes set up."""
        with ExitStack() as stack:
            if current_guard() is None:
                switch = f"`{ALLOW_OPTION} = True` in the class"
                cls._guard = stack.enter_context(
                    installed_guard(NetworkGuard(allows=cls.clicksoap_allow_network, switch=switch))
                )
            options = cls.clicksoap_simulator_options
            cls.clicksoap_simulator = stack.enter_context(AssertingSimulator(**options))
            stack.enter_context(
                simulator_environment(cls.clicksoap_simulator, options.get("accounts"), cls.clicksoap_profiles)
            )
            cls.addClassCleanup(stack.pop_all().close)
        super().setUpClass()

    def setUp(self) -> None:
        """Reset the gateway."""
        # The first clean-up runs last, so requests of the other clean-ups are seen as well.
        self.addCleanup(self._check_refused)
        self.clicksoap_simulator.reset()
        super().setUp()

    def _check_refused(self) -> None:
        if self._guard is not None and (problem := self._guard.problem()):
            self.fail(problem)
