"""``clicksoap simulator``: what is written on the command line, and what its first lines say."""

import re
import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from clicksoap.contract import SERVICE_PATHS

if TYPE_CHECKING:
    from clicksoap.simulator import Account, Settings, Simulator

_API_ID: Final = re.compile(r"[0-9]{1,18}")
_BALANCE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ACCOUNT: Final = "an account is api_id:user:password or api_id:user:password:balance, its api_id a number"


def accounts(written: Sequence[str], *, trial: bool) -> "list[Account] | None":
    """The accounts of ``--account``; None if there are none, which lets everybody in.

    Raises:
        click.UsageError: One is none, or two are the same; the text holds nothing of it.
    """
    if not written:
        if trial:
            raise click.UsageError("--trial is about accounts: give --account as well")
        return None
    found = [_account(each, trial=trial) for each in written]
    if len({(each.api_id, each.user) for each in found}) < len(found):
        raise click.UsageError("two accounts have the same api_id and user")
    return found


def settings(written: Sequence[str]) -> "Settings":
    """The settings of ``--set``.

    Raises:
        click.UsageError: There is no such setting, or no such value of it.
    """
    from clicksoap.simulator import CallbackUrl, Settings  # noqa: PLC0415 - an extra
    from clicksoap.simulator.api.control_endpoints import SETTINGS  # noqa: PLC0415
    from clicksoap.simulator.api.problems import Problem  # noqa: PLC0415
    from clicksoap.simulator.schema.fields import from_text  # noqa: PLC0415

    chosen: dict[str, Any] = {}
    for each in written:
        name, is_, text = each.partition("=")
        if name not in SETTINGS or not is_:
            raise click.UsageError(f"--set takes name=value, where the name is one of {', '.join(SETTINGS)}")
        try:
            value: Any = SETTINGS[name].read(from_text(SETTINGS[name], text))
            chosen[name] = CallbackUrl(**value) if name in {"callback", "inbound"} and value is not None else value
        except (Problem, ValueError) as error:
            raise click.UsageError(f"--set {name}: {error}") from None
    try:
        return Settings(**chosen)
    except ValueError as error:
        raise click.UsageError(f"--set: {error}") from None


def list_settings() -> Iterator[str]:
    """Every setting: what it is unless somebody chooses, what it may be, and what it does."""
    from clicksoap.simulator import Settings  # noqa: PLC0415 - an extra
    from clicksoap.simulator.api.control_endpoints import SETTINGS  # noqa: PLC0415
    from clicksoap.simulator.schema.shapes import shown  # noqa: PLC0415

    usual = shown(Settings())
    for name, field in SETTINGS.items():
        choices = field.schema.get("enum")
        yield f"{name}={'none' if usual[name] is None else usual[name]!s}" + (
            f"  (one of {', '.join(map(repr, choices))})" if choices else ""
        )
        yield f"    {field.schema.get('description', '')}"


def directions(simulator: "Simulator", *, is_open: bool, needs_login: bool) -> Iterator[str]:
    """What somebody who starts a simulator wants to copy from its first lines.

    Args:
        simulator: The simulator, running.
        is_open: Whether it lets everybody in; else the credentials are those of ``--account``, and not repeated.
        needs_login: Whether the inbox and the API ask for a login.
    """
    login = ", with the login" if needs_login else ""
    yield f"clicksoap simulator at {simulator.origin}, until Ctrl-C"
    for path, dialect in SERVICE_PATHS.items():
        yield f"  {dialect:<17} {simulator.url(path)}?wsdl"
    yield f"  {'HTTP API':<17} {simulator.url('/http/sendmsg')} and the like"
    yield f"  {'inbox':<17} {simulator.url('/')}{login}"
    yield f"  {'its own API':<17} {simulator.url('/api/v1/openapi.json')}{login}"
    api_id, user, password = "123456", "demo", "demo"
    if not is_open:
        account = simulator.gateway.accounts()[0][0]
        api_id, user, password = str(account.api_id), account.user, "..."
    yield (
        f"export CLICKSOAP_ENDPOINT={simulator.origin} CLICKSOAP_API_ID={api_id}"
        f" CLICKSOAP_USER={shlex.quote(user)} CLICKSOAP_PASSWORD={password}"
    )
    if is_open:
        yield "Any api_id, user and password will do, but the password 'wrong' is refused."
    yield "Numbers that start with 999 are refused: 999105... with error 105, and so on; 998007... end in status 007;"
    yield "997 breaks the answer: 997002... resets the connection after accepting, 997503... is HTTP 503, and so on."


def _account(written: str, *, trial: bool) -> "Account":
    from clicksoap.simulator import Account  # noqa: PLC0415 - an extra

    api_id, user, rest = [*written.split(":", 2), "", ""][:3]
    password, colon, balance = rest.rpartition(":")
    # Raised without the value: it holds a password.
    if not (_API_ID.fullmatch(api_id) and user and rest):
        raise click.UsageError(f"--account: {_ACCOUNT}")
    account = Account.on_trial(int(api_id), user, rest) if trial else Account(int(api_id), user, rest)
    if not colon:
        return account
    if not password or not _BALANCE.fullmatch(balance):
        raise click.UsageError(f"--account: {_ACCOUNT}; after a password with a colon in it, a balance must follow")
    return Account(int(api_id), user, password, Decimal(balance), trial=trial)
