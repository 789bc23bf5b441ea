"""The modules of which mutants are made: those that decide what became of a message."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Module:
    """A module, and the tests that have to notice its mutants.

    Attributes:
        name: Its name in the table.
        path: Its file.
        tests: Arguments of pytest; the quick tests come first.
        is_quick: Whether a short run tries it, too.
    """

    name: str
    path: str
    tests: tuple[str, ...]
    is_quick: bool = True

    @property
    def files(self) -> list[str]:
        """The module and its tests."""
        return [self.path, *(each for each in self.tests if each.startswith("tests/"))]


_SENDING: Final = tuple(
    f"tests/sending/test_{name}.py"
    for name in (
        *("whole_call", "parts", "retry", "sessions", "views", "requests", "recorder", "finding", "interruption"),
        *("interrupted_entries", "reconciling", "statuses"),
    )
)
# Over SQLite alone: a server of its own for each mutant takes longer than its tests.
_SLOW: Final = (
    *("pg", "stays_open", "server_that_stops", "two_processes", "interrupted", "killed", "within_its_claim"),
    *("set_forward", "whose_clock"),
)
_OUTBOX: Final = (
    *("-k", " and ".join(f"not {words}" for words in _SLOW)),
    *(f"tests/outbox/test_{name}.py" for name in ("pace", "worker", "trouble", "upkeep", "restored_copies")),
)

MODULES: Final = (
    Module(
        "replies and matching",
        "clicksoap/protocol/replies.py",
        (
            *("tests/samples/test_samples.py", "tests/samples/test_refusals.py", "tests/samples/test_truncation.py"),
            *("tests/sending/test_parts.py", "tests/sending/test_whole_call.py", "tests/sending/test_http_lines.py"),
            "tests/sending/test_lines.py",
            *("tests/properties/test_usual_answers.py", "tests/properties/test_answers.py"),
        ),
    ),
    Module(
        "texts and their encoding",
        "clicksoap/text.py",
        ("tests/vocabulary/test_text.py", "tests/options/test_texts.py", "tests/options/test_counting.py"),
    ),
    Module(
        "numbers",
        "clicksoap/msisdn.py",
        (
            *("tests/vocabulary/test_msisdn.py", "tests/options/test_regions.py", "tests/sending/test_whole_call.py"),
            *("tests/sending/test_views.py", "tests/properties/test_input.py"),
        ),
    ),
    Module("flows", "clicksoap/protocol/flows.py", _SENDING),
    Module("plan of a send", "clicksoap/protocol/plan.py", _SENDING),
    Module("HTTP statuses", "clicksoap/protocol/bindings/http_status.py", ("tests/sending/test_statuses.py",)),
    Module("outbox, claims", "clicksoap/outbox/claims.py", _OUTBOX, is_quick=False),
    Module("outbox, settling", "clicksoap/outbox/settling.py", _OUTBOX, is_quick=False),
    Module("outbox, pace", "clicksoap/outbox/pace.py", _OUTBOX, is_quick=False),
    Module("outbox, sending", "clicksoap/outbox/sending.py", _OUTBOX, is_quick=False),
)
