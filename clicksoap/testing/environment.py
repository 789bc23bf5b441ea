"""Environment variables that point the application under test at the simulator."""

import json
import os
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clicksoap.simulator import Account
from clicksoap.testing.pauses import without_pauses
from clicksoap.testing.simulator import AssertingSimulator

_PREFIXES: Final = ("CLICKSOAP_", "CLICKATELL_")
_DEFAULT_ACCOUNT: Final = Account(123456, "tests", "no-secret")


@contextmanager
def simulator_environment(
    simulator: AssertingSimulator, accounts: Sequence[Account] | None, profiles: Sequence[str]
) -> Generator[None]:
    """Make ``from_config()`` return clients of a simulator, without pauses between tries.

    Args:
        simulator: The running simulator.
        accounts: Its accounts, of which the first one is used; None for the credentials of a default account.
        profiles: The profile names that ``from_config`` accepts; all lead to the simulator.
    """
    account = accounts[0] if accounts else _DEFAULT_ACCOUNT
    with tempfile.TemporaryDirectory(prefix="clicksoap-") as folder, without_pauses():
        config = Path(folder, "config.toml")
        # The tables are empty: all settings are in the environment.
        config.write_text("".join(f"[{json.dumps(name)}]\n" for name in profiles), encoding="utf-8")
        with _environment(
            {
                "CLICKSOAP_CONFIG": str(config),
                "CLICKSOAP_ENDPOINT": simulator.origin,
                "CLICKSOAP_API_ID": str(account.api_id),
                "CLICKSOAP_USER": account.user,
                "CLICKSOAP_PASSWORD": account.password,
            }
        ):
            yield


@contextmanager
def _environment(variables: dict[str, str]) -> Generator[None]:
    """Set these variables and remove all other variables of clicksoap; restore everything afterwards."""
    before = _remove_settings()
    os.environ.update(variables)
    try:
        yield
    finally:
        _remove_settings()
        os.environ.update(before)


def _remove_settings() -> dict[str, str]:
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_PREFIXES)}
