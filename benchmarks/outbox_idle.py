"""What idle workers of an outbox cost PostgreSQL, how soon they see a message, and what NOTIFY would cost.

    python -m benchmarks.outbox_idle              # about a minute
    python -m benchmarks.outbox_idle --seconds 5

The first table has transactions a second, and CPU in percent of a core: of the workers, and of the server's processes
for them. Its delay is from a commit to the claim. The second table has the commits a second of eight programs that
insert a row each time, with and without ``pg_notify``. The server writes every commit through.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.canned_server import running
from benchmarks.outbox_engines import ROOT, programs
from clicksoap.outbox import Outbox

WORKERS: Final = (1, 4)
WRITERS: Final = 8
DELAYS: Final = 20
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_OF_WORKERS: Final = "FROM pg_stat_activity WHERE application_name = 'clicksoap outbox'"
_COUNT: Final = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"


def cpu(processes: set[int]) -> float:
    """The seconds of CPU that processes have used."""
    used = 0
    for each in processes:
        fields = Path(f"/proc/{each}/stat").read_text("utf-8").rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICKS


def children() -> set[int]:
    """The processes that this one has started."""
    return {int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split()}


def idle(url: str, workers: int, seconds: float, port: int) -> str:
    """The line of so many idle workers."""
    others = children()
    Outbox(url).open().close()
    commands = [["benchmarks.outbox_engines", "--work"]] * workers
    with (
        programs(commands, {"BENCH_URL": url, "BENCH_PORT": str(port), "BENCH_WORKERS": str(workers)}),
        psycopg.connect(url, autocommit=True) as watch,
        Outbox(url) as box,
    ):
        while number(watch, f"SELECT count(*) {_OF_WORKERS}") < workers + 1:
            time.sleep(0.1)
        box.close()
        time.sleep(2)
        mine = children() - others
        theirs = {int(pid) for (pid,) in watch.execute(f"SELECT pid {_OF_WORKERS}".encode()).fetchall()}
        was, began, used, served = number(watch, _COUNT), time.monotonic(), cpu(mine), cpu(theirs)
        time.sleep(seconds)
        now, took = number(watch, _COUNT), time.monotonic() - began
        used, served = cpu(mine) - used, cpu(theirs) - served
        delays = [delay(box, watch, each) for each in range(DELAYS)]
    return (
        f"{workers:7} {(now - was) / took:15.0f} {used / took:11.1%} {served / took:10.1%} "
        f"{1000 * statistics.median(delays):16.0f} {1000 * max(delays):9.0f}"
    )


def delay(box: Outbox, watch: "psycopg.Connection", each: int) -> float:
    """How long after its commit a message is claimed."""
    time.sleep(0.1 + 0.0137 * each)
    with box.transaction() as transaction:
        box.enqueue(transaction, f"278210000{each:02}", "hello", key=str(each))
    committed = number(watch, "SELECT extract(epoch FROM clock_timestamp())::float8")
    claimed = f"SELECT claimed_at FROM clicksoap_request JOIN clicksoap_message m ON m.request_id = clicksoap_request.id WHERE row_key = '{each}'"  # noqa: S608, E501 - a number
    while (found := watch.execute(claimed.encode()).fetchone()) is None:
        time.sleep(0.005)
    return max(0.0, float(found[0]) - committed)


def number(connection: "psycopg.Connection", query: str) -> float:
    """The only value of a query."""
    found = connection.execute(query.encode()).fetchone()
    return 0.0 if found is None else float(found[0])


def commits(url: str, seconds: float, *, notified: bool) -> float:
    """Commits a second of several writers at a time."""
    counts: list[int] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id bigserial PRIMARY KEY, text text)")
    end = time.monotonic() + seconds

    def write() -> None:
        done = 0
        with psycopg.connect(url) as connection:
            while time.monotonic() < end:
                connection.execute("INSERT INTO orders (text) VALUES ('an order')")
                if notified:
                    connection.execute("SELECT pg_notify('clicksoap_outbox', '')")
                connection.commit()
                done += 1
        counts.append(done)

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    return sum(counts) / seconds


def main() -> None:
    """Measure, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each line")
    seconds = parser.parse_args().seconds
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from postgresql import postgresql  # noqa: PLC0415 - helpers of the tests

    print(f"python -m benchmarks.outbox_idle --seconds {seconds:g}; load {os.getloadavg()[0]:.1f} at the start")
    with running() as port, postgresql("-c", "fsync=on") as server:
        print("workers  transactions/s  of workers  of server  median delay, ms  most, ms")
        for workers in WORKERS:
            print(idle(server.create(f"idle{workers}"), workers, seconds, port), flush=True)
        url = server.create("orders")
        for round_ in range(3):
            for notified in (False, True):
                rate = commits(url, seconds / 3, notified=notified)
                print(
                    f"commits, round {round_ + 1}, {'with' if notified else 'without'} NOTIFY: {rate:.0f}/s", flush=True
                )
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
