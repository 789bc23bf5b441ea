"""Clients over every binding, and what a gateway gets from them."""

from collections.abc import Callable, Iterator

import pytest

from clicksoap import Client, Message, SendReport
from clicksoap.simulator import Simulator

TO = "27821234567"


@pytest.fixture(params=["document_literal", "rpc_encoded", "http"])
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def shared() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sms(shared: Simulator, binding: str) -> Iterator[Client]:
    with Client(123456, "acme", "secret", endpoint=shared.origin, binding=binding) as client:  # type: ignore[arg-type]
        yield client


@pytest.fixture
def arrived(shared: Simulator, sms: Client) -> Callable[..., dict[str, str]]:
    """Sends, and gives the set parameters with which the last message arrived."""

    def parameters(message: str | Message = "hello", **options: object) -> dict[str, str]:
        report: SendReport = sms.send(TO, message, **options)  # type: ignore[arg-type]
        assert report.accepted
        found = {**shared.gateway.messages[-1].parameters}
        del found["climsgid"]
        return found

    return parameters
