"""After a fork every process has connections and a session of its own."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from rawserver import Gateway, RawServer, Received, command, values

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

PROGRAM = Path(__file__).with_name("forking.py")


@pytest.mark.parametrize("kind", ["ours", "own session"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_forked_processes_get_their_own_replies_over_connections_and_sessions_of_their_own(
    kind: str, scheme: str, tls: Callable[..., ssl.SSLContext], ca_file: Path
) -> None:
    gateway = Gateway()
    with RawServer(gateway, tls() if scheme == "https" else None) as server:
        command_line = [sys.executable, str(PROGRAM), "share", server.origin, kind, str(ca_file)]
        done = subprocess.run(command_line, capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert json.loads(done.stdout) == [""] * 5
    sends = [received for received in server.requests if command(received) == "sendmsg"]
    assert len(sends) == 5 * 60 + 1
    by_connection, by_process = defaultdict(set), defaultdict(set)
    for received in sends:
        number = int(values(received, "to")[0])
        process = 0 if number == 27829999999 else (number - 27820000000) // 1000
        by_connection[received.connection].add(process)
        by_process[process].update(values(received, "session_id"))
    assert all(len(processes) == 1 for processes in by_connection.values())
    assert all(len(sessions) == 1 for sessions in by_process.values())
    assert len(set.union(*by_process.values())) == len(gateway.sessions) == 5
    assert server.connections == 5


def test_fork_while_a_thread_logs_in_leaves_the_child_free_to_log_in(ca_file: Path) -> None:
    first, go_on = threading.Event(), threading.Event()
    usual = Gateway()

    def late(connection: socket.socket, received: Received) -> None:
        if not first.is_set():
            first.set()
            go_on.wait(30)
        usual(connection, received)

    with RawServer(Gateway({"auth": late})) as server:
        command_line = [sys.executable, str(PROGRAM), "during_login", server.origin, "ours", str(ca_file)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command_line, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8") as program:
            assert program.stdin is not None
            assert program.stdout is not None
            try:
                assert first.wait(30)
                program.stdin.write("the login is held\n")
                program.stdin.flush()
                assert program.stdout.readline() == "child ended\n"
            finally:
                go_on.set()
            said, _ = program.communicate(timeout=30)
    assert json.loads(said) == ["", ""]
    assert len(usual.sessions) == 2
