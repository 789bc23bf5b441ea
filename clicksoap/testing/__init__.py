"""Test support for applications: a simulated gateway with assertions, for pytest and unittest.

pytest finds the fixtures by itself, such as ``clicksoap_simulator``. Their types are here. `SimulatorMixin` is for
unittest and Django.
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

_MODULES = {
    "AssertingSimulator": "simulator",
    "AsyncClientFactory": "plugin",
    "NetworkForbidden": "network",
    "SimulatorMixin": "cases",
    "SimulatorOptions": "plugin",
    "without_pauses": "pauses",
}

# Every pytest run in an environment with clicksoap imports this package, so it loads its modules lazily.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(importlib.import_module(f"clicksoap.testing.{_MODULES[name]}"), name)
        return found

    def __dir__() -> list[str]:
        return __all__
