"""The requests that the customer's server gets, as the vendor's documents print them and as others read them."""

import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, strategies as st
from lxml import etree

from clicksoap.simulator import CallbackUrl, Inbound, Message, Simulator, Stage
from clicksoap.simulator.webhooks import formats
from clicksoap.simulator.webhooks.formats import WebhookRequest
from clicksoap.simulator.webhooks.inbound import charset_of

AT = datetime(2026, 1, 31, 23, 30, 0, tzinfo=UTC)
ID = "996f364775e24b8432f45d77da8eca47"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
VARIANTS = ["http", "xml", "soap"]
METHODS = ["GET", "POST"]


def message(**choices: Any) -> Message:
    values: dict[str, Any] = {
        "id": ID, "command": "sendmsg", "status": "003", "created": AT, "due": AT, "charge": Decimal("0.3"),
        "to": "279995631564", "sender": "27833001171", "text": "hi", "text_as_sent": "hi", "unicode": False, "parts": 1,
        "data": b"", "udh": b"", "flash": False, "client_message_id": "abc123", "batch_id": "", "parameters": {},
        "api_id": 12345, "user": "acme", "callback": 7, "exchange": 0,
        "history": (Stage(AT, "008"), Stage(AT.replace(second=14), "003")),
    }  # fmt: skip
    return Message(**{**values, **choices})


def from_handset(text: str = "Here is the messageText", udh: bytes = b"", **choices: Any) -> Inbound:
    values: dict[str, Any] = {
        "id": ID, "at": AT, "api_id": 12345, "user": "acme", "sender": "279995631564", "to": "27123456789",
        "text": text, "charset": charset_of(text), "udh": udh,
    }  # fmt: skip
    return Inbound(**{**values, **choices})


def target(variant: str, method: str = "POST", url: str = "http://localhost/called", **choices: str) -> CallbackUrl:
    return CallbackUrl(url, method, variant, **choices)  # type: ignore[arg-type]


def fields(outgoing: WebhookRequest) -> list[tuple[str, str]]:
    """What arrives, in order, each byte as a character."""
    body = outgoing.body.decode("ascii") if outgoing.body is not None else urlsplit(outgoing.url).query
    return parse_qsl(body, keep_blank_values=True, strict_parsing=True, encoding="latin-1")


def document(outgoing: WebhookRequest) -> bytes:
    ((name, value),) = fields(outgoing)
    assert name == "data"
    return value.encode("latin-1")


def children(outgoing: WebhookRequest) -> list[tuple[str, str]]:
    root = etree.fromstring(document(outgoing))
    found = root.find(BODY)
    return [(str(each.tag), each.text or "") for each in (root if found is None else found[0])]


REPORT_FIELDS = [
    ("api_id", "12345"), ("apiMsgId", ID), ("cliMsgId", "abc123"), ("timestamp", "1769902214"), ("to", "279995631564"),
    ("from", "27833001171"), ("status", "003"), ("charge", "0.300000"),
]  # fmt: skip
INBOUND_FIELDS = [
    ("api_id", "12345"), ("from", "279995631564"), ("to", "27123456789"), ("timestamp", "2026-02-01 01:30:00"),
    ("text", "Here is the messageText"), ("charset", "ISO-8859-1"), ("udh", ""), ("moMsgId", ID),
]  # fmt: skip


def written(kind: str, variant: str, method: str) -> WebhookRequest:
    where = target(variant, method)
    return formats.report(where, message()) if kind == "report" else formats.inbound(where, from_handset())


def sample_of(outgoing: WebhookRequest) -> bytes:
    """A request in the format of the samples; their README describes it."""
    parts = urlsplit(outgoing.url)
    lines = [f"{outgoing.method} {parts.path}{f'?{parts.query}' if parts.query else ''}"]
    lines += [f"{name}: {outgoing.headers[name]}" for name in SAMPLE_HEADERS if name in outgoing.headers]
    return "\n".join([*lines, "", ""]).encode("ascii") + (outgoing.body or b"")


def customer(variant: str, method: str, query: str = "", **choices: str) -> CallbackUrl:
    return target(variant, method, f"http://customer.example/called{query}", **choices)


