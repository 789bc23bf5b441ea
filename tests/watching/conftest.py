"""Clients over every binding whose secrets are easy to find, and what was logged."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clicksoap import Client
from clicksoap.simulator import Simulator

PASSWORD = "c0rrect&horse<battery>%=é"
USER = "acme-user"
API_ID = 987654


@pytest.fixture(params=["document_literal", "rpc_encoded", "http", "http by GET"])
def way(request: pytest.FixtureRequest) -> str:
    """A binding, and for the HTTP API a method."""
    return str(request.param)


@pytest.fixture
def binding(way: str) -> str:
    return way.partition(" ")[0]


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def connect(way: str, binding: str) -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def make(endpoint: str, password: str = PASSWORD, **named: Any) -> Client:
            method: Any = "GET" if way.endswith("GET") else "POST"
            said: Any = binding
            return stack.enter_context(
                Client(API_ID, USER, password, endpoint=endpoint, binding=said, http_method=method, **named)
            )

        yield make


@pytest.fixture
def sms(connect: Callable[..., Client], gateway: Simulator) -> Client:
    return connect(gateway.origin)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[..., list[str]]:
    """Gives the lines that a logger wrote."""
    caplog.set_level(logging.DEBUG, "clicksoap")

    def lines(logger: str = "clicksoap", level: int = logging.INFO) -> list[str]:
        return [each.getMessage() for each in caplog.records if each.name == logger and each.levelno == level]

    return lines
