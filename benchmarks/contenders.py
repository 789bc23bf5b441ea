"""The ways to send the same SMS that are measured beside one another.

Each makes everything that can be made once before it is measured, keeps its connection, and sends the same values; a
call gives how many recipients the answer spoke of.
"""

import asyncio
import http.client
import io
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import requests
import zeep
from lxml import etree
from requests.adapters import HTTPAdapter
from suds.cache import NoCache
from suds.client import Client as SudsClient
from zeep.plugins import Plugin
from zeep.transports import Transport

import clicksoap
from benchmarks.scenario import (
    ACTIONS,
    API_ID,
    DOCUMENT,
    ENCODING,
    ENVELOPE,
    HTTP,
    NAMESPACES,
    PASSWORD,
    PATHS,
    RPC,
    RPC_PARTS,
    SESSION,
    TEXT,
    UNSET,
    USER,
    XSD,
    XSI,
    new_id,
    numbers,
)

WSDL: Final = Path(__file__).parents[1] / "wsdl"
BINDING_NAMES: Final = {
    DOCUMENT: f"{{{NAMESPACES[DOCUMENT]}}}Sms",
    RPC: f"{{{NAMESPACES[RPC]}}}PushServerWSBinding",
}
SOAP_HEADERS: Final = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "Accept-Encoding": "gzip"}
_FORM_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "text/plain",
    "Accept-Encoding": "gzip",
}
_MIN_CALLS: Final = 3


class Unavailable(Exception):
    """A contender cannot run here; the text says why."""


# How calls are made.


class Contender(ABC):
    """One way to send, ready to be measured."""

    @abstractmethod
    def run(self, seconds: float) -> int:
        """Send for that long; gives the number of calls."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and threads."""


class OneByOne(Contender):
    """Calls one after another."""

    def __init__(self, call: Callable[[], int], expected: int, close: Callable[[], object] = lambda: None) -> None:
        self.call = call
        self._expected = expected
        self._close = close

    def run(self, seconds: float) -> int:
        """Send for that long, and three times at least."""
        call, expected, end = self.call, self._expected, time.perf_counter() + seconds
        calls = 0
        while calls < _MIN_CALLS or time.perf_counter() < end:
            if call() != expected:
                raise RuntimeError("an answer is not complete")
            calls += 1
        return calls

    def close(self) -> None:
        """Close its connection."""
        self._close()


class InThreads(Contender):
    """The same in several threads, which share whatever the call shares."""

    def __init__(self, alone: OneByOne, threads: int) -> None:
        self._alone = alone
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def run(self, seconds: float) -> int:
        """Send for that long in every thread."""
        running = [self._pool.submit(self._alone.run, seconds) for _ in range(self._threads)]
        return sum(thread.result() for thread in running)

    def close(self) -> None:
        """End the threads, and close what they share."""
        self._pool.shutdown()
        self._alone.close()


