"""stub"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    at: Any
    rows: int
    done: int
    accepted: int
    rejected: int
    doubtful: int
    pending: int
    sending: int
    rate: Any
    left: Any
    asking: int
    asking_until: Any
    held_until: Any
    paused: Any
    credits: Any


class ProgressWatch:
    def measure(self, now, done, rows):
        return 0.0, None


import contextlib


@contextlib.contextmanager
def show_progress(stream=None):
    yield print
