"""The state of a gateway behind one lock: settings, clock, accounts, sessions, messages and counters."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING

from clicksoap.simulator.gateway.accounts import Account, Accounts
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.mailbox import Mailbox
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.sessions import Sessions
from clicksoap.simulator.gateway.settings import Settings

if TYPE_CHECKING:
    from clicksoap.simulator.front.reasons import Refusal


class GatewayState:
    """The state that every command reads and changes; use it inside ``locked`` or ``lock``.

    Args:
        accounts: The only accounts; None for an open gateway.
        settings: The settings at the start.
        clock: The clock of sessions, batches and statuses.
        capacity: The most messages that are kept.

    Attributes:
        lock: The lock of everything below.
        settings: The present settings.
        clock: As given.
        event_bus: The bus of the gateway's events.
        accounts: The accounts.
        sessions: The open sessions.
        mailbox: The accepted messages.
        executed: The number of executions of each command.
        accepted_so_far: The number of messages that were ever accepted.
        refusals: The reasons of the refusals of the present command.

    Raises:
        ValueError: The capacity is less than 1.
    """

    def __init__(self, accounts: Sequence[Account] | None, settings: Settings, clock: Clock, capacity: int) -> None:
        self.lock = Lock()
        self.settings = self._initial_settings = settings
        self.clock = clock
        self.event_bus = EventBus()
        self.accounts = Accounts(accounts)
        self.sessions = Sessions(self.accounts, clock, lambda: self.settings)
        self.mailbox = Mailbox(capacity, self.event_bus, self._refund)
        self.executed: Counter[str] = Counter()
        self.accepted_so_far = 0
        self.refusals: list[Refusal] = []

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Bring the messages up to date and hold the lock; publish the events of all changes afterwards."""
        try:
            with self.lock:
                before = self.mailbox.advance(self.clock.now())
                yield
                upcoming = self.mailbox.upcoming
            if upcoming is not None and (before is None or upcoming < before):
                self.clock.wake()  # a thread that waits for the next change would wait too long
        finally:
            self.event_bus.flush()

    def message(self, message_id: str) -> Message:
        """The message of a gateway id; KeyError if it is unknown."""
        message = self.mailbox.get(message_id)
        if message is None:
            raise KeyError(message_id)
        return message

    def count_accepted(self, messages: tuple[Message, ...]) -> None:
        """Count the accepted messages of a command, and note the event."""
        self.accepted_so_far += len(messages)
        self.event_bus.add(Event("accepted", self.clock.now(), messages))

    def reset(self) -> None:
        """Forget messages, sessions and counters; accounts and settings are as at the start again."""
        self.settings = self._initial_settings
        self.mailbox.clear()
        self.accounts.reset()
        self.sessions.clear()
        self.executed.clear()
        self.accepted_so_far = 0
        self.event_bus.add(Event("reset", self.clock.now()))

    def _refund(self, message: Message) -> None:
        with suppress(KeyError):  # a message of a previous run may be of an account that does not exist any more
            self.accounts.state(*message.account).balance += message.charge
