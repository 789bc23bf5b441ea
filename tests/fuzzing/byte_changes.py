"""Changes of any payload, byte by byte, and the values that all changes insert."""

import re
from collections.abc import Callable
from random import Random
from typing import Final

Change = Callable[[Random, bytes], bytes]

JUNK: Final = (
    *(
        b"\x00",
        b"\x00" * 40,
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n\r\n",
        b"\x1b[0m",
        b"\x7f",
        b"\xc3\x28",
        b"\xed\xa0\x80",
    ),
    *(
        b"'\"",
        b"<",
        b">",
        b"&",
        b"&&",
        b"%",
        b"%00",
        b"%zz",
        b"%u20ac",
        b"%C3%A9",
        b"%E9",
        b"%2",
        b"+",
        b";",
        b"=",
        b"#",
    ),
    *(b"\xe2\x82\xac", b"\xf0\x9f\x8e\x89", b"\xd9\xa3", b"' OR 1=1 --", b"${jndi:x}", b"../../etc/passwd", b"{0}%s%n"),
)
VALUES: Final = (
    *(
        b"",
        b" ",
        b"0",
        b"-1",
        b"-0",
        b"1e5",
        b"1e308",
        b"1e99999999",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"0x10",
        b"1_0",
    ),
    *(
        b"9" * 9,
        b"9" * 19,
        b"9" * 400,
        b"9" * 20_000,
        b"2147483648",
        b"-2147483649",
        b"00000",
        b"0.0",
        b"+1",
        b"1.5",
        b".",
    ),
    *(b"true", b"nil", b"None", b"\xd9\xa3\xd9\xa3", b"\xc2\xb2", b"x" * 300, b"2024-02-30T25:61:61Z", b"99999999999"),
    *(b"999130", b"999301000000", b"d800", b"dc00d800", b"D83CDF89", b"0", b"#field1#", b"#field99999#", b"SMS_FLASH"),
    *(
        b"SMS_NOKIA_VCARD",
        b"delete",
        b"83",
        b"36",
        b"8",
        b"10081",
        b"wrong",
        b"a" * 33,
        b"\xc4\xb0",
        b"sendmsg",
        b"acme",
    ),
)


def span(rng: Random, payload: bytes, longest: int = 80) -> tuple[int, int]:
    begin = rng.randrange(len(payload) + 1)
    return begin, min(len(payload), begin + rng.randrange(longest))


def flip(rng: Random, payload: bytes) -> bytes:
    changed = bytearray(payload)
    for _ in range(rng.randint(1, 6) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _delete(rng: Random, payload: bytes) -> bytes:
    begin, end = span(rng, payload)
    return payload[:begin] + payload[end:]


def _duplicate(rng: Random, payload: bytes) -> bytes:
    begin, end = span(rng, payload, 400)
    return payload[:end] + payload[begin:end] * rng.randint(1, 3) + payload[end:]


def truncate(rng: Random, payload: bytes) -> bytes:
    return payload[: rng.randrange(len(payload) + 1)]


def _insert(rng: Random, payload: bytes) -> bytes:
    begin, _ = span(rng, payload)
    return payload[:begin] + rng.choice(JUNK) + payload[begin:]


def _noise(rng: Random, payload: bytes) -> bytes:
    begin, end = span(rng, payload)
    return payload[:begin] + rng.randbytes(rng.randint(1, 60)) + payload[end:]


def _move(rng: Random, payload: bytes) -> bytes:
    begin, end = span(rng, payload)
    rest = payload[:begin] + payload[end:]
    where = rng.randrange(len(rest) + 1)
    return rest[:where] + payload[begin:end] + rest[where:]


BYTE_CHANGES: Final[tuple[Change, ...]] = (flip, _delete, _duplicate, truncate, _insert, _noise, _move)


def choose_match(rng: Random, pattern: re.Pattern[bytes], payload: bytes) -> re.Match[bytes] | None:
    found = list(pattern.finditer(payload))
    return rng.choice(found) if found else None


def spliced(payload: bytes, begin: int, end: int, new: bytes) -> bytes:
    return payload[:begin] + new + payload[end:]
