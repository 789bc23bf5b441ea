"""The simulator's web application: the gateway's services on one port with what is there for people."""

from collections.abc import Callable
from concurrent.futures import Executor
from threading import Event

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.api.web import api_routes
from clicksoap.simulator.figures import Figures
from clicksoap.simulator.services.answering import Desk
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
    desk = Desk(simulation.gateway, simulation.faults, simulation.exchanges, stopping, on_command)
    services = Services(simulation.gateway, desk, executor)
    figures = Figures(simulation, stopping)
    app = Starlette(routes=[Route("/", _introduce), *services.routes(), *api_routes(simulation), *figures.routes()])
    app.router.redirect_slashes = False
    return app


async def _introduce(request: Request) -> Response:
    origin = f"{request.url.scheme}://{request.url.netloc}"
    services = "".join(f"{origin}{path}?wsdl\n" for path in SERVICE_PATHS)
    return PlainTextResponse(
        f"This is a simulated SMS gateway; no message leaves it. Its SOAP services:\n{services}"
        f"Its HTTP API:\n{origin}/http/sendmsg and the like\n"
    )
