"""The client and a gateway built on PHP's SoapServer understand one another in both dialects."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Protocol

import pytest

from clicksoap import Client
from clicksoap.contract import Dialect
from clicksoap.errors import AuthenticationError, RecipientError

SESSION = "5e551040000000000000000000000001"
BATCH = "ba7c4000000000000000000000000001"
MESSAGE = "0123456789abcdef" * 2
TO = ["27821234567", "27831234567"]

TEXTS = {
    "markup": """a & b < c > d " e ' f ]]> &amp; <!-- g -->""",
    "euro": "it costs 5 € now",
    "accents": "für Zoë é à",
    "greek": "ΓΔ Καλημέρα",
    "emoji": "well done 🎉👩🏽‍🚀",
    "no-break space": "a\u00a0b",
    "newline": "one\ntwo\n",
    "carriage return and newline": "one\r\ntwo",
    "trailing blank": "the end ",
    "leading blanks": "  the start",
    "four hexadecimal digits": "0041",
    "several parts": "ten digits" * 60,
}


class Recorded(Protocol):
    dialect: Dialect
    operation: str
    parameters: dict[str, Any]
    reply: list[str]


class PhpGateway(Protocol):
    def url(self, dialect: Dialect) -> str: ...
    def requests(self) -> Sequence[Recorded]: ...


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture
def sms(php_gateway: PhpGateway, dialect: Dialect) -> Iterator[Client]:
    with Client(api_id=123456, user="acme", password="secret", endpoint=php_gateway.url(dialect)) as client:
        yield client


def of(operation: str, gateway: PhpGateway) -> list[Recorded]:
    return [seen for seen in gateway.requests() if seen.operation.lower() == operation]


def only(operation: str, gateway: PhpGateway) -> Recorded:
    (seen,) = of(operation, gateway)
    return seen


def recipients(seen: Recorded) -> list[str]:
    """The recipients that PHP saw; it makes a plain string of a lone Document/Literal one."""
    to: str | list[str] = seen.parameters["to"]
    return [to] if isinstance(to, str) else to


def text_of(seen: Recorded) -> str:
    """The text that PHP saw; with unicode=1 it is hexadecimal UTF-16BE by contract."""
    text: str = seen.parameters["text"]
    return bytes.fromhex(text).decode("utf-16-be") if seen.parameters.get("unicode") == 1 else text


def ids(seen: Recorded) -> list[str]:
    return [line.split()[1] for line in seen.reply]


def test_login_hands_over_the_credentials_once_and_the_session_serves_from_then_on(
    sms: Client, php_gateway: PhpGateway, dialect: Dialect
) -> None:
    sms.authenticate()
    sms.ping()
    sms.balance()
    assert [(seen.dialect, seen.operation) for seen in php_gateway.requests()] == [
        (dialect, "auth"),
        (dialect, "ping"),
        (dialect, "getbalance"),
    ]
    login, ping, balance = php_gateway.requests()
    assert login.parameters == {"api_id": 123456, "user": "acme", "password": "secret"}
    assert list(login.parameters) == ["api_id", "user", "password"]
    assert ping.parameters == {"session_id": SESSION}
    assert balance.parameters["session_id"] == SESSION
    assert not balance.parameters.get("password")


