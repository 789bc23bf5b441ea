"""The arguments of both clients: their types, and the checks of each before anything is sent."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypedDict

from clicksoap.checks import MAX_SECONDS, check_text, plain_int, plain_seconds, plain_str
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.protocol.endpoint import BindingName, HttpMethod
from clicksoap.protocol.flows import Credentials
from clicksoap.protocol.observing import Observer
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import ClientCert, FilePath
from clicksoap.secret import Secret
from clicksoap.version import __version__

DEFAULT_RETRY: Final = Retry()


class ViewOptions(TypedDict, total=False):
    """The options that `Client.with_options` may change; an option that is left out stays as it is.

    Attributes:
        timeout: Limits of one request; None for the defaults of `Timeout`.
        retry: When to try again; None never does.
        deadline: Seconds from the start of a call to its hard end; None for no end but the requests' own.
        max_recipients: Recipients in one request; None for the gateway's cap.
        sender: The sender of messages where a send names none (gateway: ``from``); None for none.
        on_exchange: Called after every exchange with the gateway; None for nobody.
    """

    timeout: Timeout | None
    retry: Retry | None
    deadline: float | None
    max_recipients: int | None
    sender: str | None
    on_exchange: Observer | None


class ClientOptions(ViewOptions, total=False):
    """The arguments of both clients, as ``from_config`` takes them; `clicksoap.Client` says what each means."""

    api_id: int | str
    user: str
    password: str | Secret
    endpoint: str | None
    binding: BindingName | None
    wsdl: FilePath | bytes | None
    auth: Literal["session", "credentials"]
    proxy: str | None
    ca: FilePath | None
    client_cert: ClientCert | None
    headers: Mapping[str, str] | None
    allow_plaintext: bool
    region: str | None
    user_agent_extra: str | None
    http_method: HttpMethod
    log_content: bool


class Arguments(ViewOptions):
    """The arguments of both clients, beside those that say how they reach the network; see `clicksoap.Client`."""

    api_id: int | str
    user: str
    password: str | Secret
    endpoint: str | None
    binding: BindingName | None
    wsdl: FilePath | bytes | None
    auth: Literal["session", "credentials"]
    allow_plaintext: bool
    region: str | None
    http_method: HttpMethod
    log_content: bool


_MAX_API_ID_DIGITS: Final = 10  # of 32 bits
_HEADER_NAME: Final = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)
_OURS: Final = frozenset(
    {"content-type", "content-length", "soapaction", "host", "transfer-encoding", "accept", "accept-encoding"}
)


def check_kinds(timeout: object, retry: object, deadline: object, observer: object) -> None:
    """Refuse arguments of a wrong kind where they are given, not at the first call that needs them."""
    if timeout is not None and not isinstance(timeout, Timeout):
        raise ConfigurationError(f"timeout= is {type(timeout).__name__}: give Timeout(connect=5, read=30, total=60)")
    if retry is not None and not isinstance(retry, Retry):
        raise ConfigurationError(f"retry= is {type(retry).__name__}: give Retry(attempts=4), or None for one try")
    if observer is not None and not callable(observer):
        raise ConfigurationError(f"on_exchange= is {type(observer).__name__}: give a function that takes an Exchange")
    if is_asynchronous(observer):
        raise ConfigurationError("on_exchange= is a coroutine function, which nobody awaits: give a plain function")
    if deadline is not None and plain_seconds(deadline) is None:
        raise ConfigurationError(
            f"deadline= is not a positive number of seconds: give one, {MAX_SECONDS} at most, or None for no deadline"
        )


def is_asynchronous(function: object) -> bool:
    """Whether a call of the function gives a coroutine that somebody has to await."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - of an object


def checked_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return the value as a plain str if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        shown = " or ".join(f'"{choice}"' for choice in choices)
        raise ConfigurationError(f"{name}= is unknown: give {shown}")
    return plain_str(value)


