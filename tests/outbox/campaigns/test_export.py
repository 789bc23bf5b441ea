"""An export gives back every row of the source unchanged, with what became of it."""

import csv
import io
import json
import os
import stat
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from campaign_rows import COLUMNS, T0, add_campaign, database, row
from outboxes import Store
from sqlalchemy import text

from clicksoap import InvalidInput
from clicksoap.outbox import MessageState, Outbox
from clicksoap.outbox.campaigns import outputs
from clicksoap.outbox.campaigns.export import (
    OWN_COLUMNS,
    ExportedRow,
    _page,
    export_csv,
    export_jsonl,
    own_columns,
    rows,
)
from clicksoap.outbox.campaigns.totals import Reason, general, throughput, totals

REQUEST = "a" * 32
ODD = ['=HYPERLINK("x")', 'say "no"\r\nor\ryes', " ünï, \N{PARTY POPPER}\t"]

ROWS = [
    row(
        2, ["27821234561", "Ann"], msisdn="27821234561", request_id=REQUEST, message_id="gw1", attempts=2, parts=3,
        delivery="004", delivery_at=T0 + 9, charge="0.8", settled_at=T0 + 2.5,
    ),
    row(3, ["12", "Ben"], "rejected", why="mobile is too short: give 7 to 15 digits", parts=0, settled_at=T0),
    row(5, ODD[:2], "rejected", msisdn="27821234562", why="=cmd", code="114", attempts=1, settled_at=T0 + 4),
    row(6, ["27821234563", ODD[2]], "pending", msisdn="27821234563"),
    row(7, None, "accepted", delivery="099", charge="1.20", attempts=1, settled_at=T0 + 61),
]  # fmt: skip


@pytest.fixture
def run(box: Outbox) -> int:
    add_campaign(box, [row(2, ["27820000000", "somebody else"])], name="before")
    number = add_campaign(box, ROWS, requests=[(REQUEST, T0 + 1)])
    add_campaign(box, [row(2, ["27820000000", "somebody else"])], name="after")
    return number


