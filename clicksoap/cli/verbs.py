"""Options and manners that verbs share: output, account, signals, exit codes."""

import functools
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

import click

from clicksoap.cli.output import Output, error_data
from clicksoap.errors import ClicksoapError, ConfigurationError, GatewayError, NotSent, TransportError

if TYPE_CHECKING:
    from clicksoap.client import Client
    from clicksoap.config import Configuration
    from clicksoap.protocol.arguments import ClientOptions

T = TypeVar("T")

Verb = Callable[..., int]
"""A verb: gets its options by keyword and an `Output`, and gives the exit code."""

_SIGTERM_CODE: Final = 143
_SIGINT_CODE: Final = 130


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


class Account:
    """The account that a verb speaks for: the options ``--profile`` and ``--endpoint``, and the settings behind them.

    Args:
        profile: The profile of the configuration file; None for the default.
        endpoint: The gateway, instead of that of the settings.
    """

    def __init__(self, profile: str | None, endpoint: str | None) -> None:
        self.profile = profile
        self.endpoint = endpoint

    def configuration(self) -> "Configuration":
        """The settings with the places that they come from.

        Raises:
            ConfigurationError: A setting is malformed.
        """
        from clicksoap.config import find  # noqa: PLC0415 - help and errors of usage do not need it

        return find(self.profile, folder=Path.cwd())

    def region(self) -> str | None:
        """The region of the settings, in which national numbers are read; None for none.

        Raises:
            ConfigurationError: A setting is malformed.
        """
        found = self.configuration().settings.get("region")
        return None if found is None else str(found.value)

    def options(self) -> "ClientOptions":
        """The arguments of a client. A missing password is asked for if a person sits at the terminal.

        Raises:
            ConfigurationError: A setting is missing or malformed.
        """
        from clicksoap.config import load  # noqa: PLC0415 - as above

        given: ClientOptions = {} if self.endpoint is None else {"endpoint": self.endpoint}
        configuration = self.configuration()
        found = configuration.settings
        if configuration.is_local and not click.get_current_context().params.get("quiet"):
            click.echo(f"Settings of {configuration.path} are used.", err=True)
        if "password" not in found and {"api_id", "user"} <= found.keys() and _is_person_present():
            from clicksoap.secret import Secret  # noqa: PLC0415 - as above

            given["password"] = Secret(click.prompt("Password", hide_input=True, err=True))
        try:
            return load(self.profile, overrides=given, folder=Path.cwd())
        except ConfigurationError as error:
            if str(error).startswith("no "):
                raise ConfigurationError(f"{error}; or run: clicksoap config init") from None
            raise

    def client(self) -> "Client":
        """A client of the account.

        Raises:
            ConfigurationError: A setting is missing or malformed.
        """
        from clicksoap.client import Client  # noqa: PLC0415 - as above

        return Client(**self.options())


def reporting(function: Verb) -> Callable[..., NoReturn]:
    """Add ``--json`` and ``--quiet`` to a verb, report its errors, and exit with its code."""

    @click.option("--json", "as_json", is_flag=True, help="Write the data as one JSON document.")
    @click.option("--quiet", "-q", is_flag=True, help="Write no notes; errors are still written.")
    @functools.wraps(function)
    def run(*, as_json: bool, quiet: bool, **options: object) -> NoReturn:
        output = Output(as_json=as_json, quiet=quiet)
        code: int
        try:
            with sigterm():
                code = function(output=output, **options)
        except ClicksoapError as error:
            code = failed(output, error)
        except KeyboardInterrupt as interrupt:
            code = _SIGTERM_CODE if isinstance(interrupt, Terminated) else _SIGINT_CODE
            output.problem("interrupted")
        raise click.exceptions.Exit(code)

    return run


def connected(function: Verb) -> Verb:
    """Add ``--profile`` and ``--endpoint`` to a verb, which gets them as ``account``."""

    @click.option("--profile", "-p", metavar="NAME", help="Profile of the configuration file.")
    @click.option("--endpoint", metavar="URL", help="Gateway to speak to, instead of that of the settings.")
    @functools.wraps(function)
    def run(*, profile: str | None, endpoint: str | None, **options: object) -> int:
        return function(account=Account(profile, endpoint), **options)

    return run


def answer_or_refusal(ask: Callable[[], T]) -> "T | GatewayError":
    """The answer to one of several questions, or its own refusal.

    Raises:
        ClicksoapError: The gateway cannot be asked, or refuses the account: the other questions would end alike.
    """
    from clicksoap.cli.exit_codes import REJECTED, code_of  # noqa: PLC0415 - only needed here

    try:
        return ask()
    except GatewayError as error:
        if code_of(error) != REJECTED:
            raise
        return error


def failed(output: Output, error: ClicksoapError) -> int:
    """Report an error, and give its exit code."""
    from clicksoap.cli.exit_codes import code_of  # noqa: PLC0415 - only needed here

    code = code_of(error)
    output.problem(str(error))
    refusal = getattr(error, "code", None) or getattr(error.cause, "code", None)
    tell_limit(output, error)
    if refusal in _explained():
        output.note(f"More about it: clicksoap explain {refusal}")
    tell_way(output, error)
    output.document({"exit_code": code, "error": error_data(error)})
    return code


def tell_way(output: Output, error: ClicksoapError) -> None:
    """Note how to find out where the way to the gateway ends, if that is what failed."""
    cause = error.cause if isinstance(error, NotSent) else error
    if isinstance(cause, TransportError):
        profile = click.get_current_context().params.get("profile")
        output.note(f"Where the way ends: clicksoap doctor{f' -p {profile}' if profile else ''}")


def tell_limit(output: Output, error: ClicksoapError) -> None:
    """Note until when the limit of the account lasts, if the gateway told."""
    until = getattr(error, "until", None) or getattr(error.cause, "until", None)
    if until is not None:
        output.note(f"The limit ends at {until:%Y-%m-%d %H:%M:%S} UTC.")


def examples(*lines: str) -> str:
    """The epilog of a command: examples to copy, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@contextmanager
def sigterm() -> Generator[None]:
    """Turn SIGTERM into an exception, so that a send ends with its report; the handlers come back at the end."""

    def on_signal(_number: int, _frame: object) -> NoReturn:
        raise Terminated

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finish_undisturbed(output: Output) -> None:
    """Ignore Ctrl-C and SIGTERM until the end of the verb: the outcome is known, and has to be written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    output.keep_data()


def _is_person_present() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def _explained() -> frozenset[str]:
    from clicksoap.codes import ERRORS  # noqa: PLC0415 - only needed here

    return frozenset(ERRORS)
