"""An exception of a signal handler in the middle of the database's own work is raised as it is."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from outboxes import Store

from clicksoap import OutboxUnavailable
from clicksoap.outbox.failures import translated


class Interruption(Exception):
    """Raised by the handler of a signal."""


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Raise an exception out of a signal handler after some seconds."""

    def handle(*_: object) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def stopped_server_of(store: Store) -> Iterator[None]:
    """The process of the server behind an outbox's connection does not answer within the block."""
    found = store.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'clicksoap outbox'")
    pids = [int(pid) for (pid,) in found]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_an_interruption_of_the_look_whether_a_connection_still_works(pg: Store) -> None:
    """Then psycopg refuses what SQLAlchemy does next, and its refusal took the place of the interruption."""
    box = pg.box()
    box.status()
    with stopped_server_of(pg), pytest.raises(Interruption), interrupted(0.2):
        box.status()
    assert box.status().due == 0


def test_an_interruption_of_a_statement(pg: Store) -> None:
    box = pg.box()
    with pytest.raises(Interruption), box.transaction() as connection, interrupted(0.2):
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    assert box.status().due == 0


def test_a_database_that_is_lost_while_an_interruption_is_handled_is_told_as_lost(pg: Store) -> None:
    box = pg.box()
    try:
        with interrupted(0.05):
            signal.pause()
    except Interruption:
        with pytest.raises(OutboxUnavailable), translated(), box.transaction() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
