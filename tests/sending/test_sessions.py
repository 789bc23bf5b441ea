"""A session that died of age before its id had ever worked."""

from collections.abc import Callable
from typing import Any

import pytest

from clicksoap import Client, OutcomeUnknown, SessionExpired, State
from clicksoap.simulator import Simulator

TO = "27821234567"


def test_a_session_that_was_opened_early_and_expired_unused_is_renewed(sms: Client, gateway: Simulator) -> None:
    sms.authenticate()
    gateway.clock.advance(minutes=16)
    assert sms.send(TO, "hello").accepted


def test_a_lost_first_answer_can_be_reconciled_after_the_session_expired(sms: Client, gateway: Simulator) -> None:
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send(TO, "hello")
    gateway.clock.advance(minutes=16)
    assert lost.value.report is not None
    assert sms.reconcile(lost.value.report)[0].state is State.ACCEPTED
    assert len(gateway.gateway.messages) == 1


def test_a_gateway_that_refuses_every_fresh_session_is_not_asked_for_ever(
    scripted: Callable[..., tuple[Client, Any]],
) -> None:
    sms, script = scripted(getbalance="ERR: 003, Session ID expired")
    for logins in (1, 2, 3):
        with pytest.raises(SessionExpired):
            sms.balance()
        assert script.arrivals["auth"] == logins
