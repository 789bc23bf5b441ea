"""The command ``clicksoap charge``: prints what messages cost."""

from decimal import Decimal
from functools import partial

import click

from clicksoap.cli.exit_codes import OK, REJECTED
from clicksoap.cli.output import Output, error_data
from clicksoap.cli.verbs import Account, answer_or_refusal, connected, examples, reporting
from clicksoap.errors import GatewayError
from clicksoap.results import Charge

_EPILOG = examples("clicksoap charge 0123456789abcdef0123456789abcdef")


@click.command("charge", epilog=_EPILOG)
@click.argument("message_ids", metavar="ID...", nargs=-1, required=True)
@connected
@reporting
def command(*, account: Account, output: Output, message_ids: tuple[str, ...]) -> int:
    """Print what messages cost, in credits.

    The gateway knows it for 15 days. It says 0 for a message that it does not know.
    """
    with account.client() as sms:
        charges = [answer_or_refusal(partial(sms.charge, each)) for each in message_ids]
    total = sum((each.credits for each in charges if isinstance(each, Charge)), Decimal(0))
    code = OK if all(isinstance(each, Charge) for each in charges) else REJECTED
    output.rows(_row(message_id, each) for message_id, each in zip(message_ids, charges, strict=True))
    if len(charges) > 1:
        output.note(f"{total} credits in total.")
    output.document(
        {
            "exit_code": code,
            "total": total,
            "messages": [_data(message_id, each) for message_id, each in zip(message_ids, charges, strict=True)],
        }
    )
    return code


def _row(message_id: str, charge: Charge | GatewayError) -> tuple[str, str, str]:
    if isinstance(charge, GatewayError):
        return message_id, "refused", f"{charge.code or ''} {charge.text}".strip()
    return message_id, f"{charge.credits}", f"{charge.status.code} {charge.status.text}"


def _data(message_id: str, charge: Charge | GatewayError) -> dict[str, object]:
    if isinstance(charge, GatewayError):
        return {"message_id": message_id, "error": error_data(charge)}
    return {
        "message_id": message_id,
        "credits": charge.credits,
        "status": charge.status.code,
        "text": charge.status.text,
        "error": None,
    }
