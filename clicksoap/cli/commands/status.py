"""The command ``clicksoap status``: prints the status of messages, and waits for the final one if asked to."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.exit_codes import LATER, OK, REJECTED, worst
from clicksoap.cli.output import Output
from clicksoap.cli.values import duration
from clicksoap.cli.verbs import Account, connected, examples, reporting
from clicksoap.errors import InvalidInput

if TYPE_CHECKING:
    from clicksoap.client import Client
    from clicksoap.results import QueriedStatus

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_EPILOG = examples(
    "clicksoap status 0123456789abcdef0123456789abcdef",
    "clicksoap status --wait 60s 0123456789abcdef0123456789abcdef",
    "clicksoap status --client-id order4711",
)


@click.command("status", epilog=_EPILOG)
@click.argument("message_ids", metavar="[ID]...", nargs=-1)
@click.option("--client-id", "client_ids", multiple=True, metavar="ID", help="Client message id to ask by. Repeatable.")
@click.option("--wait", type=duration, metavar="TIME", help="Ask until the status is final, for at most this time.")
@connected
@reporting
def command(
    *,
    account: Account,
    output: Output,
    message_ids: tuple[str, ...],
    client_ids: tuple[str, ...],
    wait: timedelta | None,
) -> int:
    """Print the status of messages.

    With --wait, the exit code is 0 if all were delivered, 3 if one failed, and 75 if one is not final yet.
    """
    asked = [(each, None) for each in message_ids] + [(None, each) for each in client_ids]
    if not asked:
        raise click.UsageError("ID is missing: give the gateway's id of a message, or --client-id")
    ends = time.monotonic() + (wait.total_seconds() if wait is not None else 0.0)
    with account.client() as sms:
        answers = [_answer(sms, each, own, ends) for each, own in asked]
    code = worst([_code(each) for each in answers]) if wait is not None else OK
    output.rows(
        (given, each.code, each.text or "not documented") for given, each in zip(_names(asked), answers, strict=True)
    )
    output.document(
        {
            "exit_code": code,
            "messages": [
                {
                    "message_id": each.message_id,
                    "client_message_id": own,
                    "status": each.code,
                    "text": each.text,
                    "is_final": each.is_final,
                    "is_delivered": each.is_delivered,
                }
                for (_, own), each in zip(asked, answers, strict=True)
            ],
        }
    )
    return code


def _names(asked: "list[tuple[str, None] | tuple[None, str]]") -> list[str]:
    return [message_id or own or "" for message_id, own in asked]


def _answer(sms: "Client", message_id: str | None, own_id: str | None, ends: float) -> "QueriedStatus":
    """The status, as soon as it is final or the time is over."""
    if own_id == "" or message_id == "":
        raise InvalidInput("ID is empty: give the id of a message")
    pause = _FIRST_PAUSE
    while True:
        answer = sms.status(message_id, client_message_id=own_id)
        left = ends - time.monotonic()
        if answer.is_final or left <= 0:
            return answer
        time.sleep(min(pause, left))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _code(answer: "QueriedStatus") -> int:
    if answer.is_delivered:
        return OK
    return REJECTED if answer.is_final else LATER
