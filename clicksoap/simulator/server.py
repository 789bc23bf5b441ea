"""The simulator as a server: it runs in a thread of its own and listens on loopback by default."""

import asyncio
import os
import socket
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self, cast

import uvicorn
from starlette.types import ASGIApp

from clicksoap.simulator.access_control import AccessControl, WebLogin
from clicksoap.simulator.app import application
from clicksoap.simulator.event_loop import SteadyEventLoop, steady_time
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import CAPACITY
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.settings import DEFAULTS, Settings
from clicksoap.simulator.services.connection import Connection
from clicksoap.simulator.simulation import Simulation

_WORKERS: Final = 128
_LARGE_WORKERS: Final = 2  # they compute, and more of them would only hold the others up
_BACKLOG: Final = 512
_KEEP_ALIVE: Final = 60
_GRACE: Final = 3.0
_JOIN_SECONDS: Final = 10.0  # far more than the thread needs, unless somebody stopped its clock
_TICK: Final = 0.1  # uvicorn's own; it counts ten of them to a second
_TICKS_PER_CHECK: Final = 10
_POLL: Final = 0.002
_WILDCARD_ADDRESSES: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how they are reached from here


class Simulator:
    """A simulated gateway with its server. It listens inside its ``with`` block, or from `start` to `stop`.

    Args:
        accounts: The accounts of the gateway. By default, all credentials work except the password ``wrong`` (see
            ``Gateway``).
        settings: The behaviour of the gateway where the vendor's documents leave it open (see ``Settings``).
        clock: The clock of the gateway; by default a new one that starts at the present time.
        capacity: The maximum number of messages, and of exchanges, to keep. The oldest ones are dropped.
        host: The address to listen on. Addresses other than ``localhost`` and loopback addresses need a login.
        port: The port to listen on; 0 for any free port.
        login: ``user:password`` for the inbox and the API, by Basic authentication. The gateway's services check the
            credentials of accounts instead, and the health checks need no login. None for no login.
        names: More host names that requests may use, such as ``api.clickatell.com`` if the hosts file maps that name
            to this machine. Requests to other names get status 421.
        store: A file that keeps messages, exchanges, messages from handsets and balances over a restart. A missing
            file is created. None keeps them in memory only.
        record: A file to which every accepted message is appended as a line of JSON: ``to``, ``client_message_id``,
            ``id`` and ``at``. It is complete where the gateway keeps only the latest messages. None for no such file.
        private_callbacks: True to make callbacks to this machine and to private networks even if other machines reach
            the simulator. A simulator on a loopback address always makes them.
        on_command: Called with the name of each command before the command runs, in the same thread. It may wait:
            other requests continue. If it raises, the caller gets a SOAP fault, or error 901 by the HTTP API, and the
            command does not run.

    Attributes:
        clock: The clock for sessions, batches and statuses.
        gateway: The state behind the services.
        exchanges: The requests and replies, with masked passwords and session ids.
        faults: The fault rules.
        callbacks: The calls to the customer's server.
        handset: Sends messages as a handset.
        store: The store; its ``problem`` is the reason why nothing is stored at present.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of the user's, by keyword
        self,
        *,
        accounts: Sequence[Account] | None = None,
        settings: Settings = DEFAULTS,
        clock: Clock | None = None,
        capacity: int = CAPACITY,
        host: str = "127.0.0.1",
        port: int = 0,
        login: str | None = None,
        names: Collection[str] = (),
        store: str | os.PathLike[str] | None = None,
        record: str | os.PathLike[str] | None = None,
        private_callbacks: bool = False,
        on_command: Callable[[str], None] | None = None,
    ) -> None:
        self._login = WebLogin.of(login) if login is not None else None
        self._address = _address(host, self._login)
        self._names = tuple(names)
        self._port = port
        self._on_command = on_command
        self._running: _ServerRun | None = None
        path = Path(store) if store is not None else None
        self._simulation = Simulation(
            accounts=accounts,
            settings=settings,
            clock=clock,
            capacity=capacity,
            store=path,
            record=Path(record) if record is not None else None,
            private_callbacks=private_callbacks or ip_address(self._address).is_loopback,
        )
        self.clock = self._simulation.clock
        self.gateway = self._simulation.gateway
        self.exchanges = self._simulation.exchanges
        self.faults = self._simulation.faults
        self.callbacks = self._simulation.callbacks
        self.handset = self._simulation.handset
        self.store = self._simulation.store

    @property
    def origin(self) -> str:
        """The address for requests from this machine, such as ``http://127.0.0.1:49152``.

        Raises:
            RuntimeError: The simulator is not running.
        """
        address = _WILDCARD_ADDRESSES.get(self._address, self._address)
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{self.port}"

    @property
    def port(self) -> int:
        """The port that the simulator listens on.

        Raises:
            RuntimeError: The simulator is not running.
        """
        if self._running is None:
            raise RuntimeError("the simulator is not running: start() it, or use it in a with statement")
        return self._running.port

    @property
    def settings(self) -> Settings:
        """The present settings of the gateway; others may be assigned at any time, and `reset` takes them back."""
        return self.gateway.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.gateway.settings = settings

    @property
    def messages(self) -> list[Message]:
        """All kept messages in order of acceptance, in their present state."""
        return self.gateway.messages

    def url(self, path: str) -> str:
        """The URL of a path, such as one of ``contract.SERVICE_PATHS`` or ``/http/sendmsg``."""
        return f"{self.origin}{path}"

    def start(self) -> None:
        """Start the server. It answers as soon as this method returns.

        Raises:
            OSError: The port or address cannot be used.
            StoreError: The file of the store or of the record cannot be used.
            RuntimeError: The simulator is running already, or the server could not start.
        """
        if self._running is not None:
            raise RuntimeError("the simulator is running already: stop() it first")
        listener = _listener(self._address, self._port)
        try:
            self._simulation.open_files()
        except BaseException:
            listener.close()
            raise
        running = _ServerRun(
            listener,
            self._simulation,
            self._on_command,
            partial(AccessControl, address=self._address, login=self._login, names=self._names),
        )
        running.start()
        self._running = running

    def stop(self) -> None:
        """Stop the server. Requests in progress have 3 seconds to finish. Harmless if the simulator is not running."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def reset(self) -> None:
        """Drop everything that happened, and restore the initial accounts, settings and faults."""
        self._simulation.reset()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _ServerRun:
    """The socket, thread and workers of a server between `start` and `stop`."""

    def __init__(
        self,
        listener: socket.socket,
        simulation: Simulation,
        on_command: Callable[[str], None] | None,
        access_control: Callable[[ASGIApp], AccessControl],
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="clicksoap-simulator-worker")
        self._stopping = Event()
        self._simulation = simulation
        self._large_workers = ThreadPoolExecutor(_LARGE_WORKERS, thread_name_prefix="clicksoap-simulator-large")
        app = access_control(application(simulation, self._workers, self._large_workers, self._stopping, on_command))
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        config.load()
        config.loaded_app = app  # at its lowest log level, uvicorn would wrap the application and log every query
        self._server = _Server(config)
        self._thread = Thread(target=self._run, name="clicksoap-simulator", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()
        self._server.startup_finished.wait()
        if not self._server.started:
            self.stop()
            if isinstance(self._failure, Exception):
                raise self._failure
            raise RuntimeError("the simulator's server could not start") from self._failure
        self._simulation.start()

    def stop(self) -> None:
        self._stopping.set()
        self._simulation.stop()
        self._server.ask_to_stop()
        self._thread.join(_JOIN_SECONDS)
        self._listener.close()
        # on_command may wait forever; stop() must not.
        for workers in (self._workers, self._large_workers):
            workers.shutdown(wait=not self._server.cut_short, cancel_futures=True)
        self._simulation.close_files()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=SteadyEventLoop) as runner:
                runner.run(self._server.serve(sockets=[self._listener]))
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread that called start()
            self._failure = failure
        finally:
            self._server.startup_finished.set()


