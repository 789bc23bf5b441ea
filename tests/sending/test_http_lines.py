"""Lines of the HTTP API in the dress that servers give them: nothing is taken for an id that is none."""

from typing import Any, Final

import pytest
from answers import ID, TO
from facades import FACADES, settings
from rawserver import Hangup, RawServer, reply

from clicksoap import ClicksoapError

OWN: Final = f"ID: {ID}"


def plain(body: bytes, status: str = "200 OK", **named: Any) -> bytes:
    return reply(body, status, "text/plain", **named)


def unframed(body: bytes, *headers: bytes) -> bytes:
    """A reply that ends with the connection."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: text/plain", *headers, b"", body))


READ: Final = {
    "plain": (plain(OWN.encode()), ID),
    "an id of the gateway's own kind": (plain(b"ID: 4711"), "4711"),
    "a byte order mark": (plain(b"\xef\xbb\xbf" + OWN.encode()), ID),
    "UTF-16": (plain(OWN.encode("utf-16")), ID),
    "a tag behind": (plain(f"{OWN}<br>".encode()), ID),
    "tags behind": (plain(f"{OWN} <br />\r\n</p>\n".encode()), ID),
    "a NUL behind": (plain(OWN.encode() + b"\0"), ID),
    "NULs and blanks behind": (plain(OWN.encode() + b" \0\0 \r\n\0"), ID),
    "a blank line in front": (plain(f"\r\n\r\n{OWN}\r\n".encode()), ID),
    "a complete id before the connection ends": (unframed(OWN.encode()), ID),
    "an id under 404": (plain(OWN.encode(), "404 Not Found"), ID),
    "an asked number under 500": (plain(f"ID: 4711 To: {TO}".encode(), "500 Oops"), "4711"),
}
NOT_READ: Final = {
    "markup inside": plain(b"ID: 47<b>11</b>0"),
    "an open tag behind": plain(b"ID: 4711<br"),
    "a page with an incident under 500": plain(b"ID: 4711", "500 Oops"),
    "a page with an incident under 404": plain(b"ID: 4711", "404 Not Found"),
    "an id beside words under 503": plain(f"Sorry\n{OWN}".encode(), "503 Busy"),
    "a cut id": unframed(b"ID: 47"),
    "a cut id under a length of 16 digits": unframed(b"ID: 47", b"Content-Length: 0000000000000036"),
    "a cut id under a huge length": unframed(b"ID: 47", b"Content-Length: 9999999999999999"),
    "a cut id under two lengths": unframed(b"ID: 47", b"Content-Length: 36, 36"),
    "a cut id under a length that is no number": unframed(b"ID: 47", b"Content-Length: 0x24"),
    "a cut id in a chunk": unframed(b"24\r\nID: 47", b"Transfer-Encoding: chunked"),
}


def outcome(facade: Any, answer: bytes) -> tuple[str, str | None]:
    """The state of the one recipient, and its id."""

    def say(connection: Any, _: object) -> None:
        connection.sendall(answer)
        raise Hangup

    with (
        RawServer(say) as server,
        facade(**settings(endpoint=server.origin, binding="http", auth="credentials")) as sms,
    ):
        try:
            report = sms.send(TO, "hello")
        except ClicksoapError as error:
            report = error.report
    (result,) = report
    return str(result.state), result.message_id


@pytest.mark.parametrize(("answer", "message_id"), READ.values(), ids=list(READ))
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
def test_an_id_is_read_without_what_servers_print_around_it(facade: Any, answer: bytes, message_id: str) -> None:
    assert outcome(facade, answer) == ("accepted", message_id)


@pytest.mark.parametrize("answer", NOT_READ.values(), ids=list(NOT_READ))
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
def test_what_may_be_a_part_of_an_id_is_no_id(facade: Any, answer: bytes) -> None:
    assert outcome(facade, answer) == ("unknown", None)


@pytest.mark.parametrize(
    ("status", "line", "state"),
    [
        ("500 Oops", "ERR: 105, Invalid Destination Address", "rejected"),
        ("404 Not Found", "ERR: 301, No Credit Left", "not_sent"),
        ("404 Not Found", "ERR: 404, no such page", "not_sent"),
        ("502 Bad Gateway", "ERR: 502, Bad Gateway", "unknown"),
    ],
)
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
def test_an_err_line_outranks_the_status_if_its_number_is_documented(
    facade: Any, status: str, line: str, state: str
) -> None:
    assert outcome(facade, plain(line.encode(), status)) == (state, None)
