"""The verbs of a single message against the simulator: what they print, their JSON, their exit codes."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import clicksoap
from clicksoap.cli.json_shapes import SHAPES
from clicksoap.cli.output import _WORDS
from clicksoap.contract import Dialect, wsdl
from clicksoap.results import SendReport
from clicksoap.simulator import Simulator

from .conftest import PASSWORD, Run

GOOD, BAD = "27821234567", "9991051234567"


def document(result: Result, verb: str) -> dict[str, Any]:
    """The JSON of a verb, whose fields are among the documented ones."""
    data: dict[str, Any] = json.loads(result.stdout)
    assert data["exit_code"] == result.exit_code
    assert data.keys() - {"exit_code", "error"} <= SHAPES[verb].keys()
    return data


def test_each_recipient_of_a_send_is_a_line_and_the_rest_is_a_note(run: Run, gateway: Simulator) -> None:
    result = run("send", f"+{GOOD}", BAD, "hello")
    (message,) = gateway.gateway.messages
    assert result.stdout.splitlines() == [
        f"{GOOD}\taccepted\t{message.id}",
        f"{BAD}\trejected\t105 Invalid destination address",
    ]
    assert (result.stderr, result.exit_code) == ("1 accepted, 1 rejected.\nMore about 105: clicksoap explain 105\n", 3)


def test_the_json_of_a_send_holds_its_report(run: Run) -> None:
    data = document(run("send", "--json", f"+{GOOD}", BAD, "hello"), "send")
    report = SendReport.from_dict(data["report"])
    assert [each.state.value for each in report] == ["accepted", "rejected"]


def test_rejections_may_be_tolerated(run: Run) -> None:
    assert run("send", "--tolerate", "rejected=50%", GOOD, BAD, "hello").exit_code == 0
    assert run("send", "--tolerate", "rejected=1", BAD, BAD, "hello").exit_code == 3


def test_numbers_come_from_a_file_and_the_text_from_the_standard_input(
    run: Run, gateway: Simulator, tmp_path: Path
) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("# ours\n+27 82 123 4567\n\n+27831234567\n", encoding="utf-8")
    assert run("send", "--to-file", "numbers.txt", "-", given="good day\n").exit_code == 0
    assert [(each.to, each.text) for each in gateway.gateway.messages] == [
        ("27821234567", "good day"),
        ("27831234567", "good day"),
    ]


def test_options_of_a_message_reach_the_gateway(run: Run, gateway: Simulator) -> None:
    options = ("--flash", "--after", "90m", "--validity", "2h", "--sender", "ACME", "--client-id", "order1", "--plain")
    assert run("send", *options, GOOD, "“hello”").exit_code == 0
    (message,) = gateway.gateway.messages
    assert (message.text, message.client_message_id) == ('"hello"', "order1")
    (exchange, *_) = gateway.exchanges.latest()
    for part in ("<deliv_time>90<", "<validity>120<", "<from>ACME<", "SMS_FLASH"):
        assert part in exchange.request


def test_a_dry_run_counts_and_sends_nothing(run: Run, gateway: Simulator) -> None:
    result = run("send", "--dry-run", GOOD, "27831234567", "x" * 161)
    assert result.stdout == "2 recipients, 1 request, 2 parts each, 4 in total\n"
    data = json.loads(run("send", "--dry-run", "--json", GOOD, "x").stdout)
    assert (data["dry_run"], data["recipients"], data["parts"], data["binding"]) == (True, 1, 1, "document_literal")
    assert gateway.exchanges.total == 0


def test_those_that_were_not_sent_to_are_written_to_a_file(run: Run, gateway: Simulator, tmp_path: Path) -> None:
    gateway.faults.add("status", command="sendmsg", status=404)
    result = run("send", "--rest", "rest.txt", GOOD, "27831234567", "hello")
    assert result.exit_code == 4
    assert (tmp_path / "rest.txt").read_text() == "27821234567\n27831234567\n"
    again = run("send", "--rest", "rest.txt", GOOD, "hello")
    assert (again.exit_code, "rest.txt exists: give a new file" in again.stderr) == (2, True)


def test_used_up_credit_has_a_code_of_its_own(run: Run, gateway: Simulator, tmp_path: Path) -> None:
    run("ping")
    gateway.gateway.set_balance(123456, "acme", Decimal(1))
    result = run("send", "--rest", "rest.txt", GOOD, "27831234567", "hello")
    assert [line.split("\t")[1] for line in result.stdout.splitlines()] == ["accepted", "not_sent"]
    assert result.exit_code == 7
    assert (tmp_path / "rest.txt").read_text() == "27831234567\n"


def test_a_lost_answer_is_unknown_and_the_notes_say_how_to_go_on(run: Run, gateway: Simulator) -> None:
    gateway.faults.lose_answer("sendmsg")
    result = run("send", GOOD, "hello")
    assert result.exit_code == 5
    number, state, detail = result.stdout.rstrip("\n").split("\t")
    assert (number, state) == (GOOD, "unknown")
    own_id = detail.removeprefix("client id ")
    assert f"clicksoap status --client-id {own_id}" in result.stderr
    assert run("status", "--client-id", own_id).stdout.split("\t")[0] == own_id


def test_a_limit_of_the_account_says_when_it_ends(run: Run, gateway: Simulator) -> None:
    gateway.faults.add("error", command="sendmsg", code="130")
    result = run("send", "--json", GOOD, "hello")
    assert result.exit_code == 75
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "130"
    ends = datetime.fromisoformat(error["until"])
    assert f"The limit ends at {ends:%Y-%m-%d %H:%M:%S} UTC." in result.stderr


def test_quiet_leaves_out_notes_and_no_errors(run: Run) -> None:
    assert run("send", "--quiet", GOOD, "hello").stderr == ""
    assert "Error" in run("send", "--quiet", BAD, "hello").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hello"], "TO or TEXT is missing"),
        ([], "TEXT is missing"),
        (["123abc", "hello"], "to[0] is not a number"),
        ([GOOD, ""], "empty"),
        (["--to-file", "nowhere", "hello"], "--to-file: nowhere cannot be read: No such file"),
        (["--to-file", ".", "hello"], "--to-file: . cannot be read: Is a directory"),
        (["--tolerate", "unknown=1", GOOD, "x"], "give rejected=N or rejected=N%"),
        (["--tolerate", "rejected=101%", GOOD, "x"], "is not a tolerance"),
        (["--after", "soon", GOOD, "x"], "give a number and s, m, h or d"),
        (["--after", "8d", GOOD, "x"], "deliver_after is out of range"),
        (["--at", "tomorrow", GOOD, "x"], "is not a time"),
        (["--at", "2020-01-01T00:00", GOOD, "x"], "deliver_at is past"),
        (["--max-credits", "much", GOOD, "x"], "max_credits is not a number"),
        (["--rest", "nowhere/rest", GOOD, "x"], "--rest: nowhere is not a folder"),
        (["--password", "x", GOOD, "x"], "No such option"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_leaves(
    run: Run, gateway: Simulator, arguments: list[str], said: str
) -> None:
    result = run("send", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert gateway.exchanges.total == 0


def test_a_status_is_waited_for(run: Run, gateway: Simulator) -> None:
    run("send", GOOD, "hello")
    (message,) = gateway.gateway.messages
    early = run("status", "--wait", "0", "--json", message.id)
    assert (early.exit_code, document(early, "status")["messages"][0]["is_final"]) == (75, False)
    gateway.clock.advance(minutes=5)
    late = run("status", "--wait", "60s", message.id)
    assert (late.stdout, late.exit_code) == (f"{message.id}\t004\tReceived on the handset\n", 0)
    run("send", "9980071234567", "hello")
    gateway.clock.advance(minutes=5)
    assert run("status", "--wait", "60s", gateway.gateway.messages[-1].id).exit_code == 3
    assert run("status").exit_code == 2


def test_one_refused_id_of_several_has_a_row_of_its_own(run: Run, gateway: Simulator) -> None:
    run("send", GOOD, "hello")
    known = gateway.gateway.messages[0].id
    result = run("status", known, "--client-id", "nobody")
    first, second = (line.split("\t") for line in result.stdout.splitlines())
    assert (first[0], first[1] != "refused", second) == (
        known,
        True,
        ["nobody", "refused", "104 Unknown client message ID"],
    )
    assert result.exit_code == 3
    data = document(run("status", "--json", known, "--client-id", "nobody"), "status")
    assert [(each["error"] or {}).get("code") for each in data["messages"]] == [None, "104"]
    gateway.faults.add("error", command="routecoverage", code="101", times=1)
    refused = run("coverage", GOOD, "27831234567")
    assert [line.split("\t")[1] for line in refused.stdout.splitlines()] == ["refused", "yes"]


def test_a_charge_is_told_and_several_are_added(run: Run, gateway: Simulator) -> None:
    run("send", GOOD, "27831234567", "hello")
    gateway.clock.advance(minutes=5)
    ids = [each.id for each in gateway.gateway.messages]
    result = run("charge", *ids)
    assert [float(line.split("\t")[1]) for line in result.stdout.splitlines()] == [1, 1]
    assert "in total" in result.stderr
    assert float(document(run("charge", "--json", *ids), "charge")["total"]) == 2


def test_a_waiting_message_is_stopped_and_a_delivered_one_is_not(run: Run, gateway: Simulator) -> None:
    run("send", "--after", "1h", GOOD, "later")
    run("send", GOOD, "now")
    gateway.clock.advance(minutes=5)
    later, now = (each.id for each in gateway.gateway.messages)
    total = gateway.exchanges.total
    assert run("stop", "--dry-run", later).stdout == f"{later}\twould be stopped\n"
    assert gateway.exchanges.total == total
    result = run("stop", "--json", later, now)
    assert result.exit_code == 3
    assert [each["is_stopped"] for each in document(result, "stop")["messages"]] == [True, False]


def test_a_lost_answer_to_a_stop_is_unknown(run: Run, gateway: Simulator) -> None:
    run("send", "--after", "1h", GOOD, "later")
    gateway.faults.add("reset", command="delmsg")
    result = run("stop", gateway.gateway.messages[0].id)
    assert result.exit_code == 5
    assert "\tunknown\t" in result.stdout


def test_a_balance_below_the_limit_has_a_code_of_its_own(run: Run) -> None:
    assert (run("balance").stdout, run("balance", "--fail-below", "1000").exit_code) == ("1000.00\n", 0)
    low = run("balance", "--fail-below", "1000.01", "--json")
    assert (low.exit_code, document(low, "balance")["credits"]) == (7, "1000.00")
    assert run("balance", "--fail-below", "much").exit_code == 2


def test_coverage_says_which_number_is_routed(run: Run) -> None:
    result = run("coverage", GOOD, "9991141234567")
    assert [line.split("\t")[1] for line in result.stdout.splitlines()] == ["yes", "no"]
    assert result.exit_code == 3
    assert document(run("coverage", "--json", GOOD), "coverage")["numbers"][0]["is_routed"] is True


def test_ping_logs_in(run: Run, gateway: Simulator) -> None:
    assert document(run("ping", "--json"), "ping").keys() == {"exit_code", *SHAPES["ping"]}
    assert run("ping").stdout.startswith("ok: ")
    assert [each.command for each in gateway.exchanges.latest()[:2]] == ["ping", "auth"]


def test_a_voucher_is_read_from_the_standard_input(run: Run, gateway: Simulator) -> None:
    before = gateway.exchanges.total
    assert run("redeem", "--dry-run", given="1234567890123456\n").exit_code == 0
    assert run("redeem", given="123\n").exit_code == 2
    assert gateway.exchanges.total == before
    gateway.faults.lose_answer("token_pay")
    assert run("redeem", given="1234567890123456\n").exit_code == 5
    result = run("redeem", "--json", given="1234567890123457\n")
    assert (result.exit_code, document(result, "redeem")) == (0, {"exit_code": 0})
    assert "1234567890123456" not in result.output


def test_segments_are_counted_without_an_account(run: Run) -> None:
    assert run("segments", "hello").stdout == "1 part, GSM 7-bit, 5 septets, 155 left in the last part\n"
    data = document(run("segments", "--json", "“hello”"), "segments")
    assert (data["alphabet"], data["culprits"][0]) == ("UCS-2", "U+201C LEFT DOUBLE QUOTATION MARK")
    assert document(run("segments", "--json", "--plain", "-", given="“hello”\n"), "segments")["text"] == '"hello"'


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("auth", ["session", "credentials"])
def test_an_envelope_is_the_request_that_would_go_out(run: Run, gateway: Simulator, binding: str, auth: str) -> None:
    variables = {"CLICKSOAP_BINDING": binding, "CLICKSOAP_AUTH": auth}
    result = run("envelope", "--json", "--client-id", "order1", GOOD, "hello", variables=variables)
    assert gateway.exchanges.total == 0
    (shown,) = document(result, "envelope")["requests"]
    run("send", "--client-id", "order1", GOOD, "hello", variables=variables)
    sent = gateway.exchanges.latest()[0].request
    assert "***" in shown["body"] or "%2A%2A%2A" in shown["body"]
    for part in ("order1", "hello", GOOD):
        assert part in shown["body"]
        assert part in sent
    if binding != "http":
        assert len(shown["body"]) == pytest.approx(len(sent), abs=40)
    assert run("envelope", GOOD, "hello", variables=variables).stdout.startswith(f"POST {shown['url']}\n")


def test_an_envelope_needs_no_account(run: Run) -> None:
    without = dict.fromkeys(("CLICKSOAP_API_ID", "CLICKSOAP_USER", "CLICKSOAP_PASSWORD", "CLICKSOAP_ENDPOINT"), "")
    result = run("envelope", *[f"2782{number:07}" for number in range(301)], "hello", variables=without)
    assert result.exit_code == 0
    assert "https://api.clickatell.com" in result.stdout
    assert "Request 2 of 2:" in result.stderr


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_wsdl_is_printed_or_written(run: Run, tmp_path: Path, dialect: Dialect) -> None:
    assert run("wsdl", dialect.value).stdout_bytes == wsdl(dialect)
    result = run("wsdl", "--json", dialect.value, "--output", "gateway.wsdl")
    assert document(result, "wsdl")["file"] == "gateway.wsdl"
    assert (tmp_path / "gateway.wsdl").read_bytes() == wsdl(dialect)
    refused = run("wsdl", dialect.value, "--output", "gateway.wsdl")
    assert (refused.exit_code, "give another file, or --force" in refused.stderr) == (2, True)
    assert run("wsdl", dialect.value, "--output", "gateway.wsdl", "--force").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["balance"], ["ping"], ["charge", "a"], ["status", "a"], ["coverage", GOOD], ["send", GOOD, "x"]]
)
def test_a_wrong_password_has_a_code_of_its_own(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, "--json", variables={"CLICKSOAP_PASSWORD": "wrong"})
    assert result.exit_code == 6
    assert "001, Authentication failed" in result.stderr
    data = json.loads(result.stdout)
    assert (data["exit_code"], data["error"]["code"]) == (6, "001")


@pytest.mark.parametrize("arguments", [["balance"], ["status", "a"], ["send", GOOD, "x"]])
def test_a_dead_port_can_be_tried_again_later(run: Run, arguments: list[str]) -> None:
    variables = {"CLICKSOAP_RETRY": '{"attempts": 1}'}
    assert run(*arguments, "--endpoint", "http://127.0.0.1:9", variables=variables).exit_code == 75


def test_no_variable_of_the_account_reaches_the_output(run: Run) -> None:
    for arguments in (["config", "show"], ["config", "check"], ["doctor"], ["envelope", GOOD, "x"]):
        assert PASSWORD not in run(*arguments).output


def test_a_file_with_bad_lines_is_refused_with_all_of_them(run: Run, gateway: Simulator, tmp_path: Path) -> None:
    lines = ["# our customers", "27821234567", "2782", "", "27 82 123 45 68", "082x1234567", "0821234567"]
    (tmp_path / "numbers.txt").write_text("\n".join(lines))
    result = run("send", "--to-file", "numbers.txt", "hello")
    assert result.exit_code == 2
    assert "3 lines of the file cannot be sent to, so nothing is sent" in result.stderr
    assert [line.split()[1] for line in result.stderr.splitlines() if line.startswith("  line ")] == ["3", "6", "7"]
    assert "clicksoap outbox plan" in result.stderr
    assert not gateway.messages
    (tmp_path / "numbers.txt").write_text("0821234567\n+27821234568\n")
    assert run("send", "--to-file", "numbers.txt", "hello", variables={"CLICKSOAP_REGION": "ZA"}).exit_code == 0


def test_only_twenty_bad_lines_are_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("12\n" * 30)
    told = run("send", "--to-file", "numbers.txt", "hello").stderr
    assert told.count("\n  line ") == 20
    assert told.endswith("and 10 more\n")


def test_a_number_that_stands_in_a_file_twice_is_told_before_it_costs_twice(
    run: Run, gateway: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "numbers.txt").write_text("27821234567\n+27 82 123 4567\n27821234568\n")
    note = "1 number in the file several times: --unique sends once to each."
    assert note in run("send", "--to-file", "numbers.txt", "--dry-run", "hello").stderr
    assert note not in run("send", "--to-file", "numbers.txt", "--unique", "hello").stderr
    assert len(gateway.messages) == 2


def test_a_lost_answer_of_several_recipients_says_that_the_gateway_cannot_tell_them_apart(
    run: Run, gateway: Simulator
) -> None:
    gateway.faults.lose_answer("sendmsg")
    told = run("send", "27821234567", "27821234568", "hello").stderr
    assert "The answer is that of one recipient, and the gateway does not say whose." in told
    assert "--per-request 1" in told


@pytest.mark.parametrize("verb", [["ping"], ["balance"], ["send", "27821234567", "hello"]])
def test_a_gateway_that_nobody_reaches_is_told_with_the_next_step(run: Run, verb: list[str]) -> None:
    result = run(*verb, "--endpoint", "http://127.0.0.1:9")
    assert result.exit_code in {4, 75}
    assert "Where the way ends: clicksoap doctor\n" in result.stderr


def test_each_text_that_the_shell_reads_in_other_words_is_one_of_the_library() -> None:
    """A text that changes would be shown in words of Python again, and nobody would notice."""
    package = Path(clicksoap.__file__).parent
    sources = "".join(each.read_text("utf-8") for each in package.rglob("*.py") if "cli" not in each.parts)
    joined = re.sub(r"[\"']\s*\n\s*f?[\"']", "", sources)  # strings over several lines
    assert [written for _, written in _WORDS if written not in joined] == []
