"""Changes around the payload: headers, compression, path, method, a form in two places."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from clicksoap.contract import SERVICE_PATHS

from .byte_changes import flip, truncate
from .form_changes import other_pair, percent_encoded
from .http import FORM, XML, Request
from .xml_changes import CHARSETS, PYTHON_CHARSETS

_TYPES: Final = (
    *(
        "application/soap+xml",
        "text/plain",
        "application/json",
        "multipart/form-data",
        "multipart/related; type=text/xml",
    ),
    *(
        "multipart/form-data; boundary=x",
        "",
        ";",
        "text/xml;;;charset",
        "text/xml; charset",
        "text/xml; =utf-8",
        FORM,
        XML,
    ),
    *("TEXT/XML", "application/x-www-form-urlencoded; charset=UTF-16", "\xe9", "text/xml; charset=\xe9", "x" * 5000),
)
_PATHS: Final = (
    *(
        "/",
        "//",
        "/http",
        "/http/",
        "/http/sendmsg/",
        "/HTTP/sendmsg",
        "/http/SENDMSG",
        "/http//sendmsg",
        "/utils/x.php",
    ),
    *(
        "/utils/",
        "/utils/ROUTECOVERAGE.php",
        "/utils/routecoverage.PHP",
        "/soap/webservice_vs.php/",
        "/soap/webservice",
    ),
    *(
        "/http/sendmsg.php.php",
        "/http/%73endmsg",
        "/http/sendmsg%00",
        "/%FF",
        "/http/..%2fsendmsg",
        "/http_batch/sendmsg",
    ),
    *(
        "/utils/%C3%A9",
        "/utils/%2e%2e/http/sendmsg",
        "/mms/auth",
        "/soap/webservice_vs.php;x=1",
        "/utils/a%0d%0ab",
        "/*",
    ),
)


def _retyped(rng: Random, request: Request) -> Request:
    if rng.random() < 0.5:
        return request.with_header("Content-Type", f"text/xml; charset={rng.choice((*CHARSETS, *PYTHON_CHARSETS))}")
    return request.with_header("Content-Type", rng.choice((None, *_TYPES)))


def _compressed(rng: Random, request: Request) -> Request:
    packed = gzip.compress(request.body, 1, mtime=0)
    bodies = (
        *(
            packed,
            packed,
            packed[:-9],
            packed + b"more",
            packed + packed,
            request.body,
            gzip.compress(packed, 1, mtime=0),
        ),
        *(flip(rng, packed), b"\x1f\x8b" + rng.randbytes(30), b"", zlib.compress(request.body)),
    )
    coding = rng.choice(
        ("gzip", "gzip", "gzip", "x-gzip", "GZIP", "br", "deflate", "gzip, gzip", "", "identity", "\xe9")
    )
    return replace(request, body=rng.choice(bodies)).with_header("Content-Encoding", coding)


def _readdressed(rng: Random, request: Request) -> Request:
    if rng.random() < 0.6:
        return replace(request, path=rng.choice(_PATHS))
    return replace(request, method=rng.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GET", "POST", "BREW")))


def _asked_otherwise(rng: Random, request: Request) -> Request:
    name, values = rng.choice(
        (
            ("SOAPAction", ("", '""', '"', "urn:x", '"urn:x/format_disk"', "\xe9", "x" * 3000, None)),
            ("Accept-Encoding", ("gzip", "*", "gzip;q=0", "gzip;q=x", ";;;,,,", "\xe9", "gzip;q=1e999", None)),
            ("Expect", ("100-continue",)),
            ("Host", ("", "[", "[::1", "x/y", "x?wsdl", "x#y", "a b", "@", "x:99999999", "<&>", "\xe9", "%")),
            ("Cookie", ("\xe9=;;", "session_id=1")),
            ("X-Forwarded-Proto", ("https", "\xe9")),
            ("Accept", ("application/json", "*/*;q=x")),
        )
    )
    return request.with_header(name, rng.choice(values))


def _both_places(rng: Random, request: Request) -> Request:
    """A form in the address and in the body at once; a WSDL asked for while calling."""
    if request.path in SERVICE_PATHS:
        return replace(request, query=rng.choice((b"wsdl", b"WSDL=1", b"wsdl&wsdl", b"%00", b"x=%")))
    if request.method == "POST":
        return replace(request, query=rng.choice((truncate, other_pair, percent_encoded))(rng, request.body)[:8000])
    return replace(request, method="POST", body=truncate(rng, request.query))


HTTP_CHANGES: Final[tuple[Callable[[Random, Request], Request], ...]] = (
    *(_retyped, _retyped, _compressed, _compressed, _readdressed, _asked_otherwise, _both_places),
)
