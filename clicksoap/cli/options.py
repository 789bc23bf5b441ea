"""Parsers of the options of ``clicksoap simulator``: accounts and settings."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from clicksoap.simulator import Account, Settings

_API_ID: Final = re.compile(r"[0-9]{1,18}")
_BALANCE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_FORMAT: Final = "give API_ID:USER:PASSWORD or API_ID:USER:PASSWORD:BALANCE, with a number as API_ID"


def parse_accounts(values: Sequence[str], *, trial: bool) -> "list[Account] | None":
    """The accounts of ``--account``, or None if there are none.

    Args:
        values: The values of the option.
        trial: True if all accounts are trial accounts.

    Raises:
        click.UsageError: A value is invalid, two accounts are the same, or ``trial`` is set without accounts. The text
            quotes no value, because values hold passwords.
    """
    if not values:
        if trial:
            raise click.UsageError("--trial needs accounts: give --account as well")
        return None
    accounts = [_account(value, trial=trial) for value in values]
    if len({(each.api_id, each.user) for each in accounts}) < len(accounts):
        raise click.UsageError("--account: two accounts have the same API id and user: give each account once")
    return accounts


def read_login(text: str | None, file: Path | None) -> str | None:
    """The login of ``--login`` or ``--login-file``; None if neither is given.

    Raises:
        click.UsageError: Both are given, the file cannot be read, or the login is incomplete. The text quotes no value.
    """
    if text is not None and file is not None:
        raise click.UsageError("--login and --login-file: both are given: give one of them")
    if file is not None:
        lines = secret_lines("--login-file", file)
        if len(lines) != 1:
            raise click.UsageError("--login-file: not one line: give a file with USER:PASSWORD")
        text = lines[0]
    if text is not None and not all(text.partition(":")):
        option = "--login" if file is None else "--login-file"
        raise click.UsageError(f"{option}: incomplete login: give USER:PASSWORD")
    return text


def read_accounts(values: Sequence[str], file: Path | None) -> list[str]:
    """The accounts of ``--account`` and the lines of ``--account-file``.

    Raises:
        click.UsageError: The file cannot be read, or has no account.
    """
    if file is None:
        return [*values]
    lines = secret_lines("--account-file", file)
    if not lines:
        raise click.UsageError(f"--account-file: no account: {_FORMAT}, one a line")
    return [*values, *lines]


def secret_lines(option: str, file: Path) -> list[str]:
    """The lines of a file, without empty ones and comments."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise click.UsageError(f"{option}: {file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise click.UsageError(f"{option}: {file} is not text in UTF-8: give another file") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def check_host(host: str, *, has_login: bool) -> bool:
    """True if the address of ``--host`` is reachable from this machine alone.

    Raises:
        click.UsageError: It is not an address, or needs a login.
    """
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        raise click.UsageError("--host: not an address: give an address to listen on, such as 127.0.0.1") from None
    if not is_loopback and not has_login:
        raise click.UsageError(
            "--host: reachable from other machines, and anybody there could read the messages: give --login-file or"
            " --login as well, or an address such as 127.0.0.1"
        )
    return is_loopback


def parse_settings(values: Sequence[str], *, strict: bool = False) -> "Settings":
    """The settings of ``--set`` and ``--strict``.

    Raises:
        click.UsageError: A setting is unknown, or its value is invalid.
    """
    from clicksoap.simulator import Settings  # noqa: PLC0415 - an extra
    from clicksoap.simulator.schema.settings import SETTING_FIELDS, parse_setting  # noqa: PLC0415

    settings: dict[str, Any] = {"strict": True} if strict else {}
    for value in values:
        name, equals, text = value.partition("=")
        if name not in SETTING_FIELDS or not equals:
            raise click.UsageError(
                f"--set: unknown setting: give name=value with one of the names {', '.join(SETTING_FIELDS)}"
            )
        try:
            settings[name] = parse_setting(name, text)
        except ValueError as error:
            raise click.UsageError(f"--set {name}: {error}") from None
    try:
        return Settings(**settings)
    except ValueError as error:
        raise click.UsageError(f"--set: {error}") from None


def setting_lines() -> Iterator[str]:
    """The lines of ``--settings``: each setting with its default, its choices and its meaning."""
    from clicksoap.simulator.schema.settings import setting_helps  # noqa: PLC0415 - an extra

    for each in setting_helps():
        choices = f"  (one of {', '.join(map(repr, each.choices))})" if each.choices else ""
        yield f"{each.name}={each.default}{choices}"
        yield f"    {each.description}"


def _account(value: str, *, trial: bool) -> "Account":
    from clicksoap.simulator import Account  # noqa: PLC0415 - an extra

    api_id, user, rest = [*value.split(":", 2), "", ""][:3]
    password, colon, balance = rest.rpartition(":")
    if not (_API_ID.fullmatch(api_id) and user and rest):
        raise click.UsageError(f"--account: invalid account: {_FORMAT}")
    account = Account.on_trial(int(api_id), user, rest) if trial else Account(int(api_id), user, rest)
    if not colon:
        return account
    if not password or not _BALANCE.fullmatch(balance):
        raise click.UsageError(
            f"--account: invalid account: {_FORMAT}; after a password with a colon in it, a balance must follow"
        )
    return Account(int(api_id), user, password, Decimal(balance), trial=trial)
