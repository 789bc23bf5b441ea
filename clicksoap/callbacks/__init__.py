"""Receiver of callbacks: delivery reports and inbound messages that the gateway sends to the customer's server.

Example:
    A receiver with two handlers, as an ASGI application::

        callbacks = Callbacks(users={"gateway": "…"})

        @callbacks.on_delivery_report
        def save(report: DeliveryReport) -> None: ...

        @callbacks.on_inbound
        async def answer(message: InboundMessage) -> None: ...

        app = callbacks.asgi()
"""

from clicksoap.callbacks.parsing import Event, is_probe, parse_callback, parse_inbound, parse_report
from clicksoap.callbacks.request import CallbackRequest, Reply

__all__ = ["CallbackRequest", "Event", "Reply", "is_probe", "parse_callback", "parse_inbound", "parse_report"]
