"""Shows the progress of a campaign: a live bar on a terminal, plain lines elsewhere."""

import sys
from contextlib import suppress
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self, TextIO, cast

from clicksoap.outbox.campaigns.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

_SECONDS: Final = 10.0
_WIDEST_BAR: Final = 60


class ProgressDisplay:
    """Shows each progress that it is called with; a context manager, whose end leaves the last line.

    It never raises: once the stream is broken it says nothing more.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live: Live | None = None
        self._is_broken = False
        self._written: Progress | None = None
        self._latest: Progress | None = None
        try:
            self._console = _terminal(stream)
        except Exception:  # noqa: BLE001 - a stream is code of others
            self._console = None
            self._is_broken = True

    def __call__(self, progress: Progress) -> None:
        """Show a progress: always on a terminal; elsewhere every ten seconds, and when it halts, goes on or ends."""
        self._latest = progress
        if self._is_broken:
            return
        try:
            if self._console is not None:
                self._draw(self._console, progress)
            elif self._is_due(progress):
                self._write(progress)
        except Exception:  # noqa: BLE001 - the sender must not stop because nobody looks any more
            self._break()

    def close(self) -> None:
        """Leave the last line, and give the terminal back. A second call does nothing."""
        latest, self._latest = self._latest, None
        if self._is_broken:
            return
        try:
            if self._live is not None:
                self._live.stop()
                self._live = None
            elif self._console is None and latest is not None and latest is not self._written:
                self._write(latest)
        except Exception:  # noqa: BLE001 - as above
            self._break()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _break(self) -> None:
        self._is_broken = True
        live, self._live = self._live, None
        if live is not None:
            with suppress(Exception):  # it gives sys.stderr back, and then fails to write
                live.stop()

    def _is_due(self, progress: Progress) -> bool:
        last = self._written
        if last is None or _kind(progress) != _kind(last):
            return True
        return abs((progress.at - last.at).total_seconds()) >= _SECONDS

    def _write(self, progress: Progress) -> None:
        self._written = progress
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(f"{progress}\n".encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()

    def _draw(self, console: "Console", progress: Progress) -> None:
        from rich.console import Group  # noqa: PLC0415 - only on a terminal
        from rich.live import Live  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        share = f"{int(100 * progress.done / progress.rows) if progress.rows else 100:3} %"
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(
                total=max(1, progress.rows),
                completed=progress.done if progress.rows else 1,
                width=max(1, min(_WIDEST_BAR, console.width - len(share) - 2)),
            ),
            Text(share, no_wrap=True),
        )
        shown = Group(line, Text(str(progress)))
        if self._live is None:
            # Only what goes to this very stream is printed above the bar.
            self._live = Live(
                shown,
                console=console,
                auto_refresh=False,
                redirect_stdout=self._stream is sys.stdout,
                redirect_stderr=self._stream is sys.stderr,
                vertical_overflow="visible",
            )
            self._live.start(refresh=True)
        else:
            self._live.update(shown, refresh=True)


def show_progress(stream: TextIO | None = None) -> ProgressDisplay:
    """Show the progress of a campaign while it is sent: ``box.send(plan, sms, on_progress=show_progress())``.

    On a terminal it is a bar with a line, redrawn each second; NO_COLOR is respected. Elsewhere it is a plain line
    every ten seconds, and when the campaign is paused, held, resumed or done. Use it in ``with``, or call its
    ``close()``, so that the terminal is given back.

    Args:
        stream: Where to write; the standard error by default.

    Returns:
        What ``on_progress=`` takes.
    """
    return ProgressDisplay(sys.stderr if stream is None else stream)


def _terminal(stream: TextIO) -> "Console | None":
    """A console of the stream; None if no line of it can be redrawn."""
    if not stream.isatty():
        return None
    from rich.console import Console  # noqa: PLC0415 - only on a terminal

    console = Console(file=cast("IO[str]", stream), highlight=False, soft_wrap=False)
    return None if console.is_dumb_terminal or not console.is_terminal else console


def _kind(progress: Progress) -> tuple[bool, bool, bool]:
    return progress.paused is not None, progress.held_until is not None, progress.is_done
