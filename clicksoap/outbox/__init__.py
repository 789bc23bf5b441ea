"""Durable sending: messages enqueued in the caller's transaction, and workers that lose and double nothing.

Needs the extra ``outbox``.
"""

from clicksoap.outbox import _extra  # noqa: F401  # pyright: ignore[reportUnusedImport]  # isort: skip
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
