"""The gateway's HTTP API: the same commands by GET and POST, answered in plain text."""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.codes import ERRORS
from clicksoap.simulator.commands import AnswerLostError, Commands
from clicksoap.simulator.connection import NoResponse
from clicksoap.simulator.parameters import canonical, normalised
from clicksoap.simulator.reading import MAX_BODY, read_body

MAX_RECIPIENTS: Final = {"GET": 300, "POST": 600}
"""Recipients of one request, by its method."""

_FOLDERS: Final = {
    "/http": ("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "getmsgcharge", "token_pay"),
    "/mms": ("si_push", "ind_push"),
    "/http_batch": ("startbatch", "senditem", "quicksend", "endbatch"),
}
_COMMANDS: Final = {
    f"{folder}/{name}{ending}": name for folder, names in _FOLDERS.items() for name in names for ending in ("", ".php")
}
_COVERAGE: Final = "routecoverage"
_RECIPIENTS: Final = "to"
# Only here are names told apart by their case: sending takes cliMsgId as well, asking does not.
_ASKING: Final = frozenset({"querymsg", "delmsg"})
_NOT_FOR_ASKING: Final = "cliMsgId"

_ENCODING: Final = "iso-8859-1"
_PLAIN: Final = "text/plain; charset=ISO-8859-1"
_FORM: Final = "application/x-www-form-urlencoded"
_log = logging.getLogger("clicksoap.simulator")


class HttpApi:
    """The service behind the paths of the HTTP API.

    Args:
        commands: Where commands are handed in.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def routes(self) -> list[Route]:
        """Every path of the API, for GET and POST alone."""
        routes = [Route(path, self._answer) for path in (*_COMMANDS, "/utils/{page}")]
        for route in routes:
            route.methods = {*MAX_RECIPIENTS}  # Route itself would add HEAD, and a command is not tried out
        return routes

    async def _answer(self, request: Request) -> Response:
        command = _command(request.scope["path"])
        if command is None:
            return PlainTextResponse("Not Found", 404)
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if len(body) > MAX_BODY:
            return PlainTextResponse("Content Too Large", 413)
        query = bytes(request.scope["query_string"])
        if request.method != "POST" or not _is_form(request.headers.get("content-type", "")):
            body = b""
        max_recipients = MAX_RECIPIENTS[request.method]
        try:
            lines = await self._commands.in_worker(partial(self._carry_out, command, query, body, max_recipients))
        except AnswerLostError:
            return NoResponse()
        return Response("\n".join(lines).encode(_ENCODING, "replace"), headers={"content-type": _PLAIN})

    def _carry_out(self, command: str, query: bytes, body: bytes, max_recipients: int) -> list[str]:
        """Read the request and carry it out; runs in a worker thread."""
        try:
            given = _given(command, (*_pairs(query), *_pairs(body)))
            to = given.pop(_RECIPIENTS, "")
            return self._commands.carry_out(
                command, normalised(given.items()), to.split(","), max_recipients=max_recipients
            )
        except AnswerLostError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, the caller gets a line and no private matters
            _log.error("a command failed: %s", type(error).__name__)
            return [f"ERR: 901, {ERRORS['901']}"]


def _command(path: str) -> str | None:
    """The command that a path stands for; of all of them, coverage alone is written in any case."""
    word = path.removeprefix("/utils/").removesuffix(".php").lower()
    return _COVERAGE if word == _COVERAGE and path.startswith("/utils/") else _COMMANDS.get(path)


def _is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in {"", _FORM}


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The pairs of a query or a form. Every byte is a character, so what was encoded as UTF-8 comes out mangled."""
    return parse_qsl(encoded.decode(_ENCODING), encoding=_ENCODING)


def _given(command: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that carry a value; of one that is given twice, the last."""
    skipped = {_NOT_FOR_ASKING} if command in _ASKING else set[str]()
    return {canonical(name): value for name, value in pairs if name not in skipped}
