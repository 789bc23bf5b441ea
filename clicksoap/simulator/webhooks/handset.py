"""Simulated handsets: they send messages to the gateway's customers."""

import re
import secrets
from collections import deque
from collections.abc import Iterable
from itertools import count
from threading import Lock
from typing import Final

from clicksoap.simulator.gateway.event_bus import Event
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.webhooks.dispatcher import Callbacks
from clicksoap.simulator.webhooks.inbound import MAX_PARTS, Inbound, charset_of, concatenation_header, split

__all__ = ["GATEWAY_NUMBER", "MAX_INBOUND", "Handset", "Inbound"]

MAX_INBOUND: Final = 1000
"""The number of messages that are kept. The oldest ones are dropped."""

GATEWAY_NUMBER: Final = "447700900000"
"""The gateway's own number: the sender of a message without ``from``."""

_OPT_OUT_WORDS: Final = frozenset({"STOP", "END", "CANCEL", "UNSUBSCRIBE", "QUIT"})
_MSISDN: Final = re.compile(r"[1-9][0-9]{6,14}")
_DESTINATION: Final = re.compile(r"[0-9]{1,16}")


class Handset:
    """Sends messages as any handset; safe to use from any thread.

    Args:
        gateway: The gateway that gets the messages.
        callbacks: Delivers the messages to the customer's server; None if nothing does.
    """

    def __init__(self, gateway: Gateway, callbacks: Callbacks | None = None) -> None:
        self._gateway = gateway
        self._callbacks = callbacks
        self._lock = Lock()
        self._references = count(1)
        self._messages: deque[Inbound] = deque(maxlen=MAX_INBOUND)

    def send(self, text: str, *, sender: str, to: str, api_id: int, user: str) -> tuple[Inbound, ...]:
        """Send a message from a handset to a customer.

        Args:
            text: The text. The first words STOP, END, CANCEL, UNSUBSCRIBE and QUIT, in any case, opt the sender out:
                the account can send nothing more to it (122).
            sender: The handset's number, in international form.
            to: The number of the customer; digits, with or without ``+``.
            api_id: The API id of the customer's account.
            user: The user of that account.

        Returns:
            The message, or its parts.

        Raises:
            KeyError: Unknown account. A gateway without a list of accounts knows those that were used.
            ValueError: A number is invalid, or the text is empty, too long or not valid Unicode.
        """
        self._check_account(api_id, user)
        sender, to = sender.removeprefix("+"), to.removeprefix("+")
        if not _MSISDN.fullmatch(sender):
            raise ValueError("sender is not a handset's number in international form: give 7 to 15 digits")
        if not _DESTINATION.fullmatch(to):
            raise ValueError("to is not a number: give digits, as a handset cannot answer a name")
        charset, texts = _parts(text)
        at = self._gateway.clock.now()
        with self._lock:
            reference = next(self._references) & 0xFF
            parts = tuple(
                Inbound(
                    id=secrets.token_hex(16),
                    at=at,
                    api_id=api_id,
                    user=user,
                    sender=sender,
                    to=to,
                    text=each,
                    charset=charset,
                    udh=concatenation_header(reference, len(texts), number) if len(texts) > 1 else b"",
                )
                for number, each in enumerate(texts, 1)
            )
            self._messages.extend(parts)
        if _opts_out(text):
            self._gateway.opt_out(api_id, user, sender)
        for part in parts:
            self._gateway.event_bus.publish(Event("inbound", at, about=part.id))
        if self._callbacks is not None:
            self._callbacks.deliver_inbound(parts)
        return parts

    def reply(self, message_id: str, text: str) -> tuple[Inbound, ...]:
        """Reply to a message as the handset that received it; the reply goes to the sender of the message.

        Raises:
            KeyError: Unknown message id.
            ValueError: The text is empty, too long or not valid Unicode, or the sender is a name.
        """
        message = self._gateway.message(message_id)
        to = message.sender or GATEWAY_NUMBER
        return self.send(text, sender=message.to, to=to, api_id=message.api_id, user=message.user)

    def sent(self) -> list[Inbound]:
        """All kept messages, the latest first."""
        with self._lock:
            return list(reversed(self._messages))

    def restore(self, messages: Iterable[Inbound]) -> None:
        """Add messages of a previous run, the oldest first. No event is sent."""
        with self._lock:
            self._messages.extend(messages)

    def clear(self) -> None:
        """Drop all messages."""
        with self._lock:
            self._messages.clear()

    def _check_account(self, api_id: int, user: str) -> None:
        try:
            self._gateway.account(api_id, user)
        except KeyError:
            raise KeyError(
                f"unknown account {api_id} of that user: without a list of accounts, give one that was used before"
            ) from None


def _parts(text: str) -> tuple[str, list[str]]:
    """The charset of a text, and the parts that the text takes."""
    if not text:
        raise ValueError("text is empty: give at least one character")
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair, which is not a character: remove it") from None
    charset = charset_of(text)
    parts = split(text, charset)
    if len(parts) > MAX_PARTS:
        raise ValueError(f"the text takes {len(parts)} parts: give a text of at most {MAX_PARTS} parts")
    return charset, parts


def _opts_out(text: str) -> bool:
    words = text.split(maxsplit=1)
    return bool(words) and words[0].strip(".,!\"'").upper() in _OPT_OUT_WORDS
