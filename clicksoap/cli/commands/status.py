"""The command ``clicksoap status``: prints the status of messages, and waits for the final one if asked to."""

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.exit_codes import LATER, OK, REJECTED, worst
from clicksoap.cli.output import Output, error_data
from clicksoap.cli.values import duration
from clicksoap.cli.verbs import Account, answer_or_refusal, connected, examples, reporting
from clicksoap.errors import ClicksoapError, GatewayError, InvalidInput
from clicksoap.results import QueriedStatus

if TYPE_CHECKING:
    from clicksoap.client import Client

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
        answers = [answer_or_refusal(partial(_answer, sms, each, own, ends)) for each, own in asked]
    codes = [_code(each) for each in answers if wait is not None or isinstance(each, GatewayError)]
    code = worst(codes)
    output.rows(_row(message_id or own or "", each) for (message_id, own), each in zip(asked, answers, strict=True))
    output.document(
        {
            "exit_code": code,
            "messages": [_data(message_id, own, each) for (message_id, own), each in zip(asked, answers, strict=True)],
        }
    )
    return code


def _row(name: str, answer: QueriedStatus | GatewayError) -> tuple[str, str, str]:
    if isinstance(answer, GatewayError):
        return name, "refused", f"{answer.code or ''} {answer.text}".strip()
    return name, answer.code, answer.text or "not documented"


def _data(message_id: str | None, own_id: str | None, answer: QueriedStatus | GatewayError) -> dict[str, object]:
    if isinstance(answer, GatewayError):
        return {"message_id": message_id, "client_message_id": own_id, "error": error_data(answer)}
    return {
        "message_id": answer.message_id,
        "client_message_id": own_id,
        "status": answer.code,
        "text": answer.text,
        "is_final": answer.is_final,
        "is_delivered": answer.is_delivered,
        "error": None,
    }


def _answer(sms: "Client", message_id: str | None, own_id: str | None, ends: float) -> QueriedStatus:
    """The status, as soon as it is final or the time is over."""
    if own_id == "" or message_id == "":
        raise InvalidInput("ID is empty: give the id of a message")
    pause = _FIRST_PAUSE
    while True:
        try:
            answer = sms.status(message_id, client_message_id=own_id)
        except ClicksoapError as error:
            left = ends - time.monotonic()
            if not error.retryable or left <= 0:
                raise
        else:
            left = ends - time.monotonic()
            if answer.is_final or left <= 0:
                return answer
        time.sleep(min(pause, left))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _code(answer: QueriedStatus | GatewayError) -> int:
    if isinstance(answer, GatewayError):
        return REJECTED
    if answer.is_delivered:
        return OK
    return REJECTED if answer.is_final else LATER
