"""The receiver: one event of a message at a time, failures that are told, and logs without numbers."""

import asyncio
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from callback_samples import EXPECTED, NAMES, sample
from receivers import under_uvicorn

from clicksoap import DeliveryReport
from clicksoap.callbacks import CallbackRequest, Callbacks
from clicksoap.callbacks.history import MAX_REMEMBERED, History
from clicksoap.callbacks.parsing import parse_report

from .conftest import PATH, TO, noting, say, simulating
from .test_store import report


def test_reports_of_one_message_are_handled_one_after_the_other() -> None:
    """The final status comes while the handler of the intermediate one works, and must not be overtaken."""
    callbacks = Callbacks(anybody=True)
    began, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    @callbacks.on_delivery_report
    def save(event: DeliveryReport) -> None:
        if event.code == "003":
            began.set()
            assert go_on.wait(10)
        order.append(event.code)

    calls = [threading.Thread(target=callbacks.handle, args=(report(code),)) for code in ("003", "004")]
    calls[0].start()
    assert began.wait(10)
    calls[1].start()
    callbacks.handle(report("002", message_id="other"))  # another message waits for nobody
    go_on.set()
    for call in calls:
        call.join(10)
    assert order == ["002", "003", "004"]


def test_tasks_handle_reports_of_one_message_one_after_the_other() -> None:
    callbacks = Callbacks(anybody=True)
    order: list[str] = []

    @callbacks.on_delivery_report
    async def save(event: DeliveryReport) -> None:
        order.append(f"begin {event.code}")
        await asyncio.sleep(0)
        order.append(f"end {event.code}")

    async def both() -> None:
        await asyncio.gather(*(callbacks.handle_async(report(code)) for code in ("003", "004", "004")))

    asyncio.run(both())
    assert order == ["begin 003", "end 003", "begin 004", "end 004"]


def test_a_cancelled_handler_has_not_handled_its_event() -> None:
    callbacks = Callbacks(anybody=True)
    calls: list[str] = []
    began = asyncio.Event()

    @callbacks.on_delivery_report
    async def save(event: DeliveryReport) -> None:
        calls.append(event.code)
        began.set()
        if len(calls) == 1:
            await asyncio.Event().wait()

    async def twice() -> int:
        first = asyncio.ensure_future(callbacks.handle_async(report("004")))
        await began.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await callbacks.handle_async(report("004"))).status

    assert asyncio.run(twice()) == 200
    assert calls == ["004", "004"]


@pytest.mark.parametrize(
    ("name", "decorator"), [("report-http-post", "on_delivery_report"), ("inbound-http-post", "on_inbound")]
)
def test_an_event_without_a_handler_is_not_lost(name: str, decorator: str, caplog: pytest.LogCaptureFixture) -> None:
    assert Callbacks(anybody=True).handle(sample(name)).status == 500
    assert decorator in caplog.text


def test_all_handlers_are_called_and_an_object_may_be_one() -> None:
    callbacks = Callbacks(anybody=True)
    calls: list[str] = []

    class Saver:
        async def __call__(self, event: DeliveryReport) -> None:
            calls.append(f"object {event.code}")

    callbacks.on_delivery_report(Saver())
    callbacks.on_delivery_report(lambda event: calls.append(f"function {event.code}"))
    assert callbacks.handle(report("004")).status == 200
    assert calls == ["object 004", "function 004"]


def test_logs_have_neither_number_nor_text_nor_query_nor_path(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    noted = noting()
    noted.failures = len(NAMES)
    for name in NAMES:
        request = sample(name)
        noted.callbacks.handle(CallbackRequest(request.method, request.query, request.headers, request.body, PATH))
    assert "RuntimeError at" in caplog.text
    for secret in (
        "279995631564",
        "27123456789",
        "27820000001",
        "messageText",
        "Привет",
        "apiMsgId=",
        "key=1",
        "hooks",
    ):
        assert secret not in caplog.text


def test_a_failure_inside_a_library_names_the_line_of_the_handler_too(caplog: pytest.LogCaptureFixture) -> None:
    """The last line that ran lies in the standard library, and tells nobody what to mend."""
    callbacks = Callbacks(anybody=True)

    def save(event: DeliveryReport) -> None:
        json.loads(f"not JSON: {event.to}")

    callbacks.on_delivery_report(save)
    line = save.__code__.co_firstlineno + 1
    assert callbacks.handle(report("004")).status == 500
    assert "decoder.py:" in caplog.text
    assert f", called at {__file__}:{line}" in caplog.text
    assert TO not in caplog.text


def test_a_failure_in_the_handler_itself_names_one_line(caplog: pytest.LogCaptureFixture) -> None:
    callbacks = Callbacks(anybody=True)

    def save(_event: DeliveryReport) -> None:
        raise RuntimeError

    callbacks.on_delivery_report(save)
    assert callbacks.handle(report("004")).status == 500
    assert f"RuntimeError at {__file__}:{save.__code__.co_firstlineno + 1}\n" in caplog.text


def test_a_handler_that_is_installed_as_a_package_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The files of an application may lie beside its libraries."""
    installed = tmp_path / "site-packages" / "customer.py"
    namespace: dict[str, Any] = {}
    code = "import json\ndef save(event):\n    json.loads('no')\n"
    exec(compile(code, str(installed), "exec"), namespace)  # noqa: S102 - our own text
    callbacks = Callbacks(anybody=True)
    callbacks.on_delivery_report(namespace["save"])
    assert callbacks.handle(report("004")).status == 500
    assert f", called at {installed}:3" in caplog.text


def test_an_invalid_callback_is_answered_with_its_reason() -> None:
    for name in NAMES:
        if EXPECTED[name]["kind"] == "invalid" and name != "read_only/invalid-method":
            reply = noting().callbacks.handle(sample(name))
            assert reply.status == 400
            assert EXPECTED[name]["says"] in reply.text


def test_held_parts_are_handed_over_when_the_server_stops() -> None:
    noted = noting()
    with under_uvicorn(noted.callbacks.asgi()) as origin, simulating(origin) as sim:
        assert noted.callbacks.handle(sample("inbound-http-get-part")).status == 200
        say(sim, "hello")
    assert [(message.text, message.missing) for message in noted.inbound] == [
        ("hello", ()), ("Here is the messageText", (2,)),
    ]  # fmt: skip


def test_the_memory_of_reports_is_bounded() -> None:
    history = History()
    first = parse_report(report("004", message_id="first"))
    history.add_report(first)
    assert not history.is_news(first)
    for number in range(MAX_REMEMBERED):
        history.add_inbound([str(number)])
    assert history.has_inbound("0")
    history.add_inbound(["one more"])
    assert not history.has_inbound("0")
    assert not history.is_news(first)
