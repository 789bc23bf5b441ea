"""Labels and colours of statuses, services and exchanges on the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from clicksoap.codes import STATUSES
from clicksoap.simulator.search import STATUS_WORDS

Tone = Literal["good", "bad", "moving", "waiting", "quiet"]
"""The colour of a status."""

_TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(("004",), "good"),
    **dict.fromkeys(("005", "007", "009", "010", "012", "014"), "bad"),
    **dict.fromkeys(("003", "008"), "moving"),
    **dict.fromkeys(("002", "011"), "waiting"),
    **dict.fromkeys(("001", "006"), "quiet"),
}

SERVICE_NAMES: Final[Mapping[str, str]] = {
    "document_literal": "Document/Literal",
    "rpc_encoded": "RPC/Encoded",
    "http": "HTTP API",
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
    code: StatusLabel(
        code,
        next(word for word, codes in STATUS_WORDS.items() if codes == frozenset({code})),
        meaning,
        _TONES.get(code, "quiet"),
    )
    for code, meaning in STATUSES.items()
}
"""The label of each status by its code."""


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
