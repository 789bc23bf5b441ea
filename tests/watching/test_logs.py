"""One line per exchange at INFO; the wire at DEBUG, without its secrets."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from rawserver import Hangup, RawServer, Received, reply

from clicksoap import (
    Binary,
    ClicksoapError,
    Client,
    InvalidInput,
    MmsNotification,
    OutcomeUnknown,
    Retry,
    Secret,
    Text,
    Timeout,
    WapPush,
    config,
)
from clicksoap.protocol.observing import shown_reply, shown_request
from clicksoap.simulator import Simulator

A, B, REFUSED = "27821234567", "27831234599", "9991051234"
VOUCHER = "4716253849501726"
PASSWORD = "c0rrect&horse<battery>%=é"
USER = "acme-user"
API_ID = "987654"

Connect = Callable[..., Client]
Logged = Callable[..., list[str]]


def without_time(lines: list[str]) -> list[str]:
    assert all(re.search(r", [0-9]+ ms, ", line) for line in lines)
    return [re.sub(r", [0-9]+ ms, ", ", ", line) for line in lines]


def test_one_line_per_exchange_tells_command_binding_recipients_and_outcomes(
    sms: Client, binding: str, logged: Logged
) -> None:
    sms.send([A, B, REFUSED], "hello")
    sms.balance()
    assert without_time(logged()) == [
        f"auth over {binding}: 0 recipients, 1 answered",
        f"sendmsg over {binding}: 3 recipients, 2 accepted, 1 rejected",
        f"getbalance over {binding}: 0 recipients, 1 answered",
    ]


def test_a_failure_is_told_with_its_class_and_number(sms: Client, binding: str, logged: Logged) -> None:
    with pytest.raises(ClicksoapError):
        sms.status(client_message_id="Unheard0f")
    assert without_time(logged())[1:] == [
        f"querymsg over {binding}: 0 recipients, 1 failed (UnknownMessage 104)",
    ]


def test_a_lost_answer_is_told(sms: Client, gateway: Simulator, binding: str, logged: Logged) -> None:
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown):
        sms.send(A, "hello")
    assert without_time(logged())[1:] == [f"sendmsg over {binding}: 1 recipients, 1 failed (TransportLost)"]


def test_a_refused_login_is_told(connect: Connect, gateway: Simulator, binding: str, logged: Logged) -> None:
    with pytest.raises(ClicksoapError):
        connect(gateway.origin, "wrong").send(A, "hello")
    assert without_time(logged()) == [f"auth over {binding}: 0 recipients, 1 failed (AuthenticationError 001)"]


def test_every_try_has_its_line(connect: Connect, binding: str, logged: Logged) -> None:
    with (
        RawServer(lambda connection, _: connection.sendall(reply(b"", "503 Busy"))) as server,
        pytest.raises(ClicksoapError),
    ):
        connect(server.origin, retry=Retry(attempts=3)).balance()
    assert without_time(logged()) == [f"auth over {binding}: 0 recipients, 1 failed (ProtocolError)"] * 3


def test_what_was_refused_before_it_left_has_no_line(sms: Client, logged: Logged) -> None:
    with pytest.raises(InvalidInput):
        sms.send("12", "hello")
    assert logged() == []


def test_a_raw_call_has_its_line_too(gateway: Simulator, logged: Logged) -> None:
    with Client(1, "acme", "secret", endpoint=gateway.origin) as sms:
        sms.service.ping("no session")
    assert without_time(logged()) == ["ping over document_literal: 0 recipients, 1 answered"]


def test_the_wire_is_silent_unless_asked_for(sms: Client, logged: Logged, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "clicksoap.wire")
    sms.send(A, "hello")
    assert logged("clicksoap.wire", logging.DEBUG) == []


def everything(sms: Client, gateway: Simulator) -> None:
    """Every command, so that every secret and every kind of content travels."""
    sms.authenticate()
    sms.ping()
    (result, *_) = sms.send([A, B, REFUSED], "Meet me at the pier")
    sms.send(A, Text("Rendez-vous \N{SNOWMAN}"), sender=int(B))
    sms.send(A, Binary(b"\xde\xad\xbe\xef" * 50))
    sms.send(A, WapPush("http://pier.example/", "Look at the pier", expires=None))
    sms.send(A, MmsNotification("http://pier.example/", "A photo of the pier", "Harbour", timedelta(days=1)))
    with sms.batch("Dear #field1#, the pier awaits") as batch:
        batch.send(A, "Wilhelmina")
        batch.quicksend([A, B])
    sms.status(result.message_id)
    sms.stop(result.message_id)
    sms.charge(str(result.message_id))
    sms.balance()
    sms.coverage(A)
    sms.coverage(REFUSED)
    sms.redeem(VOUCHER)
    gateway.gateway.expire_sessions()
    sms.balance()


SPELLINGS = (str, quote_plus, lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
SECRETS = [spelling(PASSWORD) for spelling in SPELLINGS] + [quote_plus(PASSWORD, encoding="latin-1")]
CONTENT = [
    *(A, B, REFUSED, "pier", "Wilhelmina", "Harbour", "photo", "deadbeef", "Rendez"),
    *(quote_plus("Meet me at the pier"), "Rendez-vous \N{SNOWMAN}".encode("utf-16-be").hex()),
]


def test_the_wire_shows_no_secret_number_or_text(sms: Client, gateway: Simulator, logged: Logged) -> None:
    sessions: set[str] = set()
    carry_out = gateway.gateway._state.sessions._by_session

    def remembered(session_id: str) -> Any:
        sessions.add(session_id)
        return carry_out(session_id)

    gateway.gateway._state.sessions._by_session = remembered  # type: ignore[method-assign]
    everything(sms, gateway)
    lines = logged("clicksoap.wire", logging.DEBUG)
    assert len(sessions) == 2
    assert [line.split()[0] for line in lines] == ["sent", "received"] * 22
    wire = "\n".join(lines)
    for hidden in (*SECRETS, *sessions, USER, API_ID, VOUCHER, *CONTENT):
        assert hidden not in wire
    assert "27…67" in wire
    for shown in ("session_id", "password", "ERR: 105", "Status: 00", "apimsgid", "Credit: "):
        assert shown in wire


def test_the_wire_shows_numbers_and_texts_on_request_and_never_a_secret(
    connect: Connect, gateway: Simulator, logged: Logged
) -> None:
    everything(connect(gateway.origin, log_content=True), gateway)
    wire = "\n".join(logged("clicksoap.wire", logging.DEBUG))
    for hidden in (*SECRETS, USER, API_ID, VOUCHER):
        assert hidden not in wire
    assert not re.search(r"OK: [0-9a-f]{32}", wire)
    for shown in (A, B, "pier", "Wilhelmina", "deadbeef"):
        assert shown in wire


def test_with_credentials_in_every_command_they_are_hidden_in_every_command(
    connect: Connect, gateway: Simulator, logged: Logged
) -> None:
    connect(gateway.origin, auth="credentials").send(A, "hello")
    wire = "\n".join(logged("clicksoap.wire", logging.DEBUG))
    assert "password" in wire
    for hidden in (*SECRETS, USER, API_ID):
        assert hidden not in wire


def test_the_lines_show_no_secret_number_or_text(sms: Client, gateway: Simulator, logged: Logged) -> None:
    everything(sms, gateway)
    lines = "\n".join(logged() + logged(level=logging.WARNING) + logged(level=logging.DEBUG))
    for hidden in (*SECRETS, USER, API_ID, VOUCHER, *CONTENT):
        assert hidden not in lines


def test_a_server_that_echoes_the_request_does_not_make_the_log_tell(connect: Connect, logged: Logged) -> None:
    def echo(connection: Any, received: Received) -> None:
        connection.sendall(reply(received.body or received.head))

    with RawServer(echo) as server:
        sms = connect(server.origin, auth="credentials", retry=None)
        with pytest.raises(ClicksoapError):
            sms.send(A, "Meet me at the pier")
    wire = "\n".join(logged("clicksoap.wire", logging.DEBUG))
    assert wire.count("received 200") == 1
    for hidden in (*SECRETS, USER, API_ID, A, "pier"):
        assert hidden not in wire


def test_a_lost_answer_shows_what_was_sent_alone(sms: Client, gateway: Simulator, logged: Logged) -> None:
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown):
        sms.send(A, "hello")
    wire = logged("clicksoap.wire", logging.DEBUG)
    assert [line.split()[0] for line in wire] == ["sent", "received", "sent"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<a><password>x</password></a>", "<a><password>***</password></a>"),
        (
            b'<ns1:password xsi:type="xsd:string">x</ns1:password>',
            '<ns1:password xsi:type="xsd:string">***</ns1:password>',
        ),
        (b"<to><item>1</item></to>", "<to><item>***</item></to>"),
        (b"<field10>x</field10><fieldx>x</fieldx>", "<field10>***</field10><fieldx>x</fieldx>"),
        (b"<text/><text></text>", "<text/><text>***</text>"),
        (b"user=x&password=a%26b&to=1%2C2&queue=1", "user=***&password=***&to=***&queue=1"),
        (b"session_id=x", "session_id=***"),
        (b"climsgid=x&unicode=1", "climsgid=x&unicode=1"),
        (b"token=x&mms_url=y&si_text=z&from=f", "token=***&mms_url=***&si_text=***&from=***"),
    ],
)
def test_a_request_is_masked_by_the_names_of_its_fields(body: bytes, shown: str) -> None:
    assert shown_request(body, show_content=False) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<return>OK: 5e55104d</return>", "<return>OK: ***</return>"),
        (b"<return>\n OK:5e55104d \n</return>", "<return>\n OK:*** \n</return>"),
        (b"OK: 5e55104d\n", "OK: ***\n"),
        (b"ok:  5e55104d", "ok:  ***"),
        (b"OK", "OK"),
        (b"OK: This prefix is covered", "OK: This prefix is covered"),
        (b"ID: a1 To: 27821234567", "ID: a1 To: 27…67"),
        (b"ERR: 105, no To: +27821234567", "ERR: 105, no To: 27…67"),
        (b"ID: 00000000000000000000000000000001", "ID: 00000000000000000000000000000001"),
        (b"<item>ID: a1</item>", "<item>ID: a1</item>"),
        (b"Credit: 12.3", "Credit: 12.3"),
        (b"<fault><password>x</password></fault>", "<fault><password>***</password></fault>"),
    ],
)
def test_a_reply_is_masked_where_it_tells_a_session_or_a_number(body: bytes, shown: str) -> None:
    assert shown_reply(body, show_content=False) == shown


def test_a_body_is_shown_up_to_8192_characters() -> None:
    assert len(shown_request(b"x" * 100_000, show_content=False)) == 8192
    assert len(shown_reply(b"x" * 100_000, show_content=False)) == 8192


@pytest.mark.parametrize("piece", [b"<to ", b"<to:", b"<password>", b"OK:", b"OK: ", b"OK:a ", b"1", b"&to=", b"<<"])
def test_no_reply_makes_the_log_slow(piece: bytes) -> None:
    """A megabyte takes well under a second; were it quadratic, it would take minutes."""
    body = piece * (1024 * 1024 // len(piece))
    assert len(shown_reply(body, show_content=False)) <= 8192


def test_no_repr_shows_a_secret(connect: Connect, gateway: Simulator) -> None:
    sms = connect(gateway.origin)
    report = sms.send([A, REFUSED], "Meet me at the pier")
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send(A, "Meet me at the pier")
    environ = {"CLICKSOAP_USER": USER, "CLICKSOAP_PASSWORD": PASSWORD, "CLICKSOAP_API_ID": API_ID, "HOME": "/nowhere"}
    objects: list[object] = [
        *(sms, sms.service, sms.batch("Dear pier"), *vars(sms).values()),
        *(*vars(sms._core.flows).values(), sms._core.session.current(), Secret(PASSWORD), Timeout(), Retry()),
        *(report, *report, lost.value, lost.value.report, lost.value.cause, report[1].error),
        *(sms.status(report[0].message_id), sms.charge(str(report[0].message_id)), sms.coverage(A)),
        *(Text("Meet me at the pier"), Binary(b"pier"), WapPush("http://pier.example", "pier")),
    ]
    settings = repr(config.load(environ=environ)["password"])
    for shown in (settings, *map(repr, objects), *map(str, objects)):
        for hidden in (*SECRETS, "pier", A, REFUSED, *gateway.gateway._state.sessions._by_id):
            assert hidden not in shown


def test_an_error_holds_no_secret_in_whatever_hangs_on_it(connect: Connect) -> None:
    def hang_up(*_: object) -> None:
        raise Hangup

    with RawServer(hang_up) as server:
        sms = connect(server.origin, auth="credentials", retry=None)
        with pytest.raises(OutcomeUnknown) as lost:
            sms.send(A, "Meet me at the pier")
    at: BaseException | None = lost.value
    while at is not None:
        assert isinstance(at, ClicksoapError)
        held = f"{at} {at!r} {at.args} { {**vars(at), 'report': None} }"
        assert not any(hidden in held for hidden in (*SECRETS, A, "pier", USER))
        at = at.__cause__ or at.__context__
