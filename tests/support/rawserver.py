"""A server of raw sockets that answers whatever a test scripts: right, wrong, slow, cut off or not at all."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Received:
    """One request as it came.

    Attributes:
        head: Request line and headers.
        body: The body.
        connection: Which connection it came over, counted from 0.
    """

    head: bytes
    body: bytes
    connection: int


Answer = Callable[[socket.socket, Received], None]
"""Writes a reply, or misbehaves; raise `Hangup` to close the connection, anything else is a failure of the test."""


class Hangup(Exception):  # noqa: N818 - an instruction
    """Close the connection after this."""


def reply(
    body: bytes,
    status: str = "200 OK",
    content_type: str = "text/xml; charset=utf-8",
    headers: tuple[str, ...] = (),
) -> bytes:
    """A complete HTTP reply."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answering(data: bytes) -> Answer:
    """An answer that is always these bytes, keeping the connection."""

    def answer(connection: socket.socket, _: Received) -> None:
        connection.sendall(data)

    return answer


@dataclass
class RawServer:
    """Listens on a free port of loopback before it is entered; one thread per connection.

    Attributes:
        answer: What is done with each request.
        tls: A server context, for https.
        on_connect: Called with each new connection before anything is read (and before TLS).
        requests: Every request that arrived whole.
        connections: How many connections were accepted.
    """

    answer: Answer
    tls: ssl.SSLContext | None = None
    on_connect: Callable[[socket.socket], None] | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.closing = threading.Event()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.failures and error is None:
            raise self.failures[0]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        raw = connection
        try:
            if self.on_connect is not None:
                self.on_connect(connection)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            while (received := _read_request(connection, number)) is not None:
                self.requests.append(received)
                self.answer(connection, received)
        except (OSError, Hangup):
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the test when the server is left
            self.failures.append(error)
        finally:
            for each in {connection, raw}:
                self._open.discard(each)
                each.close()


def _read_request(connection: socket.socket, number: int) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length:\s*(\d+)", head, re.MULTILINE)
    wanted = int(length[1]) if length else 0
    while len(body) < wanted:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Received(head, body, number)
