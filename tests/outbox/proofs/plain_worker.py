"""A worker of the proof over engines that needs no engine."""

import os
from pathlib import Path

from tests.outbox.proofs import staging


def main() -> None:
    with (
        staging.outbox(os.environ["PROOF_URL"]) as box,
        staging.noting_time_outs(Path(os.environ["PROOF_FOLDER"])),
        staging.client(int(os.environ["PROOF_PORT"])) as client,
    ):
        box.work(client, senders=8, grace=3)


if __name__ == "__main__":
    main()
