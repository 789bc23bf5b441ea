"""The rules for Prometheus in docs/deploy: each metric and label in them is one that the programs have."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from outboxes import Store

from clicksoap.callbacks import Callbacks
from clicksoap.outbox import MessageState

RULES = Path(__file__).parents[2] / "docs/deploy/clicksoap-alerts.yml"
METRIC = re.compile(r"\bclicksoap_\w+")


def unknown(rules: str, metrics: str) -> set[str]:
    """The metrics in the expressions of rules that are not in the text of the metrics."""
    told = set(re.findall(r"^(clicksoap_\w+)(?:\{[^}]*\})? [-0-9.e+]+$", metrics, re.MULTILINE))
    return set(METRIC.findall(rules)) - told


def rules_of(name: str) -> dict[str, str]:
    """The expressions of a group of rules, by their alarms."""
    (group,) = (each for each in yaml.safe_load(RULES.read_text("utf-8"))["groups"] if each["name"] == name)
    rules: list[dict[str, Any]] = group["rules"]
    assert all(each["annotations"]["summary"].endswith(".") for each in rules)
    return {each["alert"]: each["expr"] for each in rules}


@pytest.fixture
def expressions() -> dict[str, str]:
    return rules_of("clicksoap-outbox")


def test_the_rules_name_metrics_that_an_outbox_has(sqlite: Store, expressions: dict[str, str]) -> None:
    box = sqlite.box()
    box.pause(by="Thandi", why="a test")
    metrics = box.status().metrics()
    assert len(expressions) == 4
    assert unknown(" ".join(expressions.values()), metrics) == set()
    assert 'clicksoap_outbox_paused{account="default"} 1' in metrics


def test_a_metric_that_does_not_exist_would_be_noticed(sqlite: Store) -> None:
    """The control."""
    assert unknown("clicksoap_outbox_oldest > 60", sqlite.box().status().metrics()) == {"clicksoap_outbox_oldest"}


def test_the_rules_name_states_that_a_message_has(expressions: dict[str, str]) -> None:
    (named,) = re.findall(r'state=~"([^"]+)"', expressions["OutboxMessagesInDoubt"])
    assert set(named.split("|")) == {MessageState.UNCONFIRMED.value, MessageState.UNKNOWN.value}


def test_the_rules_of_a_receiver_name_reasons_that_it_counts() -> None:
    metrics = Callbacks(anybody=True).metrics()
    for expression in rules_of("clicksoap-callbacks").values():
        (metric,) = re.findall(r"clicksoap_\w+\{[^}]+\}", expression)
        assert f"{metric} 0\n" in metrics
