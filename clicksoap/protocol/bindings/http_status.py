"""HTTP statuses: what each proves about a request that has no readable answer.

The lines of an answer outrank the status that they come with, because servers and proxies between change it: see
docs/explanation/outcomes.md.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from clicksoap.errors import ProtocolError
from clicksoap.protocol.wire import WireReply
from clicksoap.redaction import redact, scrub

MOVED: Final = frozenset({301, 307, 308})
"""These ask to send the request elsewhere, and have not carried it out."""

NOTHING_DONE: Final = MOVED | {400, 401, 404, 405, 407, 411, 413, 414, 415, 417, 421, 426, 429, 431, 451}
"""The statuses that are said before any handler can run (RFC 9110, section 15; RFC 6585; RFC 7725).

Not among them: 403, because a firewall may block the *answer*; 406, which is negotiated over a finished answer; 408,
which a proxy says after the gateway has the request; and every other status.
"""


_SUCCESS: Final = range(200, 300)
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
# What an id could stand in, in any encoding that ASCII can be found in once NULs are left out.
_LIKE_AN_ID: Final = re.compile(rb"(?i)(?<![0-9a-z])(?:apiMsg)?ID\s{0,20}:\s{0,20}[0-9a-z]")
# A longer Retry-After is no time that anybody waits for.
_LONGEST_RETRY_AFTER_DIGITS: Final = 9


def is_success(reply: WireReply) -> bool:
    """Whether the status is one of 2xx, under which every answer counts."""
    return reply.status in _SUCCESS


def resembles_an_answer(body: bytes) -> bool:
    """Whether a body outside the contract holds what may be the id of an accepted message."""
    return _LIKE_AN_ID.search(body.replace(b"\0", b"")) is not None


def proves_nothing_done(status: int, body: bytes) -> bool:
    """Whether a reply without a readable answer says that nothing was done.

    Args:
        status: Its status.
        body: The part of its body that came. What may be the id of an accepted message outranks the status.
    """
    return status in NOTHING_DONE and not resembles_an_answer(body)


def status_error(reply: WireReply, secrets: Sequence[str] = ()) -> ProtocolError:
    """The error of a reply outside 2xx without an answer: whether its status proves that nothing was done.

    Args:
        reply: The reply.
        secrets: Texts to be masked in the error.
    """
    status = reply.status
    proves = proves_nothing_done(status, reply.body)
    if status in MOVED:  # never followed: it would hand the message, and the password, to a stranger
        place = _place(reply.headers.get("location", ""), secrets)
        return ProtocolError(
            f"HTTP {status}: the service moved to {place}: set endpoint= if that is right",
            status=status,
            may_have_taken_effect=not proves,
        )
    return ProtocolError(
        f"HTTP {status} instead of an answer",
        status=status,
        may_have_taken_effect=not proves,
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
        return float(value[: _LONGEST_RETRY_AFTER_DIGITS + 1])
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
