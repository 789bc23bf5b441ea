"""The command ``clicksoap explain``: explains an error, a status or the request in a file."""

import re
from pathlib import Path
from typing import Final

import click

from clicksoap.cli import explanations
from clicksoap.cli.explanations import Explanation
from clicksoap.cli.output import Output
from clicksoap.cli.verbs import examples, reporting
from clicksoap.codes import ERRORS, STATUSES, MessageStatus

_CODE: Final = re.compile(r"([0-9]{1,3}|00[A-C])(?:,.*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_LINE: Final = re.compile(r"(?:ERR|Status):\s*([0-9]{1,3}|00[A-C])\b", re.IGNORECASE | re.ASCII)
_REFUSED: Final = 3
_EPILOG = examples("clicksoap explain 105", "clicksoap explain --status 010", "clicksoap explain request.xml")


@click.command("explain", epilog=_EPILOG)
@click.argument("what", metavar="CODE|FILE")
@click.option("--status", "is_status", is_flag=True, help="Explain the status of this number alone.")
@click.option("--error", "is_error", is_flag=True, help="Explain the error of this number alone.")
@reporting
def command(*, output: Output, what: str, is_status: bool, is_error: bool) -> int:
    """Explain an error, a status or the request in a file.

    A number such as 001 may be an error and a status: both are explained. A line of an answer works as well.

    A file holds one SOAP request, with or without its HTTP headers. It goes to a simulator on this machine, which says
    why it refuses it.
    """
    found = _CODE.fullmatch(what) or _LINE.search(what)
    if found is None:
        return _explain_file(output, what)
    status = MessageStatus.of(found[1]).code
    code = found[1].zfill(3)
    kinds = [
        ("error", code, ERRORS, explanations.ERRORS, is_error or not is_status),
        ("status", status, STATUSES, explanations.STATUSES, is_status or not is_error),
    ]
    explained = [
        (kind, number, meanings[number], table[number])
        for kind, number, meanings, table, is_asked in kinds
        if is_asked and number in meanings
    ]
    if not explained:
        raise click.UsageError(f"{code} is not a documented code: give an error of the gateway, or a status")
    for number, each in enumerate(explained):
        if number:
            output.line("")
        _print(output, *each)
    output.document(
        {
            "exit_code": 0,
            "explanations": [
                {
                    "kind": kind,
                    "code": number,
                    "text": text,
                    "causes": list(about.causes),
                    "mends": list(about.mends),
                }
                for kind, number, text, about in explained
            ],
        }
    )
    return 0


def _print(output: Output, kind: str, code: str, text: str, about: Explanation) -> None:
    output.line(f"{kind} {code}: {text}")
    output.line("Likely causes:")
    for each in about.causes:
        output.line(f"  - {each}")
    output.line("What to do:")
    for each in about.mends:
        output.line(f"  - {each}")


def _explain_file(output: Output, name: str) -> int:
    from clicksoap.cli.request_check import check_request  # noqa: PLC0415 - a code needs no simulator

    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{name!r} is neither a code nor a file that can be read: {error.strerror}") from None
    except ValueError:
        raise click.UsageError("CODE|FILE is not a file name: give a code such as 105, or a file") from None
    checked = check_request(content)
    output.line(f"{checked.command or 'no command'} over {checked.service}: {checked.outcome}")
    for reason in checked.reasons:
        output.line(f"  {reason}")
    for warning in checked.warnings:
        output.line(f"  warning: {warning}")
    if checked.code in explanations.ERRORS:
        output.note(f"More about it: clicksoap explain {checked.code}")
    code = _REFUSED if checked.reasons else 0
    output.document(
        {
            "exit_code": code,
            "service": checked.service,
            "command": checked.command,
            "outcome": checked.outcome,
            "code": checked.code or None,
            "reasons": list(checked.reasons),
            "warnings": list(checked.warnings),
        }
    )
    return code
