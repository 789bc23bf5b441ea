"""The command ``clicksoap coverage``: prints whether numbers are routed."""

from functools import partial

import click

from clicksoap.cli.exit_codes import OK, REJECTED
from clicksoap.cli.output import Output, error_data
from clicksoap.cli.verbs import Account, answer_or_refusal, connected, examples, reporting
from clicksoap.errors import GatewayError
from clicksoap.results import Coverage

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
        answers = [answer_or_refusal(partial(sms.coverage, each)) for each in numbers]
    code = OK if all(isinstance(each, Coverage) and each.routed for each in answers) else REJECTED
    output.rows(_row(number, each) for number, each in zip(numbers, answers, strict=True))
    output.document(
        {
            "exit_code": code,
            "numbers": [_data(number, each) for number, each in zip(numbers, answers, strict=True)],
        }
    )
    return code


def _row(number: str, answer: Coverage | GatewayError) -> tuple[str, str, str]:
    if isinstance(answer, GatewayError):
        return number, "refused", f"{answer.code or ''} {answer.text}".strip()
    charge = "" if answer.charge is None else f"from {answer.charge} credits"
    return number, "yes" if answer.routed else "no", charge


def _data(number: str, answer: Coverage | GatewayError) -> dict[str, object]:
    if isinstance(answer, GatewayError):
        return {"number": number, "error": error_data(answer)}
    return {
        "number": number,
        "is_routed": answer.routed,
        "credits": answer.charge,
        "text": answer.text,
        "error": None,
    }
