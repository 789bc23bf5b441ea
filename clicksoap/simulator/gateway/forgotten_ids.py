"""The ids of accepted messages that are no longer kept, for the six days in which the gateway answers for a message."""

from datetime import UTC, datetime, timedelta
from typing import Final

from clicksoap.simulator.gateway.messages import Message

STATUS_LOOK_BACK: Final = timedelta(days=6)
"""The age up to which the gateway answers for a message."""

MAX_FORGOTTEN: Final = 2_000_000
"""The greatest number of ids that are remembered; beyond it, every unknown id counts as a forgotten one."""

_SPAN: Final = 6 * 3600  # seconds of a group of ids, which are dropped together


class ForgottenIds:
    """Remembers the ids of dropped messages as hashes; not safe between threads by itself.

    A hash may match an id that was never given. Then a message that was never accepted counts as forgotten, which is
    the safe side: nobody sends a message again because of it.

    Args:
        max_ids: The greatest number of ids to remember.
    """

    def __init__(self, max_ids: int = MAX_FORGOTTEN) -> None:
        self._max_ids = max_ids
        self._groups: dict[int, set[int]] = {}
        self._size = 0
        self._last: datetime | None = None
        self._last_number = 0
        self._unsure_until: datetime | None = None

    @property
    def latest(self) -> datetime | None:
        """A time at which every remembered id was accepted already; None if there are none."""
        known = [] if self._unsure_until is None else [self._unsure_until - STATUS_LOOK_BACK]
        if self._groups:
            known.append(datetime.fromtimestamp((max(self._groups) + 1) * _SPAN, tz=UTC))
        return max(known, default=None)

    def add(self, message: Message) -> None:
        """Remember the gateway's id of a message, and the client's id."""
        if message.created is not self._last:  # all messages of a request have the same time
            self._last, self._last_number = message.created, int(message.created.timestamp()) // _SPAN
        group = self._groups.get(self._last_number)
        if group is None:
            group = self._groups[self._last_number] = set()
        before = len(group)
        group.add(hash(message.id))
        if message.client_message_id:
            group.add(hash((message.api_id, message.user, message.client_message_id)))
        self._size += len(group) - before
        while self._size > self._max_ids:
            self._give_up_oldest()

    def assume_until(self, latest: datetime) -> None:
        """Count every unknown id as forgotten if it may have been accepted by a moment."""
        end = latest + STATUS_LOOK_BACK
        self._unsure_until = end if self._unsure_until is None else max(end, self._unsure_until)

    def knows_message(self, message_id: str, now: datetime) -> bool:
        """True if the message of a gateway id was accepted in the last six days, or may have been."""
        return self._holds(hash(message_id), now)

    def knows_client_id(self, account: tuple[int, str], client_message_id: str, now: datetime) -> bool:
        """True if an account's message with a client's id was accepted in the last six days, or may have been."""
        return self._holds(hash((*account, client_message_id)), now)

    def clear(self) -> None:
        """Forget every id."""
        self._groups.clear()
        self._size = 0
        self._unsure_until = None

    def _holds(self, key: int, now: datetime) -> bool:
        if self._unsure_until is not None and now <= self._unsure_until:
            return True
        first = int((now - STATUS_LOOK_BACK).timestamp()) // _SPAN
        for number in [each for each in self._groups if each < first]:
            self._size -= len(self._groups.pop(number))
        return any(key in group for group in self._groups.values())

    def _give_up_oldest(self) -> None:
        number = min(self._groups)
        self._size -= len(self._groups.pop(number))
        self.assume_until(datetime.fromtimestamp((number + 1) * _SPAN, tz=UTC))
