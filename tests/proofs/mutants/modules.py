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
    """

    name: str
    path: str
    tests: tuple[str, ...]


_OUTBOX: Final = ("tests/outbox/test_worker.py", "tests/outbox/test_pace.py", "tests/outbox/test_trouble.py")

MODULES: Final = (
    Module(
        "replies and matching",
        "clicksoap/protocol/replies.py",
        ("tests/samples", "tests/sending/test_parts.py", "tests/sending/test_http_lines.py", "tests/properties"),
    ),
    Module("texts and their encoding", "clicksoap/text.py", ("tests/vocabulary/test_text.py", "tests/options")),
    Module("numbers", "clicksoap/msisdn.py", ("tests/vocabulary/test_msisdn.py", "tests/options")),
    Module("flows", "clicksoap/protocol/flows.py", ("tests/sending",)),
    Module("plan of a send", "clicksoap/protocol/plan.py", ("tests/sending",)),
    Module("HTTP statuses", "clicksoap/protocol/bindings/http_status.py", ("tests/sending/test_statuses.py",)),
    Module("outbox: claims", "clicksoap/outbox/claims.py", _OUTBOX),
    Module("outbox: settling", "clicksoap/outbox/settling.py", _OUTBOX),
    Module("outbox: pace", "clicksoap/outbox/pace.py", _OUTBOX),
    Module("outbox: sending", "clicksoap/outbox/sending.py", _OUTBOX),
)
