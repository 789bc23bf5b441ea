"""Ctrl-C in the middle of a send passes unchanged, and tells what was known."""

import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from rawserver import Hangup, Received

from clicksoap import Binary, State, report_of

A, B, C = "27821234567", "27831234567", "27841234567"

Scripted = Callable[..., Any]


def press_ctrl_c(connection: socket.socket, _: Received) -> None:
    """Press it while the client waits for its answer, and answer nothing until it has left."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)
    connection.settimeout(5)
    while connection.recv(4096):
        pass
    raise Hangup


def test_ctrl_c_during_the_second_request_passes_unchanged_and_tells(scripted: Scripted) -> None:
    sms, script = scripted({"max_recipients": 1}, sendmsg=[f"ID: a1 To: {A}", press_ctrl_c])
    with pytest.raises(KeyboardInterrupt) as pressed:
        sms.send([A, B, C], "hello")
    assert type(pressed.value) is KeyboardInterrupt
    assert pressed.value.args == ()
    report = report_of(pressed.value)
    assert report is not None
    assert [result.state for result in report] == [State.ACCEPTED, State.UNKNOWN, State.NOT_SENT]
    assert report[0].message_id == "a1"
    assert report[1].client_message_id == script.of("sendmsg")[1][name_of_id(script)][0]
    assert script.arrivals["sendmsg"] == 2


def test_after_ctrl_c_the_client_works_on_and_can_reconcile(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=[press_ctrl_c, f"ID: a2 To: {B}"])
    with pytest.raises(KeyboardInterrupt) as pressed:
        sms.send(A, "hello")
    report = report_of(pressed.value)
    assert report is not None
    (result,) = sms.reconcile(report)
    assert (result.state, result.message_id) == (State.ACCEPTED, f"{7:032x}")
    assert sms.send(B, "hello").accepted
    assert script.arrivals["sendmsg"] == 2


def test_ctrl_c_during_the_login_leaves_everybody_not_sent(scripted: Scripted) -> None:
    sms, script = scripted(auth=press_ctrl_c)
    with pytest.raises(KeyboardInterrupt) as pressed:
        sms.send([A, B], "hello")
    report = report_of(pressed.value)
    assert report is not None
    assert [result.state for result in report] == [State.NOT_SENT] * 2
    assert not script.arrivals["sendmsg"]


def test_ctrl_c_between_two_parts_leaves_the_message_unknown(scripted: Scripted) -> None:
    sms, _ = scripted(sendmsg=[(f"ID: a1 To: {A}", f"ID: b1 To: {B}"), press_ctrl_c])
    with pytest.raises(KeyboardInterrupt) as pressed:
        sms.send([A, B], Binary(b"x" * 200))
    report = report_of(pressed.value)
    assert report is not None
    assert [(result.state, result.message_ids) for result in report] == [
        (State.UNKNOWN, ("a1",)),
        (State.UNKNOWN, ("b1",)),
    ]


def test_ctrl_c_during_a_harmless_command_has_no_report(scripted: Scripted) -> None:
    sms, script = scripted(getbalance=press_ctrl_c)
    with pytest.raises(KeyboardInterrupt) as pressed:
        sms.balance()
    assert report_of(pressed.value) is None
    assert script.arrivals["getbalance"] == 1


def name_of_id(script: Any) -> str:
    """The name under which this binding sends the client message id."""
    return next(str(name) for name in script.of("sendmsg")[1] if name.lower() == "climsgid")
