"""Measures in a new process how long the first call of a client holds the loop; run by test_lifetime.py."""

import asyncio
import json
import sys
import time

from clicksoap import AsyncClient


async def tick(gaps: list[float]) -> None:
    """Note how long the loop takes to come round."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.001)
        gaps.append(time.monotonic() - began)


async def main() -> None:
    gaps: list[float] = []
    ticking = asyncio.create_task(tick(gaps))
    async with AsyncClient(123456, "acme", "correct-horse-battery", endpoint=sys.argv[1]) as sms:
        began = time.monotonic()
        await sms.send("27820001234", "x")
        whole = time.monotonic() - began
    ticking.cancel()
    sys.stdout.write(json.dumps([max(gaps), whole]))


asyncio.run(main())
