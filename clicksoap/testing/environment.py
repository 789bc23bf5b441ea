"""Settings by which an application under test finds the simulator, and nothing else."""

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
_ANYBODY: Final = Account(123456, "tests", "no-secret")


@contextmanager
def pointing_at(
    simulator: AssertingSimulator, accounts: Sequence[Account] | None, profiles: Sequence[str]
) -> Generator[None]:
    """Have ``from_config()`` make clients of a simulator, which do not pause between tries.

    Args:
        simulator: It has to run.
        accounts: Its accounts; the first one is used.
        profiles: The names that ``from_config`` may be given; all mean the same.
    """
    account = accounts[0] if accounts else _ANYBODY
    with tempfile.TemporaryDirectory(prefix="clicksoap-") as folder, without_pauses():
        config = Path(folder, "config.toml")
        # Tables without settings: all of them are in the environment.
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
    """Have these variables, and no other of ours; afterwards everything is as it was."""
    before = _taken()
    os.environ.update(variables)
    try:
        yield
    finally:
        _taken()
        os.environ.update(before)


def _taken() -> dict[str, str]:
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_PREFIXES)}
