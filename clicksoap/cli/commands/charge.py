"""The command ``clicksoap charge``: prints what messages cost."""

from decimal import Decimal

import click

from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, reporting

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
        charges = [sms.charge(each) for each in message_ids]
    total = sum((each.credits for each in charges), Decimal(0))
    output.rows(
        (message_id, f"{each.credits}", f"{each.status.code} {each.status.text}")
        for message_id, each in zip(message_ids, charges, strict=True)
    )
    if len(charges) > 1:
        output.note(f"{total} credits in total.")
    output.document(
        {
            "exit_code": 0,
            "total": total,
            "messages": [
                {
                    "message_id": message_id,
                    "credits": each.credits,
                    "status": each.status.code,
                    "text": each.status.text,
                }
                for message_id, each in zip(message_ids, charges, strict=True)
            ],
        }
    )
    return 0
