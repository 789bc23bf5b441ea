"""The command ``clicksoap stop``: stops messages that still wait in the gateway."""

from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.exit_codes import OK, REJECTED, UNKNOWN, code_of, worst
from clicksoap.cli.output import Output, error_data
from clicksoap.cli.verbs import Account, connected, examples, finish_undisturbed, reporting
from clicksoap.errors import ClicksoapError

if TYPE_CHECKING:
    from clicksoap.client import Client
    from clicksoap.results import QueriedStatus

_CANCELLED: Final = "006"
_EPILOG = examples(
    "clicksoap stop 0123456789abcdef0123456789abcdef",
    "clicksoap stop --client-id order4711",
)
_Asked = tuple[str | None, str | None]


@click.command("stop", epilog=_EPILOG)
@click.argument("message_ids", metavar="[ID]...", nargs=-1)
@click.option("--client-id", "client_ids", multiple=True, metavar="ID", help="Client message id to stop. Repeatable.")
@click.option("--dry-run", is_flag=True, help="Print what would be stopped; nothing is sent.")
@connected
@reporting
def command(
    *,
    account: Account,
    output: Output,
    message_ids: tuple[str, ...],
    client_ids: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Stop messages that still wait in the gateway.

    The exit code is 3 if a message had already gone on, and 5 if it is not known whether it was stopped. The same
    command may be repeated.
    """
    asked: list[_Asked] = [*((each, None) for each in message_ids), *((None, each) for each in client_ids)]
    if not asked:
        raise click.UsageError("ID is missing: give the gateway's id of a message, or --client-id")
    if dry_run:
        output.rows((message_id or own_id or "", "would be stopped") for message_id, own_id in asked)
        output.note("Nothing was sent (--dry-run).")
        output.document({"exit_code": 0, "dry_run": True, "messages": [message_id or own for message_id, own in asked]})
        return 0
    with account.client() as sms:
        answers = [_answer(sms, message_id, own_id) for message_id, own_id in asked]
    finish_undisturbed(output)
    code = worst([each for each, _, _ in answers])
    output.rows(
        (message_id or own_id or "", _word(number), str(error) if answer is None else f"{answer.code} {answer.text}")
        for (message_id, own_id), (number, answer, error) in zip(asked, answers, strict=True)
    )
    output.document(
        {
            "exit_code": code,
            "messages": [
                {
                    "message_id": answer.message_id if answer is not None else message_id,
                    "client_message_id": own_id,
                    "is_stopped": number == OK,
                    "status": answer.code if answer is not None else None,
                    "error": error_data(error),
                }
                for (message_id, own_id), (number, answer, error) in zip(asked, answers, strict=True)
            ],
        }
    )
    return code


def _answer(
    sms: "Client", message_id: str | None, own_id: str | None
) -> "tuple[int, QueriedStatus | None, ClicksoapError | None]":
    """The exit code of one message, with its status or the error."""
    try:
        answer = sms.stop(message_id, client_message_id=own_id)
    except ClicksoapError as error:
        return (UNKNOWN if error.may_have_taken_effect else code_of(error)), None, error
    return (OK if answer.code == _CANCELLED else REJECTED), answer, None


def _word(code: int) -> str:
    return {OK: "stopped", REJECTED: "not stopped", UNKNOWN: "unknown"}.get(code, "failed")
