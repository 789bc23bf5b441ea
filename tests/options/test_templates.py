"""A SOAP request is a template with values put in: each request has its own values, and no value is kept."""

from itertools import combinations
from typing import Any

import pytest
from lxml import etree

from clicksoap import InvalidInput
from clicksoap.contract import Dialect
from clicksoap.protocol.bindings.soap import SoapBinding

FIELDS = tuple(f"field{number}" for number in range(1, 11))


def binding(dialect: Dialect = Dialect.DOCUMENT_LITERAL) -> SoapBinding:
    return SoapBinding(dialect, "http://127.0.0.1:9/soap")


def parts(body: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in etree.fromstring(body)[0][0]:
        found.setdefault(str(element.tag), []).extend(
            [item.text or "" for item in (element if len(element) else [element])]
        )
    return found


def send(**values: Any) -> dict[str, Any]:
    return {"session_id": "s", "to": ["27831234567"], "text": "hello", **values}


@pytest.mark.parametrize("dialect", Dialect)
def test_a_request_has_no_value_of_the_one_before(dialect: Dialect) -> None:
    speaking = binding(dialect)
    first = speaking.encode("sendmsg", send(session_id="first & only", text="one", to=["27830000001"]))
    second = speaking.encode("sendmsg", send(session_id="second", text="two", to=["27830000002", "27830000003"]))
    assert parts(first.body)["session_id"] == ["first & only"]
    assert parts(second.body)["session_id"] == ["second"]
    assert parts(second.body)["to"] == ["27830000002", "27830000003"]
    assert b"first" not in second.body


@pytest.mark.parametrize("dialect", Dialect)
def test_a_binding_keeps_no_value_of_a_request(dialect: Dialect) -> None:
    speaking = binding(dialect)
    speaking.encode("sendmsg", send(user="someone", password="swordfish", text="private", to=["27830000009"]))
    kept = repr(vars(speaking))
    assert [value for value in ("someone", "swordfish", "private", "27830000009") if value in kept] == []


@pytest.mark.parametrize("dialect", Dialect)
def test_the_order_of_the_parameters_changes_nothing(dialect: Dialect) -> None:
    speaking, values = binding(dialect), send(concat=2, queue=1)
    backwards = dict(reversed(values.items()))
    assert speaking.encode("sendmsg", values).body == speaking.encode("sendmsg", backwards).body


@pytest.mark.parametrize("dialect", Dialect)
def test_none_leaves_a_parameter_out_also_behind_a_request_that_had_it(dialect: Dialect) -> None:
    speaking = binding(dialect)
    plain = speaking.encode("sendmsg", send()).body
    speaking.encode("sendmsg", send(concat=2))
    assert speaking.encode("sendmsg", send(concat=None)).body == plain


def test_an_unknown_parameter_is_refused_behind_a_request_without_it() -> None:
    speaking = binding()
    speaking.encode("sendmsg", send())
    for value in ("x", None):
        with pytest.raises(InvalidInput, match="no parameter 'colour'"):
            speaking.encode("sendmsg", send(colour=value))


def test_a_missing_recipient_is_refused_behind_a_request_that_had_some() -> None:
    speaking = binding(Dialect.RPC_ENCODED)
    speaking.encode("sendmsg", send())
    for _ in range(2):
        with pytest.raises(InvalidInput, match="to is missing"):
            speaking.encode("sendmsg", {"session_id": "s", "text": "hello"})


def test_requests_of_a_thousand_sets_of_parameters_are_right() -> None:
    speaking = binding()
    for count in range(len(FIELDS) + 1):
        for names in combinations(FIELDS, count):
            values = {name: f"of {name}" for name in names}
            body = speaking.encode(
                "senditem", {"session_id": "s", "batch_id": "b", "to": ["27831234567"], **values}
            ).body
            found = parts(body)
            assert {name: text for name, [text] in found.items() if name in FIELDS} == values
