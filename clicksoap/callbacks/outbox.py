"""Callbacks for the outbox: delivery reports settle its messages, and STOP replies enter its suppression list."""

import logging
from collections.abc import Iterable
from typing import Final

from clicksoap.callbacks.keywords import START_WORDS, STOP_WORDS, keyword
from clicksoap.callbacks.receiver import Callbacks
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.events import DeliveryReport, InboundMessage
from clicksoap.outbox import Outbox

__all__ = ["START_WORDS", "STOP_WORDS", "OutboxHandlers", "deliver_to", "keyword"]

_BY: Final = "inbound message"
_log: Final = logging.getLogger("clicksoap.callbacks")


def deliver_to(
    callbacks: Callbacks,
    outbox: Outbox,
    *,
    stop_words: Iterable[str] = STOP_WORDS,
    start_words: Iterable[str] = (),
    account: str = "",
) -> None:
    """Register the handlers that enter delivery reports and STOP replies into an outbox.

    If the outbox does not reach its database, the handlers fail: the answer is 500, and the gateway tries again. All
    other inbound messages are left to other handlers.

    Args:
        callbacks: The receiver.
        outbox: The outbox.
        stop_words: Words that put their sender on the suppression list, if they are the whole text. Letter case,
            blanks and a dot at the end do not matter.
        start_words: Words that take their sender off the list again, if a stop word put it there, and if they came
            later: `START_WORDS`, or words of your own.
        account: The account of the outbox that does not send to the number; empty for all.

    Raises:
        ConfigurationError: A word is empty or in both lists.
    """
    handlers = OutboxHandlers(outbox, stop_words=stop_words, start_words=start_words, account=account)
    callbacks.on_delivery_report(handlers.report)
    callbacks.on_inbound(handlers.inbound)


class OutboxHandlers:
    """The handlers that `deliver_to` registers, for those who call them from handlers of their own.

    Args:
        outbox: The outbox.
        stop_words: As of `deliver_to`.
        start_words: As of `deliver_to`.
        account: As of `deliver_to`.

    Raises:
        ConfigurationError: A word is empty or in both lists.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        stop_words: Iterable[str] = STOP_WORDS,
        start_words: Iterable[str] = (),
        account: str = "",
    ) -> None:
        self._outbox = outbox
        self._stop_words = _keywords(stop_words, "stop_words")
        self._start_words = _keywords(start_words, "start_words")
        self._account = account
        if self._stop_words & self._start_words:
            raise ConfigurationError("start_words has a word of stop_words: give each word to one of them")

    def report(self, report: DeliveryReport) -> None:
        """Enter a delivery report.

        Raises:
            OutboxUnavailable: The database does not answer.
        """
        self._outbox.delivered(report)

    def inbound(self, message: InboundMessage) -> None:
        """Put the sender of a STOP on the suppression list, and take the sender of a START off it.

        Raises:
            OutboxUnavailable: The database does not answer.
        """
        word = keyword(message.text) if message.is_complete else ""
        try:
            if word in self._stop_words:
                self._outbox.suppress(_number(message), why=word, by=_BY, account=self._account)
            elif word in self._start_words:
                self._start(message, word)
        except InvalidInput:  # a retry would change nothing
            _log.warning("the inbound message %s says %s, and its sender is not a number", message.message_id, word)

    def _start(self, message: InboundMessage, word: str) -> None:
        for entry in self._outbox.suppressions(_number(message)):
            if entry.account != self._account or entry.why not in self._stop_words:
                continue
            # The gateway's time has whole seconds; a START that was delayed must not undo a later STOP.
            if message.at >= entry.since.replace(microsecond=0):
                self._outbox.unsuppress(_number(message), why=word, by=_BY, account=self._account)
            else:
                _log.warning("the inbound message %s says %s, and is older than the STOP", message.message_id, word)


def _number(message: InboundMessage) -> str:
    """The sender in international form, whatever the region of the outbox is."""
    return f"+{message.sender}" if message.sender.isdigit() else message.sender


def _keywords(words: Iterable[str], argument: str) -> frozenset[str]:
    if isinstance(words, str):
        raise ConfigurationError(f"{argument} is a str: give a list of words")
    found = frozenset(map(keyword, words))
    if "" in found:
        raise ConfigurationError(f"{argument} has an empty word: leave it out")
    return found
