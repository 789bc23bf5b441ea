"""The worker: what it sends first, what it never sends, and what it writes down."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from outboxes import ACCOUNT, OTHERS, TO, Store, client, enqueue, settle, sound, states, until, working

from clicksoap import Client, InvalidInput
from clicksoap.outbox import Decision, Happening, MessageState, Outbox, OutboxEvent, Priority
from clicksoap.simulator import Account, Simulator


def test_a_message_is_sent_once_and_its_ids_are_kept(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box)
    done = settle(box, sms)
    (message,), (arrived,) = box.get("key"), gateway.messages
    assert (done.sent, done.accepted, done.unfinished) == (1, 1, 0)
    assert (message.state, message.message_id, message.attempts) == (MessageState.ACCEPTED, arrived.id, 1)
    assert message.client_message_id == arrived.client_message_id
    assert message.settled_at is not None
    assert sound(box) == {"accepted": 1}


def test_several_workers_send_each_message_once(store: Store, gateway: Simulator, sms: Client) -> None:
    box, other = store.box(), store.box()
    with box.transaction() as transaction:
        for number in range(100):
            box.enqueue(transaction, f"2782{number:07}", "hello", key=f"{number}")
    with working(box, sms), working(other, sms), working(other, sms):
        until(lambda: box.check().open == 0, "everything is settled")
    assert sound(box) == {"accepted": 100}
    assert sorted(each.to for each in gateway.messages) == [f"2782{number:07}" for number in range(100)]


def test_the_first_workers_of_an_account_begin_at_once(store: Store) -> None:
    """The row of an account is made by whoever comes first; the others must not fail."""
    boxes = [store.box() for _ in range(6)]
    for each in boxes:
        each.open()
    barrier = threading.Barrier(len(boxes))

    def pause(box: Outbox) -> None:
        barrier.wait(20)
        for number in range(5):
            box.set_rate(100.0, account=f"account {number}")

    with ThreadPoolExecutor(len(boxes)) as pool:
        for done in [pool.submit(pause, each) for each in boxes]:
            done.result()


def test_an_alert_overtakes_a_run(store: Store, gateway: Simulator, sms: Client) -> None:
    """An alert of ten seconds, behind a run that takes longer than that at its pace."""
    box = store.box()
    with box.transaction() as transaction:
        for number in range(300):
            box.enqueue(transaction, f"2782{number:07}", "a run", key=f"{number}")
    with working(box, sms, rate=20):
        until(lambda: len(gateway.messages) >= 5, "the run has begun")
        enqueue(box, OTHERS[0], key="alert", priority=Priority.ALERT, expires_in=10)
        (alert,) = box.wait("alert", 20)
    assert alert.state is MessageState.ACCEPTED
    assert len(gateway.messages) < 200
    assert box.check().open > 100


def test_alerts_find_a_sender_while_all_others_wait_for_answers(box: Outbox, gateway: Simulator, sms: Client) -> None:
    gateway.faults.add("delay", prefix="2783", seconds=5)
    with box.transaction() as transaction:
        for number in range(20):
            box.enqueue(transaction, f"2783{number:07}", "slow", key=f"{number}")
    with working(box, sms, senders=4, grace=0.1):
        until(lambda: sum(each.to.startswith("2783") for each in gateway.messages) >= 3, "the slow ones are out")
        enqueue(box, key="alert", priority=Priority.ALERT)
        assert box.wait("alert", 3)[0].state is MessageState.ACCEPTED


def test_what_expired_is_not_sent(box: Outbox, gateway: Simulator, sms: Client) -> None:
    box.pause(by="test", why="to let time pass")
    (message,) = enqueue(box, expires_in=timedelta(milliseconds=200))
    assert message.expires_at is not None
    with working(box, sms):
        until(lambda: states(box) == ["expired"], "it is expired")
        box.resume(by="test", why="time passed")
        enqueue(box, OTHERS[0], key="next")
        assert box.wait("next", 20)[0].state is MessageState.ACCEPTED
    assert [each.to for each in gateway.messages] == [OTHERS[0]]
    (message,) = box.get("key")
    assert (message.why, message.attempts) == ("its time was over", 0)


def test_what_expires_during_the_login_is_not_sent(box: Outbox, gateway: Simulator, sms: Client) -> None:
    """The claim is in time, and its request would leave too late."""
    gateway.faults.add("delay", command="auth", seconds=0.7, times=1)
    enqueue(box, expires_in=0.5)
    settle(box, sms)
    assert states(box) == ["expired"]
    assert gateway.messages == []
    assert sound(box) == {"expired": 1}


def test_what_is_out_does_not_expire(box: Outbox, gateway: Simulator, sms: Client) -> None:
    sms.authenticate()
    gateway.faults.add("delay", command="sendmsg", seconds=2.5)
    enqueue(box, expires_in=2, priority=Priority.ALERT)
    with working(box, sms):
        until(lambda: len(gateway.messages) == 1, "it arrived")
        (message,) = box.get("key")
        expires_at = message.expires_at
        assert expires_at is not None
        until(lambda: datetime.now(UTC) > expires_at, "its time is over")
        assert states(box) == ["sending"]
        assert box.wait("key", 20)[0].state is MessageState.ACCEPTED


def test_the_rest_of_its_time_is_passed_on_to_the_gateway(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box, key="1", expires_in=timedelta(minutes=10, seconds=30))
    enqueue(box, OTHERS[0], key="2", expires_in=timedelta(hours=3), validity=timedelta(minutes=5))
    enqueue(box, OTHERS[1], key="3", expires_in=5)
    settle(box, sms)
    found = {each.to: each.parameters["validity"] for each in gateway.messages}
    assert found == {TO: "10", OTHERS[0]: "5", OTHERS[1]: "1"}


def test_nothing_is_sent_before_it_is_due(box: Outbox, gateway: Simulator, sms: Client) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.7)
    enqueue(box, key="later", due_at=due)
    enqueue(box, OTHERS[0], key="now")
    settle(box, sms)
    assert [each.to for each in gateway.messages] == [OTHERS[0], TO]
    assert gateway.messages[1].created >= due - timedelta(milliseconds=1)


def _accept(box: Outbox, sms: Client) -> None:
    settle(box, sms)


def _expire(box: Outbox, sms: Client) -> None:
    until(lambda: datetime.now(UTC).timestamp() > box.get("key")[0].created_at.timestamp() + 0.2, "its time is over")
    settle(box, sms)


def _skip(box: Outbox, sms: Client) -> None:
    box.suppress(TO, why="STOP")
    settle(box, sms)


def _give_up(box: Outbox, _sms: Client) -> None:
    box.resolve(box.get("key")[0], Decision.GIVE_UP, by="test", why="not needed")


ENDS: Final[dict[str, tuple[Any, str, dict[str, Any]]]] = {
    "accepted": (_accept, TO, {}),
    "rejected": (_accept, "9991050000001", {}),
    "expired": (_expire, TO, {"expires_in": 0.2}),
    "skipped": (_skip, TO, {}),
    "cancelled": (_give_up, TO, {}),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_sensitive_text_is_wiped_once_it_is_settled(store: Store, sms: Client, end: str) -> None:
    box = store.box()
    act, to, options = ENDS[end]
    for sensitive in (True, False):
        (message,) = enqueue(box, to, text="a secret", sensitive=sensitive, **options)
        assert store.sql("SELECT text FROM clicksoap_message") == [("a secret",)]
        act(box, sms)
        assert states(box) == [end]
        assert store.sql("SELECT text FROM clicksoap_message") == [(None if sensitive else "a secret",)]
        assert box.get("key")[0].digest == message.digest
        store.sql("DELETE FROM clicksoap_message")


def test_a_number_that_opted_out_is_suppressed(box: Outbox, gateway: Simulator, sms: Client) -> None:
    numbers = [f"999{code}1234567"[:15] for code in ("121", "122", "128", "105")]
    enqueue(box, TO, *numbers, key="first")
    settle(box, sms)
    assert [(each.state.value, each.code) for each in box.get("first")] == [("accepted", None)] + [
        ("rejected", code) for code in ("121", "122", "128", "105")
    ]
    assert {each.msisdn for each in box.suppressions()} == set(numbers[:3])
    asked = gateway.gateway.commands["sendmsg"]
    enqueue(box, *numbers[:3], key="second")
    settle(box, sms)
    assert states(box, "second") == ["skipped"] * 3
    assert "the number is suppressed: " in (box.get("second")[0].why or "")
    assert gateway.gateway.commands["sendmsg"] == asked


def test_a_suppressed_number_gets_nothing_but_what_says_so(box: Outbox, gateway: Simulator, sms: Client) -> None:
    assert box.suppress(f"+{TO}", why="STOP", by="handset")
    assert not box.suppress(TO, why="again")
    enqueue(box, TO, OTHERS[0], key="group")
    enqueue(box, TO, key="confirmation", text="You are off the list", ignore_suppression=True)
    settle(box, sms)
    assert states(box, "group") == ["skipped", "accepted"]
    assert states(box, "confirmation") == ["accepted"]
    (entry,) = box.suppressions(TO)
    assert (entry.msisdn, entry.account, entry.why) == (TO, "", "STOP")
    assert TO not in repr(entry)
    assert box.unsuppress(TO, why="START", by="handset")
    assert not box.unsuppress(TO, why="START", by="handset")
    enqueue(box, key="after")
    settle(box, sms)
    assert states(box, "after") == ["accepted"]
    assert [each.to for each in gateway.messages].count(TO) == 2
    told = [(each.what, each.who) for each in box.events()]
    assert told == [(Happening.UNSUPPRESSED, "handset"), (Happening.SUPPRESSED, "handset")]


def test_a_suppression_of_one_account_does_not_hold_for_others(box: Outbox, gateway: Simulator) -> None:
    box.suppress(TO, why="STOP", account="one")
    for account in ("one", "two"):
        enqueue(box, key=account, account=account)
        with client(gateway, user=account) as sms:
            settle(box, sms, account=account)
    assert [states(box, account) for account in ("one", "two")] == [["skipped"], ["accepted"]]


def test_many_suppressed_numbers_do_not_hold_up_the_others(box: Outbox, gateway: Simulator, sms: Client) -> None:
    for number in range(30):
        box.suppress(f"2783{number:07}", why="STOP")
    with box.transaction() as transaction:
        for number in range(30):
            box.enqueue(transaction, f"2783{number:07}", "hello", key=f"{number}")
        box.enqueue(transaction, TO, "hello", key="key")
    settle(box, sms)
    assert sound(box) == {"skipped": 30, "accepted": 1}
    assert len(gateway.messages) == 1


def test_a_paused_account_sends_nothing_until_it_is_resumed(store: Store, gateway: Simulator, sms: Client) -> None:
    told: list[OutboxEvent] = []
    box = store.box(on_event=told.append)
    box.pause(by="Ann", why="the text is wrong")
    enqueue(box)
    enqueue(box, key="other", account="other")
    with working(box, sms), client(gateway, user="other") as another:
        settle(box, another, account="other")
        assert states(box) == ["pending"]
        (account,) = [each for each in box.status().accounts if each.name == "default"]
        assert (account.paused_why, account.paused_until) == ("the text is wrong", None)
        assert account.paused_since is not None
        box.resume(by="Ben", why="it is right now")
        assert box.wait("key", 20)[0].state is MessageState.ACCEPTED
    expected = [
        (Happening.ACCOUNT_PAUSED, "account default: the text is wrong", "Ann"),
        (Happening.ACCOUNT_RESUMED, "account default: it is right now", "Ben"),
    ]
    assert [(each.what, each.detail, each.who) for each in told] == expected
    assert [(each.what, each.detail, each.who) for each in reversed(box.events())] == expected


def test_a_pause_of_an_account_that_nobody_knows_is_refused_and_names_those_that_there_are(store: Store) -> None:
    box = store.box()
    enqueue(box, key="of codes", account="codes")
    box.set_rate(10, account="bills")
    for decide in (box.pause, box.resume):
        with pytest.raises(InvalidInput, match="account is 'code', and the outbox has 'bills', 'codes', 'default'"):
            decide(by="Ann", why="a wrong letter", account="code")
        for known in ("codes", "bills", "default"):
            decide(by="Ann", why="a test", account=known)
    assert {each.name for each in box.status().accounts} == {"bills", "codes", "default"}


def test_the_pause_of_a_person_outlasts_what_the_gateway_says(box: Outbox, gateway: Simulator, sms: Client) -> None:
    sms.authenticate()
    gateway.faults.add("error", command="sendmsg", code="301", times=1)
    gateway.faults.add("delay", command="sendmsg", seconds=0.1)
    enqueue(box)
    with working(box, sms):
        until(lambda: any(each.paused_why for each in box.status().accounts), "the account is paused")
        box.pause(by="Ann", why="wait for me")
    assert box.status().accounts[0].paused_until is None
    assert box.status().accounts[0].paused_why == "wait for me"
    assert next((each.what, each.who) for each in box.events()) == (Happening.ACCOUNT_PAUSED, "Ann")


def test_what_a_person_resumes_is_sent_at_once(box: Outbox, gateway: Simulator, sms: Client) -> None:
    """A message that stopped the account waits for longer than the account does, but not for longer than a person."""
    gateway.faults.add("error", command="sendmsg", code="301", times=1)
    enqueue(box)
    with working(box, sms):
        until(lambda: any(each.paused_why for each in box.status().accounts), "the account is paused")
        assert states(box) == ["pending"]
        box.resume(by="Ann", why="there is credit again")
        assert box.wait("key", 10)[0].state is MessageState.ACCEPTED


def test_the_pace_of_a_run_holds(box: Outbox, sms: Client) -> None:
    with box.transaction() as transaction:
        for number in range(30):
            box.enqueue(transaction, f"2782{number:07}", "hello", key=f"{number}")
    began = time.monotonic()
    settle(box, sms, rate=25)
    took = time.monotonic() - began
    # Two quanta may go at once; everything behind them has its time.
    assert took >= 30 / 25 - 0.2 - 1 / 25
    assert box.status().accounts[0].rate == 25
    box.set_rate(None)
    assert box.status().accounts[0].rate is None


@pytest.fixture
def poor() -> Iterator[Simulator]:
    with Simulator(accounts=[Account(123456, "acme", "secret", balance=Decimal(20))]) as simulator:
        yield simulator


def test_an_account_is_paused_before_it_is_empty_and_resumed_by_a_refill(
    store: Store, poor: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clicksoap.outbox.balances._EVERY", 0.1)
    box = store.box()
    for number in range(25):
        enqueue(box, f"2782{number:07}", key=f"{number}")
    with client(poor) as sms, working(box, sms, floor=12, senders=2, rate=10):
        until(lambda: any(each.paused_why for each in box.status().accounts), "the account is paused")
        status = box.status().accounts[0]
        assert "the balance is below its floor: " in (status.paused_why or "")
        assert status.balance is not None
        assert status.balance < 12
        assert 0 < len(poor.messages) < 20
        poor.gateway.set_balance(123456, "acme", Decimal(100))
        until(lambda: box.check().open == 0, "everything is settled")
    assert sound(box) == {"accepted": 25}
    assert len(poor.messages) == 25


def test_wait_tells_what_is_known_when_its_time_is_over(box: Outbox, sms: Client) -> None:
    assert box.wait("nothing", 0) == ()
    enqueue(box)
    began = time.monotonic()
    assert [each.state for each in box.wait("key", 0.1)] == [MessageState.PENDING]
    assert 0.1 <= time.monotonic() - began < 5
    with working(box, sms):
        assert [each.state for each in box.wait("key", 20)] == [MessageState.ACCEPTED]


def test_a_slice_of_work_ends_by_itself(box: Outbox, gateway: Simulator, sms: Client) -> None:
    enqueue(box)
    began = time.monotonic()
    done = box.work_slice(sms, 1.5, senders=2)
    assert 1.5 <= time.monotonic() - began < 15
    assert (done.sent, done.accepted) == (1, 1)
    assert len(gateway.messages) == 1


def test_work_until_everything_is_settled_returns(box: Outbox, sms: Client) -> None:
    enqueue(box, *OTHERS)
    assert box.work(sms, until_settled=True, senders=2).accepted == 3


def test_the_clients_of_a_factory_are_closed(box: Outbox, gateway: Simulator) -> None:
    closed: list[Client] = []

    class Counted(Client):
        def close(self) -> None:
            closed.append(self)
            super().close()

    enqueue(box)
    settle(box, lambda: Counted(**ACCOUNT, endpoint=gateway.origin))
    assert states(box) == ["accepted"]
    assert len(closed) == 1


def test_what_an_observer_raises_changes_nothing(store: Store, sms: Client) -> None:
    def fail(_event: OutboxEvent) -> None:
        raise RuntimeError("observer")

    box = store.box(on_event=fail)
    box.suppress(OTHERS[0], why="STOP")
    box.pause(by="test", why="test")
    box.resume(by="test", why="test")
    enqueue(box)
    settle(box, sms)
    assert states(box) == ["accepted"]
