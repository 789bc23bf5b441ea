"""A running simulator, a plain HTTP caller, and a word on programs that a machine may lack."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from clicksoap.contract import Dialect
from clicksoap.simulator import Simulator

DOCUMENT = "/soap/document_literal/webservice"
RPC = "/soap/webservice_vs.php"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def lines(self) -> list[str]:
        """The strings that came back, whichever dialect brought them."""
        assert self.status == 200, self.body
        found = etree.fromstring(self.body).find(".//return")
        assert found is not None
        parent = found if len(found) else found.getparent()
        assert parent is not None
        return [each.text or "" for each in parent]

    @property
    def text_lines(self) -> list[str]:
        """The lines that came back from the HTTP API."""
        assert self.status == 200, self.body
        assert self.headers["content-type"] == "text/plain; charset=ISO-8859-1"
        return self.body.decode("latin-1").split("\n")

    @property
    def fault(self) -> str:
        """The fault code that came back."""
        assert self.status == 500
        code = etree.fromstring(self.body).findtext(".//faultcode")
        assert code is not None
        return code


class Wire:
    """Raw requests, the bytes chosen by the test."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.document = DOCUMENT
        self.rpc = RPC

    def exchange(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.sim.origin).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            told = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, told, reply.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.exchange("GET", path)

    def post(self, path: str, body: bytes | str, **headers: str) -> Reply:
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.exchange("POST", path, raw, {"Content-Type": "text/xml; charset=utf-8", **named})

    def envelope(self, content: str) -> str:
        return (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
            f"<soap:Body>{content}</soap:Body></soap:Envelope>"
        )

    def call(self, command: str, /, *to: str, path: str = DOCUMENT, **values: str) -> list[str]:
        """One command in the plainest envelope; ``from_`` says ``from``."""
        parts = "".join(f"<{name.strip('_')}>{escape(value)}</{name.strip('_')}>" for name, value in values.items())
        parts += "".join(f"<to>{escape(number)}</to>" for number in to)
        return self.post(path, self.envelope(f'<x:{command} xmlns:x="urn:x">{parts}</x:{command}>')).lines

    def ask(self, command: str, /, method: str = "GET", **values: str) -> list[str]:
        """One command by the HTTP API, named as its path without the folder's slash; ``from_`` says ``from``."""
        said = urlencode({name.strip("_"): value for name, value in values.items()}, encoding="latin-1")
        if method == "GET":
            return self.get(f"/{command}?{said}").text_lines
        return self.post(f"/{command}", said, Content_Type="application/x-www-form-urlencoded").text_lines

    def log_in(self, **credentials: str) -> str:
        values = {"api_id": "7", "user": "acme", "password": "secret", **credentials}
        (line,) = self.call("auth", **values)
        assert line.startswith("OK: "), line
        return line.removeprefix("OK: ")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def wire(sim: Simulator) -> Wire:
    return Wire(sim)


@pytest.fixture
def wire_to() -> Callable[[Simulator], Wire]:
    """A caller of a simulator that the test made itself."""
    return Wire


@pytest.fixture(params=[DOCUMENT, RPC], ids=[*Dialect])
def path(request: pytest.FixtureRequest) -> str:
    """A service of each dialect in turn."""
    return str(request.param)
