"""The pytest plugin: fixtures with a simulated gateway, and a guard that lets no request leave the machine.

Every pytest run in an environment with clicksoap imports this, so it imports nothing that takes time.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

from clicksoap.testing.network import SWITCH, NetworkForbidden, NetworkGuard, guarded

if TYPE_CHECKING:
    from clicksoap.async_client import AsyncClient
    from clicksoap.client import Client
    from clicksoap.testing.simulator import AssertingSimulator

SimulatorOptions = Mapping[str, Any]
"""Arguments of `clicksoap.simulator.Simulator`, as the fixture ``clicksoap_simulator_options`` gives them."""

AsyncClientFactory = Callable[[], "AsyncClient"]
"""What the fixture ``clicksoap_async_client`` gives: each call makes an AsyncClient for one ``async with``."""

_PROFILES: Final = "clicksoap_profiles"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the lines of the ini file."""
    parser.addini(SWITCH, "let clicksoap's clients call gateways beyond this machine", type="bool", default=False)
    parser.addini(_PROFILES, "profiles that from_config() is asked for; all lead to the simulator", "args", default=[])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Put the guard in force before anything of the user's is imported."""
    guard = NetworkGuard(allows=config.getini(SWITCH), switch=f"`{SWITCH} = true` in pytest's ini file")
    config.pluginmanager.register(_Watch(guard), "clicksoap-guard")


class _Watch:
    """Fails the tests that were refused something, whatever their application made of it."""

    def __init__(self, guard: NetworkGuard) -> None:
        self._guard = guard
        self._outside = ""
        self._stack = ExitStack()
        self._stack.enter_context(guarded(guard))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        self._outside = self._outside or self._guard.problem()
        try:
            return (yield)
        except BaseException as error:
            self._explain(item, "setup", error)
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._watched(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._watched(item, "teardown"))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._outside = self._outside or self._guard.problem()
        if self._outside and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._outside:
            terminalreporter.section("clicksoap, outside of tests", red=True)
            terminalreporter.line(self._outside)

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
            self._explain(item, when, error)
            raise
        if problem := self._guard.problem():
            pytest.fail(problem, pytrace=False)
        if skipped is not None:
            raise skipped
        return result

    def _explain(self, item: pytest.Item, when: str, error: BaseException) -> None:
        """Say beside another failure what may have led to it."""
        problem = self._guard.problem()
        if problem and not isinstance(error, NetworkForbidden):
            item.add_report_section(when, "clicksoap", problem)


@pytest.fixture(scope="session")
def clicksoap_simulator_options() -> SimulatorOptions:
    """Arguments of the simulator; override it in a conftest.py, for accounts, settings and the like.

    With ``accounts``, the first one is the application's; without them, any credentials are good.
    """
    return {}


@pytest.fixture(scope="session")
def _clicksoap_server(clicksoap_simulator_options: SimulatorOptions) -> "Iterator[AssertingSimulator]":
    """One server for all tests of the process."""
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
    """A simulated gateway, fresh for each test; ``Client.from_config()`` finds it, and does not pause between tries.

    It has assertions: see `clicksoap.testing.AssertingSimulator`.
    """
    from clicksoap.testing.environment import pointing_at  # noqa: PLC0415

    _clicksoap_server.reset()
    accounts = clicksoap_simulator_options.get("accounts")
    with pointing_at(_clicksoap_server, accounts, pytestconfig.getini(_PROFILES)):
        yield _clicksoap_server


@pytest.fixture
def clicksoap_client(clicksoap_simulator: "AssertingSimulator") -> "Iterator[Client]":  # noqa: ARG001 - what it is of
    """A client of the simulated gateway, closed when the test ends."""
    from clicksoap.client import Client  # noqa: PLC0415

    with Client.from_config() as client:
        yield client


@pytest.fixture
def clicksoap_async_client(clicksoap_simulator: "AssertingSimulator") -> AsyncClientFactory:  # noqa: ARG001
    """A function that makes asynchronous clients of the simulated gateway, each for an ``async with`` of the test.

    An asynchronous client belongs to one event loop, which only the test has; so the test opens and closes it.
    """
    from clicksoap import AsyncClient  # noqa: PLC0415 - by the package, which names the extra if it is missing

    return AsyncClient.from_config
