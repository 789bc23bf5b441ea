"""Limits of connections, the same for both clients: how many, and how long one may be idle."""

from typing import Final

MAX_CONNECTIONS: Final = 128
"""Connections of one client, and so its requests in flight; further calls wait for one, within `Timeout.total`.

At a latency of 100 ms, 1 000 messages a second have 100 requests in flight.
"""

IDLE_SECONDS: Final = 4.0
"""Seconds after which an idle connection is closed instead of used again.

Common servers close idle connections after 5 seconds and more (Apache's KeepAliveTimeout is 5). A POST on a connection
that the server closes at the same moment is lost with an unknown outcome, so this stays below 5.
"""

LONGEST_WAIT: Final = 1_000_000.0
"""Seconds, twelve days, after which a single wait on a socket ends even if the time limits are longer.

The system counts such a wait in milliseconds within 32 bits.
"""
