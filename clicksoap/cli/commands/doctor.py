"""The command ``clicksoap doctor``: checks the way to the gateway and the account."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from clicksoap.cli.doctor import callback, gateway, network, outbox
from clicksoap.cli.doctor.examination import Examination
from clicksoap.cli.doctor.results import CheckState, Result, skipped
from clicksoap.cli.exit_codes import worst
from clicksoap.cli.outbox_verbs import mark_option, url_option
from clicksoap.cli.output import Output, counted
from clicksoap.cli.verbs import Account, connected, examples, reporting


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: The name in the output.
        run: Makes the check.
        needs: The checks that must not have failed; else this one is skipped.
    """

    name: str
    run: Callable[[Examination], Result]
    needs: tuple[str, ...] = ()


CHECKS: Final = (
    Check("settings", gateway.settings),
    Check("dns", network.dns, ("settings",)),
    Check("tcp", network.tcp, ("dns",)),
    Check("proxy", network.proxy, ("tcp",)),
    Check("tls", network.tls, ("proxy",)),
    Check("server", network.server, ("tls",)),
    Check("clock", network.clock, ("server",)),
    Check("wsdl", gateway.same_wsdl, ("server",)),
    Check("login", gateway.login, ("server",)),
    Check("balance", gateway.balance, ("login",)),
    Check("coverage", gateway.coverage, ("login",)),
    Check("sender", gateway.sender, ("settings",)),
    Check("callback", callback.callback),
    Check("outbox", outbox.outbox),
)
"""The checks in their order."""

_EPILOG = examples("clicksoap doctor", "clicksoap doctor --number +27821234567 --sender ACME --json")


@click.command("doctor", epilog=_EPILOG)
@click.option("--number", metavar="NUMBER", help="Number whose coverage is checked.")
@click.option("--sender", metavar="ID", help="Sender to check, instead of that of the settings.")
@click.option("--callback", "address", metavar="URL", help="Address of your receiver of callbacks.")
@url_option("--outbox", "database")
@mark_option
@connected
@reporting
def command(  # noqa: PLR0913 - each is an option
    *,
    account: Account,
    output: Output,
    number: str | None,
    sender: str | None,
    address: str | None,
    database: str | None,
    mark: Path | None,
) -> int:
    """Check the way to the gateway, the account, and the outbox if there is one.

    No message is sent. Each failed check says what it means and what to do. The exit code is that of the outcome which
    a send would have.
    """
    examination = Examination(account, number=number, sender=sender, callback=address, outbox=database, mark=mark)
    results: dict[str, Result] = {}
    try:
        for check in CHECKS:
            results[check.name] = result = _result(check, examination, results)
            _print(output, check.name, result)
    finally:
        examination.close()
    code = worst([each.exit_code for each in results.values()])
    failed = sum(each.state is CheckState.FAILED for each in results.values())
    warnings = sum(each.state is CheckState.WARNING for each in results.values())
    if failed:
        output.note(f"{counted(failed, 'check')} failed.")
    else:
        output.note(f"No check failed, {counted(warnings, 'warning')}." if warnings else "All is well.")
    output.document(
        {
            "exit_code": code,
            "checks": [
                {
                    "name": name,
                    "state": each.state.value,
                    "finding": each.finding,
                    "meaning": each.meaning,
                    "mend": each.mend,
                    "details": list(each.details),
                }
                for name, each in results.items()
            ],
        }
    )
    return code


def _result(check: Check, examination: Examination, before: dict[str, Result]) -> Result:
    for name in check.needs:
        result = before[name]
        if result.state is CheckState.FAILED or (result.state is CheckState.SKIPPED and _is_unmet(result)):
            return skipped(f"needs {name}")
    return check.run(examination)


def _is_unmet(result: Result) -> bool:
    """Whether a check was skipped because of another one, and not because it does not apply."""
    return result.finding.startswith("needs ")


def _print(output: Output, name: str, result: Result) -> None:
    output.rows([(f"{name:<8}", result.state.value, result.finding)])
    for detail in result.details:
        output.line(f"    {detail}")
    if result.meaning:
        output.line(f"    means: {result.meaning}")
        output.line(f"    do:    {result.mend}")
