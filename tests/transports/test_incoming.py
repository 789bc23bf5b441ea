"""A reply is read the same however its bytes are cut, and whatever liberties the server takes; http.client agrees."""

import contextlib
import gzip
import http.client
import io
import re
import socket
from typing import Any

import pytest
from hypothesis import given, strategies as st

from clicksoap import ProtocolError
from clicksoap.protocol.bindings.http import HttpApi
from clicksoap.protocol.wire import WireReply
from clicksoap.transports.incoming import BrokenReply, IncomingReply

TEXT = b"ID: 0123456789abcdef\r\n\r\nTo: 27821234567\n"


def head(*fields: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *fields, "", ""]).encode("latin-1")


LENGTH = f"Content-Length: {len(TEXT)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n" % (5, TEXT[:5], len(TEXT) - 5, TEXT[5:])

KEPT: dict[str, bytes] = {
    "usual": head("Content-Type: text/xml", LENGTH) + TEXT,
    "no body": head("Content-Length: 0"),
    "no reason": head(LENGTH, status="HTTP/1.1 200") + TEXT,
    "empty reason": head(LENGTH, status="HTTP/1.1 200 ") + TEXT,
    "reason of many words": head(LENGTH, status="HTTP/1.1 404 No such place, sorry: é") + TEXT,
    "bare line feeds": head("Content-Type: text/xml", LENGTH).replace(b"\r\n", b"\n") + TEXT,
    "folded header": head("Content-Type: text/xml;\r\n\tcharset=utf-8", LENGTH) + TEXT,
    "header folded in the middle of three": head("A: b", "X-Long: one\r\n two\r\n three", LENGTH) + TEXT,
    "no blank behind the colon, many behind the value": head(f"content-length:{len(TEXT)}  ", "X:y \t") + TEXT,
    "empty header": head("X-Empty:", LENGTH) + TEXT,
    "length said twice alike": head(LENGTH, LENGTH) + TEXT,
    "length and chunks": head("Content-Length: 3", CHUNKED) + CHUNKS + b"0\r\n\r\n",
    "interim before it": head(status="HTTP/1.1 100 Continue") + head(LENGTH) + TEXT,
    "length, and coded as it is": head("Transfer-Encoding: identity", LENGTH) + TEXT,
    "chunks": head(CHUNKED) + CHUNKS + b"0\r\n\r\n",
    "chunks in capitals": head("Transfer-Encoding: Chunked") + CHUNKS + b"0\r\n\r\n",
    "chunks with extensions": head(CHUNKED) + CHUNKS.replace(b"\r\nID", b' ; a="b;c"\r\nID') + b"0;x\r\n\r\n",
    "chunks with trailers": head(CHUNKED) + CHUNKS + b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
    "chunk lengths with leading zeros": head(CHUNKED) + b"0000%x\r\n%b\r\n000\r\n\r\n" % (len(TEXT), TEXT),
    "HTTP/1.0 that is kept": head("Connection: Keep-Alive", LENGTH, status="HTTP/1.0 200 OK") + TEXT,
    "length with many zeros": head(f"Content-Length: {'0' * 30}{len(TEXT)}") + TEXT,
    "header that continues none": head(" Content-Length: 3", "Content-Type: text/plain", LENGTH) + TEXT,
    "headers that continue none": head(" A: b", "\tContent-Length: 3", LENGTH) + TEXT,
    "204": head(status="HTTP/1.1 204 No Content"),
    "304": head("Content-Length: 99", status="HTTP/1.1 304 Not Modified"),
}
LEFT: dict[str, bytes] = {
    "HTTP/1.0": head(LENGTH, status="HTTP/1.0 200 OK") + TEXT,
    "end announced": head("Connection: close", LENGTH) + TEXT,
    "end announced among others": head("Connection: X-This, Close", LENGTH) + TEXT,
    "no length": head("Content-Type: text/plain") + TEXT,
    "no length and no body": head("Content-Type: text/plain"),
    "length that is none": head("Content-Length: many") + TEXT,
    "length below nothing": head("Content-Length: -1") + TEXT,
    "chunks without the last line": head(CHUNKED) + CHUNKS + b"0\r\n",
    "no headers at all": head() + TEXT,
}


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read(pieces: list[bytes]) -> tuple[IncomingReply, WireReply]:
    """The reply of these bytes; the connection ends behind them."""
    reply = IncomingReply()
    is_complete = any(reply.feed(piece) for piece in pieces) or reply.feed(b"")
    assert is_complete
    return reply, reply.received(0.0)


