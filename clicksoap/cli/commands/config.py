"""The commands ``clicksoap config``: write, show and check the settings."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, reporting
from clicksoap.config import LOCAL_FILE, Configuration, find, load, user_file
from clicksoap.contract import VENDOR_ORIGIN
from clicksoap.errors import ClicksoapError, ConfigurationError
from clicksoap.protocol.arguments import ClientOptions
from clicksoap.secret import Secret

_MASK: Final = "***"
_MODE: Final = 0o600
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_REFERENCE: Final = re.compile(r"(?:env|file):.+")
_ORDER: Final = ("api_id", "user", "password", "endpoint", "sender")


@click.group("config", epilog=examples("clicksoap config init", "clicksoap config show --profile prod"))
def command() -> None:
    """Write, show and check the settings.

    Settings come from the environment, from ./clicksoap.toml, and from the user's configuration file.
    """


@command.command("init", epilog=examples("clicksoap config init", "clicksoap config init --profile prod --local"))
@click.option("--api-id", metavar="N", help="API id of the account; asked for if it is missing.")
@click.option("--user", metavar="NAME", help="User name of the account; asked for if it is missing.")
@click.option(
    "--password-from",
    metavar="REFERENCE",
    help="Reference to the password, env:NAME or file:PATH, which is written instead of the password.",
)
@click.option("--sender", metavar="ID", help="Default sender of messages.")
@click.option("--local", is_flag=True, help="Write ./clicksoap.toml instead of the user's file.")
@click.option("--no-login", is_flag=True, help="Write the profile without a login to try it.")
@connected
@reporting
def init(  # noqa: PLR0913 - each is an option
    *,
    account: Account,
    output: Output,
    api_id: str | None,
    user: str | None,
    password_from: str | None,
    sender: str | None,
    local: bool,
    no_login: bool,
) -> int:
    """Ask for the account, try a login, and write a profile that only you can read."""
    profile = account.profile or "default"
    if not _NAME.fullmatch(profile):
        raise click.UsageError("--profile: not a name: give letters, digits, - and _")
    if password_from is not None and not _REFERENCE.fullmatch(password_from):
        raise click.UsageError("--password-from: not a reference: give env:NAME or file:PATH")
    path = Path.cwd() / LOCAL_FILE if local else user_file()
    before = _content_without(path, profile)
    if not api_id or not user or password_from is None:
        _check_person("--api-id, --user and --password-from")
    api_id = api_id or _asked("API id")
    user = user or _asked("User")
    is_asked = account.endpoint is None and password_from is None
    endpoint = _asked("Endpoint", VENDOR_ORIGIN) if is_asked else account.endpoint
    written: dict[str, str | int] = {"api_id": int(api_id) if api_id.isdecimal() else api_id, "user": user}
    options: ClientOptions = {"api_id": written["api_id"], "user": user}
    if password_from is None:
        secret = Secret(click.prompt("Password", hide_input=True, err=True))
        if _REFERENCE.fullmatch(secret.reveal()):
            raise click.UsageError("the password looks like a reference: write it to a file, and give --password-from")
    else:
        secret = _resolved(password_from, path)
    options["password"] = secret
    if endpoint and endpoint != VENDOR_ORIGIN:
        written["endpoint"] = options["endpoint"] = endpoint
    if sender:
        written["sender"] = options["sender"] = sender
    if not no_login:
        _try_login(output, options)
    _write(path, before, profile, written, password_from, secret)
    output.line(f"{path}: profile {profile} written, readable by you alone")
    output.document({"exit_code": 0, "file": str(path), "profile": profile, "login": not no_login})
    return 0


@command.command("show", epilog=examples("clicksoap config show", "clicksoap config show --json"))
@connected
@reporting
def show(*, account: Account, output: Output) -> int:
    """Show every setting with the place that it comes from; secrets are masked."""
    configuration = account.configuration()
    shown = _shown(configuration, account)
    output.note(f"File: {configuration.path}{'' if configuration.path.exists() else ' (it does not exist)'}")
    output.note(f"Profile: {configuration.profile}")
    output.rows((name, value, source) for name, (value, source) in shown.items())
    output.document(
        {
            "exit_code": 0,
            "file": str(configuration.path),
            "profile": configuration.profile,
            "settings": {name: {"value": value, "source": source} for name, (value, source) in shown.items()},
        }
    )
    return 0


@command.command("check", epilog=examples("clicksoap config check", "clicksoap config check --profile prod"))
@connected
@reporting
def check(*, account: Account, output: Output) -> int:
    """Check that the settings are complete and make a client; nothing is sent.

    `clicksoap doctor` tries them as well.
    """
    options = account.options()
    from clicksoap.client import Client  # noqa: PLC0415 - show and init without a login do not need it

    with Client(**options) as sms:
        binding = repr(sms).removeprefix("<Client ").removesuffix(">")
    configuration = account.configuration()
    output.line(f"ok: profile {configuration.profile}, {len(options)} settings, {binding}")
    output.document(
        {"exit_code": 0, "profile": configuration.profile, "file": str(configuration.path), "binding": binding}
    )
    return 0


def _asked(label: str, default: str | None = None) -> str:
    return str(click.prompt(label, default=default, err=True)).strip()


def _check_person(options: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked, because the standard input is not a terminal: give {options}")


def _resolved(reference: str, path: Path) -> Secret:
    """The password behind a reference."""
    kind, _, name = reference.partition(":")
    variable = "CLICKSOAP_PASSWORD" if kind == "env" else "CLICKSOAP_PASSWORD_FILE"
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise ConfigurationError(f"--password-from: the variable {name} is not set: set it")
    else:
        value = str(path.parent / Path(name).expanduser())
    found = find(environ={variable: value, "CLICKSOAP_CONFIG": os.devnull}).settings["password"].value
    assert isinstance(found, Secret)  # noqa: S101 - for type checkers
    return found


def _try_login(output: Output, options: ClientOptions) -> None:
    """Log in once.

    Raises:
        GatewayError: The gateway refused the credentials; nothing is written.
    """
    from clicksoap.client import Client  # noqa: PLC0415 - as above

    output.note("Trying a login...")
    try:
        with Client(**options) as sms:
            sms.authenticate()
    except ClicksoapError:
        output.note("Nothing was written. --no-login writes the profile without a login.")
        raise
    output.note("The login works.")


def _content_without(path: Path, profile: str) -> str:
    """The content of the file, which must not have the profile yet."""
    if not path.exists():
        return ""
    try:
        load(profile, {"CLICKSOAP_CONFIG": str(path)}, {"api_id": 1, "user": "x", "password": Secret("x")})
    except ConfigurationError as error:
        if not str(error).startswith("there is no profile"):
            raise
        return path.read_text("utf-8-sig")
    raise click.UsageError(f"{path} has a profile {profile}: edit the file, or give another --profile")


def _write(  # noqa: PLR0913 - what a file consists of
    path: Path,
    before: str,
    profile: str,
    written: Mapping[str, str | int],
    reference: str | None,
    secret: Secret,
) -> None:
    """Write the profile behind what the file held, in one step and readable by the user alone."""
    lines = [f"[{profile}]"]
    for name in _ORDER:
        if name == "password":
            lines.append(f"password = {json.dumps(reference if reference is not None else _MASK)}")
        elif name in written:
            lines.append(f"{name} = {json.dumps(written[name], ensure_ascii=False)}")
    text = "\n".join([*([before.rstrip("\n"), ""] if before else []), *lines, ""])
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            head, mask, tail = text.rpartition(f'password = "{_MASK}"')
            if reference is None and mask:
                file.write(f"{head}password = {json.dumps(secret.reveal(), ensure_ascii=False)}{tail}")
            else:
                file.write(text)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


def _shown(configuration: Configuration, account: Account) -> dict[str, tuple[str, str]]:
    shown: dict[str, tuple[str, str]] = {}
    for name, setting in configuration.settings.items():
        shown[name] = (_masked(name, setting.value), setting.source)
    if account.endpoint is not None:
        shown["endpoint"] = (account.endpoint, "--endpoint")
    shown.setdefault("endpoint", (VENDOR_ORIGIN, "the default"))
    return dict(sorted(shown.items()))


def _masked(name: str, value: object) -> str:
    """A value as it may be shown: neither passwords nor headers nor the login in a proxy's URL."""
    if isinstance(value, Secret):
        return _MASK
    if name == "headers":
        return _MASK
    if name == "proxy":
        return re.sub(r"//[^/]*@", f"//{_MASK}@", str(value))
    return json.dumps(value) if isinstance(value, dict) else str(value)
