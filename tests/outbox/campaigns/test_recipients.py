"""Recipients' cells: a number, or what happened to it."""

import phonenumbers
import pytest
from examples import examples
from hypothesis import given, strategies as st

from clicksoap.msisdn import msisdn
from clicksoap.outbox.campaigns.national import plain_reader
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.recipients import _is_certain, recipient


def refused(cell: str, region: str | None = None) -> Problem:
    with pytest.raises(BadRow) as caught:
        recipient(cell, "mobile", region)
    problem = caught.value.problem
    assert problem.column == "mobile"
    assert problem.reason.startswith("mobile ")
    assert ": " in problem.reason
    # The reason is shown where the value must not be.
    digits = "".join(filter(str.isdigit, cell))
    assert len(digits) < 4 or digits not in problem.reason
    assert cell not in problem.reason or len(cell) < 2
    assert repr(cell) not in repr(problem)
    return problem


@pytest.mark.parametrize(
    "cell",
    ["27821234567", "+27821234567", " 27821234567 ", "+27 82 123 4567", "0027821234567", "tel:+27-82-123-4567",
     "(27) 82 1234567", "\N{ZERO WIDTH SPACE}27821234567", "\N{FULLWIDTH PLUS SIGN}27821234567"],
)  # fmt: skip
@pytest.mark.parametrize("region", [None, "ZA"])
def test_an_international_number_is_read(cell: str, region: str | None) -> None:
    assert recipient(cell, "mobile", region) == "27821234567"


@pytest.mark.parametrize("cell", ["082 123 4567", "0821234567", "821234567", "82 123-4567"])
def test_a_region_completes_a_national_number_also_without_its_zero(cell: str) -> None:
    assert recipient(cell, "mobile", "ZA") == "27821234567"


@pytest.mark.parametrize(
    ("cell", "kind", "said"),
    [
        ("", Kind.NO_NUMBER, "is empty: give the number"),
        (" \t", Kind.NO_NUMBER, "is empty"),
        ("27821234567, 27831234567", Kind.SEVERAL_NUMBERS, "several numbers: give each one a row of its own"),
        ("27821234567/27831234567", Kind.SEVERAL_NUMBERS, "several"),
        ("27821234567;27831234567", Kind.SEVERAL_NUMBERS, "several"),
        ("27821234567 27831234567", Kind.SEVERAL_NUMBERS, "several"),
        ("27821234567\n27831234567", Kind.SEVERAL_NUMBERS, "several"),
        ("+27 82 123 4567 or +27 83 123 4567", Kind.SEVERAL_NUMBERS, "several"),
        ("082 123 4567/8", Kind.SEVERAL_NUMBERS, "several"),
        ("2.7E+10", Kind.SPREADSHEET, "last digits are lost: format the column as text"),
        ("2,78E+10", Kind.SPREADSHEET, "last digits are lost"),
        ("2.7821234567e10", Kind.SPREADSHEET, "last digits are lost"),
        ("27821234567.0", Kind.SPREADSHEET, "is a decimal number, as spreadsheets write them: format the column"),
        ("27821234567,00", Kind.SPREADSHEET, "decimal number"),
        ("27,821,234,567", Kind.SPREADSHEET, "marks of thousands"),
        ("27.821.234.567", Kind.SPREADSHEET, "marks of thousands"),
        ("12/05/2026", Kind.SPREADSHEET, "looks like a date"),
        ("2026-11-29 00:00:00", Kind.SPREADSHEET, "looks like a date"),
        ("#####", Kind.SPREADSHEET, "error of a spreadsheet"),
        ("#N/A", Kind.SPREADSHEET, "error of a spreadsheet"),
        ('="27821234567"', Kind.SPREADSHEET, "is a formula: export the values"),
        ("'27821234567", Kind.SPREADSHEET, "begins with an apostrophe: remove it"),
        ("123456789012345678", Kind.BAD_NUMBER, ""),
        ("call Ann", Kind.BAD_NUMBER, "is not a number"),
        ("27821234567x", Kind.BAD_NUMBER, "is not a number"),
        ("27\0821234567", Kind.BAD_NUMBER, "U+0000 NULL"),
        ("Jan-82", Kind.BAD_NUMBER, "is not a number"),
        ("70 001", Kind.BAD_NUMBER, ""),
    ],
)
@pytest.mark.parametrize("region", [None, "ZA"])
def test_a_damaged_cell_is_named_by_its_damage(cell: str, kind: Kind, said: str, region: str | None) -> None:
    problem = refused(cell, region)
    assert problem.kind is kind
    assert said in problem.reason


