"""A plan checks every row, writes it down and sends nothing."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from outboxes import Store, settle

from clicksoap import Client, InvalidInput
from clicksoap.errors import KeyTaken
from clicksoap.outbox import CampaignState, MessageState, Outbox, Plan

HEADER = ("mobile", "name", "invoice")
PEOPLE = (
    ("27821234561", "Ann", "A1"),
    ("27821234562", "Ben", "A2"),
    ("27821234563", "Cleo", "A3"),
)


def written(folder: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, name: str = "run.csv") -> Path:
    """A CSV file."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def planned(box: Outbox, path: Path, name: str = "run", **options: Any) -> Plan:
    """A plan of a file."""
    return box.plan(name, **{"csv": path, "to": "mobile", "text": "Dear {name}", "key": "invoice", **options})


def states(box: Outbox, name: str = "run") -> dict[str, int]:
    """How many rows of a campaign are in each state."""
    found = box.campaign(name).check()
    assert found.is_sound, str(found)
    return {state.value: count for state, count in found.by_state.items()}


def test_a_plan_counts_its_rows_and_sends_nothing(box: Outbox, sms: Client, gateway: Any, tmp_path: Path) -> None:
    plan = planned(box, written(tmp_path, PEOPLE))
    assert (plan.name, plan.source, plan.columns, plan.rows, plan.messages) == ("run", "run.csv", HEADER, 3, 3)
    assert (plan.parts, plan.unicode, plan.requests, plan.credits) == (3, 0, 3, Decimal(3))
    assert plan.bad == {}
    assert [(each.line, each.to, each.text) for each in plan.preview(2)] == [
        (2, "27821234561", "Dear Ann"),
        (3, "27821234562", "Dear Ben"),
    ]
    assert box.campaign("run").state is CampaignState.PLANNED
    settle(box, sms)
    assert len(gateway.messages) == 0
    assert box.check().messages == 0
    assert box.status().messages == {}


def test_rows_with_the_same_text_share_requests_and_a_number_stands_in_one_of_them(box: Outbox, tmp_path: Path) -> None:
    rows = [(f"2782123{number:04}", "x", f"K{number}") for number in range(250)]
    plan = planned(box, written(tmp_path, rows), text="The same for all", per_request=100)
    assert (plan.messages, plan.requests) == (250, 3)
    named = [(number, f"{'AB'[position % 2]}", key) for position, (number, _, key) in enumerate(rows)]
    plan = planned(box, written(tmp_path, named), text="Dear {name}", per_request=100)
    assert (plan.messages, plan.requests) == (250, 4)


def test_bad_rows_are_named_by_line_column_value_and_mend(box: Outbox, tmp_path: Path) -> None:
    rows = [*PEOPLE, ("12", "Dan", "A4"), ("27821234565", "Eve", ""), ("27821234566", "Fay", "A1")]
    plan = planned(box, written(tmp_path, rows))
    assert (plan.rows, plan.messages, sum(plan.bad.values())) == (6, 3, 3)
    assert [(each.line, each.column, each.value) for each in plan.problems] == [
        (5, "mobile", "12"),
        (6, "invoice", ""),
        (7, "invoice", "A1"),
    ]
    assert "line 2 already" in plan.problems[2].reason
    assert states(box) == {"pending": 3, "rejected": 3}
    shown = str(plan)
    assert "3 bad rows, not sent" in shown
    assert "line 5, column mobile, '12': " in shown
    for each in plan.problems:
        assert ": " in each.reason


def test_a_number_that_stands_twice_gets_one_message_unless_both_are_asked_for(box: Outbox, tmp_path: Path) -> None:
    rows = [*PEOPLE, ("+27 82 123 4561", "Ann again", "A4")]
    plan = planned(box, written(tmp_path, rows))
    assert (plan.messages, plan.duplicates) == (3, 1)
    (double,) = box.campaign("run").get("A4")
    assert (double.state, double.why) == (MessageState.SKIPPED, "the number stands in line 2 already")
    plan = planned(box, written(tmp_path, rows), text="for all", duplicates="send")
    assert (plan.messages, plan.duplicates, plan.requests) == (4, 0, 2)


