"""Meanings of the exceptions of requests and urllib3: the error of ours, and whether anything left before them."""

import http.client
import ssl
from typing import Final

import requests
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from clicksoap.errors import TransportError, TransportLost, TransportTimeout
from clicksoap.transports.failures import ErrorMapping, wrapped

MAPPINGS: Final[tuple[ErrorMapping, ...]] = (
    ((EmptyPoolError,), TransportTimeout, "all connections stayed in use until the time ran out"),
    ((NameResolutionError,), TransportLost, "the host name cannot be found"),
    ((NewConnectionError,), TransportLost, "the connection was not accepted"),
    ((ConnectTimeoutError, requests.ConnectTimeout), TransportTimeout, "the connection did not stand in time"),
    ((ProxyError, requests.exceptions.ProxyError), TransportLost, "the proxy did not make the connection"),
    ((SSLError, requests.exceptions.SSLError), TransportError, "TLS failed"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout), TransportTimeout, "the time ran out"),
    ((HTTPError, http.client.HTTPException, requests.ConnectionError), TransportLost, "the connection was lost"),
    ((requests.RequestException,), TransportError, "the request could not be made"),
)

_BEFORE_A_CONNECTION: Final[tuple[type[BaseException], ...]] = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.MissingSchema,
    LocationParseError,
)
_WHILE_CONNECTING: Final[tuple[type[BaseException], ...]] = (
    ConnectTimeoutError,
    NewConnectionError,
    EmptyPoolError,
    ssl.SSLCertVerificationError,
    requests.ConnectTimeout,
)
_AFTER: Final[tuple[type[BaseException], ...]] = (
    ProtocolError,
    ReadTimeoutError,
    requests.ReadTimeout,
    requests.exceptions.ChunkedEncodingError,
)
# http.client's words for a proxy that refuses, and requests' for files of certificates that are not there.
_SAID_WHILE_CONNECTING: Final = ("Tunnel connection failed", "Could not find ")
_LONGEST_CHAIN: Final = 8


def may_have_left(error: BaseException, *, is_tried_once: bool) -> bool:
    """Whether a failure of a session may have come after bytes left; in doubt it may.

    Args:
        error: The failure.
        is_tried_once: Whether the session's adapter tries once. Else an earlier try of the same may have left.
    """
    inner: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if inner is None or isinstance(inner, _AFTER):
            break
        if isinstance(inner, _BEFORE_A_CONNECTION):
            return False
        if isinstance(inner, _WHILE_CONNECTING) or str(inner).startswith(_SAID_WHILE_CONNECTING):
            return not is_tried_once
        # Not __context__: that may be the failure of another request, such as that of a session for a token.
        inner = wrapped(inner) or inner.__cause__
    return True
