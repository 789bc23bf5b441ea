"""The command group ``clicksoap``, which loads its commands lazily."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from clicksoap.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final = {
    "balance": "Print the credits that are left.",
    "callbacks": "Receive delivery reports and inbound messages.",
    "charge": "Print what messages cost, in credits.",
    "config": "Write, show and check the settings.",
    "coverage": "Print whether numbers are routed, and from how many credits.",
    "demo": "Send over both SOAP bindings to a simulated gateway, and show the results.",
    "doctor": "Check the way to the gateway, the account, and the outbox if there is one.",
    "envelope": "Print the exact requests of a send; nothing is sent.",
    "explain": "Explain an error, a status or the request in a file.",
    "outbox": "Send what stands in the outbox, look at it, and decide.",
    "ping": "Log in, and keep a session alive once.",
    "redeem": "Redeem a voucher.",
    "segments": "Count the parts of a text; nothing is sent.",
    "send": "Send a text to one or more numbers.",
    "simulator": "Run a simulated gateway on this machine until Ctrl-C.",
    "status": "Print the status of messages.",
    "stop": "Stop messages that still wait in the gateway.",
    "wsdl": "Print a bundled WSDL, or write it to a file.",
}
"""The first line of help of each command, so that the list of commands needs no command's module.

A command is the object ``command`` of the module of its name in `clicksoap.cli.commands`.
"""

EXIT_CODES: Final = {
    0: "All is well: every recipient is accepted, the question is answered.",
    1: "The program failed, or the server is not a gateway.",
    2: "The command line or a setting is wrong; nothing was sent.",
    3: "The gateway refused at least one recipient, or the request.",
    4: "At least one recipient was certainly not sent to.",
    5: "It is unknown whether a message was sent: do not send again, ask.",
    6: "The gateway refused the credentials, or the account.",
    7: "The credit is used up, or below the limit.",
    75: "Nothing was done, and the same command may succeed later.",
    130: "Ctrl-C ended a command that had nothing under way.",
    143: "SIGTERM ended a command that had nothing under way.",
}
"""The meaning of each exit code."""

PRECEDENCE: Final = (5, 6, 7, 4, 3)
"""The order of the exit codes of mixed outcomes: the first that applies is given."""

_INTERRUPTED: Final = 130
_EPILOG: Final = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {text}" for code, text in EXIT_CODES.items())
_ORDER: Final = f"Mixed outcomes give the first of {', '.join(map(str, PRECEDENCE))} that applies."


class LazyGroup(click.Group):
    """A group of commands that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands, for the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load a command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"clicksoap.cli.commands.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; Ctrl-C before it began, or at one of its questions, is one line and the usual code."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Error: interrupted", err=True)
        raise click.exceptions.Exit(_INTERRUPTED)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands and options that complete a word, without importing the commands."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for completion

        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{_EPILOG}\n\n{_ORDER}",
)
@click.version_option(__version__, prog_name="clicksoap", help="Show the version and exit.")
@click.pass_context
def cli(context: click.Context) -> None:
    """Send SMS through the Clickatell SOAP gateway contract."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
