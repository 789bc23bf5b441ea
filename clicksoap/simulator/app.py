"""The simulator's web application: the gateway's services, the inbox, the API and the metrics on one port."""

from collections.abc import Callable
from concurrent.futures import Executor
from threading import Event

from starlette.applications import Starlette

from clicksoap.simulator.api.web import api_routes
from clicksoap.simulator.inbox.missing_pages import with_page
from clicksoap.simulator.inbox.routes import inbox_routes
from clicksoap.simulator.metrics import Metrics
from clicksoap.simulator.services.handler import RequestHandler
from clicksoap.simulator.services.web import Services
from clicksoap.simulator.simulation import Simulation


def application(
    simulation: Simulation,
    executor: Executor,
    large_executor: Executor,
    stopping: Event,
    on_command: Callable[[str], None] | None,
) -> Starlette:
    """The web application in front of a simulation.

    Args:
        simulation: The simulation that is served.
        executor: Runs the commands if one of them may wait.
        large_executor: Runs the commands of large requests.
        stopping: Set when the server ends, which ends every wait.
        on_command: Called with the name of each command before its execution; None for no call.
    """
    handler = RequestHandler(simulation.gateway, simulation.faults, simulation.exchanges, stopping, on_command)
    services = Services(simulation.gateway, handler, executor, large_executor)
    metrics = Metrics(simulation, stopping)
    inbox = inbox_routes(simulation, stopping)
    app = Starlette(
        routes=[*inbox, *services.routes(), *api_routes(simulation), *metrics.routes()],
        exception_handlers={404: with_page(services.answer_unserved), 405: services.answer_unserved},
    )
    app.router.redirect_slashes = False
    return app
