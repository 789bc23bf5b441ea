"""Every HTTP status with every kind of body: an answer proves only what the page on outcomes says that it proves."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from answers import BESIDE, BODILESS, COLUMNS, answered, bodies, told
from facades import FACADES, settings
from figures import record
from rawserver import Hangup, RawServer

from clicksoap import Retry
from clicksoap.protocol.wire import MAX_REPLY_BYTES

PAGE: Final = Path(__file__).parents[2] / "docs/explanation/outcomes.md"
ALL: Final = range(200, 600)
SOME: Final = sorted(
    {*(200, 201, 202, 204, 206, 299, 300, 301, 302, 303, 304, 305, 307, 308), *range(400, 432), 451, 460, 499}
    | {500, 501, 502, 503, 504, 505, 511, 520, 529, 599}
)
BINDINGS: Final = ("document_literal", "rpc_encoded", "http")


def _table() -> dict[str, list[str]]:
    """The rows of the page's table: per group of statuses, the outcome under each kind of body."""
    rows = re.findall(r"^\| ((?:[0-9]|every).*?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return {group: re.split(r" +\| +", cells) for group, cells in rows if cells.count("|") == len(COLUMNS)}


def expected(status: int, column: str, binding: str) -> str:
    """The outcome that the page says."""
    rows = _ROWS
    group = next(
        (each for each in rows if str(status) in each.split() or (each == "2xx" and 200 <= status < 300)),
        "every other",
    )
    if binding == "http" and column in {"Fault Client", "another Fault"}:
        column = "a page"  # the HTTP API has no Faults
    if status in BODILESS:
        column = "nothing"
    return rows[group][[*COLUMNS, BESIDE].index(column)]


_ROWS: Final = _table()


def cells(statuses: Any, binding: str) -> Iterator[tuple[int, str, str]]:
    """Each status with each body."""
    return ((status, name, body) for status in statuses for name, body in bodies(binding).items())


def test_the_page_has_a_row_for_every_status() -> None:
    assert list(_ROWS) == [
        "2xx",
        "301 307 308 400 401 404 405 407 411 413 414 415 417 421 426 429 431 451",
        "every other",
    ]
    assert {cell for row in _ROWS.values() for cell in row} == {"accepted", "rejected", "not sent", "unknown"}


@pytest.mark.parametrize("statuses", [SOME, pytest.param(ALL, marks=pytest.mark.proof)], ids=["some", "all"])
@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
def test_an_answer_proves_what_the_page_says(facade: Any, binding: str, statuses: Any) -> None:
    current = b""
    arrived = 0

    def answer(connection: Any, _: object) -> None:
        nonlocal arrived
        arrived += 1
        connection.sendall(current)

    wrong: list[tuple[int, str, str, str]] = []
    count = 0
    with (
        RawServer(answer) as server,
        facade(**settings(endpoint=server.origin, binding=binding, auth="credentials")) as sms,
    ):
        for status, column, body in cells(statuses, binding):
            current = answered(binding, status, body)
            count += 1
            if (word := told(sms)) != expected(status, column, binding):
                wrong.append((status, column, expected(status, column, binding), word))
    record("HTTP statuses with each kind of body", cells=count, wrong=len(wrong))
    assert wrong == []
    assert arrived == count  # each was sent once
    print(f"{count} cells, {len(wrong)} wrong")  # noqa: T201 - the figure of the page, shown by pytest -rP


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
def test_a_send_whose_refusal_holds_an_id_is_never_repeated(facade: Any, binding: str) -> None:
    """Under 429 and 503 a send that certainly did nothing is tried again; one that was answered is not."""
    arrived = 0
    current = b""

    def answer(connection: Any, _: object) -> None:
        nonlocal arrived
        arrived += 1
        connection.sendall(current)

    retry = Retry(first_pause=0, longest_pause=0)
    for status in (429, 503):
        for column, body in bodies(binding).items():
            with (
                RawServer(answer) as server,
                facade(**settings(endpoint=server.origin, binding=binding, auth="credentials", retry=retry)) as sms,
            ):
                current, arrived = answered(binding, status, body), 0
                word = told(sms)
            # A Fault says that the envelope is wrong, which no repetition mends.
            is_busy = status == 429 and word == "not sent" and (column != "Fault Client" or binding == "http")
            assert arrived == (4 if is_busy else 1), (status, column)


OWN_SESSION: Final = {
    "a session of the caller's": lambda **named: FACADES["Client"](session=requests.Session(), **named)
}
ID_LINE: Final = f"ID: {'0a' * 16} To: 27821234567"
CUT_OFF: Final = {
    "before anything": ("", "not sent"),
    "within a page": ("<html>moved", "not sent"),
    "behind an id": (ID_LINE, "unknown"),
    "within an error": ("ERR: 10", "not sent"),
}


@pytest.mark.parametrize(("body", "outcome"), CUT_OFF.values(), ids=list(CUT_OFF))
@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("make", [*FACADES.values(), *OWN_SESSION.values()], ids=[*FACADES, *OWN_SESSION])
def test_a_refusal_that_breaks_off_proves_nothing_behind_an_id(
    make: Any, framing: str, body: str, outcome: str
) -> None:
    """The lines outrank the status, and nobody knows those that did not come."""

    def answer(connection: Any, _: object) -> None:
        data = f"{len(body):x}\r\n{body}\r\n" if "chunked" in framing and body else body
        connection.sendall(f"HTTP/1.1 301 Moved\r\n{framing}\r\n\r\n{data}".encode())
        raise Hangup

    with (
        RawServer(answer) as server,
        make(**settings(endpoint=server.origin, binding="http", auth="credentials")) as sms,
    ):
        assert told(sms) == outcome


@pytest.mark.parametrize("make", [*FACADES.values(), *OWN_SESSION.values()], ids=[*FACADES, *OWN_SESSION])
def test_a_refusal_that_is_too_large_proves_nothing_behind_an_id(make: Any) -> None:
    filler = b"x" * (MAX_REPLY_BYTES + 1)

    def answer(connection: Any, _: object) -> None:
        head = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (ID_LINE.encode(), filler))
        with contextlib.suppress(OSError):  # the client does not wait for all of it
            connection.sendall(head + chunks + b"0\r\n\r\n")
        raise Hangup

    with (
        RawServer(answer) as server,
        make(**settings(endpoint=server.origin, binding="http", auth="credentials")) as sms,
    ):
        assert told(sms) == "unknown"
