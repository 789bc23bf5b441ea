"""Test aid that removes the pauses between tries."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from clicksoap.transports.async_driver import AsyncDriver
from clicksoap.transports.driver import Driver


@contextmanager
def without_pauses() -> Generator[None]:
    """Remove the pauses between tries inside a ``with`` block, for all clients of the process in all threads.

    A client with a ``sleep`` of its own keeps it.
    """
    with (
        patch.object(Driver, "sleep", staticmethod(_no_sleep)),
        patch.object(AsyncDriver, "sleep", staticmethod(_no_async_sleep)),
    ):
        yield


def _no_sleep(_: float) -> None:
    pass


async def _no_async_sleep(_: float) -> None:
    await asyncio.sleep(0)
