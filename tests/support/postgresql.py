"""A PostgreSQL server of the tests' own, on a free port, with its files in a folder of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

_START_SECONDS = 60


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None if it is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


class PostgreSQLServer:
    """A server that can be stopped and started again; each database is made by name."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        binaries = programs()
        if binaries is None:
            raise RuntimeError("PostgreSQL is not installed")
        self._binaries = binaries
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        subprocess.run(
            [
                *(binaries / "initdb", "-D", folder / "data", "--no-sync"),
                *("-A", "trust", "-U", "clicksoap", "--encoding=UTF8"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=folder,
        )

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://clicksoap@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database, and return its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def start(self, *options: str) -> None:
        """Start the server, and wait until it answers."""
        command: list[str | Path] = [
            self._binaries / "postgres",
            *("-D", self._folder / "data", "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"),
            *("-c", "max_connections=200", *options),
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self._folder)
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() >= end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its connections, SIGQUIT is a crash."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait(_START_SECONDS)
            self._process = None

    def base_backup(self) -> Path:
        """Copy the running server, as a standby or a program for backups does; gives the folder of the copy."""
        copy = self._folder / "copy"
        place: list[str | Path] = [self._binaries / "pg_basebackup", "-D", copy]
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "clicksoap"]
        subprocess.run(
            [*place, *address, "--wal-method=stream", "--checkpoint=fast", "--no-sync"],
            check=True, capture_output=True, user=self._user, cwd=self._folder,
        )  # fmt: skip
        return copy

    def fail_over(self, copy: Path, *options: str) -> None:
        """Crash, and let a copy of the server take its place: what was committed after the copy is gone."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder / "data")
        copy.rename(self._folder / "data")
        self.start(*options)


@contextmanager
def postgresql(*options: str) -> Iterator[PostgreSQLServer]:
    """A running server; by default it writes nothing through, because the tests end programs and no machine."""
    with tempfile.TemporaryDirectory(prefix="clicksoap-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = PostgreSQLServer(folder, _free_port())
        server.start(*(options or ("-c", "fsync=off")))
        try:
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
