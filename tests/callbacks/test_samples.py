"""Every sample of a callback is read as its event, or refused with its reason."""

from decimal import Decimal
from typing import Any

import pytest
from callback_samples import EXPECTED, NAMES, described, sample

from clicksoap import DeliveryReport, InboundMessage, InvalidCallback
from clicksoap.callbacks import is_probe, parse_callback, parse_inbound, parse_report

EVENTS = [name for name in NAMES if EXPECTED[name]["kind"] in {"report", "inbound"}]
INVALID = [name for name in NAMES if EXPECTED[name]["kind"] == "invalid"]
PROBES = [name for name in NAMES if EXPECTED[name]["kind"] == "probe"]


def test_every_sample_has_an_expectation_and_every_expectation_a_sample() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_is_read_as_its_event(name: str) -> None:
    request = sample(name)
    event = parse_callback(request)
    assert described(event) == EXPECTED[name]
    assert (parse_report if isinstance(event, DeliveryReport) else parse_inbound)(request) == event
    assert not is_probe(request)
    assert type(event).from_dict(event.to_dict()) == event


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_sample_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(InvalidCallback, match=EXPECTED[name]["says"]) as refused:
        parse_callback(sample(name))
    problem, _, wanted = str(refused.value).partition(": ")
    assert problem
    assert wanted


@pytest.mark.parametrize("name", PROBES)
def test_the_check_of_an_address_is_a_probe_and_no_callback(name: str) -> None:
    assert is_probe(sample(name))
    with pytest.raises(InvalidCallback):
        parse_callback(sample(name))


@pytest.mark.parametrize("name", EVENTS)
def test_a_callback_is_not_taken_for_the_other_kind(name: str) -> None:
    is_report = EXPECTED[name]["kind"] == "report"
    with pytest.raises(InvalidCallback, match="parse_report" if is_report else "parse_inbound"):
        (parse_inbound if is_report else parse_report)(sample(name))


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_shows_neither_numbers_nor_text(name: str) -> None:
    request = sample(name)
    event = parse_callback(request)
    for shown in (repr(event), repr(request), str(event)):
        for secret in ("279995631564", "27123456789", "27833001171", "messageText", "Привет"):
            assert secret not in shown


def test_the_fields_are_kept_as_they_came() -> None:
    event = parse_callback(sample("inbound-http-post-utf16"))
    raw = dict(event.raw)
    assert list(raw)[:2] == ["api_id", "from"]
    assert raw["text"].encode("latin-1").decode("utf-16-be") == "Привет"
    assert raw["timestamp"] == "2026-02-01 01:30:00"


def test_values_have_their_types() -> None:
    report: Any = parse_callback(sample("report-http-post"))
    assert report.charge == Decimal("0.3")
    assert (report.code, report.is_final, report.is_delivered) == ("003", False, False)
    assert report.text == "Handed to the upstream gateway or network"
    part: Any = parse_callback(sample("inbound-http-get-part"))
    assert isinstance(part, InboundMessage)
    assert part.concatenation is not None
    assert (part.concatenation.reference, part.concatenation.total, part.concatenation.number) == (0x33, 2, 1)
