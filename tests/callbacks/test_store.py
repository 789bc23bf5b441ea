"""With a store: an event is stored, answered and handled then, also if the process is killed in between."""

import asyncio
import itertools
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Condition, Event
from typing import Final
from urllib.parse import urlencode

import pytest
from figures import record
from receivers import under_uvicorn, under_waitress

from clicksoap import DeliveryReport, MessageStatus
from clicksoap.callbacks import CallbackRequest, Callbacks, Claim, PostgreSQLStore, SQLiteStore

from .conftest import Noted, Place, live, noting, say, send, simulating
from .test_joining import Time, called, cut

AnyStore = SQLiteStore | PostgreSQLStore

AT: Final = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
LONG: Final = "Привет 👍 " * 20


def report(code: str, seconds: int = 0, message_id: str = "a1") -> CallbackRequest:
    stamp = int((AT + timedelta(seconds=seconds)).timestamp())
    fields = {"apiMsgId": message_id, "timestamp": stamp, "to": "27820000001", "status": code}
    return CallbackRequest("POST", body=urlencode(fields).encode())


@pytest.fixture
def clock() -> Time:
    return Time()


def work(noted: Noted) -> None:
    """Handle everything that is due, in this thread."""
    noted.callbacks._thread_background.run(0)


def stored(store: AnyStore, clock: Time, *requests: CallbackRequest) -> Noted:
    """A receiver that stored some requests and handled none."""
    noted = noting(store=store, clock=clock, join=60)
    noted.callbacks._thread_background.poke = lambda: None  # type: ignore[method-assign]
    for request in requests:
        assert noted.callbacks.handle(request).status == 200
    assert noted.calls == 0
    return noted


def test_an_event_is_answered_before_it_is_handled(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, report("003"), report("004"), report("003"))
    work(noted)
    assert noted.codes == ["003", "004"]


def test_a_late_intermediate_status_is_not_handed_over(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, report("004", 5))
    work(noted)
    again = stored(store, clock, report("003", 9), report("007", 3), report("004", 5))
    work(again)
    assert again.calls == 0
    last = stored(store, clock, report("007", 9))
    work(last)
    assert last.codes == ["007"]


def test_a_failed_handler_is_called_again_with_growing_pauses(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, report("003"), report("004"))
    noted.failures = 3
    pauses = []
    while not noted.reports:
        began, calls = clock.now, noted.calls
        while noted.calls == calls:
            work(noted)
            clock.now += 0.5
        pauses.append(clock.now - began)
    assert noted.codes == ["003", "004"]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2


def test_parts_are_joined_in_the_store(store: AnyStore, clock: Time) -> None:
    parts = cut(LONG, 3)
    noted = stored(store, clock, called(parts[2]), called(parts[0]))
    work(noted)
    assert noted.calls == 0
    second = stored(store, clock, called(parts[1]), called(parts[1]), called(parts[2]))
    work(second)
    assert second.texts == [LONG]
    work(second)
    assert second.calls == 1


def test_an_overdue_message_is_handed_over_incomplete(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, called(cut("abcdef", 3)[1]))
    work(noted)
    clock.now += 60
    work(noted)
    assert [(message.text, message.missing) for message in noted.inbound] == [("cd", (1, 3))]


def test_two_messages_with_one_reference_do_not_mix(store: AnyStore, clock: Time) -> None:
    first, second = cut("first messages", 2, prefix="a"), cut("the second message", 2, prefix="b")
    noted = stored(store, clock, *map(called, [first[0], *second]))
    work(noted)
    assert [(message.text, message.missing) for message in noted.inbound] == [
        ("first m", (2,)), ("the second message", ()),
    ]  # fmt: skip


def test_a_claim_of_a_dead_worker_is_taken_over_when_its_lease_ends(place: Place, clock: Time) -> None:
    first, second = place.open(), place.open()
    noted = stored(first, clock, report("003"))
    assert first.claim(clock.now) is not None
    stored(second, clock, report("004", 1))
    assert second.claim(clock.now) is None  # nor a later report of the same message
    place.end_leases()
    other = stored(second, clock)
    work(other)
    assert other.codes == ["003", "004"]
    assert noted.calls == 0


def test_a_worker_that_comes_back_after_its_lease_takes_nothing_from_its_follower(place: Place, clock: Time) -> None:
    first, second = place.open(), place.open()
    stored(first, clock, report("003"))
    late = first.claim(clock.now)
    assert late is not None
    place.end_leases()
    clock.now += 0.5
    assert second.claim(clock.now) is not None
    first.release(late, clock.now, failed=True)
    assert first.claim(clock.now) is None


