"""What a reply can cost is bounded, however large it is or pretends to be."""

import json
import os
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Final

import pytest
from rawserver import Hangup, RawServer, Received, reply

from clicksoap.contract import Dialect

MEGABYTE: Final = 2**20
MAX_MEMORY: Final = 50 * MEGABYTE
LOGIN: Final = reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><authResponse>'
    b"<return>OK: 5e551040000000000000000000000001</return></authResponse></s:Body></s:Envelope>"
)
OPENING: Final = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><sendmsgResponse>'
    b"<return>ID: a1b2c3d4e5f60718293a4b5c6d7e8f90 To: 27821234567</return><return>"
)
CLOSING: Final = b"</return></sendmsgResponse></s:Body></s:Envelope>"

# A process of its own for each reply: only there does the peak of the memory, libxml2's included, belong to this
# reply, and only VmHWM tells it: a child inherits ru_maxrss from its parent. They are forked from one that has imported
# everything, and has done nothing else.
PEAK: Final = Path("/proc/self/status")
CHILD: Final = """
import json, os, re, sys, time
from clicksoap import Client, ClicksoapError

def peak():
    with open("/proc/self/status") as status:
        return 1024 * int(re.search(r"VmHWM:\\s*([0-9]+) kB", status.read())[1])

def measure(origin, binding):
    with Client(1, "acme", "secret", endpoint=origin, binding=binding, retry=None) as client:
        client.authenticate()
        before, started = peak(), time.process_time()
        try:
            client.send(["27821234567", "27831234567"], "Your parcel is at the door")
            told = ["SendReport"]
        except ClicksoapError as error:
            told = [type(error).__name__, type(error.cause).__name__, *(str(result.state) for result in error.report)]
    print(json.dumps([told, peak() - before, time.process_time() - started]), flush=True)

Client(1, "acme", "secret").close()
for line in sys.stdin:
    child = os.fork()
    if not child:
        measure(*json.loads(line))
        os._exit(0)
    os.waitpid(child, 0)
"""
Cost = Callable[[Dialect, Callable[[], Iterator[bytes]]], tuple[list[str], int, float]]

pytestmark = pytest.mark.skipif(not PEAK.exists(), reason="only Linux tells the peak of a process's memory")


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture(scope="module")
def cost() -> Iterator[Cost]:
    """What a send is told, by how many bytes its process grew, and its CPU seconds, where pieces are the reply."""
    # A group of its own ends with the children.
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def measured(dialect: Dialect, pieces: Callable[[], Iterator[bytes]]) -> tuple[list[str], int, float]:
            def answer(connection: socket.socket, received: Received) -> None:
                if b"<ns1:auth" in received.body:
                    connection.sendall(LOGIN)
                    return
                for piece in pieces():
                    connection.sendall(piece)
                raise Hangup

            limit = Timer(20, os.killpg, (process.pid, signal.SIGKILL))
            with RawServer(answer) as server:
                limit.start()
                try:
                    questions.write(json.dumps([server.origin, dialect.value]).encode() + b"\n")
                    questions.flush()
                    line = answers.readline()
                finally:
                    limit.cancel()
            assert line, "the send did not end in time"
            told, grown, seconds = json.loads(line)
            return told, grown, seconds

        yield measured
        os.killpg(process.pid, signal.SIGKILL)


UNKNOWN: Final = ["OutcomeUnknown", "ProtocolError", "unknown", "unknown"]


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A packed reply of a few hundred kilobytes that unpacks to 200 MB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    megabyte = b" " * MEGABYTE
    parts = [packer.compress(OPENING), *(packer.compress(megabyte) for _ in range(200)), packer.compress(CLOSING)]
    packed = b"".join([*parts, packer.flush()])
    assert len(packed) < MEGABYTE
    return packed


def test_a_packed_reply_of_200_megabytes_is_refused_before_it_is_unpacked(
    dialect: Dialect, bomb: bytes, cost: Cost
) -> None:
    told, grown, seconds = cost(dialect, lambda: iter([reply(bomb, headers=("Content-Encoding: gzip",))]))
    assert told == UNKNOWN
    assert grown < MAX_MEMORY
    assert seconds < 1


HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"


def long_text(size: int) -> Iterator[bytes]:
    yield OPENING
    for _ in range(size // MEGABYTE):
        yield b"x" * MEGABYTE
    yield CLOSING


def test_a_text_of_11_megabytes_is_refused(dialect: Dialect, cost: Cost) -> None:
    def stated() -> Iterator[bytes]:
        yield HEAD + b"Content-Length: %d\r\n\r\n" % (len(OPENING) + 11 * MEGABYTE + len(CLOSING))
        yield from long_text(11 * MEGABYTE)

    told, grown, seconds = cost(dialect, stated)
    assert told == UNKNOWN
    assert grown < MAX_MEMORY
    assert seconds < 1


def test_an_endless_chunked_reply_is_left_at_the_cap(dialect: Dialect, cost: Cost) -> None:
    def chunked() -> Iterator[bytes]:
        yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for piece in long_text(2**40):
            yield b"%x\r\n%b\r\n" % (len(piece), piece)

    told, grown, seconds = cost(dialect, chunked)
    assert told == UNKNOWN
    assert grown < MAX_MEMORY
    assert seconds < 1


def test_an_endless_reply_without_a_length_is_left_at_the_cap(dialect: Dialect, cost: Cost) -> None:
    def endless() -> Iterator[bytes]:
        yield HEAD + b"\r\n"
        yield from long_text(2**40)

    told, grown, seconds = cost(dialect, endless)
    assert told == UNKNOWN
    assert grown < MAX_MEMORY
    assert seconds < 1


@pytest.mark.parametrize(
    "filling",
    [b"<return/>", b"\n", b"x\n", b"To: 1 ", b"ID: 1 To: 0\n", b"</return><return>", b"<!---->", b"&#120;"],
    ids=["elements", "newlines", "stray lines", "To:", "lines of strangers", "returns", "comments", "references"],
)
def test_a_reply_just_under_the_cap_costs_little_time(dialect: Dialect, filling: bytes, cost: Cost) -> None:
    size = 4 * MEGABYTE - len(OPENING) - len(CLOSING)
    told, grown, seconds = cost(dialect, lambda: iter([reply(OPENING + filling * (size // len(filling)) + CLOSING)]))
    assert told[0] == "OutcomeUnknown"
    assert grown < 10 * MAX_MEMORY
    assert seconds < 10


@pytest.mark.parametrize("items", [b"<a/>" * 900_000 + b"x", b" " * 3_500_000], ids=["elements", "blanks"])
@pytest.mark.parametrize("is_within", [True, False], ids=["items", "returns"])
def test_many_references_to_one_large_part_cost_little_time(
    items: bytes,
    is_within: bool,  # noqa: FBT001 - a parameter of the test
    dialect: Dialect,
    cost: Cost,
) -> None:
    """Packed, such a reply has four kilobytes."""
    references = b'<return href="#x"/>' * 300
    large = b'<m id="x">' + items + b"</m></s:Body>"
    within = references if is_within else b"</return>" + references + b"<return>"
    body = OPENING + within + CLOSING.replace(b"</s:Body>", large)
    assert large in body
    told, _, seconds = cost(dialect, lambda: iter([reply(body)]))
    assert told[0] == "OutcomeUnknown"
    assert seconds < 10