class InTasks(Contender):
    """Calls of several tasks in one event loop of its own."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        call: Callable[[], Awaitable[int]],
        expected: int,
        tasks: int,
        close: Callable[[], Awaitable[object]],
    ) -> None:
        self._loop = loop
        self.call = call
        self._expected = expected
        self._tasks = tasks
        self._close = close

    def run(self, seconds: float) -> int:
        """Send for that long in every task, and once at least."""
        return self._loop.run_until_complete(self._together(seconds))

    def close(self) -> None:
        """Close the connections and the loop."""
        self._loop.run_until_complete(self._close())
        self._loop.close()

    async def _together(self, seconds: float) -> int:
        return sum(await asyncio.gather(*(self._one(time.perf_counter() + seconds) for _ in range(self._tasks))))

    async def _one(self, end: float) -> int:
        calls = 0
        while not calls or time.perf_counter() < end:
            if await self.call() != self._expected:
                raise RuntimeError("an answer is not complete")
            calls += 1
        return calls


# clicksoap.


def clicksoap_sync(port: int, binding: str, count: int) -> OneByOne:
    """The facade, with all that it checks."""
    client: Any = clicksoap.Client(API_ID, USER, PASSWORD, endpoint=f"http://127.0.0.1:{port}", binding=binding)
    to = numbers(count)
    if len(client.send(to, TEXT).accepted) != count:
        raise RuntimeError("not every recipient was accepted")
    return OneByOne(lambda: len(client.send(to, TEXT).accepted), count, client.close)


def clicksoap_read(port: int, binding: str, count: int) -> OneByOne:
    """The facade, and a caller who looks at what became of everybody."""
    client: Any = clicksoap.Client(API_ID, USER, PASSWORD, endpoint=f"http://127.0.0.1:{port}", binding=binding)
    to, accepted = numbers(count), clicksoap.State.ACCEPTED

    def call() -> int:
        ids = {result.to: result.message_id for result in client.send(to, TEXT) if result.state is accepted}
        return len(ids)

    return OneByOne(call, count, client.close)


def clicksoap_async(  # noqa: PLR0913 - a use of it, as keywords
    port: int, binding: str, count: int, tasks: int, *, auth: str = "session", options: Mapping[str, Any] | None = None
) -> InTasks:
    """The asynchronous facade."""
    made = getattr(clicksoap, "AsyncClient", None)
    if made is None:
        raise Unavailable("this clicksoap has no AsyncClient")
    loop = asyncio.new_event_loop()
    try:
        client: Any = loop.run_until_complete(_opened(made, port, binding, auth))
    except (ImportError, clicksoap.ConfigurationError) as error:
        loop.close()
        raise Unavailable(f"AsyncClient: {error}") from None
    to, given = numbers(count), options or {}

    async def call() -> int:
        return len((await client.send(to, TEXT, **given)).accepted)

    async def close() -> None:
        await client.__aexit__(None, None, None)

    if loop.run_until_complete(call()) != count:
        raise RuntimeError("not every recipient was accepted")
    return InTasks(loop, call, count, tasks, close)


async def _opened(made: Any, port: int, binding: str, auth: str) -> Any:  # noqa: ANN401 - may not exist
    client = made(API_ID, USER, PASSWORD, endpoint=f"http://127.0.0.1:{port}", binding=binding, auth=auth)
    return await client.__aenter__()


# zeep.


class _Transport(Transport):
    """zeep's own transport; only the schema that no server hands out comes from the disk."""

    def load(self, url: str) -> bytes:
        """A document."""
        if url == ENCODING:
            return (WSDL / "soap-encoding.xsd").read_bytes()
        content: bytes = super().load(url)
        return content


class _Encoded(Plugin):
    """Puts on what RPC servers need and zeep leaves out: types of parts and arrays, and the encoding's name."""

    _TYPE: Final = f"{{{XSI}}}type"
    _ARRAY_TYPE: Final = f"{{{ENCODING}}}arrayType"
    _STYLE: Final = f"{{{ENVELOPE}}}encodingStyle"

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:  # noqa: ANN401, ARG002
        """Called by zeep for every request."""
        wrapper = envelope[-1][0]
        wrapper.set(self._STYLE, ENCODING)
        prefix = wrapper.prefix
        for part in wrapper:
            kind = RPC_PARTS[part.tag]
            part.set(self._TYPE, kind.replace("ns1:", f"{prefix}:"))
            if len(part):
                part.set(self._ARRAY_TYPE, f"xsd:string[{len(part)}]")
        return envelope, http_headers


def rpc_values(count: int) -> dict[str, Any]:
    """Every part of RPC/Encoded's sendmsg but the client message id, unset ones as 0 or empty."""
    unset = {name: UNSET.get(kind) for name, kind in RPC_PARTS.items() if name != "cliMsgId"}
    return {**unset, "session_id": SESSION, "to": numbers(count), "text": TEXT}


def _zeep_client(binding: str, transport: Transport) -> Any:  # noqa: ANN401 - zeep has no types
    plugins = [_Encoded()] if binding == RPC else []
    client: Any = zeep.Client(str(WSDL / f"{binding}.wsdl"), transport=transport, plugins=plugins)
    if binding == RPC:
        client.set_ns_prefix("xsd", XSD)
        client.set_ns_prefix("xsi", XSI)
        client.set_ns_prefix("SOAP-ENC", ENCODING)
    return client


