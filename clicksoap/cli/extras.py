"""Import of optional parts of clicksoap for commands."""

from importlib import import_module
from types import ModuleType

import click


def simulator_package() -> ModuleType:
    """The package `clicksoap.simulator`.

    Raises:
        click.ClickException: The extra ``simulator`` is not installed; the text says how to install it.
    """
    try:
        return import_module("clicksoap.simulator")
    except ImportError as error:
        raise click.ClickException(str(error)) from None
