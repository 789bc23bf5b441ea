"""Trouble: what an outbox says, what becomes of its messages, and what mends it.

The table of docs/explanation/outbox-trouble.md is made of `CASES`, and each case is what its test sees.
``OUTBOX_TROUBLE=1 pytest tests/outbox/test_trouble.py -k page`` writes the page.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from outboxes import OTHERS, QUICK, TO, Store, client, enqueue, settle, sound, states, until, working
from postgresql import postgresql, programs
from sqlalchemy import create_engine

import clicksoap
from clicksoap import AuthenticationError, Client, ConfigurationError, InvalidInput
from clicksoap.errors import KeyTaken, OutboxMismatch, OutboxUnavailable
from clicksoap.outbox import Happening, MessageState, Outbox, OutboxEvent, Priority
from clicksoap.outbox.accounts import pause_for
from clicksoap.outbox.databases import file_system
from clicksoap.outbox.schema import VERSION
from clicksoap.simulator import Account, Simulator

PAGE: Final = Path(__file__).parents[2] / "docs/explanation/outbox-trouble.md"


@dataclass(frozen=True)
class Trouble:
    """A row of the table.

    Attributes:
        what: The trouble.
        told: What is raised, or the event, or the reason of the message: a part of the words.
        meanwhile: The states of the messages concerned while it lasts.
        mend: What mends it.
        afterwards: Their states in the end.
    """

    what: str
    told: str
    meanwhile: str
    mend: str
    afterwards: str

    def shows(self, told: object, meanwhile: list[str]) -> None:
        """Compare with what a test sees."""
        seen = f"{type(told).__name__}: {told}" if isinstance(told, BaseException) else str(told)
        assert self.told in seen
        assert self.meanwhile == " ".join(dict.fromkeys(meanwhile))

    def ends(self, afterwards: list[str]) -> None:
        """Compare with the end that a test sees."""
        assert self.afterwards == " ".join(dict.fromkeys(afterwards))


def unavailable(error: str) -> str:
    return f"OutboxUnavailable: the outbox does not reach its database: {error}"


PAUSED: Final = "account paused: account default: the gateway refused: "
CASES: Final[dict[str, Trouble]] = {
    "installation": Trouble(
        "A worker's installation or its client can send nothing",
        "ConfigurationError: clicksoap was installed without its WSDLs: install it again from a complete wheel",
        "pending",
        "Mend the installation, and start the worker again. Others go on.",
        "accepted",
    ),
    "locked": Trouble(
        "SQLite: another program keeps the database locked",
        unavailable("another program holds the database locked: end its transaction"),
        "pending",
        "The other program ends its transaction. A running worker waits and goes on by itself.",
        "accepted",
    ),
    "open": Trouble(
        "PostgreSQL: a transaction of the caller stays open for minutes",
        "",
        "",
        "Nothing to do: its message does not exist yet, and all others are sent.",
        "accepted",
    ),
    "full": Trouble(
        "The disk is full",
        unavailable("the disk is full: free some space; nothing is lost, the work goes on by itself"),
        "pending",
        "Free some space. Answers that came meanwhile are written down then.",
        "accepted",
    ),
    "read-only": Trouble(
        "SQLite: the file or its file system is read-only",
        unavailable("the database is read-only: give this user the right to write to the file and its folder"),
        "pending",
        "Give the right to write.",
        "accepted",
    ),
    "old copy": Trouble(
        "An old copy of the database was put back; there is a mark file",
        "OutboxMismatch: the database is an older copy of the outbox: what it calls unsent may have been sent",
        "pending",
        "`after_restore()`: the workers ask the gateway for each message before they send it.",
        "accepted",
    ),
    "too old": Trouble(
        "The outbox is of an older version",
        "OutboxMismatch: the outbox has version 0001, and this clicksoap works with 0004: stop the workers, then run",
        "pending",
        "`upgrade()`, which copies an SQLite file before.",
        "accepted",
    ),
    "too new": Trouble(
        "The outbox is of a later version",
        "OutboxMismatch: the outbox has version 9999, which this clicksoap does not know",
        "pending",
        "Start the program again with the clicksoap that upgraded it, or a later one.",
        "accepted",
    ),
    "stopped": Trouble(
        "PostgreSQL stops in the middle of the work",
        "database lost: the outbox does not reach its database: ",
        "sending",
        "Start it. The worker waits, keeps the answers that it has, and writes them down.",
        "accepted",
    ),
    "network": Trouble(
        "The SQLite file lies on a network file system",
        "ConfigurationError: the database lies on a network file system (nfs4), whose locks do not hold",
        "",
        "Give a path on a disk of this machine, or use PostgreSQL.",
        "",
    ),
    "another account": Trouble(
        "The client is of another account of the gateway",
        "OutboxMismatch: account 'default' of the outbox belongs to another account of the gateway",
        "pending",
        "Give the client of that account, or another `account=`.",
        "accepted",
    ),
    "rotated": Trouble(
        "The password changes while a worker runs; a function makes its clients",
        "client refused: ",
        "pending",
        "Nothing to do: the worker asks the function for a new client.",
        "accepted",
    ),
    "password": Trouble(
        "001: the password is wrong",
        "AuthenticationError: 001",
        "pending",
        "Start the worker with the right one. The account is not paused, and other workers go on.",
        "accepted",
    ),
    "forward": Trouble(
        "SQLite: the clock of the machine is set forward by an hour",
        "",
        "accepted",
        "Nothing to do. Messages due within the hour are sent early.",
        "accepted",
    ),
    "back": Trouble(
        "SQLite: the clock of the machine is set back by an hour",
        "",
        "pending",
        "Set it right. Messages from before wait until the clock has caught up; later ones are sent at once.",
        "accepted",
    ),
    "two clocks": Trouble(
        "SQLite: the clock of one of two processes is an hour ahead",
        "",
        "pending",
        "Set it right. Its messages wait for an hour; those of others are sent once.",
        "accepted",
    ),
    "301": Trouble(
        "301: no credit is left",
        f"{PAUSED}301, No credit left",
        "pending",
        "Buy credits. It is tried again each minute, or at once by `resume()`.",
        "accepted",
    ),
    "302 account": Trouble(
        "302 without a number: the account's limit of credits",
        f"{PAUSED}302",
        "pending",
        "Raise the limit. It is tried again each minute, or at once by `resume()`.",
        "accepted",
    ),
    "302 number": Trouble(
        "302 for one number",
        "the gateway refused: 302",
        "rejected",
        "Enqueue it again, by a key of its own.",
        "rejected",
    ),
    "130": Trouble(
        "130: the account's limit of messages",
        f"{PAUSED}130",
        "pending",
        "Wait until the time that the gateway names; one that is past or absurd counts as a minute. Or `resume()`.",
        "accepted",
    ),
    "004": Trouble(
        "004: the account is frozen",
        f"{PAUSED}004, Account frozen",
        "pending",
        "Speak with the vendor. It is tried again every five minutes, or at once by `resume()`.",
        "accepted",
    ),
    "901": Trouble(
        "901: an internal error of the gateway",
        "the gateway never got it",
        "sending",
        "Nothing to do: the gateway is asked, and what it never got is sent again.",
        "accepted",
    ),
    "429": Trouble(
        "429: too many requests",
        "HTTP 429 instead of an answer",
        "pending",
        "Nothing to do: it is tried again, less and less often.",
        "accepted",
    ),
    "503": Trouble(
        "503, 502, 504 or 500 instead of an answer",
        "the gateway never got it",
        "sending",
        "Nothing to do: it proves nothing, so the gateway is asked first.",
        "accepted",
    ),
    "Fault": Trouble(
        "A SOAP Fault of the gateway's own",
        "the gateway never got it",
        "sending",
        "Nothing to do: the gateway is asked first.",
        "accepted",
    ),
    "dead": Trouble(
        "Nobody answers at the gateway's address",
        "endpoint paused: ",
        "pending",
        "Nothing to do: after three failures one request tries, after one second up to each minute.",
        "accepted",
    ),
    "lost": Trouble(
        "The answer to a single message is lost",
        "",
        "sending",
        "Nothing to do: the gateway is asked, and tells its id.",
        "accepted",
    ),
    "lost group": Trouble(
        "The answer to a group is lost",
        "its request arrived, and the answer is lost",
        "unconfirmed",
        "Delivery reports settle them one by one. Until then nothing is sent again.",
        "accepted",
    ),
    "frozen": Trouble(
        "PostgreSQL: a worker is stopped (SIGSTOP) within its claim",
        "",
        "pending",
        "Nothing to do: the database ends its transaction after four seconds, and the others go on.",
        "accepted",
    ),
    "frozen SQLite": Trouble(
        "SQLite: a worker is stopped (SIGSTOP) within its claim",
        unavailable("another program holds the database locked: end its transaction"),
        "pending",
        "Continue or end it: it holds up all others for as long as it stands.",
        "accepted",
    ),
    "alert": Trouble(
        "An alert that expires in ten seconds stands behind a long run",
        "",
        "accepted",
        "Nothing to do: it is sent first.",
        "accepted",
    ),
    "expired": Trouble(
        "The time of a message is over before it could be sent",
        "its time was over",
        "expired",
        "Nothing: it is not sent late.",
        "expired",
    ),
    "two processes": Trouble(
        "Two processes enqueue the same message by the same key",
        "",
        "pending",
        "Nothing to do: the second one is told `is_new=False`.",
        "accepted",
    ),
    "key": Trouble(
        "The key names another message already",
        "KeyTaken: key 'key' names a message with another text already",
        "pending",
        "Give each message a key of its own. The transaction can go on.",
        "accepted",
    ),
    "twice": Trouble(
        "A group holds a number twice",
        "InvalidInput: to holds ",
        "",
        "Give it once. The transaction can go on.",
        "",
    ),
    "Ctrl-C": Trouble(
        "Ctrl-C or SIGTERM in the middle of the work",
        "",
        "accepted pending",
        "Start a worker. The stopped one waits for the answers that are out, and takes nothing new.",
        "accepted",
    ),
    "killed": Trouble(
        "A worker is killed (SIGKILL) while its request is out",
        "",
        "sending",
        "Start a worker: it asks the gateway once the lease is over.",
        "accepted",
    ),
}
_TRIED: Final[set[str]] = set()


def case(name: str) -> pytest.MarkDecorator:
    """Marks a test that shows a row of the table, and gives it the row."""
    _TRIED.add(name)
    return pytest.mark.parametrize("trouble", [CASES[name]], ids=[name])


def test_each_row_has_a_test() -> None:
    assert set(CASES) == _TRIED


HEAD: Final = """\
# Trouble with an outbox

