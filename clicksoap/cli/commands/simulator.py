"""The command ``clicksoap simulator``: runs a simulated gateway."""

import errno
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from clicksoap.cli.extras import simulator_package
from clicksoap.cli.options import (
    check_host,
    parse_accounts,
    parse_settings,
    read_accounts,
    read_login,
    setting_lines,
)
from clicksoap.cli.verbs import examples
from clicksoap.contract import SERVICE_PATHS

if TYPE_CHECKING:
    from clicksoap.simulator import Simulator

_IPV6: Final = 6
LogFormat = Literal["text", "json"]


@click.command("simulator", epilog=examples("clicksoap simulator", "clicksoap simulator --port 0 --strict"))
@click.option(
    "--port",
    default=8025,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes any free port.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; other addresses than loopback need --login.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Additional host name of this machine that requests may use. Repeatable.",
)
@click.option(
    "--login",
    metavar="USER:PASSWORD",
    help="Login for the inbox and the API. The gateway's services do not ask for it.",
)
@click.option(
    "--login-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that holds the login as USER:PASSWORD, which other users cannot see in a list of processes.",
)
@click.option("--store", type=click.Path(dir_okay=False), help="File that keeps all state over a restart.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False),
    help="File to which every accepted message is appended as JSON: number, client id, id, time.",
)
@click.option(
    "--capacity",
    default=10_000,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of messages to keep, and of exchanges.",
)
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 1_000_000),
    help="Speed of the gateway's clock: its seconds per real second; 0 stops it.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="API_ID:USER:PASSWORD[:BALANCE]",
    help="Account of the gateway, with 1000 credits unless BALANCE says more. Repeatable. Without it, all credentials "
    "work except the password 'wrong'.",
)
@click.option(
    "--account-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with an account a line, as for --account; lines that begin with # are comments.",
)
@click.option("--trial", is_flag=True, help="Make all accounts trial accounts: ten credits, and replaced texts.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a setting. Repeatable.")
@click.option(
    "--private-callbacks",
    is_flag=True,
    help="Make callbacks to this machine and to private networks even if --host is reachable from other machines.",
)
@click.option("--strict", is_flag=True, help="Refuse requests that the simulator otherwise only warns about.")
@click.option(
    "--log",
    "log_format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="Format of the line that is written for each request.",
)
@click.option("--quiet", is_flag=True, help="Write neither addresses nor requests.")
@click.option("--settings", "is_list", is_flag=True, help="List the settings for --set, and exit.")
def command(  # noqa: PLR0913 - each is an option
    *,
    port: int,
    host: str,
    names: tuple[str, ...],
    login: str | None,
    login_file: Path | None,
    store: str | None,
    record: str | None,
    capacity: int,
    speed: float,
    accounts: tuple[str, ...],
    account_file: Path | None,
    trial: bool,
    settings: tuple[str, ...],
    private_callbacks: bool,
    strict: bool,
    log_format: LogFormat,
    quiet: bool,
    is_list: bool,
) -> None:
    """Run a simulated gateway on this machine until Ctrl-C.

    It prints its addresses, and the numbers that it refuses, loses or delays on purpose.
    """
    package = simulator_package()
    if is_list:
        for line in setting_lines():
            click.echo(line)
        return
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    login = read_login(login, login_file)
    is_local = check_host(host, has_login=login is not None)
    account_list = parse_accounts(read_accounts(accounts, account_file), trial=trial)
    chosen_settings = parse_settings(settings, strict=strict)
    simulator = _started(
        package,
        host,
        accounts=account_list,
        settings=chosen_settings,
        clock=package.Clock(speed),
        capacity=capacity,
        port=port,
        login=login,
        names=names,
        store=store,
        record=record,
        private_callbacks=private_callbacks,
    )
    hosts = () if is_local else _reachable_hosts(host)
    lines = [
        *_start_lines(simulator, is_open=account_list is None, needs_login=login is not None),
        *(f"From other machines: http://{each}:{simulator.port}/" for each in hosts),
    ]
    try:
        if quiet:
            stop.wait()
        else:
            _show(simulator, lines, stop, log_format)
    finally:
        simulator.stop()


def _started(package: ModuleType, host: str, **options: Any) -> "Simulator":  # noqa: ANN401 - those of the class
    """A running simulator.

    Raises:
        click.ClickException: It cannot run with these options.
    """
    try:
        simulator: Simulator = package.Simulator(host=host, **options)
        simulator.start()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except package.StoreError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise click.ClickException(f"{host} is not an address of this machine: give another --host") from None
        text = f"port {options['port']} cannot be used: {error.strerror}; try --port 0"
        raise click.ClickException(text) from None
    return simulator


def _show(simulator: "Simulator", lines: Iterable[str], stop: threading.Event, log_format: LogFormat) -> None:
    """Write the first lines, and then the request log until the end."""
    for line in lines:
        click.echo(line, err=log_format == "json")  # with JSON, every line of the output is an object
    sys.stdout.flush()
    request_log = import_module("clicksoap.simulator.request_log")
    log = request_log.RequestLog(simulator.exchanges, simulator.gateway.event_bus, sys.stdout, log_format)
    try:
        stop.wait()
    finally:
        log.close()


def _reachable_hosts(host: str) -> tuple[str, ...]:
    """The addresses, in a URL's spelling, by which other machines reach the simulator."""
    address = ip_address(host)
    if not address.is_unspecified:
        return (f"[{address}]" if address.version == _IPV6 else str(address),)
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if address.version == _IPV6 else (socket.AF_INET, "192.0.2.1")
    found = [socket.gethostname()]
    # Connecting sends nothing: it only chooses the address that this machine would use.
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))
        own = probe.getsockname()[0]
        found.append(f"[{own}]" if address.version == _IPV6 else own)
    return tuple(dict.fromkeys(found))


def _start_lines(simulator: "Simulator", *, is_open: bool, needs_login: bool) -> Iterator[str]:
    """The first lines of output: addresses and environment variables, ready to copy.

    Args:
        simulator: The running simulator.
        is_open: True if there is no list of accounts. Otherwise the credentials are not shown.
        needs_login: True if the inbox and the API ask for a login.
    """
    login = ", with the login" if needs_login else ""
    yield f"clicksoap simulator at {simulator.origin}, until Ctrl-C"
    for path, dialect in SERVICE_PATHS.items():
        yield f"  {dialect:<17} {simulator.url(path)}?wsdl"
    yield f"  {'HTTP API':<17} {simulator.url('/http/sendmsg')} and the other commands"
    yield f"  {'inbox':<17} {simulator.url('/')}{login}"
    yield f"  {'its own API':<17} {simulator.url('/api/v1/openapi.json')}{login}"
    api_id, user, password = "123456", "demo", "demo"
    if not is_open:
        account = simulator.gateway.accounts()[0][0]
        api_id, user, password = str(account.api_id), account.user, "..."
    yield (
        f"export CLICKSOAP_ENDPOINT={simulator.origin} CLICKSOAP_API_ID={api_id}"
        f" CLICKSOAP_USER={shlex.quote(user)} CLICKSOAP_PASSWORD={password}"
    )
    if is_open:
        yield "All credentials work except the password 'wrong'."
    yield "Magic numbers: 999105... is refused with error 105, 998007... ends in status 007 (any code works);"
    yield "997 breaks the HTTP answer: 997002... resets the connection after accepting, 997503... is HTTP 503."
