"""The receiver of callbacks beside a plain Starlette endpoint, under the same uvicorn options.

    python -m benchmarks.callbacks                # a minute
    python -m benchmarks.callbacks --strict       # status 1 below the target
    python -m benchmarks.callbacks --outbox       # instead: reports that settle an outbox, on both databases

Both servers run in processes of their own on one core, in alternating rounds. The endpoint reads body and query and
answers; the receiver parses the report as well, checks a password, finds duplicates, and calls a handler that does
nothing. CPU is that of the server alone. With --outbox, each report is that of an accepted message, and is committed
and synced before its answer; the no-op handler stands beside it.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import quote_plus

TARGET: Final = 0.6
"""The target: reports per CPU second of the receiver, beside those of the endpoint."""

BATCH: Final = 100  # requests that are sent before their answers are read
_IDS: Final = count(1)
_LOGIN: Final = b64encode(b"gateway:a secret").decode("ascii")
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<SOAP-ENV:Envelope'
    ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><ns1:mt_callback'
    ' xmlns:ns1="mt_callback">{children}</ns1:mt_callback></SOAP-ENV:Body></SOAP-ENV:Envelope>'
)


async def _handle(_: object) -> None:
    """Do nothing with a report."""


def _application(name: str) -> object:
    if name.startswith(("sqlite:", "postgresql:")):
        from clicksoap.callbacks import Callbacks  # noqa: PLC0415 - each server loads its own
        from clicksoap.callbacks.outbox import deliver_to  # noqa: PLC0415
        from clicksoap.outbox import Outbox  # noqa: PLC0415

        callbacks = Callbacks(users={"gateway": "a secret"})
        deliver_to(callbacks, Outbox(name))
        return callbacks.asgi()
    if name == "receiver":
        from clicksoap.callbacks import Callbacks  # noqa: PLC0415 - each server loads its own

        callbacks = Callbacks(users={"gateway": "a secret"})
        callbacks.on_delivery_report(_handle)
        return callbacks.asgi()
    from starlette.applications import Starlette  # noqa: PLC0415 - each server loads its own
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def endpoint(request: Request) -> PlainTextResponse:
        await request.body()
        str(request.query_params)
        return PlainTextResponse("OK")

    return Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])])


def _serve(name: str, handle: int, core: int) -> None:
    import uvicorn  # noqa: PLC0415 - only here

    os.sched_setaffinity(0, {core})
    config = uvicorn.Config(_application(name), log_config=None, access_log=False)  # type: ignore[arg-type]
    uvicorn.Server(config).run([socket.socket(fileno=handle)])


@dataclass(frozen=True, slots=True)
class _Served:
    connection: socket.socket
    process: int

    def cpu(self) -> float:
        """CPU seconds of the server so far."""
        with open(f"/proc/{self.process}/stat") as file:  # noqa: PTH123 - not a file of the project
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _served(name: str, core: int) -> Iterator[_Served]:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        listener.set_inheritable(True)
        command = [sys.executable, "-m", "benchmarks.callbacks", "--serve", name]
        command += ["--handle", str(listener.fileno()), "--core", str(core)]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()])
        try:
            with socket.create_connection(listener.getsockname()) as connection:
                yield _Served(connection, process.pid)
        finally:
            process.terminate()
            process.wait()


def _request(variant: str) -> bytes:
    fields = {
        "api_id": "12345", "apiMsgId": f"{next(_IDS):032x}", "cliMsgId": "abc123", "timestamp": "1769902214",
        "to": "279995631564", "from": "27833001171", "status": "004", "charge": "0.300000",
    }  # fmt: skip
    if variant == "soap":
        children = "".join(f"<{name.lower()}>{value}</{name.lower()}>" for name, value in fields.items())
        fields = {"data": _ENVELOPE.format(children=children)}
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode("ascii")
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {_LOGIN}\r\nUser-Agent: clicksoap benchmark\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _round(served: _Served, requests: list[bytes]) -> tuple[float, float]:
    """The seconds and the CPU seconds that some requests take."""
    began, cpu = time.perf_counter(), served.cpu()
    for start in range(0, len(requests), BATCH):
        batch = requests[start : start + BATCH]
        served.connection.sendall(b"".join(batch))
        answers = b""
        while answers.count(b"HTTP/1.1 200") < len(batch) or not answers.endswith(b"OK"):
            answers += served.connection.recv(1 << 16)
    return time.perf_counter() - began, served.cpu() - cpu


def compare(variant: str, rounds: int, requests: int) -> float:
    """Print the speed of both servers, and return the median ratio of their CPU."""
    core = max(os.sched_getaffinity(0))
    with _served("receiver", core) as receiver, _served("endpoint", core) as endpoint:
        ratios: list[float] = []
        rates: dict[str, list[float]] = {"receiver": [], "endpoint": []}
        for number in range(-1, rounds):
            cpus: dict[str, float] = {}
            for name, served in (("receiver", receiver), ("endpoint", endpoint)):
                seconds, cpus[name] = _round(served, [_request(variant) for _ in range(requests)])
                if number >= 0:  # the first round warms up
                    rates[name].append(requests / seconds)
            if number >= 0:
                ratios.append(cpus["endpoint"] / cpus["receiver"])
    middle = statistics.median(ratios)
    print(
        f"{variant}: receiver {statistics.median(rates['receiver']):.0f}/s, "
        f"endpoint {statistics.median(rates['endpoint']):.0f}/s; reports per CPU second {middle:.2f} of the endpoint's "
        f"(rounds {min(ratios):.2f} to {max(ratios):.2f}; target {TARGET})"
    )
    return middle


@contextmanager
def _outbox(name: str, messages: int) -> Iterator[str]:
    """The URL of an outbox whose messages are accepted, with the ids that `_request` reports next."""
    from sqlalchemy import text  # noqa: PLC0415 - only here

    from benchmarks.outbox import store  # noqa: PLC0415
    from clicksoap.outbox import Outbox  # noqa: PLC0415

    first = next(_IDS) + 1
    number = "printf('%032x', id + :first)" if name == "sqlite" else "lpad(to_hex(id + :first), 32, '0')"
    with store(name) as url:
        with Outbox(url) as box, box.transaction() as transaction:
            for key in range(messages):
                box.enqueue(transaction, "279995631564", "hi", key=str(key))
            statement = f"UPDATE clicksoap_message SET state = 'accepted', message_id = {number}"  # noqa: S608 - a constant
            transaction.execute(text(statement), {"first": first - 1})
        yield url


def settle(name: str, rounds: int, requests: int) -> None:
    """Print the speed of reports into an outbox, beside that of the no-op handler."""
    core = max(os.sched_getaffinity(0))
    with _outbox(name, rounds * requests) as url, _served(url, core) as outbox:
        rates = [requests / _round(outbox, [_request("http") for _ in range(requests)])[0] for _ in range(rounds)]
    with _served("receiver", core) as receiver:
        beside = [requests / _round(receiver, [_request("http") for _ in range(requests)])[0] for _ in range(rounds)]
    print(
        f"outbox on {name}: {statistics.median(rates):.0f} reports/s on one connection "
        f"(rounds {min(rates):.0f} to {max(rates):.0f}); no-op handler {statistics.median(beside):.0f}/s"
    )


def main() -> int:
    """Compare both servers; gives 1 if the target is missed under ``--strict``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=2000, help="requests of a round")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--outbox", action="store_true", help="reports into an outbox, on SQLite and PostgreSQL")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--handle", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(options.serve, options.handle, options.core)
        return 0
    if options.outbox:
        for name in ("sqlite", "postgresql"):
            settle(name, options.rounds, options.requests)
        return 0
    ratio = compare("http", options.rounds, options.requests)
    compare("soap", options.rounds, options.requests)
    return int(options.strict and ratio < TARGET)


if __name__ == "__main__":
    sys.exit(main())