def test_an_event_that_comes_while_its_group_is_handled_is_not_forgotten(place: Place, clock: Time) -> None:
    first, second = place.open(), place.open()
    stored(first, clock, report("003"))
    claim = first.claim(clock.now)
    assert claim is not None
    stored(second, clock, report("004", 1))
    first.finish(claim, [each.number for each in claim.waiting])
    noted = stored(second, clock)
    work(noted)
    assert noted.codes == ["004"]


def test_a_part_that_comes_while_the_others_are_looked_at_is_joined_at_once(place: Place, clock: Time) -> None:
    first, second = place.open(), place.open()
    parts = cut(LONG, 2)
    stored(first, clock, called(parts[0]))
    claim = first.claim(clock.now)
    assert claim is not None
    stored(second, clock, called(parts[1]))
    first.release(claim, clock.now + 60, failed=False)
    noted = stored(first, clock)
    work(noted)
    assert noted.texts == [LONG]


def test_work_of_a_process_that_died_is_looked_for_every_minute(store: AnyStore, clock: Time) -> None:
    """Nothing tells one process what another one left."""
    noted = stored(store, clock)
    work(noted)
    due = noted.callbacks._processing.next_due()
    assert due is not None
    assert due <= clock.now + 60


def test_a_store_that_fails_makes_the_gateway_try_again(place: Place, clock: Time) -> None:
    noted = stored(place.open(), clock, report("002"))
    place.break_down()
    assert noted.callbacks.handle(report("003")).status == 500


def test_handled_events_can_be_removed(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, report("004"))
    assert store.prune(clock.now + 1) == 0
    work(noted)
    assert store.prune(clock.now + 1) == 1
    assert store.next_due() is None


class Unsteady(SQLiteStore):
    """A store whose first claim fails."""

    has_failed = False

    def claim(self, now: float) -> Claim | None:
        if not self.has_failed:
            self.has_failed = True
            raise OSError("the disk is full")
        return super().claim(now)


