"""The proof that a gateway's denials can be believed: some gateways deny nothing, and some forget what they took."""

import secrets
import time
from typing import Final

from clicksoap.outbox.queries import Finding, Question

_AGAIN: Final = 60.0


class Proofs:
    """The knowledge of a worker about the gateway's answers to questions by client message id.

    When the work starts, it asks for an id that nobody used: the gateway has to deny it (104). After the first
    acceptance it asks for that id: the gateway has to know it. Without the first nothing can be proven yet; a wrong
    answer to the second means that no denial of this gateway is believed.

    Attributes:
        never_used: The id that nobody used.
    """

    def __init__(self) -> None:
        self.never_used = secrets.token_hex(16)
        self._denies: bool | None = None
        self._knows: bool | None = None
        self._accepted: str | None = None
        self._is_asking = False
        self._next = 0.0

    @property
    def may_repeat(self) -> bool:
        """Whether a denial proves that a request did not arrive."""
        return self._denies is True and self._knows is not False

    def accepted(self, request_id: str) -> None:
        """Note that the gateway took a request."""
        if self._knows is None and self._accepted is None and not self._is_asking:
            self._accepted = request_id

    def question(self) -> Question | None:
        """What is to be asked now, if anything is."""
        if self._accepted is not None and self._knows is None:
            asked, self._accepted, self._is_asking = self._accepted, None, True
            return Question(asked, 0.0)
        if self._denies is not True and time.monotonic() >= self._next:
            self._next = time.monotonic() + _AGAIN
            return Question(self.never_used, 0.0)
        return None

    def enter(self, question: Question, finding: Finding) -> str | None:
        """Enter an answer; returns what is wrong with the gateway, if that is new."""
        if question.request_id != self.never_used:
            self._is_asking = False
        if finding is Finding.UNASKED:
            self._next = time.monotonic() + 1.0
            return None
        could = self._denies is not False and self._knows is not False
        if question.request_id == self.never_used:
            self._denies = finding is Finding.DENIED
        elif finding is not Finding.NOTHING:
            self._knows = finding is Finding.FOUND
        if could and self._knows is False:
            return (
                "the gateway denies a message that it took: its denials are not believed, and nothing lost is repeated"
            )
        if could and self._denies is False:
            return "the gateway does not deny an id that nobody used: nothing lost can be proven unsent or repeated"
        return None
