"""Output of commands: data on the standard output, all else on the standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from clicksoap.errors import ClicksoapError

_COLOURS: Final = {
    **dict.fromkeys(("accepted", "ok", "delivered"), "green"),
    **dict.fromkeys(("rejected", "failed", "no"), "red"),
    **dict.fromkeys(("not_sent", "unknown", "unconfirmed", "warning", "skipped"), "yellow"),
}
_MAX_WIDTH: Final = 40  # of a column that is aligned


class Output:
    """The output of one command.

    Args:
        as_json: Whether the data is one JSON document.
        quiet: Whether notes are left out; errors are not.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def line(self, text: str) -> None:
        """Write a line of data, unless the data is JSON."""
        if not self.as_json:
            click.echo(text)

    def rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Write a table: aligned and coloured on a terminal, else with a tab between two cells."""
        if self.as_json:
            return
        if sys.stdout is None or not sys.stdout.isatty():
            for row in rows:
                click.echo("\t".join(" ".join(cell.split()) for cell in row))
            return
        table = [list(row) for row in rows]
        widths = [min(_MAX_WIDTH, max(map(len, column))) for column in zip(*table, strict=True)]
        for row in table:
            cells = [_coloured(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
            click.echo("  ".join([*cells, *(_coloured(cell, 0) for cell in row[-1:])]).rstrip())

    def document(self, data: Mapping[str, object]) -> None:
        """Write the data as JSON, if JSON is asked for."""
        if self.as_json:
            click.echo(json.dumps(data, indent=2, default=str, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Write a note for people."""
        if not self.quiet:
            click.echo(text, err=True)

    def problem(self, text: str) -> None:
        """Write an error for people."""
        click.echo(f"{click.style('Error:', fg='red')} {text}", err=True)


def error_data(error: "ClicksoapError | None") -> dict[str, Any] | None:
    """An error as plain data: class, text, gateway code, and what the class says of the call."""
    if error is None:
        return None
    return {
        "class": type(error).__name__,
        "text": str(error),
        "code": getattr(error, "code", None),
        "retryable": error.retryable,
        "may_have_taken_effect": error.may_have_taken_effect,
        "cause": error_data(error.cause),
    }


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 part``, ``2 parts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _coloured(cell: str, width: int) -> str:
    return click.style(cell.ljust(width), fg=_COLOURS.get(cell)) if cell in _COLOURS else cell.ljust(width)
