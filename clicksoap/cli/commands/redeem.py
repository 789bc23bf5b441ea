"""The command ``clicksoap redeem``: redeems a voucher."""

import sys

import click

from clicksoap.cli.exit_codes import UNKNOWN
from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, finish_undisturbed, reporting
from clicksoap.errors import InvalidInput

_EPILOG = examples("clicksoap redeem", "clicksoap redeem < voucher.txt")
_DIGITS = 16


@click.command("redeem", epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Check the form of the voucher; nothing is sent.")
@connected
@reporting
def command(*, account: Account, output: Output, dry_run: bool) -> int:
    """Redeem a voucher.

    The 16 digits are asked for, or read from the standard input. They are not an argument, because other users of the
    machine can read arguments.
    """
    if dry_run:
        _check(_voucher())
        output.line("the voucher has the form of one")
        output.note("Nothing was sent (--dry-run).")
        output.document({"exit_code": 0, "dry_run": True})
        return 0
    with account.client() as sms:
        voucher = _voucher()
        _check(voucher)
        try:
            sms.redeem(voucher)
        except KeyboardInterrupt:
            finish_undisturbed(output)
            output.problem("interrupted: the voucher may have been redeemed; compare clicksoap balance")
            output.document({"exit_code": UNKNOWN, "error": None})
            return UNKNOWN
    output.line("redeemed")
    output.document({"exit_code": 0})
    return 0


def _voucher() -> str:
    if sys.stdin is None:
        raise click.UsageError("the standard input is closed: give the voucher there")
    if sys.stdin.isatty():
        return str(click.prompt("Voucher", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _check(voucher: str) -> None:
    if len(voucher) != _DIGITS or not voucher.isascii() or not voucher.isdigit():
        raise InvalidInput(f"voucher is not {_DIGITS} digits: give them without blanks")
