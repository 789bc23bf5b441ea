"""The outbox settles: delivery reports reach its messages, and STOP replies its suppression list."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from typing import Final

import psycopg
import pytest
from postgresql import PostgreSQLServer
from receivers import under_uvicorn, under_waitress

from clicksoap import Client, ConfigurationError, DeliveryReport, InboundMessage, MessageStatus
from clicksoap.callbacks import CallbackRequest, Callbacks
from clicksoap.callbacks.outbox import START_WORDS, STOP_WORDS, OutboxHandlers, deliver_to, keyword
from clicksoap.outbox import MessageState, Outbox
from clicksoap.simulator import CallbackFaults, Settings, Simulator

from .conftest import API_ID, CUSTOMER, TO, USER, live, say, simulating

_NUMBERS: Final = count()
AT: Final = datetime(2026, 2, 1, tzinfo=UTC)
AT_ONCE: Final = Settings(handed_on_after=timedelta(0), received_after=timedelta(0))


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an empty outbox, to be copied."""
    path = tmp_path_factory.mktemp("template") / "outbox.db"
    with Outbox(f"sqlite:///{path}"):
        return path


@pytest.fixture(scope="session")
def empty_database(postgresql_server: PostgreSQLServer) -> str:
    """A database with an empty outbox, to be copied."""
    with Outbox(postgresql_server.create("template_outbox")):
        return "template_outbox"


@pytest.fixture
def file_url(empty_file: Path, tmp_path: Path) -> str:
    shutil.copy(empty_file, tmp_path / "outbox.db")
    return f"sqlite:///{tmp_path}/outbox.db"


@pytest.fixture
def database_url(postgresql_server: PostgreSQLServer, empty_database: str) -> str:
    name = f"outbox{next(_NUMBERS)}"
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {empty_database}".encode())
    return postgresql_server.url(name)


