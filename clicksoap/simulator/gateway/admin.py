"""Administration of a gateway: read and change its messages, accounts, sessions and settings from outside."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from clicksoap.codes import STATUSES
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.gateway.snapshots import Snapshots
from clicksoap.simulator.gateway.state import GatewayState


class Administration:
    """Reads and changes a gateway without any command; safe to use from any thread.

    Args:
        state: The state of the gateway.

    Attributes:
        snapshots: Snapshots of messages and accounts, for a store.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self.snapshots = Snapshots(state)

    @property
    def settings(self) -> Settings:
        """The present settings; others may be assigned at any time.

        Raises:
            TypeError: The assigned value is not a `Settings`.
        """
        return self._state.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        if not isinstance(settings, Settings):  # pyright: ignore[reportUnnecessaryIsInstance] - Python checks nothing
            raise TypeError(
                "settings is not a Settings: give Settings(name=value), or call update_settings(name=value)"
            )
        with self._state.locked():
            self._state.settings = settings

    @property
    def clock(self) -> Clock:
        """The clock of sessions, batches and statuses."""
        return self._state.clock

    @property
    def event_bus(self) -> EventBus:
        """The bus of the gateway's events."""
        return self._state.event_bus

    @property
    def messages(self) -> list[Message]:
        """Every message that is kept, in the order of arrival, with its present status."""
        with self._state.locked():
            return list(self._state.mailbox)

    @property
    def accepted_so_far(self) -> int:
        """The number of messages that were ever accepted, those that are no longer kept included."""
        return self._state.accepted_so_far

    def latest(self) -> list[Message]:
        """Every message that is kept, the latest first."""
        with self._state.locked():
            return list(reversed(self._state.mailbox))

    def message(self, message_id: str) -> Message:
        """The message of a gateway id, with its present status.

        Raises:
            KeyError: The message is unknown.
        """
        with self._state.locked():
            return self._state.message(message_id)

    def planned(self, message_id: str) -> tuple[Stage, ...]:
        """The stages of a message that are still to come, the nearest first."""
        with self._state.locked():
            return self._state.mailbox.planned(message_id)

    def accounts(self) -> list[tuple[Account, Decimal, bool]]:
        """Every account, its credits, and true if it is still on trial; an open gateway has those that were used."""
        with self._state.locked():
            return [(each.account, each.balance, each.trial) for each in self._state.accounts.states]

    def account(self, api_id: int, user: str) -> Account:
        """An account as it was set up; this publishes no event, so that listeners of the event bus may call it.

        Raises:
            KeyError: The account is unknown; in an open gateway, it was not used yet.
        """
        with self._state.lock:
            return self._state.accounts.state(api_id, user).account

    def sessions(self) -> list[tuple[Account, datetime, int]]:
        """Every open session: its account, the time of its last use, and the number of its uses."""
        with self._state.locked():
            return self._state.sessions.open_sessions()

    def balance(self, api_id: int, user: str) -> Decimal:
        """The credits of an account.

        Raises:
            KeyError: The account is unknown; in an open gateway, it was not used yet.
        """
        with self._state.locked():
            return self._state.accounts.state(api_id, user).balance

    def expire_sessions(self) -> int:
        """End every open session at once; gives their number."""
        with self._state.locked():
            ended = len(self._state.sessions.open_sessions())
            self._state.sessions.clear()
            return ended

    def set_balance(self, api_id: int, user: str, balance: Decimal) -> None:
        """Set the credits of an account; from now on, messages beyond them are refused (301).

        Raises:
            KeyError: The account is unknown.
        """
        with self._state.locked():
            self._state.accounts.state(api_id, user).set_balance(balance)
            self._account_changed(api_id)

    def opt_out(self, api_id: int, user: str, number: str) -> None:
        """Refuse further messages of an account to a number (122).

        Raises:
            KeyError: The account is unknown.
        """
        with self._state.locked():
            self._state.accounts.state(api_id, user).opt_out(number)
            self._account_changed(api_id)

    def set_status(self, message_id: str, status: str) -> Message:
        """Pin a message's status: its planned stages are cancelled; the status is reported like any other.

        Raises:
            KeyError: The message is unknown.
            ValueError: No document names such a status.
        """
        if status not in STATUSES:
            raise ValueError(f"status is unknown: give one of {', '.join(STATUSES)}")
        with self._state.locked():
            return self._state.mailbox.end(self._state.message(message_id), Stage(self.clock.now(), status))

    def delete(self, message_ids: Collection[str]) -> int:
        """Forget messages; gives the number of those that were there."""
        with self._state.locked():
            removed = self._state.mailbox.remove(message_ids)
            if removed:
                self.event_bus.add(Event("deleted", self.clock.now(), tuple(removed)))
            return len(removed)

    def update_settings(self, **choices: object) -> Settings:
        """Change some settings; gives all of them.

        Raises:
            ValueError: A setting is out of its range.
            TypeError: The setting is unknown.
        """
        with self._state.locked():
            self._state.settings = replace(self._state.settings, **choices)  # type: ignore[arg-type]
            return self._state.settings

    def advance(self) -> datetime | None:
        """Bring every message up to date and publish the changes; gives the time of the next change."""
        with self._state.lock:
            upcoming = self._state.mailbox.advance(self.clock.now())
        self.event_bus.flush()
        return upcoming

    def _account_changed(self, api_id: int) -> None:
        self.event_bus.add(Event("account", self.clock.now(), about=str(api_id)))
