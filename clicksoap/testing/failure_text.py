"""What a failed assertion says: what was wanted, what was sent, and how they differ."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import ndiff
from typing import Final, cast

from clicksoap.simulator import Message
from clicksoap.testing.matching import Expected, similarity

_MAX_LISTED: Final = 10
_LONGEST: Final = 160
_ALIKE: Final = 0.5  # marks under what has nothing in common show nothing


def counted(number: int) -> str:
    """A number of messages in words."""
    return "1 message" if number == 1 else f"{number or 'no'} messages"


def unfulfilled(headline: str, wanted: Expected, sent: Sequence[Message], commands: Mapping[str, int]) -> str:
    """The text for a message that was missed.

    Args:
        headline: What is wrong, up to what was wanted.
        wanted: What was wanted.
        sent: Every message, in order.
        commands: How often each command was carried out.
    """
    return "\n".join([*_headed(headline, wanted), *_compared(wanted, sent, commands)])


def unwanted(headline: str, wanted: Expected, found: Sequence[Message]) -> str:
    """The text for messages that are too many."""
    return "\n".join([*_headed(headline, wanted), "these are:", *_listed(list(enumerate(found, 1)))])


def _headed(headline: str, wanted: Expected) -> Iterator[str]:
    if not wanted.wishes:
        yield headline
        return
    yield f"{headline} with"
    width = _width(wanted)
    yield from (f"    {name:{width}}  {_shown(wish)}" for name, wish in wanted.wishes.items())


def _compared(wanted: Expected, sent: Sequence[Message], commands: Mapping[str, int]) -> Iterator[str]:
    others = [(number, each) for number, each in enumerate(sent, 1) if wanted.missed(each)]
    closest = wanted.closest([each for _, each in others])
    if closest is None:
        if not sent:
            asked = ", ".join(f"{name} {count}" for name, count in commands.items() if count)
            yield f"nothing was sent; the gateway was asked {asked or 'nothing'}"
        return
    number = next(number for number, each in others if each is closest)
    yield f"{counted(len(sent))} sent; the closest is number {number} (- wanted, + sent):"
    yield from _difference(wanted, closest)
    if rest := [each for each in others if each[1] is not closest]:
        yield "the others:"
        yield from _listed(rest)


def _difference(wanted: Expected, message: Message) -> Iterator[str]:
    missed, width = wanted.missed(message), _width(wanted)
    for name, wish in wanted.wishes.items():
        label, value = f"{name:{width}}", getattr(message, name)
        if name not in missed:
            yield f"    {label}  {_shown(value)}"
        elif isinstance(wish, str) and isinstance(value, str):
            marked = similarity(wish, value) > _ALIKE
            pieces = ndiff(_lines(label, wish), _lines(label, value))
            yield from (f"  {piece.rstrip()}" for piece in pieces if marked or not piece.startswith("?"))
        else:
            yield f"  - {label}  {_shown(wish)}"
            yield f"  + {label}  {_shown(value)}"


def _lines(label: str, text: str) -> list[str]:
    lines = text.splitlines(keepends=True) or [""]
    labels = [label, *(" " * len(label) for _ in lines[1:])]
    return [f"{label}  {line!r}\n" for label, line in zip(labels, lines, strict=True)]


def _listed(messages: Sequence[tuple[int, Message]]) -> Iterator[str]:
    for number, each in messages[:_MAX_LISTED]:
        sender = f", sender {each.sender!r}" if each.sender else ""
        yield f"    {number}  to {each.to}{sender}, status {each.status}: {_shown(each.text)}"
    if len(messages) > _MAX_LISTED:
        yield f"    … and {len(messages) - _MAX_LISTED} more"


def _shown(value: object) -> str:
    if isinstance(value, re.Pattern):
        return f"/{cast('re.Pattern[str]', value).pattern}/"
    if callable(value):
        return f"whatever {getattr(value, '__name__', type(value).__name__)} takes"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _width(wanted: Expected) -> int:
    return max(map(len, wanted.wishes), default=0)
