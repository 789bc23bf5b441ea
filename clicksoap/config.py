"""Settings of a client from environment variables, container secrets and a TOML file.

A file that holds a password in plain text must not be readable by every user of the machine. Other users could then
send at the account's cost. A password may be a reference instead: ``env:NAME`` or ``file:PATH``.
"""

import codecs
import dataclasses
import json
import os
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from clicksoap.errors import ConfigurationError
from clicksoap.lazy_re import pattern
from clicksoap.protocol.arguments import ClientOptions
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.timeout import Timeout
from clicksoap.secret import Secret

T = TypeVar("T", Timeout, Retry)

# What a setting is, in the environment as well as in the file; everything else of a client is code.
_TEXTS: Final = frozenset(
    {
        *("user", "password", "api_id", "endpoint", "binding", "auth", "proxy", "wsdl", "user_agent_extra"),
        *("ca", "client_cert", "client_key", "region", "sender", "http_method"),
    }
)
_FLAGS: Final = frozenset({"allow_plaintext", "log_content"})
_NUMBERS: Final = frozenset({"max_recipients"})
_SECONDS: Final = frozenset({"deadline"})
_TABLES: Final = frozenset({"headers", "timeout", "retry"})
_ALL: Final = _TEXTS | _FLAGS | _NUMBERS | _SECONDS | _TABLES
_REQUIRED: Final = ("api_id", "user", "password")

_EXAMPLES: Final = {
    "timeout": '{"total": 60}',
    "retry": '{"attempts": 4}',
    "headers": '{"X-Team": "billing"}',
}

# Older tools of this gateway read these.
_VENDOR: Final = {"api_id": "CLICKATELL_API_ID", "user": "CLICKATELL_USER", "password": "CLICKATELL_PASSWORD"}
_TRUE: Final = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


