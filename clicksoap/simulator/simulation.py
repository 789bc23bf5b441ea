"""A simulation: one gateway with its faults, callbacks, handsets, recorded exchanges and store; without a server."""

from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from clicksoap.simulator.exchanges import Exchanges
from clicksoap.simulator.faults.faults import Faults
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.store.store import FileStore, MemoryStore
from clicksoap.simulator.webhooks.dispatcher import Callbacks
from clicksoap.simulator.webhooks.handset import Handset


class Simulation:
    """One simulated gateway with everything around it except the server.

    Args:
        accounts: The only accounts; None for an open gateway (see ``Gateway``).
        settings: The behaviour of the gateway where no document decides it.
        clock: The clock of sessions, batches and statuses; None for one of its own.
        capacity: The most messages, and the most exchanges, that are kept.
        store: The file that keeps them over a restart; None to keep them in memory alone.

    Attributes:
        clock: The clock of the gateway.
        gateway: The gateway.
        exchanges: The recorded requests and answers.
        faults: The fault rules.
        callbacks: The calls of the customer's server.
        handset: The handsets.
        store: The store of messages and exchanges; the caller starts it before ``start`` and stops it after ``stop``.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[Account] | None,
        settings: Settings,
        clock: Clock | None,
        capacity: int,
        store: Path | None,
    ) -> None:
        self.gateway = Gateway(accounts=accounts, settings=settings, clock=clock, capacity=capacity)
        self.clock = self.gateway.clock
        self.exchanges = Exchanges(capacity, self.gateway.event_bus)
        self.faults = Faults(self.gateway)
        self.callbacks = Callbacks(self.gateway)
        self.handset = Handset(self.gateway, self.callbacks)
        self.store = (
            FileStore(store, self.gateway, self.exchanges, self.handset) if store is not None else MemoryStore()
        )
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
        self.join()
