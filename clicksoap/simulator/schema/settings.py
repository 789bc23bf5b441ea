"""Settings of the gateway as options: their fields, parsed from text, shown as text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.settings import DEFAULTS, Settings
from clicksoap.simulator.schema.fields import Field, fields_of, parse_text
from clicksoap.simulator.schema.shapes import to_json

SETTING_FIELDS: Final[Mapping[str, Field]] = fields_of(Settings)
"""The input field of each setting, by name."""

CALLBACK_SETTINGS: Final = frozenset({"callback", "inbound"})
"""The settings that hold a `CallbackUrl`."""


@dataclass(frozen=True, slots=True)
class SettingHelp:
    """The description of one setting for people.

    Attributes:
        name: The name.
        default: The default as a text; ``none`` for None.
        choices: The allowed values; empty if the setting is not a choice.
        description: The meaning, the units and the allowed range.
    """

    name: str
    default: str
    choices: tuple[str, ...]
    description: str


def parse_setting(name: str, text: str) -> object:
    """The value of a setting that is given as text, such as ``60`` or ``none``.

    Raises:
        KeyError: Unknown setting.
        ValueError: Invalid value.
    """
    field = SETTING_FIELDS[name]
    value: Any = field.read(parse_text(field, text))
    return CallbackUrl(**value) if name in CALLBACK_SETTINGS and value is not None else value


def setting_helps() -> Iterator[SettingHelp]:
    """The description of every setting, in the order of `Settings`."""
    defaults = to_json(DEFAULTS)
    for name, field in SETTING_FIELDS.items():
        default = "none" if defaults[name] is None else str(defaults[name])
        choices = tuple(field.schema.get("enum", ()))
        yield SettingHelp(name, default, choices, field.schema.get("description", ""))
