"""Messages from handsets, and what becomes of them."""

import pytest
from hypothesis import example, given, strategies as st

from clicksoap.simulator import (
    Account,
    CallbackUrl,
    Clock,
    Command,
    Event,
    Gateway,
    Handset,
    Inbound,
    Settings,
    Simulator,
)
from clicksoap.simulator.webhooks.inbound import charset_of, split

from .conftest import API_ID, TO, USER, Customer, live, sent

WHO = {"api_id": "7", "user": "acme", "password": "secret"}
GSM_EXTENSION = set("^{}\\[~]|")


def say(sim: Simulator, text: str, sender: str = TO) -> tuple[Inbound, ...]:
    return sim.handset.send(text, sender=sender, to="27110000000", api_id=API_ID, user=USER)


def size(text: str, charset: str) -> int:
    """The units of a text, counted in another way than the simulator counts them."""
    if charset == "UTF-16BE":
        return len(text.encode("utf-16-be")) // 2
    return len(text) + sum(text.count(each) for each in GSM_EXTENSION)


class TestDelivery:
    def test_a_message_comes_to_the_customer(self, sim: Simulator, customer: Customer) -> None:
        (message,) = say(sim, "Grüße")
        assert sim.callbacks.settle()
        (told,) = customer.told
        assert told.headers["user-agent"] == "Clickatell MO Callback"
        assert told.fields["moMsgId"] == message.id
        assert told.fields["text"] == "Grüße"
        (attempt,) = sim.callbacks.attempts()
        assert (attempt.kind, attempt.message_id, attempt.status) == ("inbound", message.id, "")
        assert attempt.http_status == 200

    def test_the_address_of_the_settings_is_for_accounts_without_one(self, customer: Customer) -> None:
        settings = Settings(inbound=CallbackUrl(customer.url("/general")))
        accounts = [Account(API_ID, USER, "secret"), Account(8, USER, "x", inbound=CallbackUrl(customer.url("/own")))]
        with Simulator(accounts=accounts, settings=settings, clock=Clock(speed=0)) as sim:
            say(sim, "hi")
            sim.handset.send("hi", sender=TO, to="1", api_id=8, user=USER)
            assert sim.callbacks.settle()
        assert sorted((each.path, each.fields["api_id"]) for each in customer.told) == [
            ("/general", "7"),
            ("/own", "8"),
        ]

    def test_it_is_tried_again_five_times(self, sim: Simulator, customer: Customer) -> None:
        customer.fail(*["500 No"] * 6)
        say(sim, "hi")
        assert sim.callbacks.settle()
        for nth, minutes in enumerate((2, 4, 8, 16, 25), 2):
            live(sim, minutes=minutes)
            assert sim.callbacks.attempts()[0].nth == nth
        assert sim.callbacks.attempts()[0].next_at is None
        live(sim, days=9)
        assert len(customer.requests) == 6

    def test_the_messages_of_one_handset_keep_their_order(self, sim: Simulator, customer: Customer) -> None:
        customer.fail("500 No")
        say(sim, "x" * 161)
        assert sim.callbacks.settle()
        say(sim, "and then")
        say(sim, "another", sender="27830000000")
        live(sim, minutes=2)
        told = [each.fields["udh"][-2:] or each.fields["text"] for each in customer.told]
        assert sorted(told) == sorted(["01", "another", "01", "02", "and then"])
        assert [each for each in told if each != "another"] == ["01", "01", "02", "and then"]

    def test_without_an_address_it_is_only_kept(self) -> None:
        with Simulator(accounts=[Account(API_ID, USER, "secret")]) as sim:
            parts = say(sim, "hi")
            assert sim.callbacks.settle() == 0
            assert sim.callbacks.attempts() == []
            assert sim.handset.sent() == [*parts]


