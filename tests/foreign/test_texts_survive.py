"""What a caller says is what a server that is not ours reads, over every binding and a real connection."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, Protocol

import pytest
from hypothesis import given, settings, strategies as st

from clicksoap import (
    Binary,
    CallbackOn,
    Client,
    Feature,
    InvalidInput,
    Message,
    MmsNotification,
    NotExpressible,
    PushAction,
    Text,
    WapPush,
)
from clicksoap.contract import Dialect
from clicksoap.messages import BinaryType, MmsClass
from clicksoap.options import BatchOptions, SendOptions

TO: Final = ["27821234567", "27831234567"]
SESSION: Final = "5e551040000000000000000000000001"
WAYS: Final = ("document_literal", "rpc_encoded", "original", "http")
"""Every binding, and RPC/Encoded's original service."""


# A client before PHP, whatever it speaks.


class Views(Protocol):
    """PHP's SOAP gateway or its recorder of forms; see the conftest."""

    origin: str

    def requests(self) -> Sequence[Any]: ...


@dataclass(frozen=True)
class Line:
    """A client, and what PHP reads of it."""

    way: str
    sms: Client
    now: Callable[[], Views]

    def sent(self, message: str | Message, **options: Any) -> list[dict[str, Any]]:
        """What PHP read of each request of a send, as `told` gives it."""
        view = self.now()
        assert len(self.sms.send(TO, message, **options).accepted) == len(TO)
        return [told(self.way, seen) for seen in view.requests()]

    def raw(self, text: str) -> Any:
        """What PHP read of a text that went out raw, character by character as it is."""
        view = self.now()
        self.sms.service.sendmsg(session_id=SESSION, to=TO, text=text)
        (seen,) = view.requests()
        return told(self.way, seen)["text"]


def told(way: str, seen: Any) -> dict[str, Any]:
    """The parameters of a request that say something, but for the session; all as text.

    No callback is said by a zero, which PHP sees as such only where it knows the type.
    """
    fields: Mapping[str, Any] = seen.fields if way == "http" else seen.parameters
    plain = {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in fields.items()}
    assert plain.pop("session_id") == SESSION
    return {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in plain.items()
        if value not in ("", 0) and (name, value) != ("callback", "0")
    }


def shown(parameters: Mapping[str, str]) -> str:
    """The text as the vendor documents its reading: with unicode=1, UTF-16BE in hexadecimal."""
    text = parameters["text"]
    return bytes.fromhex(text).decode("utf-16-be") if parameters.get("unicode") == "1" else text


@pytest.fixture(scope="module")
def lines(php_gateway_now: Callable[[], Any], php_forms_now: Callable[[], Any]) -> Iterator[Callable[[str], Line]]:
    """Gives the line of a way; each is logged in once for all tests."""
    with ExitStack() as stack:
        made: dict[str, Line] = {}

        def line(way: str) -> Line:
            if way not in made:
                now = php_forms_now if way == "http" else php_gateway_now
                endpoint: str = now().origin
                if way == "original":
                    endpoint += "/soap/webservice.php"
                binding: Any = None if way == "original" else way
                sms = Client(123456, "acme", "secret", endpoint=endpoint, binding=binding)
                made[way] = Line(way, stack.enter_context(sms), now)
                sms.authenticate()
            return made[way]

        yield line


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def line(lines: Callable[[str], Line], way: str) -> Line:
    return lines(way)


# Texts.


