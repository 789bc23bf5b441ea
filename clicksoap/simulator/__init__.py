"""A gateway on this machine: the vendor's SOAP services and HTTP API over one state, for tests without an account.

Example:
    A test starts one, speaks SOAP to it, and looks at what arrived::

        with Simulator() as sim:
            send_something_to(sim.url("/soap/document_literal/webservice"))
            assert sim.gateway.messages[0].text == "hello"
"""

try:
    import starlette as _starlette
    import uvicorn as _uvicorn
except ImportError as missing:
    raise ImportError(
        'the simulator needs starlette and uvicorn: pip install "clicksoap[simulator]"', name=missing.name
    ) from None

from clicksoap.simulator.clock import Clock
from clicksoap.simulator.faults import Faults
from clicksoap.simulator.gateway import Gateway
from clicksoap.simulator.model import Account, Message
from clicksoap.simulator.server import Simulator

del _starlette, _uvicorn

__all__ = ["Account", "Clock", "Faults", "Gateway", "Message", "Simulator"]
