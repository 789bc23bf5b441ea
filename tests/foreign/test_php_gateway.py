"""The PHP gateway of these tests answers as the vendor documents, and records what PHP decoded."""

import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pytest
from lxml import etree

from clicksoap.contract import Dialect

DOC, RPC = Dialect
SESSION = "5e551040000000000000000000000001"
BATCH = "ba7c4000000000000000000000000001"
ID = "[0-9a-f]{32}"
CREDENTIALS = {"api_id": 123456, "user": "acme", "password": "secret"}

PhpRequest = Callable[[Dialect, str, Mapping[str, Any]], tuple[bytes, str]]


class Recorded(Protocol):
    dialect: Dialect
    operation: str
    action: str | None
    parameters: dict[str, Any]
    reply: list[str]
    body: bytes


class PhpGateway(Protocol):
    origin: str

    def url(self, dialect: Dialect) -> str: ...
    def requests(self) -> Sequence[Recorded]: ...


Call = Callable[..., list[str]]


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture
def call(dialect: Dialect, php_gateway: PhpGateway, php_request: PhpRequest) -> Call:
    """Calls the gateway with PHP's own request; gives the lines of its reply."""

    def post(operation: str, **parameters: Any) -> list[str]:
        name = "routeCoverage" if (dialect, operation) == (RPC, "routecoverage") else operation
        body, action = php_request(dialect, name, parameters)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        request = urllib.request.Request(php_gateway.url(dialect), body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            ((wrapper,),) = etree.fromstring(answer.read()).iterfind("{*}Body")
        leaves = [leaf for leaf in wrapper.iter() if leaf is not wrapper and not len(leaf)]
        return [leaf.text or "" for leaf in leaves]

    return post


def test_every_command_has_its_documented_reply(call: Call) -> None:
    here: dict[str, Any] = {"session_id": SESSION}
    to = ["27821234567", "27831234567"]
    push = {"si_id": "1", "si_url": "http://a", "si_text": "b"}
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "9", "mms_from": "f", "mms_url": "u"}
    expected = [
        (call("auth", **CREDENTIALS), [f"OK: {SESSION}"]),
        (call("ping", **here), ["OK:"]),
        (call("sendmsg", **here, to=to[:1], text="x"), [f"ID: {ID}"]),
        (call("sendmsg", **here, to=to, text="x"), [f"ID: {ID} To: {number}" for number in to]),
        (call("querymsg", **here, apimsgid="a" * 32), [f"ID: {'a' * 32} Status: 004"]),
        (call("querymsg", **here, climsgid="mine"), [f"ID: {ID} Status: 004"]),
        (call("querymsg", **here), ["ERR: 109, Missing message ID"]),
        (call("delmsg", **here, apimsgid="a" * 32), [f"ID: {'a' * 32} Status: 006"]),
        (call("getbalance", **here), [r"Credit: 12\.3"]),
        (call("routecoverage", **here, msisdn="2782"), [r"OK: This prefix .* will be routed\. Charge: 0\.33"]),
        (call("routecoverage", **here, msisdn="9991"), [r"ERR: This prefix is not currently supported\. .*"]),
        (call("getmsgcharge", **here, apimsgid="a" * 32), [f"apiMsgId: {'a' * 32} charge: 0[.]33 status: 004"]),
        (call("startbatch", **here, template="Dear #field1#"), [f"ID: {BATCH}"]),
        (call("startbatch", **here, template=""), ["ERR: 202, No batch template"]),
        (call("senditem", **here, batch_id=BATCH, to=to[:1], field1="Ann"), [f"ID: {ID}"]),
        (call("quicksend", **here, batch_id=BATCH, to=to[:1]), [f"ID: {ID} To: {to[0]}"]),
        (call("quicksend", **here, batch_id="other", to=to), ["ERR: 201, Invalid batch ID"]),
        (call("endbatch", **here, batch_id=BATCH), ["OK"]),
        (call("token_pay", **here, token="1234567890123456"), ["OK: 605"]),
        (call("si_push", **here, to=to[:1], **push), [f"ID: {ID} To: {to[0]}"]),
        (call("ind_push", **here, to=to[:1], **mms), [f"ID: {ID} To: {to[0]}"]),
    ]
    for lines, patterns in expected:
        assert len(lines) == len(patterns), (lines, patterns)
        for line, pattern in zip(lines, patterns, strict=True):
            assert re.fullmatch(pattern, line), (line, pattern)


def test_300_recipients_get_300_lines_in_their_order(call: Call) -> None:
    to = [str(27820000000 + n) for n in range(300)]
    lines = call("sendmsg", session_id=SESSION, to=to, text="x")
    assert [line.rpartition(" ")[2] for line in lines] == to


def test_more_than_300_recipients_are_refused_as_a_whole(call: Call) -> None:
    to = [str(27820000000 + n) for n in range(301)]
    assert call("sendmsg", session_id=SESSION, to=to, text="x") == ["ERR: 101, Invalid or missing parameters"]


def test_numbers_that_begin_with_999105_are_refused_alone(call: Call) -> None:
    assert call("sendmsg", session_id=SESSION, to=["9991051"], text="x") == ["ERR: 105, Invalid Destination Address"]
    lines = call("sendmsg", session_id=SESSION, to=["1", "9991051", "2"], text="x")
    assert [line[:3] for line in lines] == ["ID:", "ERR", "ID:"]
    assert lines[1] == "ERR: 105, Invalid Destination Address To: 9991051"


def test_who_may_not_is_refused(call: Call) -> None:
    assert call("auth", **{**CREDENTIALS, "password": "guess"}) == ["ERR: 001, Authentication failed"]
    assert call("getbalance", **{**CREDENTIALS, "password": "guess"}) == ["ERR: 001, Authentication failed"]
    assert call("getbalance", **CREDENTIALS) == ["Credit: 12.3"]
    assert call("getbalance") == ["ERR: 005, Missing session ID"]
    assert call("getbalance", session_id="old") == ["ERR: 003, Session ID expired"]


def test_record_holds_what_php_decoded_and_the_bytes_that_came(
    call: Call, dialect: Dialect, php_gateway: PhpGateway
) -> None:
    text = " a & b\r\n€ ü 🎉\u00a0"
    lines = call("sendmsg", session_id=SESSION, to=["27821234567", "2"], text=text, concat=2)
    (seen,) = php_gateway.requests()
    assert (seen.dialect, seen.operation, seen.reply) == (dialect, "sendmsg", lines)
    assert seen.parameters["text"] == text
    assert seen.parameters["to"] == ["27821234567", "2"]
    assert seen.parameters["concat"] == 2
    assert seen.action is not None
    assert seen.action.strip('"').endswith("/sendmsg")
    assert b"27821234567" in seen.body
    if dialect is RPC:
        assert list(seen.parameters)[:6] == ["session_id", "api_id", "user", "password", "to", "from"]
        assert len(seen.parameters) == 22
    else:
        assert list(seen.parameters) == ["session_id", "text", "to", "concat"]


def test_record_shows_a_single_document_recipient_as_php_does(
    call: Call, php_gateway: PhpGateway, dialect: Dialect
) -> None:
    """PHP's decoder makes a plain string of a lone repeated element; RPC arrays stay arrays."""
    call("sendmsg", session_id=SESSION, to=["27821234567"], text="x")
    (seen,) = php_gateway.requests()
    assert seen.parameters["to"] == ("27821234567" if dialect is DOC else ["27821234567"])
