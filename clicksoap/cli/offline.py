"""Requests without the network: the core of a client, and the exact requests that a send would make."""

from typing import TYPE_CHECKING, Final, cast

from clicksoap.protocol.arguments import Arguments, ClientOptions, checked_credentials
from clicksoap.protocol.compose import ClientCore
from clicksoap.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clicksoap.cli.sending import Sending
    from clicksoap.cli.verbs import Account
    from clicksoap.protocol.endpoint import BindingName
    from clicksoap.protocol.wire import WireRequest

MASK: Final = "***"
_OWN_ID: Final = "0" * 32
_API_ID: Final = 123456
_USER: Final = "user"


def core_of(account: "Account") -> ClientCore:
    """The core of a client of the account; its password is masked, and missing credentials are made up.

    Raises:
        ConfigurationError: A setting is malformed.
    """
    return core_with(_options(account))


def core_with(options: ClientOptions) -> ClientCore:
    """The core of a client with these settings; its password is masked."""
    return ClientCore(_arguments(options))


def requests_of(account: "Account", message: "Sending") -> "Iterator[WireRequest]":
    """The requests that a send would make, with the session id or the password masked.

    Client message ids are random in a real send, and zeros here.

    Raises:
        InvalidInput, ConfigurationError: The message cannot be sent.
    """
    arguments = _arguments(_options(account))
    core = ClientCore(arguments)
    plan = core.plan(message.to, message.message, message.options)
    identity: dict[str, int | str] = {"session_id": MASK}
    if arguments["auth"] == "credentials":
        name = cast("BindingName", core.binding.name)
        credentials = checked_credentials(arguments["api_id"], arguments["user"], arguments["password"], name)
        identity = {"api_id": credentials.api_id, "user": credentials.user, "password": MASK}
    own_id = (plan.client_message_id or _OWN_ID) if plan.has_client_id else None
    addressees = plan.addressees()
    for start in range(0, len(addressees), plan.max_recipients):
        chunk = addressees.at(range(start, min(start + plan.max_recipients, len(addressees))))
        for content in plan.contents:
            operation = plan.command(chunk, content, own_id, plan.deliver_at)
            yield core.binding.encode(operation.name, {**identity, **operation.parameters()})


def _options(account: "Account") -> ClientOptions:
    """The settings of the account; its password is not read, and missing credentials are made up."""
    from pathlib import Path  # noqa: PLC0415

    from clicksoap.config import find, load  # noqa: PLC0415

    given: ClientOptions = {"password": Secret(MASK)}
    if account.endpoint is not None:
        given["endpoint"] = account.endpoint
    found = find(account.profile, overrides=given, folder=Path.cwd()).settings
    if "api_id" not in found:
        given["api_id"] = _API_ID
    if "user" not in found:
        given["user"] = _USER
    return load(account.profile, overrides=given, folder=Path.cwd())


def _arguments(options: ClientOptions) -> Arguments:
    return Arguments(
        api_id=options.get("api_id", _API_ID),
        user=options.get("user", _USER),
        password=Secret(MASK),
        endpoint=options.get("endpoint"),
        binding=options.get("binding"),
        wsdl=options.get("wsdl"),
        auth=options.get("auth", "session"),
        allow_plaintext=options.get("allow_plaintext", False),
        region=options.get("region"),
        http_method=options.get("http_method", "POST"),
        log_content=False,
        max_recipients=options.get("max_recipients"),
        sender=options.get("sender"),
    )
