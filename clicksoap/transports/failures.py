"""Translates the exceptions of libraries into TransportErrors that hold nothing of the request."""

import contextlib
import functools
import os
import re
import signal
import socket
import ssl
from typing import Final

from clicksoap.errors import ClicksoapError, TransportError, TransportLost, TransportTimeout
from clicksoap.transports.incoming import BrokenReply
from clicksoap.transports.lookup import NoThreadError
from clicksoap.transports.places import NoPlaceError

ErrorMapping = tuple[tuple[type[BaseException], ...], type[TransportError], str]

_LOST: Final = "the connection was lost"

_MAPPINGS: Final[tuple[ErrorMapping, ...]] = (
    ((NoPlaceError,), TransportTimeout, "all connections stayed in use until the time ran out"),
    ((NoThreadError,), TransportLost, "there is no thread to look up the host name in"),
    ((socket.gaierror,), TransportLost, "the host name cannot be found"),
    ((ssl.SSLError,), TransportError, "TLS failed"),
    ((TimeoutError,), TransportTimeout, "the time ran out"),
    ((ConnectionRefusedError,), TransportLost, "the connection was not accepted"),
    ((OSError,), TransportLost, _LOST),
    ((MemoryError,), TransportError, "there is no memory"),
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
        kind, what = TransportLost, _LOST
    if proxied and not may_have_left and kind is not TransportTimeout and not isinstance(error, ssl.SSLError):
        kind, what = TransportLost, "the proxy did not make the connection"
    if what == _LOST and not may_have_left:
        what = "the connection was not made"
    phase = "after the request began to leave" if may_have_left else "before anything left"
    return kind(
        f"{what}, {phase} ({_reason(error)})", may_have_left=may_have_left, retryable=kind is not TransportError
    )


def judged(
    error: BaseException, mappings: tuple[ErrorMapping, ...] = (), *, may_have_left: bool, proxied: bool
) -> TransportError:
    """Translate what ended an exchange, or raise it again if it is an interruption or an error of ours.

    An interruption (Ctrl-C, a cancellation, whatever a signal handler raises) passes unchanged, and is told in
    ``may_have_taken_effect`` whether anything of the request may have left.

    Args:
        error: The exception.
        mappings: What the exceptions of a library mean.
        may_have_left: Whether anything of the request may have left.
        proxied: Whether the way went through a proxy.
    """
    is_foreign = not isinstance(error, ClicksoapError)
    is_interruption = not isinstance(error, Exception) or raised_by_signal_handler(error)
    if is_foreign and is_interruption:
        with contextlib.suppress(AttributeError, TypeError):  # of an exception that takes no attributes
            error.may_have_taken_effect = may_have_left  # type: ignore[attr-defined]
        raise error
    if not is_foreign and not is_interruption:
        raise error
    # An error of ours that a signal handler raised speaks of the handler's own call.
    return translated(error, mappings, may_have_left=may_have_left, proxied=proxied)


def raised_by_signal_handler(error: BaseException) -> bool:
    """Whether an exception came out of a handler of a signal, and so has nothing to do with where it was met."""
    codes = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def _code_of(handler: object) -> object:
    while isinstance(handler, functools.partial):
        handler = handler.func
    return getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)


def _reason(error: BaseException) -> str:
    """The innermost cause in words that hold nothing of the request; those of libraries hold addresses and URLs."""
    inner = innermost(error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {getattr(inner, 'verify_message', 'no reason given')}"
    if isinstance(inner, ssl.SSLError):
        return getattr(inner, "reason", None) or type(inner).__name__
    if isinstance(inner, socket.gaierror):
        return inner.strerror or type(inner).__name__
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno)
    if isinstance(inner, BrokenReply):
        return str(inner)
    # http.client words a proxy's refusal in a plain OSError: "Tunnel connection failed: 407 ...".
    refusal = re.match(r"Tunnel connection failed: [0-9]{3}", str(inner)) if isinstance(inner, OSError) else None
    return refusal[0] if refusal else type(inner).__name__


def innermost(error: BaseException) -> BaseException:
    """The innermost cause of an exception."""
    seen: set[int] = set()
    found = error
    while id(found) not in seen and not isinstance(found, TimeoutError):  # whose cause is the way it was made
        seen.add(id(found))
        # Not __context__: it may be what the caller handles while it makes this call.
        found = found.__cause__ or wrapped(found) or found
    return found


def wrapped(error: BaseException) -> BaseException | None:
    """The exception that another one holds without being raised from it."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return next((arg for arg in error.args if isinstance(arg, BaseException)), None)
