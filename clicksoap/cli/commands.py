"""What ``clicksoap`` can be told to do."""

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from clicksoap.cli import demonstration
from clicksoap.version import __version__

if TYPE_CHECKING:
    from clicksoap.simulator import Simulator


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clicksoap")
def cli() -> None:
    """Send SMS through the Clickatell SOAP gateway contract."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def demo(*, as_json: bool) -> None:
    """Send over both SOAP bindings to a simulated gateway, and show what comes back."""
    with _simulator(0) as simulator:
        conversations = demonstration.run(simulator)
    if as_json:
        click.echo(json.dumps([conversation.as_data() for conversation in conversations], indent=2))
    else:
        demonstration.show(conversations)


@cli.command()
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def simulator(*, port: int) -> None:
    """Run a simulated gateway on this machine until Ctrl-C."""
    stop = threading.Event()

    def interrupted(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    try:
        running = _simulator(port)
        running.start()
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used: {error.strerror}; try --port 0") from None
    try:
        for line in demonstration.directions(running):
            click.echo(line)
        sys.stdout.flush()
        stop.wait()
    finally:
        running.stop()


def _simulator(port: int) -> "Simulator":
    try:
        from clicksoap.simulator import Simulator  # noqa: PLC0415 - starlette and uvicorn are an extra
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    return Simulator(port=port)
