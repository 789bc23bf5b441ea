"""The arguments of both clients: their types, and the checks of each before anything is sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypedDict

from clicksoap.checks import check_text, plain_str
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.protocol.endpoint import BindingName, HttpMethod
from clicksoap.protocol.flows import Credentials
from clicksoap.protocol.observing import Observer
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import FilePath
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
    if deadline is not None and (
        isinstance(deadline, bool) or not isinstance(deadline, int | float) or not 0 < deadline < float("inf")
    ):
        raise ConfigurationError("deadline= is not a positive number of seconds: give one, or None for no deadline")


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
    except (OSError, TypeError) as error:
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
    is_int = isinstance(api_id, int) and not isinstance(api_id, bool) and 0 < api_id < 2**31
    if binding != "http" and not is_int:
        raise ConfigurationError("api_id= is not valid: give a positive whole number below 2**31, which SOAP carries")
    if not is_int and not (isinstance(api_id, str) and api_id):
        raise ConfigurationError("api_id= is empty, or neither int nor str: give the number of the API")
    if isinstance(password, Secret):
        password = password.reveal()
    for name, value in (("user", user), ("password", password)):
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{name}= is empty or not a str: give the account's {name}")
        try:
            check_text(value, name)
        except InvalidInput as error:
            raise ConfigurationError(str(error)) from None
    return Credentials(
        api_id if isinstance(api_id, int) else plain_str(api_id), plain_str(user), Secret(plain_str(password))
    )


def checked_max_recipients(max_recipients: object, cap: int) -> int:
    """Check ``max_recipients=``; None stands for the cap."""
    if max_recipients is None:
        return cap
    if isinstance(max_recipients, bool) or not isinstance(max_recipients, int):
        raise ConfigurationError("max_recipients= is not an int: give one")
    if not 1 <= max_recipients <= cap:
        raise ConfigurationError(
            f"max_recipients= is out of range: give 1 to {cap}, the gateway's cap for this binding"
        )
    return max_recipients


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
        if not all(isinstance(part, str) for part in (name, value)):
            raise ConfigurationError("headers= holds a name or value that is not a str: give strs")
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
