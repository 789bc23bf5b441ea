"""Checks, decisions of people, the audit, removal of personal data, status and metrics."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from outboxes import OTHERS, TO, Store, enqueue, settle, sound, states

from clicksoap import Client, InvalidInput
from clicksoap.errors import KeyTaken
from clicksoap.outbox import Decision, Happening, MessageState, Outbox, Priority
from clicksoap.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def doubtful(box: Outbox, gateway: Simulator, sms: Client) -> Outbox:
    """An outbox with a group whose answer is lost."""
    gateway.faults.lose_answer("sendmsg")
    enqueue(box, *OTHERS, text="a secret", sensitive=True)
    settle(box, sms)
    assert states(box) == ["unconfirmed"] * 3
    return box


def test_a_person_decides_about_each_message(doubtful: Outbox, gateway: Simulator, sms: Client) -> None:
    first, second, third = doubtful.list()
    assert doubtful.resolve(first, Decision.ARRIVED, by="Ann", why="she called").state is MessageState.ACCEPTED
    assert doubtful.resolve(second.id, Decision.GIVE_UP, by="Ann", why="too late").state is MessageState.CANCELLED
    assert doubtful.resolve(third, Decision.SEND_AGAIN, by="Ann", why="not there").state is MessageState.PENDING
    settle(doubtful, sms)
    assert sound(doubtful) == {"accepted": 2, "cancelled": 1}
    assert [each.to for each in gateway.messages] == [*OTHERS, OTHERS[2]]
    assert len({each.client_message_id for each in gateway.messages}) == 2
    told = [(each.what, each.detail, each.who) for each in doubtful.events()]
    assert told == [
        (Happening.RESOLVED, "send_again: not there", "Ann"),
        (Happening.RESOLVED, "give_up: too late", "Ann"),
        (Happening.RESOLVED, "arrived: she called", "Ann"),
    ]
    lines = list(doubtful.audit("key"))
    assert [len(each.decisions) for each in lines] == [1, 1, 1]
    assert len(lines[2].requests) == len(lines[2].endpoints) == len(lines[2].sent_at) == 2
    assert "Ann: resolved: arrived: she called" in lines[0].decisions[0]


def test_what_needs_no_decision_takes_none(box: Outbox, sms: Client) -> None:
    (message,) = enqueue(box)
    with pytest.raises(InvalidInput, match="is pending, which needs no decision"):
        box.resolve(message, Decision.SEND_AGAIN, by="Ann", why="test")
    settle(box, sms)
    with pytest.raises(InvalidInput, match="is accepted, which needs no decision"):
        box.resolve(message, Decision.GIVE_UP, by="Ann", why="test")
    with pytest.raises(InvalidInput, match=r"^message is 99, which the outbox does not hold: give"):
        box.resolve(99, Decision.GIVE_UP, by="Ann", why="test")


def test_the_audit_has_a_line_for_each_message(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box, key="1")
    enqueue(box, "9991051234567", key="2")
    enqueue(box, key="3", due_at=datetime.now(UTC) + timedelta(days=1))
    box.work_slice(sms, 1.5)
    lines = list(box.audit())
    assert [each.message.key for each in lines] == ["1", "2", "3"]
    assert [each.message.state.value for each in lines] == ["accepted", "rejected", "pending"]
    assert [len(each.requests) for each in lines] == [1, 1, 0]
    assert lines[0].requests == (gateway.messages[0].client_message_id,)
    assert lines[0].endpoints[0].startswith(gateway.origin)
    assert abs(lines[0].sent_at[0] - datetime.now(UTC)) < timedelta(minutes=1)
    assert lines[0].message.digest == lines[2].message.digest  # the same text, by a keyed hash
    assert [len(list(box.audit(key))) for key in ("1", "none")] == [1, 0]


def test_retention_removes_what_is_personal_and_keeps_the_key(store: Store, gateway: Simulator, sms: Client) -> None:
    box = store.box()
    enqueue(box, key="old", tag="Ann")
    settle(box, sms)
    store.sql("UPDATE clicksoap_message SET settled_at = settled_at - 86400 * 31")
    enqueue(box, key="new")
    settle(box, sms)
    enqueue(box, key="open", due_at=datetime.now(UTC) + timedelta(days=1))
    assert box.prune(timedelta(days=30)) == 1
    assert box.prune(timedelta(days=30)) == 0
    (old,) = box.get("old")
    assert (old.to, old.given, old.tag, old.state) == (None, None, None, MessageState.ACCEPTED)
    assert "nobody any more" in repr(old)
    assert store.sql("SELECT text, options FROM clicksoap_message WHERE row_key = 'old'") == [(None, None)]
    assert [each.to for key in ("new", "open") for each in box.get(key)] == [TO, TO]
    with box.transaction() as transaction:
        assert not box.enqueue(transaction, TO, "hello", key="old").is_new
        with pytest.raises(KeyTaken):
            box.enqueue(transaction, TO, "other", key="old")
    assert len(gateway.messages) == 2


def test_a_number_is_forgotten(store: Store, sms: Client) -> None:
    box = store.box()
    enqueue(box, key="sent")
    settle(box, sms)
    enqueue(box, TO, OTHERS[0], key="waits", due_at=datetime.now(UTC) + timedelta(days=1))
    box.suppress(TO, why="STOP")
    assert box.forget(f"+{TO}", by="Ann") == 2
    assert states(box, "waits") == ["cancelled", "pending"]
    for table in ("clicksoap_message", "clicksoap_report", "clicksoap_request", "clicksoap_event"):
        assert TO not in str(store.sql(f"SELECT * FROM {table}"))  # noqa: S608 - constants
    assert [each.msisdn for each in box.suppressions()] == [TO]
    assert box.events()[0].what is Happening.FORGOTTEN
    assert sound(box) == {"accepted": 1, "cancelled": 1, "pending": 1}


def test_no_text_and_number_reaches_a_repr(box: Outbox) -> None:
    enqueue(box, text="a secret")
    assert not {TO, "a secret"} & {part for value in (box, box.get("key"), box.status()) for part in [repr(value)]}
    assert "a secret" not in repr(list(box.audit()))
    assert TO not in repr(list(box.audit()))


LINE = re.compile(r'(?P<name>[a-z_:]+)(?:\{(?P<labels>(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (?P<value>\S+)')


def metrics(text: str) -> dict[tuple[str, str], float]:
    """Read the text format of Prometheus strictly: one family after the other, each with HELP and TYPE before it."""
    assert text.endswith("\n")
    found: dict[tuple[str, str], float] = {}
    family, seen = "", set[str]()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in seen
            seen.add(family)
            assert len(line.split(" ", 3)[3]) > 3
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            match = LINE.fullmatch(line)
            assert match is not None, line
            assert match["name"] == family
            assert (family, match["labels"] or "") not in found
            found[family, match["labels"] or ""] = float(match["value"])
    return found


def test_the_time_that_is_shown_is_the_one_for_the_gateway(store: Store, gateway: Simulator, sms: Client) -> None:
    """A denial is believed after two seconds on this machine, and after ten minutes elsewhere."""
    box = store.box(believe_after=None)
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=30)
    enqueue(box)
    box.work_slice(sms, seconds=0.5, grace=0)
    here = ("http://127.0.0.1:8080/soap", "http://[::1]/soap", "http://localhost/soap")
    elsewhere = ("https://gateway.example/soap", "http://10.0.0.7:8080/soap", "")
    found = {}
    for endpoint in (*here, *elsewhere):
        store.sql(f"UPDATE clicksoap_request SET endpoint = '{endpoint}', dead_at = 1767323045, asked = 1")  # noqa: S608 - our own addresses
        status = box.status()
        assert (status.asking, status.asking_until is None) == (1, False)
        found[endpoint] = status.asking_until
    dead = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found == {
        **dict.fromkeys(here, dead + timedelta(seconds=2)),
        **dict.fromkeys(elsewhere, dead + timedelta(minutes=10)),
    }


def test_the_status_and_the_metrics_tell_the_same(store: Store, sms: Client) -> None:
    box = store.box()
    enqueue(box, key="sent")
    settle(box, sms)
    enqueue(box, *OTHERS, key="due")
    enqueue(box, key="later", due_at=datetime.now(UTC) + timedelta(days=1), priority=Priority.ALERT)
    name = 'a "b" \\ c\nd'
    box.set_rate(None, account=name)
    box.pause(by="Ann", why="test", account=name)
    store.sql("UPDATE clicksoap_message SET settled_at = settled_at - 86400 * 4 WHERE row_key = 'sent'")
    status = box.status()
    assert status.messages == {MessageState.ACCEPTED: 1, MessageState.PENDING: 4}
    assert (status.due, status.in_flight, status.asking, status.unreported, status.orphans) == (3, 0, 0, 1, 0)
    assert status.oldest_due == box.get("due")[0].due_at
    assert status.asking_until is None
    paused = {each.name: each.paused_since for each in status.accounts}
    found = metrics(status.metrics())
    for state in MessageState:
        assert found["clicksoap_outbox_messages", f'state="{state.value}"'] == status.messages.get(state, 0)
    assert found["clicksoap_outbox_due", ""] == 3
    assert found["clicksoap_outbox_unreported", ""] == 1
    assert 0 <= found["clicksoap_outbox_oldest_due_seconds", ""] < 600
    label = 'account="a \\"b\\" \\\\ c\\nd"'
    assert found["clicksoap_outbox_paused", label] == 1
    assert found["clicksoap_outbox_paused", 'account="default"'] == 0
    since = paused[name]
    assert since is not None
    # To the second: six digits would place it to within a quarter of an hour.
    assert abs(found["clicksoap_outbox_paused_since_timestamp_seconds", label] - since.timestamp()) < 1


PROBLEMS: dict[str, str] = {
    "UPDATE clicksoap_message SET state = 'lost'": "do not know|does not know",
    "UPDATE clicksoap_message SET state = 'sending', request_id = 'none'": "in sending without",
    "UPDATE clicksoap_message SET state = 'rejected', settled_at = 1, why = NULL": "rejected without a reason",
    "UPDATE clicksoap_message SET state = 'accepted', settled_at = 1": "accepted without an id",
    "UPDATE clicksoap_message SET state = 'skipped', settled_at = NULL": "settled messages have no time",
    "UPDATE clicksoap_message SET request_id = 'none'": "wait and have a request",
}


@pytest.mark.parametrize("statement", PROBLEMS)
def test_a_check_finds_what_should_not_be(store: Store, statement: str) -> None:
    box = store.box()
    enqueue(box)
    assert box.check().is_sound
    store.sql(statement)
    found = box.check()
    assert not found.is_sound
    assert re.search(PROBLEMS[statement], str(found)), str(found)


def test_every_event_reaches_the_observer(store: Store) -> None:
    told: list[Happening] = []
    box = store.box(on_event=lambda event: told.append(event.what))
    calls: list[Callable[[], object]] = [
        lambda: box.pause(by="Ann", why="test"),
        lambda: box.resume(by="Ann", why="test"),
        lambda: box.suppress(TO, why="STOP", by="Ann"),
        lambda: box.unsuppress(TO, why="START", by="Ann"),
        lambda: box.forget(TO, by="Ann"),
        lambda: box.after_restore(by="Ann", why="test"),
    ]
    for call in calls:
        call()
    assert told == [each.what for each in reversed(box.events())]
    assert len(told) == 6