# An orchestrator tells each container of every service beside it by such variables. A service that is called
# clicksoap, or clicksoap-simulator, has CLICKSOAP_SERVICE_HOST, CLICKSOAP_PORT=tcp://…, CLICKSOAP_SIMULATOR_PORT=….
_SERVICE_LINK: Final = pattern(
    r"CLICKSOAP_(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_LINK_TO_PORT: Final = pattern(r"CLICKSOAP_(?:[A-Z0-9_]+_)?PORT=(?:tcp|udp|sctp)://.*")
# What editors and shells put around a value.
_AROUND: Final = "\r\n\N{ZERO WIDTH NO-BREAK SPACE}"

LOCAL_FILE: Final = "clicksoap.toml"
"""The name of the configuration file that the command line finds in the folder where it is started."""
_REFERENCE: Final = pattern("(env|file):(.+)")


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a setting, and the place that it comes from.

    Attributes:
        value: The value; a password is a `Secret`.
        source: The place, such as ``CLICKSOAP_USER`` or ``[prod] in /etc/clicksoap.toml``.
    """

    value: object = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings that were found, before they are checked for what is missing.

    Attributes:
        path: The configuration file, which may not exist.
        profile: The name of the profile.
        settings: Each setting that was found, by its name.
        is_local: Whether the file is the one of the folder that was given.
    """

    path: Path
    profile: str
    settings: Mapping[str, Setting]
    is_local: bool = False


def load(
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: ClientOptions | None = None,
    folder: Path | None = None,
) -> ClientOptions:
    """Collect the arguments of a client.

    What stands in ``overrides`` is taken as it is, also None, and looked for nowhere else.
    Each other one is looked for as ``CLICKSOAP_<NAME>``, as the content of the file named by ``CLICKSOAP_<NAME>_FILE``,
    for credentials then as ``CLICKATELL_<NAME>`` (and ``_FILE``), and at last in a profile of the TOML file, which
    ``CLICKSOAP_CONFIG`` names (by default ``clicksoap/config.toml`` in the user's configuration folder).

    Args:
        profile: The table of the TOML file; by default what ``CLICKSOAP_PROFILE`` says, else ``default``.
        environ: The environment, if not that of the process.
        overrides: Arguments of the client that the program gives by itself.
        folder: A folder whose ``clicksoap.toml`` is read instead of the user's file, if it exists.

    Raises:
        ConfigurationError: Something needed is missing (the text names every place), or something is malformed.
    """
    given = overrides or {}
    configuration = find(profile, environ, given, folder)
    del environ
    found = {name: setting.value for name, setting in configuration.settings.items()}
    for name in _REQUIRED:
        if name not in found and name not in given:
            raise ConfigurationError(
                f"no {name}: set CLICKSOAP_{name.upper()}, CLICKSOAP_{name.upper()}_FILE, {_VENDOR[name]} or "
                f"{_VENDOR[name]}_FILE, or {name} or {name}_file under [{configuration.profile}] in "
                f"{configuration.path}"
            )
    if "client_cert" in given:
        found.pop("client_key", None)  # it belongs to the certificate that is not taken
    return cast("ClientOptions", {**_settings(found), **given})


def find(
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: ClientOptions | None = None,
    folder: Path | None = None,
) -> Configuration:
    """Find the settings and the places that they come from; the arguments are those of `load`.

    Raises:
        ConfigurationError: Something is malformed.
    """
    if profile is not None and not isinstance(profile, str):
        raise ConfigurationError(f"profile= is {type(profile).__name__}: give the name of a table in the file")
    given = overrides or {}
    unknown = given.keys() - ClientOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(sorted(ClientOptions.__annotations__))
        raise ConfigurationError(f"from_config() has no argument {min(unknown)!r}: give any of {known}")
    variables = _Variables(os.environ if environ is None else environ)
    del environ  # its values stay hidden from those who show local variables
    _check_names(variables)
    asked = profile or variables.get("CLICKSOAP_PROFILE") or None
    path, is_local = _path(variables, folder)
    table = _profile(path, asked, is_named=bool(variables.get("CLICKSOAP_CONFIG")), is_local=is_local)
    name_of_profile = asked or "default"
    found: dict[str, Setting] = {}
    for name in sorted(_ALL - given.keys()):
        setting = _from_environment(name, variables) or _from_profile(name, table, path, name_of_profile, variables)
        if setting is not None:
            found[name] = setting
    return Configuration(path, name_of_profile, found, is_local)


def user_file(environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file of the user: the one that ``CLICKSOAP_CONFIG`` names, or that of the user's folder."""
    return _path(_Variables(os.environ if environ is None else environ), None)[0]


class _Variables:
    """The environment, freed of what stands around values; its repr hides them from those who show local variables."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        return self._environment.get(name, "").strip(_AROUND) or None

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)


# Variables of this module and of other parts of clicksoap: no settings of a client.
_OF_OTHERS: Final = pattern("CLICKSOAP_(?:CONFIG|PROFILE|(?:OUTBOX|CALLBACKS)(?:_[A-Z_]+)?)")


def _check_names(variables: _Variables) -> None:
    """Refuse a misspelt variable, because the setting that it is meant for would silently have its default."""
    for variable in variables:
        if variable.startswith("CLICKSOAP_") and not _OF_OTHERS.fullmatch(variable):
            if _SERVICE_LINK.fullmatch(variable) or _LINK_TO_PORT.fullmatch(f"{variable}={variables.get(variable)}"):
                continue
            name = variable.removeprefix("CLICKSOAP_").removesuffix("_FILE").lower()
            if name not in _ALL:
                raise ConfigurationError(
                    f"{variable} is not a known setting: CLICKSOAP_ goes before one of {', '.join(sorted(_ALL))}"
                )


def _settings(found: dict[str, object]) -> dict[str, Any]:
    settings: dict[str, Any] = {name: value for name, value in found.items() if name != "client_key"}
    if "client_key" in found:
        if "client_cert" not in found:
            raise ConfigurationError("client_key is set without client_cert: set both")
        settings["client_cert"] = (found["client_cert"], found["client_key"])
    if "timeout" in found:
        settings["timeout"] = _made("timeout", Timeout, found["timeout"])
    if "retry" in found:
        settings["retry"] = _made("retry", Retry, found["retry"])
    if "headers" in found:
        settings["headers"] = _mapping("headers", found["headers"])
    return settings


def _made(name: str, kind: type[T], value: object) -> T:
    given = _mapping(name, value)
    known = [field.name for field in dataclasses.fields(kind)]
    if not given.keys() <= set(known):
        raise ConfigurationError(f"{name} has an unknown key: give {', '.join(known[:-1])} and {known[-1]}")
    return kind(**given)


def _mapping(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name} is not a table: in the environment, give JSON such as {_EXAMPLES[name]}")
    return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _path(variables: _Variables, folder: Path | None) -> tuple[Path, bool]:
    """The configuration file, and whether it was found in the folder alone."""
    if named := variables.get("CLICKSOAP_CONFIG"):
        return Path(named), False
    if folder is not None and (folder / LOCAL_FILE).is_file():
        return folder / LOCAL_FILE, True
    if os.name == "nt":
        folder = Path(variables.get("APPDATA") or Path.home() / "AppData/Roaming")
    else:
        folder = Path(variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or Path.home()) / ".config")
    return folder / "clicksoap/config.toml", False


def _tables(path: Path, asked: str | None, *, is_named: bool, is_local: bool) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
        if is_local:
            _check_owner(path, status)
        tables = {name: _with_secret(table) for name, table in tomllib.loads(_decoded(content)).items()}
        if _holds_password(tables):
            _check_readers(path, status)
    except ConfigurationError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        if asked is not None:
            raise ConfigurationError(f"there is no profile {asked!r}: {path} does not exist") from None
        if is_named:
            raise ConfigurationError(f"CLICKSOAP_CONFIG names {path}, which does not exist") from None
        return {}
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        problem = f"{path} is not TOML in UTF-8"
    else:
        return tables
    # Raised out here: the parser's exceptions hold the file's content, passwords too, and must not hang on ours.
    raise ConfigurationError(problem)


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Refuse a file of a folder that another user may have put there: it could send the credentials elsewhere."""
    if os.name == "nt" or sys.platform == "win32":
        return
    if status.st_uid not in {0, os.getuid()} or status.st_mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"{path} belongs to another user or can be written by everybody, and could send your credentials to "
            "another server: name it in CLICKSOAP_CONFIG if you trust it"
        )


def _check_readers(path: Path, status: os.stat_result) -> None:
    """Refuse a password that every user of the machine can read."""
    if os.name != "nt" and status.st_mode & stat.S_IROTH:
        raise ConfigurationError(
            f"{path} holds a password, and every user of this machine can read it: run chmod 600 {path}, or write "
            'password = "env:NAME" or password = "file:PATH"'
        )


def _holds_password(tables: Mapping[str, object]) -> bool:
    """Whether any table has a password in plain text."""
    for table in tables.values():
        if isinstance(table, dict):
            password = cast("dict[str, object]", table).get("password")
            if isinstance(password, Secret) and not _REFERENCE.fullmatch(password.reveal()):
                return True
    return False


def _with_secret(table: object) -> object:
    """A table of the file, with the password hidden; one that is not a text becomes False."""
    if not isinstance(table, dict):
        return False
    settings = cast("dict[str, object]", table)
    if "password" in settings:
        password = settings["password"]
        settings["password"] = _secret(password) if isinstance(password, str) else False
    return settings


def _secret(text: str) -> Secret:
    return Secret(text.strip(_AROUND))


def _profile(path: Path, asked: str | None, *, is_named: bool, is_local: bool) -> dict[str, object]:
    tables = _tables(path, asked, is_named=is_named, is_local=is_local)
    table = tables.get(asked or "default")
    if table is None:
        if asked is not None:
            raise ConfigurationError(f"there is no profile {asked!r} in {path}; it has {', '.join(sorted(tables))}")
        return {}
    if not isinstance(table, dict):
        raise ConfigurationError(f"{asked or 'default'} in {path} is not a table: write [{asked or 'default'}]")
    settings = cast("dict[str, object]", table)
    unknown = {key.removesuffix("_file") for key in settings} - _ALL
    if unknown:
        raise ConfigurationError(
            f"{min(unknown)!r} in {path} is not a known setting: use one of {', '.join(sorted(_ALL))}"
        )
    return settings


def _from_environment(name: str, variables: _Variables) -> Setting | None:
    for variable in filter(None, (f"CLICKSOAP_{name.upper()}", _VENDOR.get(name))):
        if value := variables.get(variable):
            return Setting(_converted(name, value, variable), variable)
        if file := variables.get(f"{variable}_FILE"):
            content = _converted(name, _content(file, f"{variable}_FILE"), f"{variable}_FILE")
            return Setting(content, f"{file}, which {variable}_FILE names")
    return None


def _from_profile(
    name: str, table: Mapping[str, object], path: Path, profile: str, variables: _Variables
) -> Setting | None:
    place = f"[{profile}] in {path}"
    if name in table:
        value = _converted(name, table[name], f"{name} in {path}")
        if name == "password" and isinstance(value, Secret) and (found := _REFERENCE.fullmatch(value.reveal())):
            return _referred(found[1], found[2], path, place, variables)
        return Setting(value, place)
    if f"{name}_file" in table:
        source, file = f"{name}_file in {path}", table[f"{name}_file"]
        if not isinstance(file, str):
            raise ConfigurationError(f"{source} is not a text: put it in quotes")
        return Setting(_converted(name, _content(file, source), source), f"{file}, which {place} names")
    return None


def _referred(kind: str, name: str, path: Path, place: str, variables: _Variables) -> Setting:
    """The password that a reference of the file leads to."""
    if kind == "env":
        text = variables.get(name)
        if text is None:
            raise ConfigurationError(f"password in {path} refers to the variable {name}, which is not set: set it")
        return Setting(_secret(text), f"{name}, which {place} names")
    file = path.parent / Path(name).expanduser()
    return Setting(_secret(_content(str(file), f"password in {path}")), f"{file}, which {place} names")


def _content(file: str, source: str) -> str:
    try:
        return _decoded(Path(file).read_bytes())
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except ValueError:
        problem = "has no possible name: give a path"
    # Raised out here, because a decoder's exception holds the secret.
    raise ConfigurationError(f"the file that {source} names {problem}")


def _decoded(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark, as Windows shells write files."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8-sig")


def _seconds(text: str, source: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{source} is not a number of seconds: give one, such as 30") from None


def _converted(name: str, value: object, source: str) -> object:
    if isinstance(value, str):
        value = _secret(value) if name == "password" else value.strip(_AROUND)
    if name in _FLAGS and not isinstance(value, bool):
        flag = _TRUE.get(str(value).lower())
        if flag is None:
            raise ConfigurationError(f"{source} is neither true nor false: give one of them")
        return flag
    if name in _NUMBERS and not isinstance(value, int):
        if not str(value).isascii() or not str(value).isdigit():
            raise ConfigurationError(f"{source} is not a whole number: give digits alone")
        return int(str(value))
    if name in _SECONDS and isinstance(value, str):
        return _seconds(value, source)
    if name in _TEXTS and not isinstance(value, str | Secret):
        if name == "api_id" and isinstance(value, int):
            return value
        raise ConfigurationError(f"{source} is not a text: put it in quotes")
    return value