def test_without_a_region_the_lengths_of_itu_hold() -> None:
    assert "has 5 digits: an international number has 7 to 15" in refused("70 001").reason
    assert "has 18 digits" in refused("123456789012345678").reason


@pytest.mark.parametrize("cell", ["821234567", "82 123 4567", "12345678", "2125551234"])
def test_a_number_without_its_country_code_is_not_sent_to_another_country(cell: str) -> None:
    assert "lost its country code or its first 0: write the number with +" in refused(cell).reason
    assert 'give region="ZA"' in refused("0821234567").reason
    assert "client" not in refused("0821234567").reason


@pytest.mark.parametrize("number", ["4520123456", "6581234567", "4791234567"])
def test_a_short_number_that_is_valid_with_its_country_code_is_read(number: str) -> None:
    assert recipient(number, "mobile", None) == number
    assert recipient(f"+{number}", "mobile", "ZA") == number


def test_a_plus_makes_any_number_international() -> None:
    assert recipient("+821234567", "mobile", None) == "821234567"


@pytest.mark.parametrize("cell", ["4520123456", "12345678", "2125551234"])
def test_a_region_completes_no_number_to_one_that_nobody_has(cell: str) -> None:
    assert "not in use in region ZA: write the number with +" in refused(cell, "ZA").reason


@given(
    digits=st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True),
    plus=st.sampled_from(["", "+", "00"]),
    region=st.sampled_from([None, "ZA", "IT", "AR", "HK", "US", "DE", "BR", "MX"]),
)
def test_what_is_read_is_read_as_by_a_send(digits: str, plus: str, region: str | None) -> None:
    """The fast path and the checks on top never make another number of it."""
    try:
        found = recipient(plus + digits, "mobile", region)
    except BadRow:
        return
    assert found == msisdn(plus + digits, "to", region)


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@st.composite
def numbers_of_regions(draw: st.DrawFn) -> tuple[str, str]:
    """Digits near an example number of a region: with and without prefixes, with other last digits."""
    region = draw(st.sampled_from(REGIONS))
    kind = draw(st.sampled_from([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]))
    example = phonenumbers.example_number_for_type(region, kind)
    national = phonenumbers.national_significant_number(example) if example else "821234567"
    code = str(phonenumbers.country_code_for_region(region))
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    prefix = draw(
        st.sampled_from(["", "0", "00", code, f"00{code}", f"0{code}", (metadata and metadata.national_prefix) or ""])
    )
    kept = draw(st.integers(0, len(national)))
    return region, prefix + national[:kept] + draw(st.text("0123456789", max_size=len(national) - kept + 1))


@examples(1500)
@given(numbers_of_regions())
def test_the_fast_reader_of_a_region_reads_what_phonenumbers_reads(region_and_digits: tuple[str, str]) -> None:
    region, digits = region_and_digits
    found = plain_reader(region)(digits)
    if found is not None:
        assert found == msisdn(digits, "to", region)
        assert _is_certain(digits, found)


def test_the_fast_reader_reads_the_usual_forms() -> None:
    for region, cell, number in (
        ("ZA", "27821234567", "27821234567"),
        ("ZA", "0821234567", "27821234567"),
        ("ZA", "821234567", "27821234567"),
        ("DE", "015123456789", "4915123456789"),
        ("KE", "0712123456", "254712123456"),
        ("NG", "08021234567", "2348021234567"),
    ):
        assert plain_reader(region)(cell) == number
    assert plain_reader("US")("2015550123") is None


@given(cell=st.text(max_size=40), region=st.sampled_from([None, "ZA"]))
def test_any_cell_is_a_number_or_a_bad_row(cell: str, region: str | None) -> None:
    try:
        found = recipient(cell, "mobile", region)
    except BadRow as error:
        found = "0" * (len(error.problem.value) <= 60)
    assert found.isdecimal()
    assert found.isascii()
