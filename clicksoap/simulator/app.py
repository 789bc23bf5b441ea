"""The simulator's web application: the four service addresses, each with its WSDL."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.simulator.compression import CompressionError, accepts_gzip, compress, expand
from clicksoap.simulator.description import served_wsdl
from clicksoap.simulator.envelope import EnvelopeError, read_call, write_fault, write_reply
from clicksoap.simulator.gateway import Gateway

MAX_BODY: Final = 1 << 20
"""The largest request that is read, in bytes, compressed or not."""

_MAX_DRAINED: Final = 16 * MAX_BODY
_XML: Final = "text/xml; charset=utf-8"
_log = logging.getLogger("clicksoap.simulator")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


def application(gateway: Gateway, executor: Executor, on_command: Callable[[str], None] | None) -> Starlette:
    """The web application of a gateway; commands are carried out in the executor."""
    service = _Service(gateway, executor, on_command)
    routes = [Route(path, service.answer, methods=["GET", "POST"]) for path in SERVICE_PATHS]
    app = Starlette(routes=[Route("/", service.introduce), *routes])
    app.router.redirect_slashes = False
    return app


class _Service:
    def __init__(self, gateway: Gateway, executor: Executor, on_command: Callable[[str], None] | None) -> None:
        self._gateway = gateway
        self._executor = executor
        self._on_command = on_command

    async def introduce(self, request: Request) -> Response:
        services = "".join(f"{_address(request, path)}?wsdl\n" for path in SERVICE_PATHS)
        return PlainTextResponse(f"This is a simulated SMS gateway; no message leaves it. Its services:\n{services}")

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
            body = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        coding = request.headers.get("content-encoding", "identity").strip().lower()
        charset = _charset(request.headers.get("content-type", ""))
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._executor, self._carry_out, dialect, body, coding, charset)
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
            if self._on_command is not None:
                self._on_command(call.command)
            lines = self._gateway.execute(call.command, call.parameters, call.to)
            return _Answer(200, write_reply(dialect, call.command, lines))
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


async def _read(request: Request) -> bytes:
    """The body, or a little more than the largest allowed.

    What is too much is read and dropped for a while, because a caller still writing would not see the reply.
    """
    kept = bytearray()
    dropped = 0
    async for chunk in request.stream():
        room = MAX_BODY + 1 - len(kept)
        kept += chunk[:room]
        dropped += len(chunk[room:])
        if dropped > _MAX_DRAINED:
            break
    return bytes(kept)


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def _address(request: Request, path: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{path}"
