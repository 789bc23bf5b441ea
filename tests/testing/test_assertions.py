"""An assertion about messages says what was sent instead, so that nobody has to look for it."""

import re
from datetime import timedelta
from textwrap import dedent

import pytest
import requests

from clicksoap import Client, GatewayError
from clicksoap.testing import AssertingSimulator

TO = "27821234567"


def _said(text: str) -> str:
    return dedent(text).strip()


def test_a_number_may_be_written_as_people_write_it(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send(TO, "hello")
    for to in (TO, int(TO), "+27 82 123 4567", "+27-82-123-4567", "(+27) 82 1234567", re.compile("^2782")):
        [message] = clicksoap_simulator.assert_sent(to=to)
        assert message.to == TO
    with pytest.raises(AssertionError):
        clicksoap_simulator.assert_sent(to="27821234568")


def test_any_attribute_of_a_message_can_be_asked_for(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send(TO, "Your code is 123456", sender="ACME", client_message_id="x1", validity=timedelta(hours=1))
    clicksoap_simulator.assert_sent(text="Your code is 123456", sender="ACME", client_message_id="x1", flash=False)
    clicksoap_simulator.assert_sent(text=re.compile("code is [0-9]{6}$"), sender=str.isupper)
    clicksoap_simulator.assert_sent(parameters=lambda given: given["validity"] == "60")
    clicksoap_simulator.assert_not_sent(sender="")
    clicksoap_simulator.assert_not_sent(text="Your code")
    with pytest.raises(TypeError, match="unknown attribute 'validty' of a message: give one of id, command, status"):
        clicksoap_simulator.assert_sent(validty=60)


def test_a_message_moves_on_with_the_clock(clicksoap_simulator: AssertingSimulator, clicksoap_client: Client) -> None:
    clicksoap_client.send(TO, "hello")
    clicksoap_simulator.assert_not_sent(status="004")
    clicksoap_simulator.clock.advance(minutes=20)
    clicksoap_simulator.assert_sent(status="004")


def test_what_nearly_was_sent_is_shown_with_its_difference(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send("27831234567", "Something else altogether", sender="ACME")
    clicksoap_client.send(TO, "Order 17 is on its way")
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(to=TO, text="Order 18 is on its way", sender="ACME", parts=1)
    assert str(failed.value) == _said(
        """
        no message was sent with
            to      '27821234567'
            text    'Order 18 is on its way'
            sender  'ACME'
            parts   1
        2 messages sent; the closest is number 2 (- expected, + sent):
            to      '27821234567'
          - text    'Order 18 is on its way'
          ?                 ^
          + text    'Order 17 is on its way'
          ?                 ^
          - sender  'ACME'
          + sender  ''
            parts   1
        the others:
            1  to 27831234567, sender 'ACME', status 008: 'Something else altogether'
        """
    )


def test_patterns_functions_and_lines_are_shown_as_they_are_read(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send(TO, "Dear Ann,\nyour code is 12345", max_parts=2)
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(text=re.compile("code is [0-9]{6}"), sender=str.isupper, flash=True)
    assert str(failed.value) == _said(
        r"""
        no message was sent with
            text    /code is [0-9]{6}/
            sender  a value that isupper accepts
            flash   True
        1 message sent; the closest is number 1 (- expected, + sent):
          - text    /code is [0-9]{6}/
          + text    'Dear Ann,\nyour code is 12345'
          - sender  a value that isupper accepts
          + sender  ''
          - flash   True
          + flash   False
        """
    )
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(text="Dear Ann,\nyour code is 54321")
    assert str(failed.value).splitlines()[3:5] == [
        "    text  'Dear Ann,\\n'",
        "  -       'your code is 54321'",
    ]


def test_the_reasons_of_refusals_to_the_number_are_shown(clicksoap_simulator: AssertingSimulator) -> None:
    to = "http/sendmsg?api_id=7&user=a&password=b&text=x&to="
    for number in ("0821234567", "0821234567", "0840000000"):
        requests.get(f"{clicksoap_simulator.origin}/{to}{number}", timeout=10)
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(to=TO)
    assert str(failed.value).endswith(
        'the gateway refused:\n    105 to "0821234567": begins with a national 0;'
        " give the country code in its place, such as 27821234567 (2 times)"
    )


def test_where_nothing_was_sent_it_is_told_what_the_gateway_was_asked(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    with pytest.raises(AssertionError, match=r"nothing was sent; the gateway was asked nothing$"):
        clicksoap_simulator.assert_sent(to=TO)
    with pytest.raises(GatewayError):
        clicksoap_client.send("999105000000", "refused").raise_for_rejected()
    with pytest.raises(
        AssertionError,
        match=r"^no message was sent\nnothing was sent; .* auth 1, sendmsg 1\nthe gateway refused:",
    ):
        clicksoap_simulator.assert_sent()


def test_a_count_is_exact_and_what_is_too_much_is_listed(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send([TO, "27831234567"], "hello")
    assert len(clicksoap_simulator.assert_sent(text="hello", count=2)) == 2
    assert clicksoap_simulator.assert_sent(text="goodbye", count=0) == []
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(text="hello", count=1)
    assert str(failed.value) == _said(
        """
        2 messages instead of 1 were sent with
            text  'hello'
        these are:
            1  to 27821234567, status 008: 'hello'
            2  to 27831234567, status 008: 'hello'
        """
    )
    with pytest.raises(AssertionError, match=r"^1 message instead of 2 was sent with\n    to "):
        clicksoap_simulator.assert_sent(to=TO, count=2)
    with pytest.raises(AssertionError, match=r"^2 messages instead of 3 were sent\n?$"):
        clicksoap_simulator.assert_sent(count=3)


def test_what_should_not_have_been_sent_is_shown(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_simulator.assert_not_sent()
    clicksoap_client.send(TO, "hello")
    clicksoap_simulator.assert_not_sent(text="goodbye")
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_not_sent(to=re.compile("^27"))
    assert str(failed.value) == _said(
        """
        1 message was sent with
            to  /^27/
        these are:
            1  to 27821234567, status 008: 'hello'
        """
    )


def test_a_long_list_is_cut_and_a_password_never_shown(clicksoap_simulator: AssertingSimulator) -> None:
    with Client(1, "acme", "hunter2", endpoint=clicksoap_simulator.origin) as sms:
        sms.send([f"2782000{number:04}" for number in range(50)], "x" * 150)
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_not_sent()
    text = str(failed.value)
    assert text.endswith("… and 40 more")
    assert "hunter2" not in text
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.assert_sent(text="y")
    assert "hunter2" not in str(failed.value)
