"""Access control of the web application: checks Host, Origin and the login of each request.

A browser carries the requests of every page to this machine, even if nothing else can reach it. Three checks keep pages
of other sites out:

- DNS rebinding: a page whose name was made to resolve to this machine has the same origin as the simulator. But its
  requests have its own name in ``Host``. So ``Host`` must be a loopback name or address, the address that the server
  listens on, or an allowed name (``names=``), such as the vendor's name in the hosts file.
  With a login, every name is allowed, such as the name of a container: a browser sends the login only to the name for
  which it was entered. The services need no login, but they show nothing without the credentials of an account.
- Cross-site requests: other pages can send requests without reading the answers. Browsers state the origin of such
  requests. A request from another site may not change anything and may not use the services.
- Answers do not allow other pages to read them.
"""

import base64
import binascii
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Self

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.api.web import json_response
from clicksoap.simulator.front.http_api import COVERAGE_FOLDER, PATHS

PATHS_WITHOUT_LOGIN: Final = frozenset({"/livez", "/readyz"})
"""The paths without login: health checks of containers have none."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_SITES: Final = frozenset({"cross-site", "same-site"})
_CHALLENGE: Final = {"www-authenticate": 'Basic realm="clicksoap simulator", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class WebLogin:
    """The login for the inbox and the API.

    Attributes:
        user: The user.
        password: The password; hidden in the repr.
    """

    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse a login of the form ``user:password``.

        Raises:
            ValueError: The text has another form.
        """
        user, colon, password = text.partition(":")
        if not (user and colon and password):
            raise ValueError("login is incomplete: give 'user:password'")
        return cls(user, password)

    def matches(self, authorization: str) -> bool:
        """True if the header ``Authorization`` holds this login."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        expected = f"{self.user}:{self.password}".encode("utf-8", "surrogatepass")
        return secrets.compare_digest(given, expected) and scheme.lower() == "basic"


class AccessControl:
    """Middleware that refuses requests with status 401, 403 or 421.

    Args:
        app: The web application behind it.
        address: The address that the server listens on.
        login: The login for the inbox and the API; None if none is needed.
        names: More host names that requests may use.
    """

    def __init__(self, app: ASGIApp, address: str, login: WebLogin | None, names: Collection[str]) -> None:
        self._app = app
        self._names = {address, *(_name(each) for each in names)}
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        is_service = _is_service(path)
        if not self._is_allowed_host(headers.get("host"), scope):
            words = "this Host is not this machine: use localhost, or start the simulator with --name (names=)"
            return _answer(path, Problem(421, words, "host"))
        if (is_service or scope["method"] not in _SAFE_METHODS) and _is_foreign(headers):
            return _answer(
                path,
                Problem(
                    403,
                    "pages of other sites may not send this request: send it from this site or from a program",
                    "origin",
                ),
            )
        if (
            self._login is None
            or is_service
            or path in PATHS_WITHOUT_LOGIN
            or self._login.matches(headers.get("authorization", ""))
        ):
            return None
        return _answer(
            path,
            Problem(
                401,
                "a login is needed: give the user and password of the simulator by Basic authentication",
                "authorization",
            ),
            _CHALLENGE,
        )

    def _is_allowed_host(self, host: str | None, scope: Scope) -> bool:
        if host is None:  # HTTP/1.0, which browsers do not use
            client = scope.get("client")
            return self._login is not None or (client is not None and _is_loopback(client[0]))
        name = _name(host)
        return self._login is not None or _is_loopback(name) or name in self._names


def _is_service(path: str) -> bool:
    """True for the paths of the gateway's services, which check the credentials of accounts."""
    return path in SERVICE_PATHS or path in PATHS or path.startswith(COVERAGE_FOLDER)


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def _is_loopback(name: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        # Browsers resolve such names themselves, and to nothing else (RFC 6761).
        return name == "localhost" or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_foreign(headers: Headers) -> bool:
    """True if a browser states that a page of another site sent the request."""
    origin = headers.get("origin")
    # The scheme is not compared: a proxy that ends TLS is the same site, but speaks plain HTTP to the simulator.
    foreign = origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()
    return foreign or headers.get("sec-fetch-site") in _FOREIGN_SITES


def _answer(path: str, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    if path.startswith("/api/"):
        return json_response(problem.as_data(), problem.status, headers)
    return PlainTextResponse(f"{problem.message}\n", problem.status, headers)
