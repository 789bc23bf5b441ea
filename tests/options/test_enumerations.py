"""Members of enumerations of strs and ints are what they hold, however ``str()`` would word them."""

from collections.abc import Callable
from enum import Enum

import pytest

from clicksoap import Client, Message, Text
from clicksoap.simulator import Simulator

Arrived = Callable[..., dict[str, str]]


class Name(str, Enum):  # noqa: UP042 - that str() gives "Name.TEXT" is the case
    TEXT = "Hello"
    EURO = "5 \N{EURO SIGN}"
    ANNA = "27821234567"
    BEN = "+27 82 123 4568"
    ACME = "Acme"
    ID = "abc123"


class Queue(int, Enum):
    FAST = 1


@pytest.mark.parametrize("message", [Name.TEXT, Text(Name.TEXT)])
def test_a_text_is_sent_and_not_the_name_of_it(message: str | Message, arrived: Arrived) -> None:
    assert arrived(message) == {"text": "Hello"}


def test_a_text_that_goes_out_in_unicode_is_the_same(arrived: Arrived, shared: Simulator) -> None:
    arrived(Name.EURO)
    assert shared.gateway.messages[-1].text == Name.EURO.value


@pytest.mark.parametrize("to", [Name.ANNA, [Name.ANNA], [Name.ANNA, Name.BEN]])
def test_a_number_is_sent_to_and_told_as_a_plain_str(to: Name | list[Name], sms: Client) -> None:
    report = sms.send(to, "hello")
    given = [to] if isinstance(to, Name) else to
    assert len(report.accepted) == len(given)
    assert [result.to for result in report] == ["27821234567", "27821234568"][: len(given)]
    assert [result.given for result in report] == [each.value for each in given]
    assert {type(text) for result in report for text in (result.to, result.given)} == {str}


def test_options_are_what_they_hold(arrived: Arrived, shared: Simulator, sms: Client) -> None:
    assert arrived(sender=Name.ACME, queue=Queue.FAST)["from"] == "Acme"
    assert arrived(queue=Queue.FAST)["queue"] == "1"
    sms.send(Name.ANNA, "hello", client_message_id=Name.ID)
    assert shared.gateway.messages[-1].parameters["climsgid"] == "abc123"
    assert sms.status(client_message_id=Name.ID).message_id


def test_credentials_are_what_they_hold(shared: Simulator, binding: str) -> None:
    class Key(str, Enum):  # noqa: UP042
        USER = "acme"
        PASSWORD = "secret"

    with Client(123456, Key.USER, Key.PASSWORD, endpoint=shared.origin, binding=binding) as client:  # type: ignore[arg-type]
        client.ping()