XML_TEXT: Final = st.text(
    # XML 1.0 section 2.2, production Char.
    st.characters(
        codec="utf-8",
        exclude_categories=("Cs", "Cc"),
        include_characters="\t\n\r\x7f\x85",
        exclude_characters="\ufffe\uffff",
    )
    | st.sampled_from(
        "€ΔΦΓΛ^{}\\[~]|éñ&<>\"'%+#=;\r\n\t \u00a0\x80\x9f\ufdd0\ufeff\ufffd\U0001f389\U0001ffff\U0010ffff"
    ),
    min_size=1,
    max_size=200,
)
NASTY: Final = {
    "markup": """&<>"' &amp; &#13; ]]> <![CDATA[x]]> <!-- y --> <?php z ?>""",
    "euro": "5 €",
    "accents of Latin-1": "é à ü Ø ñ ß £ ¥ §",
    "accents beyond the alphabet": "ç ê õ ý",
    "Greek capitals": "ΔΦΓΛΩΠΨΣΘΞ",
    "Greek": "Καλημέρα κόσμε",
    "extension table": "^{}\\[~]|€",
    "emoji": "well done 🎉👩🏽‍🚀",
    "no-break space": "a\u00a0b\u00a0",
    "a line's ends": "one\r\ntwo\nthree\rfour\r\n",
    "trailing blanks": "the end   ",
    "only blanks": "   ",
    "tabs": "\ta\t",
    "percent": "100% %41 %% %zz",
    "plus": "1+1=2 + a b",
    "hash": "#1 #field1# a#b",
    "equals": "a=b&c=d;e=f",
    "query": "?text=x&to=y",
    "C1 controls": "\x80\x85\x9f\x7f",
    "replacement character": "\ufffd",
    "byte order mark": "\ufeffx\ufeff",
    "noncharacters": "\ufdd0\U0001fffe\U0010ffff",
    "the last character": "\U0010ffff",
    "line separators": "a\u2028b\u2029c",
    "combining": "e\u0301 \u0e01\u0e33",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd مرحبا\u202c",
    "hexadecimal digits": "00410042",
    "zero": "0",
    "comma": "27821234567,27831234567",
    "1600 characters": "0123456789 & so on\n" * 84 + "the.",
    "1600 characters beyond the alphabet": "ж" * 1600,
    "1600 characters of the extension table": "{}" * 800,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_text_survives(line: Line, text: str) -> None:
    (parameters,) = line.sent(text)
    assert shown(parameters) == text
    assert parameters["to"] == ",".join(TO)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_text_survives_when_unicode_is_asked_for(line: Line, text: str) -> None:
    (parameters,) = line.sent(Text(text, unicode=True))
    assert parameters["unicode"] == "1"
    assert shown(parameters) == text


@settings(max_examples=60, deadline=None)
@given(text=XML_TEXT)
@pytest.mark.parametrize("way", WAYS)
def test_any_text_survives(lines: Callable[[str], Line], way: str, text: str) -> None:
    (parameters,) = lines(way).sent(text)
    assert shown(parameters) == text


@settings(max_examples=60, deadline=None)
@given(text=XML_TEXT)
@pytest.mark.parametrize("way", ["document_literal", "rpc_encoded"])
def test_any_text_survives_raw_in_xml(lines: Callable[[str], Line], way: str, text: str) -> None:
    """As the characters themselves, not as hexadecimal digits."""
    assert lines(way).raw(text) == text


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), min_size=1, max_size=200))
def test_any_latin_text_survives_raw_in_a_form(lines: Callable[[str], Line], text: str) -> None:
    assert lines("http").raw(text) == text


@pytest.mark.parametrize("text", ["€", "Δ", "\ufffd"])
def test_other_text_is_refused_raw_in_a_form(lines: Callable[[str], Line], text: str) -> None:
    with pytest.raises(NotExpressible, match=r"^text holds characters outside ISO-8859-1.*document_literal"):
        lines("http").raw(text)


@settings(max_examples=60, deadline=None)
@given(text=XML_TEXT)
def test_php_itself_reads_the_text_of_a_form_as_documented(
    php_forms_now: Callable[[], Any], lines: Any, text: str
) -> None:
    """Decoded by PHP's iconv, from ISO-8859-1 or UTF-16BE, and not by these tests."""
    forms = php_forms_now()
    lines("http").sms.send(TO[0], text)
    (form,) = forms.requests()
    assert form.shown == text


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_text_survives_either_method_of_the_http_api(php_forms_now: Callable[[], Any], method: Any, text: str) -> None:
    forms = php_forms_now()
    with Client(
        "team-a", "ünal", "p&w=ö", endpoint=forms.origin, binding="http", http_method=method, auth="credentials"
    ) as sms:
        assert sms.send(TO, text).accepted
    (form,) = forms.requests()
    assert form.shown == text
    assert (form.method, form.path) == (method, "/http/sendmsg")
    assert bool(form.body) is (method == "POST")
    assert form.fields["user"].decode("latin-1") == "ünal"
    assert form.fields["password"].decode("latin-1") == "p&w=ö"
    assert form.fields["api_id"] == b"team-a"


@pytest.mark.parametrize("unsayable", ["a\0b", "\x0b", "\x1b", "\ud800", "\uffff", "\ufffe"])
def test_text_that_no_xml_holds_is_refused_on_every_way(line: Line, unsayable: str) -> None:
    view = line.now()
    with pytest.raises(InvalidInput):
        line.sms.send(TO, unsayable)
    with pytest.raises(InvalidInput):
        line.raw(unsayable)
    assert view.requests() == []


# Options.


