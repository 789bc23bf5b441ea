"""The simulator's web application: the four SOAP services, each with its WSDL, and the HTTP API beside them."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.simulator.commands import AnswerLostError, Commands
from clicksoap.simulator.compression import CompressionError, accepts_gzip, compress, expand
from clicksoap.simulator.connection import NoResponse
from clicksoap.simulator.description import served_wsdl
from clicksoap.simulator.envelope import EnvelopeError, read_call, write_fault, write_reply
from clicksoap.simulator.http_api import HttpApi
from clicksoap.simulator.reading import MAX_BODY, read_body
from clicksoap.simulator.rules import MAX_RECIPIENTS

_XML: Final = "text/xml; charset=utf-8"
_log = logging.getLogger("clicksoap.simulator")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


def application(commands: Commands) -> Starlette:
    """The web application in front of a gateway."""
    service = _Service(commands)
    routes = [Route(path, service.answer, methods=["GET", "POST"]) for path in SERVICE_PATHS]
    app = Starlette(routes=[Route("/", service.introduce), *routes, *HttpApi(commands).routes()])
    app.router.redirect_slashes = False
    return app


class _Service:
    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def introduce(self, request: Request) -> Response:
        services = "".join(f"{_address(request, path)}?wsdl\n" for path in SERVICE_PATHS)
        return PlainTextResponse(
            f"This is a simulated SMS gateway; no message leaves it. Its SOAP services:\n{services}"
            f"Its HTTP API:\n{_address(request, '/http/sendmsg')} and the like\n"
        )

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        dialect = SERVICE_PATHS[path]
        if request.method == "POST":
            return await self._answer_call(request, dialect)
        if any(name.lower() == "wsdl" for name in request.query_params):
            return Response(served_wsdl(dialect, path, _address(request, path)), media_type=_XML)
        return PlainTextResponse(
            f"This is a simulated SMS gateway; no message leaves it. This service speaks SOAP 1.1 ({dialect}):"
            f" POST requests here, or fetch {_address(request, path)}?wsdl\n"
        )

    async def _answer_call(self, request: Request, dialect: Dialect) -> Response:
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        coding = request.headers.get("content-encoding", "identity").strip().lower()
        charset = _charset(request.headers.get("content-type", ""))
        try:
            answer = await self._commands.in_worker(partial(self._carry_out, dialect, body, coding, charset))
        except AnswerLostError:
            return NoResponse()
        headers = {"content-type": _XML}
        content = answer.body
        if dialect is Dialect.DOCUMENT_LITERAL:
            headers["vary"] = "accept-encoding"
            if accepts_gzip(request.headers.get("accept-encoding", "")):
                headers["content-encoding"] = "gzip"
                content = compress(content)
        return Response(content, answer.status, headers)

    def _carry_out(self, dialect: Dialect, body: bytes, coding: str, charset: str | None) -> _Answer:
        """Read the request, carry it out and write the reply; runs in a worker thread."""
        try:
            call = read_call(_expanded(body, coding), charset)
            lines = self._commands.carry_out(call.command, call.parameters, call.to, max_recipients=MAX_RECIPIENTS)
            return _Answer(200, write_reply(dialect, call.command, lines))
        except AnswerLostError:
            raise
        except EnvelopeError as error:
            return _Answer(500, write_fault(error.code, error.text))
        except Exception as error:  # noqa: BLE001 - whatever broke, the caller gets a fault and no private matters
            _log.error("a command failed: %s", type(error).__name__)
            return _Answer(500, write_fault("Server", "internal error"))


def _expanded(body: bytes, coding: str) -> bytes:
    if len(body) > MAX_BODY:
        raise EnvelopeError("the request is too large")
    if coding in {"", "identity"}:
        return body
    if coding not in {"gzip", "x-gzip"}:
        raise EnvelopeError("the request is compressed in an unknown way")
    try:
        return expand(body, MAX_BODY)
    except CompressionError:
        raise EnvelopeError("the request's gzip is damaged or too large") from None


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def _address(request: Request, path: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{path}"
