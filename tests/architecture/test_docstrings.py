"""Every public name says what it is, and every call of the gateway says what it raises."""

import dataclasses
import enum
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import clicksoap
from clicksoap import AsyncBatch, AsyncClient, Batch, Client

PUBLIC = sorted(set(clicksoap.__all__) - {"__version__"})
CALLS = sorted(
    (kind, name)
    for kind in ("Client", "AsyncClient", "Batch", "AsyncBatch")
    for name, member in inspect.getmembers(getattr(clicksoap, kind), inspect.isfunction)
    if not name.startswith("_") and name != "close"
)


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(kind).items():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property | classmethod)):
            yield name, member


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_and_its_methods_have_docstrings(name: str) -> None:
    found = getattr(clicksoap, name)
    if inspect.isclass(found) and not issubclass(found, enum.Enum) and "__doc__" not in vars(found):
        pytest.fail(f"{name} has no docstring")
    if not inspect.isclass(found):
        return  # an alias of types has none; its own line is in the module
    for member, value in _members(found):
        assert inspect.getdoc(value), f"{name}.{member} has no docstring"


@pytest.mark.parametrize("name", PUBLIC)
def test_the_fields_of_a_public_value_are_described(name: str) -> None:
    """Units, ranges and the gateway's own names stand beside the attribute."""
    found = getattr(clicksoap, name)
    if not dataclasses.is_dataclass(found):
        return
    text = inspect.getdoc(found) or ""
    for field in dataclasses.fields(found):
        assert f"\n    {field.name}: " in text, f"{name}.{field.name} is not described"


@pytest.mark.parametrize(("kind", "name"), CALLS)
def test_a_call_says_what_it_raises(kind: str, name: str) -> None:
    text = inspect.getdoc(getattr(getattr(clicksoap, kind), name)) or ""
    assert "\nRaises:\n" in text or "raises as `" in text or "raises alike" in text, f"{kind}.{name}"


@pytest.mark.parametrize("kind", [Client, AsyncClient, Batch, AsyncBatch])
def test_the_arguments_of_a_call_are_described(kind: type) -> None:
    for name, member in inspect.getmembers(kind, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        text = inspect.getdoc(kind if name == "__init__" else member) or ""
        for parameter in list(inspect.signature(member).parameters)[1:]:
            if kind in {Batch, AsyncBatch} and (name == "__init__" or "returns and raises as" in text):
                continue  # made by the client; or described where it says
            assert f"\n    {parameter}: " in text, f"{kind.__name__}.{name} does not describe {parameter}"
