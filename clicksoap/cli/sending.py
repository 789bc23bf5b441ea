"""Arguments and options that ``send`` and ``envelope`` share."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from clicksoap.cli.output import Output, counted
from clicksoap.cli.values import duration, moment, read_recipients
from clicksoap.errors import InvalidInput

if TYPE_CHECKING:
    from clicksoap.messages import Text
    from clicksoap.options import SendOptions

F = TypeVar("F", bound=Callable[..., object])

_MAX_BAD: Final = 20
_MINUTE: Final = timedelta(minutes=1)
_DECORATORS: Final = (
    click.argument("words", metavar="TO... TEXT", nargs=-1),
    click.option(
        "--to-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="File with one number a line; blank lines and lines that begin with # are left out.",
    ),
    click.option("--sender", metavar="ID", help="Sender of the message, which the gateway has to know."),
    click.option("--flash", is_flag=True, help="Show it at once on the phone, and do not keep it."),
    click.option("--plain", is_flag=True, help="Replace quotes, dashes and blanks that alone force Unicode."),
    click.option("--unique", is_flag=True, help="Send once to a number that is given several times."),
    click.option("--after", type=duration, metavar="TIME", help="Delay of the delivery, such as 30m; 7d at most."),
    click.option("--at", type=moment, metavar="TIME", help="Time of the delivery, such as 2026-05-01T08:00."),
    click.option("--validity", type=duration, metavar="TIME", help="How long the gateway tries, such as 4h."),
    click.option("--max-parts", type=int, metavar="N", help="Parts that a message may have, 1 to 35."),
    click.option("--max-credits", metavar="N", help="Credits that a message may cost."),
    click.option("--callback", type=int, metavar="N", help="Statuses that the gateway calls back, 0 to 7."),
    click.option("--client-id", metavar="ID", help="Your own id of the request, up to 32 letters and digits."),
)


class Sending:
    """The message of a command line: recipients, text and options."""

    def __init__(  # noqa: PLR0913 - each is an option
        self,
        *,
        words: tuple[str, ...],
        to_file: Path | None,
        sender: str | None,
        flash: bool,
        plain: bool,
        unique: bool,
        after: timedelta | None,
        at: datetime | None,
        validity: timedelta | None,
        max_parts: int | None,
        max_credits: str | None,
        callback: int | None,
        client_id: str | None,
    ) -> None:
        given, self._lines, text = read_recipients(words, to_file)
        self.to = [*given, *self._lines.values()]
        self.message = _message(text, flash=flash, plain=plain)
        options: SendOptions = {"unique": unique}
        if sender is not None:
            options["sender"] = sender
        if after is not None:
            options["deliver_after"] = _whole_minutes(after)
        if at is not None:
            options["deliver_at"] = at
        if validity is not None:
            options["validity"] = _whole_minutes(validity)
        if max_parts is not None:
            options["max_parts"] = max_parts
        if max_credits is not None:
            options["max_credits"] = _credits(max_credits)
        if callback is not None:
            options["callback"] = callback
        if client_id is not None:
            options["client_message_id"] = client_id
        self.options = options

    def check_file(self, region: str | None, output: Output) -> None:
        """Refuse a file with numbers that nothing can be sent to, and note those that stand in it several times.

        Args:
            region: The region of the settings, for national numbers.
            output: Takes the note.

        Raises:
            InvalidInput: There are such lines; the text names the first 20, and how many there are.
        """
        from clicksoap.msisdn import msisdn  # noqa: PLC0415 - help and errors of usage do not need it

        bad: list[str] = []
        counts: Counter[str] = Counter()
        for line, number in self._lines.items():
            try:
                counts[msisdn(number, f"line {line}", region)] += 1
            except InvalidInput as error:
                bad.append(f"\n  {error}")
        if bad:
            more = f"\n  and {len(bad) - _MAX_BAD} more" if len(bad) > _MAX_BAD else ""
            raise InvalidInput(
                f"{counted(len(bad), 'line')} of the file cannot be sent to, so nothing is sent: mend them, or leave "
                f"them out by clicksoap outbox plan{''.join(bad[:_MAX_BAD])}{more}"
            )
        several = sum(count > 1 for count in counts.values())
        if several and not self.options.get("unique"):
            output.note(f"{counted(several, 'number')} in the file several times: --unique sends once to each.")


def sending(function: F) -> F:
    """Add the arguments and options of `Sending`."""
    for decorator in reversed(_DECORATORS):
        function = decorator(function)
    return function


def _message(text: str, *, flash: bool, plain: bool) -> "Text":
    from clicksoap.messages import Text  # noqa: PLC0415 - help and errors of usage do not need it
    from clicksoap.text import transliterate  # noqa: PLC0415

    return Text(transliterate(text) if plain else text, flash=flash)


def _whole_minutes(duration: timedelta) -> timedelta:
    """The duration, rounded up to whole minutes, in which the gateway counts."""
    return -(-duration // _MINUTE) * _MINUTE


def _credits(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f"max_credits is not a number: give one such as 1.5, not {text!r}") from None
