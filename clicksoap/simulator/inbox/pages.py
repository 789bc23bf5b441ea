"""The inbox pages, one handler each."""

from collections.abc import Mapping
from shlex import quote
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.inbox import faults
from clicksoap.simulator.inbox.listing import PER_PAGE, Listing, listing
from clicksoap.simulator.inbox.live_views import (
    exchange_row_list,
    live_view,
    message_row_list,
    message_state_rows,
    page_number,
)
from clicksoap.simulator.inbox.rendering import page
from clicksoap.simulator.simulation import Simulation

_DONE_NOTICES: Final[Mapping[str, str]] = {
    "status": "The status was set.",
    "report": "The delivery report is on its way.",
    "reply": "The reply was sent.",
    "sent": "The message was sent.",
    "deleted": "Deleted.",
    "reset": "Everything was reset.",
    "cleared": "All fault rules were removed.",
}
_MAX_SIBLINGS: Final = 300


class Pages:
    """Handlers of the pages.

    Args:
        simulation: The simulation to show.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """The route of each page."""
        return [
            Route("/", self.home),
            Route("/messages/{id}", self._message),
            Route("/traffic", self._traffic),
            Route("/traffic/{number}", self._exchange),
            Route("/callbacks", self._callbacks),
            Route("/handset", self._handset),
            Route("/faults", self._faults),
            Route("/accounts", self._accounts),
            Route("/reset", self._reset),
        ]

    def home(self, request: Request) -> Response:
        """The list of messages as HTML, or a short plain text for programs."""
        if "text/html" not in request.headers.get("accept", ""):
            return _plain_text_home(request)
        query = request.query_params.get("q", "")
        problem = ""
        try:
            found = listing(self._simulation.gateway, query, page_number(request.query_params))
        except ValueError as error:
            problem = str(error)
            found = Listing([], 0, len(self._simulation.gateway.latest()), 1)
        shown = message_row_list(found, query)
        return page(
            "messages",
            400 if problem else 200,
            **_base_values(request),
            q=query,
            problem=problem,
            found=found,
            live={"of": "messages", "q": query, "page": str(found.page)},
            rows=shown.rows,
            count=shown.count,
            origin=_origin(request),
            services_at=SERVICE_PATHS,
            environment=self._environment(request),
        )

    def message_page(self, request: Request, message: Message, status: int = 200, /, **more: object) -> Response:
        """The page of one message.

        Args:
            request: The HTTP request.
            message: The message to show.
            status: The HTTP status.
            **more: More variables of the template.
        """
        gateway, exchange = self._simulation.gateway, None
        siblings: list[Message] = []
        if message.exchange:
            exchange = self._simulation.exchanges.get(message.exchange)
            same = (each for each in reversed(gateway.latest()) if each.exchange == message.exchange)
            siblings = [each for each, _ in zip(same, range(_MAX_SIBLINGS), strict=False)]
        return page(
            "message",
            status,
            **{
                **_base_values(request),
                "message": message,
                "exchange": exchange,
                "siblings": siblings if len(siblings) > 1 else [],
                "rows": message_state_rows(self._simulation, message),
                "live": {"of": "message", "id": message.id},
                "reply": "",
                **more,
            },
        )

    def handset_page(self, request: Request, status: int = 200, /, **more: object) -> Response:
        """The page on which a handset sends a message; arguments as for `message_page`."""
        found = live_view(self._simulation, {"of": "handset"}).render()
        accounts = [account for account, _, _ in self._simulation.gateway.accounts()]
        given = {"sender": "", "to": "", "text": "", "account": ""}
        return page(
            "handset",
            status,
            **{
                **_base_values(request),
                "view": found,
                "live": {"of": "handset"},
                "accounts": accounts,
                "given": given,
                **more,
            },
        )

    def no_message(self, request: Request) -> Response:
        """The page for an unknown message id, with status 404."""
        return page("not_found", 404, **_base_values(request), what="This message is unknown or no longer kept.")

    def _message(self, request: Request) -> Response:
        try:
            message = self._simulation.gateway.message(request.path_params["id"])
        except KeyError:
            return self.no_message(request)
        return self.message_page(request, message)

    def _traffic(self, request: Request) -> Response:
        exchanges = self._simulation.exchanges.latest()
        pages = max(1, -(-len(exchanges) // PER_PAGE))
        number = max(1, min(page_number(request.query_params), pages))
        shown = exchange_row_list(exchanges, number)
        live = {"of": "traffic", "page": str(number)}
        values = {"rows": shown.rows, "count": shown.count, "live": live, "number": number, "pages": pages}
        return page("traffic", **_base_values(request), **values)

    def _exchange(self, request: Request) -> Response:
        number = page_number({"page": request.path_params["number"]})
        exchange = self._simulation.exchanges.get(number)
        if exchange is None or request.path_params["number"] != str(number):
            gone = "This exchange is unknown or no longer kept."
            return page("not_found", 404, **_base_values(request), what=gone)
        brought = [each for each in reversed(self._simulation.gateway.latest()) if each.exchange == number]
        return page("exchange", **_base_values(request), exchange=exchange, brought=brought)

    def _callbacks(self, request: Request) -> Response:
        found = live_view(self._simulation, {"of": "callbacks"}).render()
        return page("callbacks", **_base_values(request), view=found, live={"of": "callbacks"})

    def _handset(self, request: Request) -> Response:
        return self.handset_page(request)

    def _faults(self, request: Request) -> Response:
        rules = [(rule, list(faults.conditions(rule))) for rule in self._simulation.faults.rules]
        return page(
            "faults",
            **_base_values(request),
            rules=rules,
            refused=faults.refused_numbers(),
            ending=faults.ending_numbers(),
            breaking=faults.breaking_numbers(),
        )

    def _accounts(self, request: Request) -> Response:
        found = live_view(self._simulation, {"of": "accounts"}).render()
        return page("accounts", **_base_values(request), view=found, live={"of": "accounts"})

    def _reset(self, request: Request) -> Response:
        gateway = self._simulation.gateway
        return page(
            "reset",
            **_base_values(request),
            messages=len(gateway.latest()),
            exchanges=len(self._simulation.exchanges.latest()),
        )

    def _environment(self, request: Request) -> str:
        accounts = [account for account, _, _ in self._simulation.gateway.accounts()]
        api_id, user, password = (accounts[0].api_id, accounts[0].user, "…") if accounts else (123456, "acme", "secret")
        settings = {"ENDPOINT": _origin(request), "API_ID": api_id, "USER": user, "PASSWORD": password}
        return "\n".join(f"export CLICKSOAP_{name}={quote(str(value))}" for name, value in settings.items())


def _base_values(request: Request) -> dict[str, object]:
    """The variables that every template needs."""
    return {"path": request.url.path, "done": _DONE_NOTICES.get(request.query_params.get("done", ""), ""), "error": ""}


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _plain_text_home(request: Request) -> Response:
    origin = _origin(request)
    services = "".join(f"{origin}{path}?wsdl\n" for path in SERVICE_PATHS)
    return PlainTextResponse(
        f"This is a simulated SMS gateway; no message leaves it. Its SOAP services:\n{services}"
        f"Its HTTP API:\n{origin}/http/sendmsg and the other commands\n",
        headers={"vary": "accept"},
    )