@pytest.fixture(params=["file_url", "database_url"], ids=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty outbox in each database in turn."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def box(url: str) -> Iterator[Outbox]:
    """An empty outbox in each database in turn, with a region whose national numbers it reads."""
    with Outbox(url, region="US") as opened:
        yield opened


def enqueue(box: Outbox, key: str, *, ignore_suppression: bool = False) -> None:
    with box.transaction() as transaction:
        box.enqueue(transaction, f"+{TO}", "hi", key=key, ignore_suppression=ignore_suppression, callback=7)


def work(box: Outbox, sim: Simulator) -> None:
    with Client(API_ID, USER, "secret", endpoint=sim.origin) as sms:
        box.work(sms, until_settled=True, grace=1)


def receiving(box: Outbox, **choices: object) -> Callbacks:
    callbacks = Callbacks(anybody=True)
    deliver_to(callbacks, box, **choices)  # type: ignore[arg-type]
    return callbacks


def inbound(text: str, at: datetime = AT, sender: str = TO, number: int = 1) -> InboundMessage:
    return InboundMessage(
        message_id=f"{number:032x}", sender=sender, to=CUSTOMER, at=at, text=text, charset="UTF-8",
        content=text.encode(), message_ids=(f"{number:032x}",),
    )  # fmt: skip


def reported(code: str, seconds: int = 0, **values: str) -> DeliveryReport:
    given = {"message_id": "f" * 32, "to": TO} | values
    return DeliveryReport(status=MessageStatus.of(code), at=AT + timedelta(seconds=seconds), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", ["http", "soap"])
@pytest.mark.parametrize("server", ["asgi", "wsgi"])
def test_a_message_is_settled_by_the_reports_of_the_simulator(box: Outbox, server: str, variant: str) -> None:
    """The reports come twice, and the first ones before the answer to the send."""
    callbacks = receiving(box)
    serving = under_uvicorn(callbacks.asgi()) if server == "asgi" else under_waitress(callbacks.wsgi())
    with serving as origin, simulating(origin, variant, settings=AT_ONCE) as sim:
        sim.callbacks.faults = CallbackFaults(before_answer=True, duplicates=1)
        enqueue(box, "a")
        work(box, sim)
        live(sim)
        (message,) = box.get("a")
        assert message.delivery is not None
        assert (message.state, message.delivery.code) == (MessageState.ACCEPTED, "004")
        assert message.charge is not None
        assert {each.http_status for each in sim.callbacks.attempts()} == {200}
        assert len(sim.callbacks.attempts()) > 2
    assert box.check().is_sound


def test_a_stop_is_obeyed_and_its_confirmation_is_sent(box: Outbox) -> None:
    callbacks = receiving(box)
    with under_uvicorn(callbacks.asgi()) as origin, simulating(origin) as sim:
        say(sim, " Arret. ")  # the simulated gateway does not know this word: it would refuse the confirmation
        enqueue(box, "news")
        enqueue(box, "confirmation", ignore_suppression=True)
        work(box, sim)
    assert [each.why for each in box.suppressions(f"+{TO}")] == ["ARRET"]
    assert box.get("news")[0].state is MessageState.SKIPPED
    assert box.get("confirmation")[0].state is MessageState.ACCEPTED


def test_the_gateway_tries_again_while_the_database_is_away(box: Outbox, url: str) -> None:
    """The reports come first while another transaction holds the tables."""
    callbacks = receiving(box)
    with under_uvicorn(callbacks.asgi()) as origin, simulating(origin) as sim:
        enqueue(box, "a")
        work(box, sim)
        away = Away(url)
        live(sim)
        statuses = {each.http_status for each in sim.callbacks.attempts()}
        assert 200 not in statuses
        assert 500 in statuses
        away.end()
        live(sim, hours=1)
        assert 200 in {each.http_status for each in sim.callbacks.attempts()}
    delivery = box.get("a")[0].delivery
    assert delivery is not None
    assert delivery.code == "004"


class Away:
    """Makes the database of an outbox useless for a while."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rename("clicksoap_message", "clicksoap_message_away")

    def end(self) -> None:
        self._rename("clicksoap_message_away", "clicksoap_message")

    def _rename(self, old: str, new: str) -> None:
        statement = f"ALTER TABLE {old} RENAME TO {new}"
        if self._url.startswith("postgresql"):
            with psycopg.connect(self._url) as connection:
                connection.execute(statement.encode())
            return
        with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)


def test_reports_come_in_any_order_and_before_their_message(box: Outbox) -> None:
    handlers = OutboxHandlers(box)
    with simulating("http://127.0.0.1:9") as sim:
        enqueue(box, "a")
        work(box, sim)
    message = box.get("a")[0]
    assert message.message_id is not None
    handlers.report(reported("004", 5, message_id=message.message_id))
    handlers.report(reported("003", 9, message_id=message.message_id))
    handlers.report(reported("004", 5, message_id=message.message_id))
    delivery = box.get("a")[0].delivery
    assert delivery is not None
    assert delivery.code == "004"


def test_reports_about_messages_of_others_are_taken_and_change_nothing(box: Outbox) -> None:
    callbacks = receiving(box)
    enqueue(box, "a")
    for number in range(2):
        body = f"apiMsgId={number:032x}&cliMsgId=not-ours&timestamp=1769902214&to={TO}&status=004"
        assert callbacks.handle(CallbackRequest("POST", body=body.encode())).status == 200
    assert box.get("a")[0].state is MessageState.PENDING
    assert box.check().is_sound


def test_a_final_report_wins_over_an_intermediate_one_that_comes_at_the_same_time(box: Outbox, url: str) -> None:
    """Two processes enter both at once, in two transactions."""
    with simulating("http://127.0.0.1:9") as sim:
        for number in range(20):
            enqueue(box, f"k{number}")
        work(box, sim)
    with Outbox(url) as other:
        for number in range(20):
            message_id = box.get(f"k{number}")[0].message_id
            assert message_id is not None
            start = Barrier(2)

            def enter(into: Outbox, code: str, start: Barrier = start, message_id: str = message_id) -> None:
                start.wait(10)
                into.delivered(reported(code, message_id=message_id))

            threads = [Thread(target=enter, args=(box, "004")), Thread(target=enter, args=(other, "003"))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
    codes = [box.get(f"k{number}")[0].delivery for number in range(20)]
    assert {code.code for code in codes if code is not None} == {"004"}


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop", " Stop.\r\n", "stop all", "Opt out", "ARRÊT", "Unsubscribe."),
        *("\uff33\uff34\uff2f\uff30", "arre\u0302t"),  # wide letters, and an accent of its own
    ],
)
def test_a_stop_word_is_the_whole_text_in_any_case(text: str) -> None:
    assert keyword(text) in STOP_WORDS


@pytest.mark.parametrize("text", ["", ".", "stop it", "do not stop", "STOP!", "weekend", "START"])
def test_other_texts_are_no_stop_words(text: str) -> None:
    assert keyword(text) not in STOP_WORDS


@pytest.fixture
def file_box(file_url: str) -> Iterator[Outbox]:
    with Outbox(file_url) as opened:
        yield opened


def now(seconds: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_start_takes_its_sender_off_the_list_only_where_the_caller_says_so(file_box: Outbox) -> None:
    cautious, generous = OutboxHandlers(file_box), OutboxHandlers(file_box, start_words=START_WORDS)
    cautious.inbound(inbound("STOP"))
    cautious.inbound(inbound("START", now(), number=2))
    assert len(file_box.suppressions(TO)) == 1
    generous.inbound(inbound("unstop", now(), number=3))
    assert not file_box.suppressions(TO)


def test_a_start_lifts_nothing_but_an_earlier_stop(file_box: Outbox) -> None:
    handlers = OutboxHandlers(file_box, start_words=START_WORDS)
    handlers.inbound(inbound("STOP"))
    handlers.inbound(inbound("START", now(-60), number=2))
    assert len(file_box.suppressions(TO)) == 1
    file_box.suppress("27820000009", why="a complaint by letter", by="legal")
    handlers.inbound(inbound("START", now(), sender="27820000009", number=3))
    assert len(file_box.suppressions("27820000009")) == 1


def test_a_stop_counts_for_one_account_where_it_is_named(file_box: Outbox) -> None:
    OutboxHandlers(file_box, account="marketing").inbound(inbound("STOP"))
    assert [each.account for each in file_box.suppressions(TO)] == ["marketing"]


def test_words_of_the_callers_own_replace_the_list(file_box: Outbox) -> None:
    handlers = OutboxHandlers(file_box, stop_words=["Uit", "af melden"])
    handlers.inbound(inbound("STOP"))
    assert not file_box.suppressions(TO)
    handlers.inbound(inbound("Afmelden.", number=2))
    assert [each.why for each in file_box.suppressions(TO)] == ["AFMELDEN"]


def test_a_stop_of_a_sender_without_a_number_is_no_reason_to_try_again(
    file_box: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    OutboxHandlers(file_box).inbound(inbound("STOP", sender="ACME"))
    assert not file_box.suppressions()
    assert "its sender is not a number" in caplog.text
    assert "ACME" not in caplog.text


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"stop_words": "STOP"}, "stop_words is a str"),
        ({"start_words": [" "]}, "start_words has an empty word"),
        ({"start_words": ["stop"]}, "start_words has a word of stop_words"),
    ],
)
def test_word_lists_that_cannot_work_are_refused(file_box: Outbox, choices: dict[str, list[str]], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        OutboxHandlers(file_box, **choices)  # type: ignore[arg-type]
