"""Accepted messages as values: the message, its stages, and the form in which a file keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Stage:
    """A status that a message has, or will have, from a moment on.

    Attributes:
        at: The moment, in UTC.
        status: The three-digit status.
    """

    at: datetime
    status: str


def size_of(parameters: Mapping[str, str]) -> int:
    """The number of characters of parameters, their names included."""
    return sum(map(len, parameters)) + sum(map(len, parameters.values()))


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted message to one number, as it was when the gateway was asked.

    The repr shows neither number nor text.

    Attributes:
        id: The gateway's message id, 32 hexadecimal digits.
        command: The command that brought it, such as ``sendmsg``.
        status: The three-digit status; it moves with the gateway's clock.
        created: The time of acceptance, in UTC.
        due: The time at which it goes out: ``created`` plus ``deliv_time``, or ``scheduled_time``.
        charge: The credits that it cost: the account's price for each part; 0 once it ended in a free status.
        to: The number.
        sender: The ``from`` address; empty for the gateway's own.
        text: The text as a phone shows it: unicode decoded, fields of a batch filled in.
        text_as_sent: The text as it arrived: hexadecimal digits if ``unicode`` is set.
        unicode: True if the text came as hexadecimal UTF-16.
        parts: The number of segments that it took.
        data: The bytes of an 8-bit message; empty in a text message.
        udh: The user data header of an 8-bit message.
        flash: True if the phone shows it at once.
        client_message_id: The caller's own id; empty if none was given.
        batch_id: The batch it was sent from; empty outside of batches.
        parameters: Every parameter that was given, in Document/Literal's spelling, except recipients and credentials.
        api_id: The account's API id.
        user: The account's user.
        callback: The classes of its statuses that are reported: the bits 1 (intermediate), 2 (final) and 4 (error).
        exchange: The number of the recorded exchange that brought it; 0 for none.
        history: The statuses that it had so far, the present one last.
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
    callback: int
    exchange: int
    history: tuple[Stage, ...] = field(repr=False)

    @property
    def account(self) -> tuple[int, str]:
        """The account's API id and user."""
        return self.api_id, self.user

    @property
    def size(self) -> int:
        """The approximate number of characters that it holds; the same in each of its stages."""
        return len(self.text) + len(self.text_as_sent) + len(self.data) + size_of(self.parameters)

    def at_stage(self, stage: Stage, *, charge: Decimal) -> "Message":
        """The same message, one stage further."""
        return replace(self, status=stage.status, charge=charge, history=(*self.history, stage))


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message with its planned stages, as a store keeps it.

    Attributes:
        message: The message.
        planned: The stages still to come, the nearest first.
    """

    message: Message
    planned: tuple[Stage, ...]
