"""What the tests of an application use: a simulated gateway with assertions, for pytest and unittest.

pytest finds the fixtures by itself (``clicksoap_simulator`` and its companions); their types are here, and
`SimulatorMixin` is for unittest and Django.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clicksoap.testing.cases import SimulatorMixin
    from clicksoap.testing.network import NetworkForbidden
    from clicksoap.testing.pauses import without_pauses
    from clicksoap.testing.plugin import AsyncClientFactory, SimulatorOptions
    from clicksoap.testing.simulator import AssertingSimulator

__all__ = [
    "AssertingSimulator",
    "AsyncClientFactory",
    "NetworkForbidden",
    "SimulatorMixin",
    "SimulatorOptions",
    "without_pauses",
]

_HOME = {
    "AssertingSimulator": "simulator",
    "AsyncClientFactory": "plugin",
    "NetworkForbidden": "network",
    "SimulatorMixin": "cases",
    "SimulatorOptions": "plugin",
    "without_pauses": "pauses",
}

# Every pytest of every project in an environment imports this package, whether it sends messages or not.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(importlib.import_module(f"clicksoap.testing.{_HOME[name]}"), name)
        return found

    def __dir__() -> list[str]:
        return __all__
