"""A fail-over that loses the last commits: workers notice, all stop, and after the restore nothing is sent twice.

The long form runs in `make proof`; ``SEED=`` repeats a run.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outboxes import Store, enqueue, settle, states, until, working
from postgresql import PostgreSQLServer, postgresql, programs

from clicksoap import Client
from clicksoap.errors import OutboxMismatch
from clicksoap.outbox import Outbox
from clicksoap.simulator import Simulator

from .conftest import holds, proven

IS_SHORT = os.environ.get("SHORT", "") not in {"", "0"}


def need_postgresql() -> None:
    if programs() is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed")


def proof(runs: int, mode: str) -> dict[str, Any]:
    need_postgresql()
    return proven("failing_over", runs, mode)


def test_both_workers_stop_after_a_fail_over_and_nothing_is_sent_twice() -> None:
    assert holds(proof(1, "groups"))


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["singles", "groups"])
def test_many_fail_overs_double_nothing(mode: str) -> None:
    assert holds(proof(2 if IS_SHORT else 15, mode))


@pytest.mark.proof
def test_a_fail_over_that_nobody_notices_is_caught() -> None:
    assert proof(1, "untold")["doubled"] > 0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[PostgreSQLServer, Store]]:
    """A PostgreSQL server that a test may crash, with an outbox."""
    need_postgresql()
    with postgresql() as server:
        store = Store("postgresql", server.create("outbox"), tmp_path, server)
        yield server, store
        for each in store.boxes:
            each.close()


def fail_over_after_a_slice(server: PostgreSQLServer, box: Outbox, sms: Client) -> None:
    """Let a message wait in a copy that was sent in truth, and the copy take over."""
    enqueue(box)
    copy = server.base_backup()
    assert settle(box, sms).accepted == 1
    server.fail_over(copy, "-c", "fsync=off")


def test_a_worker_that_knows_less_claims_nothing_until_another_one_can_have_noticed(
    own: tuple[PostgreSQLServer, Store], gateway: Simulator, sms: Client
) -> None:
    server, store = own
    box, other = store.box(), store.box()
    other.work_slice(sms, 0.3)
    fail_over_after_a_slice(server, box, sms)
    assert other.work_slice(sms, 1).sent == 0
    for each in (box, other):
        with pytest.raises(OutboxMismatch, match="claims of a worker vanished"):
            each.work_slice(sms, 1)
    assert other.after_restore(by="a person", why="the standby took over") == 1
    settle(other, sms)
    assert states(box) == ["accepted"]
    assert len(gateway.messages) == 1


def test_a_worker_that_starts_after_the_fail_over_and_before_anybody_noticed_sends_again(
    own: tuple[PostgreSQLServer, Store], gateway: Simulator, sms: Client
) -> None:
    """The control of the test before, and the gap that the page names."""
    server, store = own
    fail_over_after_a_slice(server, store.box(), sms)
    assert settle(store.box(), sms).accepted == 1
    assert len(gateway.messages) == 2


def test_after_a_restart_without_a_loss_workers_wait_some_seconds_and_go_on(
    own: tuple[PostgreSQLServer, Store], gateway: Simulator, sms: Client
) -> None:
    server, store = own
    box = store.box().open()
    with working(box, sms):
        enqueue(box, key="before")
        until(lambda: states(box, "before") == ["accepted"], "it is sent")
        server.stop(signal.SIGQUIT)
        server.start("-c", "fsync=off")
        enqueue(box, key="after")
        until(lambda: box._reached.hold_until > 0, "it notices the other server")
        assert states(box, "after") == ["pending"]
        until(lambda: states(box, "after") == ["accepted"], "it goes on")
    assert len(gateway.messages) == 2
