"""A worker of the proofs that needs no engine; the environment says what it works on."""

import os
from pathlib import Path
from typing import Any

from clicksoap.outbox import schema
from tests.outbox.proofs import staging


def main() -> None:
    if os.environ.get("PROOF_UNCHECKED"):
        module: Any = schema
        module.check_exactly = lambda _version: None
    with (
        staging.outbox(os.environ["PROOF_URL"]) as box,
        staging.noting_time_outs(Path(os.environ["PROOF_FOLDER"])),
        staging.client(int(os.environ["PROOF_PORT"])) as client,
    ):
        box.work(client, senders=8, grace=3)


if __name__ == "__main__":
    main()
