"""A client's life: it belongs to one loop, prepares beside it, closes what it opened, and works again after that."""

import asyncio
import copy
import gc
import json
import os
import pickle
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from rawserver import Gateway, Hangup, RawServer, Received

from clicksoap import AsyncClient, ConfigurationError
from clicksoap.protocol.bindings import soap
from clicksoap.protocol.flows import Flows
from clicksoap.transports import tls as tls_settings

Connect = Callable[..., AsyncClient]
PASSWORD = "correct-horse-battery"
TO = "27820001234"
FOLDER = Path(__file__).parent


def test_constructor_needs_no_loop_and_touches_no_network(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap, "_cache", {})
    with RawServer(Gateway()) as server:
        connect(server.origin)
        connect(server.origin, auth="credentials", proxy=server.origin)
    assert server.connections == 0
    assert soap._cache == {}


async def test_first_use_prepares_once_beside_the_loop(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop itself lets the preparation go on, which it could not do if it were held by it."""
    threads = []
    begun, go_on = threading.Event(), threading.Event()
    prepare = Flows.prepare

    def slow(self: Flows) -> None:
        threads.append(threading.get_ident())
        begun.set()
        assert go_on.wait(10)
        prepare(self)

    monkeypatch.setattr(Flows, "prepare", slow)
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            sends = [asyncio.create_task(sms.send(TO, "x")) for _ in range(50)]
            assert await asyncio.to_thread(begun.wait, 10)
            assert server.connections == 0
            go_on.set()
            reports = await asyncio.gather(*sends)
    assert all(report.accepted for report in reports)
    (thread,) = threads
    assert thread != threading.get_ident()


def test_loop_is_not_held_while_a_new_process_compiles_the_contract() -> None:
    """In a process of its own, since one compiles only once."""
    with RawServer(Gateway()) as server:
        command = [sys.executable, str(FOLDER / "ticking.py"), server.origin]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    longest, whole = json.loads(done.stdout)
    assert longest < 0.25, f"of {whole} seconds the loop was held for {longest} on end"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_process_is_told_to_make_a_client_of_its_own() -> None:
    with RawServer(Gateway()) as server:
        command = [sys.executable, str(FOLDER / "forking.py"), server.origin]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert json.loads(done.stdout) == {
        "used, in a loop": "ConfigurationError: an AsyncClient belongs to the event loop and the process of its first "
        "call: make one in each",
        "unused, in a loop": "12.300",
        "parent": "12.300",
        "unused, outside": "12.300",
    }
    # Nothing of the parent's was lost and had to be repeated.
    assert len(server.requests) == 7


def test_other_loop_is_told_to_make_a_client_of_its_own(connect: Connect) -> None:
    async def ask() -> Decimal:
        try:
            return await sms.balance()
        finally:
            await sms.close()

    with RawServer(Gateway()) as server:
        sms = connect(server.origin)
        asyncio.run(ask())
        with pytest.raises(ConfigurationError, match="belongs to the event loop"):
            asyncio.run(ask())
    assert len(server.requests) == 2


async def test_loop_of_another_thread_may_not_even_close_it(connect: Connect) -> None:
    with RawServer(Gateway()) as server, ThreadPoolExecutor(1) as pool:
        async with connect(server.origin) as sms:
            await sms.balance()
            with pytest.raises(ConfigurationError, match="make one in each"):
                await asyncio.wrap_future(pool.submit(lambda: asyncio.run(sms.close())))
            await sms.balance()
    assert server.connections == 1


async def test_loop_of_another_thread_is_told_so_and_the_own_goes_on(connect: Connect) -> None:
    with RawServer(Gateway()) as server, ThreadPoolExecutor(1) as pool:
        async with connect(server.origin) as sms:
            await sms.balance()
            with pytest.raises(ConfigurationError, match="make one in each"):
                await asyncio.wrap_future(pool.submit(lambda: asyncio.run(sms.balance())))
            assert len((await sms.send(TO, "x")).accepted) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_client_is_neither_pickled_nor_copied(duplicate: Callable[[AsyncClient], object], connect: Connect) -> None:
    client = connect("https://localhost")
    with pytest.raises(TypeError, match="make one in each process") as caught:
        duplicate(client)
    assert PASSWORD not in str(caught.value)


async def test_client_can_be_closed_twice_and_unused(connect: Connect) -> None:
    client = connect("https://localhost")
    await client.close()
    await client.close()
    async with client:
        pass


async def test_call_after_close_opens_a_new_connection(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        client = connect(server.origin)
        await client.balance()
        await client.close()
        await client.balance()
        await client.close()
    assert server.connections == 2
    assert len(server.requests) == 3


async def test_leaving_the_client_closes_its_connections(connect: Connect) -> None:
    """The server would be told otherwise only by time."""
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            await asyncio.gather(*(sms.balance() for _ in range(10)))
        for thread in server._threads[1:]:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()


async def test_client_that_is_left_by_an_error_is_closed_and_passes_it(connect: Connect) -> None:
    async def work() -> None:
        async with connect(server.origin) as sms:
            await sms.balance()
            raise LookupError

    with RawServer(Gateway()) as server:
        with pytest.raises(LookupError):
            await work()
        for thread in server._threads[1:]:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()


def test_nothing_is_left_open_when_the_loop_ends(connect: Connect) -> None:
    """Neither after calls that went well, nor after calls that were lost, cut off or cancelled."""

    def lost(_: object, __: Received) -> None:
        raise Hangup

    def held(_: object, __: Received) -> None:
        arrived.set()
        server.closing.wait(10)
        raise Hangup

    async def work() -> None:
        async with connect(server.origin) as sms:
            cancelled = asyncio.create_task(sms.ping())
            await asyncio.gather(sms.balance(), sms.send(TO, "x"), cancelled, return_exceptions=True)
            broken_off = asyncio.create_task(sms.redeem("4111222233334444"))
            assert await asyncio.to_thread(arrived.wait, 10)
            broken_off.cancel()
            with pytest.raises(asyncio.CancelledError):
                await broken_off

    arrived = threading.Event()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with RawServer(Gateway({"sendmsg": lost, "token_pay": held})) as server:
            asyncio.run(work(), debug=True)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_no_secret_in_the_representation_of_a_client(connect: Connect) -> None:
    client = connect("https://localhost", proxy="http://one:two-three@localhost:1")
    for shown in (repr(client), str(client), repr(client._driver), repr(client._core.flows)):
        assert PASSWORD not in shown
        assert "two-three" not in shown


async def test_service_s_commands_are_awaited(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        async with connect(server.origin) as sms:
            said = await sms.service.auth(api_id=123456, user="acme", password=PASSWORD)
            assert isinstance(said, str)
            assert said.startswith("OK: ")
            assert await sms.service.getbalance(session_id=said[4:]) == "Credit: 12.300"
            assert await sms.service["ping"](session_id=said[4:]) == "OK:"
    assert len(server.requests) == 3


async def test_certificates_are_read_once(
    connect: Connect, tls: Callable[..., ssl.SSLContext], ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading them blocks, so nothing is read again on the loop."""
    read = []

    def reading(*given: object) -> ssl.SSLContext:
        read.append(given)
        return make(*given)  # type: ignore[arg-type]

    make = tls_settings._new_tls_context
    monkeypatch.setattr(tls_settings, "_new_tls_context", reading)
    with RawServer(Gateway(), tls()) as server:
        async with connect(server.origin, ca=str(ca_file)) as sms:
            await sms.balance()
            await sms.close()
            await sms.balance()
    assert read == [(str(ca_file), None)]
