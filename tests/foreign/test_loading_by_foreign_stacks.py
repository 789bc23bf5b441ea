"""Other SOAP stacks load both WSDLs without a network and find all fifteen operations."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import suds.client
import zeep
from zeep.transports import Transport

from clicksoap.contract import SOAP_ENCODING, Dialect, soap_encoding_schema

COMMON = {
    *("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "si_push", "ind_push", "token_pay"),
    *("startbatch", "senditem", "quicksend", "endbatch", "getmsgcharge"),
}
OPERATIONS = {
    Dialect.DOCUMENT_LITERAL: COMMON | {"routecoverage"},
    Dialect.RPC_ENCODED: COMMON | {"routeCoverage"},
}

Files = Mapping[Dialect, Path]
Run = Callable[..., str]

pytestmark = pytest.mark.parametrize("dialect", list(Dialect))


class OneSchemaOnly(Transport):
    """Serves the stand-in for the SOAP encoding schema, and nothing from anywhere else."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.loaded: list[str] = []

    def load(self, url: str) -> bytes:
        self.loaded.append(url)
        if url == SOAP_ENCODING:
            return soap_encoding_schema()
        if "://" in url:
            raise AssertionError(f"zeep asked for {url}")
        return Path(url).read_bytes()


@pytest.mark.usefixtures("only_loopback")
def test_zeep(dialect: Dialect, wsdl_files: Files) -> None:
    transport = OneSchemaOnly()
    with transport.session:
        client = zeep.Client(str(wsdl_files[dialect]), transport=transport)  # type: ignore[no-untyped-call]
    assert set(client.service._operations) == OPERATIONS[dialect]
    wanted = [SOAP_ENCODING] if dialect is Dialect.RPC_ENCODED else []
    assert transport.loaded == [str(wsdl_files[dialect]), *wanted]


@pytest.mark.usefixtures("only_loopback")
def test_suds(dialect: Dialect, wsdl_files: Files) -> None:
    client: Any = suds.client.Client(wsdl_files[dialect].as_uri(), cache=None)
    (service,) = client.wsdl.services
    (port,) = service.ports
    assert set(port.methods) == OPERATIONS[dialect]


def test_php_as_client_and_as_server(dialect: Dialect, wsdl_files: Files, php: list[str], offline: Run) -> None:
    script = Path(__file__).with_name("php") / "load.php"
    seen = json.loads(offline(*php, str(script), str(wsdl_files[dialect])))
    assert set(seen["client"]) == OPERATIONS[dialect]
    assert seen["server"] == seen["client"]


def test_perl(dialect: Dialect, wsdl_files: Files, perl: list[str], offline: Run) -> None:
    script = Path(__file__).with_name("perl") / "load.pl"
    (port,) = offline(*perl, str(script), wsdl_files[dialect].as_uri()).splitlines()
    assert set(port.split()) == OPERATIONS[dialect]
