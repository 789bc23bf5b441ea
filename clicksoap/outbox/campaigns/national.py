"""Numbers of one region, read in a microsecond: the plain ones, which are most of a campaign's."""

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

_KINDS: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip
_LONGEST_NATIONAL: Final = 10


@functools.cache
def plain_reader(region: str) -> Callable[[str], str | None]:
    """A function that gives the MSISDN of digits alone; None where only phonenumbers itself can tell.

    It reads two forms, and only where phonenumbers reads the same. One is the country code with a possible number, of
    eleven digits or more. The other is a valid national number, with or without the trunk prefix.

    Args:
        region: ISO 3166 code of the country, which phonenumbers knows.
    """
    import phonenumbers  # noqa: PLC0415 - part of the outbox's extra, and slow to load

    code = phonenumbers.country_code_for_region(region)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    # Several countries of one code have rules that depend on each other.
    if metadata is None or phonenumbers.region_codes_for_country_code(code) != (region,):
        return _unread
    described = metadata.general_desc
    general = _shape(described)
    if described is None or general is None:
        return _unread
    trunk = metadata.national_prefix_for_parsing
    not_trunk = f"(?!{trunk})" if trunk else ""
    abroad = f"(?!{metadata.international_prefix})" if metadata.international_prefix else ""
    # The same digits must not be a national number that begins like the country code.
    whole = re.compile(
        rf"{abroad}(?!(?:{described.national_number_pattern})\Z)(?=[0-9]{{{_LONGEST_NATIONAL + 1}}})"
        rf"{code}{not_trunk}{general}"
    ).fullmatch
    valid = _valid(metadata)
    # A trunk prefix of digits alone is only taken away; others rewrite the number.
    is_simple = trunk is None or (trunk.isdecimal() and not metadata.national_prefix_transform_rule)
    if valid is None or not is_simple:
        return lambda digits: digits if whole(digits) else None
    national = re.compile(rf"{abroad}(?!{code})(?:{trunk or ''})?(?=({not_trunk}{general})\Z){valid}").fullmatch

    def read(digits: str) -> str | None:
        if whole(digits):
            return digits
        found = national(digits)
        return f"{code}{found[1]}" if found else None

    return read


def _unread(_: str) -> str | None:
    return None


def _shape(kind: "PhoneNumberDesc | None") -> str | None:
    """The pattern of numbers of a kind: its form and its lengths. None where there are none."""
    if kind is None or not kind.national_number_pattern:
        return None
    lengths = [length for length in kind.possible_length if length > 0]
    if not lengths:
        return f"(?:{kind.national_number_pattern})" if kind.possible_length == () else None
    length = "|".join(f"[0-9]{{{length}}}" for length in lengths)
    return rf"(?:(?=(?:{length})\Z)(?:{kind.national_number_pattern}))"


def _valid(metadata: "PhoneMetadata") -> str | None:
    kinds: list[PhoneNumberDesc | None] = [getattr(metadata, kind) for kind in _KINDS]
    shapes = [shape for shape in map(_shape, kinds) if shape]
    return f"(?:{'|'.join(shapes)})" if shapes else None
