"""The inbox pages, one handler each."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.faults.kinds import KINDS
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.inbox import faults
from clicksoap.simulator.inbox.listing import ExchangeListing, Listing, exchange_listing, listing, refused
from clicksoap.simulator.inbox.live_views import (
    exchange_row_list,
    live_view,
    message_row_list,
    message_state_rows,
    page_number,
)
from clicksoap.simulator.inbox.rendering import page
from clicksoap.simulator.inbox.snippets import snippets
from clicksoap.simulator.simulation import Simulation

_DONE_NOTICES: Final[Mapping[str, str]] = {
    "status": "The status was set.",
    "report": "The delivery report is on its way.",
    "reply": "The reply was sent.",
    "sent": "The message was sent.",
    "deleted": "Deleted.",
    "reset": "Everything was reset.",
    "cleared": "All fault rules were removed.",
    "added": "The fault rule was added.",
    "removed": "The fault rule was removed.",
    "address": "The address was saved.",
    "test": "The test message was sent.",
}
_MAX_SIBLINGS: Final = 300

_Key = TypeVar("_Key", int, str)


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
            Route("/refused", self._refused),
            Route("/callbacks", self._callbacks),
            Route("/handset", self._handset),
            Route("/faults", self._faults),
            Route("/accounts", self._accounts),
            Route("/reset", self._reset),
            Route("/delete", self._delete),
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
            found = Listing([], 0, len(self._simulation.gateway.latest()), 1, {})
        shown = message_row_list(self._simulation, found, query)
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
            refused=shown.refused,
            origin=_origin(request),
            services_at=SERVICE_PATHS,
            snippets=snippets(self._simulation.gateway, _origin(request)),
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
        newer, older = _neighbours([each.id for each in gateway.latest()], message.id)
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
                "newer": newer,
                "older": older,
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
        return self._exchange_list(request, "traffic", self._simulation.exchanges.latest())

    def _refused(self, request: Request) -> Response:
        return self._exchange_list(request, "refused", refused(self._simulation.exchanges))

    def _exchange_list(self, request: Request, view: str, entries: Sequence[Exchange]) -> Response:
        query, problem = request.query_params.get("q", ""), ""
        try:
            found = exchange_listing(entries, query, page_number(request.query_params))
        except ValueError as error:
            problem = str(error)
            found = ExchangeListing([], 0, len(entries), 1)
        shown = exchange_row_list(self._simulation, found, query)
        return page(
            view,
            400 if problem else 200,
            **_base_values(request),
            q=query,
            problem=problem,
            found=found,
            live={"of": view, "q": query, "page": str(found.page)},
            rows=shown.rows,
            count=shown.count,
            refused=shown.refused,
        )

    def _exchange(self, request: Request) -> Response:
        number = page_number({"page": request.path_params["number"]})
        exchange = self._simulation.exchanges.get(number)
        if exchange is None or request.path_params["number"] != str(number):
            gone = "This exchange is unknown or no longer kept."
            return page("not_found", 404, **_base_values(request), what=gone)
        brought = [each for each in reversed(self._simulation.gateway.latest()) if each.exchange == number]
        newer, older = _neighbours([each.number for each in self._simulation.exchanges.latest()], number)
        values = {"exchange": exchange, "brought": brought, "newer": newer, "older": older}
        return page("exchange", **_base_values(request), **values)

    def callbacks_page(self, request: Request, status: int = 200, /, **more: object) -> Response:
        """The page of callbacks; arguments as for `message_page`."""
        found = live_view(self._simulation, {"of": "callbacks"}).render()
        values: dict[str, object] = {"view": found, "live": {"of": "callbacks"}, "given": dict[str, str]()}
        settings = self._simulation.gateway.settings
        return page("callbacks", status, **{**_base_values(request), **values, "settings": settings, **more})

    def faults_page(self, request: Request, status: int = 200, /, **more: object) -> Response:
        """The page of faults; arguments as for `message_page`."""
        rules = [(rule, list(faults.conditions(rule))) for rule in self._simulation.faults.rules]
        values: dict[str, object] = {
            "rules": rules,
            "kinds": KINDS.items(),
            "fields": list(faults.form_fields()),
            "commands": sorted(self._simulation.gateway.commands),
            "given": dict[str, str](),
            "refused": faults.refused_numbers(),
            "ending": faults.ending_numbers(),
            "breaking": faults.breaking_numbers(),
        }
        return page("faults", status, **{**_base_values(request), **values, **more})

    def _callbacks(self, request: Request) -> Response:
        return self.callbacks_page(request)

    def _handset(self, request: Request) -> Response:
        return self.handset_page(request)

    def _faults(self, request: Request) -> Response:
        return self.faults_page(request)

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

    def _delete(self, request: Request) -> Response:
        query = request.query_params.get("q", "")
        try:
            found = listing(self._simulation.gateway, query, 1)
        except ValueError as error:
            return page("not_found", 400, **_base_values(request), what=f"Nothing was deleted: {error}.")
        return page("delete", **_base_values(request), q=query, count=found.found)


def _neighbours(entries: Sequence[_Key], present: _Key) -> tuple[_Key | None, _Key | None]:
    """The entries before and behind one of a list; None at an end of the list, or if the entry is not in it."""
    try:
        place = entries.index(present)
    except ValueError:
        return None, None
    following = entries[place + 1] if place + 1 < len(entries) else None
    return entries[place - 1] if place else None, following


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
