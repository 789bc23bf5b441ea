"""A simulator that many people share: nobody can stop it for the others, or reach the services beside it."""

import socket
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest

from clicksoap.simulator import Account, CallbackUrl, Clock, Settings, Simulator
from clicksoap.simulator.gateway.batches import Batches
from clicksoap.simulator.inbox.stream import MAX_STREAMS
from clicksoap.simulator.masking import masked_envelope, masked_form
from clicksoap.simulator.services.connection import Connection, max_connections
from clicksoap.simulator.webhooks.callable_networks import CallableNetworks

from .conftest import DOCUMENT, Wire

TO = "27820000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
PIECES = [
    "<password href='#a'/><x id='a' ",
    "<password><!-- ",
    "<password></password",
    "<x id='a'><![CDATA[",
    "</password ",
    "<a:",
    '<x id=" id=" ',
    "&password",
    "<",
]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("before", ["", "<password href='#a'/>", "<password>"])
def test_masking_takes_time_in_proportion_to_the_request(before: str, piece: str) -> None:
    def seconds(size: int) -> float:
        body = (before + piece * (size // len(piece))).encode()
        began = time.process_time()
        masked_envelope(body, None)
        masked_form(body)
        return time.process_time() - began

    assert seconds(60_000) < 1
    assert seconds(1_000_000) < 10


def _connect(sim: Simulator) -> socket.socket:
    place = urlsplit(sim.origin)
    return socket.create_connection((place.hostname, place.port or 0), timeout=10)


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


class TestStreams:
    def test_more_pages_than_a_limit_are_told_to_come_later(self, sim: Simulator) -> None:
        with ExitStack() as stack:
            answers = []
            for _ in range(MAX_STREAMS + 1):
                stream = stack.enter_context(_connect(sim))
                stream.sendall(b"GET /events?of=messages HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answers.append(stream.recv(4096).split(b"\r\n")[0])
            assert answers[:MAX_STREAMS] == [b"HTTP/1.1 200 OK"] * MAX_STREAMS
            assert answers[MAX_STREAMS].startswith(b"HTTP/1.1 503")

    def test_a_closed_page_makes_room_for_another(self, sim: Simulator) -> None:
        for _ in range(MAX_STREAMS + 5):
            with _connect(sim) as stream:
                stream.sendall(b"GET /events?of=nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert stream.recv(4096).startswith(b"HTTP/1.1 404")


class TestConnections:
    def test_there_are_descriptors_left_for_files_and_callbacks(self) -> None:
        assert 64 <= max_connections() <= 1000

    def test_a_request_that_does_not_arrive_as_a_whole_is_given_up(self, sim: Simulator) -> None:
        with _connect(sim) as slow, _connect(sim) as idle:
            slow.sendall(b"POST /soap/webservice.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n<")
            idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200")
            running = sim._running
            assert running is not None
            server = running._server
            loop = server._loop
            assert loop is not None

            def check_in_a_minute() -> None:
                for each in list(server.server_state.connections):
                    assert isinstance(each, Connection)
                    each.check(loop.time())
                    each.check(loop.time() + 31)

            loop.call_soon_threadsafe(check_in_a_minute)
            assert _has_ended(slow)
            idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200")


class TestMemory:
    def test_no_account_is_made_for_a_very_long_user(self, wire: Wire, sim: Simulator) -> None:
        assert wire.call("auth", **{**WHO, "user": "x" * 1001})[0].startswith("ERR: 001")
        assert wire.call("auth", **{**WHO, "user": "x" * 1000})[0].startswith("OK: ")
        assert len(sim.gateway.accounts()) == 1

    def test_templates_of_batches_give_way_by_their_size(self, wire: Wire, sim: Simulator) -> None:
        session = wire.log_in()
        ids = [
            wire.call("startbatch", session_id=session, template="x", si_id="y" * 900_000)[0].removeprefix("ID: ")
            for _ in range(80)
        ]
        batches = sim.gateway._batches
        assert isinstance(batches, Batches)
        assert wire.call("endbatch", session_id=session, batch_id=ids[0]) == ["ERR: 201, Invalid batch ID"]
        assert wire.call("endbatch", session_id=session, batch_id=ids[-1]) == ["OK"]

    def test_a_long_path_and_long_headers_are_cut_in_the_record(self, wire: Wire, sim: Simulator) -> None:
        wire.exchange("GET", f"/{'x' * 20_000}", headers={"User-Agent": "y" * 20_000})
        kept = sim.exchanges.latest()[0]
        assert len(kept.path) == 1000
        assert len(dict(kept.request_headers)["user-agent"]) == 1000


class _Customer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


class TestCallbacks:
    @pytest.mark.parametrize(
        ("peer", "own", "is_allowed"),
        [
            ("127.0.0.1", "127.0.0.1", False),
            ("10.1.2.3", "10.0.0.1", False),
            ("169.254.169.254", "10.0.0.1", False),
            ("192.168.1.1", "192.168.1.2", False),
            ("::1", "::1", False),
            ("::ffff:10.1.2.3", "::1", False),
            ("fe80::1%eth0", "fe80::2", False),
            ("8.8.8.8", "10.0.0.1", True),
            ("8.8.8.8", "8.8.8.8", False),
        ],
    )
    def test_private_addresses_and_this_machine_are_told_from_others(
        self, peer: str, own: str, *, is_allowed: bool
    ) -> None:
        assert CallableNetworks(private=False).allows(peer, own) is is_allowed
        assert CallableNetworks(private=True).allows(peer, own)

    @pytest.mark.parametrize(("private", "status"), [(False, None), (True, 200)])
    def test_a_shared_simulator_calls_this_machine_only_if_it_may(self, *, private: bool, status: int | None) -> None:
        with HTTPServer(("127.0.0.1", 0), _Customer) as customer:
            threading.Thread(target=customer.serve_forever, daemon=True).start()
            url = CallbackUrl(f"http://127.0.0.1:{customer.server_port}/")
            sim = Simulator(
                host="0.0.0.0",  # noqa: S104
                login="ann:quiet",
                settings=Settings(callback=url),
                clock=Clock(speed=0),
                accounts=[Account(7, "acme", "secret")],
                private_callbacks=private,
            )
            with sim:
                Wire(sim).call("sendmsg", TO, text="x", msg_callback="7", **WHO)
                sim.clock.advance(minutes=1)
                assert sim.callbacks.settle()
                attempt = sim.callbacks.attempts()[0]
            customer.shutdown()
        assert attempt.http_status == status
        assert attempt.error.startswith("not called: " if status is None else "")


def test_a_fetched_wsdl_and_a_wrong_path_are_recorded(wire: Wire, sim: Simulator) -> None:
    wire.get(f"{DOCUMENT}?wsdl")
    wire.post("/soap/webservice_VS.php", wire.envelope("<sendmsg><password>hunter2</password></sendmsg>"))
    wrong, fetched = sim.exchanges.latest()
    assert (fetched.method, fetched.status, fetched.reply) == ("GET", 200, "(the WSDL)")
    assert (wrong.path, wrong.status, wrong.code) == ("/soap/webservice_VS.php", 404, "404")
    assert "<sendmsg>" in wrong.request
    assert "hunter2" not in wrong.request


class TestSettings:
    def test_assigned_settings_take_effect_and_anything_else_is_refused(self, wire: Wire, sim: Simulator) -> None:
        sim.settings = Settings(credit_word="Credits")
        assert wire.call("getbalance", **WHO)[0].startswith("Credits: ")
        assert sim.settings is sim.gateway.settings
        with pytest.raises(TypeError, match="settings is not a Settings: give Settings"):
            sim.settings = {"credit_word": "Credit"}  # type: ignore[assignment]
