"""The commands ``clicksoap callbacks``: receive what the gateway tells."""

import json
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import click

from clicksoap.cli.output import Output, silence
from clicksoap.cli.verbs import examples
from clicksoap.errors import ClicksoapError
from clicksoap.events import DeliveryReport, InboundMessage
from clicksoap.secret import Secret

if TYPE_CHECKING:
    import uvicorn

    from clicksoap.callbacks import Callbacks, PostgreSQLStore, SQLiteStore

Event = DeliveryReport | InboundMessage

_LOGIN: Final = "CLICKSOAP_CALLBACKS_LOGIN"
_PROGRAM_SECONDS: Final = 60.0
_GRACE_SECONDS: Final = 30
_LOOPBACK: Final = "127.0.0.1"
_METRICS_PATH: Final = "/metrics"


def _hidden(_context: click.Context, _option: click.Parameter, value: str | None) -> Secret | None:
    return None if value is None else Secret(value)


@click.group("callbacks", epilog=examples("clicksoap callbacks serve --login-file login.txt"))
def command() -> None:
    """Receive delivery reports and inbound messages."""


@command.command(
    "serve",
    epilog=examples(
        "clicksoap callbacks serve --login-file login.txt --store callbacks.db",
        'clicksoap callbacks serve --login-file login.txt --exec "python handle.py"',
        "clicksoap callbacks serve --login-file login.txt --outbox sqlite:///outbox.db",
    ),
)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes any free port.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--login-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"File with USER:PASSWORD, several lines for several right passwords; or give one in {_LOGIN}.",
)
@click.option(
    "--path",
    "secret_path",
    metavar="PATH",
    envvar="CLICKSOAP_CALLBACKS_PATH",
    callback=_hidden,
    help="Secret end of the path, 16 characters or more from a slash on; or give it in CLICKSOAP_CALLBACKS_PATH.",
)
@click.option("--allow", multiple=True, metavar="NETWORK", help="Address or network that may call. Repeatable.")
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    help="Address or network of a reverse proxy, whose X-Forwarded-For is believed. Repeatable.",
)
@click.option(
    "--store",
    metavar="PATH|URL",
    envvar="CLICKSOAP_CALLBACKS_STORE",
    help="SQLite file or postgresql:// address that keeps events until they are handled; also in "
    "CLICKSOAP_CALLBACKS_STORE.",
)
@click.option(
    "--exec",
    "program",
    metavar="COMMAND",
    help="Command that is run for each event, which it reads as JSON; another exit code than 0 means: try again.",
)
@click.option(
    "--outbox",
    metavar="URL",
    envvar="CLICKSOAP_CALLBACKS_OUTBOX",
    help="Outbox whose messages the reports settle, and whose suppression list STOP replies enter; also in "
    "CLICKSOAP_CALLBACKS_OUTBOX.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Port of 127.0.0.1 that shows the metrics of refused requests under /metrics; 0 takes any free port.",
)
@click.option("--quiet", "-q", is_flag=True, help="Write no notes; warnings and errors are still written.")
def serve(  # noqa: PLR0913 - each is an option
    *,
    port: int,
    host: str,
    login_file: Path | None,
    secret_path: Secret | None,
    allow: tuple[str, ...],
    proxies: tuple[str, ...],
    store: str | None,
    program: str | None,
    outbox: str | None,
    metrics_port: int | None,
    quiet: bool,
) -> None:
    """Receive callbacks until Ctrl-C or SIGTERM.

    Each event is a line of JSON on the standard output, or the input of the command of --exec. The gateway is told
    that it succeeded after that; with --store, after the event is stored.
    """
    output = Output(as_json=False, quiet=quiet)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    uvicorn_module = _uvicorn()
    users = _users(login_file)
    try:
        with ExitStack() as stack:
            receiver = _receiver(
                users=users,
                secret_path=secret_path or "",
                allow=allow,
                trusted_proxies=proxies,
                anybody=True,  # the warning below names the options
                store=None if store is None else stack.enter_context(_opened_store(store)),
            )
            if outbox is not None:
                stack.enter_context(_settling(receiver, outbox))
            listeners = [stack.enter_context(_listening(host, port, "another --host or --port"))]
            app: Any = receiver.asgi()
            if metrics_port is not None:
                listeners.append(stack.enter_context(_listening(_LOOPBACK, metrics_port, "another --metrics-port")))
                app = _WithMetrics(receiver, listeners[1].getsockname())
            config = uvicorn_module.Config(
                app,
                log_config=None,
                access_log=False,  # it would hold numbers and texts
                proxy_headers=False,  # the receiver reads them itself
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            server = uvicorn_module.Server(config)
            lines = _Lines(server)
            handler = lines.write if program is None else _Program(program).run
            receiver.on_delivery_report(handler)
            receiver.on_inbound(handler)
            if not (users or secret_path or allow):
                click.echo(
                    "WARNING: EVERYBODY WHO FINDS THE ADDRESS CAN INVENT REPORTS AND MESSAGES: "
                    "give --login-file, --path or --allow",
                    err=True,
                )
            if metrics_port is not None:
                output.note(f"Metrics are at {_origin(listeners[1])}{_METRICS_PATH}.")
            output.note(f"Callbacks are received at {_origin(listeners[0])}, until Ctrl-C.")
            _run(server, listeners)
    except ClicksoapError as error:
        from clicksoap.cli.exit_codes import code_of  # noqa: PLC0415 - only after an error

        output.problem(str(error))
        raise click.exceptions.Exit(code_of(error)) from None
    if lines.is_broken:
        output.problem("nobody reads the standard output: the gateway was told to try again")
        raise click.exceptions.Exit(1)


class _WithMetrics:
    """An ASGI application that shows the metrics of a receiver at an address of their own.

    Args:
        receiver: The receiver, which answers at all other addresses.
        address: The address and the port of the metrics. The gateway, and strangers, do not reach them.
    """

    def __init__(self, receiver: "Callbacks", address: tuple[str, int]) -> None:
        self._receiver = receiver
        self._app = receiver.asgi()
        self._address = address

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - the types of ASGI
        if scope["type"] != "http" or tuple(scope.get("server") or ()) != self._address:
            await self._app(scope, receive, send)
            return
        is_known = scope["path"] == _METRICS_PATH
        body = self._receiver.metrics() if is_known else f"the metrics are at {_METRICS_PATH}\n"
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if is_known else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})


