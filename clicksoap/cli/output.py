"""Output of commands: data on the standard output, all else on the standard error."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

if TYPE_CHECKING:
    from clicksoap.errors import ClicksoapError

_COLOURS: Final = {
    **dict.fromkeys(("accepted", "ok", "delivered"), "green"),
    **dict.fromkeys(("rejected", "failed", "no"), "red"),
    **dict.fromkeys(("not_sent", "unknown", "unconfirmed", "warning", "skipped"), "yellow"),
}
_MAX_WIDTH: Final = 40  # of a column that is aligned
# The library's texts name methods and arguments of Python.
_WORDS: Final = (
    ("go on with it by clicksoap outbox resume", "use its resume() to go on"),
    ('give --again "the reason"', 'give again="the reason"'),
    ("look at the names with clicksoap outbox campaigns", "look at the names with campaigns()"),
    ("look it up with clicksoap outbox campaigns", "look it up with campaign()"),
    ("give another path, or --overwrite", "give another path, or overwrite=True"),
    ("set the region, such as CLICKSOAP_REGION=ZA", 'give the client region="ZA"'),
    ("give --region ZA", 'give region="ZA"'),
)


class Output:
    """The output of one command.

    Args:
        as_json: Whether the data is one JSON document.
        quiet: Whether notes are left out; errors are not.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._must_arrive = False
        self._is_broken = False

    def keep_data(self) -> None:
        """Write the data that follows to the standard error if nobody reads the standard output.

        It says what became of messages, and cannot be asked for again.
        """
        self._must_arrive = True

    def line(self, text: str) -> None:
        """Write a line of data, unless the data is JSON."""
        if not self.as_json:
            self._data(text)

    def rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Write a table: aligned and coloured on a terminal, else with a tab between two cells."""
        if self.as_json:
            return
        if sys.stdout is None or not sys.stdout.isatty():
            for row in rows:
                self._data("\t".join(" ".join(cell.split()) for cell in row))
            return
        table = [list(row) for row in rows]
        widths = [min(_MAX_WIDTH, max(map(len, column))) for column in zip(*table, strict=True)]
        for row in table:
            cells = [_coloured(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
            self._data("  ".join([*cells, *(_coloured(cell, 0) for cell in row[-1:])]).rstrip())

    def document(self, data: Mapping[str, object]) -> None:
        """Write the data as JSON, if JSON is asked for."""
        if self.as_json:
            self._data(json.dumps(data, indent=2, default=_plain, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Write a note for people."""
        if not self.quiet:
            self._aside(text)

    def problem(self, text: str) -> None:
        """Write an error for people, in words of the shell instead of those of Python."""
        for said, written in _WORDS:
            text = text.replace(written, said)
        self._aside(f"{click.style('Error:', fg='red')} {text}")

    def _data(self, text: str) -> None:
        if self._is_broken:
            self._aside(text)
            return
        try:
            click.echo(text)
        except OSError as error:
            if not self._must_arrive:
                raise
            self._is_broken = True
            silence(sys.stdout)
            self.problem(f"the standard output cannot be written ({error.strerror}); the data follows here")
            self._aside(text)

    def _aside(self, text: str) -> None:
        try:
            click.echo(text, err=True)
        except OSError:
            if not self._must_arrive:
                raise
            silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Let a stream that nobody reads write to nowhere, so that Python does not fail when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def error_data(error: "ClicksoapError | None") -> dict[str, Any] | None:
    """An error as plain data: class, text, gateway code, and what the class says of the call."""
    if error is None:
        return None
    return {
        "class": type(error).__name__,
        "text": str(error),
        "code": getattr(error, "code", None),
        "until": getattr(error, "until", None),
        "retryable": error.retryable,
        "may_have_taken_effect": error.may_have_taken_effect,
        "cause": error_data(error.cause),
    }


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 part``, ``2 parts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _coloured(cell: str, width: int) -> str:
    return click.style(cell.ljust(width), fg=_COLOURS.get(cell)) if cell in _COLOURS else cell.ljust(width)
