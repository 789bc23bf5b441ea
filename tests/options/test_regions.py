"""National numbers with a region, read by the extra ``phone``."""

import re
import sys

import phonenumbers
import pytest

from clicksoap import Client, ConfigurationError, InvalidInput
from clicksoap.msisdn import msisdn
from clicksoap.redaction import masked_number
from clicksoap.simulator import Simulator


@pytest.mark.parametrize(
    ("given", "region", "wire"),
    [
        ("082 123 4567", "ZA", "27821234567"),
        ("(082) 123-4567", "ZA", "27821234567"),
        ("0821234567", "ZA", "27821234567"),
        ("821234567", "ZA", "27821234567"),
        (821234567, "ZA", "27821234567"),
        ("+27 82 123 4567", "ZA", "27821234567"),
        ("0027 82 123 4567", "ZA", "27821234567"),
        ("27821234567", "ZA", "27821234567"),
        (27821234567, "ZA", "27821234567"),
        ("(+27) 82 123 4567", "ZA", "27821234567"),
        ("(0)82 123 4567", "ZA", "27821234567"),
        ("+44 7700 900123", "ZA", "447700900123"),
        ("0044 7700 900123", "ZA", "447700900123"),
        ("07700 900123", "GB", "447700900123"),
        ("(202) 456-1111", "US", "12024561111"),
        ("1 202 456 1111", "US", "12024561111"),
        ("06 6982 1234", "IT", "390669821234"),
        ("0151 12345678", "DE", "4915112345678"),
    ],
)
def test_a_national_number_gets_the_country_code_of_its_region(given: str | int, region: str, wire: str) -> None:
    assert msisdn(given, "to", region) == wire


@pytest.mark.parametrize(
    ("given", "region"),
    [
        *((given, "ZA") for given in ("1", "08212345678901234", "082-FLOWERS", "Tel: 082 123 4567", "082 123 4567 x9")),
        *((given, "ZA") for given in ("447700900123", "", "٠٨٢١٢٣٤٥٦٧", "082+1234567")),
        ("253 0000", "US"),  # possible within one town, and somebody else's behind a country code
    ],
)
def test_what_is_no_number_of_the_region_is_refused_and_not_shown(given: str, region: str) -> None:
    with pytest.raises(
        InvalidInput, match=f"to is not a number of region {region}: give one, or an international number with"
    ) as refused:
        msisdn(given, "to", region)
    assert not re.search("[0-9]{3}", str(refused.value))


def test_without_a_region_a_national_number_is_refused_with_the_mend() -> None:
    with pytest.raises(InvalidInput, match=r'starts with a national 0.*region="ZA"'):
        msisdn("0821234567")


@pytest.mark.parametrize("region", ["za", "South Africa", "", "XX", "27"])
def test_a_region_that_is_none_is_refused_when_the_client_is_made(region: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r'region= is unknown: give a country code of two capitals, such as "ZA"'
    ):
        Client(1, "acme", "secret", region=region)


def test_without_the_extra_the_install_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(ConfigurationError, match=r'region= needs an extra: pip install "clicksoap\[phone\]"'):
        Client(1, "acme", "secret", region="ZA")


def test_without_the_extra_international_numbers_are_still_fine(
    shared: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with Client(1, "acme", "secret", endpoint=shared.origin) as sms:
        assert sms.send("+27 82 123 4567", "hello").accepted


def test_a_client_with_a_region_sends_and_asks_by_national_numbers(shared: Simulator, binding: str) -> None:
    with Client(1, "acme", "secret", endpoint=shared.origin, binding=binding, region="ZA") as sms:  # type: ignore[arg-type]
        report = sms.send(["082 123 4567", "+44 7700 900123"], "hello")
        assert [result.to for result in report.accepted] == ["27821234567", "447700900123"]
        assert [result.given for result in report] == ["082 123 4567", "+44 7700 900123"]
        assert sms.coverage("082 123 4567").routed
        with sms.batch("hello") as batch:
            assert batch.quicksend("082 123 4567")[0].to == "27821234567"
        with pytest.raises(InvalidInput, match=r"to\[1\] is not a number of region ZA"):
            sms.send(["082 123 4567", "12"], "hello")


def test_a_masked_number_shows_its_country_code_and_its_last_two_digits() -> None:
    """The country codes are those of phonenumbers; its non-geographic ones have three digits as well."""
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        assert masked_number(f"{code}5550142") == f"{code}…42"
        assert masked_number(f"+{code}5550142") == f"{code}…42"


def test_what_is_too_short_for_a_number_shows_nothing() -> None:
    assert masked_number("123456") == masked_number("") == "…"
