"""The recorded exchanges: requests and answers as they were, with secrets masked."""

import gzip
import http.client
import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings, strategies as st

from clicksoap.simulator import Account, Exchange, Settings, Simulator
from clicksoap.simulator.masking import MASK, SECRET_PARAMETERS, masked_envelope, masked_form, masked_reply

from .conftest import DOCUMENT, RPC, Wire

SECRET = "tr0ub4dor&3"
TO = "27820000001"


def last(sim: Simulator) -> Exchange:
    return sim.exchanges.latest()[0]


class TestWhatIsKept:
    def test_a_request_and_its_reply_can_be_read_afterwards(self, wire: Wire, sim: Simulator, path: str) -> None:
        wire.log_in(password=SECRET)
        wire.call("sendmsg", TO, api_id="7", user="acme", password=SECRET, text="Grüße <b>", path=path)
        kept = last(sim)
        assert (kept.command, kept.method, kept.path, kept.status) == ("sendmsg", "POST", path, 200)
        assert "<text>Grüße &lt;b&gt;</text>" in kept.request
        assert f"<password>{MASK}</password>" in kept.request
        assert sim.messages[0].id in kept.reply
        assert sim.messages[0].exchange == kept.number
        assert dict(kept.request_headers)["content-type"] == "text/xml; charset=utf-8"
        assert kept.peer == "127.0.0.1"

    def test_what_could_not_be_read_is_kept_as_well(self, wire: Wire, sim: Simulator) -> None:
        wire.post(DOCUMENT, "<oops")
        assert (last(sim).command, last(sim).status, last(sim).request) == ("", 500, "<oops")
        assert "Fault" in last(sim).reply

    def test_a_lost_answer_has_no_status_and_is_kept_all_the_same(self, wire: Wire, sim: Simulator) -> None:
        sim.faults.lose_answer("ping")
        with pytest.raises((OSError, http.client.HTTPException)):
            wire.call("ping", session_id="0" * 32)
        assert last(sim).status is None
        assert "ERR: 003" in last(sim).reply

    def test_the_http_api_is_kept_by_its_query_and_its_form(self, wire: Wire, sim: Simulator) -> None:
        wire.ask("http/sendmsg", api_id="7", user="acme", password=SECRET, to=TO, text="a b")
        assert last(sim).request == f"api_id=7&user=acme&password={MASK}&to={TO}&text=a+b"
        wire.ask("http/sendmsg", "POST", api_id="7", user="acme", password=SECRET, to=TO, text="a b")
        assert last(sim).request == f"api_id=7&user=acme&password={MASK}&to={TO}&text=a+b"

    def test_a_compressed_request_is_kept_as_it_was_before(self, wire: Wire, sim: Simulator) -> None:
        wire.post(DOCUMENT, gzip.compress(wire.envelope("<ping><session_id>x</session_id></ping>").encode()),
                  Content_Encoding="gzip")  # fmt: skip
        assert f"<session_id>{MASK}</session_id>" in last(sim).request

    def test_neither_password_nor_session_id_is_kept_of_any_command(self, wire: Wire, sim: Simulator) -> None:
        session = wire.log_in(password=SECRET)
        for place in (DOCUMENT, RPC):
            wire.call("ping", session_id=session, path=place)
            wire.call("auth", api_id="7", user="acme", password=SECRET, path=place)
        wire.ask("http/auth", api_id="7", user="acme", password=SECRET)
        wire.ask("http/ping", session_id=session)
        kept = "".join(each.request + each.reply for each in sim.exchanges.latest())
        for hidden in (SECRET, quote_plus(SECRET), SECRET.replace("&", "&amp;"), session):
            assert hidden not in kept
        assert not re.search(r"OK: [0-9a-f]{32}", kept)

    def test_no_voucher_number_is_kept(self, wire: Wire, sim: Simulator, path: str) -> None:
        voucher = "1234567890123456"
        assert wire.call("token_pay", token=voucher, api_id="7", user="acme", password=SECRET, path=path) == ["OK: 605"]
        assert f"<token>{MASK}</token>" in last(sim).request
        assert wire.ask("http/token_pay", api_id="7", user="acme", password=SECRET, token="1" * 16) == ["OK: 605"]
        assert last(sim).request == f"api_id=7&user=acme&password={MASK}&token={MASK}"
        wire.call("sendmsg", TO, text="hi", token=voucher, api_id="7", user="acme", password=SECRET, path=path)
        assert voucher not in "".join(each.request + each.reply for each in sim.exchanges.latest())
        assert "token" not in sim.messages[0].parameters

    def test_user_and_api_id_stay_visible(self, wire: Wire, sim: Simulator, path: str) -> None:
        wire.call("getbalance", api_id="7", user="acme", password=SECRET, path=path)
        assert "<api_id>7</api_id><user>acme</user>" in last(sim).request

    def test_the_oldest_give_way_and_a_reset_forgets_all(self) -> None:
        with Simulator(capacity=3) as sim:
            wire = Wire(sim)
            for _ in range(5):
                wire.ask("http/ping")
            assert [each.number for each in sim.exchanges.latest()] == [5, 4, 3]
            assert sim.exchanges.get(2) is None
            sim.reset()
            assert sim.exchanges.latest() == []

    def test_a_header_that_may_hold_a_secret_is_not_kept(self, wire: Wire, sim: Simulator) -> None:
        wire.exchange("GET", "/http/ping", headers={"Authorization": "Basic abc", "Cookie": "a=b", "User-Agent": "x"})
        assert {name for name, _ in last(sim).request_headers} >= {"host", "user-agent"}
        assert not {"authorization", "cookie"} & {name for name, _ in last(sim).request_headers}


