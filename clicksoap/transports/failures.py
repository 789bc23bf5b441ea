"""Translates the exceptions of libraries into TransportErrors that hold nothing of the request."""

import os
import re
import socket
import ssl
from typing import Final

from clicksoap.errors import TransportError, TransportLost, TransportTimeout
from clicksoap.transports.incoming import BrokenReply

ErrorMapping = tuple[tuple[type[BaseException], ...], type[TransportError], str]

_MAPPINGS: Final[tuple[ErrorMapping, ...]] = (
    ((socket.gaierror,), TransportLost, "the host name cannot be found"),
    ((ssl.SSLError,), TransportError, "TLS failed"),
    ((TimeoutError,), TransportTimeout, "the time ran out"),
    ((ConnectionRefusedError,), TransportLost, "the connection was not accepted"),
    ((OSError,), TransportLost, "the connection was lost"),
    ((BaseException,), TransportError, "the request could not be made"),
)


def translated(
    error: BaseException, mappings: tuple[ErrorMapping, ...] = (), *, may_have_left: bool, proxied: bool
) -> TransportError:
    """Translate a library's exception into a TransportError.

    Args:
        error: The exception.
        mappings: What the exceptions of a library mean.
        may_have_left: Whether anything of the request may have left.
        proxied: Whether the way went through a proxy, which then is what made no connection.
    """
    kind, what = next((kind, what) for foreign, kind, what in (*mappings, *_MAPPINGS) if isinstance(error, foreign))
    inner = innermost(error)
    if kind is TransportLost and isinstance(inner, TimeoutError):
        kind, what = TransportTimeout, "the time ran out"
    elif isinstance(inner, ssl.SSLEOFError | ssl.SSLZeroReturnError):  # it ended; TLS has nothing against it
        kind, what = TransportLost, "the connection was lost"
    if proxied and not may_have_left and kind is not TransportTimeout and not isinstance(error, ssl.SSLError):
        kind, what = TransportLost, "the proxy did not make the connection"
    phase = "after the request began to leave" if may_have_left else "before anything left"
    return kind(
        f"{what}, {phase} ({_reason(error)})", may_have_left=may_have_left, retryable=kind is not TransportError
    )


def _reason(error: BaseException) -> str:
    """The innermost cause in words that hold nothing of the request; those of libraries hold addresses and URLs."""
    inner = innermost(error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {inner.verify_message}"
    if isinstance(inner, ssl.SSLError):
        return inner.reason or type(inner).__name__
    if isinstance(inner, socket.gaierror):
        return inner.strerror or type(inner).__name__
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno)
    if isinstance(inner, BrokenReply):
        return str(inner)
    # http.client words a proxy's refusal in a plain OSError: "Tunnel connection failed: 407 ...".
    refusal = re.match(r"Tunnel connection failed: [0-9]{3}", str(inner))
    return refusal[0] if refusal else type(inner).__name__


def innermost(error: BaseException) -> BaseException:
    """The innermost cause of an exception."""
    seen: set[int] = set()
    found = error
    while id(found) not in seen and not isinstance(found, TimeoutError):  # whose cause is the way it was made
        seen.add(id(found))
        context = None if found.__suppress_context__ else found.__context__
        found = found.__cause__ or context or wrapped(found) or found
    return found


def wrapped(error: BaseException) -> BaseException | None:
    """The exception that another one holds without being raised from it."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return next((arg for arg in error.args if isinstance(arg, BaseException)), None)
