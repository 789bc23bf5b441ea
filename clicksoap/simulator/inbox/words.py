"""The words for what is shown, and how urgent they look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from clicksoap.codes import STATUSES
from clicksoap.simulator.search import STATUS_WORDS

Tone = Literal["good", "bad", "moving", "waiting", "quiet"]
"""How a status looks."""

_TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(("004",), "good"),
    **dict.fromkeys(("005", "007", "009", "010", "012", "014"), "bad"),
    **dict.fromkeys(("003", "008"), "moving"),
    **dict.fromkeys(("002", "011"), "waiting"),
    **dict.fromkeys(("001", "006"), "quiet"),
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
    code: Status(
        code,
        next(word for word, codes in STATUS_WORDS.items() if codes == frozenset({code})),
        meaning,
        _TONES.get(code, "quiet"),
    )
    for code, meaning in STATUSES.items()
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
