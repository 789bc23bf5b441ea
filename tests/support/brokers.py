"""Brokers of the tests' own, Redis and RabbitMQ: real servers on free ports, with their files in a temporary folder."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_START_SECONDS: Final = 40
_RABBITMQ: Final = Path("/usr/lib/rabbitmq/bin")


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a running Redis."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="clicksoap-redis-", ignore_cleanup_errors=True) as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
        with _running([*command, "--save", "", "--appendonly", "no"], Path(folder), dict(os.environ)) as process:
            _wait_for(port, process, b"PING\r\n", b"+PONG")
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def rabbitmq_server() -> Iterator[str]:
    """The URL of a running RabbitMQ, with a name and a port mapper of its own."""
    port, mapper, distribution = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="clicksoap-rabbitmq-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Erlang puts the cookie into the home folder, and no limit of memory may stop a test on a full machine.
        settings = folder / "rabbitmq.conf"
        settings.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\nvm_memory_high_watermark.absolute = 512MB\n"
            "disk_free_limit.absolute = 1MB\n"
        )
        (folder / "plugins").write_text("[].\n")
        environment = {
            **os.environ,
            "HOME": name,
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test{port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": str(settings),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        epmd = shutil.which("epmd")
        assert epmd is not None, "Erlang's epmd is not installed"
        with (
            _running([epmd, "-port", str(mapper), "-address", "127.0.0.1"], folder, environment, "epmd.log"),
            # Without its script in /usr/sbin, which changes the user.
            _running([str(_RABBITMQ / "rabbitmq-server")], folder, environment) as process,
        ):
            _wait_for(port, process, b"hello gw", b"AMQP")
            yield f"amqp://guest:guest@127.0.0.1:{port}//"


def has_brokers() -> bool:
    """Whether both are installed."""
    return shutil.which("redis-server") is not None and (_RABBITMQ / "rabbitmq-server").exists()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(
    command: list[str], folder: Path, environment: dict[str, str], log: str = "server.log"
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        # The server of RabbitMQ is a child of a script, in its group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes], question: bytes, answer: bytes) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(question)
            if connection.recv(64).startswith(answer):
                return
        assert process.poll() is None, "the broker ended"
        assert time.monotonic() < end, f"the broker did not start within {_START_SECONDS} s"
        time.sleep(0.05)
