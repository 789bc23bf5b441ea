"""Options that the verbs of the outbox share: its database, and who decides."""

import functools
import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

import click

from clicksoap.cli.extras import outbox_package
from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Verb, reporting

if TYPE_CHECKING:
    from clicksoap.outbox import MessageState, Outbox

F = TypeVar("F", bound=Callable[..., object])

_VARIABLE: Final = "CLICKSOAP_OUTBOX"


def url_option(*names: str) -> Callable[[F], F]:
    """The option that names the database of the outbox."""
    return click.option(*names, envvar=_VARIABLE, metavar="URL", help=f"Database of the outbox; also in {_VARIABLE}.")


def mark_option(function: F) -> F:
    """Add ``--mark``."""
    return click.option(
        "--mark",
        envvar=f"{_VARIABLE}_MARK",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Mark file, by which an older copy of the database is noticed; also in {_VARIABLE}_MARK.",
    )(function)


def paced(function: F) -> F:
    """Add the options of a worker: ``--rate``, ``--floor``, ``--senders`` and ``--grace``."""
    for option in (
        click.option("--grace", default="10s", show_default=True, help="How long to wait for answers at the end."),
        click.option(
            "--senders", type=click.IntRange(1, 500), default=32, show_default=True, help="Requests at a time."
        ),
        click.option("--floor", type=click.FloatRange(min=0), help="Credits below which nothing is sent."),
        click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Parts a second, for all workers."),
    ):
        function = option(function)
    return function


def opened(function: Verb) -> Callable[..., NoReturn]:
    """Add ``--url`` and ``--mark`` to a verb of the outbox, which gets it as ``box``."""

    @url_option("--url")
    @mark_option
    @reporting
    @functools.wraps(function)
    def run(*, url: str | None, mark: Path | None, output: Output, **options: object) -> int:
        if url is None:
            raise click.UsageError(f"no outbox is named: give --url, or set {_VARIABLE}")
        package = outbox_package()
        region = options.pop("region", None)
        box: Outbox = package.Outbox(url, mark=mark, region=region, on_event=functools.partial(_tell, output))
        try:
            return function(box=box, output=output, **options)
        finally:
            box.close()

    return run


def _tell(output: Output, event: object) -> None:
    output.note(f"{getattr(event, 'what', '')}: {getattr(event, 'detail', '')}")


def named_states(names: Sequence[str]) -> "list[MessageState]":
    """The states of these names.

    Raises:
        click.UsageError: A name is none of a state.
    """
    known = {each.value: each for each in outbox_package().MessageState}
    for each in names:
        if each not in known:
            raise click.UsageError(f"{each!r} is not a state: give any of {', '.join(known)}")
    return [known[each] for each in names]


def signed(function: Verb) -> Verb:
    """Add ``--by`` and ``--why`` to a verb whose decision is recorded."""

    @click.option("--by", metavar="NAME", help="Person who decides; by default the user of the system.")
    @click.option("--why", required=True, metavar="TEXT", help="Reason, which is recorded.")
    @functools.wraps(function)
    def run(*, by: str | None, **options: object) -> int:
        return function(by=by or getpass.getuser(), **options)

    return run
