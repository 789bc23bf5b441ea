"""Everything of a simulator but its server: one gateway, what is kept of its traffic, and what goes wrong."""

from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from clicksoap.simulator.exchanges import Exchanges
from clicksoap.simulator.faults.rules import Faults
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.model import Account
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.store.store import FileStore, MemoryStore
from clicksoap.simulator.webhooks.dispatcher import Callbacks
from clicksoap.simulator.webhooks.handset import Handset


class Simulation:
    """One simulated gateway and all that belongs to it.

    Args:
        accounts: The only accounts there are; None lets everybody in.
        settings: How the gateway behaves.
        clock: The clock to go by.
        capacity: The most messages, and exchanges, that are kept.
        store: The file that keeps them over a restart; None for none.

    Attributes:
        clock: The clock that everything goes by.
        gateway: The gateway.
        exchanges: What was asked and answered.
        faults: What is to go wrong.
        callbacks: The calls of the customer's server.
        handset: The handsets.
        store: What keeps everything over a restart; whoever runs the simulation starts it before all else, and stops
            it after all else.
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
        """Let messages move by themselves, so that whoever listens hears of it in time."""
        self.callbacks.start()
        self._ticker = _Ticker(self.gateway)
        self._ticker.start()

    def stop(self) -> None:
        """End what ``start`` began; harmless if nothing did."""
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            ticker.stop()
        self.callbacks.stop()

    def reset(self) -> None:
        """Be again as in the beginning; the clock alone stays where it is."""
        self.faults.clear()
        self.exchanges.clear()
        self.callbacks.clear()
        self.handset.clear()
        self.gateway.reset()


class _Ticker(Thread):
    """Looks whenever a message is to change."""

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
