"""The usual handlers of signals, for code that installs its own."""

import signal
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def usual_signals() -> Generator[None]:
    """Give SIGINT and SIGTERM their usual handlers within the block: a worker of the outbox replaces only those."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
