"""The accepted messages: the latest of them, moving through their planned stages as the clock goes on."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.forgotten_ids import ForgottenIds
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.gateway.stages import FREE_STATUSES

_NOTHING = Decimal(0)
_MAX_AVERAGE_SIZE = 8 * 1024  # characters of a message, far more than most have
_MIN_SIZE_LIMIT = 64 * 1024 * 1024
_MAX_STALE_STEPS = 1000


class Mailbox:
    """The latest messages, by id and by the ids that callers gave them; not safe between threads by itself.

    Args:
        capacity: The most messages that are kept; the oldest are dropped first, and earlier if they are very large.
        event_bus: The bus of status events.
        refund: Called with a message that ends in a free status, as it was before.

    Attributes:
        forgotten: The ids of the messages that were dropped or deleted.

    Raises:
        ValueError: The capacity is less than 1.
    """

    def __init__(self, capacity: int, event_bus: EventBus, refund: Callable[[Message], None]) -> None:
        if capacity < 1:
            raise ValueError("capacity is less than 1: give the number of messages to keep, 1 or more")
        self.forgotten = ForgottenIds()
        self._capacity = capacity
        self._max_size = max(_MIN_SIZE_LIMIT, capacity * _MAX_AVERAGE_SIZE)
        self._size = 0
        self._event_bus = event_bus
        self._refund = refund
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._by_client_id: dict[tuple[int, str, str], list[str]] = {}
        # The planned stages of each message, the nearest last; and the next one of each in a heap, by its time.
        self._planned: dict[str, list[Stage]] = {}
        self._schedule: list[tuple[datetime, int, str]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """The messages, in the order of arrival."""
        return iter(self._messages.values())

    def __reversed__(self) -> Iterator[Message]:
        return reversed(self._messages.values())

    def get(self, message_id: str) -> Message | None:
        """The message of an id, if it is kept."""
        return self._messages.get(message_id)

    def of_client(self, account: tuple[int, str], client_message_id: str) -> list[Message]:
        """The messages of an account with a client's id, in the order of arrival."""
        ids = self._by_client_id.get((*account, client_message_id), ())
        return [self._messages[each] for each in ids]

    def add(self, message: Message, planned: Iterable[Stage]) -> None:
        """Keep a message with its planned stages, the nearest first; this publishes no event."""
        size = message.size
        while self._messages and (len(self._messages) >= self._capacity or self._size + size > self._max_size):
            self._forget(next(iter(self._messages)))
        self._messages[message.id] = message
        self._size += size
        if message.client_message_id:
            self._by_client_id.setdefault((*message.account, message.client_message_id), []).append(message.id)
        stages = list(planned)
        if stages:
            stages.reverse()
            self._planned[message.id] = stages
            self._schedule_next(message.id)

    def advance(self, now: datetime) -> datetime | None:
        """Move every message to its present stage; gives the time of the next change."""
        while self._schedule and self._schedule[0][0] <= now:
            at, _, message_id = heapq.heappop(self._schedule)
            stages = self._planned.get(message_id)
            # A message that was cancelled, pinned or deleted has left its old stage in the schedule.
            if stages and stages[-1].at == at:
                self._move_to(self._messages[message_id], stages.pop())
                self._schedule_next(message_id)
        return self.upcoming

    @property
    def upcoming(self) -> datetime | None:
        """The time of the next change; None if nothing is planned."""
        return self._schedule[0][0] if self._schedule else None

    def end(self, message: Message, stage: Stage) -> Message:
        """Pin a message to a stage and cancel its planned ones; gives the message as it is then."""
        self._planned.pop(message.id, None)
        return self._move_to(message, stage)

    def planned(self, message_id: str) -> tuple[Stage, ...]:
        """The planned stages of a message, the nearest first."""
        return tuple(reversed(self._planned.get(message_id, ())))

    def remove(self, ids: Collection[str]) -> list[Message]:
        """Forget messages, but not their ids; gives those that existed."""
        return [self._forget(each) for each in ids if each in self._messages]

    def clear(self) -> None:
        """Forget everything, ids included."""
        self.forgotten.clear()
        self._messages.clear()
        self._size = 0
        self._by_client_id.clear()
        self._planned.clear()
        self._schedule.clear()

    def _move_to(self, message: Message, stage: Stage) -> Message:
        free = stage.status in FREE_STATUSES
        if free and message.charge:
            self._refund(message)
        reached = message.at_stage(stage, charge=_NOTHING if free else message.charge)
        self._messages[message.id] = reached
        self._event_bus.add(Event("status", stage.at, (reached,)))
        return reached

    def _schedule_next(self, message_id: str) -> None:
        stages = self._planned[message_id]
        if stages:
            heapq.heappush(self._schedule, (stages[-1].at, next(self._numbers), message_id))
        else:
            del self._planned[message_id]

    def _drop_stale_steps(self) -> None:
        """Drop the scheduled stages of cancelled, pinned and deleted messages; the far ones would stay for days."""
        current = {name: stages[-1].at for name, stages in self._planned.items()}
        self._schedule = [each for each in self._schedule if current.get(each[2]) == each[0]]
        heapq.heapify(self._schedule)

    def _forget(self, message_id: str) -> Message:
        message = self._messages.pop(message_id)
        self.forgotten.add(message)
        self._size -= message.size
        self._planned.pop(message_id, None)
        if len(self._schedule) > 2 * len(self._planned) + _MAX_STALE_STEPS:
            self._drop_stale_steps()
        if message.client_message_id:
            key = (*message.account, message.client_message_id)
            self._by_client_id[key].remove(message_id)
            if not self._by_client_id[key]:
                del self._by_client_id[key]
        return message
