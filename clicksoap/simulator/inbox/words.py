"""The words for what is shown, and how urgent they look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from clicksoap.codes import STATUS_DEFINITIONS, Phase

Tone = Literal["good", "bad", "moving", "waiting", "quiet"]
"""How a status looks."""

_TONES: Final[Mapping[Phase, Tone]] = {
    Phase.UNKNOWN: "quiet",
    Phase.ACCEPTED: "moving",
    Phase.QUEUED: "waiting",
    Phase.HANDED_ON: "moving",
    Phase.DELIVERED: "good",
    Phase.CANCELLED: "quiet",
    Phase.FAILED: "bad",
}

SERVICES: Final[Mapping[str, str]] = {
    "document_literal": "Document/Literal",
    "rpc_encoded": "RPC/Encoded",
    "http": "HTTP API",
}
"""The services, as people call them."""


@dataclass(frozen=True, slots=True)
class Status:
    """A status in words.

    Attributes:
        code: Its number.
        word: The word that the search knows it by.
        meaning: What the vendor says of it.
        tone: How it looks.
    """

    code: str
    word: str
    meaning: str
    tone: Tone


ALL: Final[Mapping[str, Status]] = {
    code: Status(code, each.word, each.text, _TONES[each.phase]) for code, each in STATUS_DEFINITIONS.items()
}
"""Every status."""


def result_of(reply: str, http_status: int | None) -> tuple[str, Tone]:
    """What came of an exchange, in a word or two."""
    if http_status is None:
        return "No answer", "bad"
    if http_status != 200:  # noqa: PLR2004 - HTTP's number for a success
        return f"HTTP {http_status}", "bad"
    place = reply.find("ERR:")
    if place < 0:
        return "OK", "good"
    code = reply[place + 4 :].lstrip()[:3]
    error = f"ERR {code}" if code.isdigit() else "ERR"
    return (f"partly {error}", "waiting") if "ID:" in reply else (error, "bad")
