"""The HTTP routes of the services: read requests off the wire, and write answers to it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import MAX_HTTP_RECIPIENTS, SERVICE_PATHS, Dialect
from clicksoap.simulator.front.compression import accepts_gzip, compress
from clicksoap.simulator.front.http_api import COVERAGE_FOLDER, PATHS, HttpApiService
from clicksoap.simulator.front.http_values import DelayedAnswer, HttpAnswer, HttpRequest
from clicksoap.simulator.front.soap import SoapService
from clicksoap.simulator.front.wsdl import served_wsdl
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.services.connection import CutResponse, NoResponse, SlowResponse, pause
from clicksoap.simulator.services.handler import GatewayService, RequestHandler
from clicksoap.simulator.services.reading import read_body

_T = TypeVar("_T")


class Services:
    """The four SOAP services and the HTTP API of a gateway.

    Args:
        gateway: The gateway, for its settings.
        handler: Handles the requests.
        executor: Runs the handler if a hook may wait, so that other requests go on meanwhile.
    """

    def __init__(self, gateway: Gateway, handler: RequestHandler, executor: Executor) -> None:
        self._gateway = gateway
        self._handler = handler
        self._executor = executor
        self._soap = {dialect: SoapService(dialect) for dialect in Dialect}
        self._http_api = HttpApiService()

    def routes(self) -> list[Route]:
        """Every path of every service."""
        soap = [Route(path, self._answer_soap, methods=["GET", "POST"]) for path in SERVICE_PATHS]
        http_api = [Route(path, self._answer_http) for path in (*PATHS, f"{COVERAGE_FOLDER}{{page}}")]
        for route in http_api:
            route.methods = {
                *MAX_HTTP_RECIPIENTS
            }  # Route itself would add HEAD, and a command must not be executed by it
        return [*soap, *http_api]

    async def _answer_soap(self, request: Request) -> Response:
        path = request.url.path
        dialect = SERVICE_PATHS[path]
        if request.method == "POST":
            return await self._answer(self._soap[dialect], request)
        address = f"{request.url.scheme}://{request.url.netloc}{path}"
        if any(name.lower() == "wsdl" for name in request.query_params):
            return Response(served_wsdl(dialect, path, address), media_type="text/xml; charset=utf-8")
        return PlainTextResponse(
            f"This is a simulated SMS gateway; no message leaves it. This service speaks SOAP 1.1 ({dialect}):"
            f" POST requests here, or fetch {address}?wsdl\n"
        )

    async def _answer_http(self, request: Request) -> Response:
        return await self._answer(self._http_api, request)

    async def _answer(self, service: GatewayService, request: Request) -> Response:
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # the caller is gone and cannot read it
        http_request = HttpRequest(
            request.method,
            request.scope["path"],
            bytes(request.scope["query_string"]),
            request.headers,
            body,
            request.client.host if request.client else None,
        )
        answer = await self._run(lambda: self._handler.answer(service, http_request))
        stopping = self._handler.stopping
        # A wait does not hold a thread: there may be more waits than threads.
        if isinstance(answer, DelayedAnswer):
            is_wanted = await pause(answer.seconds, stopping, request.is_disconnected)
            answer = await self._run(answer.resume if is_wanted else answer.give_up)
        if answer.wait and not await pause(answer.wait, stopping, request.is_disconnected):
            return NoResponse()
        return self._response(service, http_request, answer)

    async def _run(self, step: Callable[[], _T]) -> _T:
        # Without a hook nothing waits, and a change of threads costs more than most commands.
        if not self._handler.may_wait:
            return step()
        return await asyncio.get_running_loop().run_in_executor(self._executor, step)

    def _response(self, service: GatewayService, http_request: HttpRequest, answer: HttpAnswer) -> Response:
        if answer.ending == "reset":
            return NoResponse()
        if answer.ending == "cut":
            return CutResponse(answer.body, answer.status, dict(answer.headers))
        if answer.bytes_per_second:
            return SlowResponse(answer, self._handler.stopping)
        headers, body = dict(answer.headers), answer.body
        compressible = not answer.as_is and self._gateway.settings.gzip
        if compressible and service is self._soap[Dialect.DOCUMENT_LITERAL]:
            headers["vary"] = "accept-encoding"
            if accepts_gzip(http_request.headers.get("accept-encoding", "")):
                headers["content-encoding"] = "gzip"
                body = compress(body)
        return Response(body, answer.status, headers)
