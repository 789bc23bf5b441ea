"""An older copy of an outbox's database: it is noticed, asked about, and sends nothing twice."""

import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from clicksoap import Client, Exchange, OutboxMismatch, Timeout
from clicksoap.outbox import MessageState, Outbox
from clicksoap.outbox.mark import Mark, MarkFile
from clicksoap.simulator import Simulator

TO = "+2782000{:04}"


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(gateway: Simulator) -> Iterator[Client]:
    with Client(123456, "acme", "secret", endpoint=gateway.origin, timeout=Timeout(total=1)) as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of the database; the mark file lies beside it."""
    folder = tmp_path / "database"
    folder.mkdir()
    return folder


def opening(place: Path, mark: Path | None) -> Iterator[Callable[[], Outbox]]:
    boxes: list[Outbox] = []

    def make() -> Outbox:
        box = Outbox(f"sqlite:///{place / 'outbox.db'}", believe_after=0.2, mark=mark)
        box._limits = replace(box._limits, start=0.5, margin=0.2)
        boxes.append(box)
        return box.open()

    yield make
    for box in boxes:
        box.close()


@pytest.fixture
def opened(place: Path) -> Iterator[Callable[[], Outbox]]:
    """Opens the outbox as a new process does."""
    yield from opening(place, place.parent / "mark")


def enqueue(box: Outbox, count: int, group: int = 0) -> None:
    with box.transaction() as transaction:
        for number in range(count):
            box.enqueue(transaction, TO.format(number), "single", key=f"single {number}")
        if group:
            numbers = [TO.format(1000 + number) for number in range(group)]
            box.enqueue(transaction, numbers, "group", key="group")


def copied(place: Path) -> Path:
    """A copy of the database as a program for backups makes it."""
    path = place / "copy"
    with sqlite3.connect(place / "outbox.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
    source.close()
    target.close()
    return path


def put_back(place: Path) -> None:
    for companion in ("outbox.db-wal", "outbox.db-shm"):
        (place / companion).unlink(missing_ok=True)
    shutil.move(place / "copy", place / "outbox.db")


def times(gateway: Simulator) -> set[int]:
    """How often messages arrived."""
    return set(Counter(message.to for message in gateway.messages).values())


def test_a_claim_stands_in_the_mark_file_before_its_request_leaves(place: Path, opened: Callable[[], Outbox]) -> None:
    marks: list[int] = []

    def look(name: str) -> None:
        known = MarkFile(place.parent / "mark").known()
        if name == "sendmsg":
            marks.append(-1 if known is None else known.high_water)

    with (
        Simulator(on_command=look) as gateway,
        Client(123456, "acme", "secret", endpoint=gateway.origin) as client,
    ):
        box = opened()
        for number in range(3):
            with box.transaction() as transaction:
                box.enqueue(transaction, TO.format(number), "text", key=f"{number}")
            box.work(client, until_settled=True)
    assert marks == [1, 2, 3]


def test_the_mark_never_goes_back(tmp_path: Path) -> None:
    file = MarkFile(tmp_path / "mark")
    for generation, high_water in ((1, 6), (1, 5), (2, 4)):
        file.write(Mark("uuid", generation, high_water))
        known = file.known()
        assert known is not None
        assert (known.generation, known.high_water) == ((2, 4) if generation == 2 else (1, 6))


def test_the_mark_file_tells_an_older_copy_from_another_outbox(tmp_path: Path) -> None:
    file = MarkFile(tmp_path / "mark")
    assert not file.is_beyond(Mark("uuid", 1, 0))
    file.write(Mark("uuid", 2, 4))
    found = {reached: file.is_beyond(Mark("uuid", *reached)) for reached in ((1, 9), (2, 3), (2, 4), (2, 5), (3, 0))}
    assert found == {(1, 9): True, (2, 3): True, (2, 4): False, (2, 5): False, (3, 0): False}
    for reached in ((1, 0), (2, 4), (3, 9)):
        with pytest.raises(OutboxMismatch, match="the mark file mark belongs to another outbox: give each outbox"):
            file.is_beyond(Mark("another", *reached))


def test_a_claim_whose_commit_fails_is_no_older_copy(opened: Callable[[], Outbox], client: Client) -> None:
    box = opened()
    enqueue(box, 3)
    failed: list[bool] = []
    claims: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        claims.extend([statement] if statement.startswith("INSERT INTO clicksoap_request") else [])

    def fail(_connection: object) -> None:
        if claims and not failed:
            failed.append(True)
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

    event.listen(box._database.engine, "before_cursor_execute", note)
    event.listen(box._database.engine, "commit", fail)
    assert box.work(client, until_settled=True).accepted == 3


@pytest.mark.parametrize("is_group", [False, True])
def test_nothing_is_sent_twice_from_an_older_copy(
    place: Path, opened: Callable[[], Outbox], client: Client, gateway: Simulator, *, is_group: bool
) -> None:
    box = opened()
    enqueue(box, 0 if is_group else 6, 5 if is_group else 0)
    copied(place)
    box.work(client, until_settled=True)
    box.close()
    put_back(place)

    again = opened()
    with pytest.raises(OutboxMismatch, match="older copy"):
        again.work(client, until_settled=True)
    again.after_restore(by="a person", why="the disk broke")
    again.work(client, until_settled=True)

    expected = MessageState.UNCONFIRMED if is_group else MessageState.ACCEPTED
    assert again.check().by_state == {expected: 5 if is_group else 6}
    assert times(gateway) == {1}


def test_what_was_out_in_an_older_copy_is_asked_about_under_the_ids_of_its_later_attempts(
    place: Path, opened: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    box = opened()
    enqueue(box, 1)
    copies: list[Path] = []
    gateway.faults.add("reset", command="sendmsg", times=1, carried_out=False)

    def copy(exchange: Exchange) -> None:
        if exchange.command == "sendmsg" and not copies:
            copies.append(copied(place))

    with Client(
        123456, "acme", "secret", endpoint=gateway.origin, timeout=Timeout(total=1), on_exchange=copy
    ) as watched:
        box.work(watched, until_settled=True)
    box.close()
    put_back(place)

    again = opened()
    (row,) = again.list(MessageState.SENDING)
    assert again.after_restore(by="a person", why="the disk broke") == 1
    again.work(client, until_settled=True)
    assert again.get(row.key)[0].state is MessageState.ACCEPTED
    assert times(gateway) == {1}


def test_what_is_asked_about_first_is_settled_when_its_time_is_over(
    place: Path, opened: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    box = opened()
    with box.transaction() as transaction:
        for number in range(2):
            box.enqueue(transaction, TO.format(number), "alert", key=f"{number}", expires_in=timedelta(hours=1))
        box.enqueue(transaction, TO.format(7), "alert", key="unsent", expires_in=timedelta(hours=1))
    box.suppress(TO.format(7), why="STOP")
    copied(place)
    box.work(client, until_settled=True)
    box.close()
    put_back(place)

    again = opened()
    again.after_restore(by="a person", why="the disk broke")
    with again._database.write() as connection:
        connection.execute(text("UPDATE clicksoap_message SET expires_at = 1"))
        connection.execute(text("DELETE FROM clicksoap_suppressed"))
    again.work(client, until_settled=True)
    assert [again.get(key)[0].state for key in ("0", "1", "unsent")] == ["accepted", "accepted", "expired"]
    assert times(gateway) == {1}


def test_a_worker_stops_when_an_older_copy_takes_the_place_of_its_file(
    place: Path, opened: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    box = opened()
    box.set_rate(20)
    enqueue(box, 60)
    copied(place)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            box.work(client, grace=1)
        except OutboxMismatch as error:
            raised.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    while len(gateway.messages) < 10:
        time.sleep(0.01)
    put_back(place)
    worker.join(10)
    assert not worker.is_alive()
    assert len(raised) == 1

    again = opened()
    again.after_restore(by="a person", why="a test of the copy")
    again.set_rate(None)
    again.work(client, until_settled=True)
    assert again.check().by_state == {MessageState.ACCEPTED: 60}
    assert times(gateway) == {1}


@pytest.fixture
def unmarked(place: Path) -> Iterator[Callable[[], Outbox]]:
    """Opens the outbox as a process does that has no mark file."""
    yield from opening(place, None)


def older_copy(place: Path, box: Outbox, client: Client) -> None:
    """Put back a copy that lacks what a slice of an outbox sent."""
    enqueue(box, 6)
    copied(place)
    assert box.work_slice(client, 1).accepted == 6
    put_back(place)


def test_the_next_slice_of_a_process_refuses_an_older_copy_without_a_mark_file(
    place: Path, unmarked: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    box = unmarked()
    older_copy(place, box, client)
    with pytest.raises(OutboxMismatch, match="claims of a worker vanished"):
        box.work_slice(client, 1)
    box.after_restore(by="a person", why="the disk broke")
    # The same process goes on.
    assert box.work_slice(client, 2).asked == 6
    assert times(gateway) == {1}


def test_a_worker_that_misses_claims_stops_those_that_know_nothing(
    place: Path, unmarked: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    box, other = unmarked(), unmarked()
    assert other.check().is_sound
    older_copy(place, box, client)
    with pytest.raises(OutboxMismatch):
        box.work_slice(client, 1)
    with pytest.raises(OutboxMismatch, match=r"vanished.*Outbox.after_restore\(\) or clicksoap outbox check --after"):
        other.work_slice(client, 1)
    (problem,) = other.check().problems
    assert "claims of a worker vanished" in problem
    other.after_restore(by="a person", why="the disk broke")
    other.work(client, until_settled=True)
    assert other.check().by_state == {MessageState.ACCEPTED: 6}
    assert other.check().is_sound
    assert times(gateway) == {1}


def test_a_worker_that_knows_nothing_sends_again_from_an_older_copy_that_nobody_noticed(
    place: Path, unmarked: Callable[[], Outbox], client: Client, gateway: Simulator
) -> None:
    """The control of the tests before, and what a mark file is for."""
    older_copy(place, unmarked(), client)
    assert unmarked().work_slice(client, 1).accepted == 6
    assert times(gateway) == {2}
