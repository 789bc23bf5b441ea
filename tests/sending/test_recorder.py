"""Who keeps books of a send is told before each request leaves and after its answer; over both clients."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from facades import FACADES, settings
from rawserver import Gateway, RawServer, Received, command, reply, reset

from clicksoap import (
    Client,
    ConfigurationError,
    NotSent,
    OutcomeUnknown,
    Retry,
    SendReport,
    State,
    TransportLost,
    report_of,
)
from clicksoap.protocol.effects import RequestEvent, RequestFinished, RequestStarted

A, B, C = "27820000001", "27820000002", "27820000003"


class BookError(Exception):
    """The books cannot be kept."""


class Books:
    """Keeps the events of a send, and how many sends the server had got by then."""

    def __init__(self, server: RawServer) -> None:
        self._server = server
        self.events: list[RequestEvent] = []
        self.arrived: list[int] = []
        self.fails_at: type[RequestEvent] | None = None
        self.failure: Exception = BookError()

    def record(self, event: RequestEvent) -> None:
        self.events.append(event)
        self.arrived.append(sum(command(each) == "sendmsg" for each in self._server.requests))
        if self.fails_at is not None and isinstance(event, self.fails_at):
            raise self.failure

    async def record_later(self, event: RequestEvent) -> None:
        await asyncio.sleep(0)
        self.record(event)


@pytest.fixture(params=FACADES, ids=list(FACADES))
def sending(request: pytest.FixtureRequest) -> Iterator[Callable[..., tuple[Books, Callable[[], SendReport]]]]:
    """Makes books, and a send of two recipients a request that is told to them."""
    with ExitStack() as stack:

        def make(answers: dict[str, Any] | None = None, **named: Any) -> tuple[Books, Callable[[], SendReport]]:
            server = stack.enter_context(RawServer(Gateway(answers or {})))
            facade = FACADES[request.param]
            sms = stack.enter_context(facade(**settings(endpoint=server.origin, max_recipients=2, **named)))
            books = Books(server)

            def send() -> SendReport:
                client = getattr(sms, "_client", sms)
                flow = client._core.deliver(client._core.plan([A, B, C], "hi", {}), recorder)
                report: SendReport = (
                    client._driver.run(flow) if client is sms else sms._runner.run(client._driver.run(flow))
                )
                return report

            recorder = books.record if request.param == "Client" else books.record_later
            return books, send

        yield make


def drop(connection: socket.socket, _: Received) -> None:
    reset(connection)


def busy(connection: socket.socket, _: Received) -> None:
    connection.sendall(reply(b"", "429 Too Many Requests"))


def test_each_request_is_told_before_it_leaves_and_after_its_answer(sending: Any) -> None:
    books, send = sending()
    report = send()
    first, answered, second, also = books.events
    ids = [result.client_message_id for result in report]
    assert first == RequestStarted(ids[0], (A, B), 1)
    assert second == RequestStarted(ids[2], (C,), 1)
    assert answered == RequestFinished(ids[0], report.results[:2], None)
    assert also == RequestFinished(ids[2], report.results[2:], None)
    assert ids[0] == ids[1] != ids[2]
    assert books.arrived == [0, 1, 1, 2]


def test_books_that_fail_before_the_bytes_leave_keep_the_request_back(sending: Any) -> None:
    books, send = sending()
    books.fails_at = RequestStarted
    with pytest.raises(BookError) as failed:
        send()
    report = report_of(failed.value)
    assert report is not None
    assert [result.state for result in report] == [State.NOT_SENT] * 3
    assert books.arrived == [0]
    assert [type(event) for event in books.events] == [RequestStarted]


def test_books_that_fail_after_an_answer_stop_the_rest_and_lose_nothing(sending: Any) -> None:
    books, send = sending()
    books.fails_at = RequestFinished
    with pytest.raises(BookError) as failed:
        send()
    report = report_of(failed.value)
    assert report is not None
    assert [result.state for result in report] == [State.ACCEPTED, State.ACCEPTED, State.NOT_SENT]
    assert all(result.message_id for result in report.accepted)
    assert books.arrived[-1] == 1


def test_a_lost_answer_is_told_with_its_error_and_unknown_recipients(sending: Any) -> None:
    books, send = sending({"sendmsg": drop})
    with pytest.raises(OutcomeUnknown) as lost:
        send()
    started, finished = books.events
    assert isinstance(started, RequestStarted)
    assert isinstance(finished, RequestFinished)
    assert finished.error is lost.value.cause
    assert [result.state for result in finished.results] == [State.UNKNOWN] * 2
    assert {result.client_message_id for result in finished.results} == {started.client_message_id}


def test_the_first_error_is_raised_where_the_books_fail_as_well(sending: Any) -> None:
    books, send = sending({"sendmsg": drop})
    books.fails_at = RequestFinished
    with pytest.raises(OutcomeUnknown) as lost:
        send()
    assert lost.value.cause is not None
    assert lost.value.cause.__notes__ == ["the recorder failed as well: BookError"]


def test_each_try_of_a_request_is_counted_and_its_end_is_told_once(sending: Any) -> None:
    books, send = sending({"sendmsg": busy}, retry=Retry(attempts=3))
    with pytest.raises(NotSent):
        send()
    *started, finished = books.events
    assert [event.attempt for event in started] == [1, 2, 3]
    assert len({event.client_message_id for event in books.events}) == 1
    assert isinstance(finished, RequestFinished)
    assert [result.state for result in finished.results] == [State.NOT_SENT] * 2


def test_a_send_that_cannot_log_in_has_nothing_to_tell(sending: Any) -> None:
    books, send = sending({"auth": drop})
    with pytest.raises(NotSent):
        send()
    assert books.events == []


@pytest.mark.parametrize("left", [False, True])
def test_an_error_of_the_books_is_never_taken_for_one_of_the_network(sending: Any, *, left: bool) -> None:
    """It is neither repeated nor told as an unknown outcome, whatever its class is."""
    books, send = sending(retry=Retry(attempts=3))
    books.fails_at, books.failure = RequestStarted, TransportLost("of the books", may_have_left=left)
    with pytest.raises(TransportLost, match="of the books") as failed:
        send()
    assert failed.value is books.failure
    assert [result.state for result in failed.value.report or ()] == [State.NOT_SENT] * 3
    assert [type(event) for event in books.events] == [RequestStarted]


def test_books_that_stop_iterating_are_an_error_and_no_silent_end(sending: Any) -> None:
    books, send = sending()
    books.fails_at, books.failure = RequestFinished, StopIteration()
    with pytest.raises(RuntimeError, match="raised StopIteration") as failed:
        send()
    report = report_of(failed.value)
    assert report is not None
    assert [result.state for result in report] == [State.ACCEPTED, State.ACCEPTED, State.NOT_SENT]


def test_an_asynchronous_recorder_of_a_client_of_threads_keeps_the_request_back() -> None:
    async def record(_: RequestEvent) -> None:
        pytest.fail("nobody can await it")

    with RawServer(Gateway()) as server, Client(**settings(endpoint=server.origin)) as sms:
        flow = sms._core.deliver(sms._core.plan([A], "hi", {}), record)
        with pytest.raises(ConfigurationError, match="the recorder is asynchronous: give a function") as failed:
            sms._driver.run(flow)
    assert [result.state for result in failed.value.report or ()] == [State.NOT_SENT]
    assert [command(each) for each in server.requests] == ["auth"]
