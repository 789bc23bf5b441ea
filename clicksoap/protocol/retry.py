"""The retry policy: which failures are tried again, how often, and after which pauses."""

import random
from dataclasses import dataclass
from typing import Final

from clicksoap.checks import MAX_SECONDS, plain_int, plain_seconds
from clicksoap.errors import ClicksoapError, ConfigurationError, GatewayFailure, ProtocolError, TransportError
from clicksoap.protocol.operations import Effect

_PASSING: Final = frozenset({429, 502, 503, 504})
# Beyond any pause that somebody means, and within what a float holds.
_MAX_DOUBLINGS: Final = 64


@dataclass(frozen=True, slots=True)
class Retry:
    """The retry policy of a client: which failures are tried again, how often, after which pauses.

    Commands that are harmless to repeat are tried again after connection errors, HTTP 429, 502, 503 and 504, and the
    gateway's own 901; sends and vouchers only where it is certain that nothing was done. No new try begins once the
    total time of a request (`Timeout.total`) has gone by.

    Attributes:
        attempts: Tries in all, the first one included.
        first_pause: Seconds before the second try; doubled each time, and shortened at random by up to a half so that
            many callers do not come back at once.
        longest_pause: Seconds that no pause exceeds.
        longest_retry_after: Seconds of a server's Retry-After that are waited for; a longer one ends the call.
    """

    attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 8
    longest_retry_after: float = 30

    def __post_init__(self) -> None:
        attempts = plain_int(self.attempts)
        if attempts is None or attempts < 1:
            raise ConfigurationError("Retry(attempts=...) is not a whole number from 1: give one, such as 4")
        object.__setattr__(self, "attempts", attempts)
        for name in ("first_pause", "longest_pause", "longest_retry_after"):
            value: object = getattr(self, name)
            seconds = plain_seconds(value, is_zero_allowed=True)
            if seconds is None:
                raise ConfigurationError(
                    f"Retry({name}=...) is not a number of seconds from 0: give one, {MAX_SECONDS} at most"
                )
            object.__setattr__(self, name, seconds)

    def pause_after(self, error: ClicksoapError, effect: Effect, tries: int) -> float | None:
        """Seconds to wait before the next try, or None if there is to be none.

        Args:
            error: What ended the last try.
            effect: What repeating the command does.
            tries: How many tries there were.
        """
        if tries >= self.attempts or not _may_pass(error, effect):
            return None
        asked = error.retry_after if isinstance(error, ProtocolError) else None
        if asked is not None:
            return asked if asked <= self.longest_retry_after else None
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(tries - 1, _MAX_DOUBLINGS))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - it only spreads callers


def _may_pass(error: ClicksoapError, effect: Effect) -> bool:
    if isinstance(error, GatewayFailure):
        # 901 is a refusal, but of a gateway in trouble: nobody can tell what it did before.
        return effect is not Effect.ONCE
    if isinstance(error, TransportError):
        passing = error.retryable
    else:
        passing = isinstance(error, ProtocolError) and error.status in _PASSING
    return passing and (effect is not Effect.ONCE or not error.may_have_taken_effect)
