"""Damaged replies to a send: genuine ones with bytes, tags, heads and framing changed. The seed decides each."""

import gzip
import random
from dataclasses import dataclass
from typing import Final

NUMBERS: Final = ("27821234567", "27831234567", "27841234567")
_IDS: Final = tuple(f"{number:032x}" for number in (0xA1B2C3, 0xD4E5F6, 0x071829))
_ACCEPTING: Final = tuple(f"ID: {own_id} To: {number}" for own_id, number in zip(_IDS, NUMBERS, strict=True))
_ANSWERS: Final = (
    _ACCEPTING,
    tuple(f"ID: {own_id}" for own_id in _IDS),
    (_ACCEPTING[0], f"ERR: 105, Invalid Destination Address To: {NUMBERS[1]}", _ACCEPTING[2]),
    (*_ACCEPTING[:2], f"ERR: 301, No Credit Left To: {NUMBERS[2]}"),
    ("ERR: 901, Internal error, retry",),
    ("ERR: 004, Account frozen",),
    (_ACCEPTING[0],),
)
_PIECES: Final = (
    *(
        b"ID: ",
        b"ERR: 105",
        b"ERR: 003, ",
        b" To: ",
        b"\n",
        b"\r\n",
        b"OK",
        b"<br>",
        b"\0",
        b"\xef\xbb\xbf",
        b"&#73;D: ",
    ),
    *(
        b"<return>",
        b"</return>",
        b"<item>",
        b"</item>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<x/>",
        b"&amp;",
        b"\xff",
    ),
    *(b'<return href="#a"/>', b'<a id="a">ID: 0a</a>', b"<s:Fault><faultcode>s:Client</faultcode></s:Fault>"),
    *(
        b"<s:Body>",
        b"</s:Body>",
        b"</s:Envelope>",
        b"<?xml version='1.0' encoding='utf-16'?>",
        b"ID: ffff To: 27821234567",
    ),
)
_STATUSES: Final = (*[200] * 12, 201, 202, 206, 301, 302, 400, 403, 404, 408, 429, 500, 500, 502, 503)


@dataclass(frozen=True, slots=True)
class MutantReply:
    """One damaged reply.

    Attributes:
        data: The bytes that the client gets, head included.
        body: Its body before it was packed and framed.
        closes: Whether the connection ends behind it.
    """

    data: bytes
    body: bytes
    closes: bool


def mutant_reply(seed: str, binding: str) -> MutantReply:
    """The damaged reply of a seed."""
    rng = random.Random(seed)  # noqa: S311 - it has to be the same again
    body = _damaged(_genuine(rng, binding), rng)
    status, headers = rng.choice(_STATUSES), []
    kind = rng.choice(("text/plain", "text/xml; charset=utf-8", "text/html", "text/xml; charset=utf-16", ""))
    headers += [f"Content-Type: {kind}"] if kind else []
    packed = body
    if rng.random() < 0.15:
        packed = gzip.compress(body, 1) + rng.choice((b"", b"", b"\0\0", gzip.compress(b"<x/>", 1)))
        if rng.random() < 0.3:
            packed = packed[: rng.randrange(len(packed))]
        headers.append(f"Content-Encoding: {rng.choice(('gzip', 'x-gzip', 'gzip, identity', 'utf-8', 'deflate'))}")
    elif rng.random() < 0.05:
        headers.append(f"Content-Encoding: {rng.choice(('utf-8', 'identity', 'gzip', 'br'))}")
    framing = rng.random()
    closes = False
    if framing < 0.75:
        headers.append(f"Content-Length: {len(packed)}")
    elif framing < 0.85:
        half = len(packed) // 2
        headers.append("Transfer-Encoding: chunked")
        chunks = [packed[:half], packed[half:]]
        packed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
        packed += rng.choice((b"0\r\n\r\n", b"0\r\n\r\n", b""))
        closes = not packed.endswith(b"0\r\n\r\n")
    else:
        closes = True
        length = rng.choice((len(packed) + 7, 10**16, "00000000000000000040", "x", None))
        headers += [] if length is None else [f"Content-Length: {length}"]
        packed = packed[: rng.randint(0, len(packed))]
    head = "\r\n".join((f"HTTP/1.1 {status} Any", *headers)).encode() + b"\r\n\r\n"
    return MutantReply(head + packed, body, closes)


def _genuine(rng: random.Random, binding: str) -> bytes:
    lines = rng.choice(_ANSWERS)
    if binding == "http":
        return "\n".join(lines).encode() + rng.choice((b"", b"\n"))
    if rng.random() < 0.08:
        code = rng.choice(("Client", "Server"))
        content = f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>no</faultstring></s:Fault>"
    else:
        is_array = binding == "rpc_encoded" and rng.random() < 0.8
        inner = "".join(f"<item>{line}</item>" if is_array else f"<return>{line}</return>" for line in lines)
        inner = f"<return>{inner}</return>" if is_array else inner
        content = f'<r:sendmsgResponse xmlns:r="urn:r">{inner}</r:sendmsgResponse>'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def _damaged(body: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        start = rng.randint(0, len(body))
        end = min(len(body), start + rng.choice((0, 1, 1, 2, 8, 40)))
        put = rng.choice((b"", body[start:end] * 2, rng.choice(_PIECES), rng.randbytes(rng.randint(1, 3))))
        body = body[:start] + put + body[end:]
    return body