def zeep_service(
    port: int, binding: str, connections: int = 10, *, trust_env: bool = True
) -> tuple[Any, Callable[[], object]]:
    """The operations of the contract by zeep as shipped, and what closes its connections."""
    session = requests.Session()
    session.trust_env = trust_env
    # requests keeps ten connections by default; more threads than that would keep opening new ones.
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    transport: Any = _Transport(session=session)
    service = _zeep_client(binding, transport).create_service(BINDING_NAMES[binding], _url(port, binding))
    return service, session.close


def zeep_sync(port: int, binding: str, count: int, *, connections: int = 10, trust_env: bool = True) -> OneByOne:
    """Zeep as shipped; in RPC/Encoded with a plugin, without which no RPC server understands it."""
    service, close = zeep_service(port, binding, connections, trust_env=trust_env)
    sendmsg = service.sendmsg
    if binding == DOCUMENT:
        to = numbers(count)
        return OneByOne(lambda: len(sendmsg(session_id=SESSION, text=TEXT, to=to, climsgid=new_id())), count, close)
    values = rpc_values(count)
    return OneByOne(lambda: len(sendmsg(**values, cliMsgId=new_id())), count, close)


def zeep_async(port: int, binding: str, count: int, tasks: int) -> InTasks:
    """Zeep's AsyncClient over httpx, with as many connections kept as there are tasks."""
    try:
        import httpx  # noqa: PLC0415 - needed by nothing else
        from zeep.proxy import AsyncServiceProxy  # noqa: PLC0415 - likewise
        from zeep.transports import AsyncTransport  # noqa: PLC0415 - likewise
    except ImportError:
        raise Unavailable("zeep's AsyncClient needs httpx") from None
    loop = asyncio.new_event_loop()
    limits = httpx.Limits(max_connections=tasks, max_keepalive_connections=tasks)
    client = httpx.AsyncClient(limits=limits)
    transport = AsyncTransport(client=client)
    soap: Any = zeep.AsyncClient(str(WSDL / f"{binding}.wsdl"), transport=transport)
    port_binding = soap.wsdl.bindings[BINDING_NAMES[binding]]
    sendmsg = AsyncServiceProxy(soap, port_binding, address=_url(port, binding)).sendmsg
    to = numbers(count)

    async def call() -> int:
        return len(await sendmsg(session_id=SESSION, text=TEXT, to=to, climsgid=new_id()))

    return InTasks(loop, call, count, tasks, client.aclose)


# suds.


def suds_sync(port: int, binding: str, count: int) -> OneByOne:
    """suds-community as shipped."""
    client = SudsClient((WSDL / f"{binding}.wsdl").as_uri(), cache=NoCache(), location=_url(port, binding))
    sendmsg = client.service.sendmsg
    to = numbers(count)
    if binding == DOCUMENT:
        return OneByOne(lambda: len(sendmsg(session_id=SESSION, text=TEXT, to=to, climsgid=new_id())), count)
    values = rpc_values(count)
    array = client.factory.create("ns0:ArrayOfString")
    array.item = to
    values["to"] = array
    return OneByOne(lambda: len(sendmsg(**values, cliMsgId=new_id())), count)


# By hand.


def by_hand_lxml(port: int, binding: str, count: int) -> OneByOne:
    """Lxml builds and reads, requests carries: what one writes who does not want a SOAP library."""
    session = requests.Session()
    url, to = _url(port, binding), numbers(count)
    if binding == HTTP:

        def call_form() -> int:
            fields = {"session_id": SESSION, "to": ",".join(to), "text": TEXT, "cliMsgId": new_id()}
            reply = session.post(url, data=fields, timeout=30)
            reply.raise_for_status()
            return len(reply.text.split("\n")) - 1

        return OneByOne(call_form, count, session.close)
    headers = {**SOAP_HEADERS, "SOAPAction": f'"{ACTIONS[binding]}"'}

    def call() -> int:
        message = _built(binding, to)
        reply = session.post(url, data=message, headers=headers, timeout=30)
        reply.raise_for_status()
        return _lines_in(reply.content)

    return OneByOne(call, count, session.close)