Each row is what a test sees (`tests/outbox/test_trouble.py`). The words are parts of the texts that are raised, of the
events, and of `why` of a message.

| trouble | what is said | messages meanwhile | what mends it | messages afterwards |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    def cell(text: str) -> str:
        return text.strip() or "-"

    def said(text: str) -> str:
        return f"`{text.strip()}`" if text.strip() else "-"

    rows = [
        f"| {cell(each.what)} | {said(each.told)} | {cell(', '.join(each.meanwhile.split()))} | {cell(each.mend)} "
        f"| {cell(', '.join(each.afterwards.split()))} |\n"
        for each in CASES.values()
    ]
    return HEAD + "".join(rows)


def test_the_page_shows_the_table() -> None:
    if os.environ.get("OUTBOX_TROUBLE"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


@pytest.fixture
def quick_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite waits for a lock for a part of a second instead of five seconds."""
    monkeypatch.setattr("clicksoap.outbox.databases._BUSY_SECONDS", 0.3)


def last_event(box: Outbox) -> str:
    event = box.events(1)[0]
    return f"{event.what}: {event.detail}"


def is_paused(box: Outbox) -> bool:
    return any(each.paused_since for each in box.status().accounts)


@pytest.fixture
def impatient(gateway: Simulator) -> Iterator[Client]:
    """A client whose lease a test can wait for."""
    with client(gateway, timeout=QUICK) as made:
        yield made


# The database


@case("locked")
@pytest.mark.usefixtures("quick_lock")
def test_a_locked_database(trouble: Trouble, sqlite: Store, sms: Client) -> None:
    told: list[OutboxEvent] = []
    box = sqlite.box(on_event=told.append)
    enqueue(box)
    with working(box, sms), contextlib.closing(sqlite3.connect(sqlite.path, isolation_level=None)) as other:
        until(lambda: box.get("key")[0].is_settled, "it works")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxUnavailable) as raised:
            enqueue(box, key="2")
        other.execute("ROLLBACK")
        enqueue(box, OTHERS[0], key="2", due_at=datetime.now(UTC) + timedelta(seconds=0.2))
        other.execute("BEGIN IMMEDIATE")
        until(lambda: any(each.what is Happening.DATABASE_LOST for each in told), "the worker waits")
        trouble.shows(raised.value, states(box, "2"))
        other.execute("ROLLBACK")
        until(lambda: states(box, "2") == ["accepted"], "the worker goes on")
    trouble.ends(states(box, "2"))
    assert [each.what for each in told] == [Happening.DATABASE_LOST, Happening.DATABASE_BACK]


@case("open")
def test_a_transaction_that_stays_open(trouble: Trouble, pg: Store, gateway: Simulator, sms: Client) -> None:
    box = pg.box()
    engine = create_engine(pg.url.replace("postgresql:", "postgresql+psycopg:"))
    with working(box, sms):
        with engine.begin() as transaction:
            box.enqueue(transaction, TO, "hello", key="open")
            for number in range(20):
                enqueue(box, f"2782{number:07}", key=f"{number}")
            until(lambda: len(gateway.messages) == 20, "the others are sent")
            trouble.shows("", states(box, "open"))
        until(lambda: states(box, "open") == ["accepted"], "it is sent")
    engine.dispose()
    trouble.ends(states(box, "open"))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 5 MB."""
    place = folder / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=5m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system of 5 MB")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@case("full")
def test_a_full_disk(trouble: Trouble, sqlite_template: Path, tmp_path: Path, gateway: Simulator, sms: Client) -> None:
    told: list[OutboxEvent] = []
    with small_disk(tmp_path) as place:
        shutil.copy(sqlite_template, place / "outbox.db")
        store = Store("sqlite", f"sqlite:///{place}/outbox.db", place)
        box = store.box(on_event=told.append)
        gateway.faults.add("delay", command="sendmsg", seconds=0.5)
        enqueue(box)
        enqueue(box, OTHERS[0], key="later", due_at=datetime.now(UTC) + timedelta(seconds=1))
        with working(box, sms):
            until(lambda: len(gateway.messages) == 1, "its request is out")
            filler = place / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            until(lambda: any(each.what is Happening.DATABASE_LOST for each in told), "the worker waits")
            with pytest.raises(OutboxUnavailable) as raised:
                enqueue(box, OTHERS[1], key="none", text="x" * 600)
            trouble.shows(raised.value, states(box, "later"))
            filler.unlink()
            until(lambda: states(box) + states(box, "later") == ["accepted"] * 2, "the worker goes on")
        trouble.ends(states(box))
        assert len(gateway.messages) == 2
        box.close()


@case("read-only")
def test_a_read_only_database(trouble: Trouble, sqlite_template: Path, tmp_path: Path, sms: Client) -> None:
    """Root may write to every file, so that it takes a file system that nobody may write to."""
    with small_disk(tmp_path) if os.geteuid() == 0 else contextlib.nullcontext(tmp_path) as place:
        path = place / "outbox.db"
        shutil.copy(sqlite_template, path)
        store = Store("sqlite", f"sqlite:///{path}", place)
        enqueue(store.box())
        reader = store.box()
        assert states(reader) == ["pending"]

        def change(*, writable: bool) -> None:
            if os.geteuid() == 0:
                how = "rw" if writable else "ro"
                subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)
            else:
                path.chmod(0o600 if writable else 0o400)

        for each in store.boxes:
            each.close()
        with contextlib.closing(sqlite3.connect(path)) as last:
            last.execute("PRAGMA journal_mode = DELETE")
        change(writable=False)
        with pytest.raises(OutboxUnavailable) as raised:
            enqueue(store.box(), key="none")
        change(writable=True)
        box = store.box()
        trouble.shows(raised.value, states(box))
        settle(box, sms)
        trouble.ends(states(box))
        for each in store.boxes:
            each.close()


