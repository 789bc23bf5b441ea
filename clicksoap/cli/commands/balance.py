"""The command ``clicksoap balance``: prints the credits that are left."""

from decimal import Decimal, InvalidOperation

import click

from clicksoap.cli.exit_codes import CREDIT, OK
from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, reporting

_EPILOG = examples("clicksoap balance", "clicksoap balance --quiet --fail-below 500")


@click.command("balance", epilog=_EPILOG)
@click.option("--fail-below", metavar="N", help="Exit with code 7 if fewer credits are left.")
@connected
@reporting
def command(*, account: Account, output: Output, fail_below: str | None) -> int:
    """Print the credits that are left."""
    limit = None if fail_below is None else _limit(fail_below)
    with account.client() as sms:
        balance = sms.balance()
    is_low = limit is not None and balance < limit
    code = CREDIT if is_low else OK
    output.line(f"{balance}")
    if is_low:
        output.problem(f"fewer than {limit} credits are left: buy some")
    output.document({"exit_code": code, "credits": balance})
    return code


def _limit(text: str) -> Decimal:
    try:
        limit = Decimal(text)
    except InvalidOperation:
        limit = Decimal("NaN")
    if not limit.is_finite():
        raise click.UsageError(f"--fail-below: {text!r} is not a number: give one such as 500")
    return limit
