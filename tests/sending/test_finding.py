"""One question about a request by its client message id, without a wait; over both clients and three bindings."""

from collections.abc import Callable

import pytest

from clicksoap import Client, FoundRequest, InvalidInput, State, TransportLost
from clicksoap.simulator import Simulator

TO = "27820000001"


def test_a_request_that_arrived_is_found_with_the_gateways_id(sms: Client) -> None:
    sent = sms.send(TO, "hi")[0]
    found = sms.find(str(sent.client_message_id))
    assert (found.state, found.message_id) == (State.ACCEPTED, sent.message_id)
    assert found.status is not None
    assert not found.is_denied


def test_a_denied_request_is_unknown_and_asked_for_once(sms: Client, gateway: Simulator) -> None:
    """Said once, it proves nothing: the request may still be on its way."""
    assert sms.find("neverseen") == FoundRequest("neverseen", State.UNKNOWN, is_denied=True)
    assert gateway.gateway.commands["querymsg"] == 1


def test_a_status_that_proves_nothing_leaves_it_unknown(sms: Client, gateway: Simulator) -> None:
    gateway.faults.status_delayed(5)
    sent = sms.send(TO, "hi")[0]
    found = sms.find(str(sent.client_message_id))
    assert (found.state, found.message_id, found.is_denied) == (State.UNKNOWN, None, False)
    assert found.status is not None
    assert found.status.code == "001"


def test_an_impossible_id_is_refused_before_anything_leaves(sms: Client, gateway: Simulator) -> None:
    with pytest.raises(InvalidInput, match="client_message_id"):
        sms.find("")
    assert not any(gateway.gateway.commands.values())


def test_a_gateway_that_cannot_be_asked_is_an_error_that_changed_nothing(connect: Callable[..., Client]) -> None:
    with pytest.raises(TransportLost) as failed:
        connect("http://127.0.0.1:1", auth="credentials", retry=None).find("abc")
    assert not failed.value.may_have_taken_effect


def test_a_question_whose_answer_is_lost_changed_nothing(connect: Callable[..., Client], gateway: Simulator) -> None:
    """The bytes left, but to ask again does no harm."""
    gateway.faults.lose_answer("querymsg")
    with pytest.raises(TransportLost) as failed:
        connect(gateway.origin, auth="credentials", retry=None).find("abc")
    assert not failed.value.may_have_taken_effect