class Wire(socket.socket):
    """As much of a socket as http.client reads from."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.close()
        self._data = data

    def makefile(self, *_: Any, **__: Any) -> Any:
        return io.BytesIO(self._data)


def read_by_http_client(data: bytes) -> tuple[int, dict[str, str], bytes]:
    found = http.client.HTTPResponse(Wire(data), method="POST")
    found.begin()
    # It keeps the line ends within a folded header; they are to be taken as blanks (RFC 9112, 5.2).
    headers = {name.lower(): " ".join(value.split()) for name, value in found.getheaders()}
    return found.status, headers, found.read()


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
@pytest.mark.parametrize("name", [*KEPT, *LEFT])
def test_reply_is_what_http_client_reads_however_it_is_cut(name: str, size: int) -> None:
    data = {**KEPT, **LEFT}[name]
    incoming, reply = read(cut(data, size))
    assert (reply.status, dict(reply.headers), reply.body) == read_by_http_client(data)
    assert incoming.keeps_connection is (name in KEPT)


@given(st.sampled_from([*KEPT.values(), *LEFT.values()]), st.data())
def test_reply_is_the_same_at_any_cut(data: bytes, draws: st.DataObject) -> None:
    at = draws.draw(st.integers(0, len(data)))
    pieces = [piece for piece in (data[:at], data[at:]) if piece]
    assert read(pieces)[1] == read([data])[1]


@pytest.mark.parametrize("name", KEPT)
def test_connection_over_which_more_came_is_not_kept(name: str) -> None:
    incoming, reply = read([KEPT[name] + b"H"])
    assert reply == read([KEPT[name]])[1]
    assert not incoming.keeps_connection


def test_every_interim_reply_is_passed_over_and_leaves_no_header_behind() -> None:
    hints = head("Link: </x>", "Content-Length: 5", status="HTTP/1.1 103 Early Hints")
    _, reply = read([hints + head(status="HTTP/1.1 102 Processing") + KEPT["usual"]])
    assert reply == read([KEPT["usual"]])[1]


def test_packed_chunks_are_unpacked() -> None:
    packed = gzip.compress(TEXT)
    chunks = b"".join(b"1\r\n%b\r\n" % packed[at : at + 1] for at in range(len(packed)))
    _, reply = read([head(CHUNKED, "Content-Encoding: gzip") + chunks + b"0\r\n\r\n"])
    assert reply.body == TEXT


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "a status of two digits": head(status="HTTP/1.1 20 OK"),
    "a status of four digits": head(status="HTTP/1.1 2000 OK"),
    "a body alone": TEXT,
    "two lengths": head(LENGTH, "Content-Length: 3") + TEXT,
    "chunks that are packed once more": head("Transfer-Encoding: gzip, chunked", LENGTH) + TEXT,
    "packed, and no chunks": head("Transfer-Encoding: gzip") + TEXT,
    "a chunk without a length": head(CHUNKED) + b"\r\n" + TEXT,
    "a chunk below nothing": head(CHUNKED) + b"-5\r\n" + TEXT,
    "a chunk longer than it says": head(CHUNKED) + b"3\r\n" + TEXT,
    "status line without end": b"HTTP/1.1 200 O" + b"K" * 1_000_000,
    "header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1_000_000,
    "chunk length without end": head(CHUNKED) + b"0" * 1_000_000,
    "interim replies without end": head(status="HTTP/1.1 100 Continue") * 1_000_000,
    "length of more digits than fit": head("Content-Length: " + "9" * 16) + TEXT,
    "length of more digits than an int takes": head("Content-Length: " + "9" * 5000) + TEXT,
    "length over the cap": head(f"Content-Length: {5 * 1024 * 1024}"),
    "two lengths in one": head(f"Content-Length: 3, {len(TEXT)}", CHUNKED, "Transfer-Encoding: gzip") + TEXT,
    "packed in transfer": head("Transfer-Encoding: gzip, chunked") + CHUNKS + b"0\r\n\r\n",
    "packed in transfer, on two lines": head("Transfer-Encoding: gzip", CHUNKED) + CHUNKS + b"0\r\n\r\n",
    "chunks that are none": head(CHUNKED, LENGTH) + TEXT,
    "tiny chunks without end": head(CHUNKED) + b"1;" + b"x" * 60_000 + b"\r\n \r\n" * 2_000_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_reply_is_left_within_the_caps(name: str) -> None:
    with pytest.raises((BrokenReply, ProtocolError)):
        read(cut(BROKEN[name], 65536))


@pytest.mark.parametrize("name", [name for name in KEPT if name not in {"204", "304"}])
def test_every_reply_that_is_cut_short_is_noticed(name: str) -> None:
    data = KEPT[name]
    last_chunk = re.search(rb"\r\n0+(;x)?\r\n", data)  # behind it, the body is whole
    for end in range(last_chunk.end() if last_chunk else len(data)):
        with pytest.raises(BrokenReply):
            read([data[:end]])


@given(
    st.sampled_from([b"", b"HTTP/1.1 200", head(), head(CHUNKED), head(LENGTH), head("Content-Encoding: gzip")]),
    st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\n", b":", b"5", b" ", b"\x1f\x8b"])),
)
def test_whatever_comes_is_a_reply_or_is_told_to_be_none(start: bytes, pieces: list[bytes]) -> None:
    with contextlib.suppress(BrokenReply, ProtocolError):
        read([piece for piece in (start, *pieces) if piece])


def test_end_that_is_announced_on_a_line_of_several_is_heard() -> None:
    """Apache and Akamai say "Connection: close" and "Connection: Transfer-Encoding" on two lines."""
    for lines in (["Connection: close", "Connection: X-This"], ["Connection: X-This", "connection: close"]):
        incoming, reply = read([head(*lines, LENGTH) + TEXT])
        assert reply.body == TEXT
        assert not incoming.keeps_connection


@pytest.mark.parametrize("field", ["Content-Length: 99", CHUNKED, "Content-Encoding: br"])
def test_answer_to_a_connect_ends_with_its_head(field: str) -> None:
    reply = IncomingReply(has_body=False)
    assert reply.feed(head(field, status="HTTP/1.0 200 Connection established"))
    assert reply.received(0.0).status == 200


def test_refusal_is_known_as_soon_as_its_line_has_come() -> None:
    reply = IncomingReply()
    reply.feed(b"HTTP/1.1 429 Slow")
    before = reply.is_refusal
    reply.feed(b" down\r\nX")
    assert (before, reply.is_refusal) == (False, True)
    with pytest.raises(BrokenReply):
        reply.feed(b"")
    assert (reply.received(0.0).status, reply.received(0.0).body) == (429, b"")


ID = "0123456789abcdef0123456789abcdef"
LINE = f"ID: {ID} To: 27821234567\n".encode()
LINES = f"Content-Length: {len(LINE)}"
ONE_CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LINE), LINE)

LYING: dict[str, bytes] = {
    "length": head(LINES) + LINE,
    "chunks": head(CHUNKED) + ONE_CHUNK,
    "chunks and a length": head(CHUNKED, "Content-Length: 9") + ONE_CHUNK,
    "chunks on two lines": head("Transfer-Encoding: identity", CHUNKED) + ONE_CHUNK,
    "chunks twice": head("Transfer-Encoding: chunked, chunked") + ONE_CHUNK,
    "neither": head() + LINE,
    "a long length": head("Content-Length: " + "9" * 16) + LINE,
    "a length of many zeros": head(f"Content-Length: {'0' * 20}{len(LINE)}") + LINE,
    "a length said twice": head(f"Content-Length: {len(LINE)}, {len(LINE)}") + LINE,
    "a length with a sign": head(f"Content-Length: +{len(LINE)}") + LINE,
    "a length in other digits": head("Content-Length: \xb2\xb3") + LINE,
    "a length in a header that continues none": head(" Content-Length: 20", LINES) + LINE,
    "a length in no header": head(" Content-Length: 20") + LINE,
    "a length within another header": head("X: y", " Content-Length: 20") + LINE,
}


@pytest.mark.parametrize("name", LYING)
def test_cut_id_is_never_an_id_however_the_framing_lies(name: str) -> None:
    data = LYING[name]
    binding = HttpApi("https://gateway.example")
    for end in range(len(data) + 1):
        try:
            reply = read([data[:end]])[1]
            lines = binding.decode(reply, "sendmsg", {})
        except (BrokenReply, ProtocolError):
            continue
        assert [line for line in lines if line] == [line for line in lines if line.startswith(f"ID: {ID}")]


def test_another_reply_behind_the_length_is_not_of_the_body() -> None:
    for behind in (head(LENGTH) + TEXT, b"\r\n", b"HTT"):
        _, reply = read([head(LENGTH) + TEXT + behind])
        assert reply.body == TEXT
        assert reply.headers["content-length"] == str(len(TEXT))


def test_id_that_a_short_length_cuts_is_none_where_the_rest_of_it_came() -> None:
    for behind in range(1, len(LINE) - 20):
        _, reply = read([head("Content-Length: 20") + LINE[: 20 + behind]])
        try:
            lines = HttpApi("https://gateway.example").decode(reply, "sendmsg", {})
        except ProtocolError:
            continue
        assert lines[0].startswith(f"ID: {ID}")


def test_text_behind_the_length_belongs_to_the_body_which_then_has_no_length() -> None:
    incoming, reply = read([head("Content-Length: 9") + TEXT])
    assert reply.body == TEXT
    assert "content-length" not in reply.headers
    assert not incoming.keeps_connection
