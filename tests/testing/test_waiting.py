"""A test waits for a message for as long as it takes, and no longer."""

import asyncio
import threading
import time

import pytest

from clicksoap import Client
from clicksoap.testing import AssertingSimulator, AsyncClientFactory

TO = "27821234567"


def test_a_message_that_a_thread_sends_later_ends_the_wait(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    timer = threading.Timer(0.1, clicksoap_client.send, args=(TO, "hello"))
    timer.start()
    [message] = clicksoap_simulator.wait_for(to=TO, text="hello", timeout=30)
    assert message.text == "hello"
    timer.join()


def test_what_came_already_is_not_waited_for(clicksoap_simulator: AssertingSimulator, clicksoap_client: Client) -> None:
    clicksoap_client.send(TO, "hello")
    began = time.monotonic()
    assert len(clicksoap_simulator.wait_for(timeout=30)) == 1
    assert time.monotonic() - began < 10


def test_several_messages_are_waited_for(clicksoap_simulator: AssertingSimulator, clicksoap_client: Client) -> None:
    senders = [threading.Thread(target=clicksoap_client.send, args=(TO, f"number {n}")) for n in range(4)]
    for sender in senders:
        sender.start()
    found = clicksoap_simulator.wait_for(text=lambda text: text.startswith("number"), count=4, timeout=30)
    assert {message.text for message in found} == {f"number {n}" for n in range(4)}
    for sender in senders:
        sender.join()


def test_a_status_is_waited_for_as_well(clicksoap_simulator: AssertingSimulator, clicksoap_client: Client) -> None:
    clicksoap_client.send(TO, "hello")
    timer = threading.Timer(0.05, clicksoap_simulator.clock.advance, kwargs={"minutes": 1})
    timer.start()
    assert clicksoap_simulator.wait_for(status="004", timeout=30)
    timer.join()


def test_the_time_over_what_came_instead_is_shown(
    clicksoap_simulator: AssertingSimulator, clicksoap_client: Client
) -> None:
    clicksoap_client.send(TO, "hello")
    with pytest.raises(AssertionError) as failed:
        clicksoap_simulator.wait_for(to=TO, text="hullo", timeout=0.05)
    assert str(failed.value).splitlines() == [
        "no messages instead of 1 came within 0.05 s with",
        "    to    '27821234567'",
        "    text  'hullo'",
        "1 message sent; the closest is number 1 (- expected, + sent):",
        "    to    '27821234567'",
        "  - text  'hullo'",
        "  ?         ^",
        "  + text  'hello'",
        "  ?         ^",
    ]


def test_on_asyncio_the_loop_goes_on_meanwhile(
    clicksoap_simulator: AssertingSimulator, clicksoap_async_client: AsyncClientFactory
) -> None:
    async def main() -> None:
        async with clicksoap_async_client() as sms:
            waiting = asyncio.create_task(clicksoap_simulator.wait_for_async(text="hello", timeout=30))
            await asyncio.sleep(0)
            await sms.send(TO, "something else")
            await sms.send(TO, "hello")
            [message] = await waiting
            assert message.text == "hello"
            with pytest.raises(AssertionError, match=r"^2 messages instead of 3 came within 0\.05 s"):
                await clicksoap_simulator.wait_for_async(count=3, timeout=0.05)
            with pytest.raises(RuntimeError, match="await wait_for_async"):
                clicksoap_simulator.wait_for(text="hello")

    asyncio.run(main())
