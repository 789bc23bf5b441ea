"""stub"""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class QuietHours:
    begins: time
    ends: time

    @classmethod
    def parse(cls, text):
        return cls(time(), time())

    def is_quiet(self, at, zone):
        return False

    def opens_at(self, at, zone):
        return None


def check_zone(name, argument="zone"):
    return name
