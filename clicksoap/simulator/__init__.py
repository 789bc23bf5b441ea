"""Gateway simulator: the vendor's SOAP services and HTTP API on this machine, for tests without an account.

Example:
    A test starts a simulator, sends to it, and checks the messages::

        with Simulator() as sim:
            send_something_to(sim.url("/soap/document_literal/webservice"))
            assert sim.gateway.messages[0].text == "hello"
"""

try:
    import jinja2 as _jinja2
    import starlette as _starlette
    import uvicorn as _uvicorn
except ImportError as missing:
    raise ImportError(
        'the simulator needs starlette, uvicorn and jinja2: pip install "clicksoap[simulator]"', name=missing.name
    ) from None

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.faults.faults import Faults
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.event_bus import Event
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.server import Simulator
from clicksoap.simulator.store.file import StoreError
from clicksoap.simulator.webhooks.dispatcher import Attempt, Callbacks
from clicksoap.simulator.webhooks.faults import CallbackFaults
from clicksoap.simulator.webhooks.handset import Handset, Inbound

del _jinja2, _starlette, _uvicorn

__all__ = [
    "Account",
    "Attempt",
    "CallbackFaults",
    "CallbackUrl",
    "Callbacks",
    "Clock",
    "Command",
    "Event",
    "Exchange",
    "Exchanges",
    "Faults",
    "Gateway",
    "Handset",
    "Inbound",
    "Message",
    "Settings",
    "Simulator",
    "Stage",
    "StoreError",
]
