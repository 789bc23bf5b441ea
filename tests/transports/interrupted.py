"""Sends while signals come at random moments, and says on stdout, as JSON, what each send was told; run by a test.

The arguments are the kind of interruption, the port of a gateway, the number of sends and a seed.
"""

import asyncio
import contextlib
import json
import random
import signal
import statistics
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import clicksoap
from clicksoap import AsyncClient, ClicksoapError, Client, SendReport, Timeout, report_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_, KIND, PORT, COUNT, SEED = sys.argv
ENDPOINT = f"http://127.0.0.1:{PORT}"
LIMITS = Timeout(connect=20, read=20, total=20)
FOLDER = clicksoap.__path__[0]

Told = dict[str, Any]


class Alarm(Exception):
    """What the handler of SIGALRM raises."""


def alarmed(*_: object) -> None:
    raise Alarm


def numbers_of(turn: int) -> list[str]:
    return [str(27820000000 + turn * 2 + part) for part in range(2)]


def told(turn: int, report: SendReport | None, error: BaseException | None) -> Told:
    """What a send was told, and whether the exception came out of the library at all."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else ()
    return {
        "numbers": numbers_of(turn),
        "states": None if report is None else [result.state.value for result in report],
        "error": None if error is None else type(error).__name__,
        "is_inside": any(frame.filename.startswith(FOLDER) for frame in frames),
    }


def one_send(client: Client, turn: int, seconds: float, number: int) -> Told:
    """One send, with a signal after so many seconds."""
    report, error = None, None
    try:
        signal.setitimer(number, seconds)
        report = client.send(numbers_of(turn), "x")
        signal.setitimer(number, 0)
    except BaseException as raised:  # noqa: BLE001 - what it is, the test judges
        error, report = raised, report or report_of(raised)
    while True:
        try:
            signal.setitimer(number, 0)
            return told(turn, report, error)
        except (Alarm, KeyboardInterrupt):
            pass  # it came behind the send


def by_signals() -> list[Told]:
    chance = random.Random(int(SEED))  # noqa: S311 - no secret
    with Client(1, "acme", "secret", endpoint=ENDPOINT, timeout=LIMITS, max_recipients=1) as client:
        client.send("27829999999", "warm")

        def calling(*_: object) -> None:
            with contextlib.suppress(ClicksoapError):  # in the middle of a login, it is refused
                client.send("27829999997", "from a signal handler")

        handlers: dict[str, Callable[[int, FrameType | None], Any]] = {
            "SIGINT": signal.default_int_handler,
            "SIGALRM": alarmed,
            "call": calling,
        }
        signal.signal(signal.SIGALRM, handlers[KIND])
        began = time.perf_counter()
        client.send("27829999999", "warm")
        usual = (time.perf_counter() - began) * 1.5
        stop = threading.Event()
        beside = [threading.Thread(target=sending, args=(client, stop)) for _ in range(2)]
        for thread in beside:
            thread.start()
        found: list[Told] = []
        for turn in range(int(COUNT)):
            if turn % 10 == 0:
                client._core.session.forget()
            found.append(one_send(client, turn, max(1e-5, chance.random() * usual * 3), signal.ITIMER_REAL))
        stop.set()
        for thread in beside:
            thread.join()
        client.send("27829999999", "last")
    return found


def sending(client: Client, stop: threading.Event) -> None:
    while not stop.is_set():
        client.send("27829999998", "beside")


async def by_cancellation() -> list[Told]:
    chance = random.Random(int(SEED))  # noqa: S311
    found: list[Told] = []
    async with AsyncClient(1, "acme", "secret", endpoint=ENDPOINT, timeout=LIMITS, max_recipients=1) as client:
        await client.send("27829999999", "warm")
        took: list[float] = []
        for _ in range(9):
            began = time.perf_counter()
            await client.send(["27829999999", "27829999998"], "warm")
            took.append(time.perf_counter() - began)
        usual = statistics.median(took)
        for turn in range(int(COUNT)):
            if turn % 10 == 0:
                client._core.session.forget()
            task = asyncio.create_task(client.send(numbers_of(turn), "x"))
            # Within twice the usual time: some half of them are met, on a fast machine as on a slow one.
            asyncio.get_running_loop().call_later(chance.random() * usual * 2, task.cancel)
            try:
                found.append(told(turn, await task, None))
            except BaseException as raised:  # noqa: BLE001 - what it is, the test judges
                found.append(told(turn, report_of(raised), raised))
        await client.send("27829999999", "last")
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(by_cancellation()) if KIND == "cancellation" else by_signals()))
