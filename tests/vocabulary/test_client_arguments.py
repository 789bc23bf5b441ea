"""A client that cannot work, or is not safe, is refused when it is made."""

import copy
import pickle
from typing import Any

import pytest
import requests

from clicksoap import Client, Timeout
from clicksoap.errors import ConfigurationError, InvalidInput


def client(**named: Any) -> Client:
    given: dict[str, Any] = {"api_id": 1, "user": "acme", "password": "s3cret", "endpoint": "http://localhost:9"}
    return Client(**{**given, **named})


@pytest.mark.parametrize("value", [0, -1, True, "0", "", "-5", 2**31, 1.0, None, b"1", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_api_id_that_is_no_positive_int_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="api_id= is"):
        client(api_id=value)


@pytest.mark.parametrize("value", ["one", "1 2", "9" * 5000], ids=["word", "blank", "5000 digits"])
def test_an_api_id_that_soap_cannot_carry_as_an_int_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="api_id= is"):
        client(api_id=value)


@pytest.mark.parametrize("value", [1, "1", "123456", 2**31 - 1])
def test_an_api_id_may_be_an_int_or_its_digits(value: int | str) -> None:
    client(api_id=value).close()


@pytest.mark.parametrize("name", ["user", "password"])
@pytest.mark.parametrize("value", ["", None, 7, b"x", "a\x00b", "a\ud800"])
def test_a_user_or_password_that_cannot_be_said_is_refused_and_not_shown(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}") as refused:
        client(**{name: value})
    assert repr(value) not in str(refused.value)


@pytest.mark.parametrize("value", [0, -1, 301, 1.0, True, "300"])
def test_a_cap_outside_1_to_300_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="max_recipients="):
        client(max_recipients=value)


@pytest.mark.parametrize("value", [1, 300])
def test_a_cap_of_1_to_300_is_taken(value: int) -> None:
    client(max_recipients=value).close()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Trace": "a\r\nX-Other: b"},
        {"X-Trace": "a\nb"},
        {"X-Trace\r\nX-Other": "b"},
        {"X-Trace": "é"},
        {"X-Trace": "a\x00"},
        {"": "a"},
        {"X-Trace": 1},
        {1: "a"},
        {"Content-Length": "1"},
        {"soapaction": "x"},
        {"HOST": "elsewhere"},
        {"Transfer-Encoding": "chunked"},
        {"Accept-Encoding": "br"},
        {"X Trace": "a"},
        {"X-Trace:": "a"},
    ],
    ids=repr,
)
def test_headers_that_break_the_request_are_refused(headers: Any) -> None:
    with pytest.raises(ConfigurationError, match="headers="):
        client(headers=headers)


def test_further_headers_are_taken() -> None:
    client(headers={"X-Trace": "a b", "User-Agent": "mine"}).close()


def test_a_user_agent_with_a_line_break_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="user_agent_extra="):
        client(user_agent_extra="a\r\nb")


@pytest.mark.parametrize(
    "named", [{"proxy": "http://localhost:9"}, {"ca": "/ca.pem"}, {"client_cert": "/cert.pem"}], ids=repr
)
def test_a_session_excludes_what_is_set_on_it(named: dict[str, str]) -> None:
    with requests.Session() as session, pytest.raises(ConfigurationError, match="session= excludes"):
        client(session=session, **named)


@pytest.mark.parametrize("proxy", ["localhost:9", "socks5://localhost:9", "http://", ""])
def test_a_proxy_that_is_no_http_url_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy="):
        client(proxy=proxy)


def test_a_missing_ca_or_certificate_is_told_when_the_client_is_made() -> None:
    with pytest.raises(ConfigurationError, match="ca="):
        client(ca="/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="client_cert="):
        client(client_cert=("/nowhere/cert.pem", "/nowhere/key.pem"))


def test_an_unknown_way_of_logging_in_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="auth="):
        client(auth="basic")


@pytest.mark.parametrize("name", ["connect", "read", "total"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), True, "5", None])
def test_a_time_limit_that_is_no_positive_number_of_seconds_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"Timeout\\({name}="):
        Timeout(**{name: value})


def test_time_limits_have_defaults_and_take_fractions() -> None:
    assert Timeout() == Timeout(connect=5, read=30, total=60)
    assert Timeout(connect=0.1, read=0.5, total=1).read == 0.5


def test_the_repr_shows_the_binding_and_no_secret() -> None:
    with client() as sms:
        assert repr(sms) == "<Client document_literal>"
    with client(binding="rpc_encoded") as sms:
        assert repr(sms) == "<Client rpc_encoded>"


def test_a_client_is_neither_pickled_nor_copied() -> None:
    with client() as sms:
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled"):
                duplicate(sms)


@pytest.mark.parametrize(
    "call",
    [
        lambda sms: sms.send([], "x"),
        lambda sms: sms.send("0821234567", "x"),
        lambda sms: sms.send("27821234567", ""),
        lambda sms: sms.send("27821234567", "a\x00b"),
        lambda sms: sms.send("27821234567", "a" * (153 * 35 + 1)),
        lambda sms: sms.status(),
        lambda sms: sms.status("a", client_message_id="b"),
        lambda sms: sms.status(""),
        lambda sms: sms.status("two words"),
        lambda sms: sms.stop(),
        lambda sms: sms.charge(""),
        lambda sms: sms.charge("a\x00"),
        lambda sms: sms.coverage("x"),
        lambda sms: sms.redeem("123"),
        lambda sms: sms.redeem("1234 5678 9012 3456"),
        lambda sms: sms.batch(""),
    ],
    ids=range(16),
)
def test_input_that_cannot_be_sent_is_refused_before_anything_leaves(call: Any) -> None:
    with client() as sms, pytest.raises(InvalidInput):  # nobody listens on the port: leaving would be NotSent
        call(sms)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"timeout": 30}, r"timeout= is int: give Timeout\("),
        ({"timeout": (5, 30)}, "timeout= is tuple"),
        ({"retry": 3}, r"retry= is int: give Retry\(attempts=4\), or None"),
        ({"retry": False}, "retry= is bool"),
        ({"on_exchange": 5}, "on_exchange= is int"),
        ({"allow_plaintext": "no", "endpoint": "http://sms.example"}, "allow_plaintext= is str: give True or False"),
        ({"log_content": 1}, "log_content= is int"),
        ({"sender": "ACME SOLUTIONS PTY"}, "sender is not valid"),
        ({"session": 5}, "session= is int"),
        ({"headers": ["a"]}, "headers= is list"),
        ({"user_agent_extra": 5}, "user_agent_extra= is int"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_refused_by_name(named: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        client(**named)
