"""Both facades offer the same: names, arguments, results and words."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from clicksoap import AsyncBatch, AsyncClient, Batch, Client

PAIRS = ((Client, AsyncClient), (Batch, AsyncBatch))
METHODS = [
    (sync, twin, name)
    for sync, twin in PAIRS
    for name, found in inspect.getmembers(sync)
    if not name.startswith("_") and (callable(found) or isinstance(found, property))
]


def _documented(member: Any) -> str:
    text = re.sub(r"\bAsync(?=Client|Batch)", "", inspect.getdoc(member) or "").replace("asyncio.sleep", "time.sleep")
    assert text
    return text


def _shape(function: Callable[..., Any]) -> tuple[list[inspect.Parameter], str]:
    signature = inspect.signature(function)
    returned = re.sub(r"\bAsync(?=Client|Batch|Service)", "", str(signature.return_annotation))
    return list(signature.parameters.values()), returned


def test_both_offer_the_same_names() -> None:
    for sync, twin in PAIRS:
        assert {name for name in dir(sync) if not name.startswith("_")} == {
            name for name in dir(twin) if not name.startswith("_")
        }


@pytest.mark.parametrize(
    ("sync", "twin", "name"), METHODS, ids=[f"{sync.__name__}.{name}" for sync, _, name in METHODS]
)
def test_a_method_has_the_same_arguments_result_and_words(sync: type, twin: type, name: str) -> None:
    one, other = inspect.getattr_static(sync, name), inspect.getattr_static(twin, name)
    assert _documented(one) == _documented(other)
    if isinstance(one, property):
        return
    one, other = getattr(sync, name), getattr(twin, name)
    # A sleep is awaited by the one and called by the other; a requests session is taken by one alone.
    if name in {"with_options", "from_config"}:
        assert list(inspect.signature(one).parameters) == list(inspect.signature(other).parameters)
    else:
        assert _shape(one) == _shape(other)
    waits = name not in {"batch", "segments", "from_config", "with_options"}
    assert inspect.iscoroutinefunction(other) is waits


def test_the_constructors_differ_by_the_requests_session_alone() -> None:
    one, other = inspect.signature(Client).parameters, inspect.signature(AsyncClient).parameters
    assert [name for name in one if name != "session"] == list(other)
    assert {name: one[name].default for name in other} == {name: other[name].default for name in other}
