"""A planned campaign is sent exactly as it was planned, goes on after an interruption, and is steered."""

import json
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from outboxes import ACCOUNT, Store, client, enqueue, settle, until, working
from sqlalchemy import text

from clicksoap import Client, ConfigurationError, InvalidInput
from clicksoap.outbox import CampaignState, Decision, Happening, MessageState, Outbox, OutboxEvent, Progress
from clicksoap.outbox.claims import _BATCH, _LEADS, _LEADS_IN_ZONE
from clicksoap.simulator import Simulator

from .test_planning import PEOPLE, planned, states, written

MANY = [(f"2782000{number:04}", f"N{number}", f"K{number}") for number in range(300)]


def test_a_plan_is_sent_once_and_every_row_is_accounted_for(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    run = box.send(planned(box, written(tmp_path, [*PEOPLE, ("12", "Dan", "A4")])), sms)
    assert run.state is CampaignState.FINISHED
    assert states(box) == {"accepted": 3, "rejected": 1}
    assert run.check().is_finished
    assert sorted((each.to, each.text) for each in gateway.messages) == [
        ("27821234561", "Dear Ann"),
        ("27821234562", "Dear Ben"),
        ("27821234563", "Dear Cleo"),
    ]
    with pytest.raises(InvalidInput, match=r"campaign 'run' was started before: resume it"):
        box.send("run", sms)
    run.resume(sms)
    assert len(gateway.messages) == 3


def test_the_progress_tells_bad_rows_from_refused_ones(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    sms.authenticate()
    gateway.faults.add("error", command="sendmsg", code="114", times=1)
    told: list[Progress] = []
    box.send(planned(box, written(tmp_path, [*PEOPLE, ("12", "Dan", "A4")])), sms, on_progress=told.append)
    assert (told[-1].rejected, told[-1].bad) == (2, 1)
    assert str(told[-1]).startswith("4 of 4, 1 bad row, 1 refused")


def test_a_campaign_without_a_client_is_not_started(box: Outbox, sms: Client, tmp_path: Path) -> None:
    """Its plan may still be replaced, and the pause of a campaign does not end."""

    def no_settings() -> Client:
        raise ConfigurationError("no api_id: set CLICKSOAP_API_ID")

    plan = planned(box, written(tmp_path, PEOPLE))
    with pytest.raises(ConfigurationError, match="no api_id"):
        box.send(plan, no_settings)
    assert box.campaign("run").state is CampaignState.PLANNED
    run = box.send(planned(box, written(tmp_path, PEOPLE)), sms, on_progress=_pausing(box, 0), rate=1)
    assert run.state is CampaignState.PAUSED
    with pytest.raises(ConfigurationError, match="no api_id"):
        run.resume(no_settings)
    assert run.state is CampaignState.PAUSED


def test_groups_are_sent_in_the_requests_of_the_plan(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    plan = planned(box, written(tmp_path, MANY), text="The same for all", per_request=150)
    before = len(gateway.exchanges.latest())
    run = box.send(plan, sms)
    assert states(box) == {"accepted": 300}
    assert plan.requests == 2
    sends = [each for each in gateway.exchanges.latest() if each.command == "sendmsg"]
    assert len(sends) - before <= 2
    assert run.totals().rows == 300


def test_a_strict_plan_with_a_bad_row_sends_nothing(box: Outbox, sms: Client, tmp_path: Path) -> None:
    path = written(tmp_path, [*PEOPLE, ("12", "Dan", "A4")])
    plan = planned(box, path, strict=True)
    assert "nothing is sent (strict)" in str(plan)
    with pytest.raises(InvalidInput, match="is strict and has 1 bad rows"):
        box.send(plan, sms)
    assert box.campaign("run").state is CampaignState.PLANNED
    settle(box, sms)
    assert states(box) == {"pending": 3, "rejected": 1}


def test_a_file_that_changed_since_its_plan_is_refused_and_one_that_is_gone_is_not(
    box: Outbox, sms: Client, tmp_path: Path
) -> None:
    path = written(tmp_path, PEOPLE)
    plan = planned(box, path)
    written(tmp_path, PEOPLE[:2])
    with pytest.raises(InvalidInput, match=r"run\.csv changed since it was planned: plan it again"):
        box.send(plan, sms)
    path.unlink()
    box.send(plan, sms)
    assert states(box) == {"accepted": 3}


def test_a_campaign_that_is_paused_sends_nothing_until_it_is_resumed(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    plan = planned(box, written(tmp_path, MANY))
    run = box.send(plan, sms, rate=2000, on_progress=_pausing(box, 20), senders=2)
    assert run.state is CampaignState.PAUSED
    sent = len(gateway.messages)
    assert 20 <= sent < 300
    assert states(box) == {"accepted": sent, "pending": 300 - sent}
    enqueue(box, key="another")
    settle(box, sms)
    assert len(gateway.messages) == sent + 1
    with pytest.raises(InvalidInput, match="is paused already: seen"):
        run.pause(by="test", why="again")
    run.resume(sms, by="test", why="looked at")
    assert states(box) == {"accepted": 300}
    assert len(gateway.messages) == 301
    told = [each.what for each in box.events() if each.what.value.startswith("campaign")]
    assert told == [Happening.CAMPAIGN_RESUMED, Happening.CAMPAIGN_PAUSED, Happening.CAMPAIGN_STARTED]


def _pausing(box: Outbox, accepted: int) -> Any:
    def look(progress: Any) -> None:
        campaign = box.campaign("run")
        if progress.accepted >= accepted and campaign.state is CampaignState.RUNNING:
            campaign.pause(by="test", why="seen")

    return look


def test_a_cancelled_campaign_never_leaves_and_the_gateway_stops_what_it_holds(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    run = box.send(
        planned(box, written(tmp_path, MANY), deliver_at=_tomorrow()),
        sms,
        rate=2000,
        on_progress=_pausing(box, 20),
        senders=2,
    )
    sent = len(gateway.messages)
    cancelled = run.cancel(sms, by="test", why="wrong amounts")
    assert (cancelled.waiting, cancelled.out) == (300 - sent, 0)
    assert (cancelled.held, cancelled.stopped, cancelled.unasked) == (sent, sent, 0)
    assert run.state is CampaignState.CANCELLED
    assert states(box) == {"accepted": sent, "cancelled": 300 - sent}
    with pytest.raises(InvalidInput, match="is cancelled, so it cannot go on"):
        run.resume(sms)
    settle(box, sms)
    assert len(gateway.messages) == sent


def _tomorrow() -> Any:
    return datetime.now(UTC) + timedelta(days=1)


def test_a_campaign_pauses_itself_after_so_many_refusals(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    gateway.faults.add("error", command="sendmsg", code="114")
    run = box.send(planned(box, written(tmp_path, MANY)), sms, stop_after=10, senders=1)
    assert run.state is CampaignState.PAUSED
    assert 10 <= states(box)["rejected"] < 60
    assert run.info().why == f"the gateway refused {states(box)['rejected']} messages (stop_after=10)"
    gateway.faults.clear()
    run.resume(sms)
    assert run.check().is_finished


def test_a_refusal_of_a_whole_request_pauses_the_campaign(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    gateway.faults.add("error", command="sendmsg", code="106")
    run = box.send(planned(box, written(tmp_path, MANY), sender="ACME"), sms, senders=1)
    assert run.state is CampaignState.PAUSED
    assert states(box)["pending"] > 200
    assert "the gateway refused a whole request: " in str(run.info().why)


def test_rows_wait_in_their_quiet_hours(box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path) -> None:
    hours = _quiet_now()
    path = written(
        tmp_path, [("27821234561", "A", "UTC"), ("27821234562", "B", _elsewhere())], ("mobile", "name", "tz")
    )
    plan = box.plan("run", csv=path, to="mobile", text="hi", quiet=hours, per_row={"zone": "tz"})
    assert plan.zones == tuple(sorted(("UTC", _elsewhere())))
    told: list[Any] = []

    def look(progress: Any) -> None:
        told.append(progress)
        if progress.accepted and box.campaign("run").state is CampaignState.RUNNING:
            box.campaign("run").pause(by="test", why="seen")

    box.send(plan, sms, on_progress=look)
    assert [each.to for each in gateway.messages] == ["27821234562"]
    plan = box.plan("all", csv=path, to="mobile", text="hi", quiet=hours, zone="UTC", again="test")
    with working_campaign(box, sms, "all") as seen:
        until(lambda: any(each.held_until for each in seen), "it says until when it waits")
    assert len(gateway.messages) == 1


def _quiet_now() -> str:
    now = datetime.now(UTC)
    return f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"


def _elsewhere() -> str:
    """A zone where it is another time of day."""
    return "Asia/Tokyo"


class working_campaign:  # noqa: N801 - reads as the helper that it is
    """Sends a campaign in a thread, and pauses it at the end."""

    def __init__(self, box: Outbox, sms: Client, name: str) -> None:
        self._box, self._name = box, name
        self.seen: list[Any] = []
        self._thread = threading.Thread(target=lambda: box.send(name, sms, on_progress=self.seen.append))

    def __enter__(self) -> list[Any]:
        self._thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._box.campaign(self._name).pause(by="test", why="seen")
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_alerts_and_the_stream_are_sent_beside_a_campaign(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    enqueue(box, key="alert")
    box.send(planned(box, written(tmp_path, PEOPLE)), sms)
    assert len(gateway.messages) == 4


def test_two_workers_send_a_campaign_together(store: Store, gateway: Simulator, tmp_path: Path) -> None:
    one, other = store.box(), store.box()
    plan = planned(one, written(tmp_path, MANY[:100]))
    with client(gateway) as sms, client(gateway) as second, working(other, second):
        one.send(plan, sms)
    assert states(one) == {"accepted": 100}
    assert len(gateway.messages) == 100


def test_a_lost_answer_is_asked_about_and_told(box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path) -> None:
    gateway.faults.add("reset", command="sendmsg", times=2)
    told: list[Any] = []
    run = box.send(planned(box, written(tmp_path, PEOPLE)), sms, on_progress=told.append)
    assert states(box) == {"accepted": 3}
    assert len(gateway.messages) == 3
    assert run.state is CampaignState.FINISHED
    assert told[-1].done == 3


def test_a_paused_campaign_without_open_rows_is_finished_and_a_cancelled_one_sends_nothing_again(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    gateway.faults.lose_answer("sendmsg")
    run = box.send(planned(box, written(tmp_path, PEOPLE), text="The same for all"), sms)
    assert states(box) == {"unconfirmed": 3}
    with box.transaction() as transaction:
        transaction.execute(
            text("UPDATE clicksoap_campaign SET state = 'paused', paused_why = 'seen' WHERE key = 'run'")
        )
    assert (run.state, run.info().why) == (CampaignState.FINISHED, None)
    run.cancel(by="Ann", why="wrong amounts")
    message = box.list()[0]
    with pytest.raises(InvalidInput, match=f"message {message.id} is of a cancelled campaign: give it up"):
        box.resolve(message, Decision.SEND_AGAIN, by="Ann", why="she has nothing")
    assert box.resolve(message, Decision.ARRIVED, by="Ann", why="she has it").state is MessageState.ACCEPTED
    assert len(gateway.messages) == 3


def test_the_doubtful_messages_of_one_campaign_are_listed_alone(
    box: Outbox, sms: Client, gateway: Simulator, tmp_path: Path
) -> None:
    gateway.faults.lose_answer("sendmsg", times=2)
    box.send(planned(box, written(tmp_path, PEOPLE), text="The same for all"), sms)
    enqueue(box, "27821234568", "27821234569", key="alone")
    settle(box, sms)
    assert [each.key for each in box.list()] == ["A1", "A2", "A3", "alone", "alone"]
    assert [each.key for each in box.list(campaign="run")] == ["A1", "A2", "A3"]
    assert [each.key for each in box.list(MessageState.ACCEPTED, campaign="run")] == []
    with pytest.raises(InvalidInput, match="there is no campaign 'another': look at the names"):
        box.list(campaign="another")


def test_a_campaign_whose_outcome_stays_open_returns_in_time(store: Store, gateway: Simulator, tmp_path: Path) -> None:
    box = store.box(believe_after=60)
    gateway.faults.add("reset", command="sendmsg", times=1, carried_out=False)
    with client(gateway) as sms:
        run = box.send(planned(box, written(tmp_path, PEOPLE)), sms, settle_within=3)
    assert not run.check().is_finished
    assert states(box) == {"accepted": 2, "sending": 1}


def test_events_name_the_campaign(store: Store, sms: Client, tmp_path: Path) -> None:
    events: list[OutboxEvent] = []
    box = store.box(on_event=events.append)
    box.send(planned(box, written(tmp_path, PEOPLE)), sms)
    assert [(each.what, each.detail) for each in events] == [(Happening.CAMPAIGN_STARTED, "run")]
    box.campaign("run").note("all went well")
    assert box.campaign("run").info().note == "all went well"


PROGRAM = """
import json, sys
from clicksoap import Client
from clicksoap.outbox import Outbox
url, origin = sys.argv[1:]
def tell(progress):
    print(progress.accepted, flush=True)
with Outbox(url, believe_after=0.2) as box, Client(**json.loads(sys.stdin.readline()), endpoint=origin) as sms:
    run = box.send("run", sms, rate=60, senders=4, on_progress=tell)
    print(run.state, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_campaign_is_resumed(
    store: Store, gateway: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    box = store.box()
    planned(box, written(tmp_path, MANY[:80]))
    command = [sys.executable, "-c", PROGRAM, store.url, gateway.origin]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(ACCOUNT) + "\n")
        process.stdin.flush()
        while int(process.stdout.readline()) < 1:
            pass
        process.send_signal(number)
        assert process.stdout.read().splitlines()[-1] == "running"
        assert process.wait() == 0
    assert 0 < len(gateway.messages) < 80
    with client(gateway) as sms:
        box.campaign("run").resume(sms)
    assert states(box) == {"accepted": 80}
    assert len(gateway.messages) == 80


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (_LEADS, "clicksoap_message_due"),
        (_BATCH, "clicksoap_message_batch"),
        (_LEADS_IN_ZONE, "clicksoap_message_zone"),
    ],
    ids=["leads", "batch", "zone"],
)
def test_a_claim_reads_no_more_than_its_rows(sqlite: Store, statement: Any, index: str) -> None:
    """By the index of what is due, SQLite would read a whole campaign for each request of a batch, or of a zone."""
    given = {"account": "default", "campaign": 1, "priority": 1, "now": 1e12, "limit": 300, "batch": "a", "zone": "UTC"}
    with sqlite.box().transaction() as connection:
        compiled = statement.compile(connection)
        values = tuple({**compiled.params, **given}[name] for name in compiled.positiontup)
        plan = " ".join(
            str(each.detail) for each in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        )
    assert f"USING INDEX {index} " in plan
