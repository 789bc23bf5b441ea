"""One call: what counts as an answer, and how long it may take."""

import socket
import threading

import pytest
from rawserver import RawServer, Received, answering, deaf, reply

from clicksoap.simulator import CallbackUrl
from clicksoap.simulator.webhooks import formats
from clicksoap.simulator.webhooks.http_call import CallResult, HttpCall

NO_ANSWER = CallResult(None, "no answer within 0.2 seconds")


def call(url: str, seconds: float = 10.0) -> HttpCall:
    return HttpCall(formats.validation(CallbackUrl(url), "report"), seconds)


def hang(server: RawServer) -> None:
    server.closing.wait(30)


def test_an_interim_answer_is_not_the_answer() -> None:
    with RawServer(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + reply(b""))) as server:
        assert call(server.origin).perform() == CallResult(200)


def test_a_server_that_hangs_has_its_time() -> None:
    with RawServer(lambda _, __: hang(server)) as server:
        assert call(server.origin, 0.2).perform() == NO_ANSWER


def test_a_server_that_trickles_has_no_more_time_than_one_that_hangs() -> None:
    def trickle(connection: socket.socket, _: Received) -> None:
        while not server.closing.wait(0.02):
            connection.sendall(b"H")

    with RawServer(trickle) as server:
        assert call(server.origin, 0.2).perform() == NO_ANSWER


def test_a_server_that_lets_nobody_connect_has_its_time() -> None:
    with deaf() as port:
        assert call(f"http://127.0.0.1:{port}", 0.2).perform() == NO_ANSWER


def test_a_server_that_never_says_hello_has_its_time() -> None:
    with RawServer(lambda _, __: None, on_connect=lambda _: hang(server)) as server:
        assert call(server.origin.replace("http", "https"), 0.2).perform() == NO_ANSWER


def test_a_body_that_never_ends_changes_nothing_about_the_status() -> None:
    def flood(connection: socket.socket, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with RawServer(flood) as server:
        assert call(server.origin).perform() == CallResult(200)


def test_a_body_that_stops_short_changes_nothing_about_the_status() -> None:
    def stop_short(connection: socket.socket, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nx")
        hang(server)

    with RawServer(stop_short) as server:
        assert call(server.origin, 0.2).perform() == CallResult(500)


@pytest.mark.parametrize("answer", [b"220 smtp.example ESMTP\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    with RawServer(answering(answer)) as server:
        assert call(server.origin).perform() == CallResult(None, "the answer is not HTTP")


def test_tls_where_there_is_none_is_no_answer() -> None:
    with RawServer(answering(b"")) as server:
        server.on_connect = lambda connection: connection.sendall(b"this is no TLS at all, whatever you say")
        result = call(server.origin.replace("http", "https")).perform()
    assert result.http_status is None
    assert result.error.startswith("TLS failed: ")


def test_a_call_is_aborted_by_another_thread() -> None:
    reached = threading.Event()

    def answer(_: socket.socket, __: Received) -> None:
        reached.set()
        hang(server)

    results: list[CallResult] = []
    with RawServer(answer) as server:
        made = call(server.origin, 30)
        thread = threading.Thread(target=lambda: results.append(made.perform()))
        thread.start()
        assert reached.wait(10)
        made.abort()
        thread.join(10)
    assert results == [CallResult(None, "aborted")]


def test_a_call_that_was_aborted_before_it_began_reaches_nobody() -> None:
    with RawServer(answering(reply(b""))) as server:
        made = call(server.origin)
        made.abort()
        assert made.perform() == CallResult(None, "aborted")
        assert server.requests == []
