"""Who is let in: callers that mean this machine, pages of the simulator itself, and people with the login.

A browser carries every page's requests to this machine, whether or not it is reached from elsewhere. Three things keep
strange pages out:

- A page whose name was made to lead here (DNS rebinding) is of the same origin as the simulator to its browser, but
  says its own name in ``Host``. So ``Host`` must be a loopback name or address, the address that is listened on, or a
  name that was allowed, such as the vendor's that an entry in the hosts file leads here.
  Where a login is needed, any name will do, such as that of a container: browsers keep a login for the name that it was
  given to, so a page of another name has none. The services need no login, but hold nothing that can be read without an
  account's credentials.
- Other pages can send requests without seeing the answers. Browsers say of those where they come from, and what comes
  from elsewhere may neither change anything nor speak to the services.
- Answers say of no other page that it may read them.
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

OPEN: Final = frozenset({"/livez", "/readyz"})
"""What needs no login: whoever watches over containers has none."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
_CHALLENGE: Final = {"www-authenticate": 'Basic realm="clicksoap simulator", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password for people."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """The login that is written ``user:password``.

        Raises:
            ValueError: It is not written so.
        """
        user, colon, password = text.partition(":")
        if not (user and colon and password):
            raise ValueError("login is a user and a password: give 'user:password'")
        return cls(user, password)

    def admits(self, authorization: str) -> bool:
        """Whether the header Authorization brings it."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        wanted = f"{self.user}:{self.password}".encode("utf-8", "surrogatepass")
        return secrets.compare_digest(given, wanted) and scheme.lower() == "basic"


class AccessControl:
    """The gate in front of the web application.

    Args:
        app: What is guarded.
        address: The address that is listened on.
        login: What people must bring; None for nothing.
        names: Further names that this machine goes by.
    """

    def __init__(self, app: ASGIApp, address: str, login: Login | None, names: Collection[str]) -> None:
        self._app = app
        self._names = {address, *(_name(each) for each in names)}
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        is_service = _is_service(path)
        if not self._knows(headers.get("host"), scope):
            words = "this Host is not this machine: use localhost, or start the simulator with this name among names="
            return _answer(path, Problem(421, words, "host"))
        if (is_service or scope["method"] not in _SAFE) and _is_foreign(headers):
            return _answer(path, Problem(403, "pages of other sites may not do this", "origin"))
        if self._login is None or is_service or path in OPEN or self._login.admits(headers.get("authorization", "")):
            return None
        return _answer(path, Problem(401, "a login is needed", "authorization"), _CHALLENGE)

    def _knows(self, host: str | None, scope: Scope) -> bool:
        if host is None:  # HTTP/1.0; no browser speaks that
            client = scope.get("client")
            return self._login is not None or (client is not None and _is_loopback(client[0]))
        name = _name(host)
        return self._login is not None or _is_loopback(name) or name in self._names


def _is_service(path: str) -> bool:
    """Whether a path is one of the gateway's own, which have credentials of their own."""
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
    """Whether a browser says that a page of another site asks."""
    origin = headers.get("origin")
    # The scheme is not compared: what ends TLS in front of the simulator is of the same site, but speaks plain HTTP.
    foreign = origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()
    return foreign or headers.get("sec-fetch-site") in _ELSEWHERE


def _answer(path: str, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    if path.startswith("/api/"):
        return json_response(problem.as_data(), problem.status, headers)
    return PlainTextResponse(f"{problem.message}\n", problem.status, headers)
