"""Settings of a client from environment variables, container secrets and a TOML file."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypedDict, cast

from clicksoap.errors import ConfigurationError
from clicksoap.protocol.timeout import Timeout
from clicksoap.secret import Secret

# What a setting is, in the environment as well as in the file; everything else of a client is code.
_TEXTS: Final = frozenset(
    {
        *("user", "password", "api_id", "endpoint", "binding", "auth", "proxy"),
        *("ca", "client_cert", "client_key", "region", "sender", "http_method"),
    }
)
_FLAGS: Final = frozenset({"allow_plaintext"})
_NUMBERS: Final = frozenset({"max_recipients"})
_OTHER: Final = frozenset({"headers", "timeout"})
_ALL: Final = _TEXTS | _FLAGS | _NUMBERS | _OTHER
_REQUIRED: Final = ("api_id", "user", "password")

_EXAMPLES: Final = {"timeout": '{"total": 60}', "headers": '{"X-Team": "billing"}'}

# Older tools of this gateway read these.
_VENDOR: Final = {"api_id": "CLICKATELL_API_ID", "user": "CLICKATELL_USER", "password": "CLICKATELL_PASSWORD"}
_TRUE: Final = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Settings(TypedDict, total=False):
    """The arguments of a client that were found; see `clicksoap.Client`."""

    api_id: int | str
    user: str
    password: Secret
    endpoint: str
    binding: Any
    auth: Any
    timeout: Timeout
    proxy: str
    ca: str
    client_cert: str | tuple[str, str]
    headers: dict[str, str]
    allow_plaintext: bool
    max_recipients: int
    region: str
    sender: str
    http_method: Any


def load(profile: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Collect the settings of a client.

    Each is looked for as ``CLICKSOAP_<NAME>``, as the content of the file named by ``CLICKSOAP_<NAME>_FILE``, for
    credentials then as ``CLICKATELL_<NAME>`` (and ``_FILE``), and at last in a profile of the TOML file, which
    ``CLICKSOAP_CONFIG`` names (by default ``clicksoap/config.toml`` in the user's configuration folder).

    Args:
        profile: The table of the TOML file; by default what ``CLICKSOAP_PROFILE`` says, else ``default``.
        environ: The environment, if not that of the process.

    Raises:
        ConfigurationError: Something needed is missing (the text names every place), or something is malformed.
    """
    variables = os.environ if environ is None else environ
    _check_names(variables)
    asked = profile or variables.get("CLICKSOAP_PROFILE") or None
    path = _path(variables)
    table = _profile(path, asked, is_named=bool(variables.get("CLICKSOAP_CONFIG")))
    found: dict[str, object] = {}
    for name in sorted(_ALL):
        value = _from_environment(name, variables)
        if value is None:
            value = _from_profile(name, table, path)
        if value is not None:
            found[name] = value
    for name in _REQUIRED:
        if name not in found:
            raise ConfigurationError(
                f"no {name}: set CLICKSOAP_{name.upper()}, CLICKSOAP_{name.upper()}_FILE, {_VENDOR[name]} or "
                f"{_VENDOR[name]}_FILE, or {name} or {name}_file under [{asked or 'default'}] in {path}"
            )
    return _settings(found)


def _check_names(variables: Mapping[str, str]) -> None:
    """Refuse a misspelt variable, because the setting that it is meant for would silently have its default."""
    for variable in variables:
        if variable.startswith("CLICKSOAP_") and variable not in {"CLICKSOAP_CONFIG", "CLICKSOAP_PROFILE"}:
            name = variable.removeprefix("CLICKSOAP_").removesuffix("_FILE").lower()
            if name not in _ALL:
                raise ConfigurationError(
                    f"{variable} is not a known setting: CLICKSOAP_ goes before one of {', '.join(sorted(_ALL))}"
                )


def _settings(found: dict[str, object]) -> Settings:
    settings: dict[str, Any] = {
        name: value for name, value in found.items() if name not in {"password", "client_key", "timeout", "headers"}
    }
    settings["password"] = Secret(str(found["password"]))
    if "client_key" in found:
        if "client_cert" not in found:
            raise ConfigurationError("client_key is set without client_cert: set both")
        settings["client_cert"] = (found["client_cert"], found["client_key"])
    if "timeout" in found:
        try:
            settings["timeout"] = Timeout(**_mapping("timeout", found["timeout"]))
        except TypeError:
            raise ConfigurationError("timeout has an unknown key: give connect, read and total, in seconds") from None
    if "headers" in found:
        settings["headers"] = _mapping("headers", found["headers"])
    return cast("Settings", settings)


def _mapping(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name} is not a table: in the environment, give JSON such as {_EXAMPLES[name]}")
    return {str(key): item for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _path(variables: Mapping[str, str]) -> Path:
    if named := variables.get("CLICKSOAP_CONFIG"):
        return Path(named)
    if os.name == "nt":
        folder = Path(variables.get("APPDATA") or Path.home() / "AppData/Roaming")
    else:
        folder = Path(variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or Path.home()) / ".config")
    return folder / "clicksoap/config.toml"


def _tables(path: Path, asked: str | None, *, is_named: bool) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
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
    # Raised out here: the parser's exceptions hold the file's content, passwords too, and must not hang on ours.
    raise ConfigurationError(problem)


def _profile(path: Path, asked: str | None, *, is_named: bool) -> dict[str, object]:
    tables = _tables(path, asked, is_named=is_named)
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


def _from_environment(name: str, variables: Mapping[str, str]) -> object:
    for variable in filter(None, (f"CLICKSOAP_{name.upper()}", _VENDOR.get(name))):
        if value := variables.get(variable):
            return _converted(name, value, variable)
        if file := variables.get(f"{variable}_FILE"):
            return _converted(name, _content(file, f"{variable}_FILE"), f"{variable}_FILE")
    return None


def _from_profile(name: str, table: Mapping[str, object], path: Path) -> object:
    if name in table:
        return _converted(name, table[name], f"{name} in {path}")
    if f"{name}_file" in table:
        source = f"{name}_file in {path}"
        return _converted(name, _content(str(table[f"{name}_file"]), source), source)
    return None


def _content(file: str, source: str) -> str:
    try:
        # Secrets are often written with a final line break that does not belong to them.
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    # Raised out here, because a decoder's exception holds the secret.
    raise ConfigurationError(f"the file that {source} names {problem}")


def _converted(name: str, value: object, source: str) -> object:
    if name in _FLAGS and not isinstance(value, bool):
        flag = _TRUE.get(str(value).lower())
        if flag is None:
            raise ConfigurationError(f"{source} is neither true nor false: give one of them")
        return flag
    if name in _NUMBERS and not isinstance(value, int):
        if not str(value).isascii() or not str(value).isdigit():
            raise ConfigurationError(f"{source} is not a whole number: give digits alone")
        return int(str(value))
    if name in _TEXTS and not isinstance(value, str):
        if name == "api_id" and isinstance(value, int):
            return value
        raise ConfigurationError(f"{source} is not a text: put it in quotes")
    return value
