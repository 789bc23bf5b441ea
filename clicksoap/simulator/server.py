"""The simulator as a running server: a thread of its own, on this machine only."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from threading import Event, Thread
from types import TracebackType
from typing import Final, Literal, Self

import uvicorn

from clicksoap.simulator.app import application
from clicksoap.simulator.clock import Clock
from clicksoap.simulator.commands import Commands
from clicksoap.simulator.connection import Connection
from clicksoap.simulator.faults import Faults
from clicksoap.simulator.gateway import Gateway
from clicksoap.simulator.model import Account, Message

_WORKERS: Final = 128
_BACKLOG: Final = 512
_KEEP_ALIVE: Final = 60
_GRACE: Final = 3.0
_TICK: Final = 0.1  # uvicorn's own; it counts ten of them to a second
_POLL: Final = 0.002


class Simulator:
    """A simulated gateway, listening on the loopback interface while its ``with`` block lasts.

    Args:
        accounts: The only accounts there are; without them everybody is let in (see ``Gateway``).
        host: Where to listen; loopback addresses and ``localhost`` only.
        port: 0 for any free port.
        clock: The clock to go by; its own by default.
        session_calls: After how many uses a session dies; None for no limit.
        on_command: Called with the name of each command before it is carried out, in the thread that carries it out.
            It may wait: other requests go on meanwhile. If it raises, the caller gets a SOAP fault, or error 901 by
            the HTTP API, and the command is not carried out.
        concat_default: The parts allowed to a message whose ``concat`` says nothing, 1 to 35; more are refused (113).
        reporting_delay: How old a message must be before querymsg tells its status; until then that is 001.
        unknown_client_id: What is answered to a client id that stands for nothing: ``error`` for error 104, ``status``
            for an id of zeros with status 001.

    Attributes:
        clock: The clock that sessions, batches and statuses go by.
        gateway: The state behind the services.
        faults: What is to go wrong.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of the user's, by keyword
        self,
        *,
        accounts: Sequence[Account] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        session_calls: int | None = None,
        on_command: Callable[[str], None] | None = None,
        concat_default: int = 1,
        reporting_delay: timedelta = timedelta(),
        unknown_client_id: Literal["error", "status"] = "error",
    ) -> None:
        self._address = _loopback(host)
        self._port = port
        self._on_command = on_command
        self._running: _Running | None = None
        self.clock = clock or Clock()
        self.gateway = Gateway(
            accounts=accounts,
            clock=self.clock,
            session_calls=session_calls,
            concat_default=concat_default,
            reporting_delay=reporting_delay,
            unknown_client_id=unknown_client_id,
        )
        self.faults = Faults(self.gateway)

    @property
    def origin(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:49152``.

        Raises:
            RuntimeError: It is not running.
        """
        if self._running is None:
            raise RuntimeError("the simulator is not running: start() it, or use it in a with statement")
        host = f"[{self._address}]" if ":" in self._address else self._address
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
            RuntimeError: It is running already, or the server could not be started.
        """
        if self._running is not None:
            raise RuntimeError("the simulator is running already")
        running = _Running(_listener(self._address, self._port), self.gateway, self.faults, self._on_command)
        running.start()
        self._running = running

    def stop(self) -> None:
        """Stop listening, let requests in progress finish for a few seconds, and end; harmless when not running."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

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
        self, listener: socket.socket, gateway: Gateway, faults: Faults, on_command: Callable[[str], None] | None
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="clicksoap-simulator-worker")
        app = application(Commands(gateway, faults, self._workers, on_command))
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

    def stop(self) -> None:
        self._server.ask_to_stop()
        self._thread.join()
        self._listener.close()
        # A hook that waits for ever must not keep its caller waiting too.
        self._workers.shutdown(wait=not self._server.cut_short, cancel_futures=True)

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
        for connection in list(connections):
            self.cut_short = True
            transport = getattr(connection, "transport", None)
            if isinstance(transport, asyncio.Transport):
                transport.abort()
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


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise ValueError("the simulator listens on this machine only: give a loopback address, such as 127.0.0.1")
