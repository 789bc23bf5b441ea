"""A send to two recipients, against a socket that answers whatever bytes a test gives."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from rawserver import Hangup, RawServer, Received, reply

from clicksoap import Client
from clicksoap.contract import Dialect
from clicksoap.errors import ClicksoapError

TO: Final = ["27821234567", "27831234567"]
LOGIN: Final = reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><authResponse>'
    b"<return>OK: 5e551040000000000000000000000001</return></authResponse></s:Body></s:Envelope>"
)


@pytest.fixture
def failure_of_send() -> Iterator[Callable[[Dialect, bytes], ClicksoapError]]:
    """Gives the error of a send whose answer is these bytes and the end of the connection."""
    answers: list[bytes] = []

    def answer(connection: socket.socket, received: Received) -> None:
        if b"<ns1:auth" in received.body:
            connection.sendall(LOGIN)
        else:
            connection.sendall(answers[-1])
            raise Hangup

    with ExitStack() as stack:
        server = stack.enter_context(RawServer(answer))
        clients = {
            dialect: stack.enter_context(
                Client(1, "acme", "secret", endpoint=server.origin, binding=dialect.value, retry=None)
            )
            for dialect in Dialect
        }

        def failure(dialect: Dialect, data: bytes) -> ClicksoapError:
            answers.append(data)
            with pytest.raises(ClicksoapError) as raised:
                clients[dialect].send(TO, "Your parcel is at the door")
            return raised.value

        yield failure
