"""The simulator as a running server: a thread of its own, on this machine unless somebody says otherwise."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from clicksoap.simulator.access_control import AccessControl, Login
from clicksoap.simulator.app import application
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import CAPACITY
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.settings import DEFAULTS, Settings
from clicksoap.simulator.services.connection import Connection
from clicksoap.simulator.simulation import Simulation

_WORKERS: Final = 128
_BACKLOG: Final = 512
_KEEP_ALIVE: Final = 60
_GRACE: Final = 3.0
_TICK: Final = 0.1  # uvicorn's own; it counts ten of them to a second
_POLL: Final = 0.002
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how they are reached from here


class Simulator:
    """A simulated gateway, listening while its ``with`` block lasts.

    Args:
        accounts: The only accounts there are; without them everybody is let in (see ``Gateway``).
        settings: How the gateway behaves where no document decides it (see ``Settings``).
        clock: The clock to go by; its own by default.
        capacity: The most messages, and the most exchanges, that are kept; the oldest give way.
        host: The address to listen on; others than ``localhost`` and loopback addresses need a login.
        port: 0 for any free port.
        login: ``user:password``, which people and tools must bring to whatever shows messages or changes anything. The
            gateway's own services go by the credentials of accounts, and health by nothing.
        names: Further host names that it may be called by, such as ``api.clickatell.com`` where the hosts file leads
            that name here; others get status 421.
        store: A file that keeps messages, exchanges, messages from handsets and balances over a restart; it is made
            if it is not there. None keeps them in memory alone.
        on_command: Called with the name of each command before it is carried out, in the thread that carries it out.
            It may wait: other requests go on meanwhile. If it raises, the caller gets a SOAP fault, or error 901 by
            the HTTP API, and the command is not carried out.

    Attributes:
        clock: The clock that sessions, batches and statuses go by.
        gateway: The state behind the services.
        exchanges: What was asked and answered, with passwords and session ids masked.
        faults: What is to go wrong.
        callbacks: The calls of the customer's server.
        handset: The handsets.
        store: What keeps everything over a restart; its ``problem`` says why it does not any more.

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
        on_command: Callable[[str], None] | None = None,
    ) -> None:
        self._login = Login.of(login) if login is not None else None
        self._address = _address(host, self._login)
        self._names = tuple(names)
        self._port = port
        self._on_command = on_command
        self._running: _Running | None = None
        path = Path(store) if store is not None else None
        self._simulation = Simulation(accounts=accounts, settings=settings, clock=clock, capacity=capacity, store=path)
        self.clock = self._simulation.clock
        self.gateway = self._simulation.gateway
        self.exchanges = self._simulation.exchanges
        self.faults = self._simulation.faults
        self.callbacks = self._simulation.callbacks
        self.handset = self._simulation.handset
        self.store = self._simulation.store

    @property
    def origin(self) -> str:
        """Where it is reached from this machine, such as ``http://127.0.0.1:49152``.

        Raises:
            RuntimeError: It is not running.
        """
        if self._running is None:
            raise RuntimeError("the simulator is not running: start() it, or use it in a with statement")
        address = _EVERYWHERE.get(self._address, self._address)
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{self._running.port}"

    @property
    def messages(self) -> list[Message]:
        """Every message that the gateway accepted, in order, as it is now."""
        return self.gateway.messages

    def url(self, path: str) -> str:
        """The address of a path, such as one of ``contract.SERVICE_PATHS`` or ``/http/sendmsg``."""
        return f"{self.origin}{path}"

    def start(self) -> None:
        """Listen; the server answers as soon as this returns.

        Raises:
            OSError: The port cannot be had.
            StoreError: The file of the store cannot be used.
            RuntimeError: It is running already, or the server could not be started.
        """
        if self._running is not None:
            raise RuntimeError("the simulator is running already")
        listener = _listener(self._address, self._port)
        try:
            self._simulation.store.start()
        except BaseException:
            listener.close()
            raise
        running = _Running(
            listener,
            self._simulation,
            self._on_command,
            partial(AccessControl, address=self._address, login=self._login, names=self._names),
        )
        running.start()
        self._running = running

    def stop(self) -> None:
        """Stop listening, let requests in progress finish for a few seconds, and end; harmless when not running."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def reset(self) -> None:
        """Forget everything that happened; accounts, settings and faults are again as in the beginning."""
        self._simulation.reset()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Running:
    """One life of a server: its socket, its thread, its workers."""

    def __init__(
        self,
        listener: socket.socket,
        simulation: Simulation,
        on_command: Callable[[str], None] | None,
        guard: Callable[[ASGIApp], AccessControl],
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="clicksoap-simulator-worker")
        self._stopping = Event()
        self._simulation = simulation
        app = guard(application(simulation, self._workers, self._stopping, on_command))
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
        config.loaded_app = app  # at the lowest log level, uvicorn wraps it in something that logs every query
        self._server = _Server(config)
        self._thread = Thread(target=self._run, name="clicksoap-simulator", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()
        self._server.decided.wait()
        if not self._server.started:
            self.stop()
            if isinstance(self._failure, Exception):
                raise self._failure
            raise RuntimeError("the simulator's server could not be started") from self._failure
        self._simulation.start()

    def stop(self) -> None:
        self._stopping.set()
        self._simulation.stop()
        self._server.ask_to_stop()
        self._thread.join()
        self._listener.close()
        # A hook that waits for ever must not keep its caller waiting too.
        self._workers.shutdown(wait=not self._server.cut_short, cancel_futures=True)
        self._simulation.store.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread that called start()
            self._failure = failure
        finally:
            self._server.decided.set()


class _Server(uvicorn.Server):
    """uvicorn's server, ready and gone as soon as it can be: a test may start one for itself.

    uvicorn looks every tenth of a second whether it should stop, and waits another tenth before it does.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.decided = Event()
        self.cut_short = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def ask_to_stop(self) -> None:
        """Stop soon; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop may have ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self.decided.set()

    async def main_loop(self) -> None:
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
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
        deadline = time.monotonic() + _GRACE
        while (connections or self.server_state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(_POLL)
        left: list[object] = list(connections)
        for each in left:
            self.cut_short = True
            if isinstance(each, Connection):
                each.break_off()
        await asyncio.sleep(_POLL)


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is; with it on, every second
    # request of a connection waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _address(host: str, login: Login | None) -> str:
    """The address to listen on."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError("host is the address to listen on: give one, such as 127.0.0.1, and no name") from None
    if not address.is_loopback and login is None:
        raise ValueError(
            "host reaches beyond this machine, where everybody could read the messages: give login='user:password'"
            " with it, or a loopback address such as 127.0.0.1"
        )
    return str(address)
