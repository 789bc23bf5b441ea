"""A mutant: a request of the corpus that is changed one to three times.

Its seed alone decides: the same seed, corpus and ids give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from clicksoap.contract import SERVICE_PATHS

from .byte_changes import BYTE_CHANGES
from .corpus import KnownIds
from .form_changes import FORM_CHANGES
from .http import Request
from .http_changes import HTTP_CHANGES
from .xml_changes import XML_CHANGES

_MAX_BYTES: Final = (1 << 20) + 1000
"""A little more than servers take."""


def mutant(seed: str, requests: Sequence[Request], known: KnownIds) -> Request:
    """A request of the corpus, changed one to three times."""
    rng = Random(seed)  # noqa: S311 - not for secrecy
    request = rng.choice(requests)
    request = request.with_payload(
        request.payload.replace(known.batches[0].encode(), rng.choice(known.batches).encode())
    )
    own = XML_CHANGES if request.path in SERVICE_PATHS else FORM_CHANGES
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.random()
        if kind < 0.15:
            request = rng.choice(HTTP_CHANGES)(rng, request)
        else:
            change = rng.choice(own if kind < 0.8 else BYTE_CHANGES)
            request = request.with_payload(change(rng, request.payload)[:_MAX_BYTES])
    return replace(request, chunked=request.method == "POST" and rng.random() < 0.05)