CALLBACK: Final = {"document_literal": "msg_callback", "rpc_encoded": "msg_callback"}  # `callback` elsewhere
CLIENT_ID: Final = {"document_literal": "climsgid"}  # `cliMsgId` elsewhere

OPTIONS: Final[dict[str, tuple[dict[str, Any], dict[str, str]]]] = {
    "sender, a number": ({"sender": "+27 (82) 123-4567"}, {"from": "27821234567", "req_feat": "32"}),
    "sender, an int": ({"sender": 27821234567}, {"from": "27821234567", "req_feat": "32"}),
    "sender, a name": ({"sender": "acme & co"}, {"from": "acme & co", "req_feat": "16"}),
    "callback": ({"callback": CallbackOn.INTERMEDIATE | CallbackOn.FINAL}, {"callback": "3"}),
    "callback, an int": ({"callback": 7}, {"callback": "7"}),
    "no callback": ({"callback": CallbackOn.NONE}, {}),
    "deliver_after": ({"deliver_after": timedelta(hours=2)}, {"deliv_time": "120"}),
    "deliver_after, longest": ({"deliver_after": timedelta(days=7)}, {"deliv_time": "10080"}),
    "validity": ({"validity": timedelta(minutes=90)}, {"validity": "90"}),
    "max_credits": ({"max_credits": 2}, {"max_credits": "2"}),
    "queue": ({"queue": 1}, {"queue": "1"}),
    "escalate": ({"escalate": True}, {"escalate": "1"}),
    "no escalate": ({"escalate": False}, {}),
    "two_way": ({"two_way": True}, {"mo": "1"}),
    "delivery_receipt": ({"delivery_receipt": True}, {"deliv_ack": "1"}),
    "features": ({"features": Feature.FLASH | Feature.DELIVERY_ACK}, {"req_feat": "8704"}),
    "features beside the sender's": (
        {"features": Feature.FLASH, "sender": "27821234567"},
        {"from": "27821234567", "req_feat": "544"},
    ),
    "client_message_id": ({"client_message_id": "order42"}, {"climsgid": "order42"}),
    "max_parts of a short text": ({"max_parts": 3}, {}),
    "reference": ({"reference": object()}, {}),
}


