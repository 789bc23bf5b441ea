"""Gateways that let their callers down in ways that more than one facade has to bear."""

import socket
import threading
from collections import Counter
from collections.abc import Callable

from rawserver import Gateway, Hangup, Received, command, envelope, reply, values

Drop = Callable[[socket.socket], None]

EXPIRED = reply(envelope("ERR: 003, Session ID expired"))


def finish(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)
    raise Hangup


class Dropping:
    """A gateway that drops each connection once the client has read the reply, and says when it did.

    A RST throws away what the peer has not read yet, so it must not come at once.
    """

    def __init__(self, drop: Drop) -> None:
        self.read, self.dropped = threading.Semaphore(0), threading.Semaphore(0)
        self._gateway = Gateway()
        self._drop = drop

    def __call__(self, connection: socket.socket, received: Received) -> None:
        self._gateway(connection, received)
        self.read.acquire(timeout=10)
        try:
            self._drop(connection)
        finally:
            self.dropped.release()


class Dying:
    """A gateway whose sessions die after so many uses."""

    def __init__(self, uses: int) -> None:
        self.gateway = Gateway()
        self.refused: set[str] = set()
        self._left: Counter[str] = Counter()
        self._uses = uses
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, received: Received) -> None:
        if command(received) == "auth":
            self.gateway(connection, received)
            return
        (session,) = values(received, "session_id")
        with self._lock:
            self._left[session] += 1
            dead = self._left[session] > self._uses
            if dead:
                self.refused.add(session)
        if dead:
            connection.sendall(EXPIRED)
        else:
            self.gateway(connection, received)
