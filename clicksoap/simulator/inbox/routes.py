"""Where everything of the inbox stands."""

from threading import Event

from starlette.routing import Route

from clicksoap.simulator.inbox import files
from clicksoap.simulator.inbox.actions import Actions
from clicksoap.simulator.inbox.pages import Pages
from clicksoap.simulator.inbox.stream import Streams
from clicksoap.simulator.simulation import Simulation


def inbox_routes(simulation: Simulation, stopping: Event) -> list[Route]:
    """Every path of the inbox.

    Args:
        simulation: What is shown.
        stopping: Set when the server ends.
    """
    pages = Pages(simulation)
    events = Route("/events", Streams(simulation, stopping).serve)
    events.methods = {"GET"}  # Route itself would add HEAD, to which an endless answer is none
    return [
        *pages.routes(),
        *Actions(simulation, pages).routes(),
        events,
        Route("/static/{name}", files.serve),
    ]
