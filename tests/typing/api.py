"""Never run: the type checkers read how a user's code is typed."""

import re
from decimal import Decimal
from typing import assert_type
from unittest import IsolatedAsyncioTestCase, TestCase

from clicksoap import (
    AsyncClient,
    Batch,
    Charge,
    Client,
    Coverage,
    GatewayError,
    QueriedStatus,
    RecipientResult,
    Segments,
    SendReport,
    State,
    Text,
    Timeout,
    report_of,
)
from clicksoap.simulator import Message
from clicksoap.testing import AssertingSimulator, AsyncClientFactory, SimulatorMixin


def sends(sms: Client) -> None:
    report = sms.send("27821234567", "hello")
    assert_type(report, SendReport)
    assert_type(sms.send(["27821234567", 27831234567], Text("hello")), SendReport)
    assert_type(report[0], RecipientResult)
    assert_type(report[0:2], tuple[RecipientResult, ...])
    assert_type(report.unknown, tuple[RecipientResult, ...])
    assert_type(report[0].state, State)
    assert_type(report[0].message_id, str | None)
    assert_type(report[0].error, GatewayError | None)
    for result in report:
        assert_type(result, RecipientResult)


def configures() -> None:
    assert_type(Client.from_config("prod", timeout=Timeout(total=5), retry=None, region="ZA"), Client)
    assert_type(AsyncClient.from_config(on_exchange=print, headers={"X-Team": "billing"}), AsyncClient)
    Client.from_config(timeout=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Client.from_config(time_out=5)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def asks(sms: Client) -> None:
    assert_type(sms.status("x"), QueriedStatus)
    assert_type(sms.stop(client_message_id="x"), QueriedStatus)
    assert_type(sms.charge("x"), Charge)
    assert_type(sms.balance(), Decimal)
    assert_type(sms.coverage(27821234567), Coverage)
    assert_type(sms.segments("x"), Segments)
    with sms.batch("Dear #field1#") as batch:
        assert_type(batch, Batch)
        assert_type(batch.send("27821234567", "Ann"), SendReport)
        assert_type(batch.id, str)


def fails(error: BaseException) -> None:
    assert_type(report_of(error), SendReport | None)


def tests(simulator: AssertingSimulator) -> None:
    assert_type(simulator.assert_sent(to=27821234567, text=re.compile("hello"), count=1), list[Message])
    assert_type(simulator.wait_for(text=lambda text: text.startswith("hello"), status="004", timeout=1), list[Message])
    assert_type(simulator.messages, list[Message])
    simulator.assert_not_sent(sender="ACME")
    simulator.clock.advance(minutes=20)
    simulator.faults.lose_answer("sendmsg")


async def tests_on_asyncio(simulator: AssertingSimulator, make: AsyncClientFactory) -> None:
    async with make() as sms:
        assert_type(sms, AsyncClient)
    assert_type(await simulator.wait_for_async(to="27821234567"), list[Message])


class Case(SimulatorMixin, TestCase):
    clicksoap_profiles = ("prod",)

    def test_it(self) -> None:
        assert_type(self.clicksoap_simulator, AssertingSimulator)


class AsyncCase(SimulatorMixin, IsolatedAsyncioTestCase):
    async def test_it(self) -> None:
        assert_type(await self.clicksoap_simulator.wait_for_async(), list[Message])


def is_refused_by_type_checkers(sms: Client) -> None:
    sms.send(1.5, "hello")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    sms.send("27821234567", b"hello")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Client(1, "user", "secret", binding="rest")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    import clicksoap  # noqa: PLC0415

    clicksoap.Clinet  # type: ignore[attr-defined] # pyright: ignore # noqa: B018, PGH003
