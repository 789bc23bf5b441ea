"""``clicksoap demo``: one conversation per SOAP binding with a simulated gateway."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from clicksoap.client import Client
from clicksoap.contract import DEFAULT_PATHS, Dialect

if TYPE_CHECKING:
    from clicksoap.simulator import Simulator

_TEXT: Final = "Your parcel is at the door"
# The simulator refuses what starts with 999, with the error of the three digits behind it.
_WIDTH: Final = 100  # where there is no terminal that says its own
_NUMBERS: Final = ("+27 82 123 4567", "+27 83 123 4567", "+999 105 4567")


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient of the demonstration."""

    to: str
    state: str
    message_id: str | None
    error: str | None
    status: str | None
    charge: str | None
    routed: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one binding said and was answered."""

    binding: str
    wsdl: str
    url: str
    text: str
    balance_before: str
    recipients: tuple[Row, ...]
    balance_after: str

    def as_data(self) -> dict[str, object]:
        """The same as plain data."""
        return asdict(self)


def run(simulator: "Simulator") -> list[Conversation]:
    """Send over Document/Literal, then over RPC/Encoded."""
    return [_converse(simulator, dialect) for dialect in Dialect]


def _converse(simulator: "Simulator", dialect: Dialect) -> Conversation:
    url = simulator.url(DEFAULT_PATHS[dialect])
    with Client(api_id=123456, user="demo", password="demo", endpoint=url) as sms:  # noqa: S106 - the simulator's
        before = sms.balance()
        report = sms.send(_NUMBERS, _TEXT)
        simulator.clock.advance(minutes=1)  # until the handsets have the messages
        rows: list[Row] = []
        for result in report:
            status = charge = None
            if result.message_id is not None:
                found = sms.status(result.message_id).status
                status = f"{found.code} {found.text}"
                charge = str(sms.charge(result.message_id).credits)
            rows.append(
                Row(
                    to=result.given,
                    state=result.state.value,
                    message_id=result.message_id,
                    error=f"{result.error.code} {result.error.text}" if result.error else None,
                    status=status,
                    charge=charge,
                    routed=sms.coverage(result.to).routed,
                )
            )
        return Conversation(dialect.value, f"{dialect}.wsdl", url, _TEXT, str(before), tuple(rows), str(sms.balance()))


def show(conversations: Sequence[Conversation]) -> None:
    """Print the conversations as tables."""
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    for said in conversations:
        console.print(f"[bold]{said.binding}[/bold]", highlight=False)
        console.print(f"  {said.wsdl}\n  {said.url}\n  text: {said.text}", highlight=False)
        table = Table()
        for heading in ("to", "state", "message id", "status or error", "credits", "routed"):
            table.add_column(heading)
        for row in said.recipients:
            table.add_row(
                row.to,
                row.state,
                f"{row.message_id[:8]}…" if row.message_id else "-",
                row.error or row.status or "-",
                row.charge or "-",
                "yes" if row.routed else "no",
            )
        console.print(table)
        console.print(f"  {said.balance_before} credits before, {said.balance_after} after\n", highlight=False)
