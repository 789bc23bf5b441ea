"""An answer that can be read is read, whatever its content coding is called; and it never grows over the cap."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Final

import pytest
from rawserver import Gateway, RawServer, Received, envelope, message_id, reply, values

from clicksoap import Client, OutcomeUnknown, ProtocolError
from clicksoap.protocol.wire import MAX_REPLY_BYTES
from clicksoap.transports.content import BoundedBody

Connect = Callable[..., Client]
TO = "27820001234"
TEXT: Final = b"ID: 0123456789abcdef0123456789abcdef To: 27820001234\n" * 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


GZIP, ZLIB, RAW = gzip.compress(TEXT), zlib.compress(TEXT), raw_deflate(TEXT)
HALVES = gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:])

READABLE: dict[str, tuple[str, bytes]] = {
    "no coding": ("", TEXT),
    "identity": ("identity", TEXT),
    "gzip": ("gzip", GZIP),
    "gzip by its old name": ("X-GZip", GZIP),
    "deflate with the header of zlib": ("deflate", ZLIB),
    "deflate without a header": ("deflate", RAW),
    "a character set": ("utf-8", TEXT),
    "a media type": ("text/xml", TEXT),
    "gzip and identity": ("gzip, identity", GZIP),
    "identity and gzip": ("identity,gzip", GZIP),
    "gzip and a character set": ("gzip, utf-8", GZIP),
    "the list that browsers offer, and gzip": ("gzip, deflate", GZIP),
    "the list that browsers offer, and deflate": ("gzip, deflate", RAW),
    "gzip within deflate": ("gzip, deflate", zlib.compress(GZIP)),
    "gzip within deflate without a header": ("gzip, deflate", raw_deflate(GZIP)),
    "deflate within gzip": ("deflate, gzip", gzip.compress(ZLIB)),
    "gzip twice": ("gzip, gzip", gzip.compress(GZIP)),
    "gzip that is not named": ("", GZIP),
    "joined members": ("gzip", HALVES),
    "joined members, the last one empty": ("gzip", GZIP + gzip.compress(b"")),
    "zeros behind the member": ("gzip", GZIP + bytes(512)),
    "a line break behind the member": ("gzip", GZIP + b"\r\n"),
    "zeros between the members": ("gzip", gzip.compress(TEXT[:500]) + bytes(7) + gzip.compress(TEXT[500:])),
}


def read(coding: str, data: bytes, size: int = 100_000) -> bytes:
    body = BoundedBody(200, coding)
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
    return body.complete()


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("name", READABLE)
def test_body_that_can_be_read_is_read(name: str, size: int) -> None:
    assert read(*READABLE[name], size) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, deflate", "gzip, deflate, br"])
def test_body_that_a_recorder_has_decoded_is_read_under_its_old_header(coding: str) -> None:
    body = BoundedBody(200, coding, may_be_decoded=True)
    body.feed(TEXT)
    assert body.complete() == TEXT
    with pytest.raises(ProtocolError, match="content coding"):
        read(coding, TEXT)


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "br", "utf-8", "gzip, deflate"])
def test_empty_body_is_empty_in_every_coding(coding: str) -> None:
    assert read(coding, b"") == b""


@pytest.mark.parametrize("name", [name for name, (_, data) in READABLE.items() if data[:2] == b"\x1f\x8b"])
def test_gzip_that_is_cut_off_anywhere_is_noticed(name: str) -> None:
    coding, data = READABLE[name]
    if name.startswith(("joined", "zeros", "a line")):  # behind the first member, the rest is not known to be missing
        data = data[: len(gzip.compress(TEXT[:500]))] if "between" in name or name == "joined members" else GZIP
    for end in range(2, len(data), 5):
        with pytest.raises(ProtocolError, match="coding"):
            read(coding, data[:end])


@pytest.mark.parametrize("data", [ZLIB, RAW], ids=["zlib", "raw"])
def test_deflate_that_is_cut_off_is_noticed(data: bytes) -> None:
    for end in range(1, len(data) - 4, 5):
        with pytest.raises(ProtocolError, match="coding"):
            read("deflate", data[:end])


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("br", b"\x0b\x02\x80abc\x03"),
        ("zstd", b"\x28\xb5\x2f\xfd\x04\x00"),
        ("gzip, br", b"\x0b\x02\x80abc\x03"),
        ("gzip", b"\x00\x01\x02"),
        ("deflate", b"\x00\x01\x02\xff"),
        ("gzip", GZIP + b"and so on"),
        ("deflate", ZLIB + b"and so on"),
        ("gzip", GZIP[:-8] + b"\xff" * 8),
    ],
    ids=["br", "zstd", "a list", "no gzip", "no deflate", "text behind gzip", "text behind deflate", "wrong sum"],
)
def test_body_that_cannot_be_read_names_its_coding(coding: str, data: bytes) -> None:
    with pytest.raises(ProtocolError, match="content coding"):
        read(coding, data)


def zeros(length: int) -> bytes:
    return gzip.compress(bytes(length))


MUCH = 8 * MAX_REPLY_BYTES


def layers(count: int) -> bytes:
    data = zeros(10_000_000)
    for _ in range(count):
        data = gzip.compress(data)
    return data


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "one": ("gzip", lambda: zeros(MUCH)),
    "not named": ("", lambda: zeros(MUCH)),
    "in two layers": ("gzip, gzip", lambda: gzip.compress(zeros(MUCH))),
    "in members": ("gzip", lambda: zeros(MAX_REPLY_BYTES // 2) * 3),
    "deflate": ("deflate", lambda: zlib.compress(bytes(MUCH))),
    "deflate without a header": ("deflate", lambda: raw_deflate(bytes(MUCH))),
    "not packed": ("", lambda: bytes(MAX_REPLY_BYTES + 1)),
    "members without content": ("gzip", lambda: gzip.compress(b"") * (MAX_REPLY_BYTES // 21)),
    "layers without end": ("gzip", lambda: layers(20)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_takes_neither_memory_nor_time(name: str) -> None:
    coding, make = BOMBS[name]
    data = make()
    tracemalloc.start()
    began = time.process_time()
    try:
        body = read(coding, data)
    except ProtocolError:
        body = b""
    finally:
        seconds = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(body) <= MAX_REPLY_BYTES
    assert peak < 6 * MAX_REPLY_BYTES
    assert seconds < 5


@pytest.mark.parametrize("name", ["a character set", "the list that browsers offer, and gzip", "joined members"])
def test_send_gets_its_ids_out_of_such_a_body(name: str, connect: Connect) -> None:
    coding = READABLE[name][0]

    def answer(connection: object, received: Received) -> None:
        plain = envelope(*(f"ID: {message_id(number)} To: {number}" for number in values(received, "to")))
        half = len(plain) // 2
        packed = {
            "utf-8": plain,
            "gzip, deflate": gzip.compress(plain),
            "gzip": gzip.compress(plain[:half]) + gzip.compress(plain[half:]),
        }[coding]
        connection.sendall(reply(packed, headers=(f"Content-Encoding: {coding}",)))  # type: ignore[attr-defined]

    with RawServer(Gateway({"sendmsg": answer})) as server:
        assert connect(server.origin).send(TO, "x")[0].message_id == message_id(TO)
        assert connect(server.origin).send(TO, "x")[0].message_id == message_id(TO)


def test_bomb_leaves_the_outcome_open(connect: Connect) -> None:
    bomb = reply(gzip.compress(zeros(MUCH)), headers=("Content-Encoding: gzip",))

    def answer(connection: object, _: Received) -> None:
        connection.sendall(bomb)  # type: ignore[attr-defined]

    with RawServer(Gateway({"sendmsg": answer})) as server, pytest.raises(OutcomeUnknown, match="larger"):
        connect(server.origin).send(TO, "x")
