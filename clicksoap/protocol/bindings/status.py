"""HTTP statuses: what each proves about a request."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from clicksoap.errors import ProtocolError
from clicksoap.protocol.wire import MOVED, WireReply, is_refused_unread
from clicksoap.redaction import redact, scrub

_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


def check_status(reply: WireReply, *answering: int, secrets: Sequence[str] = ()) -> None:
    """Refuse every HTTP status but those that answers come with.

    Raises:
        ProtocolError: With what the status says about the request: a 4xx and a move refuse it unread, after all
            others it may have been carried out.
    """
    status = reply.status
    if status in answering:
        return
    if status in MOVED:  # never followed: it would hand the message, and the password, to a stranger
        place = _place(reply.headers.get("location", ""), secrets)
        raise ProtocolError(
            f"HTTP {status}: the service moved to {place}: set endpoint= if that is right",
            status=status,
            may_have_taken_effect=False,
        )
    raise ProtocolError(
        f"HTTP {status} instead of an answer",
        status=status,
        may_have_taken_effect=not is_refused_unread(status),
        retryable=status in _PASSING,
        retry_after=_retry_after(reply.headers.get("retry-after", "")),
    )


def _place(location: str, secrets: Sequence[str]) -> str:
    """A Location fit to be shown: host and path, without credentials and query."""
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an invalid URL"
    host = f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
    return redact(host, secrets) + scrub(parts.path, secrets) or "no place"


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
