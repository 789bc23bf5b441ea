"""The commands of ``clicksoap outbox`` for campaigns: plan, send, resume, cancel, export, report, campaigns."""

import contextlib
import getpass
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from clicksoap.cli.exit_codes import LATER, OK, REJECTED, UNKNOWN, worst
from clicksoap.cli.extras import outbox_package
from clicksoap.cli.outbox_verbs import named_states, opened, paced, signed
from clicksoap.cli.output import Output, counted
from clicksoap.cli.values import Tolerance, duration, moment, tolerance
from clicksoap.cli.verbs import Account, Verb, connected, examples

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

    from clicksoap.outbox import Campaign, CampaignCheck, Outbox, Plan

_JSON_LINES: Final = frozenset({".jsonl", ".ndjson", ".json"})


def _pairs(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for each in values:
        name, separator, column = each.partition("=")
        if not separator or not name or not column:
            raise click.BadParameter(f"{each!r} is not a pair: give SETTING=COLUMN, such as deliver_at=when")
        pairs[name] = column
    return pairs


def _time(_context: click.Context, _option: click.Parameter, value: str | None) -> "datetime | None":
    return None if value is None else moment(value)


@click.command(
    "plan",
    epilog=examples(
        'clicksoap outbox plan billing-2026-11 run.csv --to mobile --key invoice --text "Dear {name}, {amount} is due"',
        "clicksoap outbox plan notices run.csv --to mobile --text-file text.txt --quiet-hours 21:00-08:00 "
        "--zone Africa/Johannesburg",
    ),
)
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--to", required=True, metavar="COLUMN", help="Column of the numbers.")
@click.option("--text", metavar="TEXT", help="Text of the messages; {column} stands for a cell.")
@click.option("--text-file", type=click.File(encoding="utf-8"), metavar="FILE", help="File with the text; - reads it.")
@click.option("--key", metavar="COLUMN", help="Column of the rows' keys, such as an invoice number.")
@click.option("--region", metavar="COUNTRY", help="Country whose national numbers are understood, such as ZA.")
@click.option("--encoding", metavar="NAME", help="Encoding of the file; by default found, or UTF-8.")
@click.option("--delimiter", metavar="CHARACTER", help="Separator of the cells; by default that of the header.")
@click.option("--per-row", multiple=True, metavar="SETTING=COLUMN", callback=_pairs, help="Setting of each row.")
@click.option("--sender", metavar="SENDER", help="Sender of the messages.")
@click.option("--due-at", metavar="TIME", callback=_time, help="Time from when on messages may leave.")
@click.option("--expires-at", metavar="TIME", callback=_time, help="Time from when on none is sent any more.")
@click.option("--quiet-hours", metavar="HH:MM-HH:MM", help="Hours in which nothing leaves, such as 21:00-08:00.")
@click.option("--zone", metavar="NAME", help="Time zone of the quiet hours, such as Africa/Johannesburg.")
@click.option(
    "--duplicates",
    type=click.Choice(["skip", "send"]),
    default="skip",
    show_default=True,
    help="Whether a number that stands in several rows gets one message, or one for each.",
)
@click.option("--strict", is_flag=True, help="Send nothing if a row is bad.")
@click.option("--again", metavar="WHY", help="Reason why rows are sent that were sent before.")
@click.option("--per-request", type=click.IntRange(1, 300), metavar="N", help="Recipients of one request at most.")
@click.option("--credits-per-part", metavar="CREDITS", default="1", help="Price of a part, for the estimate.")
@click.option("--preview", type=click.IntRange(0, 20), default=0, metavar="N", help="Print the first N messages.")
@opened
def plan(  # noqa: PLR0913 - each is an option
    *,
    box: "Outbox",
    output: Output,
    name: str,
    file: Path,
    text: str | None,
    text_file: IO[str] | None,
    sender: str | None,
    quiet_hours: str | None,
    preview: int,
    **options: Any,  # noqa: ANN401 - as of Outbox.plan
) -> int:
    """Check every row of a CSV or JSON Lines file and write it down; nothing is sent.

    FILE may be - for CSV on the standard input. A plan that was never sent is replaced. Exit code 3 if it is strict
    and a row is bad.
    """
    if (text is None) == (text_file is None):
        raise click.UsageError("the text is missing, or given twice: give --text or --text-file")
    wording = text_file.read().rstrip("\n") if text_file is not None else text or ""
    if sender is not None:
        options["sender"] = sender
    source = sys.stdin.buffer if str(file) == "-" else file
    is_json = file.suffix.lower() in _JSON_LINES
    given: dict[str, Any] = {"jsonl" if is_json else "csv": source, **options}
    made = box.plan(name, text=wording, quiet=quiet_hours, **given)
    output.line(str(made))
    for each in made.preview(preview):
        output.line(f"line {each.line}\t{each.to}\t{' '.join(each.text.splitlines())}")
    code = REJECTED if made.strict and made.bad else OK
    if code == OK and made.messages:
        output.note(f"Nothing is sent yet: clicksoap outbox send {shlex.quote(made.name)}")
    output.document({"exit_code": code, "plan": _plan_data(made, preview)})
    return code


def _plan_data(made: "Plan", preview: int) -> dict[str, object]:
    data = asdict(made)
    data["previews"] = [asdict(each) for each in made.preview(preview)]
    return data


def _sending(function: Verb) -> Verb:
    """Add the options that ``send`` and ``resume`` share."""
    for option in (
        click.option(
            "--settle-within",
            default="15m",
            show_default=True,
            help="How long to wait for outcomes after the last message.",
        ),
        click.option(
            "--tolerate", type=tolerance, metavar="rejected=N[%]", help="Rejected rows that the exit code passes over."
        ),
    ):
        function = option(function)
    return paced(function)


@click.command("send", epilog=examples("clicksoap outbox send billing-2026-11 --rate 100 --floor 500"))
@click.argument("name")
@click.option("--stop-after", type=click.IntRange(1), metavar="N", help="Pause after N refused messages.")
@_sending
@connected
@opened
def send(  # noqa: PLR0913 - each is an option
    *,
    box: "Outbox",
    account: Account,
    output: Output,
    name: str,
    stop_after: int | None,
    grace: str,
    settle_within: str,
    tolerate: Tolerance | None,
    **options: Any,  # noqa: ANN401 - as of Outbox.send
) -> int:
    """Send a planned campaign, and wait until every row is settled.

    Ctrl-C stops it after the answers that are out, and clicksoap outbox resume goes on. Exit code 5 if the outcome
    of a message is not known, 3 if rows were rejected, 75 if it is not finished.
    """
    options |= {"grace": duration(grace).total_seconds(), "settle_within": duration(settle_within).total_seconds()}
    with _progress(output) as tell:
        box.send(name, account.client, stop_after=stop_after, by=getpass.getuser(), on_progress=tell, **options)
    return _finished(output, box.campaign(name), tolerate)


@click.command("resume", epilog=examples("clicksoap outbox resume billing-2026-11"))
@click.argument("name")
@click.option("--why", default="resumed", show_default=True, metavar="TEXT", help="Reason, which is recorded.")
@_sending
@connected
@opened
def resume(  # noqa: PLR0913 - each is an option
    *,
    box: "Outbox",
    account: Account,
    output: Output,
    name: str,
    why: str,
    grace: str,
    settle_within: str,
    tolerate: Tolerance | None,
    **options: Any,  # noqa: ANN401 - as of Outbox.send
) -> int:
    """Go on with a campaign that was interrupted or paused; exit codes as of clicksoap outbox send."""
    options |= {"grace": duration(grace).total_seconds(), "settle_within": duration(settle_within).total_seconds()}
    campaign = box.campaign(name)
    with _progress(output) as tell:
        campaign.resume(account.client, by=getpass.getuser(), why=why, on_progress=tell, **options)
    return _finished(output, campaign, tolerate)


@contextlib.contextmanager
def _progress(output: Output) -> "Generator[Callable[[Any], None] | None]":
    from clicksoap.cli.signals import usual_signals  # noqa: PLC0415 - only needed here

    with usual_signals():
        if output.quiet:
            yield None
            return
        with outbox_package().show_progress() as tell:
            yield tell


def _finished(output: Output, campaign: "Campaign", tolerate: Tolerance | None) -> int:
    check: CampaignCheck = campaign.check()
    info = campaign.info()
    name = shlex.quote(campaign.name)
    states = {state.value: count for state, count in check.by_state.items()}
    output.rows([(state, str(count)) for state, count in states.items()])
    codes = [1] * (not check.is_sound) + [UNKNOWN] * bool(check.doubtful) + [LATER] * (not check.is_finished)
    if states.get("rejected", 0) > (tolerate or Tolerance()).of(check.rows):
        codes.append(REJECTED)
    if not check.is_sound:
        output.problem(str(check))
    if not check.is_finished:
        why = f" ({info.why})" if info.why else ""
        state = "interrupted" if info.state == "running" else info.state
        output.note(f"Campaign {campaign.name} is {state}{why}; it goes on with: clicksoap outbox resume {name}")
    if check.doubtful:
        output.note(f"{counted(check.doubtful, 'message')} may have been sent: clicksoap outbox list --campaign {name}")
    if without := [state for state in ("rejected", "skipped", "expired", "cancelled") if states.get(state)]:
        wanted = " ".join(f"--state {state}" for state in without)
        output.note(f"Rows without a message, and why: clicksoap outbox export {name} rest.csv {wanted}")
    code = worst(codes)
    output.document(
        {
            "exit_code": code,
            "campaign": campaign.name,
            "state": info.state.value,
            "why": info.why,
            "rows": check.rows,
            "by_state": states,
            "is_finished": check.is_finished,
            "problems": list(check.problems),
        }
    )
    return code


@click.command("cancel", epilog=examples('clicksoap outbox cancel billing-2026-11 --why "wrong amounts" --at-gateway'))
@click.argument("name")
@click.option("--at-gateway", is_flag=True, help="Stop also what the gateway took and did not hand on yet.")
@signed
@connected
@opened
def cancel(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", account: Account, output: Output, name: str, at_gateway: bool, by: str, why: str
) -> int:
    """Let nothing more of a campaign leave, for ever."""
    campaign = box.campaign(name)
    if at_gateway:
        with account.client() as sms:
            done = campaign.cancel(sms, by=by, why=why)
    else:
        done = campaign.cancel(by=by, why=why)
    output.line(f"{counted(done.waiting, 'message')} had not left, and never will.")
    if done.out:
        output.note(f"{counted(done.out, 'message')} were out; the next worker settles them.")
    if at_gateway:
        output.line(f"The gateway stopped {done.stopped} of {counted(done.held, 'message')} that it had.")
    if done.unasked:
        output.problem(f"{counted(done.unasked, 'message')} could not be asked about: run the same command again")
    code = LATER if done.unasked else OK
    output.document({"exit_code": code, **asdict(done)})
    return code


@click.command(
    "export",
    epilog=examples(
        "clicksoap outbox export billing-2026-11 result.csv",
        "clicksoap outbox export billing-2026-11 rest.csv --state rejected --state unknown",
        "clicksoap outbox export billing-2026-11 report.html",
    ),
)
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only rows in this state; may be repeated.")
@click.option("--bom", is_flag=True, help="Begin with a byte order mark, so that Excel reads the file as UTF-8.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@opened
def export(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", output: Output, name: str, file: Path, states: tuple[str, ...], bom: bool, overwrite: bool
) -> int:
    """Write what became of each row: CSV, JSON Lines (.jsonl), or a page with pictures (.html).

    Each row has all of its columns, and then those that begin with sms_. FILE may be - for CSV on the standard output.
    """
    wanted = named_states(states)
    campaign = box.campaign(name)
    rows = None
    if file.suffix.lower() in {".html", ".htm"}:
        campaign.report(file, overwrite=overwrite)
    elif str(file) == "-":
        if output.as_json:
            raise click.UsageError("--json and - both write to the standard output: give a file")
        rows = campaign.export_csv(sys.stdout, states=wanted, bom=bom)
    elif file.suffix.lower() in _JSON_LINES:
        rows = campaign.export_jsonl(file, states=wanted, overwrite=overwrite)
    else:
        rows = campaign.export_csv(file, states=wanted, bom=bom, overwrite=overwrite)
    if rows is not None:
        output.note(f"{counted(rows, 'row')} written.")
    output.document({"exit_code": OK, "file": str(file), "rows": rows})
    return OK


@click.command("campaigns", epilog=examples("clicksoap outbox campaigns"))
@opened
def campaigns(*, box: "Outbox", output: Output) -> int:
    """Print the campaigns with their states, the latest first."""
    found = box.campaigns()
    output.rows(
        [(each.name, each.state.value, counted(each.rows, "row"), each.why or each.note or "") for each in found]
    )
    output.document({"exit_code": OK, "campaigns": [asdict(each) for each in found]})
    return OK


VERBS: Final = (plan, send, resume, cancel, export, campaigns)
"""The verbs, to be added to the group."""
