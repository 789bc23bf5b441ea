"""What ``clicksoap`` can be told to do."""

import errno
import json
import signal
import sys
import threading
from importlib import import_module
from types import ModuleType

import click

from clicksoap.cli import demonstration, serving
from clicksoap.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clicksoap")
def cli() -> None:
    """Send SMS through the Clickatell SOAP gateway contract."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def demo(*, as_json: bool) -> None:
    """Send over both SOAP bindings to a simulated gateway, and show what comes back."""
    with _simulator_package().Simulator() as simulator:
        conversations = demonstration.run(simulator)
    if as_json:
        click.echo(json.dumps([conversation.as_data() for conversation in conversations], indent=2))
    else:
        demonstration.show(conversations)


@cli.command()
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond this machine with --login."
)
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="Another name that this machine is called by; repeatable."
)
@click.option("--login", metavar="USER:PASSWORD", help="What the inbox and the API ask for; the services do not.")
@click.option("--store", type=click.Path(dir_okay=False), help="A file that keeps everything over a restart.")
@click.option("--capacity", default=10_000, show_default=True, type=click.IntRange(1), help="Messages that are kept.")
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(0, 1_000_000), help="How fast its clock goes."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="API_ID:USER:PASSWORD[:BALANCE]",
    help="The only ones let in; may be repeated. Without it, everybody is.",
)
@click.option("--trial", is_flag=True, help="Accounts are on trial: ten credits, and every text replaced.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting; see --settings.")
@click.option("--settings", "is_list", is_flag=True, help="List the settings, and do nothing else.")
def simulator(  # noqa: PLR0913 - each is an option
    *,
    port: int,
    host: str,
    names: tuple[str, ...],
    login: str | None,
    store: str | None,
    capacity: int,
    speed: float,
    accounts: tuple[str, ...],
    trial: bool,
    settings: tuple[str, ...],
    is_list: bool,
) -> None:
    """Run a simulated gateway on this machine until Ctrl-C."""
    package = _simulator_package()
    if is_list:
        for line in serving.list_settings():
            click.echo(line)
        return
    stop = threading.Event()

    def interrupted(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    let_in = serving.accounts(accounts, trial=trial)
    chosen = serving.settings(settings)
    try:
        running = package.Simulator(
            accounts=let_in,
            settings=chosen,
            clock=package.Clock(speed),
            capacity=capacity,
            host=host,
            port=port,
            login=login,
            names=names,
            store=store,
        )
        running.start()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except package.StoreError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise click.ClickException(f"{host} is no address of this machine") from None
        raise click.ClickException(f"port {port} cannot be used: {error.strerror}; try --port 0") from None
    try:
        for line in serving.directions(running, is_open=let_in is None, needs_login=login is not None):
            click.echo(line)
        sys.stdout.flush()
        stop.wait()
    finally:
        running.stop()


def _simulator_package() -> ModuleType:
    try:
        return import_module("clicksoap.simulator")
    except ImportError as error:
        raise click.ClickException(str(error)) from None