SAMPLES = Path(__file__).parents[2] / "samples" / "callbacks"
SAMPLE_HEADERS = ["Host", "User-Agent", "Content-Type", "Authorization"]
PART = from_handset(udh=bytes((5, 0, 3, 0x33, 2, 1)))
CYRILLIC = from_handset("Привет")
CASES = {
    **{
        f"report-{variant}-{method.lower()}": formats.report(customer(variant, method), message())
        for variant in VARIANTS
        for method in METHODS
    },
    **{
        f"inbound-{variant}-{method.lower()}": formats.inbound(customer(variant, method), from_handset())
        for variant in VARIANTS
        for method in METHODS
    },
    **{f"inbound-{variant}-post-utf16": formats.inbound(customer(variant, "POST"), CYRILLIC) for variant in VARIANTS},
    "inbound-http-get-part": formats.inbound(customer("http", "GET"), PART),
    "inbound-xml-post-part": formats.inbound(customer("xml", "POST"), PART),
    "inbound-soap-post-part": formats.inbound(customer("soap", "POST"), PART),
    "report-http-get-query": formats.report(customer("http", "GET", "?key=1"), message()),
    "report-http-post-login": formats.report(
        customer("http", "POST", "?key=1", user="me", password="pässword:1"), message()
    ),
    "validation-report-get": formats.validation(customer("http", "GET"), "report"),
    "validation-inbound-post": formats.validation(customer("soap", "POST"), "inbound"),
}


class TestSamples:
    @pytest.mark.parametrize("name", CASES)
    def test_a_call_is_exactly_the_sample_in_the_file(self, name: str) -> None:
        assert sample_of(CASES[name]) == SAMPLES.joinpath(f"{name}.txt").read_bytes()

    def test_every_file_of_the_samples_is_a_case(self) -> None:
        assert {path.stem for path in SAMPLES.glob("*.txt")} == set(CASES)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("variant", VARIANTS)
    @pytest.mark.parametrize("kind", ["report", "inbound"])
    def test_the_fields_travel_in_the_query_or_in_the_body(self, kind: str, variant: str, method: str) -> None:
        outgoing = written(kind, variant, method)
        assert (outgoing.body is None) == (method == "GET")
        assert outgoing.url == (f"http://localhost/called?{outgoing.fields}" if method == "GET" else target("xml").url)

    @pytest.mark.parametrize("method", METHODS)
    def test_the_fields_of_the_http_variant_come_in_the_documented_order(self, method: str) -> None:
        assert fields(written("report", "http", method)) == REPORT_FIELDS
        assert fields(written("inbound", "http", method)) == INBOUND_FIELDS

    def test_the_documents_say_the_same_under_the_names_and_in_the_order_of_their_variant(self) -> None:
        report, inbound = dict(REPORT_FIELDS), dict(INBOUND_FIELDS)
        xml = ["apiMsgId", "cliMsgId", "timestamp", "to", "from", "charge", "status"]
        assert children(written("report", "xml", "GET")) == [(name, report[name]) for name in xml]
        soap = ["api_id", "apiMsgId", "cliMsgId", "to", "from", "timestamp", "status", "charge"]
        expected = [(name.lower(), report[name]) for name in soap]
        assert children(written("report", "soap", "POST")) == expected
        clickmo = ["api_id", "moMsgId", "from", "to", "timestamp", "text", "charset", "udh"]
        assert children(written("inbound", "xml", "POST")) == [(name, inbound[name]) for name in clickmo]
        mo_callback = ["api_id", "from", "to", "timestamp", "charset", "udh", "text", "moMsgId"]
        assert children(written("inbound", "soap", "GET")) == [(name.lower(), inbound[name]) for name in mo_callback]

    def test_every_child_of_a_soap_call_has_its_type(self) -> None:
        body = etree.fromstring(document(written("report", "soap", "POST"))).find(BODY)
        assert body is not None
        assert body[0].tag == "{mt_callback}mt_callback"
        types = [each.get(XSI) for each in body[0]]
        assert types == [f"xsd:{kind}" for kind in ("int", *["string"] * 4, "int", "int", "float")]
        body = etree.fromstring(document(written("inbound", "soap", "POST"))).find(BODY)
        assert body is not None
        assert body[0].tag == "{clickatell_mo}mo_callback"
        assert [each.get(XSI) for each in body[0]] == ["xsd:int", *["xsd:string"] * 7]

    def test_what_is_not_set_is_there_and_empty(self) -> None:
        bare = message(client_message_id="", sender="", charge=Decimal(0))
        for variant in VARIANTS:
            outgoing = formats.report(target(variant), bare)
            told = dict(fields(outgoing) if variant == "http" else children(outgoing))
            lowered = {name.lower(): value for name, value in told.items()}
            assert (lowered["climsgid"], lowered["from"], lowered["charge"]) == ("", "", "0.000000")

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_the_part_of_a_long_message_says_so_in_its_udh(self, variant: str) -> None:
        outgoing = formats.inbound(target(variant), from_handset(udh=bytes((5, 0, 3, 0x33, 2, 1))))
        told = dict(fields(outgoing) if variant == "http" else children(outgoing))
        assert told["udh"] == "050003330201"


