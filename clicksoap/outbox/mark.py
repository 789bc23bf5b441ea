"""The mark file: a count of the claims outside the database, so that an older copy of the database is noticed."""

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from clicksoap.errors import ConfigurationError, OutboxMismatch

if sys.platform == "win32":

    def _lock(opened: int) -> None:
        """Do nothing: Windows has no such lock of a folder."""

else:
    import fcntl

    def _lock(opened: int) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX)


_WRITING: Final = threading.Lock()
# A worker whose connection broke tries again after two seconds at most, and waits five for an answer.
_AFTER_ANOTHER_SERVER: Final = 7.0
OLDER_COPY: Final = -(2**40)
"""The count of claims by which a worker that misses some tells all others; it stays negative for good."""
BEHIND: Final = (
    "the database is an older copy of the outbox: what it calls unsent may have been sent. "
    "Run Outbox.after_restore() or clicksoap outbox check --after-restore, which lets the workers ask first"
)
VANISHED: Final = (
    "claims of a worker vanished from the database: it was replaced by an older copy. Stop all workers, "
    "run Outbox.after_restore() or clicksoap outbox check --after-restore, and start them again"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """The count of an outbox's claims, and which outbox it is.

    Attributes:
        uuid: The uuid of the outbox, hashed; the uuid itself is secret.
        generation: How often a person said that the database is an older copy, and one more.
        high_water: How many claims were made.
    """

    uuid: str
    generation: int
    high_water: int

    @property
    def reached(self) -> tuple[int, int]:
        """How far it is: a mark with a lower one is behind."""
        return self.generation, self.high_water

    @property
    def misses_claims(self) -> bool:
        """Whether a worker found that claims are missing in the database, and nobody called `after_restore` since."""
        return self.high_water < 0


class Reached:
    """The state of an outbox that the workers of a process saw last: a database behind it lost commits.

    Attributes:
        mark: The generation and the count of claims.
        server: Which run of which server they saw; None before the first look.
        hold_until: Until when they claim nothing, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.mark = (0, 0)
        self.server: str | None = None
        self.hold_until = 0.0

    def saw(self, mark: Mark) -> None:
        """Note a mark whose transaction is committed."""
        self.mark = max(self.mark, mark.reached)

    def look_at(self, server: str) -> None:
        """Note the server; after another one took over, nothing is claimed for some seconds.

        A worker that knows more of what was committed finds out meanwhile whether anything is missing.
        """
        if self.server not in (None, server):
            self.hold_until = time.monotonic() + _AFTER_ANOTHER_SERVER
        self.server = server


class MarkFile:
    """A file that repeats the mark.

    Args:
        path: The file, in another folder than the database: a copy that is put back must not bring it along.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_beyond(self, mark: Mark) -> bool:
        """Whether the database is behind the file: it is an older copy.

        Args:
            mark: The mark in the database.

        Raises:
            OutboxMismatch: The file belongs to another outbox.
            ConfigurationError: The file cannot be read.
        """
        known = self.known()
        if known is None:
            return False
        if known.uuid != mark.uuid:
            raise OutboxMismatch(
                f"the mark file {self._path.name} belongs to another outbox: give each outbox a mark file of its own"
            )
        return mark.reached < known.reached

    def write(self, mark: Mark) -> None:
        """Write the mark, complete or not at all, unless a later one of the same outbox stands there."""
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            with _alone_in(self._path.parent):
                known = self.known()
                if known is not None and known.uuid == mark.uuid and known.reached >= mark.reached:
                    return
                temporary.write_text(json.dumps(asdict(mark)), "utf-8")
                temporary.replace(self._path)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise ConfigurationError(f"the mark file {self._path.name} cannot be written ({problem})") from None

    def known(self) -> Mark | None:
        """The mark in the file; None without a file."""
        try:
            data = json.loads(self._path.read_text("utf-8"))
            return Mark(str(data["uuid"]), int(data["generation"]), int(data["high_water"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"the mark file {self._path.name} cannot be read ({type(error).__name__}): "
                "check whether the database is an older copy, then remove the file"
            ) from None


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """Keep other workers of this machine from writing to a folder; on Windows only those of this process."""
    with _WRITING:
        if sys.platform == "win32":
            yield
            return
        opened = os.open(folder, os.O_RDONLY)
        try:
            _lock(opened)
            yield
        finally:
            os.close(opened)
