"""Snapshots of a gateway's messages and accounts, for a store; taking one publishes no event."""

from collections.abc import Collection, Iterable
from datetime import datetime

from clicksoap.simulator.gateway.accounts import AccountSnapshot
from clicksoap.simulator.gateway.messages import Message, StoredMessage
from clicksoap.simulator.gateway.state import GatewayState


class Snapshots:
    """Takes and restores snapshots of a gateway; safe to use from any thread.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    def messages(self, message_ids: Collection[str] | None = None) -> list[StoredMessage]:
        """Messages with their planned stages.

        Args:
            message_ids: The ids of the messages; unknown ones are ignored. None for all, in the order of arrival.
        """
        with self._state.lock:
            mailbox = self._state.mailbox
            found = mailbox if message_ids is None else map(mailbox.get, message_ids)
            return [StoredMessage(each, mailbox.planned(each.id)) for each in found if each is not None]

    def oldest_message(self) -> Message | None:
        """The message that is dropped next for a newer one; None without messages."""
        with self._state.lock:
            return next(iter(self._state.mailbox), None)

    def accounts(self) -> list[AccountSnapshot]:
        """The changing part of every account."""
        with self._state.lock:
            return [each.snapshot for each in self._state.accounts.states]

    def latest_forgotten(self) -> datetime | None:
        """A time by which every message was accepted that is no longer kept; None if there are none."""
        with self._state.lock:
            return self._state.mailbox.forgotten.latest

    def assume_forgotten(self, latest: datetime) -> None:
        """Count every unknown id as one of a message that is no longer kept, if it may be from before a moment."""
        with self._state.lock:
            self._state.mailbox.forgotten.assume_until(latest)

    def restore(self, messages: Iterable[StoredMessage], accounts: Iterable[AccountSnapshot]) -> None:
        """Put the messages and accounts of a previous run back.

        Args:
            messages: Messages, in the order of arrival.
            accounts: Accounts; an open gateway makes those that it does not have.
        """
        with self._state.lock:
            self._state.accounts.restore(accounts)
            for each in messages:
                self._state.mailbox.add(each.message, each.planned)
            self._state.accepted_so_far += len(self._state.mailbox)