@case("old copy")
def test_an_old_copy(trouble: Trouble, sqlite: Store, gateway: Simulator, sms: Client) -> None:
    mark = sqlite.folder / "elsewhere" / "mark"
    mark.parent.mkdir()
    box = sqlite.box(mark=mark)
    enqueue(box, key="first")
    settle(box, sms)
    enqueue(box)
    box.close()
    copy = sqlite.folder / "copy"
    shutil.copy(sqlite.path, copy)
    settle(box, sms)
    enqueue(box, OTHERS[0], key="lost with the database")
    settle(box, sms)
    box.close()
    for path in sqlite.folder.glob("outbox.db*"):
        path.unlink()
    shutil.copy(copy, sqlite.path)
    restored = sqlite.box(mark=mark)
    with pytest.raises(OutboxMismatch) as raised:
        settle(restored, sms)
    trouble.shows(raised.value, states(restored))
    assert restored.after_restore(by="test", why="put back") == 1
    settle(restored, sms)
    trouble.ends(states(restored))
    assert [each.to for each in gateway.messages] == [TO, TO, OTHERS[0]]
    assert states(restored, "lost with the database") == []


@pytest.mark.parametrize("sends_again", [False, True])
def test_a_message_of_an_old_copy_that_expired_is_settled(
    store: Store, gateway: Simulator, impatient: Client, *, sends_again: bool
) -> None:
    """It is asked about like any other, and expires only if the gateway never got it."""
    box = store.box()
    enqueue(box, expires_in=60)
    if sends_again:
        # As a copy from before: sent, and waiting all the same.
        settle(box, impatient)
        store.sql(
            "UPDATE clicksoap_message SET state = 'pending', request_id = NULL, attempts = 0, message_id = NULL, "
            "settled_at = NULL"
        )
        store.sql("DELETE FROM clicksoap_request")
    store.sql("UPDATE clicksoap_message SET expires_at = created_at")
    assert box.after_restore(by="test", why="put back") == 1
    settle(box, impatient)
    assert states(box) == (["accepted"] if sends_again else ["expired"])
    assert len(gateway.messages) == int(sends_again)


