"""Matching of sent messages against the expected values of an assertion."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Final, Self, cast

from clicksoap.simulator import Message

Matcher = str | re.Pattern[str] | Callable[[str], object]
"""An exact text, a compiled pattern to search for, or a function that returns true for a right value."""

_FIELDS: Final = tuple(each.name for each in fields(Message))


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected values of a message.

    Attributes:
        matchers: The matcher or value for each attribute of `clicksoap.simulator.Message` that matters.
    """

    matchers: Mapping[str, object]

    @classmethod
    def of(
        cls, to: Matcher | int | None, text: Matcher | None, sender: Matcher | None, more: Mapping[str, object]
    ) -> Self:
        """Build it from the arguments of an assertion; None means any value.

        Raises:
            TypeError: Unknown attribute of a message.
        """
        for name in more:
            if name not in _FIELDS:
                raise TypeError(f"unknown attribute {name!r} of a message: give one of {', '.join(_FIELDS)}")
        number = _msisdn_digits(str(to)) if isinstance(to, str | int) else to
        given = {"to": number, "text": text, "sender": sender}
        return cls({**{name: matcher for name, matcher in given.items() if matcher is not None}, **more})

    def select(self, messages: Iterable[Message]) -> list[Message]:
        """The messages that match, in their order."""
        return [each for each in messages if not self.mismatches(each)]

    def mismatches(self, message: Message) -> list[str]:
        """The names of the attributes that do not match."""
        return [name for name, matcher in self.matchers.items() if not _matches(getattr(message, name), matcher)]

    def closest(self, messages: Iterable[Message]) -> Message | None:
        """The message with the most matching attributes; of several, the most similar one. None if there are none."""
        return max(messages, key=self._match_score, default=None)

    def _match_score(self, message: Message) -> tuple[float, float]:
        mismatches = self.mismatches(message)
        similarities = {name: similarity(self.matchers[name], getattr(message, name)) for name in mismatches}
        # A similar text counts; a similar number does not, because it is another recipient.
        return similarities.get("text", 0.0) - len(mismatches), sum(similarities.values())


def similarity(matcher: object, value: object) -> float:
    """The similarity of two texts, 0.0 to 1.0; 0.0 for values that are not texts."""
    if not isinstance(matcher, str) or not isinstance(value, str):
        return 0.0
    return SequenceMatcher(None, matcher, value).ratio()


def _msisdn_digits(number: str) -> str:
    """The digits of a number, as in the gateway's messages."""
    return re.sub(r"[\s().+-]", "", number)


def _matches(value: object, matcher: object) -> bool:
    if isinstance(matcher, re.Pattern):
        return cast("re.Pattern[str]", matcher).search(str(value)) is not None
    if callable(matcher):
        return bool(matcher(value))
    return value == matcher
