"""Forks with a client and says on stdout, as JSON, what becomes of its calls; run by test_lifetime.py.

It is a program of its own because a test's process has threads, and forking with threads is another matter.
"""

import asyncio
import json
import os
import sys
import warnings

from clicksoap import AsyncClient


def client() -> AsyncClient:
    return AsyncClient(123456, "acme", "correct-horse-battery", endpoint=sys.argv[1])


async def asked(sms: AsyncClient) -> str:
    async with sms:
        return str(await sms.balance())


def in_child(sms: AsyncClient) -> str:
    """What a forked process gets for its call."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            said = asyncio.run(asked(sms))
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


async def main() -> dict[str, str]:
    used, unused = client(), client()
    await used.balance()
    said = {"used, in a loop": in_child(used), "unused, in a loop": in_child(unused)}
    return {**said, "parent": await asked(used)}


warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of a fork with threads, as asyncio has
outcomes = asyncio.run(main())
outcomes["unused, outside"] = in_child(client())
sys.stdout.write(json.dumps(outcomes))
