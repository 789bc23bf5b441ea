"""The handsets: what they send to the gateway's customers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from clicksoap.simulator.gateway.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message from a handset; a long one is several of them, which share the reference in their UDH.

    Attributes:
        id: The gateway's id, 32 hexadecimal digits (``moMsgId``).
        at: When it came, by the gateway's clock.
        api_id: The API id of the account it is for.
        user: That account's user.
        sender: The handset's number.
        to: The number it was sent to.
        text: What it says.
        charset: ``ISO-8859-1`` or ``UTF-16BE``.
        udh: Its user data header, which makes it a part of a longer one; empty if it is whole.
    """

    id: str
    at: datetime
    api_id: int
    user: str
    sender: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    charset: str
    udh: bytes = field(repr=False)


class Handset:
    """Every handset there is; safe to use from any thread.

    Args:
        gateway: The gateway they send to.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(self, text: str, *, sender: str, to: str, api_id: int, user: str) -> tuple[Inbound, ...]:
        """Let a handset send a message to a customer.

        Args:
            text: What it says; STOP, END, CANCEL, UNSUBSCRIBE and QUIT opt the number out (122).
            sender: The handset's number.
            to: The number it sends to.
            api_id: The API id of the account whose number that is.
            user: That account's user.

        Returns:
            The message, or its parts.

        Raises:
            KeyError: There is no such account.
            ValueError: A number is none, or the text is empty.
        """
        raise NotImplementedError(text, sender, to, api_id, user)

    def reply(self, message_id: str, text: str) -> tuple[Inbound, ...]:
        """Answer a message as the handset that has it, to the address it came from.

        Raises:
            KeyError: There is no such message.
            ValueError: The text is empty.
        """
        message = self._gateway.message(message_id)
        return self.send(text, sender=message.to, to=message.sender, api_id=message.api_id, user=message.user)

    def sent(self) -> list[Inbound]:
        """Every message that is kept, the latest first."""
        return []

    def restore(self, messages: Iterable[Inbound]) -> None:
        """Have messages of an earlier life again, the oldest first; nobody is told."""

    def clear(self) -> None:
        """Forget them all."""
