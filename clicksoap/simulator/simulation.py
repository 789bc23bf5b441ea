"""A simulation: one gateway with its faults, callbacks, handsets, recorded exchanges and store; without a server."""

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Final

from clicksoap.simulator.exchanges import Exchanges
from clicksoap.simulator.faults.rule_set import Faults
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.store.record_file import RecordFile
from clicksoap.simulator.store.store import FileStore, MemoryStore
from clicksoap.simulator.webhooks.callable_networks import CallableNetworks
from clicksoap.simulator.webhooks.dispatcher import Callbacks
from clicksoap.simulator.webhooks.handset import Handset

_JOIN_SECONDS: Final = 5.0


class Simulation:
    """One simulated gateway with everything around it except the server.

    Args:
        accounts: The only accounts; None for an open gateway (see ``Gateway``).
        settings: The behaviour of the gateway where no document decides it.
        clock: The clock of sessions, batches and statuses; None for one of its own.
        capacity: The most messages, and the most exchanges, that are kept.
        store: The file that keeps them over a restart; None to keep them in memory alone.
        private_callbacks: True if callbacks may go to this machine and to private networks.
        record: The file to which every accepted message is appended; None for no such file.

    Attributes:
        clock: The clock of the gateway.
        gateway: The gateway.
        exchanges: The recorded requests and answers.
        faults: The fault rules.
        callbacks: The calls of the customer's server.
        handset: The handsets.
        store: The store of messages and exchanges.
        record: The record of accepted messages; None without one.
    """

    def __init__(  # noqa: PLR0913 - as those of the simulator
        self,
        *,
        accounts: Sequence[Account] | None,
        settings: Settings,
        clock: Clock | None,
        capacity: int,
        store: Path | None,
        record: Path | None = None,
        private_callbacks: bool = True,
    ) -> None:
        self.gateway = Gateway(accounts=accounts, settings=settings, clock=clock, capacity=capacity)
        self.clock = self.gateway.clock
        self.exchanges = Exchanges(capacity, self.gateway.event_bus)
        self.faults = Faults(self.gateway)
        self.callbacks = Callbacks(self.gateway, CallableNetworks(private=private_callbacks))
        self.handset = Handset(self.gateway, self.callbacks)
        self.store = (
            FileStore(store, self.gateway, self.exchanges, self.handset) if store is not None else MemoryStore()
        )
        self.record = RecordFile(record, self.gateway.event_bus) if record is not None else None
        self._ticker: _Ticker | None = None

    def start(self) -> None:
        """Move messages to their stages in the background, so that listeners of the event bus get events in time."""
        self.callbacks.start()
        self._ticker = _Ticker(self.gateway)
        self._ticker.start()

    def stop(self) -> None:
        """End the background threads; does nothing if they do not run."""
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            ticker.stop()
        self.callbacks.stop()

    def open_files(self) -> None:
        """Open the files of the store and of the record, and restore the state of a previous run.

        Raises:
            StoreError: A file cannot be used.
        """
        self.store.start()
        try:
            if self.record is not None:
                self.record.start()
        except BaseException:
            self.store.stop()
            raise

    def close_files(self) -> None:
        """Write the remaining changes, and close the files."""
        self.store.stop()
        if self.record is not None:
            self.record.stop()

    @property
    def problem(self) -> str:
        """The reason why a file is incomplete; empty if none is."""
        return self.store.problem or (self.record.problem if self.record is not None else "")

    def reset(self) -> None:
        """Forget everything that happened; the clock alone keeps its time."""
        self.faults.clear()
        self.exchanges.clear()
        self.callbacks.clear()
        self.handset.clear()
        self.gateway.reset()


class _Ticker(Thread):
    """A thread that moves messages to their next stage when it is due."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(name="clicksoap-simulator-clock", daemon=True)
        self._gateway = gateway
        self._stopping = False

    def run(self) -> None:
        clock = self._gateway.clock
        while True:
            signals = clock.signals
            if self._stopping:
                return
            clock.wait(self._gateway.advance(), signals)

    def stop(self) -> None:
        self._stopping = True
        self._gateway.clock.wake()
        self.join(_JOIN_SECONDS)
