"""The gateway's commands, without any network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from clicksoap.codes import ERRORS
from clicksoap.simulator import Account, Clock, Command, Gateway, Settings
from clicksoap.simulator.front.parameters import RepeatedParameterError, normalised

WHO = {"api_id": "7", "user": "acme", "password": "secret"}
TO = "27820000001"
OTHER = "27820000002"


def gateway_with(balance: str = "1000", price: str = "1") -> Gateway:
    return Gateway(accounts=[Account(7, "acme", "secret", Decimal(balance), Decimal(price))])


def run(gateway: Gateway, command: str, *to: str, **values: str) -> list[str]:
    return gateway.execute(Command(command, {**WHO, **{name.strip("_"): value for name, value in values.items()}}, to))


def sent_id(line: str) -> str:
    word, message_id = line.split(" To: ", maxsplit=1)[0].split(" ")
    assert word == "ID:"
    assert len(message_id) == 32
    return message_id


class TestSessions:
    def test_a_session_is_32_hexadecimal_digits_and_stands_for_its_account(self) -> None:
        gateway = gateway_with()
        (line,) = run(gateway, "auth")
        session_id = line.removeprefix("OK: ")
        assert len(session_id) == 32
        assert int(session_id, 16)
        assert gateway.execute(Command("ping", {"session_id": session_id})) == ["OK:"]
        assert gateway.execute(Command("getbalance", {"session_id": session_id})) == ["Credit: 1000.00"]

    def test_every_use_renews_a_session_for_another_15_minutes(self) -> None:
        clock = Clock()
        gateway = Gateway(clock=clock)
        session = {"session_id": gateway.execute(Command("auth", WHO))[0].removeprefix("OK: ")}
        for _ in range(3):
            clock.advance(minutes=14)
            assert gateway.execute(Command("getbalance", session))[0].startswith("Credit: ")
        clock.advance(minutes=16)
        assert gateway.execute(Command("ping", session)) == ["ERR: 003, Session ID expired"]

    def test_several_sessions_live_side_by_side_until_all_are_expired_by_the_test(self) -> None:
        gateway = Gateway()
        sessions = [{"session_id": gateway.execute(Command("auth", WHO))[0].removeprefix("OK: ")} for _ in range(2)]
        assert [gateway.execute(Command("ping", each)) for each in sessions] == [["OK:"], ["OK:"]]
        gateway.expire_sessions()
        assert {gateway.execute(Command("ping", each))[0][:8] for each in sessions} == {"ERR: 003"}

    def test_a_session_of_limited_calls_dies_after_that_many_uses(self) -> None:
        gateway = Gateway(settings=Settings(session_calls=3))
        session = {"session_id": gateway.execute(Command("auth", WHO))[0].removeprefix("OK: ")}
        replies = [gateway.execute(Command("ping", session))[0] for _ in range(4)]
        assert replies == ["OK:", "OK:", "OK:", "ERR: 003, Session ID expired"]

    def test_credentials_help_a_dead_session_out_but_only_if_complete(self) -> None:
        gateway = gateway_with()
        assert run(gateway, "getbalance", session_id="0" * 32) == ["Credit: 1000.00"]
        assert gateway.execute(Command("getbalance", {"session_id": "0" * 32, "api_id": "7"}))[0].startswith("ERR: 003")

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({}, "005"),
            ({"user": "acme", "password": "secret"}, "108"),
            ({**WHO, "api_id": "seven"}, "108"),
            ({**WHO, "api_id": "8"}, "001"),
            ({**WHO, "user": "nobody"}, "001"),
            ({**WHO, "password": "guess"}, "001"),
            ({"api_id": "7", "user": "acme"}, "001"),
            ({"session_id": "f" * 32}, "003"),
        ],
    )
    def test_who_is_not_known_is_told_why_in_one_line_without_a_number(self, values: dict[str, str], code: str) -> None:
        gateway = gateway_with()
        reply = gateway.execute(Command("sendmsg", {**values, "text": "hi"}, (TO, OTHER)))
        assert reply == [f"ERR: {code}, {ERRORS[code]}"]
        assert gateway.messages == []

    def test_an_open_gateway_lets_in_everybody_but_the_wrong_password(self) -> None:
        gateway = Gateway()
        assert run(gateway, "auth")[0].startswith("OK: ")
        assert run(gateway, "auth", password="wrong") == ["ERR: 001, Authentication failed"]
        assert gateway.balance(7, "acme") == 1000
        with pytest.raises(KeyError):
            gateway.balance(8, "acme")


class TestSending:
    def test_one_recipient_is_answered_without_a_number_and_several_with(self) -> None:
        gateway = gateway_with()
        (alone,) = run(gateway, "sendmsg", TO, text="hi")
        assert alone == f"ID: {sent_id(alone)}"
        several = run(gateway, "sendmsg", TO, "99930100000", TO, text="hi")
        assert [line.split(" To: ")[1] for line in several] == [TO, "99930100000", TO]
        assert several[1] == "ERR: 301, No credit left To: 99930100000"
        assert len({alone, several[0], several[2]}) == 3
        assert run(gateway, "getbalance") == ["Credit: 997.00"]

    def test_a_push_is_answered_with_its_number_even_if_it_is_the_only_one(self) -> None:
        gateway = gateway_with()
        (push,) = run(gateway, "si_push", TO, si_id="1", si_url="http://a", si_text="look")
        mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "60", "mms_from": "me", "mms_url": "http://a"}
        (notification,) = run(gateway, "ind_push", TO, **mms)
        assert push.endswith(f" To: {TO}")
        assert notification.endswith(f" To: {TO}")
        assert [(each.command, each.text) for each in gateway.messages] == [("si_push", "look"), ("ind_push", "s")]

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            ("123456", "105"),
            ("1234567890123456", "105"),
            ("0821234567", "105"),
            ("+27820000001", "105"),
            ("2782 000 0001", "105"),
            ("9991210000", "121"),
            ("9998880000", "105"),
            ("9990030000", "003"),
        ],
    )
    def test_a_bad_number_is_refused_with_a_code_that_the_999_numbers_choose(self, number: str, code: str) -> None:
        gateway = gateway_with()
        assert run(gateway, "sendmsg", number, text="hi") == [f"ERR: {code}, {ERRORS[code]}"]
        digits = "".join(filter(str.isdigit, number))
        refused, accepted = run(gateway, "sendmsg", number, TO, text="hi")
        assert refused == f"ERR: {code}, {ERRORS[code]} To: {digits}"
        assert sent_id(accepted)

    def test_the_limit_of_130_says_until_when(self) -> None:
        (line,) = run(gateway_with(), "sendmsg", "9991300000", text="hi")
        told, until = line.rsplit(" ", 1)
        assert told == "ERR: 130, Maximum MT limit exceeded until"
        assert int(until) > 1_700_000_000

    @pytest.mark.parametrize(
        ("to", "values", "code"),
        [
            ([], {"text": "hi"}, "101"),
            ([""], {"text": "hi"}, "101"),
            ([TO] * 301, {"text": "hi"}, "101"),
            ([TO, OTHER], {}, "107"),
            ([TO], {"text": "0g", "unicode": "1"}, "116"),
            ([TO], {"text": "004", "unicode": "1"}, "116"),
            ([TO], {"text": "D83D", "unicode": "1"}, "116"),
            ([TO], {"text": "hi", "concat": "many"}, "101"),
            ([TO], {"text": "hi", "max_credits": "lots"}, "101"),
            ([TO], {"text": "hi", "msg_callback": "8"}, "101"),
            ([TO], {"text": "hi", "climsgid": "no blanks"}, "101"),
            ([TO], {"text": "hi", "udh": "0x"}, "102"),
            ([TO], {"text": "hi", "from": "much too long a name"}, "106"),
            ([TO], {"text": "hi", "msg_type": "SMS_SHOUT"}, "112"),
            ([TO], {"text": "hi", "deliv_time": "10081"}, "120"),
            ([TO], {"text": "hi", "deliv_time": "-1"}, "120"),
        ],
    )
    def test_a_request_that_is_wrong_as_a_whole_gets_one_line(
        self, to: list[str], values: dict[str, str], code: str
    ) -> None:
        gateway = gateway_with()
        assert run(gateway, "sendmsg", *to, **values) == [f"ERR: {code}, {ERRORS[code]}"]
        assert gateway.messages == []

    @pytest.mark.parametrize(("command", "lacking"), [("si_push", "si_text"), ("ind_push", "mms_url")])
    def test_a_push_that_lacks_a_part_or_has_an_unknown_kind_is_refused(self, command: str, lacking: str) -> None:
        whole = {
            "si_push": {"si_id": "1", "si_url": "http://a", "si_text": "look"},
            "ind_push": {
                "mms_subject": "s",
                "mms_class": "80",
                "mms_expire": "60",
                "mms_from": "me",
                "mms_url": "http://a",
            },
        }[command]
        part = {name: value for name, value in whole.items() if name != lacking}
        kind = {"si_push": {"si_action": "shout"}, "ind_push": {"mms_class": "84"}}[command]
        assert run(gateway_with(), command, TO, **part) == ["ERR: 101, Invalid or missing parameters"]
        assert run(gateway_with(), command, TO, **{**whole, **kind}) == ["ERR: 101, Invalid or missing parameters"]

    def test_300_recipients_are_taken(self) -> None:
        gateway = gateway_with()
        assert len(run(gateway, "sendmsg", *[TO] * 300, text="hi")) == 300
        assert len(gateway.messages) == 300

    def test_credit_runs_down_recipient_by_recipient(self) -> None:
        gateway = gateway_with("1", "0.5")
        lines = run(gateway, "sendmsg", TO, OTHER, TO, text="hi")
        assert [line[:3] for line in lines] == ["ID:", "ID:", "ERR"]
        assert lines[2] == f"ERR: 301, No credit left To: {TO}"
        assert run(gateway, "sendmsg", TO, text="hi") == ["ERR: 301, No credit left"]
        assert gateway.balance(7, "acme") == 0

    def test_a_binary_message_needs_no_text(self) -> None:
        gateway = gateway_with()
        assert sent_id(run(gateway, "sendmsg", TO, data="00ff", udh="0500")[0])
        assert gateway.messages[0].text == ""
        assert gateway.messages[0].parameters["data"] == "00ff"

    def test_many_threads_spend_no_credit_twice(self) -> None:
        gateway = gateway_with("50")
        with ThreadPoolExecutor(8) as pool:
            lines = list(pool.map(lambda _: run(gateway, "sendmsg", TO, text="hi")[0], range(80)))
        assert sum(line.startswith("ID: ") for line in lines) == 50
        assert len({each.id for each in gateway.messages}) == 50


class TestMessages:
    def test_a_message_shows_the_text_as_a_phone_would(self) -> None:
        gateway = gateway_with()
        run(gateway, "sendmsg", TO, text="03a920AC", unicode="1", climsgid="mine", from_="Shop")
        (message,) = gateway.messages
        assert (message.text, message.text_as_sent, message.unicode) == ("Ω€", "03a920AC", True)
        assert (message.to, message.sender, message.client_message_id) == (TO, "Shop", "mine")
        assert gateway.message(message.id) == message

    def test_a_message_shows_neither_number_nor_text_nor_secret_in_its_repr(self) -> None:
        gateway = gateway_with()
        run(gateway, "sendmsg", TO, text="my words", from_="27110000000")
        (message,) = gateway.messages
        assert "my words" not in repr(message)
        assert TO not in repr(message)
        assert "27110000000" not in repr(message)
        assert set(message.parameters) == {"text", "from"}
        assert "secret" not in repr(Account(7, "acme", "secret"))

    def test_a_status_moves_with_the_clock(self) -> None:
        clock = Clock()
        gateway = Gateway(clock=clock)
        message_id = sent_id(run(gateway, "sendmsg", TO, text="hi")[0])
        seen = []
        for seconds in (0, 6, 10):
            clock.advance(seconds=seconds)
            seen += run(gateway, "querymsg", apimsgid=message_id)
        assert seen == [f"ID: {message_id} Status: {code}" for code in ("008", "003", "004")]
        assert run(gateway, "getmsgcharge", apimsgid=message_id) == [f"apiMsgId: {message_id} charge: 1 status: 004"]

    def test_a_scheduled_message_waits_until_it_is_due_and_can_be_stopped_before(self) -> None:
        clock = Clock()
        gateway = Gateway(clock=clock)
        first, second = (
            sent_id(run(gateway, "sendmsg", TO, text="hi", deliv_time="30", climsgid=name)[0]) for name in "ab"
        )
        assert run(gateway, "querymsg", climsgid="a") == [f"ID: {first} Status: 011"]
        assert run(gateway, "delmsg", climsgid="a") == [f"ID: {first} Status: 006"]
        clock.advance(minutes=31)
        assert run(gateway, "delmsg", apimsgid=second) == [f"ID: {second} Status: 004"]
        assert run(gateway, "querymsg", apimsgid=first) == [f"ID: {first} Status: 006"]
        assert run(gateway, "getmsgcharge", apimsgid=first) == [f"apiMsgId: {first} charge: 0 status: 006"]
        assert gateway.balance(7, "acme") == 999

    def test_an_unknown_message_is_answered_by_kind_of_id(self) -> None:
        gateway = gateway_with()
        unknown = "0" * 32
        for command in ("querymsg", "delmsg"):
            assert run(gateway, command, apimsgid=unknown) == [f"ID: {unknown} Status: 001"]
            assert run(gateway, command, apimsgid="no id") == ["ERR: 103, Unknown API message ID"]
            assert run(gateway, command, climsgid="mine") == ["ERR: 104, Unknown client message ID"]
            assert run(gateway, command) == [f"ERR: 109, {ERRORS['109']}"]
        assert run(gateway, "getmsgcharge", apimsgid=unknown) == [f"apiMsgId: {unknown} charge: 0 status: 001"]
        assert run(gateway, "getmsgcharge") == [f"ERR: 109, {ERRORS['109']}"]

    def test_messages_are_forgotten_after_6_days_and_their_charge_after_15(self) -> None:
        clock = Clock()
        gateway = Gateway(clock=clock)
        message_id = sent_id(run(gateway, "sendmsg", TO, text="hi", climsgid="mine")[0])
        clock.advance(days=7)
        assert run(gateway, "querymsg", apimsgid=message_id) == [f"ID: {message_id} Status: 001"]
        assert run(gateway, "querymsg", climsgid="mine")[0].startswith("ERR: 104")
        assert run(gateway, "getmsgcharge", apimsgid=message_id)[0].endswith("charge: 1 status: 004")
        clock.advance(days=9)
        assert run(gateway, "getmsgcharge", apimsgid=message_id)[0].endswith("charge: 0 status: 001")

    def test_another_accounts_message_is_unknown(self) -> None:
        gateway = Gateway()
        message_id = sent_id(run(gateway, "sendmsg", TO, text="hi", climsgid="mine")[0])
        assert run(gateway, "querymsg", apimsgid=message_id, user="rival")[0].endswith("Status: 001")
        assert run(gateway, "querymsg", climsgid="mine", user="rival")[0].startswith("ERR: 104")


class TestBatches:
    def test_fields_are_filled_into_the_template(self) -> None:
        gateway = gateway_with()
        (started,) = run(gateway, "startbatch", template="Dear #field1#, #field2##field10#!", from_="Shop")
        batch = started.removeprefix("ID: ")
        (alone,) = run(gateway, "senditem", TO, batch_id=batch, field1="Ann ", field10="0")
        assert alone == f"ID: {sent_id(alone)}"
        several = run(gateway, "senditem", TO, OTHER, batch_id=batch, field1="all")
        assert [line.split(" To: ")[1] for line in several] == [TO, OTHER]
        assert [each.text for each in gateway.messages] == ["Dear Ann , 0!", "Dear all, !", "Dear all, !"]
        assert {(each.batch_id, each.sender) for each in gateway.messages} == {(batch, "Shop")}

    def test_quicksend_sends_the_template_and_always_names_the_number(self) -> None:
        gateway = gateway_with()
        batch = run(gateway, "startbatch", template="Sale today")[0].removeprefix("ID: ")
        (line,) = run(gateway, "quicksend", TO, batch_id=batch)
        assert line.endswith(f" To: {TO}")
        assert gateway.messages[0].text == "Sale today"

    def test_a_batch_ends_when_told_or_after_24_hours(self) -> None:
        clock = Clock()
        gateway = Gateway(clock=clock)
        told, left = (run(gateway, "startbatch", template="hi")[0].removeprefix("ID: ") for _ in range(2))
        assert run(gateway, "endbatch", batch_id=told) == ["OK"]
        assert run(gateway, "endbatch", batch_id=told) == ["ERR: 201, Invalid batch ID"]
        clock.advance(hours=23)
        assert run(gateway, "quicksend", TO, batch_id=left)[0].startswith("ID: ")
        clock.advance(hours=2)
        assert run(gateway, "senditem", TO, batch_id=left) == ["ERR: 201, Invalid batch ID"]
        assert run(gateway, "senditem", TO) == ["ERR: 201, Invalid batch ID"]

    def test_a_batch_without_a_template_is_not_started(self) -> None:
        assert run(gateway_with(), "startbatch") == ["ERR: 202, No batch template"]

    def test_an_item_that_comes_out_empty_is_refused(self) -> None:
        gateway = gateway_with()
        batch = run(gateway, "startbatch", template="#field1#")[0].removeprefix("ID: ")
        assert run(gateway, "senditem", TO, batch_id=batch) == ["ERR: 107, Empty message"]

    def test_a_long_field_in_many_places_is_refused_at_once(self) -> None:
        gateway = gateway_with()
        batch = run(gateway, "startbatch", template="#field1#" * 80_000)[0].removeprefix("ID: ")
        line = "ERR: 113, Maximum message parts exceeded"
        assert run(gateway, "senditem", TO, batch_id=batch, field1="x" * 900_000) == [line]  # 72 GB, if it were made
        assert run(gateway, "senditem", TO, OTHER, batch_id=batch, field1="x" * 900_000)[1] == f"{line} To: {OTHER}"

    def test_a_unicode_batch_is_not_merged(self) -> None:
        gateway = gateway_with()
        batch = run(gateway, "startbatch", template="03A9", unicode="1")[0].removeprefix("ID: ")
        run(gateway, "senditem", TO, batch_id=batch, field1="x")
        assert gateway.messages[0].text == "Ω"
        assert run(gateway, "startbatch", template="#field1#", unicode="1") == ["ERR: 116, Invalid Unicode data"]


class TestMoney:
    def test_coverage_tells_the_price_and_refuses_without_a_code(self) -> None:
        gateway = gateway_with(price="0.330")
        covered = "OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: 0.33"
        assert run(gateway, "routecoverage", msisdn=TO) == [covered]
        (refused,) = run(gateway, "routecoverage", msisdn="99912345678")
        assert refused.startswith("ERR: This prefix is not currently supported.")
        assert run(gateway, "routecoverage", msisdn="12")[0].startswith("ERR: 105")
        assert run(gateway, "routecoverage")[0].startswith("ERR: 101")

    def test_a_voucher_is_good_once(self) -> None:
        gateway = gateway_with("1")
        assert run(gateway, "token_pay", token="1234567890123456") == ["OK: 605"]
        assert gateway.balance(7, "acme") == 101
        assert run(gateway, "token_pay", token="1234567890123456")[0].startswith("ERR: 101")
        assert run(gateway, "token_pay", token="123")[0].startswith("ERR: 101")

    def test_so_many_used_vouchers_are_remembered_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("clicksoap.simulator.gateway.payments._MAX_VOUCHERS", 2)
        gateway = gateway_with("0")
        for digit in "1233211":
            run(gateway, "token_pay", token=digit * 16)
        assert gateway.balance(7, "acme") == 400  # of the 1, twice: the 3 had pushed it out


def test_commands_are_counted_by_name_refused_ones_too() -> None:
    gateway = Gateway()
    run(gateway, "sendmsg", TO, text="hi")
    run(gateway, "sendmsg", TO)
    assert gateway.commands["sendmsg"] == 2
    assert gateway.commands["auth"] == 0
    assert len(gateway.commands) == 15


def test_there_is_no_sixteenth_command() -> None:
    with pytest.raises(KeyError):
        Gateway().execute(Command("format_disk", WHO))


def test_a_reply_waits_for_every_hook_until_it_is_removed() -> None:
    gateway, calls, may_wait = Gateway(), list[str](), list[bool]()

    def note(name: str) -> Callable[[Command], None]:
        return lambda command: calls.append(f"{name} {command.name} {gateway.commands[command.name]}")

    may_wait.append(gateway.has_reply_hooks)
    remove_first, remove_second = (gateway.add_reply_hook(note(name)) for name in ("first", "second"))
    gateway.execute(Command("ping", WHO))
    assert calls == ["first ping 1", "second ping 1"]
    remove_first()
    remove_first()
    may_wait.append(gateway.has_reply_hooks)
    gateway.execute(Command("ping", WHO))
    assert calls[2:] == ["second ping 2"]
    remove_second()
    may_wait.append(gateway.has_reply_hooks)
    gateway.execute(Command("ping", WHO))
    assert len(calls) == 3
    assert may_wait == [False, True, False]


def test_a_clock_never_goes_back() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(seconds=1)
    assert (clock.now() - before).total_seconds() >= 1
    with pytest.raises(ValueError, match="advanced"):
        clock.advance(seconds=-1)


def test_zeros_and_empty_strings_count_as_not_given_where_a_number_belongs() -> None:
    given = [("text", "0"), ("concat", "0"), ("max_credits", "0.0"), ("from", ""), ("unicode", " 1 "), ("user", " a ")]
    assert normalised(given) == {"text": "0", "unicode": "1", "user": " a "}


def test_both_spellings_of_the_client_id_and_the_callback_are_one() -> None:
    assert normalised([("cliMsgId", "a"), ("climsgid", "")]) == {"climsgid": "a"}
    assert normalised([("callback", "3")]) == normalised([("msg_callback", "3")]) == {"msg_callback": "3"}
    with pytest.raises(RepeatedParameterError):
        normalised([("callback", "3"), ("msg_callback", "2")])
