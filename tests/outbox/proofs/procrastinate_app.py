"""The procrastinate app of the proof over engines: the recipe of the documents, with shorter times."""

import os
from pathlib import Path

from procrastinate import App, PsycopgConnector

from tests.outbox.proofs import staging

app = App(connector=PsycopgConnector(conninfo=os.environ["PROOF_URL"]))
box = staging.outbox(os.environ["PROOF_URL"])
# For the whole life of the process.
_noting = staging.noting_time_outs(Path(os.environ["PROOF_FOLDER"]))
_noting.__enter__()


@app.periodic(cron="* * * * * */2")
@app.task(name="send-sms", queue="sms", queueing_lock="send-sms")
def send_sms(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
    box.work_slice(lambda: staging.client(int(os.environ["PROOF_PORT"])), 2, senders=8, grace=3)
