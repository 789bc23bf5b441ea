"""The command ``clicksoap send``: sends a text, and says of every recipient what became of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.exit_codes import INTERRUPTED, TERMINATED, code_of_send
from clicksoap.cli.output import Output, counted, error_data
from clicksoap.cli.sending import Sending, sending
from clicksoap.cli.values import Tolerance, tolerance
from clicksoap.cli.verbs import (
    Account,
    Terminated,
    connected,
    examples,
    failed,
    finish_undisturbed,
    reporting,
    tell_limit,
    tell_way,
)
from clicksoap.errors import ClicksoapError, OutcomeUnknown, report_of
from clicksoap.results import RecipientResult, SendReport, State

if TYPE_CHECKING:
    from clicksoap.text import Segments

_MAX_HINTS: Final = 3
_EPILOG = examples(
    'clicksoap send +27821234567 "Your parcel is at the door"',
    "clicksoap send --to-file numbers.txt --sender ACME - < text.txt",
    'clicksoap send --to-file numbers.txt --rest rest.txt --tolerate rejected=1% "Hello"',
)


@click.command("send", epilog=_EPILOG)
@sending
@click.option("--dry-run", is_flag=True, help="Check everything and count the parts; nothing is sent.")
@click.option(
    "--tolerate", type=tolerance, metavar="rejected=N[%]", help="Rejected recipients that the exit code passes over."
)
@click.option(
    "--rest",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File that gets the numbers that certainly were not sent to, for --to-file.",
)
@connected
@reporting
def command(
    *,
    account: Account,
    output: Output,
    dry_run: bool,
    tolerate: Tolerance | None,
    rest: Path | None,
    **options: object,
) -> int:
    """Send a text to one or more numbers.

    Each recipient is a line: number, state, and the gateway's id or error. TEXT is the last argument; - reads it from
    the standard input. Never send again to a recipient whose state is unknown. The exit code says what became of the
    whole send: see clicksoap --help.
    """
    message = Sending(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    message.check_file(account.region(), output)
    if dry_run:
        return _rehearse(account, output, message)
    if rest is not None:
        _check_writable(rest)
    interruption: KeyboardInterrupt | None = None
    error: ClicksoapError | None = None
    with account.client() as sms:
        try:
            report = sms.send(message.to, message.message, **message.options)
        except KeyboardInterrupt as interrupt:
            interruption, found = interrupt, report_of(interrupt)
            if found is None:
                raise
            report = found
        except ClicksoapError as raised:
            error, found = raised, raised.report
            if found is None or not found:
                return failed(output, raised)
            report = found
        finish_undisturbed(output)
    code = code_of_send(report, error, (tolerate or Tolerance()).of(len(report)))
    if interruption is not None and not report.may_have_taken_effect and not report.rejected:
        code = TERMINATED if isinstance(interruption, Terminated) else INTERRUPTED
    _show(output, report, error, is_interrupted=interruption is not None)
    _write_rest(output, report, rest)
    output.document({"exit_code": code, "error": error_data(error), "report": report.to_dict()})
    return code


def _rehearse(account: Account, output: Output, message: Sending) -> int:
    from clicksoap.cli.offline import core_of  # noqa: PLC0415 - only needed here

    core = core_of(account)
    plan = core.plan(message.to, message.message, message.options)
    cost: Segments = core.segments(message.message)
    recipients = len(plan.addressees())
    output.line(
        f"{counted(recipients, 'recipient')}, {counted(plan.requests, 'request')}, "
        f"{counted(cost.parts, 'part')} each, {recipients * cost.parts} in total"
    )
    output.note("Nothing was sent (--dry-run).")
    output.document(
        {
            "exit_code": 0,
            "dry_run": True,
            "binding": core.binding.name,
            "recipients": recipients,
            "requests": plan.requests,
            "alphabet": cost.alphabet.value,
            "parts_each": cost.parts,
            "parts": recipients * cost.parts,
        }
    )
    return 0


def _show(output: Output, report: SendReport, error: ClicksoapError | None, *, is_interrupted: bool) -> None:
    output.rows([_row(each) for each in report])
    if is_interrupted:
        output.problem("interrupted; each line says what is known of its recipient")
    if error is not None:
        output.problem(str(error))
        tell_limit(output, error)
        tell_way(output, error)
    counts = ", ".join(
        f"{sum(each.state is state for each in report)} {state}" for state in State if _has(report, state)
    )
    output.note(f"{counts}.")
    codes = dict.fromkeys(each.error.code for each in report if each.error is not None and each.error.code)
    for code in list(codes)[:_MAX_HINTS]:
        output.note(f"More about {code}: clicksoap explain {code}")
    if report.not_sent:
        output.note("Not sent: mend the cause, then send to these alone; --rest FILE writes their numbers.")
    own_ids = list(dict.fromkeys(each.client_message_id for each in report.unknown if each.client_message_id))
    if report.unknown:
        output.note("Unknown: do not send to these again. In a minute, ask what became of them:")
        for own_id in own_ids:
            output.note(f"  clicksoap status --client-id {own_id}")
        if len(report.unknown) > len(own_ids) > 0:
            output.note("The answer is that of one recipient, and the gateway does not say whose.")
            output.note("To know it of each, plan a campaign with one recipient per request: ")
            output.note("  clicksoap outbox plan NAME FILE --per-request 1 …")
    if isinstance(error, OutcomeUnknown) and not own_ids:
        output.note("  The request had no id of its own to ask by.")


def _row(result: RecipientResult) -> tuple[str, str, str]:
    detail = " ".join(result.message_ids)
    if result.error is not None:
        detail = f"{result.error.code or ''} {result.error.text}".strip()
    elif result.state is State.UNKNOWN and result.client_message_id:
        detail = f"client id {result.client_message_id}"
    return result.to, result.state.value, detail


def _has(report: SendReport, state: State) -> bool:
    return any(each.state is state for each in report)


def _check_writable(file: Path) -> None:
    """Refuse a file that cannot be written, before anything is sent."""
    folder = file.parent
    if file.exists():
        raise click.UsageError(f"--rest: {file} exists: give a new file")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise click.UsageError(f"--rest: {folder} is not a folder that can be written: give a file in another one")


def _write_rest(output: Output, report: SendReport, file: Path | None) -> None:
    if file is None or not report.not_sent:
        return
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.writelines(f"{each.to}\n" for each in report.not_sent)
    except OSError as error:
        output.problem(f"--rest: {file} cannot be written: {error.strerror}")
    else:
        output.note(f"Their numbers are in {file}: clicksoap send --to-file {file} TEXT")
