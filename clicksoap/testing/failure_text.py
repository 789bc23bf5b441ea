"""Texts of failed assertions: the expected message, the sent messages, and their differences."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import ndiff
from typing import Final, cast

from clicksoap.simulator import Exchange, Message
from clicksoap.testing.matching import Expected, similarity

_MAX_LISTED: Final = 10
_MAX_VALUE: Final = 160
_MIN_DIGITS: Final = 6  # of a number without its country code
_MIN_SIMILARITY: Final = 0.5  # below that, the marks of a diff do not help


def message_count(number: int) -> str:
    """A number of messages as a text, such as ``no messages``."""
    return "1 message" if number == 1 else f"{number or 'no'} messages"


def missing_text(
    headline: str,
    expected: Expected,
    sent: Sequence[Message],
    commands: Mapping[str, int],
    exchanges: Sequence[Exchange],
) -> str:
    """The text for an expected message that was not sent.

    Args:
        headline: The first line, without the expected values.
        expected: The expected values.
        sent: All messages, in order.
        commands: The number of executions of each command.
        exchanges: The recorded requests and answers, the latest first.
    """
    closest = _closest_message(expected, sent, commands)
    return "\n".join([*_headline(headline, expected), *closest, *_refusals(expected, exchanges)])


def unexpected_text(headline: str, expected: Expected, found: Sequence[Message]) -> str:
    """The text for messages that were not expected."""
    return "\n".join([*_headline(headline, expected), "these are:", *_listed(list(enumerate(found, 1)))])


def _headline(headline: str, expected: Expected) -> Iterator[str]:
    if not expected.matchers:
        yield headline
        return
    yield f"{headline} with"
    width = _width(expected)
    yield from (f"    {name:{width}}  {_shown(matcher)}" for name, matcher in expected.matchers.items())


def _closest_message(expected: Expected, sent: Sequence[Message], commands: Mapping[str, int]) -> Iterator[str]:
    others = [(number, each) for number, each in enumerate(sent, 1) if expected.mismatches(each)]
    closest = expected.closest([each for _, each in others])
    if closest is None:
        if not sent:
            commands_text = ", ".join(f"{name} {count}" for name, count in commands.items() if count)
            yield f"nothing was sent; the gateway was asked {commands_text or 'nothing'}"
        return
    number = next(number for number, each in others if each is closest)
    yield f"{message_count(len(sent))} sent; the closest is number {number} (- expected, + sent):"
    yield from _difference(expected, closest)
    if rest := [each for each in others if each[1] is not closest]:
        yield "the others:"
        yield from _listed(rest)


def _refusals(expected: Expected, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """The reasons why the gateway refused messages to the expected number, or requests as a whole."""
    wanted = expected.matchers.get("to")
    reasons = [
        each.text
        for exchange in reversed(exchanges)
        for each in exchange.refusals
        if wanted is None or not each.to or not isinstance(wanted, str) or _is_about(each.to, wanted)
    ]
    if not reasons:
        return
    yield "the gateway refused:"
    counted = Counter(reasons)
    for reason, count in list(counted.items())[:_MAX_LISTED]:
        yield f"    {reason}{f' ({count} times)' if count > 1 else ''}"
    if len(counted) > _MAX_LISTED:
        yield f"    … and {len(counted) - _MAX_LISTED} more reasons"


def _is_about(to: str, wanted: str) -> bool:
    """True if a refused number may be the wanted one, written in another way, such as with a national 0."""
    given, digits = (re.sub(r"[^0-9]", "", each).lstrip("0") for each in (to, wanted))
    return given == digits or (len(given) >= _MIN_DIGITS and digits.endswith(given))


def _difference(expected: Expected, message: Message) -> Iterator[str]:
    mismatches, width = expected.mismatches(message), _width(expected)
    for name, matcher in expected.matchers.items():
        label, value = f"{name:{width}}", getattr(message, name)
        if name not in mismatches:
            yield f"    {label}  {_shown(value)}"
        elif isinstance(matcher, str) and isinstance(value, str):
            marked = similarity(matcher, value) > _MIN_SIMILARITY
            pieces = ndiff(_lines(label, matcher), _lines(label, value))
            yield from (f"  {piece.rstrip()}" for piece in pieces if marked or not piece.startswith("?"))
        else:
            yield f"  - {label}  {_shown(matcher)}"
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
        return f"a value that {getattr(value, '__name__', type(value).__name__)} accepts"
    shown = repr(value)
    return shown if len(shown) <= _MAX_VALUE else f"{shown[:_MAX_VALUE]}…"


def _width(expected: Expected) -> int:
    return max(map(len, expected.matchers), default=0)
