"""The simulator as tests like it: it waits for messages, and says what is wrong with them."""

import asyncio
import contextlib
import threading
import time

from clicksoap.simulator import Message, Simulator
from clicksoap.testing.failure_text import counted, unfulfilled, unwanted
from clicksoap.testing.matching import Expected, Matcher


class AssertingSimulator(Simulator):
    """A simulated gateway with assertions about what was sent through it; all else is `clicksoap.simulator.Simulator`.

    What is wished for a message is said alike everywhere:

    - ``to``: the number, with or without ``+`` and blanks.
    - ``text``, ``sender``: as they are to be; the sender is empty where none was given.
    - Any other attribute of `clicksoap.simulator.Message` by its name, such as ``client_message_id``, ``status``,
      ``parts`` or ``flash``.

    In place of a value, a compiled pattern is to be found in it (``text=re.compile("code [0-9]{6}")``), and a function
    is to say whether it is right. What is left out may be anything.
    """

    def reset(self) -> None:
        """Forget everything that happened, put settings and faults back, and the clock to the present."""
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
        """Wait until so many messages fulfil the wishes, whoever sends them.

        Args:
            to: The number.
            text: The text.
            sender: The sender.
            count: How many messages there are to be at least.
            timeout: Seconds to wait at most.
            more: Other attributes of a message.

        Returns:
            All that fulfil the wishes, in the order of arrival.

        Raises:
            AssertionError: The time is over; the text tells what was sent instead.
            RuntimeError: An event loop runs in this thread, and would stand still: await `wait_for_async`.
            TypeError: A message has no such attribute.
        """
        __tracebackhide__ = True
        if _has_loop():
            raise RuntimeError("wait_for() would stop the event loop of this thread: await wait_for_async()")
        wanted = Expected.of(to, text, sender, more)
        deadline = time.monotonic() + timeout
        happened = threading.Event()
        end = self.gateway.event_bus.subscribe(lambda _: happened.set())
        try:
            while len(found := wanted.among(self.messages)) < count:
                if not happened.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(self._late(wanted, count, timeout))
                happened.clear()
            return found
        finally:
            end()

    async def wait_for_async(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        count: int = 1,
        timeout: float = 5.0,  # noqa: ASYNC109 - as in its twin; the error tells what asyncio.timeout() cannot
        **more: object,
    ) -> list[Message]:
        """The same as `wait_for` for a test that runs on asyncio: the loop goes on meanwhile."""
        __tracebackhide__ = True
        wanted = Expected.of(to, text, sender, more)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        happened = asyncio.Event()

        def tell(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # a loop that was just closed has nobody waiting
                loop.call_soon_threadsafe(happened.set)

        end = self.gateway.event_bus.subscribe(tell)
        try:
            while len(found := wanted.among(self.messages)) < count:
                try:
                    async with asyncio.timeout_at(deadline):
                        await happened.wait()
                except TimeoutError:
                    raise AssertionError(self._late(wanted, count, timeout)) from None
                happened.clear()
            return found
        finally:
            end()

    def assert_sent(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        count: int | None = None,
        **more: object,
    ) -> list[Message]:
        """Insist that a message was sent; one that the gateway refused was not.

        Args:
            to: The number.
            text: The text.
            sender: The sender.
            count: How many messages there are to be, no more and no less; by default one or more.
            more: Other attributes of a message.

        Returns:
            All that fulfil the wishes, in the order of arrival.

        Raises:
            AssertionError: There is none, or another number of them; the text tells how the closest one differs.
            TypeError: A message has no such attribute.
        """
        __tracebackhide__ = True
        wanted, sent = Expected.of(to, text, sender, more), self.messages
        found = wanted.among(sent)
        if count is None and found:
            return found
        if count is not None and len(found) == count:
            return found
        if count is None:
            problem = "no message was sent"
        else:
            were = "was" if len(found) == 1 else "were"
            problem = f"{counted(len(found))} instead of {count} {were} sent"
        if count is not None and len(found) > count:
            raise AssertionError(unwanted(problem, wanted, found))
        raise AssertionError(unfulfilled(problem, wanted, sent, self.gateway.commands))

    def assert_not_sent(
        self,
        *,
        to: Matcher | int | None = None,
        text: Matcher | None = None,
        sender: Matcher | None = None,
        **more: object,
    ) -> None:
        """Insist that no message fulfils the wishes; without any wish, that nothing was sent at all.

        Raises:
            AssertionError: There is one; the text shows it.
            TypeError: A message has no such attribute.
        """
        __tracebackhide__ = True
        wanted = Expected.of(to, text, sender, more)
        found = wanted.among(self.messages)
        if found:
            were = "was" if len(found) == 1 else "were"
            raise AssertionError(unwanted(f"{counted(len(found))} {were} sent", wanted, found))

    def _late(self, wanted: Expected, count: int, timeout: float) -> str:
        sent = self.messages
        problem = f"{counted(len(wanted.among(sent)))} instead of {count} came within {timeout:g} s"
        return unfulfilled(problem, wanted, sent, self.gateway.commands)


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