def _built(binding: str, to: list[str]) -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE, "ns1": NAMESPACES[binding]})
    body = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    wrapper = etree.SubElement(body, f"{{{NAMESPACES[binding]}}}sendmsg")
    if binding == DOCUMENT:
        etree.SubElement(wrapper, "session_id").text = SESSION
        etree.SubElement(wrapper, "text").text = TEXT
        for number in to:
            etree.SubElement(wrapper, "to").text = number
        etree.SubElement(wrapper, "climsgid").text = new_id()
        return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
    values = {"session_id": SESSION, "text": TEXT, "cliMsgId": new_id()}
    for name, kind in RPC_PARTS.items():
        part = etree.SubElement(wrapper, name)
        part.set(f"{{{XSI}}}type", kind)
        if name == "to":
            part.set(f"{{{ENCODING}}}arrayType", f"xsd:string[{len(to)}]")
            for number in to:
                item = etree.SubElement(part, "item")
                item.set(f"{{{XSI}}}type", "xsd:string")
                item.text = number
        else:
            part.text = values.get(name, str(UNSET[kind]))
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def by_hand_template(port: int, binding: str, count: int) -> OneByOne:
    """A template, the standard library's HTTP client, and lxml for the answer: hardly any less is possible."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    to = numbers(count)
    headers = _FORM_HEADERS if binding == HTTP else {**SOAP_HEADERS, "SOAPAction": f'"{ACTIONS[binding]}"'}

    def call() -> int:
        connection.request("POST", PATHS[binding], template(binding, to), headers)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status != http.HTTPStatus.OK:
            raise RuntimeError(f"HTTP {reply.status}")
        return content.count(b"\n") if binding == HTTP else _lines_in(content)

    return OneByOne(call, count, connection.close)


def template(binding: str, to: list[str]) -> bytes:
    """A request made of strings."""
    if binding == HTTP:
        return urlencode({"session_id": SESSION, "to": ",".join(to), "text": TEXT, "cliMsgId": new_id()}).encode()
    if binding == DOCUMENT:
        recipients = "".join([f"<to>{escape(number)}</to>" for number in to])
        parts = (
            f"<session_id>{SESSION}</session_id><text>{escape(TEXT)}</text>{recipients}<climsgid>{new_id()}</climsgid>"
        )
    else:
        recipients = "".join([f'<item xsi:type="xsd:string">{escape(number)}</item>' for number in to])
        values = {"session_id": SESSION, "text": escape(TEXT), "cliMsgId": new_id()}
        parts = "".join(
            [
                f'<to SOAP-ENC:arrayType="xsd:string[{len(to)}]" xsi:type="{kind}">{recipients}</to>'
                if name == "to"
                else f'<{name} xsi:type="{kind}">{values.get(name, UNSET[kind])}</{name}>'
                for name, kind in RPC_PARTS.items()
            ]
        )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}"'
        f' xmlns:ns1="{NAMESPACES[binding]}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xmlns:SOAP-ENC="{ENCODING}">'
        f"<soap:Body><ns1:sendmsg>{parts}</ns1:sendmsg></soap:Body></soap:Envelope>"
    ).encode()


def _lines_in(content: bytes) -> int:
    wrapper = etree.parse(io.BytesIO(content)).getroot()[0][0]
    if len(wrapper) == 1 and len(wrapper[0]):
        wrapper = wrapper[0]
    return len([line.text for line in wrapper])


def raw_socket(port: int, binding: str, count: int) -> OneByOne:
    """Ready bytes out, bytes in and counted: the floor, which is the server and the kernel."""
    body = template(binding, numbers(count))
    headers = _FORM_HEADERS if binding == HTTP else {**SOAP_HEADERS, "SOAPAction": f'"{ACTIONS[binding]}"'}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {PATHS[binding]} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    request = head.encode("ascii") + body
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call() -> int:
        connection.sendall(request)
        received = connection.recv(65536)
        head, _, start = received.partition(b"\r\n\r\n")
        left = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]) - len(start)
        while left > 0:
            left -= len(connection.recv(65536))
        return count

    return OneByOne(call, count, connection.close)


def _url(port: int, binding: str) -> str:
    return f"http://127.0.0.1:{port}{PATHS[binding]}"
