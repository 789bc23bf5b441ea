"""A team's Celery app whose outbox is made at import, before the workers fork; the environment says the rest."""

import os
from pathlib import Path

from celery import Celery

from clicksoap import Client
from clicksoap.outbox import Outbox
from clicksoap.outbox.celery import register

BOX = Outbox(os.environ["APP_URL"]).open()
app = Celery("team", broker=os.environ["APP_BROKER"])


def make_client() -> Client:
    with Path(os.environ["APP_NOTES"]).open("a") as notes:
        notes.write(f"{os.getpid()} {os.environ.get('APP_PASSWORD', 'secret')}\n")
    password = os.environ.get("APP_PASSWORD", "secret")
    return Client(123456, "acme", password, endpoint=os.environ["APP_GATEWAY"])


# A limit of the app, which would kill every slice, and a prefetch of many.
app.conf.update(broker_connection_retry_on_startup=True, task_time_limit=0.2, task_default_rate_limit="1/h")
sms = register(app, BOX, make_client, slices=2, seconds=1, every=0.5, grace=2)
app.conf.beat_schedule = {**app.conf.beat_schedule}
