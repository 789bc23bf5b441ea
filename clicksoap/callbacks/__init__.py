"""Receiver of callbacks: delivery reports and inbound messages that the gateway sends to the customer's server.

Example:
    A receiver with two handlers, as an ASGI application::

        callbacks = Callbacks(users={"gateway": os.environ["CALLBACKS_PASSWORD"]})

        @callbacks.on_delivery_report
        def save(report: DeliveryReport) -> None: ...

        @callbacks.on_inbound
        async def answer(message: InboundMessage) -> None: ...

        app = callbacks.asgi()
"""

from clicksoap.callbacks.access_control import Passwords
from clicksoap.callbacks.frameworks import from_django, from_flask, from_starlette, from_wsgi
from clicksoap.callbacks.handlers import InboundHandler, ReportHandler
from clicksoap.callbacks.joining import join
from clicksoap.callbacks.keywords import START_WORDS, STOP_WORDS, keyword
from clicksoap.callbacks.parsing import Event, is_probe, parse_callback, parse_inbound, parse_report
from clicksoap.callbacks.postgresql_store import PostgreSQLStore
from clicksoap.callbacks.receiver import Callbacks
from clicksoap.callbacks.request import CallbackRequest, Reply
from clicksoap.callbacks.sqlite_store import SQLiteStore
from clicksoap.callbacks.store import Claim, Store, StoredEvent

__all__ = [
    "START_WORDS",
    "STOP_WORDS",
    "CallbackRequest",
    "Callbacks",
    "Claim",
    "Event",
    "InboundHandler",
    "Passwords",
    "PostgreSQLStore",
    "Reply",
    "ReportHandler",
    "SQLiteStore",
    "Store",
    "StoredEvent",
    "from_django",
    "from_flask",
    "from_starlette",
    "from_wsgi",
    "is_probe",
    "join",
    "keyword",
    "parse_callback",
    "parse_inbound",
    "parse_report",
]
