"""What the tests of the engines share: a real Redis, and the end of a process with all that it started."""

import os
import signal
from collections.abc import Iterator
from subprocess import Popen

import pytest
from brokers import has_brokers, redis_server


def need_brokers() -> None:
    """Skip where Redis or RabbitMQ is not installed; under CI that fails."""
    if not has_brokers():
        assert "CI" not in os.environ, "Redis or RabbitMQ is not installed"
        pytest.skip("Redis or RabbitMQ is not installed")


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The URL of a Redis."""
    need_brokers()
    with redis_server() as url:
        yield url


def end(process: Popen[bytes]) -> None:
    """Kill a process and its group, if it runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
