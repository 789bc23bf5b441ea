"""Clients over every binding, the simulator, a server of raw sockets that is scripted, and a relay between the two."""

import contextlib
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs

import pytest
from rawserver import Hangup, RawServer, Received, command, envelope, reply, values

from clicksoap import Client, Timeout
from clicksoap.simulator import Simulator


class Script:
    """An `Answer` that reads from a script, over any binding.

    Args:
        binding: What the client speaks.
        answers: For each command what to answer in turn, the last one for ever: reply lines (a str, or a tuple of
            them), a whole reply (bytes), or an `Answer`. A command without any is answered as in good health.

    Attributes:
        arrivals: How often each command arrived.
        parameters: Of each arrival in order: the command and its parameters; what has one value is a list of one.
    """

    def __init__(self, binding: str, **answers: Any) -> None:
        self._binding = binding
        self._answers = {name: each if isinstance(each, list) else [each] for name, each in answers.items()}
        self.arrivals: Counter[str] = Counter()
        self.parameters: list[tuple[str, dict[str, list[str]]]] = []
        self._sent = 0
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, received: Received) -> None:
        """Answer a request."""
        name, parameters = self._read(received)
        with self._lock:
            self.arrivals[name] += 1
            self.parameters.append((name, parameters))
            script = self._answers.get(name, [])
            answer = script[min(self.arrivals[name], len(script)) - 1] if script else self.usual(name, parameters)
        if callable(answer):
            answer(connection, received)
        else:
            connection.sendall(answer if isinstance(answer, bytes) else self.said(answer))

    def of(self, name: str) -> list[dict[str, list[str]]]:
        """The parameters of every arrival of a command."""
        return [parameters for asked, parameters in self.parameters if asked == name]

    def said(self, lines: str | tuple[str, ...]) -> bytes:
        """A reply of these lines."""
        lines = (lines,) if isinstance(lines, str) else lines
        if self._binding == "http":
            return reply("\n".join(lines).encode("latin-1"), content_type="text/plain")
        return reply(envelope(*lines))

    def usual(self, name: str, parameters: dict[str, list[str]]) -> str | tuple[str, ...]:
        """What a gateway in good health says; every message has the number of its arrival as id."""
        match name:
            case "auth":
                return "OK: 5e55104d5e55104d5e55104d5e55104d"
            case "sendmsg" | "si_push" | "ind_push":
                numbers = parameters["to"]
                self._sent += len(numbers)
                first = self._sent - len(numbers) + 1
                return tuple(f"ID: {first + index:032x} To: {number}" for index, number in enumerate(numbers))
            case "querymsg":
                return f"ID: {7:032x} Status: 004"
            case "getbalance":
                return "Credit: 12.300"
            case _:
                return "OK:"

    def _read(self, received: Received) -> tuple[str, dict[str, list[str]]]:
        if self._binding == "http":
            path, _, query = received.head.split()[1].decode().partition("?")
            name = path.rpartition("/")[2].removesuffix(".php")
            fields = parse_qs(query or received.body.decode(), keep_blank_values=True, encoding="latin-1")
            if "to" in fields:
                fields["to"] = fields["to"][0].split(",")
            return name.lower(), fields
        names = re.findall(r"<(\w+)(?: [^>]*)?>", received.body.decode())
        return command(received).lower(), {name: values(received, name) for name in names}


class Relay:
    """An `Answer` that hands every request on to a simulator, but for what a test takes out.

    Attributes:
        swallow: Asked with each request whether it is lost on its way; its connection then breaks.
        swallowed: The requests that were.
        after: Called after each reply came back from the simulator, before it goes out.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.swallow: Callable[[Received], bool] = lambda _: False
        self.after: Callable[[Received], None] = lambda _: None
        self.swallowed: list[Received] = []

    def __call__(self, connection: socket.socket, received: Received) -> None:
        """Hand a request on."""
        if self.swallow(received):
            self.swallowed.append(received)
            raise Hangup
        answer = self.deliver(received)
        self.after(received)
        if not answer:
            raise Hangup
        connection.sendall(answer)

    def deliver(self, received: Received) -> bytes:
        """The simulator's reply; empty if its connection breaks."""
        host, _, port = self._simulator.origin.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as onward:
            onward.sendall(received.head + b"\r\n\r\n" + received.body)
            data = b""
            with contextlib.suppress(ConnectionError):
                while not _is_whole(data) and (chunk := onward.recv(65536)):
                    data += chunk
        return data


def _is_whole(data: bytes) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *([0-9]+)", head)
    return bool(blank and length and len(body) >= int(length[1]))


@pytest.fixture(params=["document_literal", "rpc_encoded", "http"])
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def connect(binding: str) -> Iterator[Callable[..., Client]]:
    """Makes clients and closes them when the test ends."""
    with ExitStack() as stack:

        def make(endpoint: str, **named: Any) -> Client:
            settings = {"timeout": Timeout(connect=5, read=5, total=10), **named}
            client: Client = Client(123456, "acme", "secret", endpoint=endpoint, binding=binding, **settings)  # type: ignore[arg-type]
            return stack.enter_context(client)

        yield make


@pytest.fixture
def sms(connect: Callable[..., Client], gateway: Simulator) -> Client:
    return connect(gateway.origin)


@pytest.fixture
def scripted(binding: str, connect: Callable[..., Client]) -> Iterator[Callable[..., tuple[Client, Script]]]:
    """Makes a client of a scripted server; takes the script as in `Script`, and the client's settings in a dict."""
    with ExitStack() as stack:

        def make(settings: dict[str, Any] | None = None, **answers: Any) -> tuple[Client, Script]:
            script = Script(binding, **answers)
            server = stack.enter_context(RawServer(script))
            return connect(server.origin, **(settings or {})), script

        yield make


@pytest.fixture
def relayed(gateway: Simulator, connect: Callable[..., Client]) -> Iterator[tuple[Client, Relay]]:
    """A client of the simulator, behind a relay."""
    relay = Relay(gateway)
    with RawServer(relay) as server:
        yield connect(server.origin), relay


@pytest.fixture
def is_send(binding: str) -> Callable[[Received], bool]:
    """Whether a request is a sendmsg."""

    def asked(received: Received) -> bool:
        return b"/http/sendmsg" in received.head if binding == "http" else command(received) == "sendmsg"

    return asked
