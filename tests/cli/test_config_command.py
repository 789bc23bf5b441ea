"""``clicksoap config``: what it writes, shows and refuses."""

import json
from pathlib import Path

import pytest

from clicksoap.config import load

from .conftest import PASSWORD, Run

NOTHING = dict.fromkeys(("CLICKSOAP_API_ID", "CLICKSOAP_USER", "CLICKSOAP_PASSWORD", "CLICKSOAP_ENDPOINT"), "")


def test_a_profile_is_written_without_questions(run: Run, account: dict[str, str], tmp_path: Path) -> None:
    variables = {**NOTHING, "GATEWAY_PASSWORD": PASSWORD}
    common = ("--api-id", "123456", "--user", "acme", "--password-from", "env:GATEWAY_PASSWORD")
    endpoint = account["CLICKSOAP_ENDPOINT"]
    result = run("config", "init", *common, "--endpoint", endpoint, "--sender", "ACME", variables=variables)
    assert result.exit_code == 0, result.output
    file = tmp_path / ".config/clicksoap/config.toml"
    assert file.read_text() == (
        '[default]\napi_id = 123456\nuser = "acme"\npassword = "env:GATEWAY_PASSWORD"\n'
        f'endpoint = "{endpoint}"\nsender = "ACME"\n'
    )
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("balance", variables=variables).stdout == "1000.00\n"

    again = run("config", "init", *common, "--no-login", variables=variables)
    assert (again.exit_code, "has a profile default" in again.stderr) == (2, True)
    second = run("config", "init", "--profile", "prod", "--no-login", "--json", *common, variables=variables)
    assert json.loads(second.stdout) == {"exit_code": 0, "file": str(file), "profile": "prod", "login": False}
    assert load("prod", {"CLICKSOAP_CONFIG": str(file), **variables})["user"] == "acme"
    assert load(None, {"CLICKSOAP_CONFIG": str(file), **variables})["sender"] == "ACME"


def test_a_profile_of_the_folder_is_used_there(run: Run, account: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    common = ("--local", "--api-id", "123456", "--user", "acme", "--password-from", "file:secret")
    endpoint = account["CLICKSOAP_ENDPOINT"]
    assert run("config", "init", *common, "--endpoint", endpoint, variables=NOTHING).exit_code == 0
    result = run("balance", variables=NOTHING)
    assert (result.stdout, result.stderr) == ("1000.00\n", f"Settings of {tmp_path / 'clicksoap.toml'} are used.\n")
    assert run("balance", "--quiet", variables=NOTHING).stderr == ""
    shown = json.loads(run("config", "show", "--json", variables=NOTHING).stdout)
    assert shown["file"] == str(tmp_path / "clicksoap.toml")
    assert shown["settings"]["password"] == {
        "value": "***",
        "source": f"{tmp_path / 'secret'}, which [default] in {tmp_path / 'clicksoap.toml'} names",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--password-from", "sesame"], "give env:NAME or file:PATH"),
        (["--password-from", "env:NOWHERE", "--api-id", "1", "--user", "x"], "the variable NOWHERE is not set"),
        (["--password-from", "file:/nowhere", "--api-id", "1", "--user", "x"], "cannot be read: No such file"),
        (["--profile", "a b"], "--profile: not a name"),
        (["--api-id", "1"], "nobody can be asked"),
    ],
)
def test_what_cannot_be_written_is_refused(run: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    result = run("config", "init", *arguments, variables=NOTHING)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert not (tmp_path / ".config").exists()


def test_a_refused_or_missing_gateway_leaves_no_file(run: Run, account: dict[str, str], tmp_path: Path) -> None:
    common = ("--api-id", "123456", "--user", "acme", "--password-from", "env:WRONG")
    variables = {**NOTHING, "WRONG": "wrong"}
    refused = run("config", "init", *common, "--endpoint", account["CLICKSOAP_ENDPOINT"], variables=variables)
    assert (refused.exit_code, "Nothing was written." in refused.stderr) == (6, True)
    missing = run("config", "init", *common, "--endpoint", "http://127.0.0.1:9", variables=variables)
    assert (missing.exit_code, "--no-login writes the profile" in missing.stderr) == (75, True)
    assert not (tmp_path / ".config").exists()


def test_secrets_are_masked_and_sources_named(run: Run) -> None:
    variables = {
        "CLICKSOAP_HEADERS": '{"X-Key": "s3same-key"}',
        "CLICKSOAP_PROXY": "http://ann:s3same-proxy@proxy.example:3128",
        "CLICKSOAP_RETRY": '{"attempts": 2}',
    }
    result = run("config", "show", variables=variables)
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert ["password", "***", "CLICKSOAP_PASSWORD"] in rows
    assert ["headers", "***", "CLICKSOAP_HEADERS"] in rows
    assert ["proxy", "http://***@proxy.example:3128", "CLICKSOAP_PROXY"] in rows
    assert ["retry", '{"attempts": 2}', "CLICKSOAP_RETRY"] in rows
    assert "s3same" not in result.output
    assert ["endpoint", "http://127.0.0.1:9", "--endpoint"] in [
        line.split("\t") for line in run("config", "show", "--endpoint", "http://127.0.0.1:9").stdout.splitlines()
    ]


def test_settings_are_checked_without_sending(run: Run) -> None:
    assert run("config", "check").stdout == "ok: profile default, 4 settings, document_literal\n"
    wrong = run("config", "check", variables={"CLICKSOAP_BINDING": "soap"})
    assert (wrong.exit_code, "unknown binding=" in wrong.stderr) == (2, True)
    misspelt = run("config", "check", variables={"CLICKSOAP_ENDPONT": "x"})
    assert "CLICKSOAP_ENDPONT is not a known setting" in misspelt.stderr
