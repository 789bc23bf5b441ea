"""Sends at the end of the interpreter and says on stdout, as JSON, what became of it; run by a test.

The arguments are the client and the port of a gateway.
"""

import asyncio
import atexit
import json
import sys
from typing import Any

from clicksoap import AsyncClient, Client, NotSent

_, FACADE, PORT = sys.argv
NAMED: dict[str, Any] = {"retry": None}


def outcome(host: str) -> str:
    endpoint = f"http://{host}:{PORT}"
    try:
        if FACADE == "Client":
            with Client(1, "acme", "secret", endpoint=endpoint, **NAMED) as client:
                report = client.send("27821234567", "going down")
        else:
            report = asyncio.run(in_a_loop(endpoint))
    except NotSent:
        return "NotSent"
    return report[0].state.value


async def in_a_loop(endpoint: str) -> Any:
    async with AsyncClient(1, "acme", "secret", endpoint=endpoint, **NAMED) as client:
        return await client.send("27821234567", "going down")


def say() -> None:
    sys.stdout.write(json.dumps([outcome("127.0.0.1"), outcome("localhost")]))


atexit.register(say)
