"""Apply a fault to an answer: damage it, delay it or replace it."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.http_values import HttpAnswer

_HTML: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
    b"<body><h1>It works!</h1><p>Please sign in to this network.<br></p></body></html>\n"
)
_GARBAGE: Final = b"~~~ 0x7f ### ~~~\n"
_GZIP_HEADER: Final = 10
_NO_SUCH_BLOCK: Final = b"\xff"  # of the four types of a deflate block, the one that does not exist
_REDIRECTS: Final = range(300, 400)


def apply_fault(rule: Rule, answer: HttpAnswer) -> HttpAnswer:
    """The answer after the fault of a rule; unchanged for the kinds ``fault``, ``error`` and ``session``."""
    change = _CHANGES.get(rule.kind)
    return answer if change is None else change(rule, replace(answer, as_is=True))


def _replace(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001 - every change is called alike
    headers = {"content-type": "text/plain; charset=utf-8"}
    if rule.retry_after is not None:
        headers["retry-after"] = str(rule.retry_after)
    if rule.status in _REDIRECTS:
        headers["location"] = "/elsewhere"
    known = {each.value: each.phrase for each in HTTPStatus}
    body = b"" if rule.status == HTTPStatus.NOT_MODIFIED else f"{rule.status} {known.get(rule.status, '')}\n".encode()
    return HttpAnswer(rule.status, headers, body, as_is=True)


def _wait(rule: Rule, answer: HttpAnswer) -> HttpAnswer:
    return replace(answer, wait=rule.seconds if rule.carried_out else 0.0, as_is=False)


def _page(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    return HttpAnswer(200, {"content-type": "text/html; charset=utf-8"}, _HTML, as_is=True)


def _malform(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    """Misspell an end tag; replace plain text with garbage."""
    body = answer.body
    end = body.rfind(b"</return>")
    mangled = _GARBAGE if end < 0 else body[:end] + b"</retrun>" + body[end + len(b"</return>") :]
    return replace(answer, body=mangled)


def _truncate(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    return replace(answer, headers=headers, body=answer.body[: len(answer.body) // 2], ending="cut")


def _empty(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    return replace(answer, status=200, body=b"")


def _recode(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    body = answer.body.decode("utf-8", "replace").encode("utf-16-be")
    return replace(answer, body=body, shown=f"({len(body)} bytes of UTF-16)\n".encode() + answer.body)


def _corrupt(rule: Rule, answer: HttpAnswer) -> HttpAnswer:  # noqa: ARG001
    whole = gzip.compress(answer.body, mtime=0)
    broken = whole[:_GZIP_HEADER] + _NO_SUCH_BLOCK + whole[_GZIP_HEADER + 1 :]
    headers = {**answer.headers, "content-encoding": "gzip"}
    return replace(answer, headers=headers, body=broken, shown=f"({len(broken)} bytes of damaged gzip)".encode())


def _slow_down(rule: Rule, answer: HttpAnswer) -> HttpAnswer:
    return replace(answer, bytes_per_second=rule.bytes_per_second)


def _lose(rule: Rule, answer: HttpAnswer) -> HttpAnswer:
    return replace(answer, ending="reset", body=answer.body if rule.carried_out else b"")


_CHANGES: Final[dict[str, Callable[[Rule, HttpAnswer], HttpAnswer]]] = {
    "status": _replace,
    "delay": _wait,
    "html": _page,
    "malformed": _malform,
    "truncated": _truncate,
    "empty": _empty,
    "charset": _recode,
    "gzip": _corrupt,
    "trickle": _slow_down,
    "reset": _lose,
}