def checked_flag(given: Arguments, name: Literal["allow_plaintext", "log_content"]) -> bool:
    """Return the flag of this name if it is a bool."""
    value: object = given[name]
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}= is {type(value).__name__}: give True or False")
    return value


def wsdl_content(wsdl: FilePath | bytes) -> bytes:
    """Return the content of a WSDL that is given as path or content."""
    if isinstance(wsdl, bytes):
        return wsdl
    try:
        return Path(wsdl).read_bytes()
    except (OSError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"wsdl= cannot be read ({type(error).__name__}): give a path or the content of a WSDL"
        ) from None


def checked_credentials(api_id: object, user: object, password: object, binding: BindingName) -> Credentials:
    """Check the credentials as the binding carries them."""
    # Both WSDLs declare api_id as xsd:int.
    if (
        binding != "http"
        and isinstance(api_id, str)
        and api_id.isascii()
        and api_id.isdigit()
        and len(api_id) <= _MAX_API_ID_DIGITS
    ):
        api_id = int(api_id)
    number = plain_int(api_id)
    is_int = number is not None and 0 < number < 2**31
    if binding != "http" and not is_int:
        raise ConfigurationError("api_id= is not valid: give a positive whole number below 2**31, which SOAP carries")
    if not is_int and not (isinstance(api_id, str) and api_id):
        raise ConfigurationError("api_id= is empty, or neither int nor str: give the number of the API")
    if isinstance(api_id, str):
        checked_text("api_id", api_id)
    if isinstance(password, Secret):
        password = password.reveal()
    for name, value in (("user", user), ("password", password)):
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{name}= is empty or not a str: give the account's {name}")
        checked_text(name, value)
    return Credentials(plain_str(api_id) if number is None else number, plain_str(user), Secret(plain_str(password)))


def checked_text(name: str, value: object) -> str:
    """Return an argument of the constructor as a plain str, if it holds what a document can carry."""
    try:
        return check_text(value, f"{name}=")
    except InvalidInput as error:
        raise ConfigurationError(str(error)) from None


def checked_max_recipients(max_recipients: object, cap: int) -> int:
    """Check ``max_recipients=``; None stands for the cap."""
    if max_recipients is None:
        return cap
    number = plain_int(max_recipients)
    if number is None:
        raise ConfigurationError("max_recipients= is not an int: give one")
    if not 1 <= number <= cap:
        raise ConfigurationError(
            f"max_recipients= is out of range: give 1 to {cap}, the gateway's cap for this binding"
        )
    return number


def sent_headers(headers: Mapping[str, str] | None, user_agent_extra: str | None) -> dict[str, str]:
    """The HTTP headers of every request.

    Raises:
        ConfigurationError: One of them is set by the contract, or cannot be sent.
    """
    if headers is not None and not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers= is {type(headers).__name__}: give a dict of names and values")
    if user_agent_extra is not None and not isinstance(user_agent_extra, str):
        raise ConfigurationError(f"user_agent_extra= is {type(user_agent_extra).__name__}: give a str")
    agent = f"clicksoap/{__version__}" + (f" {user_agent_extra}" if user_agent_extra else "")
    given = headers or {}
    named = {name.lower() for name in given if isinstance(name, str)}
    merged = {**({} if "user-agent" in named else {"User-Agent": agent}), **given}
    checked: dict[str, str] = {}
    for name, value in merged.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ConfigurationError("headers= holds a name or value that is not a str: give strs")
        name, value = plain_str(name), plain_str(value)  # noqa: PLW2901 - the same, without a subclass
        if name.lower() in _OURS:
            raise ConfigurationError(f"headers= holds {name}, which the contract sets: leave it out")
        if not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError("headers= holds an invalid header name: use letters, digits and hyphens")
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError(
                "headers= (or user_agent_extra=) holds a line break or a character beyond ASCII: give printable ASCII"
            )
        checked[name] = value
    return checked
