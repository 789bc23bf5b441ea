"""The workers in the status: their names, machines and slices, and what they have in flight."""

import os
from socket import gethostname

from outboxes import Store, client, enqueue, until, working

from clicksoap import Client
from clicksoap.simulator import Simulator


def test_the_status_shows_the_workers_of_the_last_hour(store: Store, gateway: Simulator) -> None:
    box = store.box()
    gateway.faults.add("delay", command="sendmsg", seconds=0.6, times=1)
    with client(gateway) as sms, working(box, sms):
        enqueue(box)
        until(lambda: box.status().in_flight, "the request is out")
        status = box.status()
        (worker,) = status.workers
        assert (worker.name, worker.account, worker.in_flight) == (f"{gethostname()} {os.getpid()}", "default", 1)
        assert worker.machine == gethostname()
        assert worker.slice_at <= worker.seen_at <= status.at
        assert "\nclicksoap_outbox_workers 1\n" in status.metrics()
        began = worker.slice_at
    box.work_slice(client(gateway), 0.1)
    assert box.status().workers[0].slice_at > began
    store.sql("UPDATE clicksoap_worker SET seen_at = seen_at - 4000")
    assert box.status().workers == ()
    store.sql("UPDATE clicksoap_worker SET seen_at = seen_at - 86400, name = 'another'")
    box.work_slice(client(gateway), 0.1)
    assert store.sql("SELECT name FROM clicksoap_worker") == [(f"{gethostname()} {os.getpid()}",)]


def test_a_worker_without_work_is_seen_again_and_again(store: Store, sms: Client) -> None:
    box = store.box()
    with working(box, sms):
        until(lambda: box.status().workers, "the worker is there")
        store.sql("UPDATE clicksoap_worker SET seen_at = 0")
        until(lambda: box.status().workers, "it is seen again")
