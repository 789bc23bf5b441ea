"""Changes of a form: names, values, repeated pairs, many recipients, percent encoding."""

import re
from random import Random
from typing import Final

from .byte_changes import JUNK, VALUES, Change, choose_match, span, spliced
from .corpus import FIRST

_PAIR: Final = re.compile(rb"([^&=]+)=([^&]*)")
_FORM_NAMES: Final = (
    *(
        b"to",
        b"text",
        b"TO",
        b"Text",
        b"session_id",
        b"api_id",
        b"user",
        b"password",
        b"unicode",
        b"data",
        b"udh",
        b"binary",
    ),
    *(
        b"scheduled_time",
        b"climsgid",
        b"cliMsgId",
        b"callback",
        b"msg_callback",
        b"apimsgid",
        b"validity",
        b"",
        b"to[]",
    ),
    *(b"msg_type", b"concat", b"deliv_time", b"max_credits", b"from", b"queue", b"%74o", b"charset", b"__class__"),
)


def other_pair(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _PAIR, payload)
    return payload if found is None else spliced(payload, *found.span(2), rng.choice((*VALUES, *JUNK)))


def _other_pair_name(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _PAIR, payload)
    if found is None:
        return payload
    return spliced(
        payload, *found.span(1), rng.choice((rng.choice(_FORM_NAMES), found[1].swapcase(), found[1].upper()))
    )


def _added_pair(rng: Random, payload: bytes) -> bytes:
    added = rng.choice(_FORM_NAMES) + rng.choice((b"=", b"=", b"==", b"")) + rng.choice(VALUES)
    return rng.choice((added + b"&" + payload, payload + b"&" + added, payload + b";" + added))


def _repeated_pair(rng: Random, payload: bytes) -> bytes:
    found = choose_match(rng, _PAIR, payload)
    return payload if found is None else payload + (b"&" + found[0]) * rng.choice((1, 2, 2000))


def _crowded_pair(rng: Random, payload: bytes) -> bytes:
    many = b",".join([FIRST.encode()] * rng.choice((2, 299, 300, 301, 599, 600, 601, 4000)))
    return re.sub(rb"(?<![^&])to=[^&]*", lambda _: b"to=" + many, payload)


def percent_encoded(rng: Random, payload: bytes) -> bytes:
    begin, end = span(rng, payload)
    coded = b"".join(b"%%%02x" % each for each in payload[begin:end])
    return spliced(payload, begin, end, coded.replace(b"%", rng.choice((b"%", b"%", b"%25", b"%%", b"%u00"))))


FORM_CHANGES: Final[tuple[Change, ...]] = (
    *(other_pair, other_pair, other_pair, _other_pair_name, _other_pair_name, _added_pair, _added_pair),
    *(_repeated_pair, _crowded_pair, percent_encoded, percent_encoded),
)
