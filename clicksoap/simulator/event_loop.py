"""Detection of a running asyncio event loop."""

import asyncio


def has_running_loop() -> bool:
    """True if an event loop runs in this thread; a blocking wait would stop it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
