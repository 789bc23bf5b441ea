"""Import of optional parts of clicksoap for commands."""

from importlib import import_module
from types import ModuleType

import click


def simulator_package() -> ModuleType:
    """The package `clicksoap.simulator`.

    Raises:
        click.ClickException: The extra ``simulator`` is not installed; the text says how to install it.
    """
    return _package("clicksoap.simulator")


def outbox_package() -> ModuleType:
    """The package `clicksoap.outbox`.

    Raises:
        click.ClickException: The extra ``outbox`` is not installed; the text says how to install it.
    """
    return _package("clicksoap.outbox")


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise click.ClickException(str(error)) from None
