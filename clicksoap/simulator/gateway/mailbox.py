"""The accepted messages: the latest of them, moving through their lives as the clock goes on."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.model import Message, Stage
from clicksoap.simulator.gateway.stages import FREE

_NOTHING = Decimal(0)
_USUAL = 8 * 1024  # characters of a message, far more than most have
_LEAST = 64 * 1024 * 1024
_FEW = 1000  # steps that are not worth tidying


class Mailbox:
    """The latest messages, by id and by the ids that callers gave them; not safe between threads by itself.

    Args:
        capacity: The most messages that are kept; the oldest give way, and earlier if they are uncommonly large.
        event_bus: Where changes are told.
        refund: Called with a message that turned out to cost nothing, as it was before.
    """

    def __init__(self, capacity: int, event_bus: EventBus, refund: Callable[[Message], None]) -> None:
        if capacity < 1:
            raise ValueError("capacity is the number of messages to keep: give 1 or more")
        self._capacity = capacity
        self._most = max(_LEAST, capacity * _USUAL)
        self._size = 0
        self._hub = event_bus
        self._refund = refund
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._by_client_id: dict[tuple[int, str, str], list[str]] = {}
        # What a message has before it, and the next step of each, by the moment it is due.
        self._ahead: dict[str, list[Stage]] = {}
        self._agenda: list[tuple[datetime, int, str]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """In the order of arrival."""
        return iter(self._messages.values())

    def __reversed__(self) -> Iterator[Message]:
        return reversed(self._messages.values())

    def get(self, message_id: str) -> Message | None:
        """The message of an id, if it is kept."""
        return self._messages.get(message_id)

    def of_client(self, account: tuple[int, str], client_message_id: str) -> list[Message]:
        """The messages of an account that a client's id stands for, in the order of arrival."""
        ids = self._by_client_id.get((*account, client_message_id), ())
        return [self._messages[each] for each in ids]

    def add(self, message: Message, ahead: Iterable[Stage]) -> None:
        """Keep a message, and what is before it; nobody is told."""
        size = _size(message)
        while self._messages and (len(self._messages) >= self._capacity or self._size + size > self._most):
            self._forget(next(iter(self._messages)))
        self._messages[message.id] = message
        self._size += size
        if message.client_message_id:
            self._by_client_id.setdefault((*message.account, message.client_message_id), []).append(message.id)
        stages = list(ahead)
        if stages:
            stages.reverse()
            self._ahead[message.id] = stages
            self._note(message.id)

    def advance(self, now: datetime) -> datetime | None:
        """Let every message be as old as it is; gives the next moment at which anything changes."""
        while self._agenda and self._agenda[0][0] <= now:
            at, _, message_id = heapq.heappop(self._agenda)
            stages = self._ahead.get(message_id)
            # What was stopped, set by hand or forgotten has left its old step on the agenda.
            if stages and stages[-1].at == at:
                self._reach(self._messages[message_id], stages.pop())
                self._note(message_id)
        return self.upcoming

    @property
    def upcoming(self) -> datetime | None:
        """The next moment at which anything may change."""
        return self._agenda[0][0] if self._agenda else None

    def end(self, message: Message, stage: Stage) -> Message:
        """Give a message a status that stays; gives the message as it is then."""
        self._ahead.pop(message.id, None)
        return self._reach(message, stage)

    def planned(self, message_id: str) -> tuple[Stage, ...]:
        """What is before a message, the nearest first."""
        return tuple(reversed(self._ahead.get(message_id, ())))

    def remove(self, ids: Collection[str]) -> list[Message]:
        """Forget messages; gives those that were there."""
        return [self._forget(each) for each in ids if each in self._messages]

    def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self._size = 0
        self._by_client_id.clear()
        self._ahead.clear()
        self._agenda.clear()

    def _reach(self, message: Message, stage: Stage) -> Message:
        free = stage.status in FREE
        if free and message.charge:
            self._refund(message)
        reached = message.at_stage(stage, charge=_NOTHING if free else message.charge)
        self._messages[message.id] = reached
        self._hub.add(Event("status", stage.at, (reached,)))
        return reached

    def _note(self, message_id: str) -> None:
        stages = self._ahead[message_id]
        if stages:
            heapq.heappush(self._agenda, (stages[-1].at, next(self._numbers), message_id))
        else:
            del self._ahead[message_id]

    def _tidy(self) -> None:
        """Drop the steps of messages that take none any more; what is far ahead would stay for days."""
        current = {name: stages[-1].at for name, stages in self._ahead.items()}
        self._agenda = [each for each in self._agenda if current.get(each[2]) == each[0]]
        heapq.heapify(self._agenda)

    def _forget(self, message_id: str) -> Message:
        message = self._messages.pop(message_id)
        self._size -= _size(message)
        self._ahead.pop(message_id, None)
        if len(self._agenda) > 2 * len(self._ahead) + _FEW:
            self._tidy()
        if message.client_message_id:
            key = (*message.account, message.client_message_id)
            self._by_client_id[key].remove(message_id)
            if not self._by_client_id[key]:
                del self._by_client_id[key]
        return message


def _size(message: Message) -> int:
    """About how many characters a message holds; the same in each of its statuses."""
    return len(message.text) + len(message.text_as_sent) + sum(map(len, message.parameters.values()))