class _Lines:
    """Writes events to the standard output, a line each."""

    def __init__(self, server: "uvicorn.Server") -> None:
        self.is_broken = False
        self._server = server
        self._lock = Lock()

    def write(self, event: Event) -> None:
        try:
            with self._lock:
                click.echo(_json(event))
        except OSError:
            self.is_broken = self._server.should_exit = True
            silence(sys.stdout)
            raise


class _Program:
    """Runs a command for each event."""

    def __init__(self, text: str) -> None:
        try:
            self._arguments = shlex.split(text)
        except ValueError as error:
            raise click.UsageError(f"--exec: not a command: {error}") from None
        if not self._arguments:
            raise click.UsageError("--exec: empty: give a command")

    def run(self, event: Event) -> None:
        done = subprocess.run(  # noqa: S603 - it is the caller's own
            self._arguments,
            input=f"{_json(event)}\n".encode("ascii"),
            timeout=_PROGRAM_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C lets it finish
        )
        if done.returncode:
            raise _ProgramFailedError(done.returncode)


class _ProgramFailedError(Exception):
    """The command of ``--exec`` ended with another exit code than 0."""


def _json(event: Event) -> str:
    kind = "delivery_report" if isinstance(event, DeliveryReport) else "inbound_message"
    return json.dumps({"event": kind} | event.to_dict())


def _uvicorn() -> Any:  # noqa: ANN401 - a module
    try:
        import uvicorn  # noqa: PLC0415 - an extra
    except ImportError:
        raise click.ClickException(
            'uvicorn is not installed; callbacks serve needs: pip install "clicksoap[callbacks]"'
        ) from None
    return uvicorn


def _users(file: Path | None) -> dict[str, list[Secret]]:
    """The users with their passwords.

    Raises:
        click.UsageError: The file cannot be read, or a login is incomplete. The text quotes no value.
    """
    from clicksoap.cli.options import secret_lines  # noqa: PLC0415 - help does not need it

    given = os.environ.get(_LOGIN)
    if file is None and given is None:
        return {}
    option, lines = (_LOGIN, [given or ""]) if file is None else ("--login-file", secret_lines("--login-file", file))
    users: dict[str, list[Secret]] = {}
    for line in lines:
        user, _, password = line.partition(":")
        if not user or not password:
            raise click.UsageError(f"{option}: incomplete login: give USER:PASSWORD")
        users.setdefault(user, []).append(Secret(password))
    if not users:
        raise click.UsageError(f"{option}: no login: give USER:PASSWORD")
    return users


def _receiver(**choices: Any) -> "Callbacks":  # noqa: ANN401 - those of the class
    from clicksoap.callbacks import Callbacks  # noqa: PLC0415 - help does not need it

    return Callbacks(**choices)


@contextmanager
def _opened_store(place: str) -> "Generator[SQLiteStore | PostgreSQLStore]":
    """The store of a path or of an address.

    Raises:
        click.ClickException: It cannot be used.
    """
    from clicksoap.callbacks import PostgreSQLStore, SQLiteStore  # noqa: PLC0415 - help does not need them

    make: Callable[[str], SQLiteStore | PostgreSQLStore]
    make = PostgreSQLStore if place.startswith(("postgresql://", "postgres://")) else SQLiteStore
    try:
        store = make(place)
        store.next_due()
    except ClicksoapError:
        raise
    except Exception as error:  # noqa: BLE001 - of either database; its text may hold the address
        problem = f"--store: it cannot be used ({type(error).__name__}): check the path or the address, and the rights"
        raise click.ClickException(problem) from None
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _settling(receiver: "Callbacks", url: str) -> Generator[None]:
    """Settle the messages of an outbox.

    Raises:
        click.ClickException: The extra ``outbox`` is not installed.
        OutboxError: The outbox cannot be used.
    """
    try:
        from clicksoap.callbacks.outbox import deliver_to  # noqa: PLC0415 - an extra
        from clicksoap.outbox import Outbox  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    with Outbox(url) as box:
        deliver_to(receiver, box)
        yield


@contextmanager
def _listening(host: str, port: int, mend: str) -> Generator[socket.socket]:
    """A socket that listens.

    Args:
        host: An address of this machine.
        port: The port; 0 for any free one.
        mend: What to give where these cannot be used.

    Raises:
        click.ClickException: The address or the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        text = f"{host}, port {port} cannot be used: {error.strerror}; give {mend}"
        raise click.ClickException(text) from None
    with listener:
        yield listener


def _origin(listener: socket.socket) -> str:
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _run(server: "uvicorn.Server", listeners: list[socket.socket]) -> None:
    """Serve until SIGINT or SIGTERM. Uvicorn raises a signal again at its end, where nothing is left to stop."""

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=listeners)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
