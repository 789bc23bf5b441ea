"""Pytest plugin: fixtures with a simulated gateway, and a guard against requests to other machines.

Every pytest run in an environment with clicksoap imports this module, so it imports nothing slow.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

from clicksoap.testing.network import ALLOW_OPTION, NetworkForbidden, NetworkGuard, installed_guard

if TYPE_CHECKING:
    from clicksoap.async_client import AsyncClient
    from clicksoap.client import Client
    from clicksoap.testing.simulator import AssertingSimulator

SimulatorOptions = Mapping[str, Any]
"""Arguments of `clicksoap.simulator.Simulator`, as the fixture ``clicksoap_simulator_options`` gives them."""

AsyncClientFactory = Callable[[], "AsyncClient"]
"""The type of the fixture ``clicksoap_async_client``: each call makes an AsyncClient for one ``async with``."""

_PROFILES: Final = "clicksoap_profiles"
_SERVER: Final = "clicksoap_simulator"
_TOO_EARLY: Final = frozenset({"ConfigurationError", "NetworkForbidden"})
_ORDER: Final = (
    "a fixture made a client before clicksoap_simulator was set up: let that fixture take clicksoap_simulator as an"
    " argument, with the scope 'function'"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the settings of the ini file."""
    parser.addini(ALLOW_OPTION, "let clicksoap's clients send requests to other machines", type="bool", default=False)
    parser.addini(_PROFILES, "profile names that from_config() accepts; all lead to the simulator", "args", default=[])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Install the guard before pytest imports the user's code."""
    guard = NetworkGuard(allows=config.getini(ALLOW_OPTION), switch=f"`{ALLOW_OPTION} = true` in pytest's ini file")
    config.pluginmanager.register(_NetworkGuardPlugin(guard), "clicksoap-guard")


class _NetworkGuardPlugin:
    """Fails tests with refused requests, even if the application caught the error."""

    def __init__(self, guard: NetworkGuard) -> None:
        self._guard = guard
        self._outside_problem = ""
        self._stack = ExitStack()
        self._stack.enter_context(installed_guard(guard))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        self._outside_problem = self._outside_problem or self._guard.problem()
        try:
            return (yield)
        except BaseException as error:
            self._add_problem_section(item, "setup", error)
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._watched(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._watched(item, "teardown"))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._outside_problem = self._outside_problem or self._guard.problem()
        if self._outside_problem and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._outside_problem:
            terminalreporter.section("clicksoap, outside of tests", red=True)
            terminalreporter.line(self._outside_problem)

    def pytest_unconfigure(self) -> None:
        self._stack.close()

    def _watched(self, item: pytest.Item, when: str) -> Generator[None, object, object]:
        skipped = None
        result: object = None
        try:
            result = yield
        except pytest.skip.Exception as skip:
            skipped = skip
        except BaseException as error:
            self._add_problem_section(item, when, error)
            raise
        if problem := self._guard.problem():
            pytest.fail(problem, pytrace=False)
        if skipped is not None:
            raise skipped
        return result

    def _add_problem_section(self, item: pytest.Item, when: str, error: BaseException) -> None:
        """Add the refused requests to the report of another failure, as its possible cause."""
        problem = self._guard.problem()
        if problem and not isinstance(error, NetworkForbidden):
            item.add_report_section(when, "clicksoap", problem)
        if when == "setup" and type(error).__name__ in _TOO_EARLY and _SERVER in getattr(item, "fixturenames", ()):
            item.add_report_section(when, "clicksoap", _ORDER)


@pytest.fixture(scope="session")
def clicksoap_simulator_options() -> SimulatorOptions:
    """Arguments of the simulator, such as accounts and settings. Override this fixture in a conftest.py.

    If they hold ``accounts``, the application uses the first one. Without them, all credentials work except the
    password ``wrong``.
    """
    return {}


@pytest.fixture(scope="session")
def _clicksoap_server(clicksoap_simulator_options: SimulatorOptions) -> "Iterator[AssertingSimulator]":
    """The server for all tests of the process."""
    try:
        from clicksoap.testing.simulator import AssertingSimulator  # noqa: PLC0415 - most sessions do without
    except ImportError as missing:
        pytest.fail(
            f'clicksoap_simulator needs an extra: pip install "clicksoap[simulator]" ({missing})', pytrace=False
        )
    with AssertingSimulator(**clicksoap_simulator_options) as simulator:
        yield simulator


@pytest.fixture
def clicksoap_simulator(
    _clicksoap_server: "AssertingSimulator",
    clicksoap_simulator_options: SimulatorOptions,
    pytestconfig: pytest.Config,
) -> "Iterator[AssertingSimulator]":
    """A simulated gateway, reset before each test. ``Client.from_config()`` finds it, and does not pause between tries.

    Its assertions are those of `clicksoap.testing.AssertingSimulator`.
    """
    from clicksoap.testing.environment import simulator_environment  # noqa: PLC0415

    _clicksoap_server.reset()
    accounts = clicksoap_simulator_options.get("accounts")
    with simulator_environment(_clicksoap_server, accounts, pytestconfig.getini(_PROFILES)):
        yield _clicksoap_server


@pytest.fixture
def clicksoap_client(clicksoap_simulator: "AssertingSimulator") -> "Iterator[Client]":  # noqa: ARG001 - what it is of
    """A client of the simulated gateway, closed when the test ends."""
    from clicksoap.client import Client  # noqa: PLC0415

    with Client.from_config() as client:
        yield client


@pytest.fixture
def clicksoap_async_client(clicksoap_simulator: "AssertingSimulator") -> AsyncClientFactory:  # noqa: ARG001
    """A function that makes asynchronous clients of the simulated gateway, each for one ``async with``.

    An asynchronous client belongs to one event loop. Only the test has it, so the test opens and closes the client.
    """
    from clicksoap import AsyncClient  # noqa: PLC0415 - by the package, which names the extra if it is missing

    return AsyncClient.from_config
