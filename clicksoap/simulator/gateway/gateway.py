"""The simulated gateway: fifteen commands over one state.

Where the vendor's documents are silent, the settings decide, and beyond them this is assumed: replies come in the
order of the recipients; a message of too many parts is refused recipient by recipient, after what is wrong with the
number; a message already sent is not stopped but answered with its status; one that reached no network costs nothing.
"""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Final

from clicksoap.codes import STATUSES
from clicksoap.simulator.front import rules
from clicksoap.simulator.front.rules import Refused
from clicksoap.simulator.gateway.accounts import Accounts
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.mailbox import Mailbox
from clicksoap.simulator.gateway.model import Account, AccountSnapshot, Message, Request, Stage, StoredMessage
from clicksoap.simulator.gateway.queries import Queries
from clicksoap.simulator.gateway.sending import Sending
from clicksoap.simulator.gateway.settings import DEFAULTS, Settings

CAPACITY: Final = 10_000
"""How many messages are kept unless another number is given."""


class Gateway:
    """The state of a gateway and its commands; safe to use from any thread.

    Args:
        accounts: The only accounts there are. Without them any api_id, user and password is let in, and an account
            made for each pair of api_id and user; the password ``wrong`` alone is refused.
        settings: How it behaves where no document decides it.
        clock: What sessions, batches and statuses go by.
        capacity: The most messages that are kept; the oldest give way, and are then unknown to every command.

    Attributes:
        settings: As given; another may be put in its place at any time.
        clock: As given, or its own.
        event_bus: Where its events are told.
        before_reply: Called with every request after it was carried out and before its reply is given, in the thread
            that carries it out and while nothing is locked, so that it may wait; it must not raise. None for nothing.

    Raises:
        ValueError: The capacity is less than 1.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[Account] | None = None,
        settings: Settings = DEFAULTS,
        clock: Clock | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.event_bus = EventBus()
        self.before_reply: Callable[[Request], None] | None = None
        self._lock = Lock()
        self._initial = settings
        self._access = Accounts(accounts, self.clock, self._present_settings)
        self._mailbox = Mailbox(capacity, self.event_bus, self._refund)
        self._sending = Sending(self._access, self._mailbox, self.clock, self._present_settings, self._accepted)
        self._questions = Queries(self._access, self._mailbox, self.clock, self._present_settings)
        self._carried_out: Counter[str] = Counter()
        self._accepted_so_far = 0
        self._handlers: dict[str, Callable[[Request], list[str]]] = {
            **self._access.commands(),
            **self._sending.commands(),
            **self._questions.commands(),
        }

    # What the outside world does

    def execute(self, request: Request) -> list[str]:
        """Carry a command out.

        Returns:
            The lines of the reply; a refusal is a line too.

        Raises:
            KeyError: There is no such command.
        """
        lines = self._carry_out(request)
        if self.before_reply is not None:
            self.before_reply(request)
        return lines

    def refusal(self, code: str, recipients: int) -> list[str]:
        """The lines that refuse a whole request.

        Args:
            code: The number of the error.
            recipients: How many recipients the request has.
        """
        until = int((self.clock.now() + timedelta(days=1)).timestamp())
        line = rules.error_line(code, until)
        return [line] * max(1, recipients if self.settings.refusal == "each" else 1)

    # What whoever runs it looks at

    @property
    def messages(self) -> list[Message]:
        """Every message that is kept, in the order of arrival, with its present status."""
        with self._open():
            return list(self._mailbox)

    @property
    def commands(self) -> dict[str, int]:
        """How often each command was carried out, refused ones included; every command is there."""
        with self._open():
            return {name: self._carried_out[name] for name in self._handlers}

    @property
    def accepted_so_far(self) -> int:
        """How many messages were ever accepted, those that are no longer kept included."""
        return self._accepted_so_far

    def latest(self) -> list[Message]:
        """Every message that is kept, the latest first."""
        with self._open():
            return list(reversed(self._mailbox))

    def message(self, message_id: str) -> Message:
        """The message of a gateway id, with its present status.

        Raises:
            KeyError: There is none.
        """
        with self._open():
            return self._kept(message_id)

    def planned(self, message_id: str) -> tuple[Stage, ...]:
        """The statuses that are still before a message, the nearest first."""
        with self._open():
            return self._mailbox.planned(message_id)

    def accounts(self) -> list[tuple[Account, Decimal, bool]]:
        """Every account, the credits left on it, and whether it is still on trial.

        An open gateway has those that were used.
        """
        with self._open():
            return [(each.account, each.balance, each.trial) for each in self._access.purses]

    def account(self, api_id: int, user: str) -> Account:
        """An account as it was set up; nobody hears of anything, so that listeners may ask.

        Raises:
            KeyError: There is no such account; in an open gateway, none has been used yet.
        """
        with self._lock:
            return self._access.purse(api_id, user).account

    def sessions(self) -> list[tuple[Account, datetime, int]]:
        """Every open session: whose it is, when it was last used, and how often."""
        with self._open():
            return self._access.sessions()

    def balance(self, api_id: int, user: str) -> Decimal:
        """The credits left on an account.

        Raises:
            KeyError: There is no such account; in an open gateway, none has been used yet.
        """
        with self._open():
            return self._access.purse(api_id, user).balance

    # What outlives it

    def kept(self, message_ids: Collection[str] | None = None) -> list[StoredMessage]:
        """Messages as they are, and what is before them; nobody hears of anything.

        Args:
            message_ids: Which; those that are not kept are passed over. None for all, in the order of arrival.
        """
        with self._lock:
            found = self._mailbox if message_ids is None else map(self._mailbox.get, message_ids)
            return [StoredMessage(each, self._mailbox.planned(each.id)) for each in found if each is not None]

    def oldest(self) -> Message | None:
        """The message that gives way next; nobody hears of anything."""
        with self._lock:
            return next(iter(self._mailbox), None)

    def standings(self) -> list[AccountSnapshot]:
        """What changes of the accounts, as it is; nobody hears of anything."""
        with self._lock:
            return [each.standing for each in self._access.purses]

    def restore(self, kept: Iterable[StoredMessage], standings: Iterable[AccountSnapshot]) -> None:
        """Have messages and accounts of an earlier life again; nobody hears of anything.

        Args:
            kept: Messages, in the order of arrival.
            standings: Accounts; without accounts of its own, the gateway makes them.
        """
        with self._lock:
            self._access.restore(standings)
            for each in kept:
                self._mailbox.add(each.message, each.planned)
            self._accepted_so_far += len(self._mailbox)

    # What whoever runs it does

    def expire_sessions(self) -> int:
        """End every open session at once; gives how many there were."""
        with self._open():
            return self._access.expire_sessions()

    def set_balance(self, api_id: int, user: str, balance: Decimal) -> None:
        """Give an account other credits.

        Raises:
            KeyError: There is no such account.
        """
        with self._open():
            self._access.purse(api_id, user).balance = balance
            self.event_bus.add(Event("account", self.clock.now(), about=str(api_id)))

    def set_status(self, message_id: str, status: str) -> Message:
        """Give a message a status that it keeps; it is reported like any other.

        Raises:
            KeyError: There is no such message.
            ValueError: No document names such a status.
        """
        if status not in STATUSES:
            raise ValueError(f"status is one of {', '.join(STATUSES)}")
        with self._open():
            return self._mailbox.end(self._kept(message_id), Stage(self.clock.now(), status))

    def delete(self, message_ids: Collection[str]) -> int:
        """Forget messages; gives how many of them there were."""
        with self._open():
            removed = self._mailbox.remove(message_ids)
            if removed:
                self.event_bus.add(Event("deleted", self.clock.now(), tuple(removed)))
            return len(removed)

    def opt_out(self, api_id: int, user: str, number: str) -> None:
        """Let an account send nothing more to a number (122).

        Raises:
            KeyError: There is no such account.
        """
        with self._open():
            self._access.purse(api_id, user).opt_out(number)
            self.event_bus.add(Event("account", self.clock.now(), about=str(api_id)))

    def update_settings(self, **choices: object) -> Settings:
        """Change some settings; gives all of them.

        Raises:
            ValueError: One is out of its range.
            TypeError: There is no such setting.
        """
        with self._open():
            self.settings = replace(self.settings, **choices)  # type: ignore[arg-type]
            return self.settings

    def reset(self) -> None:
        """Forget messages, sessions, batches and counts; credits and settings are again as in the beginning."""
        with self._open():
            self.settings = self._initial
            self._mailbox.clear()
            self._access.reset()
            self._sending.reset()
            self._questions.reset()
            self._carried_out.clear()
            self._accepted_so_far = 0
            self.event_bus.add(Event("reset", self.clock.now()))

    def advance(self) -> datetime | None:
        """Let everything be as old as it is, and tell what that changes; gives when the next thing changes."""
        with self._lock:
            upcoming = self._mailbox.advance(self.clock.now())
        self.event_bus.flush()
        return upcoming

    def _carry_out(self, request: Request) -> list[str]:
        with self._open():
            handler = self._handlers[request.command]
            self._carried_out[request.command] += 1
            try:
                return handler(request)
            except Refused as refusal:
                return self.refusal(refusal.code, len(request.to))

    @contextmanager
    def _open(self) -> Generator[None, None, None]:
        """Work on the state, as it is by now; afterwards everybody hears of what changed."""
        try:
            with self._lock:
                before = self._mailbox.advance(self.clock.now())
                yield
                upcoming = self._mailbox.upcoming
            if upcoming is not None and (before is None or upcoming < before):
                self.clock.wake()  # whoever waits for the next change waits too long
        finally:
            self.event_bus.flush()

    def _present_settings(self) -> Settings:
        return self.settings

    def _kept(self, message_id: str) -> Message:
        message = self._mailbox.get(message_id)
        if message is None:
            raise KeyError(message_id)
        return message

    def _refund(self, message: Message) -> None:
        with suppress(KeyError):  # a message of an earlier life may be of an account that is gone
            self._access.purse(*message.account).balance += message.charge

    def _accepted(self, messages: tuple[Message, ...]) -> None:
        self._accepted_so_far += len(messages)
        self.event_bus.add(Event("accepted", self.clock.now(), messages))