class TestMasking:
    @pytest.mark.parametrize(
        "written",
        [
            "<password>{}</password>",
            "<ns1:password xsi:type='xsd:string'>{}</ns1:password>",
            "<PASSWORD>{}</PASSWORD >",
            "<password><![CDATA[</password>{}]]></password>",
            "<password><!-- </password> -->{}</password>",
            "<password>{}",
            "<session_id>{}</session",
            "<password a='<'>{}</password>",
            "<password {}",
            "<password a='>'>{}</password>",
            "<wsse:Password Type='text'>{}</wsse:Password>",
            "<password href='#p'/><x id='p' xsi:type='xsd:string'>{}</x>",
            "<password href='#p'/><x id='p' href='#q'/><multiRef id='q'>{}</multiRef>",
            "<ns:auth><c-gensym3>7</c-gensym3><c-gensym7 xsi:type='xsd:string'>{}</c-gensym7></ns:auth>",
            "<auth><in0>7</in0><in2>{}</in2></auth>",
            '<session_id href="#id1"></session_id><multiRef a=\'b\' id="id1"><![CDATA[</multiRef>{}]]></multiRef>',
        ],
    )
    def test_a_secret_is_hidden_however_it_is_written(self, written: str) -> None:
        text = f"<e:Body><call><user>acme</user>{written.format('hunter2')}"
        shown = masked_envelope(text.encode(), None)
        assert "hunter2" not in shown
        assert "<user>acme</user>" in shown

    @pytest.mark.parametrize("name", sorted(SECRET_PARAMETERS))
    def test_every_secret_parameter_is_hidden_in_envelopes_forms_and_json(self, name: str) -> None:
        for written in (f"<a><{name}>hunter2</{name}></a>", f"a=1&{name}=hunter2", f'{{"{name}": "hunter2"}}'):
            assert "hunter2" not in masked_envelope(written.encode(), None)
            assert "hunter2" not in masked_form(written.encode())

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "utf-8-sig"])
    def test_an_envelope_is_shown_in_whatever_encoding_it_comes(self, encoding: str) -> None:
        declared = (
            '<?xml version="1.0" encoding="iso-8859-1"?>' if encoding == "iso-8859-1" else "<?xml version='1.0'?>"
        )
        shown = masked_envelope(f"{declared}<text>Grüße</text><password>hunter2</password>".encode(encoding), None)
        assert shown == f"{declared}<text>Grüße</text><password>{MASK}</password>"

    @pytest.mark.parametrize("body", [b"\xff\xfe\xfa", b"<?xml version='1.0' encoding='klingon'?>", b"\x80<\x00"])
    def test_what_is_no_text_is_counted_and_not_shown(self, body: bytes) -> None:
        assert masked_envelope(body, None) == f"({len(body)} bytes that are not text)"

    def test_a_byte_that_does_not_fit_the_encoding_is_marked_and_the_rest_is_shown(self) -> None:
        assert masked_envelope(b"<a>\n<text>Gr\xfc\xdfe</text><password>hunter2</password></a>", None) == (
            "(byte 12, line 2, column 9, does not fit the encoding; the request is shown as Latin-1:"
            f" 74 3e 47 72 [fc] df 65 3c 2f)\n<a>\n<text>Grüße</text><password>{MASK}</password></a>"
        )

    def test_a_wrong_byte_within_a_secret_is_not_shown(self) -> None:
        shown = masked_envelope(b"<a><password>hunt\xfcr2</password></a>", None)
        assert shown.startswith(
            "(byte 17, line 1, column 18, does not fit the encoding; the request is shown as Latin-1)"
        )
        assert "hunt" not in shown
        assert "68 75" not in shown

    @pytest.mark.parametrize(
        "charset", ["undefined", "rot13", "punycode", "unicode_escape", "cp037", "utf-7", "base64"]
    )
    def test_a_charset_that_could_tear_a_secret_to_pieces_is_not_read(self, charset: str) -> None:
        assert masked_envelope(b"<password>x</password>", charset) == "(22 bytes that are not text)"

    def test_a_parameter_is_known_however_its_name_is_encoded(self) -> None:
        assert masked_form(b"a=1&pass%77ord=x&Session_Id=y&password=&+password=z&passwort=w") == (
            f"a=1&pass%77ord={MASK}&Session_Id={MASK}&password={MASK}&+password={MASK}&passwort=w"
        )

    @pytest.mark.parametrize(
        "written",
        [
            '--X\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2&hunter2\r\n--X--',
            '{"user": "acme", "password": "hunter2&hunter2"}',
            "{'session_id':'hunter2'}",
            "<auth><user>acme</user><password>hunter2&amp;hunter2</password></auth>",
            "<s:auth><s:Password>hunter2</s:Password></s:auth>",
            "api_id=7;user=acme;password=hunter2",
            "api_id=7\nuser=acme\npassword=hunter2",
            "user: acme\nPassword: hunter2",
            "password: hunter2",
            "session_id=a&password hunter2",
        ],
    )
    def test_a_secret_is_hidden_where_no_form_or_envelope_came(self, written: str) -> None:
        for shown in (masked_form(written.encode()), masked_envelope(f"x {written}".encode(), None)):
            assert "hunter2" not in shown
            assert MASK in shown
        assert "hunter2" not in masked_envelope(written.encode(), None)

    def test_a_form_in_the_place_of_an_envelope_is_masked_as_a_form(self) -> None:
        assert masked_envelope(b"user=acme&password=hunter2&to=1", None) == f"user=acme&password={MASK}&to=1"

    @pytest.mark.parametrize("form", ["text=Your+password:+1234&to=1", "text=the%20session_id%3D5", "password_hint=x"])
    def test_what_is_only_said_of_secrets_is_shown(self, form: str) -> None:
        assert masked_form(form.encode()) == form

    def test_only_replies_that_may_open_a_session_are_masked(self) -> None:
        assert masked_reply(b"OK: 0123456789abcdef", "auth") == f"OK: {MASK}"
        assert masked_reply(b"OK: 60512345678", "token_pay") == "OK: 60512345678"

    def test_references_without_end_are_not_followed(self) -> None:
        body = "".join(f"<password href='#a{each}'/><x id='a{each}'>hunter2</x>" for each in range(9)).encode()
        assert masked_envelope(body, None) == f"({len(body)} bytes with too many references to secrets)"

    def test_a_large_request_is_cut(self) -> None:
        shown = masked_envelope(b"<a>" + b"x" * 100_000, None)
        assert len(shown) < 66_000
        assert shown.endswith("characters more)")

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                [
                    "<password>",
                    "</password>",
                    "<password ",
                    "href='#a'",
                    "id='a'",
                    "<x ",
                    ">",
                    "/>",
                    "<![CDATA[",
                    "]]>",
                    "<",
                ]
            ),
            max_size=400,
        )
    )
    def test_nothing_that_is_sent_makes_masking_slow_or_fail(self, pieces: list[str]) -> None:
        assert isinstance(masked_envelope("".join(pieces).encode(), None), str)


def test_exchanges_are_told_from_others_of_an_account_of_its_own() -> None:
    with Simulator(accounts=[Account(7, "acme", SECRET)], settings=Settings()) as sim:
        Wire(sim).ask("http/auth", api_id="7", user="acme", password="guess")
        assert last(sim).reply == "ERR: 001, Authentication failed"
