"""Durable sending: messages enqueued in the caller's transaction, and workers that lose and double nothing.

Needs the extra ``outbox``.
"""

try:
    import alembic as _alembic  # noqa: F401 - looked for here, so that its absence is one clear line
    import sqlalchemy as _sqlalchemy  # noqa: F401 - as above
except ImportError as error:
    raise ImportError(
        f'{error.name} is not installed; the outbox needs: pip install "clicksoap[outbox]"', name=error.name
    ) from None

from clicksoap.outbox.journal import Happening, OutboxEvent
from clicksoap.outbox.outbox import Outbox
from clicksoap.outbox.records import AuditLine, OutboxMessage
from clicksoap.outbox.states import Decision, MessageState, Priority, RequestState
from clicksoap.outbox.status import AccountStatus, Status
from clicksoap.outbox.stream import Enqueued
from clicksoap.outbox.suppression import Suppression
from clicksoap.outbox.truth import Check
from clicksoap.outbox.worker import Work

__all__ = [
    "AccountStatus",
    "AuditLine",
    "Check",
    "Decision",
    "Enqueued",
    "Happening",
    "MessageState",
    "Outbox",
    "OutboxEvent",
    "OutboxMessage",
    "Priority",
    "RequestState",
    "Status",
    "Suppression",
    "Work",
]