def named(way: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters under the names of a way."""
    names = {"callback": CALLBACK.get(way, "callback"), "climsgid": CLIENT_ID.get(way, "cliMsgId")}
    return {names.get(name, name): value for name, value in parameters.items()}


def without_made_up(way: str, parameters: dict[str, str]) -> dict[str, str]:
    """Parameters without the id that is made up for each request."""
    assert len(parameters.pop(CLIENT_ID.get(way, "cliMsgId"))) == 32
    return parameters


def numbers_alike(parameters: Mapping[str, str]) -> dict[str, str]:
    """PHP makes a float of max_credits; 2.0 is 2."""
    return {name: value.removesuffix(".0") if name == "max_credits" else value for name, value in parameters.items()}


@pytest.mark.parametrize(("options", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_option_arrives_under_the_gateways_name_and_brings_nothing_else(
    line: Line, options: dict[str, Any], expected: dict[str, str]
) -> None:
    (parameters,) = line.sent("x", **options)
    if "client_message_id" not in options:
        without_made_up(line.way, parameters)
    assert numbers_alike(parameters) == named(line.way, {"to": ",".join(TO), "text": "x", **expected})


def test_every_option_is_among_those_that_are_looked_for() -> None:
    looked_for = {name for options, _ in OPTIONS.values() for name in options} | {"deliver_at", "unique", "extra"}
    assert looked_for == {*BatchOptions.__annotations__, *SendOptions.__annotations__}


def test_all_options_arrive_together(line: Line) -> None:
    (parameters,) = line.sent(
        Text("ä" * 161, flash=True),
        sender="27820000000",
        callback=CallbackOn.ALL,
        deliver_after=timedelta(minutes=5),
        validity=timedelta(hours=24),
        max_credits=3,
        queue=3,
        escalate=True,
        two_way=True,
        delivery_receipt=True,
        client_message_id="A1",
        max_parts=2,
        features=Feature.DELIVERY_ACK,
    )
    expected = {
        "to": ",".join(TO),
        "text": "ä" * 161,
        "concat": "2",
        "msg_type": "SMS_FLASH",
        "from": "27820000000",
        "req_feat": str(32 + 0x200 + 0x2000),
        "callback": "7",
        "deliv_time": "5",
        "validity": "1440",
        "max_credits": "3",
        "queue": "3",
        "escalate": "1",
        "mo": "1",
        "deliv_ack": "1",
        "climsgid": "A1",
    }
    assert numbers_alike(parameters) == named(line.way, expected)


def test_half_a_credit_arrives_where_the_contract_has_fractions(line: Line) -> None:
    if line.way == "document_literal":
        with pytest.raises(NotExpressible, match=r"^max_credits is fractional.*rpc_encoded or http"):
            line.sent("x", max_credits=Decimal("0.5"))
        return
    (parameters,) = line.sent("x", max_credits=Decimal("0.5"))
    assert parameters["max_credits"] == "0.5"


def test_moment_of_delivery_arrives_as_minutes_rounded_up(line: Line) -> None:
    zone = timezone(timedelta(hours=-7))
    (parameters,) = line.sent("x", deliver_at=datetime.now(zone) + timedelta(minutes=59, seconds=30))
    assert parameters["deliv_time"] == "60"


def test_moment_of_delivery_of_a_batch_arrives_as_minutes_rounded_up(line: Line) -> None:
    view = line.now()
    with line.sms.batch("x", deliver_at=datetime.now(UTC) + timedelta(minutes=59, seconds=30)):
        pass
    assert told(line.way, view.requests()[0])["deliv_time"] == "60"


def test_unique_sends_once_to_a_number_given_twice(line: Line) -> None:
    view = line.now()
    line.sms.send([TO[0], TO[0], TO[1]], "x", unique=True)
    line.sms.send([TO[0], TO[0], TO[1]], "x")
    once, twice = (told(line.way, seen)["to"] for seen in view.requests())
    assert once == ",".join(TO)
    assert twice == ",".join([TO[0], *TO])


@pytest.mark.parametrize(
    ("text", "parts"),
    [("x" * 160, None), ("x" * 161, "2"), ("{" * 80, None), ("{" * 81, "2"), ("ж" * 70, None), ("ж" * 71, "2"),
     ("x" * 153 * 35, "35")],
    ids=["160", "161", "80 of two", "81 of two", "70", "71", "35 parts"],
)  # fmt: skip
def test_parts_that_a_text_needs_are_asked_for(line: Line, text: str, parts: str | None) -> None:
    (parameters,) = line.sent(text)
    assert parameters.get("concat") == parts


# Other messages.


def test_flash_is_asked_for_by_type_and_by_feature(line: Line) -> None:
    (parameters,) = line.sent(Text("x", flash=True))
    without_made_up(line.way, parameters)
    assert parameters == {"to": ",".join(TO), "text": "x", "msg_type": "SMS_FLASH", "req_feat": "512"}


def announced(way: str) -> dict[str, str]:
    """Octets without a header are announced where the contract can say so."""
    return {"binary": "1"} if way == "http" else {}


@pytest.mark.parametrize("data", [bytes(range(128)), b"\0", b"\xff" * 140], ids=["all", "zero", "full"])
def test_octets_arrive_as_they_are(line: Line, data: bytes) -> None:
    (parameters,) = line.sent(Binary(data))
    without_made_up(line.way, parameters)
    assert parameters == {"to": ",".join(TO), "data": data.hex(), **announced(line.way)}
    assert bytes.fromhex(parameters["data"]) == data


def test_octets_arrive_with_their_header(line: Line) -> None:
    (parameters,) = line.sent(Binary(b"\1\2\3", udh=b"\6\5\4\x15\x81\0\0"))
    without_made_up(line.way, parameters)
    assert parameters == {"to": ",".join(TO), "data": "010203", "udh": "06050415810000"}


def test_long_octets_arrive_in_pieces_that_say_their_order(line: Line) -> None:
    data = bytes(range(256)) + b"tail"
    pieces = line.sent(Binary(data, udh=b"\4\3\2\1\0"[:5]))
    assert b"".join(bytes.fromhex(piece["data"]) for piece in pieces) == data
    headers = [bytes.fromhex(piece["udh"]) for piece in pieces]
    assert [header[:5] for header in headers] == [b"\x09\3\2\1\0"] * 2
    assert [header[5:7] for header in headers] == [b"\0\3"] * 2
    assert len({header[7] for header in headers}) == 1
    assert [tuple(header[8:]) for header in headers] == [(2, 1), (2, 2)]
    assert all(len(header) + len(piece["data"]) // 2 <= 140 for header, piece in zip(headers, pieces, strict=True))


@pytest.mark.parametrize("kind", list(BinaryType))
def test_octets_of_a_type_arrive_as_text_with_the_type(line: Line, kind: BinaryType) -> None:
    (parameters,) = line.sent(Binary(b"\xca\xfe", type=kind))
    without_made_up(line.way, parameters)
    assert parameters == {"to": ",".join(TO), "text": "cafe", "msg_type": kind.value}


def test_wap_push_arrives_with_all_that_it_says(line: Line) -> None:
    push = WapPush(
        "https://shop.test/?a=1&b=<2>#c%20+é",
        "Grüße & <Küsse> 100% + #1 ",
        id="push-1",
        created=datetime(2024, 1, 31, 23, 59, 58, tzinfo=timezone(timedelta(hours=2))),
        expires=datetime(2024, 2, 29, 0, 0, tzinfo=UTC),
        action=PushAction.HIGH,
    )
    (parameters,) = line.sent(push, sender="27820000000")
    without_made_up(line.way, parameters)
    assert parameters == {
        "to": ",".join(TO),
        "si_id": "push-1",
        "si_url": "https://shop.test/?a=1&b=<2>#c%20+é",
        "si_text": "Grüße & <Küsse> 100% + #1 ",
        "si_created": "2024-01-31T21:59:58Z",
        "si_expires": "2024-02-29T00:00:00Z",
        "si_action": "signal-high",
        "from": "27820000000",
        "req_feat": "32",
    }


def test_wap_push_makes_up_an_id_and_leaves_out_the_rest(line: Line) -> None:
    (parameters,) = line.sent(WapPush("https://a.test", "x"))
    without_made_up(line.way, parameters)
    assert len(parameters.pop("si_id")) == 32
    assert parameters == {"to": ",".join(TO), "si_url": "https://a.test", "si_text": "x"}


def test_mms_notification_arrives_with_all_that_it_says(line: Line) -> None:
    mms = MmsNotification(
        "https://mms.test/?id=1&x=<2>", "Süß & <neu>", "Zoë", expires=timedelta(hours=1), class_=MmsClass.AUTO
    )
    (parameters,) = line.sent(mms, callback=3)
    without_made_up(line.way, parameters)
    assert parameters == named(
        line.way,
        {
            "to": ",".join(TO),
            "mms_url": "https://mms.test/?id=1&x=<2>",
            "mms_subject": "Süß & <neu>",
            "mms_from": "Zoë",
            "mms_expire": "3600",
            "mms_class": "83",
            "callback": "3",
        },
    )


@pytest.mark.parametrize(
    "message",
    [
        WapPush("https://a.test/€", "x"),
        WapPush("https://a.test", "€"),
        MmsNotification("https://a.test", "Ω", "x", expires=timedelta(minutes=1)),
        MmsNotification("https://a.test", "x", "Ω", expires=timedelta(minutes=1)),
    ],
    ids=["url", "text", "subject", "sender"],
)
def test_other_words_beyond_latin_arrive_or_are_refused_and_are_never_spoilt(line: Line, message: Message) -> None:
    if line.way == "document_literal":
        (parameters,) = line.sent(message)
        assert "€" in "".join(parameters.values()) or "Ω" in "".join(parameters.values())
        return
    view = line.now()
    with pytest.raises(NotExpressible, match="use document_literal"):
        line.sms.send(TO, message)
    assert view.requests() == []


def test_template_and_fields_arrive_as_they_are(line: Line) -> None:
    view = line.now()
    template, field = "Dear #field1#, 100% & <more> + é #field2# ", " Zoé & <Co>\r\n"
    with line.sms.batch(template, validity=timedelta(minutes=5), callback=1, client_message_id="b1") as batch:
        batch.send(TO[0], field, "#2")
    start, item, _ = (told(line.way, seen) for seen in view.requests())
    assert start == named(line.way, {"template": template, "validity": "5", "callback": "1", "climsgid": "b1"})
    assert (item["field1"], item["field2"], item["to"]) == (field, "#2", TO[0])


@pytest.mark.parametrize("dialect", list(Dialect))
def test_credentials_arrive_as_they_are(php_gateway_now: Callable[[], Any], dialect: Dialect) -> None:
    gateway = php_gateway_now()
    user, password = " zoë & <co>\u00a0", "päss]]>wörd€🎉\r\n "
    with Client(7, user, password, endpoint=gateway.url(dialect), auth="credentials") as sms:
        assert sms.service.auth(7, user, password).startswith("ERR: 001")  # type: ignore[union-attr]
    (seen,) = gateway.requests()
    assert (seen.parameters["user"], seen.parameters["password"]) == (user, password)