def read_csv(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_every_cell_of_the_source_comes_back_unchanged_and_in_order(box: Outbox, run: int) -> None:
    file = io.StringIO(newline="")
    assert export_csv(file, database(box), run, COLUMNS) == 5
    found = read_csv(file.getvalue())
    assert [(each["mobile"], each["name"]) for each in found] == [
        ("27821234561", "Ann"), ("12", "Ben"), (ODD[0], ODD[1]), ("27821234563", ODD[2]), ("", ""),
    ]  # fmt: skip
    assert list(found[0]) == [*COLUMNS, *(f"sms_{each}" for each in OWN_COLUMNS)]
    assert {name: value for name, value in found[0].items() if name.startswith("sms_")} == {
        "sms_line": "2", "sms_to": "27821234561", "sms_state": "accepted", "sms_reason": "", "sms_code": "",
        "sms_message_id": "gw1", "sms_client_message_id": REQUEST, "sms_attempts": "2", "sms_parts": "3",
        "sms_sent_at": "2026-11-18T11:06:41.000+00:00", "sms_settled_at": "2026-11-18T11:06:42.500+00:00",
        "sms_delivery": "delivered", "sms_delivered_at": "2026-11-18T11:06:49.000+00:00", "sms_charge": "0.8",
        "sms_id": found[0]["sms_id"],
    }  # fmt: skip
    assert [each["sms_line"] for each in found] == ["2", "3", "5", "6", "7"]
    assert found[4]["sms_delivery"] == "099"
    assert [int(each["sms_id"]) for each in found] == [each.id for each in rows(database(box), run, COLUMNS)]
    assert sorted({each["sms_id"] for each in found}, key=int) == [each["sms_id"] for each in found]


def test_no_cell_that_is_added_is_a_formula(box: Outbox, run: int) -> None:
    file = io.StringIO(newline="")
    export_csv(file, database(box), run, COLUMNS)
    found = read_csv(file.getvalue())
    assert found[2]["sms_reason"] == "'=cmd"
    assert found[2]["mobile"] == ODD[0]
    own = [value for each in found for name, value in each.items() if name.startswith("sms_")]
    assert not [value for value in own if value.startswith(("=", "+", "-", "@"))]


def test_json_lines_have_the_same_keys_and_typed_values(box: Outbox, run: int) -> None:
    file = io.StringIO()
    assert export_jsonl(file, database(box), run, COLUMNS) == 5
    found = [json.loads(line) for line in file.getvalue().split("\n")[:-1]]
    assert list(found[0]) == [*COLUMNS, *(f"sms_{each}" for each in OWN_COLUMNS)]
    assert (found[0]["sms_line"], found[0]["sms_attempts"], found[0]["sms_charge"]) == (2, 2, "0.8")
    assert (found[2]["mobile"], found[2]["name"], found[2]["sms_reason"]) == (ODD[0], ODD[1], "=cmd")
    assert found[3]["sms_settled_at"] is None


def test_only_the_states_that_were_asked_for_are_exported(box: Outbox, run: int) -> None:
    file = io.StringIO(newline="")
    states = [MessageState.PENDING, MessageState.REJECTED]
    assert export_csv(file, database(box), run, COLUMNS, states=states) == 3
    assert [each["sms_line"] for each in read_csv(file.getvalue())] == ["3", "5", "6"]
    wrong: Any = ["rejected"]
    with pytest.raises(InvalidInput, match=r"states holds 'rejected': give values of MessageState"):
        export_csv(file, database(box), run, COLUMNS, states=wrong)


def test_an_export_of_an_export_has_columns_of_other_names() -> None:
    assert own_columns(["mobile"])[:2] == ("sms_line", "sms_to")
    assert own_columns(["mobile", "SMS_State"])[:2] == ("sms2_line", "sms2_to")
    assert own_columns([*own_columns([]), *own_columns(["sms_to"])])[0] == "sms3_line"
    assert len({*own_columns(["sms_to"]), "sms_to"}) == len(OWN_COLUMNS) + 1


def test_rows_of_several_pages_come_once_each_also_while_they_change(box: Outbox) -> None:
    number = add_campaign(box, [row(line, [str(line), ""], "pending") for line in range(2, 2503)])
    lines: list[int | None] = []
    for each in rows(database(box), number, COLUMNS):
        lines.append(each.line)
        if each.line == 700:
            with database(box).write() as connection:
                connection.execute(text("UPDATE clicksoap_message SET state = 'cancelled', settled_at = 1"))
    assert lines == list(range(2, 2503))


def test_no_transaction_is_open_between_two_pages(box: Outbox) -> None:
    number = add_campaign(box, [row(line, [str(line), ""], "pending") for line in range(2, 1503)])
    found = rows(database(box), number, COLUMNS)
    for _ in range(3):
        next(found)
    assert database(box).engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_page_reads_no_more_than_its_rows(sqlite: Store) -> None:
    """By another index of SQLite each page would read and sort the whole campaign."""
    with database(sqlite.box()).read() as connection:
        statement: Any = _page("sqlite", 1, [], 0, 10)
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        plan = [str(each.detail) for each in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert len(plan) == 1
    assert "INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan[0]


def test_memory_does_not_grow_with_the_rows(box: Outbox) -> None:
    number = add_campaign(box, [row(line, ["2782" + "7" * 100, "x" * 100], "pending") for line in range(12_000)])

    class Nowhere(io.StringIO):
        def write(self, text: str, /) -> int:
            return len(text)

    export_csv(Nowhere(), database(box), number, COLUMNS)
    tracemalloc.start()
    try:
        assert export_csv(Nowhere(), database(box), number, COLUMNS) == 12_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000


# Files


def test_a_file_is_complete_private_and_in_utf_8(box: Outbox, run: int, tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    assert export_csv(path, database(box), run, COLUMNS, bom=True) == 5
    assert path.read_bytes().startswith(b"\xef\xbb\xbfmobile,name,sms_line,")
    assert read_csv(path.read_text("utf-8-sig"))[0]["name"] == "Ann"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert left(tmp_path) == {"result.csv"}
    assert export_jsonl(str(tmp_path / "result.jsonl"), database(box), run, COLUMNS) == 5


def left(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.startswith("outbox.db")}


def write(path: Path, content: str, then: Callable[[], object], *, overwrite: bool = False) -> None:
    with outputs.written(path, overwrite=overwrite) as file:
        file.write(content)
        file.flush()
        then()


def test_an_existing_file_is_kept_unless_it_may_be_replaced(box: Outbox, run: int, tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    path.write_text("old")
    with pytest.raises(InvalidInput, match=r"file result.csv exists: give another path, or overwrite=True"):
        export_csv(path, database(box), run, COLUMNS)
    assert path.read_text() == "old"
    export_csv(path, database(box), run, COLUMNS, overwrite=True)
    assert path.read_text().startswith("mobile,name,")
    assert left(tmp_path) == {"result.csv"}


def test_a_file_that_somebody_else_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    with pytest.raises(InvalidInput, match="exists"):
        write(path, "mine", lambda: path.write_text("theirs"))
    assert path.read_text() == "theirs"
    assert left(tmp_path) == {"result.csv"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_interruption_leaves_no_half_file(tmp_path: Path, error: BaseException, *, overwrite: bool) -> None:
    path = tmp_path / "result.csv"
    if overwrite:
        path.write_text("old")

    def interrupt() -> None:
        raise error

    with pytest.raises((KeyboardInterrupt, OSError)):
        write(path, "half", interrupt, overwrite=overwrite)
    assert left(tmp_path) == ({"result.csv"} if overwrite else set())
    assert not overwrite or path.read_text() == "old"


def test_a_full_disk_is_told_and_leaves_nothing(box: Outbox, run: int, tmp_path: Path) -> None:
    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(28, "No space left on device", text[:0])

    with pytest.raises(OSError, match="No space left"):
        export_csv(Full(), database(box), run, COLUMNS)
    with pytest.raises(InvalidInput, match=r"file result.csv cannot be written \(No such file or directory\): give"):
        export_csv(tmp_path / "missing" / "result.csv", database(box), run, COLUMNS)


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with outputs.written(link, overwrite=True) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (os.devnull, "file null is not a regular file: give"),
        ("", "file is not a path: give"),
        (7, "file is int: give a path"),
        (io.BytesIO(), "file is BytesIO: give a path, or an open text file"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(box: Outbox, run: int, given: Any, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        export_csv(given, database(box), run, COLUMNS, overwrite=True)


def test_the_repr_of_a_row_has_neither_its_cells_nor_its_number(box: Outbox, run: int) -> None:
    first: ExportedRow = next(rows(database(box), run, COLUMNS))
    assert "2782" not in repr(first)
    assert "Ann" not in repr(first)


# Totals


def test_totals_count_states_reports_and_charges(box: Outbox, run: int) -> None:
    with database(box).read() as connection:
        found = totals(connection, run)
    assert found.rows == 5
    assert found.by_state == {MessageState.ACCEPTED: 2, MessageState.PENDING: 1, MessageState.REJECTED: 2}
    assert (found.accepted, found.parts, found.doubtful) == (2, 4, 0)
    assert (found.charge, found.charged) == (Decimal("2.0"), 2)
    assert (found.delivered, found.undelivered, found.unreported) == (1, 0, 1)
    assert found.first_sent == datetime.fromtimestamp(T0 + 1, UTC)
    assert found.last_settled == datetime.fromtimestamp(T0 + 61, UTC)
    assert found.by_reason[0] == Reason(MessageState.ACCEPTED, "", 2)
    assert Reason(MessageState.REJECTED, "mobile is too short: give 7 to 15 digits", 1) in found.by_reason


def test_an_empty_campaign_has_totals_of_nothing(box: Outbox) -> None:
    number = add_campaign(box, [])
    with database(box).read() as connection:
        found = totals(connection, number)
        assert throughput(connection, number) is None
    assert (found.rows, found.by_reason, found.charge, found.first_sent, found.last_settled) == (
        0,
        (),
        None,
        None,
        None,
    )
    assert list(rows(database(box), number, COLUMNS)) == []


def test_reasons_that_differ_only_in_lines_are_one_and_few_rows_are_summed_up(box: Outbox) -> None:
    skipped = [
        row(line, ["", ""], "skipped", why=f"the number stands in line {line} already") for line in range(2, 1800)
    ]
    rare = [row(line, ["", ""], "rejected", why="x" * line) for line in range(1, 31)]
    number = add_campaign(box, [*skipped, *rare])
    with database(box).read() as connection:
        found = totals(connection, number).by_reason
    assert found[0] == Reason(MessageState.SKIPPED, "the number stands in line … already", 1798)
    assert len(found) == 21
    assert found[-1] == Reason(None, "11 other reasons", 11)
    assert sum(each.rows for each in found) == 1828


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("the gateway's answer isn't there", "the gateway's answer isn't there"),
        ("27821234567 was refused (error 114)", "… was refused (error 114)"),
        ("key 'Ann Smith' is used in line 17", "key … is used in line …"),
        ('request 0123456789abcdef0123456789abcdef of "x"', "request … of …"),
    ],
)
def test_a_reason_names_nobody(why: str, shown: str) -> None:
    assert general(why) == shown


@pytest.mark.parametrize(
    ("times", "seconds", "counts"),
    [
        ([0.0, 0.4, 2.9], 1, (2, 0, 1)),
        ([0.0, 59.0], 1, (1, *[0] * 58, 1)),
        ([0.0, 61.0], 2, (1, *[0] * 29, 1)),
        ([0.0, 0.6, 86_400.0 * 5], 10_800, (2, *[0] * 39, 1)),
    ],
)
def test_throughput_has_at_most_sixty_spans_of_a_round_length(
    box: Outbox, times: list[float], seconds: int, counts: tuple[int, ...]
) -> None:
    start = T0 - T0 % 86_400
    sent = [row(line, ["", ""], attempts=1, settled_at=start + at) for line, at in enumerate(times)]
    number = add_campaign(box, [*sent, row(99, ["", ""], "rejected", settled_at=start - 9999)])
    with database(box).read() as connection:
        found = throughput(connection, number)
    assert found is not None
    assert (found.seconds, found.counts) == (seconds, counts)
    assert found.start == datetime.fromtimestamp(start, UTC)


def test_throughput_over_years_still_has_sixty_spans(box: Outbox) -> None:
    sent = [row(line, ["", ""], attempts=1, settled_at=T0 + at) for line, at in enumerate([0.0, 86_400.0 * 3000])]
    number = add_campaign(box, sent)
    with database(box).read() as connection:
        found = throughput(connection, number)
    assert found is not None
    assert len(found.counts) <= 60
    assert sum(found.counts) == 2
