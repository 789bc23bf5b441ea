"""The store of a simulator: one thread writes changes to the file in batches, shortly after they happen.

It writes the present state, not the events. The order of events therefore does not matter, and after a failure the
whole state is written again.
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
from clicksoap.simulator.schema.records import dump, load
from clicksoap.simulator.store.file import StoreError, StoreFile
from clicksoap.simulator.webhooks.handset import Handset, Inbound

_log: Final = logging.getLogger("clicksoap.simulator")
_PAUSE: Final = 0.1  # seconds in which changes are collected
_PAUSE_AFTER_FAILURE: Final = 5.0
_JOIN_SECONDS: Final = 60.0  # for a large store on a slow disk

_MESSAGE: Final = "message"
_EXCHANGE: Final = "exchange"
_INBOUND: Final = "inbound"
_ACCOUNT: Final = "account"
_CLOCK: Final = "clock"
_FORGOTTEN: Final = "forgotten"


class MemoryStore:
    """A store without a file: the state ends with the process.

    Attributes:
        problem: The reason why nothing is stored at present; empty if all is stored.
    """

    problem: str = ""

    def start(self) -> None:
        """Restore the state of a previous run, and begin to write.

        Raises:
            StoreError: The file cannot be used.
        """

    def stop(self) -> None:
        """Write the remaining changes, and close the file."""


@dataclass(slots=True)
class _PendingChanges:
    """The changes that are not written yet."""

    everything: bool = False
    any: bool = False
    messages: dict[str, None] = field(default_factory=dict[str, None])
    exchanges: list[int] = field(default_factory=list[int])
    inbound: bool = False


class FileStore(MemoryStore):
    """A store that keeps messages, exchanges, inbound messages and the state of accounts in a file.

    Passwords and session ids are not stored. If the process is killed, the changes of the last moments may be missing;
    after `stop`, nothing is missing.

    Args:
        path: The file.
        gateway: The gateway with the messages and accounts.
        exchanges: The exchanges.
        handset: The handset with the inbound messages.
    """

    def __init__(self, path: Path, gateway: Gateway, exchanges: Exchanges, handset: Handset) -> None:
        self._path = path
        self._gateway = gateway
        self._exchanges = exchanges
        self._handset = handset
        self._changed = Condition()
        self._pending = _PendingChanges()
        self._accounts: dict[str, AccountSnapshot] = {}
        self._is_loaded = False
        self._stopping = False
        self._file: StoreFile | None = None
        self._thread: Thread | None = None
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        """Restore the state of a previous run, and begin to write.

        Raises:
            StoreError: The file cannot be used, or its content cannot be read.
        """
        file = StoreFile(self._path)
        try:
            if not self._is_loaded:
                self._load(file)
        except (sqlite3.Error, ValueError):
            file.close()
            raise StoreError(f"{self._path} is damaged: move it away, or give another file") from None
        self._is_loaded, self._stopping, self.problem = True, False, ""
        # The file may hold more than the gateway keeps now, or lack what happened since it was last written.
        self._pending = _PendingChanges(everything=True, any=True)
        self._file = file
        self._end = self._gateway.event_bus.subscribe(self._on_event)
        self._thread = Thread(target=self._run, args=[file], name="clicksoap-simulator-store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write the remaining changes, and close the file. Does nothing if the store was not started."""
        if self._thread is None or self._file is None or self._end is None:
            return
        self._end()
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(_JOIN_SECONDS)
        self._file.close()
        self._thread = None

    def _load(self, file: StoreFile) -> None:
        messages = [load(StoredMessage, each) for each in file.read(_MESSAGE)]
        snapshots = [load(AccountSnapshot, each) for each in file.read(_ACCOUNT)]
        exchanges = [load(Exchange, each) for each in file.read(_EXCHANGE)]
        inbound = [load(Inbound, each) for each in file.read(_INBOUND)]
        clock = self._gateway.clock
        for written in file.read(_CLOCK):
            behind = _utc(written) - clock.now()
            # A clock that was advanced, or ran fast, would otherwise be behind its own past.
            clock.advance(seconds=max(0.0, behind.total_seconds()))
        self._gateway.snapshots.restore(messages, snapshots)
        for written in file.read(_FORGOTTEN):
            self._gateway.snapshots.assume_forgotten(_utc(written))
        # A message may belong to a request that had no answer yet when the process was killed.
        self._exchanges.restore(exchanges, max((each.message.exchange for each in messages), default=0))
        self._handset.restore(inbound)

    def _on_event(self, event: Event) -> None:
        with self._changed:
            pending = self._pending
            pending.any = True
            if event.kind == "reset" or (event.kind == "deleted" and not event.messages):
                pending.everything = True
            elif event.kind == "exchange":
                pending.exchanges.append(int(event.about))
            elif event.kind == "inbound":
                pending.inbound = True
            else:
                pending.messages.update(dict.fromkeys(each.id for each in event.messages))
            self._changed.notify()

    def _run(self, file: StoreFile) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending.any or self._stopping)
                pause = _PAUSE_AFTER_FAILURE if self.problem else _PAUSE
                self._changed.wait_for(lambda: self._stopping, pause)
                is_last, pending, self._pending = self._stopping, self._pending, _PendingChanges()
            try:
                file.begin()
                self._write(file, pending)
                file.commit()
                self._end_problem()
            except sqlite3.Error as error:
                file.roll_back()
                self._begin_problem(error)
            if is_last:
                return

    def _write(self, file: StoreFile, pending: _PendingChanges) -> None:
        if pending.everything:
            file.empty()
            self._accounts.clear()
            file.put(_MESSAGE, _by_id(self._gateway.snapshots.messages()))
            file.put(_EXCHANGE, ((str(each.number), dump(each)) for each in reversed(self._exchanges.latest())))
            file.put(_INBOUND, ((each.id, dump(each)) for each in reversed(self._handset.sent())))
        else:
            self._write_changes(file, pending)
        snapshots = {f"{each.api_id} {each.user}": each for each in self._gateway.snapshots.accounts()}
        changed = {key: each for key, each in snapshots.items() if self._accounts.get(key) != each}
        file.put(_ACCOUNT, ((key, dump(each)) for key, each in changed.items()))
        self._accounts = snapshots
        file.put(_CLOCK, [("", self._gateway.clock.now().isoformat())])
        forgotten = self._gateway.snapshots.latest_forgotten()
        file.put(_FORGOTTEN, [] if forgotten is None else [("", forgotten.isoformat())])

    def _write_changes(self, file: StoreFile, pending: _PendingChanges) -> None:
        messages = self._gateway.snapshots.messages(pending.messages)
        file.put(_MESSAGE, _by_id(messages))
        file.remove(_MESSAGE, pending.messages.keys() - {each.message.id for each in messages})
        exchanges = filter(None, map(self._exchanges.get, pending.exchanges))
        file.put(_EXCHANGE, ((str(each.number), dump(each)) for each in exchanges))
        if pending.inbound:
            file.put(_INBOUND, ((each.id, dump(each)) for each in reversed(self._handset.sent())))
        # No event says that an old entry was dropped for a new one.
        oldest = self._gateway.snapshots.oldest_message()
        if oldest is not None:
            file.remove_before(_MESSAGE, oldest.id)
        for exchange in self._exchanges.latest()[-1:]:
            file.remove_before(_EXCHANGE, str(exchange.number))
        for inbound in self._handset.sent()[-1:]:
            file.remove_before(_INBOUND, inbound.id)

    def _end_problem(self) -> None:
        if self.problem:
            _log.warning("the store can be written again and is complete")
        self.problem = ""

    def _begin_problem(self, error: sqlite3.Error) -> None:
        # SQLite's messages contain neither values nor the name of the file.
        if not self.problem:
            _log.error("the store cannot be written, the simulator continues in memory: %s", error)
        self.problem = f"the store cannot be written: {error}"
        with self._changed:
            self._pending = _PendingChanges(everything=True, any=True)


def _utc(written: str) -> datetime:
    """A time of the file; ValueError if it has no offset from UTC, so that it cannot be compared."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a time has no offset from UTC")
    return moment


def _by_id(messages: Iterable[StoredMessage]) -> Iterable[tuple[str, str]]:
    return ((each.message.id, dump(each)) for each in messages)