class TestAddresses:
    @pytest.mark.parametrize("variant", VARIANTS)
    @pytest.mark.parametrize("method", METHODS)
    def test_a_query_of_ones_own_is_kept(self, method: str, variant: str) -> None:
        where = target(variant, method, "http://localhost:8/a%20b/ä?key=k%2F1&flag#part")
        outgoing = formats.report(where, message())
        parts = urlsplit(outgoing.url)
        assert (parts.netloc, parts.path, parts.fragment) == ("localhost:8", "/a%20b/%C3%A4", "")
        assert parts.query == (f"key=k%2F1&flag&{outgoing.fields}" if method == "GET" else "key=k%2F1&flag")
        assert "key" not in outgoing.fields

    def test_an_address_without_a_path_has_the_root(self) -> None:
        outgoing = formats.validation(target("http", "GET", "http://localhost?key=1"), "report")
        assert (outgoing.url, outgoing.fields, outgoing.body) == ("http://localhost/?key=1", "", None)
        assert formats.validation(target("soap"), "inbound").body == b""

    def test_messages_from_handsets_name_the_vendors_caller(self) -> None:
        assert written("inbound", "http", "GET").headers["User-Agent"] == "Clickatell MO Callback"
        assert written("report", "http", "GET").headers["User-Agent"] != "Clickatell MO Callback"

    def test_basic_authentication_is_sent_and_shown_to_nobody(self) -> None:
        where = target("http", user="me", password="pässword:1")
        outgoing = formats.report(where, message())
        assert outgoing.headers["Authorization"] == "Basic bWU6cMOkc3N3b3JkOjE="
        assert "Authorization" not in formats.report(target("http"), message()).headers
        assert "pässword" not in repr((where, outgoing))
        assert "bWU6" not in repr(outgoing)

    def test_an_address_is_shown_without_its_query_and_its_user(self) -> None:
        assert formats.public_url("https://me@localhost:8/called?key=1#part") == "https://localhost:8/called"

    def test_a_user_in_the_address_authenticates_as_well(self) -> None:
        outgoing = formats.report(target("http", url="http://t%40ken@localhost/"), message())
        assert outgoing.headers["Authorization"] == "Basic dEBrZW46"
        assert outgoing.headers["Host"] == "localhost"


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), min_size=1)


