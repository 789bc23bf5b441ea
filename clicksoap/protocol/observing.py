"""Observers and logs: one value and one log line per exchange, and the wire without its secrets.

Logger ``clicksoap`` has one INFO line per exchange with the gateway; ``clicksoap.wire`` has both bodies at DEBUG,
masked by the names of their fields.
"""

import inspect
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clicksoap.checks import plain_str
from clicksoap.errors import GatewayError
from clicksoap.protocol.operations import Parameters
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.redaction import IDENTITY_PARAMETERS, masked_number, redact
from clicksoap.results import RecipientResult

_log: Final = logging.getLogger("clicksoap")
_wire_log: Final = logging.getLogger("clicksoap.wire")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its outcome; it holds no secret, no number and no text.

    Attributes:
        command: The gateway's command, by Document/Literal's name.
        binding: The binding's name.
        recipients: How many recipients the request had; 0 for commands without any.
        seconds: From the moment the request was handed to the transport.
        status: The HTTP status, or None if no reply came.
        outcomes: How many recipients are accepted, rejected or unknown; for other commands ``{"answered": 1}``, and
            ``{"failed": 1}`` for what ended in an error.
        error: The name of the error's class, or None.
        code: The gateway's number of the error, or None.
    """

    command: str
    binding: str
    recipients: int
    seconds: float
    status: int | None
    outcomes: Mapping[str, int]
    error: str | None = None
    code: str | None = None


Observer = Callable[[Exchange], None]


class Watch:
    """Calls the observer and writes the logs.

    Args:
        observer: Called after every exchange, in the thread that made it; what it raises is logged and goes no further.
        show_content: Let the wire log show numbers and texts. Credentials and session ids are never shown.
    """

    def __init__(self, observer: Observer | None, *, show_content: bool) -> None:
        self._observer = observer
        self._show_content = show_content

    @property
    def is_watching(self) -> bool:
        """Whether there is an observer, or a log that takes the lines."""
        return self._observer is not None or _log.isEnabledFor(logging.INFO) or _wire_log.isEnabledFor(logging.DEBUG)

    def exchange(self, exchange: Exchange) -> None:
        """Log an exchange and call the observer with it."""
        if _log.isEnabledFor(logging.INFO):
            _log.info(
                "%s over %s: %d recipients, %.0f ms, %s%s",
                exchange.command,
                exchange.binding,
                exchange.recipients,
                exchange.seconds * 1000,
                ", ".join(f"{count} {outcome}" for outcome, count in exchange.outcomes.items()),
                f" ({exchange.error}{f' {exchange.code}' if exchange.code else ''})" if exchange.error else "",
            )
        if self._observer is None:
            return
        try:
            waiting: object = self._observer(exchange)
            if inspect.iscoroutine(waiting):
                waiting.close()
                _log.warning("on_exchange gave a coroutine, which nobody awaits: give a plain function")
        except Exception as error:  # noqa: BLE001 - an observer must not change what became of a message
            _log.warning("on_exchange raised %s; the exchange is not affected", type(error).__name__)

    def wire(
        self,
        command: str,
        parameters: Parameters,
        request: WireRequest,
        reply: WireReply | None,
        secrets: Sequence[str],
    ) -> None:
        """Log both bodies of an exchange, masked."""
        if not _wire_log.isEnabledFor(logging.DEBUG):
            return
        hidden = [*secrets, *hidden_values(parameters, show_content=self._show_content)]
        sent = request.body or request.url.partition("?")[2].encode()
        _wire_log.debug("sent %s", shown_request(sent, show_content=self._show_content, secrets=secrets))
        if reply is not None:
            # The answer to a login is the session id, in whatever form a server may write it.
            is_login = command == "auth"
            received = "***" if is_login else shown_reply(reply.body, show_content=self._show_content, secrets=hidden)
            _wire_log.debug("received %d %s", reply.status, received)


def outcomes_of(results: Sequence[RecipientResult]) -> dict[str, int]:
    """How many recipients are in each state."""
    return dict(Counter(result.state.value for result in results))


_IDENTITY: Final = "|".join(sorted(IDENTITY_PARAMETERS))
_CONTENT: Final = r"to|from|text|template|data|udh|msisdn|field\d+|si_\w+|mms_\w+"
_LONGEST: Final = 8192
# A shorter value cannot be told from the other words of a reply.
_SHORTEST_VALUE: Final = 3


def hidden_values(parameters: Parameters, *, show_content: bool) -> list[str]:
    """The values of a request that a reply may repeat in its own words, and that the log must not show; longest first.

    They are those that identify the account, and the texts and numbers as well unless they are wanted.
    """
    names = re.compile(_IDENTITY if show_content else f"{_IDENTITY}|{_CONTENT}")
    values: set[str] = set()
    for name, value in parameters.items():
        if names.fullmatch(name):
            several = [value] if isinstance(value, str | int | Decimal) else value
            values.update(text for each in several if len(text := plain_str(each)) >= _SHORTEST_VALUE)
    return sorted(values, key=len, reverse=True)


def shown_request(body: bytes, *, show_content: bool, secrets: Sequence[str] = ()) -> str:
    """A request body with its secret fields masked, and its numbers and texts as well unless they are wanted."""
    names = _IDENTITY if show_content else f"{_IDENTITY}|{_CONTENT}|item"
    # Cut last of all: half a secret would not be found.
    return redact(_masked_by_name(body.decode("utf-8", "replace"), names), secrets)[:_LONGEST]


def shown_reply(body: bytes, *, show_content: bool, secrets: Sequence[str] = ()) -> str:
    """A reply body with session ids masked, and numbers as well unless they are wanted; it may echo the request."""
    text = re.sub(r"(?i)(OK:\s*)[^\s<:]+(?=\s*(?:<|$))", r"\1***", body.decode("utf-8", "replace"))
    text = _masked_by_name(text, _IDENTITY if show_content else f"{_IDENTITY}|{_CONTENT}")
    numbers = [] if show_content else [value for value in secrets if value.isdigit()]
    text = redact(text, [value for value in secrets if value not in numbers])
    if not show_content:
        text = re.sub(r"(?<![0-9A-Za-z])\+?[0-9]{7,15}(?![0-9A-Za-z])", lambda found: masked_number(found[0]), text)
    return redact(text, numbers)[:_LONGEST]


def _masked_by_name(text: str, names: str) -> str:
    """The text with the values of these fields masked, be they elements or a form's."""
    text = re.sub(rf"((?:^|[?&;])(?:{names})=)[^&\s]*", r"\1***", text)
    return re.sub(rf"(<(?:\w+:)?(?:{names})(?:\s[^<>]*)?>)[^<]*(?=</)", r"\1***", text)


def describe(error: BaseException | None) -> tuple[str | None, str | None]:
    """The error's class name and gateway number for an `Exchange`; both None without an error."""
    if error is None:
        return None, None
    return type(error).__name__, error.code if isinstance(error, GatewayError) else None
