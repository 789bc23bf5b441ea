"""The simulator calls the receiver under every server and framework, over real sockets."""

from contextlib import ExitStack

import pytest
from receivers import Serve

from clicksoap.simulator import CallbackFaults, CallbackUrl

from .conftest import CUSTOMER, PATH, TO, live, noting, say, send, simulating

LONG = "Привет 👍 " * 20  # three parts in UTF-16BE
CASES = [(variant, method) for variant in ("http", "xml", "soap") for method in ("GET", "POST")]


def test_all_variants_arrive(serve: Serve, stack: ExitStack) -> None:
    noted = noting()
    origin = stack.enter_context(serve(noted.callbacks))
    for variant, method in CASES:
        noted.reports.clear()
        noted.inbound.clear()
        with simulating(origin, variant, method) as sim:
            message_id = send(sim)
            live(sim)
            assert noted.codes == ["003", "004"], (variant, method)
            assert {(report.message_id, report.to) for report in noted.reports} == {(message_id, TO)}
            assert noted.reports[-1].at == sim.gateway.messages[0].history[-1].at.replace(microsecond=0)
            for text in ("çà & <b> 100%", "Привет 👍", LONG):
                say(sim, text)
            assert noted.texts == ["çà & <b> 100%", "Привет 👍", LONG], (variant, method)
            assert {(message.sender, message.to) for message in noted.inbound} == {(TO, CUSTOMER)}
            assert noted.inbound[0].at == sim.clock.now().replace(microsecond=0)
            target = CallbackUrl(f"{origin}{PATH}", method, variant)  # type: ignore[arg-type]
            assert sim.callbacks.validate(target).http_status == 200


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_failed_handler_is_called_again_and_duplicates_are_not_handed_over(
    serve: Serve, stack: ExitStack, *, is_async: bool
) -> None:
    noted = noting(is_async=is_async)
    origin = stack.enter_context(serve(noted.callbacks))
    with simulating(origin) as sim:
        noted.failures = 2
        send(sim)
        live(sim)
        assert noted.codes == []
        assert {each.http_status for each in sim.callbacks.attempts()} == {500}
        live(sim, minutes=3)
        assert noted.codes == []
        live(sim, minutes=5)
        assert noted.codes == ["003", "004"]
        noted.reports.clear()

        sim.callbacks.faults = CallbackFaults(duplicates=2, reorder=True)
        send(sim)
        live(sim)
        assert noted.codes == ["004"]  # the late 003 is not handed over
        say(sim, LONG)
        assert noted.texts == [LONG]  # the parts came in reverse order, three times
        assert {each.http_status for each in sim.callbacks.attempts()} == {200, 500}


def test_a_failed_handler_of_a_long_message_gets_all_of_it_again(serve: Serve, stack: ExitStack) -> None:
    noted = noting()
    origin = stack.enter_context(serve(noted.callbacks))
    with simulating(origin) as sim:
        noted.failures = 1
        say(sim, LONG)
        assert noted.texts == []
        live(sim, minutes=3)
        assert noted.texts == [LONG]
        assert noted.calls == 2


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"user": "gateway", "password": "wrong"}, 401),
        ({}, 401),
        ({"user": "gateway", "password": "pässword:1", "path": "/hooks/0000000000000000"}, 404),
    ],
)
def test_a_wrong_password_or_path_reaches_no_handler(
    serve: Serve, stack: ExitStack, choices: dict[str, str], expected: int
) -> None:
    noted = noting(users={"gateway": ["the-old-one", "pässword:1"]}, secret_path=PATH)
    origin = stack.enter_context(serve(noted.callbacks))
    with simulating(origin, **choices) as sim:
        send(sim)
        live(sim)
        assert {each.http_status for each in sim.callbacks.attempts()} == {expected}
    assert noted.calls == 0
    for password in ("the-old-one", "pässword:1"):
        with simulating(origin, user="gateway", password=password) as sim:
            send(sim)
            live(sim)
    assert noted.codes == ["003", "004"] * 2


def test_a_wrong_address_reaches_no_handler(serve: Serve, stack: ExitStack) -> None:
    noted = noting(allow=["196.216.236.2"])
    origin = stack.enter_context(serve(noted.callbacks))
    with simulating(origin) as sim:
        send(sim)
        live(sim)
        assert {each.http_status for each in sim.callbacks.attempts()} == {403}
    assert noted.calls == 0
