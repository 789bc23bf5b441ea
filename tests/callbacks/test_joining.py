"""The parts of long messages are joined: in any order, once, and within a time limit."""

import asyncio
import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from hypothesis import given, strategies as st

from clicksoap import Concatenation, InboundMessage, InvalidInput
from clicksoap.callbacks import CallbackRequest, join
from clicksoap.callbacks.charsets import decoded

from .conftest import Noted, noting

AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def part(number: int, total: int, content: bytes, **choices: Any) -> InboundMessage:
    charset, reference = choices.get("charset", "UTF-16BE"), choices.get("reference", 0x33)
    message_id = choices.get("id_", f"{number:032x}")
    return InboundMessage(
        message_id=message_id,
        sender="27820000001",
        to="27123456789",
        at=AT + timedelta(seconds=number),
        text=decoded(content, charset),
        charset=charset,
        content=content,
        udh=bytes((5, 0, 3, reference, total, number)),
        message_ids=(message_id,),
    )


def called(message: InboundMessage) -> CallbackRequest:
    """The request that brings a part."""
    stamp = (message.at + timedelta(hours=2)).strftime("%Y-%m-%d+%H:%M:%S")
    text = "".join(f"%{byte:02X}" for byte in message.content)
    body = (
        f"from={message.sender}&to={message.to}&timestamp={stamp}&text={text}&charset={message.charset}"
        f"&udh={message.udh.hex()}&moMsgId={message.message_id}"
    )
    return CallbackRequest("POST", b"", {}, body.encode())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.data())
def test_a_text_cut_anywhere_comes_back_whole(text: str, data: st.DataObject) -> None:
    """The cuts lie within characters of two units and within units."""
    content = text.removeprefix("\ufeff").encode("utf-16-be")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    pieces = [content[begin:end] for begin, end in itertools.pairwise([0, *cuts, len(content)])]
    parts = [part(number, len(pieces), piece) for number, piece in enumerate(pieces, 1)]
    shuffled = data.draw(st.permutations(parts))
    message = join([*shuffled, *shuffled[:2]])
    assert message.text.encode("utf-16-be") == content.removeprefix(b"\xfe\xff")
    assert message.message_ids == tuple(each.message_id for each in parts)
    assert message.is_complete
    assert message.at == parts[-1].at
    assert message.concatenation is None


def test_a_missing_part_is_named_and_its_neighbours_are_decoded_apart() -> None:
    message = join([part(3, 3, "👍".encode("utf-16-be")[2:]), part(1, 3, "Hi 👍".encode("utf-16-be")[:-2])])
    assert message.missing == (2,)
    assert not message.is_complete
    assert message.text == "Hi \ufffd\ufffd"


def test_parts_in_two_charsets_are_decoded_each_in_its_own() -> None:
    message = join([part(1, 2, b"\xe7", charset="ISO-8859-1"), part(2, 2, "€".encode("utf-16-be"))])
    assert (message.text, message.charset, message.content) == ("ç€", "UTF-8", "ç€".encode())


def test_parts_of_different_messages_are_refused() -> None:
    for parts in ([], [part(1, 2, b"a"), part(2, 2, b"b", reference=1)]):
        with pytest.raises(InvalidInput, match="not those of one message"):
            join(parts)


@pytest.mark.parametrize(
    ("udh", "expected"),
    [
        ("050003330201", Concatenation(0x33, 8, 2, 1)),
        ("06080412340302", Concatenation(0x1234, 16, 3, 2)),
        ("0b05040b8423f0000333ff01", Concatenation(0x33, 8, 255, 1)),
        ("050003330202" + "00", None),
        ("05000333", None),
        ("050003330200", None),
        ("050003330203", None),
        ("050103330201", None),
        ("0500043302", None),
        ("00", None),
        ("", None),
    ],
)
def test_a_user_data_header_states_a_concatenation_or_does_not(udh: str, expected: Concatenation | None) -> None:
    assert Concatenation.of(bytes.fromhex(udh)) == expected


@given(st.binary(max_size=140))
def test_no_user_data_header_is_too_odd(udh: bytes) -> None:
    found = Concatenation.of(udh)
    assert found is None or 1 <= found.number <= found.total


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def noted(clock: Time) -> Noted:
    return noting(clock=clock, join=60)


def give(noted: Noted, *parts: InboundMessage) -> list[int]:
    return [noted.callbacks.handle(called(each)).status for each in parts]


