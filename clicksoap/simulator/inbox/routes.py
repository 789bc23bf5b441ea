"""Routes of the inbox."""

from threading import Event

from starlette.routing import Route

from clicksoap.simulator.inbox import static_files
from clicksoap.simulator.inbox.actions import Actions
from clicksoap.simulator.inbox.pages import Pages
from clicksoap.simulator.inbox.stream import EventStreams
from clicksoap.simulator.simulation import Simulation


def inbox_routes(simulation: Simulation, stopping: Event) -> list[Route]:
    """All routes of the inbox.

    Args:
        simulation: The simulation to show.
        stopping: Set when the server stops; ends the event streams.
    """
    pages = Pages(simulation)
    events = Route("/events", EventStreams(simulation, stopping).serve)
    events.methods = {"GET"}  # Route would add HEAD, which an endless answer cannot serve
    return [
        *pages.routes(),
        *Actions(simulation, pages, stopping).routes(),
        events,
        Route("/static/{name}", static_files.serve),
    ]
