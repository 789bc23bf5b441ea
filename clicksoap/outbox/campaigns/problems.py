"""stub"""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    BAD_NUMBER = "bad number"
    CELLS = "cells"
    KEY = "key"
    OPTION = "option"
    TEXT = "text"
    TOO_LONG = "too long"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Kind
    column: str | None
    value: str = field(repr=False)
    reason: str


class BadRow(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem
