"""The handsets: what they send to the gateway's customers."""

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
from clicksoap.simulator.webhooks.inbound import MAX_PARTS, Inbound, charset_of, header, split

__all__ = ["KEPT", "OWN_NUMBER", "Handset", "Inbound"]

KEPT: Final = 1000
"""How many messages are kept; the oldest give way."""

OWN_NUMBER: Final = "447700900000"
"""The number that a message came from if it names no sender: the gateway's own."""

_STOPS: Final = frozenset({"STOP", "END", "CANCEL", "UNSUBSCRIBE", "QUIT"})
_MOBILE: Final = re.compile(r"[1-9][0-9]{6,14}")
_NUMBER: Final = re.compile(r"[0-9]{1,16}")


class Handset:
    """Every handset there is; safe to use from any thread.

    Args:
        gateway: The gateway they send to.
        callbacks: What brings their messages to the customer's server; None if nothing does.
    """

    def __init__(self, gateway: Gateway, callbacks: Callbacks | None = None) -> None:
        self._gateway = gateway
        self._callbacks = callbacks
        self._lock = Lock()
        self._references = count(1)
        self._kept: deque[Inbound] = deque(maxlen=KEPT)

    def send(self, text: str, *, sender: str, to: str, api_id: int, user: str) -> tuple[Inbound, ...]:
        """Let a handset send a message to a customer.

        Args:
            text: What it says; STOP, END, CANCEL, UNSUBSCRIBE and QUIT as its first word, in capitals or not, opt the
                number out: nothing more is sent to it from that account (122).
            sender: The handset's number, in international form.
            to: The number it sends to; digits.
            api_id: The API id of the account whose number that is.
            user: That account's user.

        Returns:
            The message, or its parts.

        Raises:
            KeyError: There is no such account; in an open gateway, none that was used yet.
            ValueError: A number is none, or the text is empty, too long or no text.
        """
        self._check_account(api_id, user)
        sender, to = sender.removeprefix("+"), to.removeprefix("+")
        if not _MOBILE.fullmatch(sender):
            raise ValueError("sender is the handset's number in international form: give 7 to 15 digits")
        if not _NUMBER.fullmatch(to):
            raise ValueError("to is the number that a handset sends to: give digits, as no handset can answer a name")
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
                    udh=header(reference, len(texts), number) if len(texts) > 1 else b"",
                )
                for number, each in enumerate(texts, 1)
            )
            self._kept.extend(parts)
        if _opts_out(text):
            self._gateway.opt_out(api_id, user, sender)
        for part in parts:
            self._gateway.event_bus.publish(Event("inbound", at, about=part.id))
        if self._callbacks is not None:
            self._callbacks.pass_on(parts)
        return parts

    def reply(self, message_id: str, text: str) -> tuple[Inbound, ...]:
        """Answer a message as the handset that has it, to the address it came from.

        Raises:
            KeyError: There is no such message.
            ValueError: The text is empty, too long or no text, or the message came from a name.
        """
        message = self._gateway.message(message_id)
        to = message.sender or OWN_NUMBER
        return self.send(text, sender=message.to, to=to, api_id=message.api_id, user=message.user)

    def sent(self) -> list[Inbound]:
        """Every message that is kept, the latest first."""
        with self._lock:
            return list(reversed(self._kept))

    def restore(self, messages: Iterable[Inbound]) -> None:
        """Have messages of an earlier life again, the oldest first; nobody is told."""
        with self._lock:
            self._kept.extend(messages)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._kept.clear()

    def _check_account(self, api_id: int, user: str) -> None:
        try:
            self._gateway.account(api_id, user)
        except KeyError:
            raise KeyError(
                f"there is no account {api_id} of that user; a gateway without a list of them has those that were used"
            ) from None


def _parts(text: str) -> tuple[str, list[str]]:
    """The charset of a text, and the text in as many parts as it takes."""
    if not text:
        raise ValueError("text is what the handset says: give at least one character")
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair, which is no character: take it out") from None
    charset = charset_of(text)
    parts = split(text, charset)
    if len(parts) > MAX_PARTS:
        raise ValueError(f"the text takes {len(parts)} parts: at most {MAX_PARTS} can be joined again")
    return charset, parts


def _opts_out(text: str) -> bool:
    words = text.split(maxsplit=1)
    return bool(words) and words[0].strip(".,!\"'").upper() in _STOPS
