"""A running simulator with its inbox, and whoever looks at it over a real socket."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from clicksoap.simulator import Message, Settings, Simulator

if TYPE_CHECKING:
    from .browsing import Visitor

FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
TO = "27821234567"
WHO = {"api_id": "123456", "user": "acme", "password": "5ecret"}
Called = tuple[str, Queue[dict[str, list[str]]]]
LATER = Settings(handed_on_after=timedelta(hours=1), received_after=timedelta(hours=2))


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    headers: dict[str, str]
    text: str


class Site:
    """The simulator as a browser without scripts meets it."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    @property
    def latest(self) -> Message:
        return self.sim.gateway.latest()[0]

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Page:
        connection = http.client.HTTPConnection(urlsplit(self.sim.origin).netloc, timeout=30)
        try:
            connection.request(method, path, body, {"Accept": "text/html,*/*;q=0.8", **(headers or {})})
            reply = connection.getresponse()
            told = {name.lower(): value for name, value in reply.getheaders()}
            return Page(reply.status, told, reply.read().decode())
        finally:
            connection.close()

    def get(self, path: str) -> Page:
        return self.ask("GET", path)

    def post(self, path: str, **fields: str) -> Page:
        own = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.sim.origin,
            "Sec-Fetch-Site": "same-origin",
        }
        return self.ask("POST", path, urlencode(fields).encode(), own)

    def page_of(self, message: Message) -> str:
        page = self.get(f"/messages/{message.id}")
        assert page.status == 200
        return page.text

    def send(self, *to: str, command: str = "sendmsg", **values: str) -> str:
        """A command by SOAP; ``from_`` says ``from``."""
        given = {**WHO, **values}
        content = "".join(f"<{name.strip('_')}>{escape(value)}</{name.strip('_')}>" for name, value in given.items())
        content += "".join(f"<to>{number}</to>" for number in to)
        envelope = (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            f'<x:{command} xmlns:x="urn:x">{content}</x:{command}></soap:Body></soap:Envelope>'
        )
        page = self.ask(
            "POST", "/soap/document_literal/webservice", envelope.encode(), {"Content-Type": "text/xml; charset=utf-8"}
        )
        assert page.status == 200
        return page.text


class Stream:
    """One stream, read event by event."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.reply = reply

    def next(self) -> dict[str, Any]:
        """The next event; heartbeats are passed over."""
        while True:
            line = self.reply.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return told

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(told := self.next()):
            pass
        return told


@contextmanager
def following(sim: Simulator, query: str) -> Iterator[Stream]:
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=10)
    connection.request("GET", f"/events?{query}", headers={"Accept": "text/event-stream"})
    reply = connection.getresponse()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert reply.headers["cache-control"] == "no-store"
    try:
        yield Stream(reply)
    finally:
        reply.close()
        connection.close()


@pytest.fixture
def called() -> Iterator[Called]:
    """A customer's server: its address, and the forms that it gets."""
    forms: Queue[dict[str, list[str]]] = Queue()

    class Customer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            forms.put(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode("latin-1")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called there
            pass

    server = HTTPServer(("127.0.0.1", 0), Customer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", forms
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(settings=LATER) as running:
        yield running


@pytest.fixture
def site(sim: Simulator) -> Site:
    return Site(sim)


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    path = program("chromium")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield started
        started.close()


@pytest.fixture
def visitor_of(browser: Browser) -> Iterator[Callable[[Simulator], "Visitor"]]:
    from .browsing import Visitor  # noqa: PLC0415 - it imports this module

    visitors: list[Visitor] = []

    def visit(sim: Simulator) -> Visitor:
        visitors.append(Visitor(browser, sim.origin))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.leave()
    assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture
def visitor(sim: Simulator, visitor_of: "Callable[[Simulator], Visitor]") -> "Visitor":
    return visitor_of(sim)