@case("too old")
def test_an_older_version(trouble: Trouble, store: Store, sms: Client) -> None:
    _of_version(trouble, store, sms, "0001", lambda box: box.resume(by="test", why="to write"))


@case("too new")
def test_a_later_version(trouble: Trouble, store: Store, sms: Client) -> None:
    _of_version(trouble, store, sms, "9999", lambda box: box.upgrade())


def _of_version(trouble: Trouble, store: Store, sms: Client, version: str, use: Callable[[Outbox], object]) -> None:
    box = store.box()
    enqueue(box)
    store.sql(f"UPDATE clicksoap_version SET version_num = '{version}'")  # noqa: S608 - a constant
    try:
        for call in (use, lambda box: settle(box, sms), lambda box: box.check()):
            with pytest.raises(OutboxMismatch) as raised:
                call(store.box())
        # One that was opened before notices as well, also within the caller's transaction.
        for call in (lambda box: settle(box, sms), lambda box: enqueue(box, key="none")):
            with pytest.raises(OutboxMismatch) as raised:
                call(box)
        trouble.shows(raised.value, [row[0] for row in store.sql("SELECT state FROM clicksoap_message")])
    finally:
        store.sql(f"UPDATE clicksoap_version SET version_num = '{VERSION}'")  # noqa: S608 - a constant
    settle(box, sms)
    trouble.ends(states(box))


@case("stopped")
def test_a_server_that_stops_in_the_middle(trouble: Trouble, server: object, gateway: Simulator, sms: Client) -> None:
    """A server of its own, because the others of these tests go on."""
    assert server is not None
    assert programs() is not None
    told: list[OutboxEvent] = []
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=0.5)
    with postgresql() as own:
        box = Outbox(own.create("outbox"), believe_after=0.2, on_event=told.append)
        enqueue(box)
        with working(box, sms):
            until(lambda: len(gateway.messages) == 1, "its request is out")
            meanwhile = states(box)
            own.stop(signal.SIGQUIT)
            until(lambda: any(each.what is Happening.DATABASE_LOST for each in told), "the worker waits")
            with pytest.raises(OutboxUnavailable, match="the outbox does not reach its database"):
                box.check()
            own.start("-c", "fsync=off")
            until(lambda: states(box) == ["accepted"], "its answer is written down")
        trouble.shows(f"{told[0].what}: {told[0].detail}", meanwhile)
        trouble.ends(states(box))
        assert len(gateway.messages) == 1
        assert sound(box) == {"accepted": 1}
        box.close()


MOUNTS: Final = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /mnt rw shared:2 - nfs4 server:/ rw
31 30 0:27 / /mnt/my\\040disk rw - xfs /dev/sdb1 rw
32 22 0:28 / /mnt2 rw - fuse.sshfs host: rw
a line that means nothing
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/srv/x", "ext4"), ("/mnt/x", "nfs4"), ("/mnt/my disk/x", "xfs"), ("/mnt2", "fuse.sshfs"), ("/mnt3", "ext4")],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind
    assert file_system(Path(path), "") is None


