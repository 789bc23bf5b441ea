"""A gateway that repeats what it was sent: nothing that is kept or logged shows a password or a session id."""

import json
import logging
import pickle
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from facades import FACADES, settings
from rawserver import RawServer, Received, envelope, reply

from clicksoap import ClicksoapError, report_of
from clicksoap.redaction import redact

PASSWORD: Final = "c0rrect&horse<battery>%='é"
SESSION: Final = "5e55104d5e55104d5e55104d5e55104d"
USER: Final = "acme-user"
TO: Final = "27821234567"
TEXT: Final = "Meet me at the pier"
SENDER: Final = "Harbour"

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "escaped": escape,
    "escaped twice": lambda text: escape(escape(text)),
    "percent": quote,
    "percent, all": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in text),
    "a form": quote_plus,
    "a form in Latin-1": lambda text: quote_plus(text, encoding="latin-1"),
    "references": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hexadecimal references": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("secret", [PASSWORD, SESSION, "a  b", "$^(.*)+[x]", "100%25 & more"])
def test_a_secret_is_masked_however_it_is_spelt(spelling: Callable[[str], str], secret: str) -> None:
    assert redact(f"<a>{spelling(secret)}</a>", [secret]) == "<a>***</a>"


@pytest.mark.parametrize("spelling", ["plain", "escaped", "percent", "a form"])
@pytest.mark.parametrize("auth", ["session", "credentials"])
@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("facade", FACADES)
@pytest.mark.parametrize("kind", ["ERR: 999, refused {}", "ERR: 105, {} To: " + TO, "warning: {}", "OK: what of {}"])
def test_what_a_gateway_repeats_is_kept_and_logged_without_secrets(  # noqa: PLR0913 - each is a dimension
    spelling: str, auth: str, binding: str, facade: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "clicksoap.wire")
    spelt = SPELLINGS[spelling]
    line = kind.format(" ".join(map(spelt, (PASSWORD, SESSION, USER, TEXT, SENDER))))
    secrets = [
        each(secret) for each in SPELLINGS.values() for secret in (PASSWORD if auth == "credentials" else SESSION,)
    ]

    def answer(connection: Any, received: Received) -> None:
        is_login = b"/http/auth" in received.head or b":auth" in received.body
        lines = [f"OK: {SESSION}"] if is_login else [line, "another"]
        body = "\n".join(lines).encode("latin-1") if binding == "http" else envelope(*lines)
        connection.sendall(reply(body, content_type="text/plain" if binding == "http" else "text/xml; charset=utf-8"))

    given = {**settings(binding=binding, auth=auth), "password": PASSWORD, "user": USER}
    with (
        RawServer(answer) as server,
        FACADES[facade](endpoint=server.origin, **given) as sms,
        pytest.raises(ClicksoapError) as failed,
    ):
        sms.send(TO, TEXT, sender=SENDER)
    report = report_of(failed.value)
    assert report is not None
    assert len(report.lines) == 2
    kept = [*report.lines, *report.unmatched, *(str(result.raw) for result in report), json.dumps(report.to_dict())]
    kept += str(failed.value), repr(failed.value.args), pickle.dumps(failed.value).decode("latin-1")
    logged = "\n".join(record.getMessage() for record in caplog.records)
    for secret in secrets:
        assert not any(secret in each for each in (*kept, logged))
    for content in (USER, TEXT, SENDER):
        assert spelt(content) not in logged


def test_a_coverage_keeps_no_secret() -> None:
    answers = iter([f"OK: {SESSION}", f"OK: covered {SESSION}. Charge: 1"])

    def answer(connection: Any, _: Received) -> None:
        connection.sendall(reply(envelope(next(answers))))

    with RawServer(answer) as server, FACADES["Client"](**settings(endpoint=server.origin)) as sms:
        found = sms.coverage(TO)
    assert (found.text, found.charge) == ("covered ***.", 1)


def test_a_secret_at_the_end_of_what_is_logged_is_not_cut_before_it_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "clicksoap.wire")

    def answer(connection: Any, _: Received) -> None:
        connection.sendall(reply(b"." * 8180 + PASSWORD.encode()))

    given = {**settings(auth="credentials"), "password": PASSWORD}
    with (
        RawServer(answer) as server,
        FACADES["Client"](endpoint=server.origin, **given) as sms,
        pytest.raises(ClicksoapError),
    ):
        sms.balance()
    assert "c0rrect" not in "".join(record.getMessage() for record in caplog.records)
