"""The record of accepted messages: a file to which every accepted message is appended, for proofs over long runs."""

import json
import logging
import os
from datetime import UTC
from pathlib import Path
from typing import Final

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.store.file import StoreError

_log: Final = logging.getLogger("clicksoap.simulator")


class RecordFile:
    """Appends a line of JSON for each accepted message: ``to``, ``client_message_id``, ``id`` and ``at``.

    The line is in the file before the answer of the gateway goes out. A line may stand there without an answer, never
    an answer without its line, except while ``problem`` has a text.

    Args:
        path: The file; a missing one is created, readable only by its owner. An existing one is continued.
        event_bus: The bus of the gateway's events.

    Attributes:
        problem: The reason why the file is incomplete; empty if it has every message.
    """

    def __init__(self, path: Path, event_bus: EventBus) -> None:
        self._path = path
        self._event_bus = event_bus
        self._file = -1
        self.problem = ""
        event_bus.subscribe(self._on_event)

    def start(self) -> None:
        """Open the file.

        Raises:
            StoreError: The file cannot be used.
        """
        try:
            self._file = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be used as a record: {error.strerror}") from None

    def stop(self) -> None:
        """Close the file; does nothing if it is not open."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _on_event(self, event: Event) -> None:
        if event.kind != "accepted" or self._file < 0:
            return
        data = "".join(map(_line, event.messages)).encode()
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            if not self.problem:
                _log.error("the record of accepted messages is incomplete: %s", error.strerror)
            self.problem = f"the record of accepted messages is incomplete: {error.strerror}"


def _line(message: Message) -> str:
    values = {
        "to": message.to,
        "client_message_id": message.client_message_id,
        "id": message.id,
        "at": message.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return f"{json.dumps(values)}\n"