def test_a_number_that_stands_far_behind_is_found_as_well(box: Outbox, tmp_path: Path) -> None:
    rows = [(f"2782{number:07}", "x", f"K{number}") for number in range(4500)]
    rows.append(("27820000007", "x", "again"))
    plan = planned(box, written(tmp_path, rows), text="for all")
    assert (plan.messages, plan.duplicates) == (4500, 1)
    (double,) = box.campaign("run").get("again")
    assert double.why == "the number stands in line 9 already"
    rows[-1] = ("27821111111", "x", "K7")
    plan = planned(box, written(tmp_path, rows), text="for all")
    assert (plan.messages, plan.bad, plan.problems[0].line) == (4500, {"key": 1}, 4502)


def test_a_suppressed_number_and_one_that_is_not_allowed_get_nothing(store: Store, tmp_path: Path) -> None:
    box = store.box(allow_list=["+27821234561", 27821234562])
    box.suppress("27821234562", why="STOP")
    plan = planned(box, written(tmp_path, PEOPLE))
    assert (plan.messages, plan.suppressed, plan.not_allowed) == (1, 1, 1)
    campaign = box.campaign("run")
    assert campaign.get("A2")[0].why == "the number is suppressed: STOP"
    assert campaign.get("A3")[0].why == "the number is not on the allow-list"
    with box.transaction() as transaction:
        box.enqueue(transaction, ["27821234561", "27821234563"], "hello", key="group")
    assert [each.state.value for each in box.get("group")] == ["pending", "skipped"]


def test_a_unicode_text_and_the_longest_one_are_named(box: Outbox, tmp_path: Path) -> None:
    rows = [PEOPLE[0], ("27821234562", "Zo 🎉", "A2"), ("27821234563", "C" * 200, "A3")]
    plan = planned(box, written(tmp_path, rows))
    assert (plan.parts, plan.unicode) == (4, 1)
    assert plan.first_unicode is not None
    assert (plan.first_unicode.line, plan.first_unicode.because) == (3, "U+1F389 PARTY POPPER")
    assert plan.longest is not None
    assert (plan.longest.line, plan.longest.parts, plan.longest.characters) == (4, 2, 205)
    assert "line 3, because of U+1F389 PARTY POPPER" in str(plan)


def test_a_text_of_thirty_six_parts_is_a_bad_row(box: Outbox, tmp_path: Path) -> None:
    plan = planned(box, written(tmp_path, [("27821234561", "x" * 153 * 35 + "y", "A1"), *PEOPLE[1:]]))
    assert plan.bad == {"too long": 1}
    assert "36 parts" in plan.problems[0].reason


def test_another_plan_of_the_same_name_takes_the_place_of_one_that_was_never_sent(box: Outbox, tmp_path: Path) -> None:
    planned(box, written(tmp_path, PEOPLE))
    plan = planned(box, written(tmp_path, PEOPLE[:1]))
    assert plan.messages == 1
    assert states(box) == {"pending": 1}
    assert len(box.campaigns()) == 1


def test_what_was_sent_is_refused_unless_somebody_says_why(box: Outbox, sms: Client, tmp_path: Path) -> None:
    path = written(tmp_path, PEOPLE)
    box.send(planned(box, path), sms)
    with pytest.raises(KeyTaken, match=r"the same rows were sent as campaign 'run'"):
        planned(box, path, "another name")
    with pytest.raises(KeyTaken, match="campaign 'run' was sent before"):
        planned(box, written(tmp_path, PEOPLE[:2], name="other.csv"))
    rows = [dict(zip(HEADER, row, strict=True)) for row in PEOPLE]
    box.send(box.plan("run of rows", rows=rows, to="mobile", text="hi"), sms)
    with pytest.raises(KeyTaken, match="the same rows were sent as campaign 'run of rows'"):
        box.plan("mappings", rows=iter(rows), to="mobile", text="hi")
    plan = planned(box, path, again="the operator lost them")
    assert plan.name == "run (2)"
    info = box.campaign("run (2)").info()
    assert (info.again_of, info.again_why) == ("run", "the operator lost them")


