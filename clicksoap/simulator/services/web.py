"""The HTTP routes of the services: read requests off the wire, and write answers to it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from clicksoap.contract import MAX_HTTP_RECIPIENTS, SERVICE_PATHS, Dialect
from clicksoap.simulator.front.compression import accepts_gzip, compress
from clicksoap.simulator.front.http_api import COVERAGE_FOLDER, PATHS, HttpApiService, path_refusal
from clicksoap.simulator.front.http_values import MAX_BODY, DelayedAnswer, HttpAnswer, HttpRequest
from clicksoap.simulator.front.reasons import Refusal, refusal
from clicksoap.simulator.front.soap import SoapService
from clicksoap.simulator.front.unknown import UnknownService
from clicksoap.simulator.front.wsdl import served_wsdl
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.services.connection import CutResponse, NoResponse, SlowResponse, pause
from clicksoap.simulator.services.handler import GatewayService, RequestHandler
from clicksoap.simulator.services.reading import read_body

_T = TypeVar("_T")

_LARGE: Final = 32 * 1024
_XML: Final = {"content-type": "text/xml; charset=utf-8"}
_PLAIN: Final = {"content-type": "text/plain; charset=utf-8"}
_NOT_RECORDED: Final = frozenset({"/favicon.ico", "/robots.txt"})
"""The paths that browsers ask for by themselves."""


class Services:
    """The four SOAP services and the HTTP API of a gateway.

    Args:
        gateway: The gateway, for its settings.
        handler: Handles the requests.
        executor: Runs the handler if a hook may wait, so that other requests go on meanwhile.
        large_executor: Runs the handler for large requests, so that small ones go on meanwhile.
    """

    def __init__(self, gateway: Gateway, handler: RequestHandler, executor: Executor, large_executor: Executor) -> None:
        self._gateway = gateway
        self._handler = handler
        self._executor = executor
        self._large_executor = large_executor
        self._unknown = UnknownService()
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
            answer = HttpAnswer(200, _XML, served_wsdl(dialect, path, address), shown=b"(the WSDL)")
        else:
            words = (
                f"This is a simulated SMS gateway; no message leaves it. This service speaks SOAP 1.1 ({dialect}):"
                f" POST requests here, or fetch {address}?wsdl\n"
            )
            answer = HttpAnswer(200, _PLAIN, words.encode())
        self._handler.record(self._soap[dialect], _http_request(request, b""), answer, None)
        return Response(answer.body, answer.status, dict(answer.headers))

    async def answer_unserved(self, request: Request, error: Exception) -> Response:
        """Answer and record a request for a path, or with a method, that the simulator does not serve.

        Args:
            request: The request.
            error: The web framework's error, with the status and the headers of the answer.
        """
        status = error.status_code if isinstance(error, HTTPException) else 404
        words = error.detail if isinstance(error, HTTPException) else "Not Found"
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        try:
            http_request = _http_request(request, await read_body(request))
        except ClientDisconnect:
            return Response(status_code=400)
        answer = HttpAnswer(status, {**_PLAIN, **headers}, words.encode())
        if http_request.path not in _NOT_RECORDED:
            why = _unserved(http_request, status, headers.get("Allow", ""))
            step = partial(self._handler.record, self._unknown, http_request, answer, why)
            await self._run(step, len(http_request.body))
        return PlainTextResponse(words, status, headers)

    async def _answer_http(self, request: Request) -> Response:
        return await self._answer(self._http_api, request)

    async def _answer(self, service: GatewayService, request: Request) -> Response:
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # the caller is gone and cannot read it
        http_request = _http_request(request, body)
        size = len(body) + len(http_request.query)
        if "content-encoding" in http_request.headers:
            size = MAX_BODY  # its size is known only when it is expanded
        answer = await self._run(lambda: self._handler.answer(service, http_request), size)
        stopping = self._handler.stopping
        # A wait does not hold a thread: there may be more waits than threads.
        if isinstance(answer, DelayedAnswer):
            is_wanted = await pause(answer.seconds, stopping, request.is_disconnected)
            answer = await self._run(answer.resume if is_wanted else answer.give_up, size)
        if answer.wait and not await pause(answer.wait, stopping, request.is_disconnected):
            return NoResponse()
        return self._response(service, http_request, answer)

    async def _run(self, step: Callable[[], _T], size: int) -> _T:
        # Without a hook nothing waits, and a change of threads costs more than most commands. Only large requests take
        # so long that others would notice.
        if self._handler.may_wait:
            return await asyncio.get_running_loop().run_in_executor(self._executor, step)
        if size > _LARGE:
            return await asyncio.get_running_loop().run_in_executor(self._large_executor, step)
        return step()

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


def _http_request(request: Request, body: bytes) -> HttpRequest:
    return HttpRequest(
        request.method,
        request.scope["path"],
        bytes(request.scope["query_string"]),
        request.headers,
        body,
        request.client.host if request.client else None,
    )


def _unserved(request: HttpRequest, status: int, allowed: str) -> Refusal:
    """The reason of a request that the simulator does not serve."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        is_service = request.path in SERVICE_PATHS or request.path in PATHS
        mend = (
            f"send {', '.join(sorted(allowed.split(', ')))}"
            if is_service
            else f"send to a service, such as {next(iter(SERVICE_PATHS))}"
        )
        return refusal(str(status), "", f"the path does not have the method {request.method}", mend, value=request.path)
    return path_refusal(request.path)
