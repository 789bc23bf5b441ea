"""Both clients, for tests that hold for both; and the settings that they are given where a test says nothing else."""

from typing import Any, Final

import pytest
from blocking import Blocking

from clicksoap import Client, Timeout

FACADES: Final[dict[str, Any]] = {"Client": Client, "AsyncClient": Blocking}

of_threads: Final = pytest.mark.parametrize("facade", [Client], ids=["Client"])
"""Marks what only the client of threads can do: a session of the caller, signals, other threads."""

PASSWORD: Final = "correct-horse-battery"
QUICK: Final = Timeout(connect=5, read=5, total=10)
"""Limits that no test means to meet; those that do give their own."""


def settings(**named: Any) -> dict[str, Any]:
    """What a client is told: to try once, unless the test says otherwise."""
    return {"api_id": 123456, "user": "acme", "password": PASSWORD, "timeout": QUICK, "retry": None, **named}
