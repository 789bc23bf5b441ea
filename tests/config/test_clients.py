"""A client made of its surroundings, and one that leaves them alone."""

import asyncio
import builtins
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import requests

from clicksoap import (
    AsyncClient,
    AuthenticationError,
    Client,
    ConfigurationError,
    Exchange,
    ProtocolError,
    Secret,
)
from clicksoap.simulator import Account, Simulator

SECRET = "hunter2-s3cret"
TO = "27821234567"


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    with Simulator(accounts=[Account(123456, "acme", SECRET)]) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which nothing is said."""
    for name in list(os.environ):
        if name.startswith(("CLICKSOAP_", "CLICKATELL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
def test_a_client_of_the_environment_sends(gateway: Simulator, monkeypatch: pytest.MonkeyPatch, binding: str) -> None:
    for name, value in {
        "API_ID": "123456",
        "USER": "acme",
        "PASSWORD": SECRET,
        "ENDPOINT": gateway.origin,
        "BINDING": binding,
        "SENDER": "Acme",
        "REGION": "ZA",
        "MAX_RECIPIENTS": "1",
        "TIMEOUT": '{"total": 20}',
        "HEADERS": '{"X-Team": "billing"}',
    }.items():
        monkeypatch.setenv(f"CLICKSOAP_{name}", value)
    with Client.from_config() as sms:
        assert repr(sms) == f"<Client {binding}>"
        assert len(sms.send([TO, "083 123 4567"], "hello").accepted) == 2
    assert {message.sender for message in gateway.gateway.messages} == {"Acme"}
    assert gateway.gateway.commands["sendmsg"] == 2


def test_a_client_of_a_container_reads_its_mounted_secret(
    gateway: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    monkeypatch.setenv("CLICKATELL_API_ID", "123456")
    monkeypatch.setenv("CLICKATELL_USER", "acme")
    monkeypatch.setenv("CLICKSOAP_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("CLICKSOAP_ENDPOINT", gateway.origin)
    with Client.from_config() as sms:
        assert sms.balance() == 1000


def test_a_client_of_a_profile_sends(gateway: Simulator, tmp_path: Path) -> None:
    file = tmp_path / ".config/clicksoap/config.toml"
    file.parent.mkdir(parents=True)
    account = f'api_id = 123456\nuser = "acme"\nendpoint = "{gateway.origin}"\n'
    file.write_text(f'[default]\n{account}password = "other"\n[prod]\n{account}password = "{SECRET}"\n')
    file.chmod(0o600)
    with Client.from_config("prod") as sms:
        assert sms.send(TO, "hello").accepted
    with Client.from_config() as sms, pytest.raises(AuthenticationError) as refused:
        sms.balance()
    assert "other" not in f"{refused.value!r} {vars(refused.value)}"


def test_an_empty_secret_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    monkeypatch.setenv("CLICKSOAP_API_ID", "1")
    monkeypatch.setenv("CLICKSOAP_USER", "acme")
    monkeypatch.setenv("CLICKSOAP_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(ConfigurationError, match="password="):
        Client.from_config()


def test_what_a_client_refuses_it_refuses_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_ID": "1", "USER": "acme", "PASSWORD": SECRET}.items():
        monkeypatch.setenv(f"CLICKSOAP_{name}", value)
    for name, value in {
        "BINDING": "soap",
        "AUTH": "basic",
        "ENDPOINT": "http://sms.example",
        "REGION": "XX",
        "MAX_RECIPIENTS": "1000",
        "CA": "/nowhere/ca.pem",
        "HEADERS": '{"Host": "x"}',
        "HTTP_METHOD": "PUT",
        "PROXY": "nonsense",
    }.items():
        with monkeypatch.context() as patch:
            patch.setenv(f"CLICKSOAP_{name}", value)
            with pytest.raises(ConfigurationError) as refused:
                Client.from_config()
            assert SECRET not in f"{refused.value!r} {vars(refused.value)}"


def test_without_anything_the_places_are_told() -> None:
    with pytest.raises(ConfigurationError, match="no api_id: set CLICKSOAP_API_ID"):
        Client.from_config()


def test_the_constructor_reads_neither_the_environment_nor_files(
    gateway: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(1, "warm", "up").close()  # what is read once per process, such as the trusted certificates, is read
    for name, value in {
        "CLICKSOAP_ENDPOINT": "http://127.0.0.1:9",
        "CLICKSOAP_PASSWORD": "wrong",
        "CLICKSOAP_SENDER": "Wrong",
        "CLICKSOAP_BINDING": "http",
        "CLICKSOAP_MAX_RECIPIENTS": "1",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "REQUESTS_CA_BUNDLE": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)

    def refuse(*_args: Any, **_named: Any) -> Any:
        pytest.fail("the constructor opened a file")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refuse)
        patch.setattr(Path, "open", refuse)
        sms = Client(123456, "acme", SECRET, endpoint=gateway.origin)
    with sms:
        assert len(sms.send([TO, "27831234567"], "hello").accepted) == 2
    assert gateway.gateway.commands["sendmsg"] == 1
    assert gateway.gateway.messages[0].sender == ""


def test_the_overrides_are_the_arguments_of_the_constructor() -> None:
    for kind in (Client, AsyncClient):
        hints = get_type_hints(kind.from_config, include_extras=True)
        overrides = get_args(hints["overrides"])[0]
        constructor = get_type_hints(kind.__init__)
        del constructor["return"]
        assert get_type_hints(overrides) == constructor


def test_a_program_completes_its_settings(gateway: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_ID": "123456", "USER": "acme", "PASSWORD": "of another account"}.items():
        monkeypatch.setenv(f"CLICKSOAP_{name}", value)
    seen: list[Exchange] = []
    with (
        requests.Session() as session,
        Client.from_config(
            endpoint=gateway.origin, password=SECRET, session=session, on_exchange=seen.append, retry=None
        ) as sms,
    ):
        assert sms.send(TO, "hello").accepted
    assert [exchange.command for exchange in seen] == ["auth", "sendmsg"]

    async def main() -> None:
        async with AsyncClient.from_config(endpoint=gateway.origin, password=Secret(SECRET), sender="Acme") as sms:
            assert (await sms.send(TO, "hello")).accepted

    asyncio.run(main())
    assert gateway.gateway.messages[-1].sender == "Acme"


def test_what_the_constructor_refuses_it_refuses_of_the_program_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_ID": "123456", "USER": "acme", "PASSWORD": SECRET}.items():
        monkeypatch.setenv(f"CLICKSOAP_{name}", value)
    wrong: Any
    for wrong in ({"retry": 5}, {"timeout": 5}, {"session": 5}, {"sender": "much too long a name"}):
        (name,) = wrong
        with pytest.raises(ConfigurationError, match=name):
            Client.from_config(**wrong)
    wrong = {"session": None}
    with pytest.raises(ConfigurationError, match="has no argument 'session'"):
        AsyncClient.from_config(**wrong)


def test_retries_are_a_setting(gateway: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"API_ID": "123456", "USER": "acme", "PASSWORD": SECRET, "ENDPOINT": gateway.origin}
    for name, value in {**settings, "RETRY": '{"attempts": 2}'}.items():
        monkeypatch.setenv(f"CLICKSOAP_{name}", value)
    gateway.faults.add("status", command="getbalance", status=503)
    seen: list[Exchange] = []
    with Client.from_config(on_exchange=seen.append) as sms, pytest.raises(ProtocolError):
        sms.balance()
    assert [exchange.status for exchange in seen if exchange.command == "getbalance"] == [503, 503]
