"""The store of a simulator: one thread that writes what changed, some moments later and all at once.

It writes what there is by then rather than what happened, so that nothing depends on the order of news, and after a
failure everything can simply be written again.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.gateway.accounts import AccountSnapshot
from clicksoap.simulator.gateway.event_bus import Event
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import StoredMessage
from clicksoap.simulator.schema.records import dumped, loaded
from clicksoap.simulator.store.file import StoreError, StoreFile
from clicksoap.simulator.webhooks.handset import Handset, Inbound

_log: Final = logging.getLogger("clicksoap.simulator")
_PAUSE: Final = 0.1  # seconds in which news are gathered
_PAUSE_AFTER_FAILURE: Final = 5.0

_MESSAGE: Final = "message"
_EXCHANGE: Final = "exchange"
_INBOUND: Final = "inbound"
_ACCOUNT: Final = "account"
_CLOCK: Final = "clock"


class Memory:
    """No store: what there is ends with the process.

    Attributes:
        problem: Why nothing is stored any more; empty if everything is as it should be.
    """

    problem: str = ""

    def start(self) -> None:
        """Bring back what an earlier life left, and begin to write.

        Raises:
            StoreError: The file cannot be used.
        """

    def stop(self) -> None:
        """Write what is still to be written, and let the file go."""


@dataclass(slots=True)
class _News:
    """What is to be written."""

    everything: bool = False
    any: bool = False
    messages: dict[str, None] = field(default_factory=dict[str, None])
    exchanges: list[int] = field(default_factory=list[int])
    inbound: bool = False


class Store(Memory):
    """A file that keeps messages, exchanges, inbound messages and what changes of accounts.

    Passwords and session ids are not among it. What was answered within the last moments before the process is killed
    may be missing; after `stop`, nothing is.

    Args:
        path: The file.
        gateway: Whose messages and accounts.
        exchanges: The exchanges.
        handset: Whose messages from handsets.
    """

    def __init__(self, path: Path, gateway: Gateway, exchanges: Exchanges, handset: Handset) -> None:
        self._path = path
        self._gateway = gateway
        self._exchanges = exchanges
        self._handset = handset
        self._changed = Condition()
        self._news = _News()
        self._accounts: dict[str, AccountSnapshot] = {}
        self._was_loaded = False
        self._stopping = False
        self._file: StoreFile | None = None
        self._thread: Thread | None = None
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        """Bring back what an earlier life left, and begin to write.

        Raises:
            StoreError: The file cannot be used, or what stands in it cannot be read.
        """
        file = StoreFile(self._path)
        try:
            if not self._was_loaded:
                self._load(file)
        except (sqlite3.Error, ValueError):
            file.close()
            raise StoreError(f"{self._path} is damaged: move it away, or give another file") from None
        self._was_loaded, self._stopping, self.problem = True, False, ""
        # The file may hold more than is kept now, or be behind what happened since it was last written.
        self._news = _News(everything=True, any=True)
        self._file = file
        self._end = self._gateway.event_bus.subscribe(self._note)
        self._thread = Thread(target=self._run, args=[file], name="clicksoap-simulator-store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is still to be written, and let the file go; harmless when not started."""
        if self._thread is None or self._file is None or self._end is None:
            return
        self._end()
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._file.close()
        self._thread = None

    def _load(self, file: StoreFile) -> None:
        kept = [loaded(StoredMessage, each) for each in file.read(_MESSAGE)]
        standings = [loaded(AccountSnapshot, each) for each in file.read(_ACCOUNT)]
        exchanges = [loaded(Exchange, each) for each in file.read(_EXCHANGE)]
        inbound = [loaded(Inbound, each) for each in file.read(_INBOUND)]
        clock = self._gateway.clock
        for written in file.read(_CLOCK):
            behind = datetime.fromisoformat(written) - clock.now()
            # A clock that was advanced, or ran fast, would otherwise be behind what it has seen.
            clock.advance(seconds=max(0.0, behind.total_seconds()))
        self._gateway.snapshots.restore(kept, standings)
        # A message may be of a request that was not answered yet when the process was killed.
        self._exchanges.restore(exchanges, max((each.message.exchange for each in kept), default=0))
        self._handset.restore(inbound)

    def _note(self, event: Event) -> None:
        with self._changed:
            news = self._news
            news.any = True
            if event.kind == "reset" or (event.kind == "deleted" and not event.messages):
                news.everything = True
            elif event.kind == "exchange":
                news.exchanges.append(int(event.about))
            elif event.kind == "inbound":
                news.inbound = True
            else:
                news.messages.update(dict.fromkeys(each.id for each in event.messages))
            self._changed.notify()

    def _run(self, file: StoreFile) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news.any or self._stopping)
                pause = _PAUSE_AFTER_FAILURE if self.problem else _PAUSE
                self._changed.wait_for(lambda: self._stopping, pause)
                is_last, news, self._news = self._stopping, self._news, _News()
            try:
                file.begin()
                self._write(file, news)
                file.commit()
                self._succeed()
            except sqlite3.Error as error:
                file.roll_back()
                self._fail(error)
            if is_last:
                return

    def _write(self, file: StoreFile, news: _News) -> None:
        if news.everything:
            file.empty()
            self._accounts.clear()
            file.put(_MESSAGE, _by_id(self._gateway.snapshots.messages()))
            file.put(_EXCHANGE, ((str(each.number), dumped(each)) for each in reversed(self._exchanges.latest())))
            file.put(_INBOUND, ((each.id, dumped(each)) for each in reversed(self._handset.sent())))
        else:
            self._write_news(file, news)
        standings = {f"{each.api_id} {each.user}": each for each in self._gateway.snapshots.accounts()}
        changed = {key: each for key, each in standings.items() if self._accounts.get(key) != each}
        file.put(_ACCOUNT, ((key, dumped(each)) for key, each in changed.items()))
        self._accounts = standings
        file.put(_CLOCK, [("", self._gateway.clock.now().isoformat())])

    def _write_news(self, file: StoreFile, news: _News) -> None:
        kept = self._gateway.snapshots.messages(news.messages)
        file.put(_MESSAGE, _by_id(kept))
        file.remove(_MESSAGE, news.messages.keys() - {each.message.id for each in kept})
        exchanges = filter(None, map(self._exchanges.get, news.exchanges))
        file.put(_EXCHANGE, ((str(each.number), dumped(each)) for each in exchanges))
        if news.inbound:
            file.put(_INBOUND, ((each.id, dumped(each)) for each in reversed(self._handset.sent())))
        # Nobody tells of what gave way to what is newer.
        oldest = self._gateway.snapshots.oldest_message()
        if oldest is not None:
            file.remove_before(_MESSAGE, oldest.id)
        for exchange in self._exchanges.latest()[-1:]:
            file.remove_before(_EXCHANGE, str(exchange.number))
        for inbound in self._handset.sent()[-1:]:
            file.remove_before(_INBOUND, inbound.id)

    def _succeed(self) -> None:
        if self.problem:
            _log.warning("the store is written again, nothing is missing")
        self.problem = ""

    def _fail(self, error: sqlite3.Error) -> None:
        # SQLite's own words name neither values nor the file.
        if not self.problem:
            _log.error("the store cannot be written, everything goes on in memory: %s", error)
        self.problem = f"the store cannot be written: {error}"
        with self._changed:
            self._news = _News(everything=True, any=True)


def _by_id(kept: Iterable[StoredMessage]) -> Iterable[tuple[str, str]]:
    return ((each.message.id, dumped(each)) for each in kept)
