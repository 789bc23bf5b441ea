"""Asks the system whether a socket has something to read."""

import select
import sys


def is_readable(fd: int) -> bool:
    """Whether something waits in a socket to be read: a reply that nobody asked for, or the end."""
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return bool(select.select([fd], [], [], 0)[0])
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
