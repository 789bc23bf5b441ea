"""The command group ``clicksoap``, which loads its commands lazily."""

from importlib import import_module
from typing import Final

import click

from clicksoap.version import __version__

COMMANDS: Final = ("demo", "simulator")
"""The commands. Each is the object ``command`` of the module of its name in `clicksoap.cli.commands`."""


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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clicksoap", help="Show the version and exit.")
def cli() -> None:
    """Send SMS through the Clickatell SOAP gateway contract."""