def test_rows_bring_their_own_sender_time_and_label(box: Outbox, sms: Client, gateway: Any, tmp_path: Path) -> None:
    at = (datetime.now(UTC) + timedelta(hours=5)).isoformat(timespec="minutes")
    rows = [
        ("27821234561", "ACME", "", "one"),
        ("27821234562", "", at, ""),
        ("27821234563", "", "tomorrow", ""),
        ("27821234564", "A sender that is too long", "", ""),
    ]
    path = written(tmp_path, rows, ("mobile", "from", "due", "label"))
    per_row = {"sender": "from", "due_at": "due", "tag": "label"}
    plan = box.plan("run", csv=path, to="mobile", text="hello", per_row=per_row)
    assert (plan.messages, plan.bad) == (2, {"option": 2})
    assert [(each.line, each.column) for each in plan.problems] == [(4, "due"), (5, "from")]
    box.send(plan, sms, settle_within=0, stop_after=None, on_progress=_stop_when(box, 1))
    assert [each.sender for each in gateway.messages] == ["ACME"]
    assert box.campaign("run").get("line 2")[0].tag == "one"


def _stop_when(box: Outbox, accepted: int) -> Any:
    def look(progress: Any) -> None:
        if progress.accepted >= accepted and box.campaign("run").state is CampaignState.RUNNING:
            box.campaign("run").pause(by="test", why="seen")

    return look


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": "phone"}, r"to names the column 'phone', and run.csv has mobile, name, invoice"),
        ({"key": "number"}, r"key names the column 'number'"),
        ({"text": "Dear {nam}"}, r"nam"),
        ({"text": ""}, r"the text is empty"),
        ({"quiet": "21:00-08:00"}, r"quiet has no time zone"),
        ({"per_row": {"colour": "name"}}, r"per_row names 'colour'"),
        ({"per_row": {"sender": "from"}}, r"per_row names the column 'from'"),
        ({"per_request": 301}, r"per_request is not a number from 1 to 300"),
        ({"duplicates": "drop"}, r'duplicates is not "skip" or "send"'),
        ({"credits_per_part": "free"}, r"credits_per_part is not a number of credits"),
        ({"sender": "A sender that is too long"}, r"sender"),
        ({"strict": 1}, r"strict is int"),
        ({"again": " "}, r"again is empty"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_leaves_nothing(
    box: Outbox, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        planned(box, written(tmp_path, PEOPLE), **options)
    assert box.campaigns() == ()


def test_a_plan_that_breaks_off_leaves_nothing_behind(box: Outbox, store: Store) -> None:
    def rows() -> Any:
        for number in range(5000):
            yield {"mobile": f"2782{number:07}"}
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        box.plan("run", rows=rows(), to="mobile", text="hello")
    assert box.campaigns() == ()
    assert store.sql("SELECT count(*) FROM clicksoap_message") == [(0,)]


def test_retention_removes_the_cells_of_bad_rows_too(box: Outbox, sms: Client, tmp_path: Path, store: Store) -> None:
    box.send(planned(box, written(tmp_path, [*PEOPLE, ("12", "Dan", "A4")])), sms)
    box.prune(timedelta(0))
    assert store.sql("SELECT count(*) FROM clicksoap_message WHERE source IS NOT NULL OR given IS NOT NULL") == [(0,)]
    assert states(box) == {"accepted": 3, "rejected": 1}
    plan = box.campaign("run").plan()
    assert [each.value for each in plan.problems] == [None]


def test_rows_whose_key_an_earlier_campaign_sent_are_told(box: Outbox, sms: Client, tmp_path: Path) -> None:
    """One more row makes another file, so the keys have to say that the others went out."""
    box.send(planned(box, written(tmp_path, PEOPLE)), sms)
    more = written(tmp_path, [*PEOPLE, ("27821234564", "Dan", "A4")], name="more.csv")
    plan = planned(box, more, "more")
    assert (plan.messages, plan.sent_before, plan.sent_as) == (4, 3, "run")
    assert "Warning: 3 rows of campaign 'run' had the same key and went out there. They are sent again." in str(plan)
    # Without keys, a row is known by its line, which says nothing about another file.
    assert planned(box, more, "more", key=None).sent_before == 0


def test_rows_of_a_cancelled_campaign_may_be_sent_by_another_one(box: Outbox, sms: Client, tmp_path: Path) -> None:
    def cancel(_: object) -> None:
        campaign = box.campaign("run")
        if campaign.state is CampaignState.RUNNING:
            campaign.cancel(by="Ann", why="wrong amounts")

    plan = planned(box, written(tmp_path, PEOPLE), due_at=datetime.now(UTC) + timedelta(hours=1))
    box.send(plan, sms, on_progress=cancel)
    assert states(box) == {"cancelled": 3}
    assert planned(box, written(tmp_path, PEOPLE[:2], name="again.csv"), "again").sent_before == 0
