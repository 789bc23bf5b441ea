"""Which configuration file is read, who may read it, and what a password refers to."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clicksoap import ConfigurationError, Secret
from clicksoap.config import find, load, user_file

SECRET = "hunter2-s3cret"
ACCOUNT = 'api_id = 1\nuser = "acme"\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file with a mode."""

    def written(text: str, mode: int = 0o600, name: str = "clicksoap.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return written


def password(path: Path, **variables: str) -> str:
    found = load(environ={"CLICKSOAP_CONFIG": str(path), **variables})["password"]
    assert isinstance(found, Secret)
    return found.reveal()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_password_in_a_file_of_few_readers_is_taken(write: Write, mode: int) -> None:
    assert password(write(f'[default]\n{ACCOUNT}password = "{SECRET}"\n', mode)) == SECRET


@pytest.mark.parametrize("table", ["default", "other"])
def test_a_password_that_every_user_can_read_is_refused(write: Write, table: str) -> None:
    path = write(f'[first]\n{ACCOUNT}[{table}]\npassword = "{SECRET}"\n', 0o644)
    with pytest.raises(ConfigurationError, match=r"holds a password, and every user .* run chmod 600") as refused:
        password(path, CLICKSOAP_PASSWORD="other")
    assert SECRET not in str(refused.value)


def test_a_file_without_a_password_may_be_read_by_everybody(write: Write) -> None:
    path = write(f'[default]\n{ACCOUNT}password = "env:GATEWAY_PASSWORD"\n', 0o644)
    assert password(path, GATEWAY_PASSWORD=SECRET) == SECRET


def test_a_password_may_refer_to_a_file_beside_the_configuration(write: Write) -> None:
    write(f"{SECRET}\n", name="secret")
    assert password(write(f'[default]\n{ACCOUNT}password = "file:secret"\n')) == SECRET


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOWHERE", "refers to the variable NOWHERE, which is not set: set it"),
        ("file:/nowhere/secret", "names cannot be read: No such file"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(write: Write, reference: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        password(write(f'[default]\n{ACCOUNT}password = "{reference}"\n'))


def test_the_file_of_a_folder_is_read_only_if_the_folder_is_given(write: Write, tmp_path: Path) -> None:
    path = write(f'[default]\n{ACCOUNT}password = "{SECRET}"\n')
    variables = {"HOME": str(tmp_path / "home")}
    assert load(environ=variables, folder=tmp_path)["user"] == "acme"
    found = find(environ=variables, folder=tmp_path)
    assert (found.path, found.is_local) == (path, True)
    assert find(environ=variables).settings == {}
    named = tmp_path / "named.toml"
    named.write_text('[default]\nuser = "named"\n')
    assert find(environ={"CLICKSOAP_CONFIG": str(named)}, folder=tmp_path).settings["user"].value == "named"


def test_the_file_of_a_folder_that_others_can_write_is_refused(write: Write, tmp_path: Path) -> None:
    write('[default]\nendpoint = "https://elsewhere.example"\n', 0o666)
    with pytest.raises(ConfigurationError, match="could send your credentials to another server: name it in CLICKSOAP"):
        find(environ={}, folder=tmp_path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_the_file_of_a_folder_that_belongs_to_another_user_is_refused(write: Write, tmp_path: Path) -> None:
    path = write('[default]\nendpoint = "https://elsewhere.example"\n')
    os.chown(path, 65534, -1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        find(environ={}, folder=tmp_path)


def test_every_setting_says_where_it_comes_from(write: Write) -> None:
    secret = write(f"{SECRET}\n", name="secret")
    sender = write("Acme", name="sender")
    path = write(f'[prod]\n{ACCOUNT}password = "file:secret"\nsender_file = "{sender}"\n')
    found = find("prod", {"CLICKSOAP_CONFIG": str(path), "CLICKATELL_USER": "old", "CLICKSOAP_PROXY_FILE": str(sender)})
    assert (found.path, found.profile) == (path, "prod")
    assert {name: setting.source for name, setting in found.settings.items()} == {
        "api_id": f"[prod] in {path}",
        "password": f"{secret}, which [prod] in {path} names",
        "proxy": f"{sender}, which CLICKSOAP_PROXY_FILE names",
        "sender": f"{sender}, which [prod] in {path} names",
        "user": "CLICKATELL_USER",
    }
    assert SECRET not in repr(found)


def test_the_users_file_is_the_named_one_or_that_of_his_folder(tmp_path: Path) -> None:
    assert user_file({"HOME": str(tmp_path)}) == tmp_path / ".config/clicksoap/config.toml"
    assert user_file({"CLICKSOAP_CONFIG": "/etc/sms.toml"}) == Path("/etc/sms.toml")
