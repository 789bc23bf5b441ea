"""The Celery app of the proof over engines; the environment says what it works on."""

import os
from pathlib import Path

from celery import Celery

from clicksoap import Client
from clicksoap.outbox import Outbox
from clicksoap.outbox.celery import register
from tests.outbox.proofs import staging

SECONDS = 2.0


def make_outbox() -> Outbox:
    return staging.outbox(os.environ["PROOF_URL"])


def make_client() -> Client:
    return staging.client(int(os.environ["PROOF_PORT"]))


app = Celery("proof", broker=os.environ["PROOF_BROKER"])
app.conf.update(broker_connection_retry_on_startup=True, task_time_limit=1, worker_prefetch_multiplier=1)
sms = register(app, make_outbox, make_client, slices=2, seconds=SECONDS, every=1, senders=8, grace=3)
# For the whole life of the process.
_noting = staging.noting_time_outs(Path(os.environ["PROOF_FOLDER"]))
_noting.__enter__()
