"""What the simulated gateway keeps: accounts, messages, sessions and batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from clicksoap.simulator.content import Content

STARTING_CREDITS: Final = Decimal(1000)
"""The balance of an account that names none."""

SESSION_LIFE: Final = timedelta(minutes=15)
"""How long a session lives without being used."""

BATCH_LIFE: Final = timedelta(hours=24)
"""How long a batch lives, used or not."""

HANDED_ON_AFTER: Final = timedelta(seconds=5)
"""When a message goes from 008 (accepted) to 003 (handed to the network), counted from when it was due."""

RECEIVED_AFTER: Final = timedelta(seconds=15)
"""When a message reaches 004 (on the handset), counted from when it was due."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the simulated gateway.

    Attributes:
        api_id: The number of the API connection.
        user: The user name.
        password: The password; it never appears in the repr.
        balance: The credits to begin with.
        price: What one message costs.
    """

    api_id: int
    user: str
    password: str = field(repr=False)
    balance: Decimal = STARTING_CREDITS
    price: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted message to one number, as it was when the gateway was asked.

    The repr shows neither number nor text.

    Attributes:
        id: The gateway's message id, 32 hexadecimal digits.
        command: The command that brought it, such as ``sendmsg``.
        status: The three-digit status; it moves with the gateway's clock.
        created: When it was accepted.
        due: When it is to go out: ``created`` plus ``deliv_time``, or ``scheduled_time``.
        charge: What it cost: the account's price for each part.
        to: The number.
        sender: The ``from`` address; empty for the gateway's own.
        text: The text as a phone would show it: unicode decoded, fields of a batch filled in.
        text_as_sent: The text as it arrived: hexadecimal digits if ``unicode`` is set.
        unicode: Whether the text came as hexadecimal UTF-16.
        parts: How many messages it took on the air.
        data: The bytes of an 8-bit message; empty in a text message.
        udh: The user data header of an 8-bit message.
        flash: Whether the phone was to show it at once.
        client_message_id: The caller's own id; empty if none was given.
        batch_id: The batch it was sent from; empty outside of batches.
        parameters: Every parameter that was given, in Document/Literal's spelling, but for recipients and credentials.
        api_id: The account's API id.
        user: The account's user.
    """

    id: str
    command: str
    status: str
    created: datetime
    due: datetime
    charge: Decimal
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    text_as_sent: str = field(repr=False)
    unicode: bool
    parts: int
    data: bytes = field(repr=False)
    udh: bytes = field(repr=False)
    flash: bool
    client_message_id: str
    batch_id: str
    parameters: Mapping[str, str] = field(repr=False)
    api_id: int
    user: str

    def status_at(self, now: datetime) -> str:
        """The status that a message of this age has, unless it was stopped.

        011 until it is due, then 008, then 003 after ``HANDED_ON_AFTER`` and 004 after ``RECEIVED_AFTER``.
        """
        age = now - self.due
        if age < timedelta():
            return "011"
        if age < HANDED_ON_AFTER:
            return "008"
        return "003" if age < RECEIVED_AFTER else "004"


@dataclass(slots=True)
class Purse:
    """An account and what is left on it."""

    account: Account
    balance: Decimal


@dataclass(slots=True)
class Session:
    """An open session."""

    purse: Purse
    used: datetime
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """A template, waiting for recipients."""

    purse: Purse
    created: datetime
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent, before it is known to whom."""

    command: str
    content: Content
    batch_id: str
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a request is for, and how many of them its service allows."""

    numbers: tuple[str, ...] = field(repr=False)
    most: int
