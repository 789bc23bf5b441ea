"""Labels and colours of statuses, services and exchanges on the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from clicksoap.codes import STATUS_DEFINITIONS, Phase
from clicksoap.simulator.exchanges import Exchange

Tone = Literal["good", "bad", "moving", "waiting", "quiet"]
"""The colour of a status."""

_TONES: Final[Mapping[Phase, Tone]] = {
    Phase.UNKNOWN: "quiet",
    Phase.ACCEPTED: "moving",
    Phase.QUEUED: "waiting",
    Phase.HANDED_ON: "moving",
    Phase.DELIVERED: "good",
    Phase.CANCELLED: "quiet",
    Phase.FAILED: "bad",
}

SERVICE_NAMES: Final[Mapping[str, str]] = {
    "document_literal": "Document/Literal",
    "rpc_encoded": "RPC/Encoded",
    "http": "HTTP API",
    "unknown": "No service",
}
"""The display name of each service."""


@dataclass(frozen=True, slots=True)
class StatusLabel:
    """The label of a message status.

    Attributes:
        code: The three-digit status.
        word: The word for it in a search.
        meaning: The vendor's description.
        tone: The colour.
    """

    code: str
    word: str
    meaning: str
    tone: Tone


STATUS_LABELS: Final[Mapping[str, StatusLabel]] = {
    code: StatusLabel(code, each.word, each.text, _TONES[each.phase]) for code, each in STATUS_DEFINITIONS.items()
}
"""The label of each status by its code."""


_DAMAGES: Final = frozenset({"html", "malformed", "truncated", "empty", "charset", "gzip"})


def answer_mishap(exchange: Exchange | None) -> str:
    """What happened to the answer of an exchange: ``answer lost``, ``answer damaged``, or empty if it arrived whole."""
    if exchange is None:
        return ""
    if exchange.status is None:
        return "answer lost"
    return "answer damaged" if exchange.fault.partition(" ")[0] in _DAMAGES else ""


def exchange_result(reply: str, http_status: int | None) -> tuple[str, Tone]:
    """The result of an exchange as a short text, and its colour."""
    if http_status is None:
        return "No answer", "bad"
    if http_status != 200:  # noqa: PLR2004 - the HTTP status OK
        return f"HTTP {http_status}", "bad"
    place = reply.find("ERR:")
    if place < 0:
        return "OK", "good"
    code = reply[place + 4 :].lstrip()[:3]
    error = f"ERR {code}" if code.isdigit() else "ERR"
    return (f"partly {error}", "waiting") if "ID:" in reply else (error, "bad")
