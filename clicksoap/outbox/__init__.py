"""Durable sending: messages enqueued in the caller's transaction, and workers that lose and double nothing.

Needs the extra ``outbox``.
"""

from clicksoap.outbox import _extra  # noqa: F401  # pyright: ignore[reportUnusedImport]  # isort: skip
from clicksoap.outbox.campaigns.campaign import Campaign, CampaignCheck, CampaignInfo, Cancelled
from clicksoap.outbox.campaigns.plan import Plan, PlannedProblem, Preview
from clicksoap.outbox.campaigns.progress import Progress
from clicksoap.outbox.campaigns.progress_display import ProgressDisplay, show_progress
from clicksoap.outbox.campaigns.settings import Place
from clicksoap.outbox.campaigns.steering import CampaignState
from clicksoap.outbox.campaigns.totals import Reason, Totals
from clicksoap.outbox.journal import Happening, OutboxEvent
from clicksoap.outbox.outbox import Outbox
from clicksoap.outbox.records import AuditLine, OutboxMessage
from clicksoap.outbox.states import Decision, MessageState, Priority, RequestState
from clicksoap.outbox.status import AccountStatus, Status
from clicksoap.outbox.stream import Enqueued
from clicksoap.outbox.suppression import Suppression
from clicksoap.outbox.truth import Check
from clicksoap.outbox.worker import Work
from clicksoap.outbox.workers import WorkerStatus

__all__ = [
    "AccountStatus",
    "AuditLine",
    "Campaign",
    "CampaignCheck",
    "CampaignInfo",
    "CampaignState",
    "Cancelled",
    "Check",
    "Decision",
    "Enqueued",
    "Happening",
    "MessageState",
    "Outbox",
    "OutboxEvent",
    "OutboxMessage",
    "Place",
    "Plan",
    "PlannedProblem",
    "Preview",
    "Priority",
    "Progress",
    "ProgressDisplay",
    "Reason",
    "RequestState",
    "Status",
    "Suppression",
    "Totals",
    "Work",
    "WorkerStatus",
    "show_progress",
]
