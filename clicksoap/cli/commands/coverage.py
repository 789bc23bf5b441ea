"""The command ``clicksoap coverage``: prints whether numbers are routed."""

import click

from clicksoap.cli.exit_codes import OK, REJECTED
from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, reporting

_EPILOG = examples("clicksoap coverage +27821234567")


@click.command("coverage", epilog=_EPILOG)
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@connected
@reporting
def command(*, account: Account, output: Output, numbers: tuple[str, ...]) -> int:
    """Print whether numbers are routed, and from how many credits.

    The exit code is 3 if one is not routed. The gateway asks not to be called before each send.
    """
    with account.client() as sms:
        answers = [sms.coverage(each) for each in numbers]
    code = OK if all(each.routed for each in answers) else REJECTED
    output.rows(
        (number, "yes" if each.routed else "no", "" if each.charge is None else f"from {each.charge} credits")
        for number, each in zip(numbers, answers, strict=True)
    )
    output.document(
        {
            "exit_code": code,
            "numbers": [
                {"number": number, "is_routed": each.routed, "credits": each.charge, "text": each.text}
                for number, each in zip(numbers, answers, strict=True)
            ],
        }
    )
    return code
