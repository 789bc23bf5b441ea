"""A campaign of many rows: the speed of its import, and the memory of planner and sender.

    python -m benchmarks.campaign                     # 1 000 000 rows in requests of 300, SQLite
    python -m benchmarks.campaign --rows 200000 --text "Dear {name}, {amount} is due"

The planner and the sender are processes of their own, and the gateway is the canned one in a third. Memory is the
resident set, looked at four times a second; the quarters are of the time that the sender runs.
"""

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.canned_server import running
from clicksoap import Client
from clicksoap.outbox import Outbox

ROOT: Final = Path(__file__).parents[1]
_KIB: Final = 1024


def write_source(path: Path, rows: int) -> None:
    """A CSV file of four columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mobile", "name", "invoice", "amount"])
        writer.writerows(
            [f"27{820_000_000 + each}", f"Name {each}", f"INV{each}", f"{each % 1000}.00"] for each in range(rows)
        )


def plan(url: str, source: Path, text: str) -> None:
    """Be the planner."""
    with Outbox(url, per_request=300) as box:
        began, cpu = time.monotonic(), time.process_time()
        made = box.plan("run", csv=source, to="mobile", key="invoice", text=text)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    sys.stdout.write(f"{made.rows / seconds:,.0f} rows/s ({made.rows / cpu:,.0f} a second of CPU), ")
    sys.stdout.write(f"{made.requests:,} requests\n")


def send(url: str, port: int) -> None:
    """Be the sender."""
    client = Client(123456, "acme", "secret", endpoint=f"http://127.0.0.1:{port}")
    with Outbox(url, per_request=300) as box, client:
        began = time.monotonic()
        run = box.send("run", client)
        seconds = time.monotonic() - began
        check = run.check()
    sys.stdout.write(f"{check.rows / seconds:,.0f} rows/s; {check}\n")


def memory(process: subprocess.Popen[str]) -> list[float]:
    """The resident set of a process in MB, four times a second until it ends."""
    found: list[float] = []
    while process.poll() is None:
        try:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
        except (OSError, IndexError):
            break
        found.append(pages * 4 / _KIB)
        time.sleep(0.25)
    return found


def watched(*arguments: str) -> tuple[str, list[float]]:
    """The output of a part of this program in a process of its own, and its memory."""
    command = [sys.executable, "-m", "benchmarks.campaign", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        found = memory(process)
        if process.stdout is None:
            raise RuntimeError("the process has no output")
        return process.stdout.read().strip(), found


def main() -> None:
    """Measure a campaign, or be one of its parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--text", default="Your parcel is at the door")
    parser.add_argument("--plan", nargs=2, metavar=("URL", "SOURCE"), help=argparse.SUPPRESS)
    parser.add_argument("--send", nargs=2, metavar=("URL", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plan:
        plan(options.plan[0], Path(options.plan[1]), options.text)
        return
    if options.send:
        send(options.send[0], int(options.send[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        url, source = f"sqlite:///{folder}/outbox.db", Path(folder) / "run.csv"
        write_source(source, options.rows)
        told, used = watched("--plan", url, str(source), "--text", options.text)
        sys.stdout.write(f"planner: {told}; memory at most {max(used):.0f} MB\n")
        with running() as port:
            told, used = watched("--send", url, str(port))
        quarter = len(used) // 4
        second, last = (statistics.median(used[at * quarter : (at + 1) * quarter]) for at in (1, 3))
        sys.stdout.write(
            f"sender: {told}\nmemory at most {max(used):.0f} MB; second quarter {second:.1f}, last {last:.1f} MB\n"
        )


if __name__ == "__main__":
    main()
