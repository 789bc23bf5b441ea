"""A server of raw sockets that answers whatever a test scripts: right, wrong, slow, cut off or not at all."""

import contextlib
import re
import socket
import ssl
import struct
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self
from xml.sax.saxutils import escape, unescape


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


class Hangup(Exception):
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


def envelope(*lines: str) -> bytes:
    """The envelope that answers a command with these lines, for either dialect: no reader looks at its names."""
    returned = "".join(f"<return>{escape(line)}</return>" for line in lines)
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soap:Body><response>{returned}</response></soap:Body></soap:Envelope>"
    ).encode()


def command(received: Received) -> str:
    """The name of the command that a request asks for."""
    found = re.search(rb"Body><ns1:(\w+)", received.body)
    return found[1].decode() if found else ""


def values(received: Received, name: str) -> list[str]:
    """What a request holds under the name of a parameter; the items of an array one by one."""
    name_ = re.escape(name.encode())
    found = re.findall(rb"<%b(?: [^>]*)?>(.*?)</%b>" % (name_, name_), received.body, re.DOTALL)
    items = [item for part in found for item in re.findall(rb"<item[^>]*>(.*?)</item>", part) or [part]]
    return [unescape(item.decode()) for item in items]


def message_id(number: str) -> str:
    """The id that `Gateway` gives the message to a number."""
    return f"{int(number):032x}"


def reset(connection: socket.socket) -> NoReturn:
    """Drop a connection with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Hangup


@dataclass
class Gateway:
    """An `Answer` that speaks enough of the contract for a client to work.

    Attributes:
        answers: What a command is answered with instead of the usual.
        headers: Headers of every usual reply.
        sessions: The ids of the sessions that were opened, in order.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    sessions: list[str] = field(default_factory=list)

    def __call__(self, connection: socket.socket, received: Received) -> None:
        """Answer a request."""
        self.answers.get(command(received), self.usual)(connection, received)

    def usual(self, connection: socket.socket, received: Received) -> None:
        """Answer as a gateway in good health does."""
        connection.sendall(reply(envelope(*self._lines(received)), headers=self.headers))

    def _lines(self, received: Received) -> list[str]:
        match command(received):
            case "auth":
                self.sessions.append(uuid.uuid4().hex)
                return [f"OK: {self.sessions[-1]}"]
            case "sendmsg":
                return [f"ID: {message_id(number)} To: {number}" for number in values(received, "to")]
            case "querymsg":
                return [f"ID: {values(received, 'apimsgid')[0]} Status: 004"]
            case "getbalance":
                return ["Credit: 12.300"]
            case _:
                return ["OK:"]


def tunnel(connection: socket.socket, received: Received) -> None:
    """Do what a CONNECT asks a proxy for; whatever host it names, it is on loopback."""
    port = int(received.head.split()[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as onward:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(onward, connection))
        back.start()
        _pump(connection, onward)
        back.join()
    raise Hangup


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def deaf(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """The port of a listener whose queue is full, so that nobody can connect any more."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.settimeout(0)
            filling.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


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
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.closing = threading.Event()

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
        self.stop_listening()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.failures and error is None:
            raise self.failures[0]

    def stop_listening(self) -> None:
        """Refuse new connections from now on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

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
    data = bytearray()
    searched = 0
    while data.find(b"\r\n\r\n", searched) < 0:
        searched = max(0, len(data) - 3)  # heads of megabytes are not searched from their start each time
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length:\s*(\d+)", head, re.MULTILINE)
    wanted = int(length[1]) if length else 0
    while len(body) < wanted:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Received(head, body, number)