@case("network")
def test_a_network_file_system(trouble: Trouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text

    def mounts(path: Path, *given: Any, **named: Any) -> str:
        own = f"40 1 0:30 / {tmp_path.resolve()} rw - nfs4 server:/ rw\n"
        return own if str(path) == "/proc/self/mountinfo" else read(path, *given, **named)

    monkeypatch.setattr(Path, "read_text", mounts)
    with pytest.raises(ConfigurationError) as raised:
        Outbox(f"sqlite:///{tmp_path}/outbox.db").open()
    trouble.shows(raised.value, [])
    assert not (tmp_path / "outbox.db").exists()
    trouble.ends([])


# The account


@case("another account")
def test_a_client_of_another_account(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    settle(box, sms)
    enqueue(box)
    with client(gateway, user="another") as other, pytest.raises(OutboxMismatch) as raised:
        settle(box, other)
    trouble.shows(raised.value, states(box))
    settle(box, sms)
    trouble.ends(states(box))


@case("rotated")
def test_a_password_that_changes(trouble: Trouble, box: Outbox, gateway: Simulator) -> None:
    passwords = iter(["wrong", "secret"])
    made: list[Client] = []

    def make() -> Client:
        made.append(client(gateway, password=next(passwords)))
        return made[-1]

    (message,) = enqueue(box)
    settle(box, make)
    (event,) = [each for each in box.events() if each.what is Happening.CLIENT_REFUSED]
    trouble.shows(f"{event.what}: {event.detail}", [message.state.value])
    assert "the factory gave a new client" in event.detail
    trouble.ends(states(box))
    assert (len(made), len(gateway.messages)) == (2, 1)


@case("installation")
def test_an_installation_that_can_send_nothing(
    trouble: Trouble, store: Store, gateway: Simulator, sms: Client, tmp_path: Path
) -> None:
    """Nothing is wrong with the messages: another worker sends them."""
    shutil.copytree(
        Path(clicksoap.__file__).parent, tmp_path / "clicksoap", ignore=shutil.ignore_patterns("__pycache__", "*.wsdl")
    )
    box = store.box()
    enqueue(box)
    program = (
        "import sys; from clicksoap import Client; from clicksoap.outbox import Outbox\n"
        "with Client(123456, 'acme', 'secret', endpoint=sys.argv[2]) as sms: Outbox(sys.argv[1]).work(sms)"
    )
    command = [sys.executable, "-c", program, store.url, gateway.origin]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    trouble.shows(done.stderr.splitlines()[-1].removeprefix("clicksoap.errors."), states(box))
    assert [each.what for each in box.events()] == [Happening.CLIENT_REFUSED]
    settle(box, sms)
    trouble.ends(states(box))
    assert sound(box) == {"accepted": 1}


@case("password")
@pytest.mark.parametrize("is_factory", [False, True])
def test_a_wrong_password(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client, *, is_factory: bool) -> None:
    enqueue(box)
    with client(gateway, password="wrong") as wrong, pytest.raises(AuthenticationError) as raised:
        settle(box, (lambda: client(gateway, password="wrong")) if is_factory else wrong)
    trouble.shows(f"{type(raised.value).__name__}: {raised.value.code}", states(box))
    assert not is_paused(box)
    settle(box, sms)
    trouble.ends(states(box))
    assert sound(box) == {"accepted": 1}


REFUSALS: Final = {"301": "301", "302 account": "302", "130": "130", "004": "004"}


@pytest.mark.parametrize(("trouble", "code"), [(CASES[name], code) for name, code in REFUSALS.items()], ids=REFUSALS)
def test_a_refusal_of_the_account(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client, code: str) -> None:
    gateway.faults.add("error", command="sendmsg", code=code, times=1)
    for number, to in enumerate([TO, *OTHERS]):
        enqueue(box, to, key=f"{number}")
    with working(box, sms, senders=1):
        until(lambda: is_paused(box), "the account is paused")
        trouble.shows(last_event(box), [state for number in range(4) for state in states(box, f"{number}")])
        (account,) = box.status().accounts
        assert account.paused_until is not None
        minutes = (account.paused_until - datetime.now(UTC)).total_seconds() / 60
        assert 0 < minutes <= {"004": 5, "130": 24 * 60}.get(code, 1)
        box.resume(by="test", why="mended")
        until(lambda: box.check().open == 0, "everything is settled")
    trouble.ends([state for number in range(4) for state in states(box, f"{number}")])
    assert len(gateway.messages) == 4


_TRIED.update(REFUSALS)


@pytest.mark.parametrize("until_", [None, -60, -86_400 * 365, 8 * 86_400, 86_400 * 3650], ids=str)
def test_a_time_that_is_past_or_absurd_counts_as_a_minute(until_: float | None) -> None:
    now = time.time()
    named = None if until_ is None else datetime.fromtimestamp(now + until_, UTC)
    assert pause_for("130", "limit", named, now).until == pytest.approx(now + 60)
    soon = datetime.fromtimestamp(now + 3600, UTC)
    assert pause_for("130", "limit", soon, now).until == pytest.approx(now + 3600)
    assert pause_for("004", "frozen", None, now).until == pytest.approx(now + 300)


@case("302 number")
def test_a_refusal_of_a_number(trouble: Trouble, box: Outbox, sms: Client) -> None:
    enqueue(box, TO, "9993021234567")
    settle(box, sms)
    other, message = box.get("key")
    trouble.shows(message.why, [message.state.value])
    assert other.state is MessageState.ACCEPTED
    assert not is_paused(box)
    trouble.ends([message.state.value])


def test_a_message_that_stops_the_account_twice_is_set_aside(box: Outbox, gateway: Simulator, sms: Client) -> None:
    """One that is too dear must not stop the others for ever."""
    gateway.faults.add("error", command="sendmsg", prefix="2783", code="301")
    enqueue(box, "27831234567", key="dear")

    def is_set_aside() -> bool:
        # It may stop the account once more before another message is accepted.
        if is_paused(box):
            box.resume(by="test", why="there is credit")
        return states(box, "dear") == ["rejected"]

    with working(box, sms):
        until(lambda: is_paused(box), "the account is paused")
        enqueue(box, key="other")
        box.resume(by="test", why="there is credit")
        assert box.wait("other", 20)[0].state is MessageState.ACCEPTED
        until(is_set_aside, "it is set aside")
    assert any(each.what is Happening.SET_ASIDE for each in box.events())


# The gateway


@case("901")
def test_an_internal_error(trouble: Trouble, box: Outbox, gateway: Simulator, impatient: Client) -> None:
    gateway.faults.add("error", command="sendmsg", code="901", times=1)
    _asked(trouble, box, gateway, impatient)


@case("Fault")
def test_a_fault(trouble: Trouble, box: Outbox, gateway: Simulator, impatient: Client) -> None:
    gateway.faults.add("fault", command="sendmsg", times=1)
    _asked(trouble, box, gateway, impatient)


@case("503")
def test_a_status_that_proves_nothing(trouble: Trouble, box: Outbox, gateway: Simulator, impatient: Client) -> None:
    gateway.faults.add("status", command="sendmsg", status=503, times=1)
    _asked(trouble, box, gateway, impatient)


def _asked(trouble: Trouble, box: Outbox, gateway: Simulator, impatient: Client) -> None:
    enqueue(box)
    told: list[str] = []
    gateway.faults.add("delay", command="sendmsg", seconds=0.2)  # the second one
    with working(box, impatient) as worker:
        until(lambda: gateway.gateway.commands["sendmsg"] == 1, "it was refused", each=worker)
        meanwhile = states(box)

        def is_accepted() -> bool:
            told.append(box.get("key")[0].why or "")
            return states(box) == ["accepted"]

        until(is_accepted, "it is sent again", each=worker)
    trouble.shows(next((each for each in told if each), trouble.told), meanwhile)
    trouble.ends(states(box))
    (message,) = box.get("key")
    assert (message.attempts, len(gateway.messages)) == (2, 1)
    (line,) = box.audit("key")
    assert len(line.requests) == 2


@case("429")
def test_a_status(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    gateway.faults.add("status", command="sendmsg", status=429, times=2)
    enqueue(box)
    whys: set[str] = set()
    seen: set[str] = set()
    with working(box, sms):

        def is_accepted() -> bool:
            (message,) = box.get("key")
            seen.add(message.state.value)
            if message.state is MessageState.PENDING:
                whys.add(message.why or "")
            return message.state is MessageState.ACCEPTED

        until(is_accepted, "it is accepted")
    assert any(trouble.told in why for why in whys), whys
    assert trouble.meanwhile in seen
    trouble.ends(states(box))
    assert len(gateway.messages) == 1


@case("dead")
def test_a_dead_address(trouble: Trouble, store: Store) -> None:
    told: list[OutboxEvent] = []
    box = store.box(on_event=told.append)
    for number, to in enumerate([TO, *OTHERS]):
        enqueue(box, to, key=f"{number}")
    dead = Simulator(port=0)
    dead.start()
    port = dead.port
    dead.stop()
    with client(dead_address(port)) as sms, working(box, sms):
        until(lambda: any(each.what is Happening.ENDPOINT_PAUSED for each in told), "the address is paused")
        # One of them may be out at a probe.
        meanwhile: list[str] = []

        def is_quiet() -> bool:
            meanwhile[:] = [s for n in range(4) for s in states(box, f"{n}")]
            return "sending" not in meanwhile

        until(is_quiet, "no probe is out")
        trouble.shows(f"{told[0].what}: {told[0].detail}", meanwhile)
        with Simulator(port=port) as alive:
            until(lambda: box.check().open == 0, "everything is settled")
            assert len(alive.messages) == 4
        assert {each.attempts for n in range(4) for each in box.get(f"{n}")} == {1}
    trouble.ends([s for n in range(4) for s in states(box, f"{n}")])
    assert [each.what for each in told] == [Happening.ENDPOINT_PAUSED, Happening.ENDPOINT_RESUMED]
    # Where nothing more is to be said, the address alone follows, and not the name of the event again.
    assert told[1].detail.startswith(dead_address(port).origin)
    assert Happening.ENDPOINT_RESUMED.value not in told[1].detail


@dataclass(frozen=True)
class dead_address:  # noqa: N801 - reads as a function
    """Something with an origin at which nobody listens."""

    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@case("lost")
def test_the_lost_answer_of_a_single_message(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    gateway.faults.lose_answer("sendmsg")
    gateway.faults.add("delay", command="querymsg", seconds=0.3)
    enqueue(box)
    with working(box, sms):
        until(lambda: len(gateway.messages) == 1, "it arrived")
        trouble.shows("", states(box))
        until(lambda: states(box) == ["accepted"], "the gateway was asked")
    trouble.ends(states(box))
    assert [each.message_id for each in box.get("key")] == [each.id for each in gateway.messages]
    assert sound(box) == {"accepted": 1}


@case("lost group")
def test_the_lost_answer_of_a_group(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    from clicksoap import DeliveryReport  # noqa: PLC0415 - of this test
    from clicksoap.codes import MessageStatus  # noqa: PLC0415 - as above

    gateway.faults.lose_answer("sendmsg")
    enqueue(box, *OTHERS)
    settle(box, sms)
    trouble.shows(box.get("key")[0].why, states(box))
    assert box.check().doubtful == 3
    for each in gateway.messages:
        bare = DeliveryReport(message_id=each.id, status=MessageStatus.of("003"), at=datetime.now(UTC), to=each.to)
        assert not box.delivered(bare)  # without the client id it proves nothing
        assert box.delivered(replace(bare, status=MessageStatus.of("004"), client_message_id=each.client_message_id))
    trouble.ends(states(box))
    assert [each.message_id for each in box.get("key")] == [each.id for each in gateway.messages]
    assert len(gateway.messages) == 3


# Clocks


@contextmanager
def set_clock(box: Outbox, seconds: float) -> Iterator[None]:
    """The clock of an SQLite outbox, set forward or back."""
    database: Any = box._database
    before = database._clock
    database._clock = lambda: time.time() + seconds
    try:
        yield
    finally:
        database._clock = before


@case("forward")
def test_a_clock_that_is_set_forward(trouble: Trouble, sqlite: Store, gateway: Simulator, sms: Client) -> None:
    box = sqlite.box()
    enqueue(box, OTHERS[0], key="due", due_at=datetime.now(UTC) + timedelta(minutes=30))
    with working(box, sms, rate=50):
        enqueue(box)
        until(lambda: states(box) == ["accepted"], "it is sent")
        with set_clock(box, 3600):
            until(lambda: states(box, "due") == ["accepted"], "it is sent early")
        enqueue(box, OTHERS[1], key="next")
        until(lambda: states(box, "next") == ["accepted"], "the work goes on")
    trouble.shows("", states(box, "due"))
    trouble.ends(states(box, "next"))
    assert len(gateway.messages) == 3


@case("back")
def test_a_clock_that_is_set_back(trouble: Trouble, sqlite: Store, gateway: Simulator, sms: Client) -> None:
    box = sqlite.box()
    box.pause(by="test", why="to hold it")
    enqueue(box)
    box.resume(by="test", why="to let it go")
    with set_clock(box, -3600), working(box, sms, rate=50):
        with box.transaction() as transaction:
            box.enqueue(transaction, OTHERS[0], "hello", key="new", due_at=datetime.now(UTC) - timedelta(hours=2))
        until(lambda: states(box, "new") == ["accepted"], "what is due is sent")
        trouble.shows("", states(box))
    settle(box, sms)
    trouble.ends(states(box))
    assert len(gateway.messages) == 2


_OTHER_CLOCK: Final = """
import sys
from clicksoap import Client
from clicksoap.outbox import Outbox
box = Outbox(sys.argv[1], believe_after=0.2)
with box.transaction() as transaction:
    box.enqueue(transaction, "27821234567", "hello", key="ahead")
with Client(123456, "acme", "secret", endpoint=sys.argv[2]) as sms:
    print(box.work_slice(sms, 2.0).accepted)
"""


@case("two clocks")
def test_a_process_whose_clock_is_ahead(
    trouble: Trouble, sqlite: Store, gateway: Simulator, sms: Client, program: Callable[[str], str]
) -> None:
    box = sqlite.box()
    for number, to in enumerate(OTHERS):
        enqueue(box, to, key=f"{number}")
    ahead = [program("faketime"), "-f", "+1h", sys.executable, "-c", _OTHER_CLOCK, sqlite.url, gateway.origin]
    # The monotonic clock is never set; faked, it would make every wait of a thread endless.
    environment = {**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    process = subprocess.Popen(ahead, stdout=subprocess.PIPE, text=True, env=environment)
    with working(box, sms):
        out = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert out.strip().isdigit()
    assert sorted(each.to for each in gateway.messages if each.to != TO) == sorted(OTHERS)
    if states(box, "ahead") == ["pending"]:
        assert box.get("ahead")[0].due_at > datetime.now(UTC) + timedelta(minutes=50)
        sqlite.sql("UPDATE clicksoap_message SET due_at = due_at - 3600 WHERE state = 'pending'")
        settle(box, sms)
    trouble.ends(states(box, "ahead"))
    assert [each.to for each in gateway.messages].count(TO) == 1


# Processes

_WORKER: Final = """
import os, signal, sys
from sqlalchemy import event
from clicksoap import Client, Timeout
from clicksoap.outbox import Outbox
box = Outbox(sys.argv[1], believe_after=0.2)
box.open()
if sys.argv[3] == "freeze":
    def stop(connection):
        rows = connection.exec_driver_sql("SELECT count(*) FROM clicksoap_message WHERE state = 'sending'").scalar()
        if rows:
            print("claimed", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
    event.listen(box._database.engine, "commit", stop)
print("ready", flush=True)
with Client(123456, "acme", "secret", endpoint=sys.argv[2], timeout=Timeout(connect=5, read=5, total=5)) as sms:
    print(box.work(sms, senders=2, grace=5).accepted, flush=True)
"""


@contextmanager
def child(store: Store, gateway: Simulator, how: str = "") -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own."""
    command = [sys.executable, "-c", _WORKER, store.url, gateway.origin, how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


@case("frozen")
def test_a_worker_that_is_stopped_within_its_claim(
    trouble: Trouble, pg: Store, gateway: Simulator, sms: Client
) -> None:
    box = pg.box()
    enqueue(box)
    with child(pg, gateway, "freeze") as frozen:
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "claimed\n"
        began = time.monotonic()
        trouble.shows("", states(box))
        with working(box, sms) as worker:
            until(lambda: states(box) == ["accepted"], "the others go on", each=worker)
        assert time.monotonic() - began < 4 + 3  # the server's limit, and a loaded machine
    with box.transaction() as connection:
        # Who waits for the locks of the stopped one gets them before the wait itself is given up.
        wanted = "SELECT name, setting::int FROM pg_settings WHERE name ~ '^(idle_in_transaction|lock)_'"
        limits = {str(name): int(value) for name, value in connection.exec_driver_sql(wanted)}
    assert 0 < limits["idle_in_transaction_session_timeout"] < limits["lock_timeout"]
    trouble.ends(states(box))
    assert len(gateway.messages) == 1


@case("frozen SQLite")
@pytest.mark.usefixtures("quick_lock")
def test_a_worker_that_is_stopped_within_its_claim_on_sqlite(
    trouble: Trouble, sqlite: Store, gateway: Simulator, sms: Client
) -> None:
    box = sqlite.box()
    enqueue(box)
    with child(sqlite, gateway, "freeze") as frozen:
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "claimed\n"
        with pytest.raises(OutboxUnavailable) as raised:
            enqueue(box, key="none")
        trouble.shows(raised.value, states(box))
    settle(box, sms)
    trouble.ends(states(box))
    assert len(gateway.messages) == 1


@case("Ctrl-C")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_interrupted(
    trouble: Trouble, store: Store, gateway: Simulator, sms: Client, how: signal.Signals
) -> None:
    box = store.box()
    gateway.faults.add("delay", command="sendmsg", seconds=0.5)
    keys = [f"{number}" for number in range(12)]
    for number, key in enumerate(keys):
        enqueue(box, f"2782{number:07}", key=key)
    with child(store, gateway) as process:
        until(lambda: gateway.gateway.commands["sendmsg"] >= 2, "two are out")
        began = time.monotonic()
        process.send_signal(how)
        assert process.wait(30) == 0
        assert time.monotonic() - began < 5 + 1
    trouble.shows("", sorted(state for key in keys for state in states(box, key)))
    assert len(gateway.messages) == sound(box)["accepted"]
    gateway.faults.clear()
    settle(box, sms)
    trouble.ends([state for key in keys for state in states(box, key)])
    assert len(gateway.messages) == 12


@case("killed")
def test_a_worker_that_is_killed(trouble: Trouble, store: Store, gateway: Simulator, impatient: Client) -> None:
    box = store.box()
    gateway.faults.add("delay", command="sendmsg", seconds=1, times=1)
    enqueue(box)
    with child(store, gateway) as process:
        until(lambda: len(gateway.messages) == 1, "it arrived")
        process.kill()
    trouble.shows("", states(box))
    # What the lease would take: the child has the limits of a usual client.
    store.sql("UPDATE clicksoap_request SET dead_at = dead_at - 30, ask_at = ask_at - 30")
    settle(box, impatient)
    trouble.ends(states(box))
    assert [each.message_id for each in box.get("key")] == [each.id for each in gateway.messages]


# Callers


@case("alert")
def test_an_alert_behind_a_run(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    with box.transaction() as transaction:
        for number in range(300):
            box.enqueue(transaction, f"2782{number:07}", "a run", key=f"{number}")
    with working(box, sms, rate=20):
        until(lambda: len(gateway.messages) >= 5, "the run has begun")
        enqueue(box, OTHERS[0], key="alert", priority=Priority.ALERT, expires_in=10)
        box.wait("alert", 20)
    trouble.shows("", states(box, "alert"))
    trouble.ends(states(box, "alert"))
    assert box.check().open > 100


@case("expired")
def test_a_message_that_expires(trouble: Trouble, box: Outbox, gateway: Simulator, sms: Client) -> None:
    (message,) = enqueue(box, expires_in=0.2)
    until(lambda: datetime.now(UTC) > (message.expires_at or datetime.now(UTC)), "its time is over")
    settle(box, sms)
    trouble.shows(box.get("key")[0].why, states(box))
    trouble.ends(states(box))
    assert gateway.messages == []


_RACER: Final = """
import sys
from clicksoap.outbox import Outbox
box = Outbox(sys.argv[1])
box.open()
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    with box.transaction() as transaction:
        print(int(box.enqueue(transaction, "27821234567", f"text {number}", key=f"key {number}").is_new), flush=True)
"""


@case("two processes")
def test_one_of_two_processes_writes_a_key(trouble: Trouble, store: Store, gateway: Simulator, sms: Client) -> None:
    box = store.box()
    command = [sys.executable, "-c", _RACER, store.url]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for each in racers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in racers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    told = [each.communicate(timeout=60)[0].split() for each in racers]
    assert [sorted(pair) for pair in zip(*told, strict=True)] == [["0", "1"]] * 20
    trouble.shows("", [state for number in range(20) for state in states(box, f"key {number}")])
    settle(box, sms)
    trouble.ends([state for number in range(20) for state in states(box, f"key {number}")])
    assert len(gateway.messages) == 20


@case("key")
def test_a_key_of_another_message(trouble: Trouble, box: Outbox, sms: Client) -> None:
    enqueue(box)
    with box.transaction() as transaction:
        with pytest.raises(KeyTaken) as raised:
            box.enqueue(transaction, TO, "another text", key="key")
        box.enqueue(transaction, TO, "another text", key="other")
    trouble.shows(raised.value, states(box) + states(box, "other"))
    settle(box, sms)
    trouble.ends(states(box) + states(box, "other"))


@case("twice")
def test_a_number_twice_in_a_group(trouble: Trouble, box: Outbox) -> None:
    with pytest.raises(InvalidInput) as raised, box.transaction() as transaction:
        box.enqueue(transaction, [TO, f"+{TO}"], "hello", key="key")
    trouble.shows(raised.value, states(box))
    trouble.ends(states(box))
    assert TO not in str(raised.value)


def test_the_credits_of_an_account_end_in_a_run(store: Store) -> None:
    """301 in the middle: no message is burnt as rejected, and a refill lets all of them go."""
    box = store.box()
    for number in range(8):
        enqueue(box, f"2782{number:07}", key=f"{number}")
    with Simulator(accounts=[Account(123456, "acme", "secret", balance=Decimal(3))]) as poor, client(poor) as sms:
        with working(box, sms):
            until(lambda: is_paused(box), "the account is paused")
            until(lambda: sound(box) == {"accepted": 3, "pending": 5}, "what is out is settled")
            poor.gateway.set_balance(123456, "acme", Decimal(100))
            box.resume(by="test", why="there is credit")
            until(lambda: box.check().open == 0, "everything is settled")
        assert sound(box) == {"accepted": 8}
        assert len(poor.messages) == 8