def cut(text: str, total: int, reference: int = 0x33, prefix: str = "a") -> list[InboundMessage]:
    content = text.encode("utf-16-be")
    size = -(-len(content) // total)
    return [
        part(
            number + 1,
            total,
            content[number * size : (number + 1) * size],
            reference=reference,
            id_=f"{prefix}{number}",
        )
        for number in range(total)
    ]


def test_parts_arrive_in_any_order_with_duplicates_and_are_handed_over_once(noted: Noted) -> None:
    parts = cut("x👍" * 40, 4)
    calls = parts * 3
    random.Random(7).shuffle(calls)  # noqa: S311 - no secret
    assert set(give(noted, *calls)) == {200}
    assert noted.texts == ["x👍" * 40]


def test_two_messages_with_one_reference_do_not_mix(noted: Noted) -> None:
    """The first one has lost a part; the second one has the same reference."""
    first, second = cut("first messages", 2, prefix="a"), cut("the second message", 2, prefix="b")
    give(noted, first[0], *second)
    noted.callbacks.close()
    assert sorted((message.text, message.missing) for message in noted.inbound) == [
        ("first m", (2,)), ("the second message", ()),
    ]  # fmt: skip


def test_an_overdue_message_is_handed_over_incomplete_and_its_late_part_later(noted: Noted, clock: Time) -> None:
    parts = cut("abcdef", 3)
    give(noted, parts[0], parts[2])
    clock.now += 59
    noted.callbacks._thread_background.run(clock.now)
    assert noted.inbound == []
    clock.now += 1
    noted.callbacks._thread_background.run(clock.now)
    assert [(message.text, message.missing) for message in noted.inbound] == [("abef", (2,))]
    assert give(noted, *parts) == [200, 200, 200]
    noted.callbacks.close()
    assert [(message.text, message.missing) for message in noted.inbound[1:]] == [("cd", (1, 3))]


def test_an_overdue_message_whose_handler_fails_is_handed_over_later(noted: Noted, clock: Time) -> None:
    give(noted, cut("abcdef", 3)[0])
    noted.failures = 1
    clock.now += 60
    noted.callbacks._thread_background.run(clock.now)
    noted.callbacks._thread_background.run(clock.now)
    assert noted.calls == 1
    clock.now += 60
    noted.callbacks._thread_background.run(clock.now)
    assert noted.texts == ["ab"]


@pytest.mark.parametrize("is_async", [False, True])
def test_the_time_limit_needs_no_further_request(*, is_async: bool, run: Callable[..., None]) -> None:
    noted, done = noting(join=0.05), Event()

    @noted.callbacks.on_inbound
    def finish(_: InboundMessage) -> None:
        done.set()

    run(noted.callbacks, called(cut("abcdef", 3)[0]), done, is_async=is_async)
    assert [(message.text, message.missing) for message in noted.inbound] == [("ab", (2, 3))]


def test_the_time_limit_holds_in_a_second_event_loop(run: Callable[..., None]) -> None:
    noted = noting(join=0.05, is_async=True)

    async def leave() -> None:
        await noted.callbacks.handle_async(called(cut("abcd", 2, prefix="left")[0]))

    asyncio.run(leave())  # its timer never fires
    done = Event()
    noted.callbacks.on_inbound(lambda _: done.set())
    run(noted.callbacks, called(cut("xyz", 3, reference=9)[0]), done, is_async=True)
    assert sorted(noted.texts) == ["ab", "x"]


def test_without_joining_each_part_is_a_message(noted: Noted) -> None:
    noted = noting(join=None)
    give(noted, *cut("abcd", 2))
    assert noted.texts == ["ab", "cd"]
    assert noted.inbound[1].concatenation == Concatenation(0x33, 8, 2, 2)


def test_the_memory_for_unfinished_messages_is_bounded(monkeypatch: pytest.MonkeyPatch, clock: Time) -> None:
    monkeypatch.setattr("clicksoap.callbacks.joining.MAX_HELD_MESSAGES", 10)
    noted = noting(clock=clock)
    for reference in range(30):
        give(noted, cut("abcd", 2, reference=reference, prefix=f"{reference}-")[0])
        noted.callbacks._thread_background.run(clock.now)
    assert len(noted.inbound) == 20
    assert all(message.missing == (2,) for message in noted.inbound)
