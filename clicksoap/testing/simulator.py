"""The simulator with assertions: it waits for messages and compares them with expected values."""

import asyncio
import contextlib
import threading
import time

from clicksoap.simulator import Message, Simulator
from clicksoap.simulator.event_loop import has_running_loop
from clicksoap.testing.failure_text import message_count, missing_text, unexpected_text
from clicksoap.testing.matching import Expected, Matcher


class AssertingSimulator(Simulator):
    """A `clicksoap.simulator.Simulator` with assertions about the messages that it accepted.

    All assertions take the same expected values by keyword:

    - ``to``: the number, with or without ``+`` and blanks.
    - ``text``, ``sender``: the exact text or sender; a message without a sender has an empty one.
    - Any other attribute of `clicksoap.simulator.Message` by its name, such as ``client_message_id``, ``status``,
      ``parts`` or ``flash``.

    Instead of a value, give a matcher: a compiled pattern to search for (``text=re.compile("code [0-9]{6}")``), or a
    function that returns true for a right value. An attribute that is left out may have any value.
    """

    def reset(self) -> None:
        """Drop everything that happened, restore settings and faults, and set the clock to the present time."""
        super().reset()
        self.clock.restore()

    def wait_for(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        count: int = 1,
        timeout: float = 5.0,
        **more: object,
    ) -> list[Message]:
        """Wait until enough messages match the expected values.

        Args:
            to: The number.
            text: The text.
            sender: The sender.
            count: The minimum number of messages.
            timeout: The maximum wait in seconds.
            **more: Other attributes of a message.

        Returns:
            All matching messages, in the order of arrival.

        Raises:
            AssertionError: Too few messages came in time. The text shows the messages that were sent.
            RuntimeError: An event loop runs in this thread, and the wait would stop it: await `wait_for_async`.
            TypeError: Unknown attribute of a message.
        """
        __tracebackhide__ = True
        if has_running_loop():
            raise RuntimeError("wait_for() would stop the event loop of this thread: await wait_for_async()")
        expected = Expected.of(to, text, sender, more)
        deadline = time.monotonic() + timeout
        changed = threading.Event()
        stop_listening = self.gateway.event_bus.subscribe(lambda _: changed.set())
        try:
            while len(found := expected.select(self.messages)) < count:
                if not changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(self._timeout_text(expected, count, timeout))
                changed.clear()
            return found
        finally:
            stop_listening()

    async def wait_for_async(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        count: int = 1,
        timeout: float = 5.0,  # noqa: ASYNC109 - as in wait_for(); asyncio.timeout() could not show the messages
        **more: object,
    ) -> list[Message]:
        """Wait as `wait_for` does, in an asyncio test: the event loop continues meanwhile."""
        __tracebackhide__ = True
        expected = Expected.of(to, text, sender, more)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        changed = asyncio.Event()

        def on_event(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(changed.set)

        stop_listening = self.gateway.event_bus.subscribe(on_event)
        try:
            while len(found := expected.select(self.messages)) < count:
                try:
                    async with asyncio.timeout_at(deadline):
                        await changed.wait()
                except TimeoutError:
                    raise AssertionError(self._timeout_text(expected, count, timeout)) from None
                changed.clear()
            return found
        finally:
            stop_listening()

    def assert_sent(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        count: int | None = None,
        **more: object,
    ) -> list[Message]:
        """Assert that a message was sent. A message that the gateway refused was not sent.

        Args:
            to: The number.
            text: The text.
            sender: The sender.
            count: The exact number of messages; by default one or more.
            **more: Other attributes of a message.

        Returns:
            All matching messages, in the order of arrival.

        Raises:
            AssertionError: No message matches, or another number than ``count``. The text shows how the closest message
                differs, and why the gateway refused messages to that number.
            TypeError: Unknown attribute of a message.
        """
        __tracebackhide__ = True
        expected, sent = Expected.of(to, text, sender, more), self.messages
        found = expected.select(sent)
        if count is None and found:
            return found
        if count is not None and len(found) == count:
            return found
        if count is None:
            problem = "no message was sent"
        else:
            were = "was" if len(found) == 1 else "were"
            problem = f"{message_count(len(found))} instead of {count} {were} sent"
        if count is not None and len(found) > count:
            raise AssertionError(unexpected_text(problem, expected, found))
        raise AssertionError(missing_text(problem, expected, sent, self.gateway.commands, self.exchanges.latest()))

    def assert_not_sent(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        **more: object,
    ) -> None:
        """Assert that no message matches; without expected values, that nothing was sent at all.

        Args:
            to: The number.
            text: The text.
            sender: The sender.
            **more: Other attributes of a message.

        Raises:
            AssertionError: A message matches. The text shows it.
            TypeError: Unknown attribute of a message.
        """
        __tracebackhide__ = True
        expected = Expected.of(to, text, sender, more)
        found = expected.select(self.messages)
        if found:
            were = "was" if len(found) == 1 else "were"
            raise AssertionError(unexpected_text(f"{message_count(len(found))} {were} sent", expected, found))

    def _timeout_text(self, expected: Expected, count: int, timeout: float) -> str:
        sent = self.messages
        problem = f"{message_count(len(expected.select(sent)))} instead of {count} came within {timeout:g} s"
        return missing_text(problem, expected, sent, self.gateway.commands, self.exchanges.latest())
