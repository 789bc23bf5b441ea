"""The command ``clicksoap demo``: sends over both SOAP bindings to a simulated gateway."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from clicksoap.cli.extras import simulator_package
from clicksoap.cli.verbs import examples
from clicksoap.client import Client
from clicksoap.contract import DEFAULT_PATHS, Dialect

if TYPE_CHECKING:
    from clicksoap.simulator import Simulator

_TEXT: Final = "Your parcel is at the door"
_WIDTH: Final = 100  # columns, if the output is not a terminal
# The simulator refuses numbers that begin with 999; the next three digits are the error.
_NUMBERS: Final = ("+27 82 123 4567", "+27 83 123 4567", "+999 105 4567")


@dataclass(frozen=True, slots=True)
class DemoRecipient:
    """One recipient of the demo, with what the gateway said about it."""

    to: str
    state: str
    message_id: str | None
    error: str | None
    status: str | None
    charge: str | None
    routed: bool


@dataclass(frozen=True, slots=True)
class DemoRun:
    """The results of one binding."""

    binding: str
    wsdl: str
    url: str
    text: str
    balance_before: str
    recipients: tuple[DemoRecipient, ...]
    balance_after: str

    def as_data(self) -> dict[str, object]:
        """The results as JSON data."""
        return asdict(self)


@click.command("demo", epilog=examples("clicksoap demo", "clicksoap demo --json"))
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON instead of tables.")
def command(*, as_json: bool) -> None:
    """Send over both SOAP bindings to a simulated gateway, and show the results."""
    with simulator_package().Simulator() as simulator:
        runs = [_run(simulator, dialect) for dialect in Dialect]
    if as_json:
        click.echo(json.dumps([each.as_data() for each in runs], indent=2))
    else:
        _show(runs)


def _run(simulator: "Simulator", dialect: Dialect) -> DemoRun:
    url = simulator.url(DEFAULT_PATHS[dialect])
    with Client(api_id=123456, user="demo", password="demo", endpoint=url) as sms:  # noqa: S106 - the simulator's
        before = sms.balance()
        report = sms.send(_NUMBERS, _TEXT)
        simulator.clock.advance(minutes=1)  # until the messages are delivered
        rows: list[DemoRecipient] = []
        for result in report:
            status = charge = None
            if result.message_id is not None:
                found = sms.status(result.message_id).status
                status = f"{found.code} {found.text}"
                charge = str(sms.charge(result.message_id).credits)
            rows.append(
                DemoRecipient(
                    to=result.given,
                    state=result.state.value,
                    message_id=result.message_id,
                    error=f"{result.error.code} {result.error.text}" if result.error else None,
                    status=status,
                    charge=charge,
                    routed=sms.coverage(result.to).routed,
                )
            )
        return DemoRun(dialect.value, f"{dialect}.wsdl", url, _TEXT, str(before), tuple(rows), str(sms.balance()))


def _show(runs: Sequence[DemoRun]) -> None:
    """Print the results as tables."""
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    for each in runs:
        console.print(f"[bold]{each.binding}[/bold]", highlight=False)
        console.print(f"  {each.wsdl}\n  {each.url}\n  text: {each.text}", highlight=False)
        table = Table()
        for heading in ("to", "state", "message id", "status or error", "credits", "routed"):
            table.add_column(heading)
        for row in each.recipients:
            table.add_row(
                row.to,
                row.state,
                f"{row.message_id[:8]}…" if row.message_id else "-",
                row.error or row.status or "-",
                row.charge or "-",
                "yes" if row.routed else "no",
            )
        console.print(table)
        console.print(f"  {each.balance_before} credits before, {each.balance_after} after\n", highlight=False)
