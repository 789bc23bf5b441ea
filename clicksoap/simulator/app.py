"""The simulator's web application: the gateway's services on one port with what is there for people."""

from collections.abc import Callable
from concurrent.futures import Executor
from threading import Event

from starlette.applications import Starlette

from clicksoap.simulator.api.web import api_routes
from clicksoap.simulator.inbox.routes import inbox_routes
from clicksoap.simulator.metrics import Metrics
from clicksoap.simulator.services.handler import RequestHandler
from clicksoap.simulator.services.web import Services
from clicksoap.simulator.simulation import Simulation


def application(
    simulation: Simulation, executor: Executor, stopping: Event, on_command: Callable[[str], None] | None
) -> Starlette:
    """The web application in front of a simulation.

    Args:
        simulation: What is served.
        executor: Where commands are carried out.
        stopping: Set when the server ends.
        on_command: Called with the name of each command before it is carried out.
    """
    desk = RequestHandler(simulation.gateway, simulation.faults, simulation.exchanges, stopping, on_command)
    services = Services(simulation.gateway, desk, executor)
    figures = Metrics(simulation, stopping)
    inbox = inbox_routes(simulation, stopping)
    app = Starlette(routes=[*inbox, *services.routes(), *api_routes(simulation), *figures.routes()])
    app.router.redirect_slashes = False
    return app
