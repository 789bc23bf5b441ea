"""Parsers of the options of ``clicksoap simulator``: accounts and settings."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
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


def parse_settings(values: Sequence[str]) -> "Settings":
    """The settings of ``--set``.

    Raises:
        click.UsageError: A setting is unknown, or its value is invalid.
    """
    from clicksoap.simulator import Settings  # noqa: PLC0415 - an extra
    from clicksoap.simulator.schema.settings import SETTING_FIELDS, parse_setting  # noqa: PLC0415

    settings: dict[str, Any] = {}
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