class TestHandsets:
    def test_a_reply_goes_back_where_the_message_came_from(self, sim: Simulator) -> None:
        message = sent(sim, from_="+27110000001")
        (answer,) = sim.handset.reply(message.id, "yes")
        assert (answer.sender, answer.to, answer.api_id, answer.user) == (TO, "27110000001", API_ID, USER)
        (answer,) = sim.handset.reply(sent(sim).id, "yes")
        assert answer.to.isdigit()

    def test_nobody_can_reply_to_a_name_or_to_nothing(self, sim: Simulator) -> None:
        with pytest.raises(ValueError, match="a handset cannot answer a name"):
            sim.handset.reply(sent(sim, from_="acme").id, "yes")
        with pytest.raises(KeyError):
            sim.handset.reply("0" * 32, "yes")

    def test_what_was_sent_is_kept_the_latest_first_until_it_is_cleared(self, sim: Simulator) -> None:
        sent_ones = [part for number in range(1003) for part in say(sim, f"{number}")]
        assert sim.handset.sent() == sent_ones[:2:-1]
        sim.reset()
        assert sim.handset.sent() == []

    def test_every_part_has_an_id_and_is_told_as_news(self, sim: Simulator) -> None:
        heard: list[Event] = []
        end = sim.gateway.event_bus.subscribe(heard.append)
        parts = say(sim, "x" * 500)
        end()
        assert [each.about for each in heard if each.kind == "inbound"] == [each.id for each in parts]
        assert len({int(each.id, 16) for each in parts}) == len(parts) == 4
        assert {len(each.id) for each in parts} == {32}

    def test_the_repr_shows_no_number_and_no_text(self, sim: Simulator) -> None:
        (message,) = say(sim, "a private matter")
        assert TO not in repr(message)
        assert "private" not in repr(message)

    @pytest.mark.parametrize(
        ("text", "sender", "to", "reason"),
        [
            ("", TO, "1", "at least one character"),
            ("half \ud83d", TO, "1", "surrogate"),
            ("x" * (153 * 255 + 1), TO, "1", "256 parts"),
            ("hi", "acme", "1", "sender"),
            ("hi", "0821234567", "1", "sender"),
            ("hi", TO, "acme", "digits"),
            ("hi", TO, "", "digits"),
        ],
    )
    def test_what_no_handset_can_send_is_refused(
        self, sim: Simulator, text: str, sender: str, to: str, reason: str
    ) -> None:
        with pytest.raises(ValueError, match=reason):
            sim.handset.send(text, sender=sender, to=to, api_id=API_ID, user=USER)
        assert sim.handset.sent() == []

    def test_an_unknown_account_is_refused_and_one_of_an_open_gateway_is_known_by_its_use(self) -> None:
        gateway = Gateway()
        handset = Handset(gateway)
        with pytest.raises(KeyError, match="one that was used before"):
            handset.send("hi", sender=TO, to="1", api_id=API_ID, user=USER)
        gateway.execute(Command("getbalance", WHO))
        assert handset.send("hi", sender=TO, to="1", api_id=API_ID, user=USER)


class TestOptingOut:
    @pytest.mark.parametrize(
        "text", ["STOP", "stop", " Stop please", "STOP.", "End\nnow", "cancel", "Unsubscribe me", "QUIT!"]
    )
    def test_a_number_that_wants_nothing_more_gets_nothing_more(self, sim: Simulator, text: str) -> None:
        say(sim, text)
        assert sim.gateway.execute(Command("sendmsg", {**WHO, "text": "hi"}, (TO, "27820000002")))[0].startswith(
            "ERR: 122,"
        )
        assert len(sim.gateway.messages) == 1

    @pytest.mark.parametrize("text", ["please stop", "STOPPING", "the END", "unstop", "END-TO-END", "…", " "])
    def test_other_texts_opt_nobody_out(self, sim: Simulator, text: str) -> None:
        say(sim, text)
        assert sent(sim).status == "008"

    def test_it_is_told_to_the_customer_all_the_same_and_holds_for_that_account_alone(self, customer: Customer) -> None:
        accounts = [Account(API_ID, USER, "secret"), Account(8, USER, "secret")]
        settings = Settings(inbound=CallbackUrl(customer.url()))
        with Simulator(accounts=accounts, settings=settings) as sim:
            say(sim, "STOP")
            assert sim.callbacks.settle()
            assert sent(sim, api_id="8").api_id == 8
        assert [each.fields["text"] for each in customer.told] == ["STOP"]


class TestLongTexts:
    @pytest.mark.parametrize(
        ("text", "sizes"),
        [
            ("x" * 160, [160]),
            ("x" * 161, [153, 8]),
            ("x" * 306 + "ü", [153, 153, 1]),
            ("[" * 80, [80]),
            ("[" * 81, [76, 5]),
            ("п" * 70, [70]),
            ("п" * 71, [67, 4]),
            ("👍" * 35, [35]),
            ("👍" * 36, [33, 3]),
        ],
    )
    def test_a_text_takes_as_many_parts_as_on_the_air(self, sim: Simulator, text: str, sizes: list[int]) -> None:
        assert [len(each.text) for each in say(sim, text)] == sizes

    def test_the_parts_share_a_reference_and_are_numbered(self, sim: Simulator) -> None:
        first, second = say(sim, "x" * 300), say(sim, "x" * 300)
        for parts in (first, second):
            assert [each.udh[:3] for each in parts] == [b"\x05\x00\x03"] * 2
            assert [tuple(each.udh[4:]) for each in parts] == [(2, 1), (2, 2)]
            assert len({each.udh[3] for each in parts}) == 1
        assert first[0].udh[3] != second[0].udh[3]
        assert say(sim, "short")[0].udh == b""

    @given(st.text(st.characters(codec="utf-8"), min_size=1) | st.text("ab[]€👍é", min_size=100, max_size=600))
    @example("x" * 152 + "[" + "x" * 152 + "[]")
    @example("п" * 66 + "👍" * 40)
    def test_parts_join_to_the_text_again_and_none_is_too_long(self, text: str) -> None:
        charset = charset_of(text)
        parts = split(text, charset)
        assert "".join(parts) == text
        encoded = "utf-16-be" if charset == "UTF-16BE" else "latin-1"
        assert b"".join(each.encode(encoded) for each in parts).decode(encoded) == text
        single, joined = (70, 67) if charset == "UTF-16BE" else (160, 153)
        if len(parts) == 1:
            assert size(text, charset) <= single
        else:
            assert size(text, charset) > single
            assert all(joined - 1 <= size(each, charset) <= joined for each in parts[:-1])
            assert 0 < size(parts[-1], charset) <= joined