@pytest.mark.parametrize("is_async", [False, True])
def test_work_goes_on_after_a_failure_of_the_store(
    path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., None], *, is_async: bool
) -> None:
    monkeypatch.setattr("clicksoap.callbacks.background._PAUSE_AFTER_FAILURE", 0.05)
    store, done = Unsteady(path), Event()
    noted = noting(store=store, is_async=is_async)
    noted.callbacks.on_delivery_report(lambda _: done.set())
    run(noted.callbacks, report("004"), done, is_async=is_async)
    assert noted.codes == ["004"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_process_handles_what_an_earlier_one_left(store: AnyStore, *, is_async: bool) -> None:
    stored(store, Time(), report("004"))
    done = Event()
    noted = noting(store=store)
    noted.callbacks.on_delivery_report(lambda _: done.set())

    async def started() -> None:
        await noted.callbacks.start_async()
        assert await asyncio.to_thread(done.wait, 10)
        await noted.callbacks.aclose()

    if is_async:
        asyncio.run(started())
    else:
        noted.callbacks.start()
        assert done.wait(10)
        noted.callbacks.close()
    assert noted.codes == ["004"]


def test_parts_are_handed_over_one_by_one_if_nothing_is_joined(store: AnyStore, clock: Time) -> None:
    noted = noting(store=store, clock=clock, join=None)
    noted.callbacks._thread_background.poke = lambda: None  # type: ignore[method-assign]
    for part in cut("abcd", 2):
        noted.callbacks.handle(called(part))
    work(noted)
    assert noted.texts == ["ab", "cd"]


def test_a_failed_handler_of_a_long_message_gets_all_of_it_again(store: AnyStore, clock: Time) -> None:
    noted = stored(store, clock, *map(called, cut(LONG, 3)))
    noted.failures = 1
    work(noted)
    assert noted.calls == 1
    clock.now += 2
    work(noted)
    assert noted.texts == [LONG]
    assert store.next_due() is None


@pytest.mark.parametrize("server", ["asgi", "wsgi"])
def test_the_simulator_calls_a_receiver_with_a_store(store: AnyStore, server: str) -> None:
    changed = Condition()
    noted = noting(store=store)

    def wake(_: object) -> None:
        with changed:
            changed.notify_all()

    noted.callbacks.on_delivery_report(wake)
    noted.callbacks.on_inbound(wake)
    callbacks = noted.callbacks
    serving = under_uvicorn(callbacks.asgi()) if server == "asgi" else under_waitress(callbacks.wsgi())
    with serving as origin, simulating(origin) as sim:
        noted.failures = 1
        send(sim)
        live(sim)
        say(sim, LONG)
        with changed:
            assert changed.wait_for(lambda: noted.codes == ["003", "004"] and noted.texts == [LONG], 10)
        assert {each.http_status for each in sim.callbacks.attempts()} == {200}


def test_the_rule_of_which_report_is_news() -> None:
    base = DeliveryReport(message_id="a1", status=MessageStatus.of("003"), at=AT, to="27820000001")

    def made(code: str, seconds: int) -> DeliveryReport:
        return replace(base, status=MessageStatus.of(code), at=AT + timedelta(seconds=seconds))

    for new, old, expected in [
        (("003", 0), ("004", -9), False),
        (("004", 0), ("003", 9), True),
        (("004", 1), ("007", 0), True),
        (("004", 0), ("007", 0), False),
        (("004", -1), ("007", 0), False),
        (("003", 0), ("002", 0), True),
        (("003", 0), ("003", 0), False),
        (("002", -1), ("003", 0), False),
        (("042", 1), ("003", 0), True),
        (("042", 1), ("004", 0), False),
    ]:
        assert made(*new).supersedes(made(*old)) is expected, (new, old)
    assert base.supersedes(None)


PROGRAM: Final = """
import socket, sys, uvicorn
from clicksoap.callbacks import Callbacks, SQLiteStore
callbacks = Callbacks(anybody=True, store=SQLiteStore(sys.argv[1]))
log = open(sys.argv[2], "a", buffering=1)
@callbacks.on_delivery_report
def note(report):
    log.write(report.message_id + chr(10))
listener = socket.socket(fileno=int(sys.argv[3]))
uvicorn.Server(uvicorn.Config(callbacks.asgi(), log_config=None, access_log=False)).run([listener])
"""


def _answered(port: int, message_id: str, given_up: float) -> bool:
    """Report until the answer is 200, as the gateway does; False if time is up."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    while time.monotonic() < given_up:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("POST", "/", report("004", message_id=message_id).body, headers)
            if connection.getresponse().status == 200:
                return True
    return False


def _killed_under_load(folder: Path, kills: int, reports: int) -> None:
    """Report from eight threads, and kill the receiver after a random number of answers, again and again."""
    seed = int(os.environ.get("SEED") or "7")
    chance = random.Random(seed)  # noqa: S311 - a moment, not a secret
    handled = folder / "handled.txt"
    ids = [f"{number:032x}" for number in range(reports)]
    given_up = time.monotonic() + 120 + 10 * kills
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, ThreadPoolExecutor(8) as callers:
        listener.set_inheritable(True)
        arguments = [str(folder / "store.db"), str(handled), str(listener.fileno())]
        port = listener.getsockname()[1]
        calls = [callers.submit(_answered, port, each, given_up) for each in ids]
        answers = as_completed(calls)
        for number in range(kills + 1):
            process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], pass_fds=[listener.fileno()])
            wanted = reports if number == kills else chance.randrange(1, reports // (kills + 1))
            for _ in itertools.islice(answers, wanted):  # answers to be awaited before the kill
                pass
            process.kill()
            process.wait()
        assert all(call.result() for call in calls)
    noted = noting(store=SQLiteStore(folder / "store.db"), clock=lambda: time.time() + 3600)  # all leases have ended
    work(noted)
    told = {*handled.read_text().split(), *(each.message_id for each in noted.reports)}
    record("receiver of callbacks killed", kills=kills, reports=reports, lost=len(set(ids) - told))
    assert told >= set(ids), f"seed {seed}"


@pytest.mark.proof
def test_every_report_that_was_answered_is_handled_although_the_receiver_is_killed(tmp_path: Path) -> None:
    """A claim of a killed process is taken over when its lease ends."""
    is_short = os.environ.get("SHORT", "") not in {"", "0"}
    _killed_under_load(tmp_path, kills=4 if is_short else 20, reports=400 if is_short else 4000)


def test_a_report_that_was_answered_is_handled_although_the_receiver_is_killed(tmp_path: Path) -> None:
    _killed_under_load(tmp_path, kills=1, reports=80)


def test_a_closed_receiver_sets_no_timer_although_a_round_of_it_runs(store: AnyStore) -> None:
    """A timer would look into the store again, which its owner closes next."""
    began, goes_on = Event(), Event()
    callbacks = Callbacks(anybody=True, store=store)

    @callbacks.on_delivery_report
    def wait(_: DeliveryReport) -> None:
        began.set()
        goes_on.wait(10)
        raise RuntimeError("to be tried again later")

    callbacks.handle(report("003"))
    assert began.wait(10)
    round_ = next(thread for thread in threading.enumerate() if thread.name == "clicksoap-callbacks")
    callbacks._thread_background.stop()  # the first thing that close() does
    goes_on.set()
    round_.join(10)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer) and thread.is_alive()]
