"""The HTTP API over a real socket: the same commands as SOAP's, over the same state."""

import socket
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from clicksoap.codes import ERRORS
from clicksoap.simulator import Account, Simulator

from .conftest import Reply, Wire

TO = "27820000001"
OTHER = "27820000002"
REFUSED = "9991210000"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
FORM = "application/x-www-form-urlencoded"

PLACES = {
    **{f"/http/{name}": name for name in ("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance")},
    **{f"/http/{name}": name for name in ("getmsgcharge", "token_pay")},
    **{f"/mms/{name}": name for name in ("si_push", "ind_push")},
    **{f"/http_batch/{name}": name for name in ("startbatch", "senditem", "quicksend", "endbatch")},
    **{f"/utils/{name}": "routecoverage" for name in ("routeCoverage", "routecoverage", "ROUTECOVERAGE")},
}
PATHS = [
    pytest.param(f"{place}{end}", name, id=f"{place}{end}") for place, name in PLACES.items() for end in ("", ".php")
]


@pytest.fixture(params=["GET", "POST"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def message_id(line: str) -> str:
    word, found = line.split(" To: ", maxsplit=1)[0].split(" ")
    assert word == "ID:"
    assert len(found) == 32
    return found


@pytest.mark.parametrize(("path", "command"), PATHS)
def test_every_path_reaches_its_command(wire: Wire, path: str, command: str, method: str) -> None:
    (line,) = wire.ask(path.removeprefix("/"), method, api_id="7")
    assert line.startswith("ERR: 00")  # 001, or 005 of ping
    assert {name for name, times in wire.sim.gateway.commands.items() if times} == {command}


def test_every_command_does_what_it_does_by_soap(wire: Wire, method: str) -> None:
    def ask(command: str, /, **values: str) -> list[str]:
        return wire.ask(command, method, **values)

    (line,) = ask("http/auth", **WHO)
    session = {"session_id": line.removeprefix("OK: ")}
    assert len(session["session_id"]) == 32
    assert ask("http/ping", **session) == ["OK:"]
    assert ask("http/getbalance", **session) == ["Credit: 1000.00"]
    assert ask("utils/routeCoverage.php", **session, msisdn=TO)[0].endswith("Charge: 1")
    assert ask("utils/routecoverage", **session, msisdn=REFUSED)[0].startswith("ERR: This prefix")

    (alone,) = ask("http/sendmsg", **session, to=TO, text="hi", cliMsgId="mine", callback="3", from_="Shop")
    first = wire.sim.gateway.messages[0]
    assert alone == f"ID: {first.id}"
    assert (first.to, first.text, first.client_message_id, first.sender) == (TO, "hi", "mine", "Shop")
    assert first.parameters["msg_callback"] == "3"
    assert ask("http/querymsg", **session, apimsgid=first.id) == [f"ID: {first.id} Status: 008"]
    assert ask("http/querymsg", **session, climsgid="mine") == [f"ID: {first.id} Status: 008"]
    assert ask("http/getmsgcharge", **session, apimsgid=first.id) == [f"apiMsgId: {first.id} charge: 1 status: 008"]
    later = message_id(ask("http/sendmsg", **session, to=TO, text="later", deliv_time="60")[0])
    assert ask("http/delmsg", **session, apimsgid=later) == [f"ID: {later} Status: 006"]

    push = {"si_id": "1", "si_url": "http://shop.test/", "si_text": "look"}
    (line,) = ask("mms/si_push", **session, to=TO, **push)
    assert line == f"ID: {wire.sim.gateway.messages[2].id} To: {TO}"
    assert wire.sim.gateway.messages[2].text == "look"
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "60", "mms_from": "me", "mms_url": "http://shop.test/"}
    assert message_id(ask("mms/ind_push.php", **session, to=TO, **mms)[0])
    assert wire.sim.gateway.messages[3].parameters == mms
    assert ask("http/token_pay", **session, token="1234567890123456") == ["OK: 605"]

    (started,) = ask("http_batch/startbatch", **session, template="Dear #field1#", cliMsgId="batch")
    batch = {**session, "batch_id": message_id(started)}
    assert ask("http_batch/senditem", **batch, to=TO, field1="Ann & Bob")[0].count(" ") == 1
    assert [line[-11:] for line in ask("http_batch/quicksend", **batch, to=f"{TO},{OTHER}")] == [TO, OTHER]
    assert ask("http_batch/endbatch", **batch) == ["OK"]
    assert ask("http_batch/endbatch", **batch) == ["ERR: 201, Invalid batch ID"]
    texts = [each.text for each in wire.sim.gateway.messages[4:]]
    assert texts == ["Dear Ann & Bob", "Dear #field1#", "Dear #field1#"]
    assert {each.client_message_id for each in wire.sim.gateway.messages[4:]} == {"batch"}
    assert all(wire.sim.gateway.commands.values())


def test_both_services_share_sessions_messages_and_money(wire: Wire, path: str) -> None:
    session = wire.log_in()
    (line,) = wire.ask("http/sendmsg", session_id=session, to=TO, text="hi", climsgid="mine")
    asked = wire.call("querymsg", path=path, session_id=session, climsgid="mine")
    assert asked == [f"{line} Status: 008"]
    assert wire.call("getbalance", path=path, **WHO) == ["Credit: 999.00"]
    by_soap = message_id(wire.call("sendmsg", OTHER, path=path, session_id=session, text="hi")[0])
    assert wire.ask("http/querymsg", session_id=session, apimsgid=by_soap) == [f"ID: {by_soap} Status: 008"]


class TestRecipients:
    def test_several_are_divided_by_commas_and_answered_line_by_line(self, wire: Wire, method: str) -> None:
        lines = wire.ask("http/sendmsg", method, **WHO, text="hi", to=f"{TO},{REFUSED}, {OTHER},+{TO},0821234567,")
        assert lines[0] == f"ID: {wire.sim.gateway.messages[0].id} To: {TO}"
        assert lines[1] == f"ERR: 121, {ERRORS['121']} To: {REFUSED}"
        assert lines[2] == f"ID: {wire.sim.gateway.messages[1].id} To: {OTHER}"
        assert lines[3:] == [f"ERR: 105, {ERRORS['105']} To: {each}" for each in (TO, "0821234567", "")]

    def test_a_plus_that_is_not_encoded_is_a_blank_and_harmless(self, wire: Wire) -> None:
        body = wire.get(f"/http/sendmsg?{urlencode(WHO)}&to=+{TO}&text=two+words").text_lines
        assert message_id(body[0])
        assert wire.sim.gateway.messages[0].text == "two words"
        assert wire.get(f"/http/sendmsg?{urlencode(WHO)}&to=%2B{TO}&text=hi").text_lines[0].startswith("ERR: 105")

    @pytest.mark.parametrize("to", ["", ",", " , "])
    def test_none_is_an_error(self, wire: Wire, method: str, to: str) -> None:
        assert wire.ask("http/sendmsg", method, **WHO, to=to, text="hi") == [f"ERR: 101, {ERRORS['101']}"]

    @pytest.mark.parametrize(("by", "most"), [("GET", 300), ("POST", 600)])
    def test_there_is_a_limit_for_each_method(self, wire: Wire, by: str, most: int) -> None:
        assert len(wire.ask("http/sendmsg", by, **WHO, text="hi", to=",".join([TO] * most))) == most
        too_many = wire.ask("http/sendmsg", by, **WHO, text="hi", to=",".join([TO] * (most + 1)))
        assert too_many == [f"ERR: 101, {ERRORS['101']}"]
        assert len(wire.sim.gateway.messages) == most

    def test_the_limit_of_soap_is_its_own(self, wire: Wire, path: str) -> None:
        assert len(wire.call("sendmsg", *[TO] * 300, path=path, text="hi", **WHO)) == 300
        assert wire.call("sendmsg", *[TO] * 301, path=path, text="hi", **WHO) == [f"ERR: 101, {ERRORS['101']}"]

    def test_a_refusal_of_the_whole_request_is_one_line(self, wire: Wire, method: str) -> None:
        to = f"{TO},{OTHER}"
        assert wire.ask("http/sendmsg", method, **WHO, to=to) == [f"ERR: 107, {ERRORS['107']}"]
        wrong = wire.ask("http/sendmsg", method, **{**WHO, "password": "wrong"}, to=to, text="hi")
        assert wrong == [f"ERR: 001, {ERRORS['001']}"]


class TestText:
    @pytest.mark.parametrize(
        ("encoded", "text"),
        [
            ("caf%E9+%C7%a3", "caf\xe9 \xc7\xa3"),
            ("%C3%A4", "\xc3\xa4"),
            ("%E2%82%AC", "\xe2\x82\xac"),
            ("100%25+%zz", "100% %zz"),
            ("a%26b%3Dc%2B+%23", "a&b=c+ #"),
            ("two%0Alines%0d%0A", "two\nlines\r\n"),
            ("%20+x%20", "  x "),
        ],
        ids=["Latin-1", "UTF-8 is mangled", "the euro is mangled", "percent", "reserved", "line breaks", "blanks"],
    )
    def test_percent_encoding_is_read_as_latin_1(self, wire: Wire, method: str, encoded: str, text: str) -> None:
        said = f"{urlencode(WHO)}&to={TO}&text={encoded}"
        if method == "GET":
            wire.get(f"/http/sendmsg?{said}")
        else:
            wire.post("/http/sendmsg", said, Content_Type=f"{FORM}; charset=UTF-8")
        assert [each.text for each in wire.sim.gateway.messages] == [text]

    @pytest.mark.parametrize(("raw", "text"), [(b"\xe9\xdf", "\xe9\xdf"), ("é".encode(), "Ã©")])
    def test_raw_bytes_in_a_form_are_latin_1_too(self, sim: Simulator, raw: bytes, text: str) -> None:
        """As curl sends ``--data-binary``, written to the socket byte for byte."""
        body = f"{urlencode(WHO)}&to={TO}&text=".encode() + raw
        place = urlsplit(sim.origin)
        head = (
            f"POST /http/sendmsg HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
        )
        with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
            reply = b"".join(iter(lambda: connection.recv(4096), b""))
        assert reply.startswith(b"HTTP/1.1 200 ")
        assert reply.endswith(f"\r\n\r\nID: {sim.gateway.messages[0].id}".encode())
        assert sim.gateway.messages[0].text == text

    def test_unicode_comes_as_hexadecimal_utf_16(self, wire: Wire, method: str) -> None:
        wire.ask("http/sendmsg", method, **WHO, to=TO, text="03a920ACD83DDE00", unicode="1")
        (message,) = wire.sim.gateway.messages
        assert (message.text, message.unicode) == ("Ω€\N{GRINNING FACE}", True)
        assert wire.ask("http/sendmsg", method, **WHO, to=TO, text="Ω".encode().hex() + "0", unicode="1") == [
            f"ERR: 116, {ERRORS['116']}"
        ]

    def test_binary_makes_a_text_bytes_but_by_http_alone(self, wire: Wire, method: str, path: str) -> None:
        assert message_id(wire.ask("http/sendmsg", method, **WHO, to=TO, text="00ff", binary="1")[0])
        assert message_id(wire.ask("http/sendmsg", method, **WHO, to=TO, text="00ff", binary="0")[0])
        assert message_id(wire.call("sendmsg", TO, path=path, text="00ff", binary="1", scheduled_time="x", **WHO)[0])
        assert [(each.data, each.text) for each in wire.sim.gateway.messages] == [
            (b"\x00\xff", ""),
            (b"", "00ff"),
            (b"", "00ff"),
        ]


class TestParameters:
    def test_names_are_told_apart_by_their_case(self, wire: Wire, method: str) -> None:
        assert wire.ask("http/sendmsg", method, **WHO, to=TO, Text="hi") == [f"ERR: 107, {ERRORS['107']}"]
        assert wire.ask("http/sendmsg", method, **WHO, To=TO, text="hi") == [f"ERR: 101, {ERRORS['101']}"]
        assert wire.ask("http/getbalance", method, **{**WHO, "api_id": "", "API_ID": "7"})[0].startswith("ERR: 108")

    @pytest.mark.parametrize("command", ["querymsg", "delmsg"])
    def test_questions_know_the_ids_in_lower_case_alone(self, wire: Wire, method: str, command: str) -> None:
        line = wire.ask("http/sendmsg", method, **WHO, to=TO, text="hi", climsgid="mine")[0]
        assert wire.ask(f"http/{command}", method, **WHO, climsgid="mine") == [f"{line} Status: 008"]
        for wrong in ({"cliMsgId": "mine"}, {"apiMsgId": message_id(line)}):
            assert wire.ask(f"http/{command}", method, **WHO, **wrong) == [f"ERR: 109, {ERRORS['109']}"]

    def test_the_query_may_accompany_a_form_and_what_comes_last_counts(self, wire: Wire) -> None:
        def post(query: str, form: str) -> Reply:
            return wire.post(f"/http/sendmsg?{urlencode(WHO)}&{query}", form, Content_Type=FORM)

        assert message_id(post(f"to={TO}", "text=hi").text_lines[0])
        form = f"to={TO}&text=no&text=yes&text=&callback=1&msg_callback=2"
        assert message_id(post(f"to={OTHER}&text=no", form).text_lines[0])
        assert [(each.to, each.text) for each in wire.sim.gateway.messages] == [(TO, "hi"), (TO, "yes")]
        assert wire.sim.gateway.messages[1].parameters["msg_callback"] == "2"

    def test_zeros_and_empty_values_are_not_given(self, wire: Wire, method: str) -> None:
        zeros = dict.fromkeys(("concat", "deliv_time", "scheduled_time", "validity", "req_feat", "binary"), "0")
        empty = dict.fromkeys(("from_", "udh", "data", "msg_type", "climsgid", "session_id"), "")
        assert message_id(wire.ask("http/sendmsg", method, **WHO, to=TO, text="0", **zeros, **empty)[0])
        assert dict(wire.sim.gateway.messages[0].parameters) == {"text": "0"}

    def test_a_body_that_is_no_form_says_nothing(self, wire: Wire) -> None:
        form = urlencode({**WHO, "to": TO, "text": "hi"})
        for kind in ("text/xml", "multipart/form-data; boundary=x", "application/json"):
            assert wire.post("/http/sendmsg", form, Content_Type=kind).text_lines == [f"ERR: 005, {ERRORS['005']}"]
        assert wire.exchange("GET", "/http/sendmsg", form.encode(), {"Content-Type": FORM}).text_lines == [
            f"ERR: 005, {ERRORS['005']}"
        ]


class TestSessions:
    def test_credentials_and_sessions_are_told_apart(self, wire: Wire, method: str) -> None:
        assert wire.ask("http/auth", method, **{**WHO, "password": "wrong"}) == [f"ERR: 001, {ERRORS['001']}"]
        assert wire.ask("http/getbalance", method) == [f"ERR: 005, {ERRORS['005']}"]
        assert wire.ask("http/getbalance", method, user="acme", password="secret") == [f"ERR: 108, {ERRORS['108']}"]
        session = wire.ask("http/auth.php", method, **WHO)[0].removeprefix("OK: ")
        wire.sim.clock.advance(minutes=14)
        assert wire.ask("http/ping", method, session_id=session) == ["OK:"]
        wire.sim.clock.advance(minutes=16)
        assert wire.ask("http/ping", method, session_id=session) == [f"ERR: 003, {ERRORS['003']}"]

    def test_accounts_are_the_same(self, wire_to: Callable[[Simulator], Wire], method: str) -> None:
        with Simulator(accounts=[Account(7, "acme", "secret")]) as sim:
            wire = wire_to(sim)
            assert wire.ask("http/auth", method, **{**WHO, "user": "rival"}) == [f"ERR: 001, {ERRORS['001']}"]
            assert wire.ask("http/auth", method, **WHO)[0].startswith("OK: ")


class TestScheduling:
    @pytest.mark.parametrize("spelled", ["seconds", "date"])
    def test_a_message_waits_for_its_time(self, wire: Wire, method: str, spelled: str) -> None:
        moment = (wire.sim.clock.now() + timedelta(hours=2)).replace(microsecond=0)
        said = str(int(moment.timestamp())) if spelled == "seconds" else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        waiting, stopped = (
            message_id(wire.ask("http/sendmsg", method, **WHO, to=TO, text="hi", scheduled_time=said)[0])
            for _ in range(2)
        )
        assert wire.sim.gateway.message(waiting).due == moment
        assert wire.ask("http/querymsg", method, **WHO, apimsgid=waiting) == [f"ID: {waiting} Status: 011"]
        assert wire.ask("http/delmsg", method, **WHO, apimsgid=stopped) == [f"ID: {stopped} Status: 006"]
        wire.sim.clock.advance(hours=2, minutes=1)
        assert wire.ask("http/querymsg", method, **WHO, apimsgid=waiting) == [f"ID: {waiting} Status: 004"]

    @pytest.mark.parametrize("days", [-1, 8])
    def test_a_time_gone_by_or_too_far_ahead_is_refused(self, wire: Wire, method: str, days: int) -> None:
        moment = wire.sim.clock.now() + timedelta(days=days)
        for said in (str(int(moment.timestamp())), f"{moment:%Y-%m-%dT%H:%M:%SZ}"):
            refused = wire.ask("http/sendmsg", method, **WHO, to=f"{TO},{OTHER}", text="hi", scheduled_time=said)
            assert refused == [f"ERR: 120, {ERRORS['120']}"]

    @pytest.mark.parametrize(
        "said", ["soon", "2031-01-01 00:00:00", "2031-13-01T00:00:00Z", "2031-01-01T00:00:00", "-1", "1" * 12, "1.5"]
    )
    def test_a_time_that_is_none_is_refused(self, wire: Wire, method: str, said: str) -> None:
        refused = wire.ask("http/sendmsg", method, **WHO, to=TO, text="hi", scheduled_time=said)
        assert refused == [f"ERR: 120, {ERRORS['120']}"]

    def test_a_batch_keeps_its_time_and_goes_at_once_when_it_is_over(self, wire: Wire) -> None:
        moment = (wire.sim.clock.now() + timedelta(hours=2)).replace(microsecond=0)
        said = str(int(moment.timestamp()))
        batch = message_id(wire.ask("http_batch/startbatch", **WHO, template="hi", scheduled_time=said)[0])
        wire.ask("http_batch/quicksend", **WHO, batch_id=batch, to=TO)
        wire.sim.clock.advance(hours=3)
        wire.ask("http_batch/quicksend", **WHO, batch_id=batch, to=TO)
        first, second = wire.sim.gateway.messages
        assert (first.due, second.due) == (moment, second.created)


class TestBorders:
    def test_a_path_that_is_none_is_not_found(self, wire: Wire, method: str) -> None:
        wrong = ("/http/routeCoverage", "/http/format_disk", "/http/SendMsg", "/http/sendmsg/", "/http/sendmsg.php5")
        for path in (*wrong, "/http", "/mms/sendmsg", "/utils/coverage", "/utils/sendmsg", "/http_batch/auth"):
            reply = wire.exchange(method, path)
            assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8"), path

    @pytest.mark.parametrize("other", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_other_methods_are_not_allowed_and_carry_nothing_out(self, wire: Wire, other: str) -> None:
        for path in (
            "/http/sendmsg",
            "/http/sendmsg.php",
            "/utils/routeCoverage",
            "/mms/si_push",
            "/http_batch/endbatch",
        ):
            reply = wire.exchange(other, f"{path}?{urlencode({**WHO, 'to': TO, 'text': 'hi'})}")
            assert reply.status == 405
            assert {*reply.headers["allow"].split(", ")} == {"GET", "POST"}
        assert not any(wire.sim.gateway.commands.values())

    def test_a_megabyte_is_read_and_more_is_refused(self, wire: Wire) -> None:
        shell = f"{urlencode(WHO)}&to={TO}&text="
        room = (1 << 20) - len(shell)
        assert wire.post("/http/sendmsg", shell + "x" * room, Content_Type=FORM).text_lines[0].startswith("ERR: 113")
        for extra in (1, 5 << 20):
            assert wire.post("/http/sendmsg", shell + "x" * (room + extra), Content_Type=FORM).status == 413
        assert wire.sim.gateway.commands["sendmsg"] == 1

    def test_a_caller_that_goes_away_half_way_has_asked_for_nothing(
        self, sim: Simulator, wire: Wire, caplog: pytest.LogCaptureFixture
    ) -> None:
        place = urlsplit(sim.origin)
        with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
            head = (
                f"POST /http/sendmsg HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 999\r\n\r\n"
            )
            connection.sendall(f"{head}{urlencode({**WHO, 'to': TO, 'text': 'my words'})}".encode())
            assert wire.ask("http/ping") == [f"ERR: 005, {ERRORS['005']}"]
        sim.stop()
        assert sim.gateway.commands["sendmsg"] == 0
        assert not [each for each in caplog.records if each.levelname in {"WARNING", "ERROR"}]

    def test_what_breaks_is_error_901_and_tells_nothing(
        self, wire_to: Callable[[Simulator], Wire], method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(command: str) -> None:
            raise RuntimeError(f"private matters of {command}")

        with Simulator(on_command=fail) as sim:
            reply = wire_to(sim).ask("http/sendmsg", method, **WHO, to=TO, text="my words")
        assert reply == [f"ERR: 901, {ERRORS['901']}"]
        assert sim.gateway.messages == []
        assert "RuntimeError" in caplog.text
        assert not any(word in caplog.text for word in ("private", "my words", TO, "secret"))

    def test_nothing_private_is_logged_at_the_lowest_level(
        self, wire_to: Callable[[Simulator], Wire], method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(1), Simulator() as sim:
            wire = wire_to(sim)
            session = wire.ask("http/auth", method, **WHO)[0].removeprefix("OK: ")
            wire.ask("http/sendmsg", method, session_id=session, to=TO, text="my words")
            wire.ask("http/sendmsg", method, session_id="x", to=TO, text="my words")
        assert not any(word in caplog.text for word in ("secret", session, "my words", TO))

    def test_a_visitor_is_told_where_it_is(self, wire: Wire) -> None:
        assert f"{wire.sim.origin}/http/sendmsg".encode() in wire.get("/").body


def test_urllib_and_requests_are_understood(sim: Simulator) -> None:
    query = urlencode({**WHO, "to": TO, "text": "by urllib"})
    with urllib.request.urlopen(f"{sim.url('/http/sendmsg')}?{query}", timeout=30) as reply:
        assert reply.read().startswith(b"ID: ")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(sim.url("/http/sendmsg"), {**WHO, "to": TO, "text": "by requests"}, timeout=30)
    assert answer.encoding == "ISO-8859-1"
    assert answer.text == f"ID: {sim.gateway.messages[1].id}"
    assert [each.text for each in sim.gateway.messages] == ["by urllib", "by requests"]
