"""The largest time limits work, and larger ones are refused where they are given."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from facades import of_threads
from rawserver import Gateway, RawServer

from clicksoap import Client, ConfigurationError, Timeout

Connect = Callable[..., Client]
MAX = 10**9
TOO_LARGE = [float("inf"), 1e10, 1e300, 10**400, MAX * 2]


@pytest.mark.parametrize("name", ["connect", "read", "total"])
@pytest.mark.parametrize("value", TOO_LARGE, ids=["inf", "1e10", "1e300", "an int", "twice"])
def test_limit_that_the_system_cannot_wait_for_is_refused_by_name_with_the_largest(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=rf"Timeout\({name}=.*{MAX} at most"):
        Timeout(**{name: value})


@pytest.mark.parametrize("value", TOO_LARGE, ids=["inf", "1e10", "1e300", "an int", "twice"])
def test_deadline_that_the_system_cannot_wait_for_is_refused_too(value: float, connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match=f"deadline=.*{MAX} at most"):
        connect("http://localhost:1", deadline=value)
    with pytest.raises(ConfigurationError, match=f"deadline=.*{MAX} at most"):
        connect("http://localhost:1").with_options(deadline=value)


@pytest.mark.parametrize("seconds", [MAX, 2**31 / 1000 + 1, 4_300_000])
def test_largest_limits_work(seconds: float, connect: Connect) -> None:
    """A wait on a socket is counted in milliseconds within 32 bits."""
    named: dict[str, Any] = {"timeout": Timeout(connect=seconds, read=seconds, total=seconds), "deadline": seconds}
    with RawServer(Gateway()) as server:
        assert len(connect(server.origin, **named).send(["27820001234", "27820001235"], "x").accepted) == 2


@of_threads
def test_largest_limits_work_in_a_session_of_the_caller(connect: Connect) -> None:
    with RawServer(Gateway()) as server, requests.Session() as session:
        session.trust_env = False
        client = connect(server.origin, timeout=Timeout(MAX, MAX, MAX), session=session)
        assert len(client.send("27820001234", "x").accepted) == 1
