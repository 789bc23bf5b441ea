"""Accounts: trials, locks, prefixes, senders, limits and opt-outs; and the limits of everything that is kept."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from clicksoap.codes import ERRORS
from clicksoap.simulator import Account, Clock, Command, Gateway, Simulator
from clicksoap.simulator.gateway.submissions import TRIAL_TEXT

from .conftest import Wire

TO = "27820000001"
OTHER = "27820000002"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}

Connect = Callable[[Simulator], Wire]


def simulator(**account: Any) -> Simulator:
    return Simulator(accounts=[Account(7, "acme", "secret", **account)], clock=Clock(speed=0))


def error(code: str) -> str:
    return f"ERR: {code}, {ERRORS[code]}"


def test_a_trial_sends_ten_canned_texts_until_credits_are_bought(wire_to: Connect) -> None:
    with Simulator(accounts=[Account.on_trial(7, "acme", "secret")]) as sim:
        wire = wire_to(sim)
        assert wire.call("getbalance", **WHO) == ["Credit: 10.00"]
        assert sim.gateway.accounts()[0][1:] == (Decimal(10), True)
        (batch,) = wire.call("startbatch", template="my own #field1#", **WHO)
        wire.call("senditem", TO, batch_id=batch.removeprefix("ID: "), field1="x", **WHO)
        wire.call("si_push", TO, si_id="1", si_url="http://a", si_text="mine", **WHO)
        wire.call("sendmsg", TO, text="03a9", unicode="1", **WHO)
        wire.call("sendmsg", TO, data="00ff", udh="0500", **WHO)
        assert [each.text for each in sim.messages] == [TRIAL_TEXT, TRIAL_TEXT, TRIAL_TEXT, ""]
        assert sim.messages[2].text_as_sent == "03a9"
        assert sim.messages[3].data == b"\x00\xff"
        for _ in range(6):
            assert wire.call("sendmsg", TO, text="mine", **WHO)[0].startswith("ID: ")
        assert wire.call("sendmsg", TO, text="mine", **WHO) == [error("301")]
        assert wire.call("token_pay", token="1234567890123456", **WHO) == ["OK: 605"]
        wire.call("sendmsg", TO, text="mine", **WHO)
        assert sim.messages[-1].text == "mine"
        assert wire.call("getbalance", **WHO) == ["Credit: 99.00"]
        sim.reset()
        assert sim.gateway.accounts()[0][1:] == (Decimal(10), True)


def test_a_frozen_account_is_refused_everything_with_004(wire_to: Connect) -> None:
    with simulator(frozen=True) as sim:
        wire = wire_to(sim)
        assert wire.call("auth", **WHO) == [error("004")]
        assert wire.call("sendmsg", TO, OTHER, text="hi", **WHO) == [error("004")]
        assert wire.call("getbalance", **WHO) == [error("004")]
        assert wire.call("auth", **{**WHO, "password": "guess"}) == [error("001")]


@pytest.mark.parametrize(("networks", "is_let_in"), [(("127.0.0.0/8", "::1"), True), (("10.0.0.0/8", "::2"), False)])
def test_an_account_can_be_locked_to_networks(wire_to: Connect, networks: tuple[str, ...], *, is_let_in: bool) -> None:
    with simulator(networks=networks) as sim:
        wire = wire_to(sim)
        (line,) = wire.call("auth", **WHO)
        assert line.startswith("OK: ") if is_let_in else line == error("007")
        for lines in (wire.call("getbalance", **WHO), wire.ask("http/getbalance", **WHO)):
            assert lines == (["Credit: 1000.00"] if is_let_in else [error("007")])


def test_a_session_does_not_help_who_comes_from_elsewhere() -> None:
    gateway = Gateway(accounts=[Account(7, "acme", "secret", networks=("192.0.2.0/24",))])
    session = {"session_id": gateway.execute(Command("auth", WHO, peer="192.0.2.9"))[0].removeprefix("OK: ")}
    for command in ("ping", "getbalance"):
        assert gateway.execute(Command(command, session, peer="192.0.3.9")) == [error("007")]
        assert gateway.execute(Command(command, session, peer="192.0.2.1")) != [error("007")]
        assert gateway.execute(Command(command, session)) != [error("007")]
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 network"):
        Account(7, "acme", "secret", networks=("office",))


def test_a_leading_0_is_replaced_by_the_accounts_country_code(wire_to: Connect) -> None:
    with simulator(dial_prefix="27") as sim:
        wire = wire_to(sim)
        lines = wire.call("sendmsg", "0821234567", "27821234567", "0027821234567", text="hi", **WHO)
        assert [line.partition(" To: ")[2] for line in lines] == ["27821234567", "27821234567", "0027821234567"]
        assert [each.to for each in sim.messages] == ["27821234567", "27821234567"]
        assert lines[2].startswith(error("105"))
        assert wire.call("routecoverage", msisdn="0821234567", **WHO)[0].startswith("OK: ")
    with pytest.raises(ValueError, match="dial_prefix is not a country code"):
        Account(7, "acme", "secret", dial_prefix="+27")


def test_only_registered_senders_may_be_named(wire_to: Connect) -> None:
    with simulator(senders=("Shop", "27110000000")) as sim:
        wire = wire_to(sim)
        assert wire.call("sendmsg", TO, text="hi", from_="Bank", **WHO) == [error("123")]
        for sender in ("Shop", "27110000000", ""):
            assert wire.call("sendmsg", TO, text="hi", from_=sender, **WHO)[0].startswith("ID: ")
        assert [each.sender for each in sim.messages] == ["Shop", "27110000000", ""]


def test_beyond_a_days_limit_the_error_says_until_when(wire_to: Connect) -> None:
    with simulator(daily_limit=2) as sim:
        wire = wire_to(sim)
        began = sim.clock.now()
        until = int((began + timedelta(days=1)).timestamp())
        sim.clock.advance(hours=1)
        wire.call("sendmsg", TO, text="hi", **WHO)
        sim.clock.advance(hours=1)
        lines = wire.call("sendmsg", TO, OTHER, text="hi", **WHO)
        assert lines[0].startswith("ID: ")
        assert lines[1] == f"{error('130')} until {until + 3600} To: {OTHER}"
        sim.clock.advance(hours=22)
        assert wire.call("sendmsg", TO, text="hi", **WHO) == [f"{error('130')} until {until + 3600}"]
        sim.clock.advance(hours=1)
        assert wire.call("sendmsg", TO, text="hi", **WHO)[0].startswith("ID: ")
        assert wire.call("getbalance", **WHO) == ["Credit: 997.00"]


def test_the_130_of_a_magic_number_is_never_over_already(wire_to: Connect) -> None:
    with simulator(daily_limit=5) as sim:
        wire = wire_to(sim)
        wire.call("sendmsg", TO, text="hi", **WHO)
        sim.clock.advance(days=3)
        (line,) = wire.call("sendmsg", "9991300000", text="hi", **WHO)
        assert int(line.rpartition(" ")[2]) > sim.clock.now().timestamp()


def test_who_opted_out_of_an_account_gets_nothing_more_from_it(sim: Simulator, wire: Wire) -> None:
    wire.call("sendmsg", TO, text="hi", **WHO)
    sim.gateway.opt_out(7, "acme", TO)
    refused, sent = wire.call("sendmsg", TO, OTHER, text="hi", **WHO)
    assert refused == f"{error('122')} To: {TO}"
    assert sent.startswith("ID: ")
    rival = {**WHO, "user": "rival"}
    assert wire.call("sendmsg", TO, text="hi", **rival)[0].startswith("ID: ")
    with pytest.raises(KeyError):
        sim.gateway.opt_out(8, "nobody", TO)
    sim.reset()
    assert wire.call("sendmsg", TO, text="hi", **WHO)[0].startswith("ID: ")


def test_large_messages_give_way_earlier(sim: Simulator, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.call("sendmsg", TO, text="hi", **WHO)
    monkeypatch.setattr(sim.gateway._state.mailbox, "_max_size", 3_000)
    for name in "abc":
        wire.call("sendmsg", TO, text="hi", si_text="x" * 1_400, climsgid=name, **WHO)
    assert [each.client_message_id for each in sim.messages] == ["b", "c"]
    wire.call("sendmsg", TO, text="hi", si_text="x" * 5_000, climsgid="d", **WHO)
    wire.call("sendmsg", TO, text="hi", climsgid="e", **WHO)
    assert [each.client_message_id for each in sim.messages] == ["e"]
    sim.gateway.delete([each.id for each in sim.messages])
    assert sim.gateway._state.mailbox._size == 0


def test_so_many_numbers_can_opt_out_and_the_oldest_give_way(
    sim: Simulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clicksoap.simulator.gateway.accounts._MAX_OPTED_OUT", 2)
    wire.call("getbalance", **WHO)
    for number in (TO, "27820000009", TO, OTHER):
        sim.gateway.opt_out(7, "acme", number)
    lines = wire.call("sendmsg", TO, "27820000009", OTHER, text="hi", **WHO)
    assert [line[:3] for line in lines] == ["ERR", "ID:", "ERR"]


def test_the_oldest_messages_give_way_and_have_status_001_then(wire_to: Connect) -> None:
    with Simulator(capacity=3, clock=Clock(speed=0)) as sim:
        wire = wire_to(sim)
        ids = [wire.call("sendmsg", TO, text="hi", climsgid=name, **WHO)[0][4:] for name in "abcde"]
        assert [each.id for each in sim.messages] == ids[2:]
        assert sim.gateway.accepted_so_far == 5
        assert wire.call("querymsg", apimsgid=ids[0], **WHO) == [f"ID: {ids[0]} Status: 001"]
        assert wire.call("querymsg", climsgid="a", **WHO) == [f"ID: {'0' * 32} Status: 001"]
        assert wire.call("delmsg", apimsgid=ids[1], **WHO) == [f"ID: {ids[1]} Status: 001"]
        assert wire.call("getmsgcharge", apimsgid=ids[1], **WHO)[0].endswith("charge: 0 status: 001")
        assert wire.call("querymsg", climsgid="c", **WHO) == [f"ID: {ids[2]} Status: 008"]
        assert len(sim.exchanges.latest()) == 3
        assert wire.call("getbalance", **WHO) == ["Credit: 995.00"]
    with pytest.raises(ValueError, match="capacity is less than 1: give the number of messages"):
        Gateway(capacity=0)


def test_messages_that_gave_way_leave_nothing_behind_however_far_ahead_they_were_due() -> None:
    gateway = Gateway(capacity=10)
    for _ in range(4000):
        gateway.execute(Command("sendmsg", {**WHO, "text": "hi", "deliv_time": "10000", "climsgid": "x"}, (TO,)))
        gateway.set_balance(7, "acme", Decimal(100))
    assert len(gateway._state.mailbox._schedule) <= 1100
    assert len(gateway._state.mailbox._planned) == 10
    gateway.clock.advance(days=7)
    assert [each.status for each in gateway.messages] == ["004"] * 10


def test_deleted_messages_have_status_001(sim: Simulator, wire: Wire) -> None:
    ids = [wire.call("sendmsg", TO, text="hi", climsgid="mine", **WHO)[0][4:] for _ in range(2)]
    assert sim.gateway.delete([ids[1], ids[1], "0" * 32]) == 1
    assert wire.call("querymsg", climsgid="mine", **WHO) == [f"ID: {ids[0]} Status: 008"]
    assert sim.gateway.delete(ids) == 1
    assert wire.call("querymsg", climsgid="mine", **WHO) == [f"ID: {'0' * 32} Status: 001"]
    assert wire.call("querymsg", climsgid="other", **WHO) == [error("104")]
