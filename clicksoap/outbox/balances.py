"""The watch over an account's credits: nothing is sent below a floor, before the account is empty."""

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import update

from clicksoap.client import Client
from clicksoap.outbox import accounts
from clicksoap.outbox.claims import lock_account
from clicksoap.outbox.settling import Settler
from clicksoap.outbox.tables import ACCOUNT, DatabaseRow

_EVERY: Final = 30.0
_BELOW: Final = "the balance is below its floor"


@dataclass(frozen=True, slots=True)
class Balance:
    """The answer to a question about the credits that are left.

    Attributes:
        amount: The credits; None if nobody answered.
    """

    amount: float | None


def ask(client: Client) -> Balance:
    """Ask for the credits that are left; never raises."""
    try:
        return Balance(float(client.balance()))
    except Exception:  # noqa: BLE001 - a balance that nobody tells changes nothing
        return Balance(None)


def is_below_floor(account: DatabaseRow) -> bool:
    """Whether the account is paused below its floor, so that only a refill ends the pause."""
    return str(account.paused_why or "").startswith(_BELOW)


class BalanceWatch:
    """The balance of one account, as one worker knows it.

    It is asked for every 30 seconds, and sooner where the messages since the last answer may have used up a quarter of
    what lies above the floor.

    Args:
        floor: The credits below which nothing is sent; None for no floor.
    """

    def __init__(self, floor: float | None) -> None:
        self._floor = floor
        self._amount: float | None = None
        self._spent = 0
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether the balance is to be asked for now."""
        if self._floor is None:
            return False
        left = None if self._amount is None else self._amount - self._floor
        is_near = left is not None and self._spent > 0 and self._spent >= max(1.0, left / 4)
        return is_near or time.monotonic() >= self._next

    def asking(self) -> None:
        """Note that the balance is asked for."""
        self._next = time.monotonic() + _EVERY
        self._spent = 0

    def spent(self, messages: int) -> None:
        """Count messages that the gateway took."""
        self._spent += messages

    def enter(self, settler: Settler, balance: Balance) -> None:
        """Enter an answer: pause the account below its floor, and end that pause after a refill."""
        floor, amount, now = self._floor, balance.amount, settler.now
        if amount is None or floor is None:
            return
        self._amount = amount
        account = settler.account
        settler.connection.execute(
            update(ACCOUNT)
            .where(ACCOUNT.c.name == account.name)
            .values(balance=amount, balance_at=now, balance_floor=floor)
        )
        if amount < floor and account.paused_until is None:
            wanted = accounts.Pause(accounts.FOR_EVER, f"{_BELOW}: {amount:g} credits are left, {floor:g} is the floor")
            event = accounts.pause(settler.connection, account, wanted, now, settler.who)
            settler.events += [] if event is None else [event]
        elif amount >= floor and is_below_floor(account):
            why = "the balance is above its floor"
            settler.events.append(accounts.resume(settler.connection, account.name, why, now, settler.who))
        settler.account = lock_account(settler.connection, account.name)
