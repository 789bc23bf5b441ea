"""What the tests of AsyncClient share: tests that are coroutines, clients, and certificates."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from facades import settings
from loopback import authority, ca_file, only_loopback, tls

from clicksoap import AsyncClient

__all__ = ["authority", "ca_file", "only_loopback", "tls"]

LONGEST = 60
"""Seconds after which a test that hangs is given up."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on an event loop of its own, and let nothing that the loop complains of pass."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(_watched(pyfuncitem.obj(**arguments)))
    return True


async def _watched(test: Coroutine[Any, Any, None]) -> None:
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))
    async with asyncio.timeout(LONGEST):
        await test
    assert complaints == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def connect() -> Callable[..., AsyncClient]:
    """Makes clients; to be closed by who makes them."""
    return lambda endpoint, **named: AsyncClient(endpoint=endpoint, **settings(**named))
