"""Forks with a warmed client and says on stdout, as JSON, what became of everybody; run by test_forks.py.

It is a program of its own because a test's process has threads, and forking with threads is another matter.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import requests

from clicksoap import Client, Timeout

CHILDREN, ROUNDS = 4, 60


def rounds(client: Client, process: int) -> str:
    """Send to numbers of this process alone; the server makes the id from the number."""
    for turn in range(ROUNDS):
        number = 27820000000 + process * 1000 + turn
        (result,) = client.send(number, "x")
        if result.message_id != f"{number:032x}":
            return f"process {process} got the reply of another: {result.message_id}"
    return ""


def fork(work: Callable[[], str]) -> tuple[int, int]:
    """Do something in a child; gives its pid and the pipe that its outcome comes through."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        said = work()
    except BaseException as error:  # noqa: BLE001 - told to the parent
        said = repr(error)
    os.write(writing, said.encode())
    os._exit(0)


def outcome(child: tuple[int, int]) -> str:
    pid, reading = child
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return said or (f"status {status}" if status else "")


def share(client: Client) -> list[str]:
    """Everybody sends at once."""
    client.authenticate()
    client.send("27829999999", "x")
    children = [fork(lambda process=process: rounds(client, process)) for process in range(1, CHILDREN + 1)]  # type: ignore[misc]
    return [rounds(client, 0), *map(outcome, children)]


def during_login(client: Client) -> list[str]:
    """Fork while a thread of the parent holds the login; the server says when, through stdin."""
    thread = threading.Thread(target=client.authenticate)
    thread.start()
    sys.stdin.readline()
    said = [outcome(fork(lambda: rounds(client, 1)))]
    say("child ended")
    thread.join()
    return [*said, rounds(client, 0)]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    what, origin, kind, ca = sys.argv[1:]
    named: dict[str, Any] = {"endpoint": origin, "timeout": Timeout(connect=5, read=10, total=20)}
    with contextlib.ExitStack() as stack:
        if kind == "own session":
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            session.verify = ca
            named["session"] = session
        elif origin.startswith("https"):
            named["ca"] = ca
        client = stack.enter_context(Client(123456, "acme", "correct-horse-battery", **named))
        say(json.dumps(share(client) if what == "share" else during_login(client)))


if __name__ == "__main__":
    main()
