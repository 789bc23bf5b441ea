"""``clicksoap doctor`` against a gateway, against other servers, and against what is not there."""

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from rawserver import RawServer, answering, reply, tunnel

from clicksoap.cli.commands.doctor import CHECKS
from clicksoap.cli.doctor.wsdl_difference import differences
from clicksoap.contract import ORIGINAL_RPC_PATH, Dialect, wsdl
from clicksoap.simulator import Simulator

from .conftest import Run


def checks(run: Run, *arguments: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and each check by its name."""
    data = json.loads(run("doctor", "--json", *arguments, variables=variables).stdout)
    assert [each["name"] for each in data["checks"]] == [each.name for each in CHECKS]
    for each in data["checks"]:
        # Each failed line says what it means and what to do.
        assert bool(each["meaning"] and each["mend"]) == (each["state"] in {"failed", "warning"}), each
    return data["exit_code"], {each["name"]: each for each in data["checks"]}


def states(found: dict[str, Any]) -> dict[str, str]:
    return {name: each["state"] for name, each in found.items()}


@pytest.mark.parametrize("path", ["", "/soap/webservice_vs.php", ORIGINAL_RPC_PATH, "/http/sendmsg"])
def test_all_is_well_with_a_gateway(run: Run, gateway: Simulator, path: str) -> None:
    code, found = checks(run, "--endpoint", f"{gateway.origin}{path}", "--number", "27821234567", "--sender", "ACME")
    assert code == 0
    skipped = {"tls", "callback", "outbox", *(["wsdl"] if path.startswith("/http") else [])}
    assert {name for name, state in states(found).items() if state != "ok"} == skipped
    assert not gateway.gateway.messages


def test_each_line_of_the_text_is_a_check_and_a_failed_one_says_what_to_do(run: Run) -> None:
    result = run("doctor", variables={"CLICKSOAP_PASSWORD": "wrong"})
    assert result.exit_code == 6
    assert "login\tfailed\tthe gateway refused: 001, Authentication failed\n    means: User, password" in result.stdout
    assert "\n    do:    Run clicksoap config show" in result.stdout
    assert "balance\tskipped\tneeds login\n" in result.stdout
    assert result.stderr == "1 check failed.\n"


def test_missing_settings_are_the_first_failure(run: Run) -> None:
    code, found = checks(run, CLICKSOAP_API_ID="")
    assert (code, found["settings"]["state"], found["dns"]["state"]) == (2, "failed", "skipped")
    assert "clicksoap config init" in found["settings"]["finding"]


def test_a_dead_port_is_told_and_what_needs_it_is_skipped(run: Run) -> None:
    code, found = checks(run, "--endpoint", "http://127.0.0.1:9")
    assert (code, found["tcp"]["state"]) == (4, "failed")
    assert "Connection refused" in found["tcp"]["finding"]
    assert {found[name]["state"] for name in ("proxy", "tls", "server", "clock", "wsdl", "login")} == {"skipped"}


def test_a_name_that_is_not_there_is_told(run: Run) -> None:
    code, found = checks(run, "--endpoint", "https://gateway.invalid")
    assert (code, found["dns"]["state"], found["tcp"]["state"]) == (4, "failed", "skipped")


def test_an_http_server_without_soap_is_told(run: Run) -> None:
    page = reply(b"<html>It works!</html>", content_type="text/html")
    with RawServer(answering(page)) as server:
        code, found = checks(run, "--endpoint", server.origin)
    assert (code, found["server"]["state"], found["login"]["state"]) == (1, "failed", "skipped")
    assert "not the SOAP service" in found["server"]["meaning"]


def test_a_server_that_speaks_no_tls_is_told(run: Run) -> None:
    refusal = reply(b"x", "400 Bad Request")
    with RawServer(answering(refusal), on_connect=lambda connection: connection.sendall(refusal)) as server:
        code, found = checks(run, "--endpoint", server.origin.replace("http:", "https:"))
    assert (code, found["tls"]["state"]) == (4, "failed")
    assert "speaks no TLS" in found["tls"]["meaning"]


def certified(
    authority: trustme.CA, name: str = "localhost", dates: Mapping[str, datetime] | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **(dates or {})).configure_cert(context)  # type: ignore[arg-type]
    return context


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("name", "dates", "finding", "meaning"),
    [
        (
            "localhost",
            {"not_before": NOW - timedelta(days=9), "not_after": NOW - timedelta(days=1)},
            "certificate has expired",
            "has expired",
        ),
        ("other.example", {}, "Hostname mismatch", "for another name than localhost"),
    ],
)
def test_a_certificate_that_is_refused_is_told(  # noqa: PLR0913 - the data and fixtures
    run: Run,
    authority: trustme.CA,
    ca_file: Path,
    name: str,
    dates: dict[str, datetime],
    finding: str,
    meaning: str,
) -> None:
    with RawServer(answering(reply(b"x")), tls=certified(authority, name, dates)) as server:
        code, found = checks(run, "--endpoint", server.origin, CLICKSOAP_CA=str(ca_file))
    assert (code, found["tls"]["state"], found["server"]["state"]) == (4, "failed", "skipped")
    assert finding in found["tls"]["finding"]
    assert meaning in found["tls"]["meaning"]


def test_an_unknown_authority_is_told(run: Run, authority: trustme.CA) -> None:
    with RawServer(answering(reply(b"x")), tls=certified(authority)) as server:
        _, found = checks(run, "--endpoint", server.origin)
    assert "does not trust" in found["tls"]["meaning"]
    assert found["tls"]["mend"] == "Set ca to the file of that authority."


@pytest.mark.parametrize(("days", "state"), [(200, "ok"), (3, "warning")])
def test_the_days_of_a_certificate_are_counted(
    run: Run, authority: trustme.CA, ca_file: Path, days: int, state: str
) -> None:
    dates = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=days, hours=1)}
    with RawServer(answering(reply(b"x")), tls=certified(authority, dates=dates)) as server:
        _, found = checks(run, "--endpoint", server.origin, CLICKSOAP_CA=str(ca_file))
    assert found["tls"]["state"] == state
    assert f"has {days} days left" in found["tls"]["finding"]


def test_a_proxy_is_used_and_its_refusal_told(run: Run, authority: trustme.CA, ca_file: Path) -> None:
    server = RawServer(answering(reply(wsdl(Dialect.DOCUMENT_LITERAL))), tls=certified(authority))
    with server, RawServer(tunnel) as proxy:
        variables = {"CLICKSOAP_CA": str(ca_file), "CLICKSOAP_PROXY": proxy.origin}
        _, found = checks(run, "--endpoint", server.origin, **variables)
        assert [found[name]["state"] for name in ("proxy", "tls", "server")] == ["ok", "ok", "ok"]
    with RawServer(answering(reply(b"", "407 Proxy Authentication Required"))) as proxy:
        code, found = checks(run, "--endpoint", "https://gateway.invalid", CLICKSOAP_PROXY=proxy.origin)
    assert (code, found["proxy"]["state"]) == (4, "failed")
    assert "407" in found["proxy"]["finding"]


def test_a_proxy_of_the_environment_is_not_used_and_that_is_told(run: Run) -> None:
    _, found = checks(run, HTTPS_PROXY="http://proxy.example:3128")
    assert (found["proxy"]["state"], "HTTPS_PROXY" in found["proxy"]["finding"]) == ("warning", True)


def test_a_wrong_clock_is_told(run: Run) -> None:
    late = reply(wsdl(Dialect.DOCUMENT_LITERAL), headers=("Date: Mon, 01 Jan 2001 00:00:00 GMT",))
    with RawServer(answering(late)) as server:
        _, found = checks(run, "--endpoint", server.origin)
    assert found["clock"]["state"] == "warning"
    assert "seconds" in found["clock"]["finding"]


def test_the_differences_of_a_wsdl_are_listed(run: Run) -> None:
    changed = wsdl(Dialect.DOCUMENT_LITERAL).replace(b'name="climsgid"', b'name="clientid"')
    with RawServer(answering(reply(changed))) as server:
        _, found = checks(run, "--endpoint", server.origin)
    assert found["wsdl"]["state"] == "warning"
    assert any(line.startswith("+") and "clientid" in line for line in found["wsdl"]["details"])


def test_order_and_prefixes_of_declarations_are_no_difference() -> None:
    bundled = wsdl(Dialect.RPC_ENCODED)
    assert differences(bundled, bundled) == []
    assert differences(bundled, bundled.replace(b"xsd:", b"xs:").replace(b"xmlns:xsd=", b"xmlns:xs=")) == []
    parts = [line for line in bundled.splitlines() if b'name="api_id"' in line and b"part" in line]
    assert differences(bundled, bundled.replace(parts[0] + b"\n", b"", 1)) != []
    with pytest.raises(ValueError, match="not well-formed"):
        differences(bundled, b"<definitions")


def test_no_credit_is_a_failure_of_its_own(run: Run, gateway: Simulator) -> None:
    run("ping")
    gateway.gateway.set_balance(123456, "acme", 0)  # type: ignore[arg-type]
    code, found = checks(run)
    assert (code, found["balance"]["state"]) == (7, "failed")


def test_a_number_without_a_route_and_an_invalid_sender_are_told(run: Run) -> None:
    code, found = checks(run, "--number", "9991141234567", "--sender", "far too long a name")
    assert (code, found["coverage"]["state"], found["sender"]["state"]) == (3, "failed", "failed")


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [("200 OK", "warning", "loopback"), ("404 Not Found", "failed", "accepts it only with status 200")],
)
def test_the_address_of_callbacks_is_called_without_parameters(run: Run, status: str, state: str, said: str) -> None:
    with RawServer(answering(reply(b"OK", status))) as server:
        _, found = checks(run, "--callback", f"{server.origin}/callbacks")
        assert server.requests[0].head.startswith(b"GET /callbacks HTTP/1.1")
    assert found["callback"]["state"] == state
    assert said in found["callback"]["meaning"]


def test_an_address_of_callbacks_that_nobody_answers_is_told(run: Run) -> None:
    code, found = checks(run, "--callback", "http://127.0.0.1:9/")
    assert (code, found["callback"]["state"]) == (1, "failed")
    assert checks(run, "--callback", "ftp://x/")[0] == 2
