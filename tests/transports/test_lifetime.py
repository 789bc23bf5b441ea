"""A client's life: it is not copied, closes what it opened, and works again after that."""

import copy
import gc
import pickle
from collections.abc import Callable

import pytest
from facades import of_threads
from rawserver import Gateway, RawServer

from clicksoap import Client

Connect = Callable[..., Client]


@of_threads
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_client_is_neither_pickled_nor_copied(duplicate: Callable[[Client], object], connect: Connect) -> None:
    client = connect("https://localhost")
    with pytest.raises(TypeError, match="make one in each process") as caught:
        duplicate(client)
    assert "correct-horse-battery" not in str(caught.value)


def test_client_can_be_closed_twice_and_unused(connect: Connect) -> None:
    client = connect("https://localhost")
    client.close()
    client.close()


@of_threads
def test_call_after_close_opens_a_new_connection(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        client = connect(server.origin)
        client.balance()
        client.close()
        client.balance()
        client.close()
    assert server.connections == 2
    assert len(server.requests) == 3


def test_leaving_the_client_closes_its_connections() -> None:
    """The server would be told otherwise only by time."""
    with RawServer(Gateway()) as server:
        with Client(1, "acme", "correct-horse-battery", endpoint=server.origin) as client:
            client.balance()
        for thread in server._threads[1:]:
            thread.join(10)
            assert not thread.is_alive()


def test_client_that_is_forgotten_leaves_no_connection_behind() -> None:
    with RawServer(Gateway()) as server:
        client = Client(1, "acme", "correct-horse-battery", endpoint=server.origin)
        client.balance()
        del client
        gc.collect()
        for thread in server._threads[1:]:
            thread.join(10)
            assert not thread.is_alive()


def test_constructor_touches_no_network(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        connect(server.origin)
        connect(server.origin, auth="credentials")
    assert server.connections == 0


def test_no_secret_in_the_representation_of_a_client(connect: Connect) -> None:
    client = connect("https://localhost", proxy="http://one:two-three@localhost:1")
    for shown in (repr(client), str(client), repr(client._driver), repr(client._core.flows)):
        assert "correct-horse-battery" not in shown
        assert "two-three" not in shown
