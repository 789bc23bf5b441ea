"""Which messages a test means."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Final, Self, cast

from clicksoap.simulator import Message

Matcher = str | re.Pattern[str] | Callable[[str], object]
"""A text as it is to be, a pattern to be found in it, or a function that says whether it is right."""

_FIELDS: Final = tuple(each.name for each in fields(Message))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message is to be like.

    Attributes:
        wishes: What is wished for, by the names of a message's attributes.
    """

    wishes: Mapping[str, object]

    @classmethod
    def of(
        cls, to: Matcher | int | None, text: Matcher | None, sender: Matcher | None, more: Mapping[str, object]
    ) -> Self:
        """From the arguments of an assertion; None is no wish.

        Raises:
            TypeError: A message has no such attribute.
        """
        for name in more:
            if name not in _FIELDS:
                raise TypeError(f"a message has no {name!r}: it has {', '.join(_FIELDS)}")
        number = _digits(str(to)) if isinstance(to, str | int) else to
        said = {"to": number, "text": text, "sender": sender}
        return cls({**{name: wish for name, wish in said.items() if wish is not None}, **more})

    def among(self, messages: Iterable[Message]) -> list[Message]:
        """Those that are meant, in their order."""
        return [each for each in messages if not self.missed(each)]

    def missed(self, message: Message) -> list[str]:
        """The wishes that a message does not fulfil."""
        return [name for name, wish in self.wishes.items() if not _fulfils(getattr(message, name), wish)]

    def closest(self, messages: Iterable[Message]) -> Message | None:
        """The one that fulfils the most, and is the likest in the rest."""
        return max(messages, key=self._closeness, default=None)

    def _closeness(self, message: Message) -> tuple[float, float]:
        missed = self.missed(message)
        alike = {name: similarity(self.wishes[name], getattr(message, name)) for name in missed}
        # Half a text is half of what was wanted; half a number is another number.
        return alike.get("text", 0.0) - len(missed), sum(alike.values())


def similarity(wish: object, value: object) -> float:
    """How much of two texts is the same, 0 to 1; nothing of what is none."""
    if not isinstance(wish, str) or not isinstance(value, str):
        return 0.0
    return SequenceMatcher(None, wish, value).ratio()


def _digits(number: str) -> str:
    """A number as the gateway has it."""
    return re.sub(r"[\s().+-]", "", number)


def _fulfils(value: object, wish: object) -> bool:
    if isinstance(wish, re.Pattern):
        return cast("re.Pattern[str]", wish).search(str(value)) is not None
    if callable(wish):
        return bool(wish(value))
    return value == wish
