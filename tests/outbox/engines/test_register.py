"""The outbox as a task of Celery: what is registered, what a slice does, and how a kick behaves."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, signals
from outboxes import Store, client, enqueue, states, until

from clicksoap import Client, ConfigurationError, InvalidInput
from clicksoap.outbox import Outbox
from clicksoap.outbox.celery import register
from clicksoap.simulator import Simulator

_NAMES = count(1)
NAME = "clicksoap.outbox.default"


@pytest.fixture
def app() -> Iterator[Celery]:
    """An app with a broker in memory."""
    made = Celery(f"team {next(_NAMES)}", broker="memory://", set_as_current=False)
    queued(made)  # all apps of a process share the broker in memory
    yield made
    made.close()


@pytest.fixture
def make(gateway: Simulator) -> Callable[[], Client]:
    return lambda: client(gateway)


def queued(app: Celery, queue: str = "sms") -> list[Any]:
    """Take the messages of a queue."""
    found = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        waiting = app.amqp.queues[queue](channel)
        waiting.declare()
        while (message := waiting.get(no_ack=True)) is not None:
            found.append(message)
    return found


def run_with(app: Celery, **request: Any) -> Any:
    """Run a slice in this process, as the message of a broker would."""
    task = app.tasks[NAME]
    task.push_request(**request)
    try:
        return task()
    finally:
        task.pop_request()


def published(app: Celery, number: int) -> list[Any]:
    """Wait until so many messages were published, and take them."""
    found: list[Any] = []

    def are_all_there() -> bool:
        found.extend(queued(app))
        return len(found) >= number

    until(are_all_there, f"{number} published")
    return found


def test_the_task_has_its_own_limits_queue_and_name(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    app.conf.update(task_time_limit=1, task_soft_time_limit=1, task_default_rate_limit="1/h", task_track_started=True)
    register(app, pg.box(), make, queue="messages", seconds=5, grace=3)
    task = app.tasks[NAME]
    assert (task.ignore_result, task.track_started, task.rate_limit) == (True, False, 0)
    assert app.conf.beat_schedule[f"{NAME} 1"]["options"] == {"queue": "messages"}
    assert (task.soft_time_limit, task.time_limit) == (38, 68)


def test_a_tick_fires_as_many_slices_as_asked_for(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    register(app, pg.box(), make, slices=3, every=7)
    app.conf.beat_schedule = {"theirs": {"task": "theirs", "schedule": 1.0}}
    app.finalize()
    ours = {name: each for name, each in app.conf.beat_schedule.items() if name != "theirs"}
    assert set(ours) == {f"{NAME} {each}" for each in (1, 2, 3)}
    assert {(each["task"], each["schedule"]) for each in ours.values()} == {(NAME, 7.0)}
    assert "theirs" in app.conf.beat_schedule


def test_a_tick_expires_but_not_for_clocks_that_differ_by_a_minute(
    app: Celery, pg: Store, make: Callable[[], Client]
) -> None:
    register(app, pg.box(), make, every=10)
    app.tasks[NAME].apply_async(queue="sms")
    (message,) = queued(app)
    left = datetime.fromisoformat(message.headers["expires"]) - datetime.now(UTC)
    assert timedelta(seconds=70) < left < timedelta(seconds=180)
    assert message.headers["ignore_result"] is True


def test_each_account_has_a_task_of_its_own(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    box = pg.box()
    assert register(app, box, make).name != register(app, box, make, account="other").name
    app.finalize()
    assert {f"{NAME} 1", "clicksoap.outbox.other 1"} <= set(app.conf.beat_schedule)


def test_an_account_is_registered_once(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    register(app, pg.box(), make)
    with pytest.raises(ConfigurationError, match="account 'default' is registered"):
        register(app, pg.box(), make)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"client": "a client"}, "client"),
        ({"outbox": 7}, "outbox"),
        ({"outbox": "mysql://localhost/x"}, "url"),
        ({"queue": ""}, "queue"),
        ({"slices": 0}, "slices"),
        ({"slices": True}, "slices"),
        ({"seconds": 0}, "seconds"),
        ({"every": -1}, "every"),
        ({"grace": "long"}, "grace"),
        ({"senders": 0}, "senders"),
        ({"floor": -1}, "floor"),
        ({"account": ""}, "account"),
    ],
)
def test_an_argument_that_cannot_work_is_refused_at_once(
    wrong: dict[str, Any], named: str, app: Celery, pg: Store, make: Callable[[], Client]
) -> None:
    arguments: dict[str, Any] = {"outbox": pg.box(), "client": make, **wrong}
    with pytest.raises((ConfigurationError, InvalidInput), match=f"^{named} "):
        register(app, **arguments)


def test_a_client_that_exists_already_is_refused(app: Celery, pg: Store, sms: Any) -> None:
    with pytest.raises(ConfigurationError, match="give a function that makes a Client"):
        register(app, pg.box(), sms)


def test_slices_share_one_client_and_one_outbox_until_the_process_ends(
    app: Celery, pg: Store, gateway: Simulator
) -> None:
    boxes: list[Outbox] = []
    clients: list[Client] = []

    def make_box() -> Outbox:
        boxes.append(pg.box())
        return boxes[-1]

    def make_client() -> Client:
        clients.append(client(gateway))
        return clients[-1]

    register(app, make_box, make_client, seconds=1)
    box = pg.box()
    for each in ("a", "b"):
        enqueue(box, key=each)
        app.tasks[NAME].apply()
        assert states(box, each) == ["accepted"]
    assert (len(boxes), len(clients)) == (1, 1)
    assert boxes[0]._database.engine.pool.checkedin() > 0  # type: ignore[attr-defined]
    signals.worker_process_shutdown.send(sender=None, pid=os.getpid(), exitcode=0)
    assert boxes[0]._database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_each_process_makes_another_outbox_from_a_given_one(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    box = pg.box(allow_list=["27821234567"])
    other = box.another()
    assert other._database.engine is not box._database.engine
    register(app, box, make, seconds=1)
    enqueue(box, key="allowed")
    enqueue(box, "27821234561", key="not allowed")
    used = box._database.engine.pool.checkedout()  # type: ignore[attr-defined]
    app.tasks[NAME].apply()
    assert (states(box, "allowed"), states(box, "not allowed")) == (["accepted"], ["skipped"])
    assert box._database.engine.pool.checkedout() == used  # type: ignore[attr-defined]
    with other:
        assert other.get("allowed")[0].state.value == "accepted"


def test_a_password_that_rotated_is_asked_for_again(app: Celery, pg: Store, gateway: Simulator) -> None:
    passwords = iter(["old", "secret"])
    register(app, pg.box(), lambda: client(gateway, password=next(passwords)), seconds=1)
    box = pg.box()
    enqueue(box)
    app.tasks[NAME].apply()
    assert states(box) == ["accepted"]


def test_a_slice_that_cannot_work_hands_its_turn_on_and_does_not_fail(
    app: Celery, pg: Store, gateway: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    register(app, pg.box(), lambda: client(gateway, password="wrong"), seconds=1)
    box = pg.box()
    enqueue(box)
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=50)
    assert run_with(app, expires=expires.isoformat()) == "could not work: AuthenticationError"
    assert states(box) == ["pending"]
    (message,) = queued(app)
    assert datetime.fromisoformat(message.headers["expires"]) == expires
    assert "another worker gets its turn" in caplog.text
    assert "wrong" not in caplog.text


def test_a_slice_without_a_database_hands_its_turn_on(app: Celery, make: Callable[[], Client]) -> None:
    register(app, "postgresql://nobody@127.0.0.1:1/none", make, seconds=1)
    expires = datetime.now(UTC) + timedelta(seconds=50)
    assert run_with(app, expires=expires.isoformat()) == "could not work: OutboxUnavailable"
    assert len(queued(app)) == 1


def test_a_pool_of_green_threads_is_refused(
    app: Celery, pg: Store, make: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        sys.modules, "gevent.monkey", SimpleNamespace(is_module_patched=lambda name: name == "threading")
    )
    register(app, pg.box(), make)
    with pytest.raises(ConfigurationError, match="the pool of this worker is gevent"):
        app.tasks[NAME].apply(throw=True)


def test_kicks_publish_one_slice_at_a_time(app: Celery, pg: Store, make: Callable[[], Client]) -> None:
    slices = register(app, pg.box(), make)
    for _ in range(50):
        slices.kick()
    (message,) = published(app, 1)
    assert message.headers["task"] == NAME


def test_a_kick_returns_at_once_where_no_broker_answers(
    pg: Store, make: Callable[[], Client], caplog: pytest.LogCaptureFixture
) -> None:
    app = Celery(f"team {next(_NAMES)}", broker="redis://127.0.0.1:1/0", set_as_current=False)
    slices = register(app, pg.box(), make)
    slices.kick()
    began = time.monotonic()
    for _ in range(1000):
        slices.kick()
    assert time.monotonic() - began < 1
    until(lambda: "a slice was not published" in caplog.text, "it is logged")


def test_a_kick_does_nothing_where_tasks_are_eager(app: Celery, pg: Store) -> None:
    app.conf.task_always_eager = True

    def never() -> Client:
        raise AssertionError("a slice ran")

    slices = register(app, pg.box(), never)
    slices.kick()
    assert queued(app) == []
    assert slices._process == 0


def test_a_kick_reaches_the_broker_from_a_process_that_was_forked(
    app: Celery, pg: Store, make: Callable[[], Client]
) -> None:
    slices = register(app, pg.box(), make)
    slices.kick()
    first = slices._wanted
    slices._process = 1  # as a child sees it
    slices.kick()
    assert slices._wanted is not first
    published(app, 2)
