"""Sends a test message through the simulated gateway, as a client would by the HTTP API."""

from threading import Event
from typing import Final
from urllib.parse import urlencode

from clicksoap.simulator.front.http_api import HttpApiService
from clicksoap.simulator.front.http_values import DelayedAnswer, HttpRequest
from clicksoap.simulator.services.handler import RequestHandler
from clicksoap.simulator.simulation import Simulation

TEST_NUMBER: Final = "27821234567"
"""The number that test messages go to."""

_TEXT: Final = "A test message from the inbox"
_ALL_REPORTS: Final = 7
_OPEN_ACCOUNT: Final = (123456, "acme", "secret")


def send_test_message(simulation: Simulation, stopping: Event) -> int:
    """Send a test message with the credentials of the first account; gives the number of its exchange.

    Args:
        simulation: The simulation to send it in.
        stopping: Set when the server stops.
    """
    accounts = [account for account, _, _ in simulation.gateway.accounts()]
    first = next((each for each in accounts if not each.frozen), None)
    api_id, user, password = (first.api_id, first.user, first.password) if first else _OPEN_ACCOUNT
    fields = {"api_id": api_id, "user": user, "password": password, "to": TEST_NUMBER, "text": _TEXT}
    fields["callback"] = _ALL_REPORTS
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(fields, encoding="latin-1", errors="replace").encode()
    handler = RequestHandler(simulation.gateway, simulation.faults, simulation.exchanges, stopping, None)
    answer = handler.answer(HttpApiService(), HttpRequest("POST", "/http/sendmsg", b"", headers, body))
    if isinstance(answer, DelayedAnswer):  # a fault rule delays the command; nobody waits for this one
        answer.resume()
    own = (each.number for each in simulation.exchanges.latest() if each.command == "sendmsg" and not each.peer)
    return next(own, 0)
