"""Damaged requests among correct ones: each is answered in the terms of the contract, and none does harm."""

import gc
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from figures import counting

from clicksoap.simulator import Account, Clock, Simulator

from .callers import CORRECT_API_ID, MUTANT_API_ID, START, MutantSenders, known_ids
from .contract import FORMS, Tally
from .corpus import corpus
from .http import KeptConnection

FEW: Final = 2000
"""How many mutants the short run sends: all commands occur among them."""
MANY: Final = int(os.environ.get("MUTANTS") or "20000")
WORKERS: Final = 8
REPEATED: Final = 600
"""How many mutants are sent again and again."""

HERE: Final = Path(__file__).parent
VOUCHER: Final = 100
"""The credits of a voucher."""


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.proof)], ids=["few", "many"])
def test_every_mutant_is_answered_by_the_contract_and_no_correct_request_is_disturbed(
    caplog: pytest.LogCaptureFixture, count: int
) -> None:
    accounts = [Account(MUTANT_API_ID, "acme", "secret", START)]
    accounts += [Account(CORRECT_API_ID, f"good{each}", "secret", START) for each in range(WORKERS)]
    with (
        counting("damaged requests to the simulator", "crashes", inputs=count),
        Simulator(accounts=accounts, clock=Clock(speed=0), capacity=10 * count) as sim,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        known = known_ids(sim)
        senders = MutantSenders(sim, corpus(known), known)
        shares = [pool.submit(senders.send, each, range(each, count, WORKERS)) for each in range(WORKERS)]
        results = [each.result() for each in shares]
    tally = Tally([known.message])
    for each, _ in results:
        tally.add(each)

    messages = sim.messages
    for _, correct in results:
        assert [(each.id, each.text) for each in messages if each.user == correct.user] == correct.sent
        assert sim.gateway.balance(CORRECT_API_ID, correct.user) == START - len(correct.sent)
    # The replies to mutants name every message that the mutants made, and each was charged.
    from_mutants = {each.id: each for each in messages if each.user == "acme"}
    assert sorted(from_mutants) == sorted(tally.ids)
    spent = sum((each.charge for each in from_mutants.values()), Decimal())
    assert sim.gateway.balance(MUTANT_API_ID, "acme") == START - spent + VOUCHER * tally.vouchers
    # Some mutants were accepted for every command, and not nearly all were refused as unreadable.
    assert FORMS.keys() <= tally.kinds.keys()
    assert tally.kinds["fault"] < count * 0.7
    assert [each.getMessage() for each in caplog.records] == []


@pytest.mark.proof
def test_mutants_leave_nothing_behind() -> None:
    """Repeated mutants take no more memory: hardly one of them can be accepted."""
    account = Account(MUTANT_API_ID, "acme", "secret", Decimal(1))
    with Simulator(accounts=[account], clock=Clock(speed=0), capacity=10) as sim:
        known = known_ids(sim)
        requests = corpus(known, without={"auth", "startbatch", "token_pay"})  # the simulator rightly stores theirs
        senders = MutantSenders(sim, requests, known)
        with KeptConnection(sim.origin) as connection:

            def allocated() -> int:
                tally = Tally()
                for number in range(REPEATED):
                    senders.send_one(connection, number, tally)
                del tally
                gc.collect()
                others = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, f"{HERE}/*")])
                return sum(each.size for each in others.traces)

            tracemalloc.start()
            try:
                allocated()  # lxml stores the last hundred errors of each thread, and fills that up first
                grown = -allocated() + allocated()
            finally:
                tracemalloc.stop()
    assert grown < REPEATED * 50, f"{grown} more bytes are allocated after {REPEATED} mutants"
