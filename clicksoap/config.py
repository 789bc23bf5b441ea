"""Settings of a client from environment variables, container secrets and a TOML file."""

import codecs
import dataclasses
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
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


def load(
    profile: str | None = None, environ: Mapping[str, str] | None = None, overrides: ClientOptions | None = None
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

    Raises:
        ConfigurationError: Something needed is missing (the text names every place), or something is malformed.
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
    path = _path(variables)
    table = _profile(path, asked, is_named=bool(variables.get("CLICKSOAP_CONFIG")))
    found: dict[str, object] = {}
    for name in sorted(_ALL - given.keys()):
        value = _from_environment(name, variables)
        if value is None:
            value = _from_profile(name, table, path)
        if value is not None:
            found[name] = value
    for name in _REQUIRED:
        if name not in found and name not in given:
            raise ConfigurationError(
                f"no {name}: set CLICKSOAP_{name.upper()}, CLICKSOAP_{name.upper()}_FILE, {_VENDOR[name]} or "
                f"{_VENDOR[name]}_FILE, or {name} or {name}_file under [{asked or 'default'}] in {path}"
            )
    if "client_cert" in given:
        found.pop("client_key", None)  # it belongs to the certificate that is not taken
    return cast("ClientOptions", {**_settings(found), **given})


class _Variables:
    """The environment, freed of what stands around values; its repr hides them from those who show local variables."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        return self._environment.get(name, "").strip(_AROUND) or None

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)


def _check_names(variables: _Variables) -> None:
    """Refuse a misspelt variable, because the setting that it is meant for would silently have its default."""
    for variable in variables:
        if variable.startswith("CLICKSOAP_") and variable not in {"CLICKSOAP_CONFIG", "CLICKSOAP_PROFILE"}:
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


def _path(variables: _Variables) -> Path:
    if named := variables.get("CLICKSOAP_CONFIG"):
        return Path(named)
    if os.name == "nt":
        folder = Path(variables.get("APPDATA") or Path.home() / "AppData/Roaming")
    else:
        folder = Path(variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or Path.home()) / ".config")
    return folder / "clicksoap/config.toml"


def _tables(path: Path, asked: str | None, *, is_named: bool) -> dict[str, object]:
    try:
        return {name: _with_secret(table) for name, table in tomllib.loads(_decoded(path.read_bytes())).items()}
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


def _from_environment(name: str, variables: _Variables) -> object:
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
        source, file = f"{name}_file in {path}", table[f"{name}_file"]
        if not isinstance(file, str):
            raise ConfigurationError(f"{source} is not a text: put it in quotes")
        return _converted(name, _content(file, source), source)
    return None


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
