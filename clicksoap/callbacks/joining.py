"""Joining of the parts of long inbound messages."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby, islice, pairwise, takewhile
from typing import Final, NamedTuple

from clicksoap.callbacks.charsets import decoded
from clicksoap.errors import InvalidInput
from clicksoap.events import Concatenation, InboundMessage

MAX_HELD_MESSAGES: Final = 10_000
"""The maximum number of unfinished messages in memory. Beyond it, the oldest one is overdue at once."""

MAX_HELD_BYTES: Final = 32 * 1024 * 1024
"""The maximum size of the unfinished messages in memory, by an estimate. Beyond it, the oldest one is overdue."""

_PART_BYTES: Final = 2000  # of a part beside its content and its fields


class PartKey(NamedTuple):
    """The properties that all parts of one message share."""

    sender: str
    to: str
    bits: int
    reference: int
    total: int

    def __repr__(self) -> str:
        return f"<PartKey of {self.total} parts>"


def key_of(part: InboundMessage) -> PartKey | None:
    """The properties that a part shares with the others; None for a message that is complete by itself."""
    place = part.concatenation
    if place is None or place.total == 1:
        return None
    return PartKey(part.sender, part.to, place.bits, place.reference, place.total)


def join(parts: Iterable[InboundMessage]) -> InboundMessage:
    """Make one message of the parts of a long one. Their bytes are joined first and decoded then.

    A character that lies across two parts stays whole. The text around a missing part is joined without a mark;
    ``missing`` has its number.

    Args:
        parts: Parts of one message, at least one, in any order. Of several parts with one number the first is taken.

    Raises:
        InvalidInput: No part, or parts of different messages.
    """
    placed: dict[int, InboundMessage] = {}
    keys: set[PartKey | None] = set()
    total = 0
    for part in parts:
        place = part.concatenation
        keys.add(key_of(part))
        if place is not None:
            total = place.total
            placed.setdefault(place.number, part)
    if not placed or len(keys) != 1:
        raise InvalidInput("the parts are not those of one message: give parts with the same numbers and reference")
    numbers = sorted(placed)
    first = placed[numbers[0]]
    text = "".join(_texts([(number, placed[number]) for number in numbers]))
    is_uniform = len({part.charset for part in placed.values()}) == 1
    in_order = [placed[number] for number in numbers]
    return InboundMessage(
        message_id=first.message_id,
        sender=first.sender,
        to=first.to,
        at=max(part.at for part in in_order),
        text=text,
        charset=first.charset if is_uniform else "UTF-8",
        content=b"".join(part.content for part in in_order) if is_uniform else text.encode("utf-8"),
        message_ids=tuple(part.message_id for part in in_order),
        missing=tuple(number for number in range(1, total + 1) if number not in placed),
        api_id=first.api_id,
        network=first.network,
        raw=tuple(pair for part in in_order for pair in part.raw),
    )


def _texts(parts: list[tuple[int, InboundMessage]]) -> Iterable[str]:
    """The texts of parts; neighbours in one charset are decoded together."""
    breaks = [0]
    for (number, part), (following, next_part) in pairwise(parts):
        breaks.append(breaks[-1] + (following != number + 1 or next_part.charset != part.charset))
    for _, run in groupby(zip(breaks, parts, strict=True), key=lambda each: each[0]):
        neighbours = [part for _, (_, part) in run]
        yield decoded(b"".join(part.content for part in neighbours), neighbours[0].charset)


@dataclass(slots=True)
class PartGroup:
    """The parts of one long message that have come so far.

    Attributes:
        key: The properties that the parts share.
        due: The time at which the group is handed over, complete or not, by the caller's clock.
        parts: The parts by their numbers.
        message_ids: The ids of the parts, those of duplicates included.
        size: An estimate of their size in bytes.
    """

    key: PartKey
    due: float
    parts: dict[int, InboundMessage] = field(default_factory=dict[int, InboundMessage], repr=False)
    message_ids: set[str] = field(default_factory=set[str])
    size: int = 0

    @property
    def is_complete(self) -> bool:
        """True if no part is missing."""
        return len(self.parts) == self.key.total

    def accepts(self, place: Concatenation, part: InboundMessage) -> bool:
        """True if a part belongs to this group, and not to a later message that has the same reference."""
        present = self.parts.get(place.number)
        return present is None or present.message_id == part.message_id or present.content == part.content

    def add(self, place: Concatenation, part: InboundMessage) -> None:
        """Add a part; a duplicate changes nothing."""
        self.message_ids.add(part.message_id)
        if place.number not in self.parts:
            self.parts[place.number] = part
            self.size += _PART_BYTES + 2 * len(part.content) + sum(len(name) + len(value) for name, value in part.raw)

    def joined(self) -> InboundMessage:
        """The message that the parts make."""
        return join(self.parts.values())


class Joiner:
    """Holds the parts of unfinished messages in memory. It has no lock of its own, and forgets them with its process.

    Args:
        seconds: The time after its first part at which a message is overdue.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._groups: OrderedDict[PartKey, PartGroup] = OrderedDict()  # the earliest one first
        self._replaced: list[PartGroup] = []  # likewise
        self._size = 0

    def count(self) -> int:
        """The number of groups."""
        return len(self._groups) + len(self._replaced)

    def add(self, key: PartKey, part: InboundMessage, now: float) -> PartGroup:
        """Add a part and return its group. The group stays until `remove`, so that a failed delivery is repeated."""
        place = part.concatenation
        if place is None:
            raise InvalidInput("the message is not a part: give one with a concatenation in its udh")
        group = self._groups.get(key)
        if group is not None and not group.accepts(place, part):
            # The reference is in use again: what came before is all that will come.
            del self._groups[key]
            group.due = now
            self._replaced.append(group)
            self._replaced.sort(key=lambda each: each.due)
            group = None
        if group is None:
            group = self._groups[key] = PartGroup(key, now + self._seconds)
        before = group.size
        group.add(place, part)
        self._size += group.size - before
        if self.count() > MAX_HELD_MESSAGES or self._size > MAX_HELD_BYTES:
            oldest = next(iter(self._groups.values()))
            oldest.due = min(oldest.due, now)
        return group

    def remove(self, group: PartGroup) -> None:
        """Forget a group that was handed over."""
        if self._groups.get(group.key) is group:
            del self._groups[group.key]
        elif any(each is group for each in self._replaced):
            self._replaced = [each for each in self._replaced if each is not group]
        else:
            return
        self._size -= group.size

    def postpone(self, group: PartGroup, now: float) -> None:
        """Make a group due again after the time limit, because its delivery failed."""
        group.due = now + self._seconds
        self._replaced.sort(key=lambda each: each.due)
        if self._groups.get(group.key) is group:
            self._groups.move_to_end(group.key)

    def holds(self, group: PartGroup) -> bool:
        """True if a group was not handed over yet."""
        return self._groups.get(group.key) is group or any(each is group for each in self._replaced)

    def overdue(self, now: float) -> list[PartGroup]:
        """The groups that are due by now."""
        replaced = takewhile(lambda group: group.due <= now, self._replaced)
        return [*replaced, *takewhile(lambda group: group.due <= now, self._groups.values())]

    def next_due(self) -> float | None:
        """The time at which the next group is due; None if there is no group."""
        first = (*self._replaced[:1], *islice(self._groups.values(), 1))
        return min((group.due for group in first), default=None)