class TestTexts:
    @given(TEXTS | LATIN, st.sampled_from(METHODS))
    def test_a_text_comes_back_by_http_in_the_charset_that_it_names(self, text: str, method: str) -> None:
        outgoing = formats.inbound(target("http", method), from_handset(text))
        told = dict(fields(outgoing))
        assert told["text"].encode("latin-1").decode(told["charset"]) == text

    @given(TEXTS | LATIN, st.sampled_from(["xml", "soap"]))
    def test_a_text_comes_back_from_a_document(self, text: str, variant: str) -> None:
        told = dict(children(formats.inbound(target(variant), from_handset(text))))
        if told["charset"] == "UTF-16BE":
            assert unquote_to_bytes(told["text"]).decode("utf-16-be") == text
        else:
            assert told["text"] == text

    @given(TEXTS, st.sampled_from(["xml", "soap"]))
    def test_a_document_is_one_whatever_a_sender_calls_itself(self, sender: str, variant: str) -> None:
        told = dict(children(formats.report(target(variant), message(sender=sender))))
        assert len(told["from"]) == len(sender)

    @pytest.mark.parametrize(
        ("text", "charset", "encoded"),
        [
            ("çà & <b>", "ISO-8859-1", "%E7%E0+%26+%3Cb%3E"),
            ("Привет", "UTF-16BE", "%04%1F%04%40%048%042%045%04B"),
            ("€", "UTF-16BE", "+%AC"),
            ("👍", "UTF-16BE", "%D8%3D%DCM"),
        ],
    )
    def test_other_characters_than_western_ones_travel_as_the_bytes_of_utf_16(
        self, text: str, charset: str, encoded: str
    ) -> None:
        outgoing = formats.inbound(target("http"), from_handset(text))
        assert f"&text={encoded}&charset={charset}&" in outgoing.fields

    def test_entities_are_escaped_in_documents(self) -> None:
        assert b"<text>&lt;b&gt; &amp; \xe7&#13;\n</text>" in document(
            formats.inbound(target("xml"), from_handset("<b> & ç\r\n"))
        )


PHP = """
parse_str(stream_get_contents(STDIN), $fields);
function show(array $told): void { fwrite(STDERR, json_encode(array_map('bin2hex', $told))); }
function mo_callback($api_id, $from, $to, $timestamp, $charset, $udh, $text, $momsgid): void {
    show(compact('api_id', 'from', 'to', 'timestamp', 'charset', 'udh', 'text', 'momsgid'));
}
if (!isset($fields['data'])) { show($fields); exit; }
$server = new SoapServer(null, ['uri' => 'clickatell_mo']);
$server->addFunction('mo_callback');
$server->handle($fields['data']);
"""


@pytest.mark.parametrize("variant", ["http", "soap"])
@pytest.mark.parametrize("text", ["Grüße & <Küsse>", "Привет 👍"])
def test_php_takes_a_message_from_a_handset(php: list[str], variant: str, text: str) -> None:
    outgoing = formats.inbound(target(variant), from_handset(text))
    done = subprocess.run([*php, "-r", PHP], input=outgoing.body, capture_output=True, check=True)
    told = {name: bytes.fromhex(value) for name, value in json.loads(done.stderr).items()}
    assert told["from"] == b"279995631564"
    charset = told["charset"].decode()
    assert told["timestamp"] == b"2026-02-01 01:30:00"
    if variant == "soap":  # PHP hands strings out in UTF-8
        charset, told["text"] = (
            (charset, unquote_to_bytes(told["text"])) if charset[0] == "U" else ("utf-8", told["text"])
        )
    assert told["text"].decode(charset) == text


@pytest.mark.parametrize(
    "url",
    ["", "customer.example", "ftp://a/b", "http://", "http://a:99999/", "http://a:x/", "http://a:0/", "http://[::1/"],
)
def test_an_address_that_cannot_be_called_is_refused_where_it_is_given(url: str) -> None:
    with pytest.raises(ValueError, match="url is not an address to call"):
        CallbackUrl(url)


def test_a_password_belongs_beside_the_address_and_is_not_told() -> None:
    with pytest.raises(ValueError, match="url holds a password") as refused:
        CallbackUrl("http://me:hunter2@a.example/")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("choice", [{"variant": "json"}, {"method": "PUT"}])
def test_an_unknown_variant_or_method_is_refused_where_it_is_given(choice: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="variant"):
        CallbackUrl("http://customer.example/", **choice)


def test_a_variant_that_got_past_every_check_is_never_sent_as_another() -> None:
    where = target("http")
    object.__setattr__(where, "variant", "json")
    with pytest.raises(AssertionError, match="json"):
        formats.report(where, message())
    with pytest.raises(AssertionError, match="json"):
        formats.inbound(where, from_handset())


def test_an_unknown_kind_of_callback_is_refused_where_it_is_given() -> None:
    with Simulator() as sim, pytest.raises(ValueError, match="unknown kind 'json': give 'report' or 'inbound'"):
        sim.callbacks.validate(CallbackUrl("http://127.0.0.1:9/"), "json")  # type: ignore[arg-type]