class _Server(uvicorn.Server):
    """A uvicorn server that starts and stops without delay, because tests may start one each.

    uvicorn itself checks every 0.1 seconds for a stop, and then waits another 0.1 seconds.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_finished = Event()
        self.cut_short = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def ask_to_stop(self) -> None:
        """Ask the server to stop; callable from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop may have ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self.startup_finished.set()

    async def main_loop(self) -> None:
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            if tick % _TICKS_PER_CHECK == 0:
                now = asyncio.get_running_loop().time()
                for connection in cast("list[Connection]", list(self.server_state.connections)):
                    connection.check(now)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        connections = self.server_state.connections
        for connection in list(connections):
            connection.shutdown()
        deadline = steady_time() + _GRACE
        while (connections or self.server_state.tasks) and steady_time() < deadline:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(_POLL)
        unfinished: list[object] = list(connections)
        for each in unfinished:
            self.cut_short = True
            if isinstance(each, Connection):
                each.break_off()
        await asyncio.sleep(_POLL)


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio disables Nagle's algorithm only for sockets with an explicit protocol. With it, every second request of a
    # connection waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on other systems the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _address(host: str, login: WebLogin | None) -> str:
    """Check the address to listen on."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError(
            "host is not an address: give an address to listen on, such as 127.0.0.1, not a name"
        ) from None
    if not address.is_loopback and login is None:
        raise ValueError(
            "host is reachable from other machines, and anybody there could read the messages: give"
            " login='user:password' as well, or a loopback address such as 127.0.0.1"
        )
    return str(address)
