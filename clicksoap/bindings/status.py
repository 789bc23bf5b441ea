"""What an HTTP status says about a request to the gateway."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from clicksoap.errors import ProtocolError, scrub
from clicksoap.wire import WireReply, is_client_error

# These ask to send the message elsewhere; following would hand it, and the password, to a stranger.
_MOVED: Final = frozenset({301, 307, 308})
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


def check_status(reply: WireReply, *answering: int) -> None:
    """Refuse every HTTP status but those that answers come with.

    Raises:
        ProtocolError: With what the status says about the request: a 4xx and a move refuse it unread, after all
            others it may have been carried out.
    """
    status = reply.status
    if status in answering:
        return
    if status in _MOVED:
        place = re.sub(r"//[^/@]*@", "//", reply.headers.get("location", "no place"))
        raise ProtocolError(
            f"HTTP {status}: the service moved to {scrub(place.partition('?')[0])}; set endpoint= if that is right",
            status=status,
            may_have_taken_effect=False,
        )
    raise ProtocolError(
        f"HTTP {status} instead of an answer",
        status=status,
        may_have_taken_effect=not is_client_error(status),
        retryable=status in _PASSING,
        retry_after=_retry_after(reply.headers.get("retry-after", "")),
    )


def _retry_after(value: str) -> float | None:
    """Seconds of a Retry-After, given as such or as a date (RFC 9110, 10.2.3)."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