def test_wrong_password_is_an_authentication_error(php_gateway: PhpGateway, dialect: Dialect) -> None:
    with (
        Client(api_id=123456, user="acme", password="guess", endpoint=php_gateway.url(dialect)) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.authenticate()
    assert caught.value.code == "001"
    assert len(php_gateway.requests()) == 1


def test_credentials_with_every_request_need_no_login(php_gateway: PhpGateway, dialect: Dialect) -> None:
    endpoint = php_gateway.url(dialect)
    with Client(api_id=123456, user="acme", password="secret", endpoint=endpoint, auth="credentials") as client:
        assert client.balance() == Decimal("12.3")
    (seen,) = php_gateway.requests()
    assert seen.operation == "getbalance"
    assert (seen.parameters["user"], seen.parameters["password"]) == ("acme", "secret")


@pytest.mark.parametrize("count", [1, 2, 300])
def test_message_to_some_goes_in_one_request_and_each_gets_its_own_id(
    sms: Client, php_gateway: PhpGateway, count: int
) -> None:
    to = [str(27820000000 + n) for n in range(count)]
    report = sms.send(to, "Your parcel is at the door")
    seen = only("sendmsg", php_gateway)
    assert recipients(seen) == to
    assert text_of(seen) == "Your parcel is at the door"
    assert [result.to for result in report] == to
    assert [result.message_id for result in report] == ids(seen)
    assert {result.state for result in report} == {"accepted"}


def test_message_to_301_goes_in_two_requests_and_the_report_keeps_their_order(
    sms: Client, php_gateway: PhpGateway
) -> None:
    to = [str(27820000000 + n) for n in range(301)]
    report = sms.send(to, "x")
    first, second = of("sendmsg", php_gateway)
    assert (len(recipients(first)), len(recipients(second))) == (300, 1)
    assert recipients(first) + recipients(second) == to
    assert [result.to for result in report] == to
    assert [result.message_id for result in report] == ids(first) + ids(second)
    assert len({result.message_id for result in report}) == 301


def test_one_bad_number_among_three_is_rejected_alone(sms: Client, php_gateway: PhpGateway) -> None:
    report = sms.send([TO[0], "9991051234", TO[1]], "x")
    assert [result.state for result in report] == ["accepted", "rejected", "accepted"]
    assert isinstance(report[1].error, RecipientError)
    assert report[1].error.code == "105"
    assert report[1].message_id is None
    seen = only("sendmsg", php_gateway)
    assert [report[0].message_id, report[2].message_id] == [ids(seen)[0], ids(seen)[2]]


def test_bad_number_alone_is_rejected(sms: Client) -> None:
    with pytest.raises(RecipientError, match="105") as refused:
        sms.send("9991051234", "x")
    assert [result.state for result in refused.value.report] == ["rejected"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_arrives_unchanged(sms: Client, php_gateway: PhpGateway, text: str) -> None:
    sms.send(TO, text)
    assert text_of(only("sendmsg", php_gateway)) == text


def test_euro_sign_goes_as_unicode_where_servers_read_latin_1(
    sms: Client, php_gateway: PhpGateway, dialect: Dialect
) -> None:
    """This PHP reads UTF-8 in both dialects; other servers of RPC/Encoded would make a question mark of it."""
    sms.send(TO, "5 €")
    seen = only("sendmsg", php_gateway)
    unicode = dialect is Dialect.RPC_ENCODED
    assert bool(seen.parameters.get("unicode")) is unicode
    assert seen.parameters["text"].upper() == ("0035002020AC" if unicode else "5 €")


def test_each_request_arrives_with_a_client_message_id_of_its_own(sms: Client, php_gateway: PhpGateway) -> None:
    report = sms.send([str(27820000000 + n) for n in range(301)], "x")
    names = {Dialect.DOCUMENT_LITERAL: "climsgid", Dialect.RPC_ENCODED: "cliMsgId"}
    first, second = (seen.parameters[names[seen.dialect]] for seen in of("sendmsg", php_gateway))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert re.fullmatch("[0-9a-f]{32}", second)
    assert first != second
    assert [result.client_message_id for result in report] == [first] * 300 + [second]


def test_status_by_either_id(sms: Client, php_gateway: PhpGateway) -> None:
    by_gateway = sms.status(message_id=MESSAGE)
    by_client = sms.status(client_message_id="order42")
    assert (by_gateway.status.code, by_gateway.message_id) == ("004", MESSAGE)
    assert by_client.status.code == "004"
    first, second = of("querymsg", php_gateway)
    assert first.parameters["apimsgid"] == MESSAGE
    assert second.parameters["climsgid"] == "order42"
    assert ids(second) == [by_client.message_id]


def test_stop(sms: Client, php_gateway: PhpGateway) -> None:
    report = sms.stop(message_id=MESSAGE)
    assert (report.message_id, report.status.code) == (MESSAGE, "006")
    assert only("delmsg", php_gateway).parameters["apimsgid"] == MESSAGE


def test_charge(sms: Client, php_gateway: PhpGateway) -> None:
    charge = sms.charge(MESSAGE)
    assert (charge.credits, charge.status.code) == (Decimal("0.33"), "004")
    assert only("getmsgcharge", php_gateway).parameters["apimsgid"] == MESSAGE


def test_balance(sms: Client) -> None:
    assert sms.balance() == Decimal("12.3")


def test_coverage(sms: Client, php_gateway: PhpGateway) -> None:
    here, nowhere = sms.coverage("27821234567"), sms.coverage("9991234567")
    assert (here.routed, here.charge) == (True, Decimal("0.33"))
    assert (nowhere.routed, nowhere.charge) == (False, None)
    assert [seen.parameters["msisdn"] for seen in of("routecoverage", php_gateway)] == ["27821234567", "9991234567"]


def test_redeem(sms: Client, php_gateway: PhpGateway) -> None:
    sms.redeem("1234567890123456")
    assert only("token_pay", php_gateway).parameters["token"] == "1234567890123456"


def test_batch_merges_fields_per_recipient_and_closes_itself(sms: Client, php_gateway: PhpGateway) -> None:
    with sms.batch("Dear #field1#, <5 & more #field2#") as batch:
        assert batch.id == BATCH
        merged = batch.send(TO[0], "Zoé & <Co> ", "second")
        quick = batch.quicksend(TO)
    start, item, fast, end = (only(name, php_gateway) for name in ("startbatch", "senditem", "quicksend", "endbatch"))
    assert start.parameters["template"] == "Dear #field1#, <5 & more #field2#"
    assert (item.parameters["field1"], item.parameters["field2"]) == ("Zoé & <Co> ", "second")
    assert recipients(item) == TO[:1]
    assert recipients(fast) == TO
    assert {seen.parameters["batch_id"] for seen in (item, fast, end)} == {BATCH}
    assert [result.message_id for result in merged] == ids(item)
    assert [result.message_id for result in quick] == ids(fast)
