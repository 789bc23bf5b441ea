"""The pages that show something."""

from collections.abc import Mapping
from shlex import quote
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.inbox import faults, words
from clicksoap.simulator.inbox.listing import PER_PAGE, Listing, listing
from clicksoap.simulator.inbox.rendering import page
from clicksoap.simulator.inbox.views import exchange_rows, message_rows, page_number, state_of, view_of
from clicksoap.simulator.simulation import Simulation

_DONE: Final[Mapping[str, str]] = {
    "status": "The status was set.",
    "report": "The delivery report is on its way.",
    "reply": "The reply was sent.",
    "sent": "The message was sent.",
    "deleted": "Deleted.",
    "reset": "Everything is as in the beginning.",
    "cleared": "Nothing goes wrong any more.",
}
_MAX_SIBLINGS: Final = 300


class Pages:
    """Everything there is to look at.

    Args:
        simulation: What is looked at.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """Every page."""
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
        """The messages; to programs, a few words."""
        if "text/html" not in request.headers.get("accept", ""):
            return _introduction(request)
        query = request.query_params.get("q", "")
        problem = ""
        try:
            found = listing(self._simulation.gateway, query, page_number(request.query_params))
        except ValueError as error:
            problem = str(error)
            found = Listing([], 0, len(self._simulation.gateway.latest()), 1)
        shown = message_rows(found, query)
        return page(
            "messages",
            400 if problem else 200,
            **_frame(request),
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
        """The page of a message.

        Args:
            request: Who wants to see it.
            message: The message.
            status: The HTTP status.
            **more: What the page says besides.
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
                **_frame(request),
                "message": message,
                "exchange": exchange,
                "siblings": siblings if len(siblings) > 1 else [],
                "rows": state_of(self._simulation, message),
                "live": {"of": "message", "id": message.id},
                "all_statuses": words.ALL,
                "reply": "",
                **more,
            },
        )

    def handset_page(self, request: Request, status: int = 200, /, **more: object) -> Response:
        """The page of the handsets."""
        found = view_of(self._simulation, {"of": "handset"}).look()
        accounts = [account for account, _, _ in self._simulation.gateway.accounts()]
        given = {"sender": "", "to": "", "text": "", "account": ""}
        return page(
            "handset",
            status,
            **{
                **_frame(request),
                "view": found,
                "live": {"of": "handset"},
                "accounts": accounts,
                "given": given,
                **more,
            },
        )

    def no_message(self, request: Request) -> Response:
        """The page in the place of a message that is not there."""
        return page("not_found", 404, **_frame(request), what="There is no such message, or it is no longer kept.")

    def _message(self, request: Request) -> Response:
        try:
            message = self._simulation.gateway.message(request.path_params["id"])
        except KeyError:
            return self.no_message(request)
        return self.message_page(request, message)

    def _traffic(self, request: Request) -> Response:
        kept = self._simulation.exchanges.latest()
        pages = max(1, -(-len(kept) // PER_PAGE))
        number = max(1, min(page_number(request.query_params), pages))
        shown = exchange_rows(kept, number)
        live = {"of": "traffic", "page": str(number)}
        values = {"rows": shown.rows, "count": shown.count, "live": live, "number": number, "pages": pages}
        return page("traffic", **_frame(request), **values)

    def _exchange(self, request: Request) -> Response:
        number = page_number({"page": request.path_params["number"]})
        exchange = self._simulation.exchanges.get(number)
        if exchange is None or request.path_params["number"] != str(number):
            gone = "There is no such exchange, or it is no longer kept."
            return page("not_found", 404, **_frame(request), what=gone)
        brought = [each for each in reversed(self._simulation.gateway.latest()) if each.exchange == number]
        return page("exchange", **_frame(request), exchange=exchange, brought=brought)

    def _callbacks(self, request: Request) -> Response:
        found = view_of(self._simulation, {"of": "callbacks"}).look()
        return page("callbacks", **_frame(request), view=found, live={"of": "callbacks"})

    def _handset(self, request: Request) -> Response:
        return self.handset_page(request)

    def _faults(self, request: Request) -> Response:
        rules = [(rule, list(faults.conditions(rule))) for rule in self._simulation.faults.rules]
        return page(
            "faults",
            **_frame(request),
            rules=rules,
            refused=faults.refused_numbers(),
            ending=faults.ending_numbers(),
            breaking=faults.breaking_numbers(),
        )

    def _accounts(self, request: Request) -> Response:
        found = view_of(self._simulation, {"of": "accounts"}).look()
        return page("accounts", **_frame(request), view=found, live={"of": "accounts"})

    def _reset(self, request: Request) -> Response:
        gateway = self._simulation.gateway
        return page(
            "reset", **_frame(request), kept=len(gateway.latest()), exchanges=len(self._simulation.exchanges.latest())
        )

    def _environment(self, request: Request) -> str:
        accounts = [account for account, _, _ in self._simulation.gateway.accounts()]
        api_id, user, password = (accounts[0].api_id, accounts[0].user, "…") if accounts else (123456, "acme", "secret")
        settings = {"ENDPOINT": _origin(request), "API_ID": api_id, "USER": user, "PASSWORD": password}
        return "\n".join(f"export CLICKSOAP_{name}={quote(str(value))}" for name, value in settings.items())


def _frame(request: Request) -> dict[str, object]:
    """What every page needs."""
    return {"path": request.url.path, "done": _DONE.get(request.query_params.get("done", ""), ""), "error": ""}


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _introduction(request: Request) -> Response:
    origin = _origin(request)
    services = "".join(f"{origin}{path}?wsdl\n" for path in SERVICE_PATHS)
    return PlainTextResponse(
        f"This is a simulated SMS gateway; no message leaves it. Its SOAP services:\n{services}"
        f"Its HTTP API:\n{origin}/http/sendmsg and the like\n",
        headers={"vary": "accept"},
    )
