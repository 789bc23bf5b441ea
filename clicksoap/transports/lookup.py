"""The look-up of host names, with a time limit that the system's own look-up lacks."""

import _thread
import ipaddress
import socket
import threading
import time


class NoThreadError(OSError):
    """There is no thread to be had, as at the end of the interpreter."""


def is_address(host: str) -> bool:
    """Whether a host is an IP address, which needs no look-up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def addresses_of(host: str, port: int, limit: float, family: int) -> list[str]:
    """The IP addresses of a host, looked up in a thread: the system's look-up knows no limit, nor does Ctrl-C end it.

    Args:
        host: A name, or an address, which is returned as it is.
        port: The port to connect to.
        limit: When the wait ends, as a reading of ``time.monotonic``.
        family: ``socket.AF_INET`` for IPv4 addresses alone, ``socket.AF_UNSPEC`` for all.

    Raises:
        OSError: The name is not found, or not in time, or there is no thread to be had.
    """
    if is_address(host):
        return [host]
    found: list[str] = []
    failures: list[Exception] = []
    bell = threading.Lock()
    bell.acquire()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits
            failures.append(error)
        finally:
            bell.release()

    # Thread.start() waits for the thread to begin, under locks of its own, and an exception in between leaves them so.
    try:
        _thread.start_new_thread(look_up, ())
    except RuntimeError as error:
        raise NoThreadError from error
    if not bell.acquire(timeout=max(limit - time.monotonic(), 0)):
        raise TimeoutError("the name was not found in time")
    if failures:
        raise failures[0]
    if not found:
        raise OSError("the host has no address")
    return found
