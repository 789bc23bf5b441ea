"""Several processes share a store: the parts of a long message reach different ones, and are joined once."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from typing import Final

from .conftest import Place
from .test_joining import called, cut
from .test_store import LONG, report

PROGRAM: Final = """
import json, os, socket, sys, uvicorn
from clicksoap.callbacks import Callbacks, PostgreSQLStore, SQLiteStore
address, handle, told = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
store = PostgreSQLStore(address) if address.startswith("postgresql:") else SQLiteStore(address)
callbacks = Callbacks(anybody=True, store=store)
@callbacks.on_inbound
def tell(message):
    os.write(told, json.dumps(message.text).encode() + b"\\n")
@callbacks.on_delivery_report
def tell_end(report):
    os.write(told, b'"end"\\n')
listener = socket.socket(fileno=handle)
uvicorn.Server(uvicorn.Config(callbacks.asgi(), log_config=None, access_log=False)).run([listener])
"""


@contextmanager
def receiver(place: Place, told: int) -> Iterator[int]:
    """A receiver in a process of its own; gives its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        arguments = [place.address, str(listener.fileno()), str(told)]
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], pass_fds=[listener.fileno(), told])
        try:
            yield listener.getsockname()[1]
        finally:
            process.kill()
            process.wait()


def call(port: int, body: bytes) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        connection.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
        assert connection.getresponse().status == 200


def test_two_processes_join_the_parts_that_each_of_them_got(place: Place) -> None:
    """Both start together, so that both make the tables."""
    read, write = os.pipe()
    parts = cut(LONG, 6)
    with ExitStack() as stack, os.fdopen(read) as lines:
        stack.callback(os.close, write)
        ports = [stack.enter_context(receiver(place, write)) for _ in range(2)]
        for number in (5, 2, 0, 3, 4, 1, 2):
            call(ports[number % 2], called(parts[number]).body)
        assert lines.readline() == f"{json.dumps(LONG)}\n"
        call(ports[0], report("004").body)
        assert lines.readline() == '"end"\n'  # nothing else was handed over before
