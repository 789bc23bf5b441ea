"""Form actions of the inbox, one handler each. Each one redirects to a page with its result."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.inbox import faults
from clicksoap.simulator.inbox.callback_form import changed_address
from clicksoap.simulator.inbox.forms import read_form
from clicksoap.simulator.inbox.pages import Pages
from clicksoap.simulator.inbox.rendering import HEADERS, page
from clicksoap.simulator.inbox.sample_message import send_test_message
from clicksoap.simulator.search import matching
from clicksoap.simulator.simulation import Simulation

Fields = dict[str, str]

_UNPROCESSABLE: Final = 422


class Actions:
    """Handlers of the forms.

    Args:
        simulation: The simulation to change.
        pages: The pages that show the error if an action fails.
        stopping: Set when the server stops.
    """

    def __init__(self, simulation: Simulation, pages: Pages, stopping: Event) -> None:
        self._stopping = stopping
        self._simulation = simulation
        self._pages = pages

    def routes(self) -> list[Route]:
        """The route of each action, POST only."""
        actions: dict[str, Callable[[Request, Fields], Response]] = {
            "/messages/delete": self._delete_found,
            "/messages/{id}/status": self._on_message(self._set_status),
            "/messages/{id}/report": self._on_message(self._report),
            "/messages/{id}/reply": self._on_message(self._reply),
            "/messages/{id}/delete": self._on_message(self._delete),
            "/handset": self._send,
            "/test": self._send_test,
            "/callbacks": self._set_callback,
            "/faults": self._add_fault,
            "/faults/remove": self._remove_fault,
            "/faults/clear": self._clear_faults,
            "/reset": self._reset,
        }
        return [Route(path, _with_form(action), methods=["POST"]) for path, action in actions.items()]

    def _on_message(self, action: Callable[[Message, Fields], Response]) -> Callable[[Request, Fields], Response]:
        def act(request: Request, given: Fields) -> Response:
            try:
                message = self._simulation.gateway.message(request.path_params["id"])
            except KeyError:
                return self._pages.no_message(request)
            try:
                return action(message, given)
            except KeyError:  # it was deleted meanwhile
                return self._pages.no_message(request)
            except ValueError as error:
                reply = given.get("text", "")
                return self._pages.message_page(request, message, _UNPROCESSABLE, error=str(error), reply=reply)

        return act

    def _set_status(self, message: Message, given: Fields) -> Response:
        self._simulation.gateway.set_status(message.id, given.get("status", ""))
        return _redirect(f"/messages/{message.id}?done=status")

    def _report(self, message: Message, _: Fields) -> Response:
        self._simulation.callbacks.report(message.id)
        return _redirect(f"/messages/{message.id}?done=report")

    def _reply(self, message: Message, given: Fields) -> Response:
        self._simulation.handset.reply(message.id, given.get("text", ""))
        return _redirect(f"/messages/{message.id}?done=reply")

    def _delete(self, message: Message, _: Fields) -> Response:
        self._simulation.gateway.delete([message.id])
        return _redirect("/?done=deleted")

    def _delete_found(self, request: Request, given: Fields) -> Response:
        query = given.get("q", "")
        try:
            is_found = matching(query)
        except ValueError as error:
            return page(
                "not_found", 400, path=request.url.path, done="", error="", what=f"Nothing was deleted: {error}."
            )
        gateway = self._simulation.gateway
        gateway.delete([message.id for message in gateway.latest() if is_found(message)])
        return _redirect(f"/?q={quote(query, errors='replace')}&done=deleted" if query else "/?done=deleted")

    def _send(self, request: Request, given: Fields) -> Response:
        api_id, _, user = given.get("account", "").partition("/")
        text, sender, to = (given.get(name, "") for name in ("text", "sender", "to"))
        try:
            if not (api_id.isascii() and api_id.isdigit()):
                raise ValueError("invalid account: give its API id, a slash and its user, such as 123456/acme")
            self._simulation.handset.send(text, sender=sender, to=to, api_id=int(api_id), user=user)
        except (KeyError, ValueError) as error:
            problem = "unknown account" if isinstance(error, KeyError) else str(error)
            entered = {"sender": sender, "to": to, "text": text, "account": given.get("account", "")}
            return self._pages.handset_page(request, _UNPROCESSABLE, error=problem, given=entered)
        return _redirect("/handset?done=sent")

    def _send_test(self, *_: object) -> Response:
        number = send_test_message(self._simulation, self._stopping)
        sent = next((each for each in self._simulation.gateway.latest() if each.exchange == number), None)
        return _redirect(f"/messages/{sent.id}?done=test" if sent is not None else f"/traffic/{number}")

    def _set_callback(self, request: Request, given: Fields) -> Response:
        name, url = given.get("of", ""), given.get("url", "").strip()
        method, variant = given.get("method", "POST"), given.get("variant", "http")
        gateway = self._simulation.gateway
        present = gateway.settings
        try:
            if name == "callback":
                gateway.settings = replace(present, callback=changed_address(present.callback, url, method, variant))
            elif name == "inbound":
                gateway.settings = replace(present, inbound=changed_address(present.inbound, url, method, variant))
            else:
                raise ValueError("of is unknown: give callback or inbound")
        except ValueError as error:
            return self._pages.callbacks_page(request, _UNPROCESSABLE, error=str(error), given={name: url})
        return _redirect("/callbacks?done=address")

    def _add_fault(self, request: Request, given: Fields) -> Response:
        try:
            faults.add_rule(self._simulation.faults, given)
        except ValueError as error:
            return self._pages.faults_page(request, _UNPROCESSABLE, error=str(error), given=given)
        return _redirect("/faults?done=added")

    def _remove_fault(self, _: Request, given: Fields) -> Response:
        self._simulation.faults.remove(given.get("id", ""))
        return _redirect("/faults?done=removed")

    def _clear_faults(self, *_: object) -> Response:
        self._simulation.faults.clear()
        return _redirect("/faults?done=cleared")

    def _reset(self, *_: object) -> Response:
        self._simulation.reset()
        return _redirect("/?done=reset")


def _with_form(action: Callable[[Request, Fields], Response]) -> Callable[[Request], object]:
    async def act(request: Request) -> Response:
        try:
            given = await read_form(request)
        except ClientDisconnect:
            return Response(status_code=400)  # the browser has disconnected
        return await run_in_threadpool(action, request, given)

    return act


def _redirect(path: str) -> Response:
    return RedirectResponse(path, 303, HEADERS)
