"""The states of messages and requests in the outbox, and the priorities of messages."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final


class MessageState(StrEnum):
    """The state of one message in the outbox. Every message is in exactly one.

    - PENDING: it waits to be sent.
    - SENDING: it is claimed, and its request may be with the gateway; until the answer or a question settles it, it is
      never sent again.
    - ACCEPTED: the gateway took it.
    - REJECTED: the gateway refused it, or it cannot be sent as it is; ``why`` says more.
    - UNCONFIRMED: its request arrived, but it had several recipients, so what became of this one is not known.
      A delivery report settles it.
    - UNKNOWN: the gateway cannot say any more whether it arrived. Only a delivery report or a person settles it.
    - EXPIRED: its time was over before it could be sent.
    - SKIPPED: its recipient is suppressed.
    - CANCELLED: somebody cancelled it before it was sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        """Whether the outbox does nothing more about the message by itself."""
        return self not in _OPEN


DOUBTFUL: Final = (MessageState.UNCONFIRMED, MessageState.UNKNOWN)
"""The states that only a delivery report or a person settles."""


def doubtful(counts: Mapping[MessageState, int]) -> int:
    """How many messages are in doubt, of those in each state."""
    return sum(counts.get(state, 0) for state in DOUBTFUL)


def still_open(counts: Mapping[MessageState, int]) -> int:
    """How many messages are not settled yet, of those in each state."""
    return sum(count for state, count in counts.items() if not state.is_settled)


_OPEN: Final = frozenset({MessageState.PENDING, MessageState.SENDING})


class RequestState(StrEnum):
    """The state of one request to the gateway.

    - SENDING: claimed by a worker; its answer is not known.
    - ANSWERED: the gateway's answer is known.
    - NOT_SENT: it is certain that the gateway did nothing with it.
    - UNCONFIRMED: it arrived, and its answer is lost.
    - UNKNOWN: the gateway cannot say any more whether it arrived.
    """

    SENDING = "sending"
    ANSWERED = "answered"
    NOT_SENT = "not_sent"
    UNCONFIRMED = "unconfirmed"
    UNKNOWN = "unknown"


class Priority(IntEnum):
    """The priority of a message: alerts overtake everything else."""

    ALERT = 0
    NORMAL = 1


class Decision(StrEnum):
    """The decision of a person about a message that the outbox cannot settle.

    - ARRIVED: it reached the gateway; it counts as accepted.
    - SEND_AGAIN: it did not arrive; it is sent again.
    - GIVE_UP: it is not sent again; it counts as cancelled.
    """

    ARRIVED = "arrived"
    SEND_AGAIN = "send_again"
    GIVE_UP = "give_up"
