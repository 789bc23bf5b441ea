"""Kills the sender of a campaign three times, and compares its export with the gateway's record, row by row.

``python -m tests.outbox.proofs.campaigns STORE ROWS SEED [SERVER]`` prints its result as JSON.
"""

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import Gateway, Process, Stores

KILLS = 3
_SENDERS = 8


def write_source(path: Path, rows: int) -> None:
    """A CSV file: every other row has the same text as many others."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mobile", "name", "invoice"])
        for each in range(rows):
            name = f"person {each}" if each % 4 else "all"
            writer.writerow([f"27821{each:06}", name, f"INV{each}"])


def send(url: str, port: int, name: str) -> None:
    """Be the sender of a campaign until it is settled."""
    with staging.outbox(url) as box, staging.client(port) as client:
        campaign = box.campaign(name)
        if campaign.state == "planned":
            box.send(name, client, senders=_SENDERS)
        else:
            campaign.resume(client, senders=_SENDERS)


def kill_at(url: str, port: int, share: float, rows: int) -> bool:
    """Kill a sender once a share of the rows is settled; false if it had settled everything before."""
    process = Process(lambda: send(url, port, "run")).go()
    with staging.outbox(url) as box:
        while not process.ends_within(0.05):
            states = box.campaign("run").check().by_state
            if sum(count for state, count in states.items() if state.is_settled) >= share * rows:
                process.kill()
                break
    return process.wait() != 0


def compare(exported: Path, arrived: dict[str, list[dict[str, str]]], rows: int) -> dict[str, Any]:
    """Compare an export with the record of the gateway."""
    problems: list[str] = []
    counts = {"lost": 0, "doubled": 0, "doubtful": 0, "accepted": 0}
    with exported.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    if len(found) != rows:
        problems.append(f"{len(found)} rows instead of {rows}")
    for line, row in enumerate(found, 2):
        there = arrived.get(row["mobile"], [])
        told = f"line {row['sms_line']}, {row['sms_state']}, {row['sms_reason']}"
        if row["sms_line"] != str(line) or row["invoice"] != f"INV{line - 2}":
            problems.append(f"{told}: it stands at line {line}")
        counts["doubled"] += len(there) > 1
        if row["sms_state"] == "accepted":
            counts["accepted"] += 1
            counts["lost"] += not there
            if (row["sms_message_id"], row["sms_client_message_id"]) not in [
                (each["id"], each["client_message_id"]) for each in there
            ]:
                problems.append(f"{told}: the gateway calls it otherwise")
        elif row["sms_state"] == "unconfirmed":
            counts["doubtful"] += 1
            counts["lost"] += not there
        else:
            counts["lost"] += not there
            problems.append(told)
    if unknown := set(arrived) - {row["mobile"] for row in found}:
        problems.append(f"{len(unknown)} messages of no row")
    return {**counts, "problems": problems[:20]}


def proof(store: str, rows: int, seed: int, server: str) -> dict[str, Any]:
    """One campaign: planned, killed three times, resumed, exported and compared."""
    began = time.monotonic()
    with staging.scratch() as folder, Gateway(folder / "record", seed) as gateway:
        url = Stores(folder, server, f"campaign{seed % 10_000}").make()
        source = folder / "run.csv"
        write_source(source, rows)
        with staging.outbox(url) as box:
            plan = box.plan("run", csv=source, to="mobile", text="Dear {name}, thank you", key="invoice")
            assert plan.messages == rows, str(plan)
        kills = sum(kill_at(url, gateway.port, share, rows) for share in (0.2, 0.45, 0.7))
        code = Process(lambda: send(url, gateway.port, "run")).go().wait(3000)
        with staging.outbox(url) as box:
            campaign = box.campaign("run")
            campaign.export_csv(folder / "result.csv")
            check = campaign.check()
        result = compare(folder / "result.csv", gateway.arrived("2782"), rows)
        if code or not check.is_sound or not check.is_finished:
            result["problems"].append(f"the last sender ended with {code}: {check}")
    return {"store": store, "rows": rows, "kills": kills, **result, "seconds": time.monotonic() - began}


def main() -> None:
    store, rows, seed, server = sys.argv[1:5]
    sys.stdout.write(json.dumps(proof(store, int(rows), int(seed), server)) + "\n")


if __name__ == "__main__":
    main()
