"""Access control of callbacks: addresses, a secret path, Basic authentication, and limits of the head of a request.

The gateway signs nothing. These checks are all that tells its requests from those of others.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from clicksoap.callbacks.request import MAX_BODY, CallbackRequest, Reply
from clicksoap.errors import ConfigurationError
from clicksoap.secret import Secret

MAX_HEADERS: Final = 100
"""The maximum number of headers of a request."""

MAX_HEADER_BYTES: Final = 32 * 1024
"""The maximum size of all headers of a request."""

UNIX: Final = "unix"
"""The word for the other end of a Unix socket, which has no address."""

MIN_SECRET_PATH: Final = 16
"""The minimum number of characters of a secret path."""

MIN_PASSWORD: Final = 8
"""The minimum number of characters of a password."""

_FORBIDDEN: Final = Reply(403, "this address may not call here")
_NOT_FOUND: Final = Reply(404, "not found")
_UNAUTHORIZED: Final = Reply(
    401,
    "user or password is wrong",
    (*Reply(401, "").headers, ("WWW-Authenticate", 'Basic realm="callbacks", charset="UTF-8"')),
)
_NOT_ALLOWED: Final = Reply(405, "give GET or POST", (*Reply(405, "").headers, ("Allow", "GET, HEAD, POST")))
TOO_LARGE: Final = Reply(413, "the body is too large", (*Reply(413, "").headers, ("Connection", "close")))
"""The answer to a body over the limit."""

TOO_SLOW: Final = Reply(408, "the body took too long", (*Reply(408, "").headers, ("Connection", "close")))
"""The answer to a body that did not come within the time limit."""

_LONG_QUERY: Final = Reply(414, "the query is too long")
_HEADERS_TOO_LARGE: Final = Reply(431, "the headers are too large")

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network
Passwords = str | Secret | Iterable[str | Secret]
"""One password, or several of which each is right."""


def hidden(secret: str | Secret) -> Secret:
    """A text as a secret."""
    return secret if isinstance(secret, Secret) else Secret(secret)


def hidden_users(users: Mapping[str, Passwords]) -> dict[str, tuple[Secret, ...]]:
    """The users with each password as a secret."""
    return {
        user: (hidden(each),) if isinstance(each, str | Secret) else tuple(map(hidden, each))
        for user, each in users.items()
    }


class AccessControl:
    """Decides by the head of a request whether it may come in.

    Args:
        users: The users of Basic authentication, each with the passwords that are right; empty for none. A password
            has at least 8 characters.
        secret_path: The end of the path; empty for any path.
        allow: The addresses and networks that may call; empty for all.
        trusted_proxies: The addresses and networks of reverse proxies, and ``unix``, whose ``X-Forwarded-For`` is true.
        max_body: The maximum size of a body in bytes.

    Raises:
        ConfigurationError: An argument is not of its form.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, tuple[Secret, ...]],
        secret_path: Secret,
        allow: Iterable[str],
        trusted_proxies: Iterable[str],
        max_body: int,
    ) -> None:
        self._key = secrets.token_bytes(32)
        _check_users(users)
        if _is_guessable(secret_path):
            raise ConfigurationError(
                f"secret_path is too easy to guess: give at least {MIN_SECRET_PATH} characters that begin with a slash"
            )
        self._path_size = len(_encoded(secret_path))
        self._path_digest = self._digest(_encoded(secret_path))
        self._logins = [
            self._digest(f"{user}:{password.reveal()}".encode(encoding, "replace"))
            for user, passwords in users.items()
            for password in passwords
            for encoding in ("utf-8", "latin-1")  # callers differ (RFC 7617)
        ]
        self._allow, _ = _networks(allow, "allow")
        self._proxies, self._is_unix_trusted = _networks(trusted_proxies, "trusted_proxies")
        self._max_body = max_body

    @property
    def is_open(self) -> bool:
        """True if everybody may call."""
        return not (self._logins or self._path_size or self._allow)

    def refusal(self, request: CallbackRequest) -> Reply | None:
        """The answer to a request that may not come in; None for one that may. Its body is not read."""
        if self._allow and (request.is_peer_replaced or not _is_in(self.caller(request), self._allow)):
            return _FORBIDDEN
        if self._path_size and not self._is_secret_path(request.path):
            return _NOT_FOUND
        if self._logins and not self._is_login(request.headers.get("authorization", "")):
            return _UNAUTHORIZED
        return self._refusal_of_head(request)

    def _refusal_of_head(self, request: CallbackRequest) -> Reply | None:
        headers = request.headers
        if request.method not in {"GET", "HEAD", "POST"}:
            return _NOT_ALLOWED
        if len(headers) > MAX_HEADERS or sum(map(len, headers)) + sum(map(len, headers.values())) > MAX_HEADER_BYTES:
            return _HEADERS_TOO_LARGE
        if len(request.query) > MAX_BODY:
            return _LONG_QUERY
        return self.refusal_of_length(headers.get("content-length", "0"))

    def refusal_of_length(self, length: str) -> Reply | None:
        """The answer to a Content-Length, or to the size of a body, that is over the limit; None for others."""
        if len(length) > len(str(self._max_body)) + 8 or not (length.isascii() and length.isdigit()):
            return TOO_LARGE
        return TOO_LARGE if int(length) > self._max_body else None

    def _digest(self, secret: bytes) -> bytes:
        """A keyed digest, so that neither a comparison nor the memory tells the secret."""
        return hashlib.blake2b(secret, key=self._key, digest_size=32).digest()

    def _is_secret_path(self, path: str) -> bool:
        end = path.encode("utf-8", "replace")[-self._path_size :]
        return hmac.compare_digest(self._digest(end), self._path_digest)

    def _is_login(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = self._digest(base64.b64decode(encoded.strip(), validate=True))
        except (binascii.Error, ValueError):
            return False
        # Every login is compared, whichever one is right.
        return (sum([hmac.compare_digest(given, login) for login in self._logins]) > 0) & (scheme.lower() == "basic")

    def caller(self, request: CallbackRequest) -> IPv4Address | IPv6Address | None:
        """The address of the first machine in front of the trusted proxies; None if it is unknown."""
        caller = _address(request.peer or "")
        if not (self._is_unix_trusted if request.peer is None else _is_in(caller, self._proxies)):
            return caller
        for forwarded in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            if not forwarded.strip():
                break
            caller = _address(forwarded.strip())
            if not _is_in(caller, self._proxies):
                break
        return caller


def _check_users(users: Mapping[str, tuple[Secret, ...]]) -> None:
    for user, passwords in users.items():
        if ":" in user:
            raise ConfigurationError("a user of users holds a colon: give a name without one (RFC 7617)")
        if not passwords or any(len(password.reveal()) < MIN_PASSWORD for password in passwords):
            raise ConfigurationError(
                f"a password of users is missing or easy to guess: give at least {MIN_PASSWORD} characters"
            )


def _encoded(path: Secret) -> bytes:
    return path.reveal().encode("utf-8", "replace")


def _is_guessable(path: Secret) -> bool:
    size = len(_encoded(path))
    return 0 < size < MIN_SECRET_PATH or (size > 0 and not path.reveal().startswith("/"))


def _networks(given: Iterable[str], argument: str) -> tuple[list[_Network], bool]:
    """The networks, and whether the word for Unix sockets stood among them."""
    if isinstance(given, str):
        raise ConfigurationError(f"{argument} is a str: give a list of addresses and networks")
    words = list(given)
    try:
        return [ip_network(each) for each in words if each != UNIX], UNIX in words
    except ValueError:
        raise ConfigurationError(
            f"{argument} holds no address: give addresses and networks such as 10.0.0.0/8"
        ) from None


def _address(text: str) -> _Address | None:
    """An address, also in the forms ``address:port`` and ``[address]:port``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: _Address | None, networks: Iterable[_Network]) -> bool:
    return address is not None and any(address in network for network in networks)
