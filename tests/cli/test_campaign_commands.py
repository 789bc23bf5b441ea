"""The commands for campaigns: plan, send, look, pause, resume, cancel, export, and what each exits with."""

import csv
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clicksoap.outbox import CampaignState, Outbox
from clicksoap.simulator import Simulator

from .conftest import CLICKSOAP, Run
from .test_outbox_command import document

PEOPLE = "mobile,name,invoice\n27821234561,Ann,A1\n27821234562,Ben,A2\n12,Dan,A3\n"
TEXT = ("--to", "mobile", "--text", "Dear {name}", "--key", "invoice")


pytestmark = pytest.mark.usefixtures("box")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An outbox, which the commands find by the variable."""
    url = f"sqlite:///{tmp_path}/outbox.db"
    monkeypatch.setenv("CLICKSOAP_OUTBOX", url)
    return Outbox(url, believe_after=0.1).open()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "run.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


def test_a_file_is_planned_sent_and_accounted_for(run: Run, gateway: Simulator, people: Path, tmp_path: Path) -> None:
    ran = run("outbox", "plan", "run", str(people), *TEXT, "--preview", "1")
    assert ran.exit_code == 0, ran.output
    assert "Plan run from run.csv: 3 rows." in ran.stdout
    assert "line 4, column mobile, '12'" in ran.stdout
    assert "line 2\t27821234561\tDear Ann" in ran.stdout
    assert "clicksoap outbox send run" in ran.stderr
    assert len(gateway.messages) == 0
    ran = run("outbox", "send", "run", "--json")
    assert ran.exit_code == 3, ran.output
    data = document(ran, "outbox send")
    assert (data["state"], data["rows"], data["by_state"]) == ("finished", 3, {"accepted": 2, "rejected": 1})
    assert sorted(each.text for each in gateway.messages) == ["Dear Ann", "Dear Ben"]
    assert run("outbox", "resume", "run", "--tolerate", "rejected=1").exit_code == 0
    target = tmp_path / "result.csv"
    assert run("outbox", "export", "run", str(target)).exit_code == 0
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["invoice"], row["sms_state"]) for row in rows] == [
        ("A1", "accepted"),
        ("A2", "accepted"),
        ("A3", "rejected"),
    ]
    assert rows[2]["sms_reason"]
    assert run("outbox", "export", "run", str(target)).exit_code == 2
    page = tmp_path / "report.html"
    assert run("outbox", "export", "run", str(page)).exit_code == 0
    assert "<svg" in page.read_text("utf-8")
    shown = run("outbox", "export", "run", "-", "--state", "rejected").stdout
    assert shown.splitlines()[1].startswith("12,Dan,A3")
    assert run("outbox", "export", "run", "x.csv", "--state", "lost").exit_code == 2
    assert run("outbox", "campaigns").stdout.split("\t")[:2] == ["run", "finished"]
    data = document(run("outbox", "campaigns", "--json"), "outbox campaigns")
    assert data["campaigns"][0]["state"] == "finished"


def test_a_strict_plan_with_a_bad_row_exits_with_code_3_and_sends_nothing(
    run: Run, gateway: Simulator, people: Path
) -> None:
    ran = run("outbox", "plan", "run", str(people), *TEXT, "--strict", "--json")
    assert ran.exit_code == 3
    assert document(ran, "outbox plan")["plan"]["bad"] == {"bad number": 1}
    assert run("outbox", "send", "run").exit_code == 2
    assert len(gateway.messages) == 0


def test_the_standard_input_and_a_file_of_the_text_are_read(box: Outbox, tmp_path: Path) -> None:
    wording = tmp_path / "text.txt"
    wording.write_text("Dear {name}\n", encoding="utf-8")
    command = [str(CLICKSOAP), "outbox", "plan", "run", "-", "--to", "mobile", "--text-file", str(wording)]
    done = subprocess.run(command, input=PEOPLE.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [each.text for each in box.campaign("run").plan().preview()] == ["Dear Ann", "Dear Ben"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "mobile"), "the text is missing"),
        (("--to", "phone", "--text", "hi"), "to names the column 'phone'"),
        (("--to", "mobile", "--text", "Dear {nam}"), "nam"),
        (("--to", "mobile", "--text", "hi", "--per-row", "sender"), "'sender' is not a pair"),
        (("--to", "mobile", "--text", "hi", "--due-at", "soon"), "'soon' is not a time"),
    ],
)
def test_what_cannot_be_planned_is_a_fault_of_usage(
    run: Run, box: Outbox, people: Path, arguments: tuple[str, ...], words: str
) -> None:
    ran = run("outbox", "plan", "run", str(people), *arguments)
    assert ran.exit_code == 2, ran.output
    assert words in ran.output
    assert box.campaigns() == ()


@pytest.mark.usefixtures("gateway")
def test_a_command_in_a_note_can_be_pasted_into_a_shell(run: Run, people: Path) -> None:
    planned = run("outbox", "plan", "bills (May)", str(people), *TEXT)
    assert "clicksoap outbox send 'bills (May)'" in planned.stderr
    sent = run("outbox", "send", "bills (May)")
    assert "clicksoap outbox export 'bills (May)' rest.csv --state rejected" in sent.stderr


def test_a_campaign_is_paused_continued_and_cancelled(run: Run, box: Outbox, gateway: Simulator, people: Path) -> None:
    assert run("outbox", "plan", "run", str(people), *TEXT).exit_code == 0
    assert run("outbox", "pause", "--campaign", "run", "--why", "test").exit_code == 2
    with box._database.write() as connection:
        connection.exec_driver_sql("UPDATE clicksoap_campaign SET state = 'running' WHERE key = 'run'")
    assert run("outbox", "pause", "--campaign", "run", "--why", "test").exit_code == 0
    assert box.campaign("run").state is CampaignState.PAUSED
    assert run("outbox", "continue", "--campaign", "run", "--why", "test").exit_code == 0
    ran = run("outbox", "cancel", "run", "--why", "wrong amounts", "--at-gateway", "--json")
    assert ran.exit_code == 0, ran.output
    assert document(ran, "outbox cancel")["waiting"] == 2
    assert run("outbox", "resume", "run").exit_code == 2
    assert run("outbox", "send", "nothing").exit_code == 2
    assert len(gateway.messages) == 0


def test_the_messages_of_one_campaign_are_listed_alone(run: Run, box: Outbox, people: Path) -> None:
    assert run("outbox", "plan", "run", str(people), *TEXT).exit_code == 0
    with box.transaction() as transaction:
        box.enqueue(transaction, "27821234569", "hello", key="alone")
    assert len(run("outbox", "list", "pending", "rejected").stdout.splitlines()) == 4
    data = document(run("outbox", "list", "pending", "--campaign", "run", "--json"), "outbox list")
    assert [each["key"] for each in data["messages"]] == ["A1", "A2"]
    (row,) = run("outbox", "list", "pending", "rejected", "--campaign", "run", "--limit", "1").stdout.splitlines()
    assert "pending" in row
    unknown = run("outbox", "list", "--campaign", "nothing")
    assert unknown.exit_code == 2
    assert "there is no campaign 'nothing'" in unknown.stderr


def test_ctrl_c_stops_a_campaign_which_says_how_to_resume(
    run: Run, box: Outbox, account: dict[str, str], gateway: Simulator, tmp_path: Path
) -> None:
    rows = [f"2782000{number:04}" for number in range(120)]
    (tmp_path / "many.csv").write_text("\n".join(["mobile", *rows]), encoding="utf-8")
    box.plan("many", csv=tmp_path / "many.csv", to="mobile", text="{mobile}")
    command = [str(CLICKSOAP), "outbox", "send", "many", "--rate", "60", "--json"]
    environment: dict[str, Any] = {**os.environ, **account}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as sender:
        assert sender.stderr is not None
        while " of 120" not in (line := sender.stderr.readline()):
            assert line, "it ended"
        box.campaign("many").get("line 2")
        sender.send_signal(signal.SIGINT)
        out, err = sender.communicate(timeout=60)
    assert sender.returncode == 75, err
    assert "clicksoap outbox resume many" in err
    data = json.loads(out)
    assert (data["state"], data["is_finished"]) == ("running", False)
    ran = run("outbox", "resume", "many", "--rate", "2000")
    assert ran.exit_code == 0, ran.output
    assert len(gateway.messages) == 120
    assert len({each.to for each in gateway.messages}) == 120
