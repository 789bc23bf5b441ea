"""A server that answers at once, in all three bindings, with one line for every number asked.

Its answers are made once per list of numbers and then only copied out, so that it is several times faster than any
client. It runs in a process and on a core of its own: ``python -m benchmarks.canned_server [--latency SECONDS]`` prints
its port, and ends when its standard input does.
"""

import argparse
import asyncio
import hashlib
import http.client
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from benchmarks.measuring import SERVER_CORE, pin
from benchmarks.scenario import DOCUMENT, ENCODING, ENVELOPE, HTTP, NAMESPACES, RPC, SESSION, XSD, XSI

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_ACTION: Final = re.compile(rb"\r\nsoapaction:[ \t]*\"?[^\r\"]*/(\w+)", re.IGNORECASE)
_NUMBER: Final = re.compile(rb">\s*(\d+)\s*<")
_MAX_ANSWERS: Final = 256
_LAST: Final = b"/last"
_RECEIPTS: Final = b"/receipts"


class _Canned(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    answers: Final[dict[tuple[str, bytes], bytes]] = {}
    last = b""
    # When each request for recipients came, and for whom.
    receipts: Final[list[tuple[float, bytes]]] = []

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending = self._pending + data if self._pending else data
        while True:
            end = self._pending.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._pending[: end + 2]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._pending) < whole:
                return
            body, self._pending = self._pending[end + 4 : whole], self._pending[whole:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path == _LAST:
            self._write(_reply("text/xml", _Canned.last))
            return
        if path == _RECEIPTS:
            lines = (
                f"{at:.6f} {number.decode()}" for at, asked in _Canned.receipts for number in _NUMBER.findall(asked)
            )
            self._write(_reply("text/plain", "\n".join(lines).encode()))
            return
        _Canned.last = body
        if b"</to>" in body:
            _Canned.receipts.append((time.time(), body[body.find(b"<to") : body.rfind(b"</to>") + 5]))
        answer = _answer_to(path, head, body)
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _answer_to(path: bytes, head: bytes, body: bytes) -> bytes:
    if path.startswith(b"/http/"):
        binding, operation = HTTP, path[len(b"/http/") :]
        start = body.find(b"&to=") if not body.startswith(b"to=") else 0
        asked = body[start : body.find(b"&", start + 1) if b"&" in body[start + 1 :] else None]
    else:
        binding = DOCUMENT if b"/document_literal/" in path else RPC
        action = _ACTION.search(head)
        operation = action[1] if action else b""
        asked = body[body.find(b"<to") : body.rfind(b"</to>") + 5]
    key = (binding, operation + b" " + asked)
    answer = _Canned.answers.get(key)
    if answer is None:
        if len(_Canned.answers) >= _MAX_ANSWERS:
            _Canned.answers.clear()
        answer = _Canned.answers[key] = made(binding, operation, asked)
    return answer


def made(binding: str, operation: bytes, asked: bytes) -> bytes:
    """The answer to a command for the numbers that these bytes of its request hold."""
    if operation == b"auth":
        lines = [f"OK: {SESSION}"]
    elif binding == HTTP:
        lines = _lines(unquote_to_bytes(asked.partition(b"=")[2]).decode("ascii").split(","))
    else:
        lines = _lines([number.decode("ascii") for number in _NUMBER.findall(asked)])
    if binding == HTTP:
        return _reply("text/plain; charset=iso-8859-1", "\n".join(lines).encode("ascii") + b"\n")
    name = operation.decode("ascii")
    if binding == DOCUMENT:
        returns = "".join(f"<return>{line}</return>" for line in lines)
    elif name == "auth":
        returns = f'<return xsi:type="xsd:string">{lines[0]}</return>'
    else:
        items = "".join(f'<item xsi:type="xsd:string">{line}</item>' for line in lines)
        array = f'SOAP-ENC:arrayType="xsd:string[{len(lines)}]" xsi:type="ns1:ArrayOfString"'
        returns = f"<return {array}>{items}</return>"
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE}"'
        f' xmlns:ns1="{NAMESPACES[binding]}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xmlns:SOAP-ENC="{ENCODING}">'
        f"<SOAP-ENV:Body><ns1:{name}Response>{returns}</ns1:{name}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )
    return _reply("text/xml; charset=utf-8", envelope.encode("ascii"))


def _lines(numbers: list[str]) -> list[str]:
    """The gateway's lines for recipients; to a single one it says no ``To:``."""
    lines = [f"ID: {hashlib.blake2b(number.encode(), digest_size=16).hexdigest()}" for number in numbers]
    if len(numbers) == 1:
        return lines
    return [f"{line} To: {number}" for line, number in zip(lines, numbers, strict=True)]


def _reply(content_type: str, body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nDate: Tue, 01 Jul 2025 10:00:00 GMT\r\nServer: Apache\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\nContent-Type: {content_type}\r\n\r\n"
    )
    return head.encode("ascii") + body


async def _serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Canned(latency), "127.0.0.1", 0, backlog=1024)
    over = asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    server.close()


@contextmanager
def running(latency: float = 0.0) -> Iterator[int]:
    """The port of a server in a process of its own, for as long as the block runs."""
    command = [sys.executable, "-m", "benchmarks.canned_server", "--latency", str(latency)]
    root = Path(__file__).parents[1]
    with _served(command, root) as port:
        yield port


@contextmanager
def running_in_c() -> Iterator[int]:
    """The port of the server in C (``canned_server.c``), which has no HTTP API, no latency and no receipts.

    Raises:
        FileNotFoundError: There is no C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise FileNotFoundError("there is no C compiler")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "canned_server"
        source = Path(__file__).with_suffix(".c")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        with _served([str(program)]) as port:
            yield port


@contextmanager
def _served(command: list[str], folder: Path | None = None) -> Iterator[int]:
    """The port that a server says first, for as long as the block runs."""
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            # Set from here: the server inherits the one core of a client that is pinned already, and knows no other.
            pin(SERVER_CORE, process.pid)
            if process.stdout is None:
                raise RuntimeError("the server has no output")
            yield int(process.stdout.readline())
        finally:
            # Popen's own exit closes its input, which ends it.
            process.terminate()


def last_request(port: int) -> bytes:
    """The body of the request that the server got last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", _LAST.decode("ascii"))
        return connection.getresponse().read()
    finally:
        connection.close()


def receipts(port: int) -> list[tuple[float, str]]:
    """When the server got a message for which number, over SOAP, in order."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", _RECEIPTS.decode("ascii"))
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return [(float(at), number) for at, number in (line.split(" ") for line in lines)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    arguments = parser.parse_args()
    pin(SERVER_CORE)
    asyncio.run(_serve(arguments.latency))
