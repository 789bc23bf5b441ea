"""Masking of secrets, numbers and ids in texts that are shown: errors, logs, reprs."""

import functools
import re
from collections.abc import Iterable
from typing import Final

from clicksoap.lazy_re import pattern

SECRET_PARAMETERS: Final = frozenset({"session_id", "password", "token"})
"""The gateway's parameters whose values are secret: masked wherever a text is shown. ``token`` is a voucher."""

IDENTITY_PARAMETERS: Final = SECRET_PARAMETERS | {"api_id", "user"}
"""The parameters that the logs mask by name: the secrets, and those that name the account."""

# Five digits are enough of a number to be somebody's; sixteen hexadecimal ones are enough of an id to be a session.
_NUMBERS: Final = pattern(r"[0-9A-Fa-f]{16,}|\+?[0-9](?:[ .-]?[0-9]){4,}")
_LONGEST_EXCERPT: Final = 200


def redact(text: str, secrets: Iterable[str]) -> str:
    """Mask every secret in a foreign text, however it is escaped there: for XML, or for a form."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
            # Every other spelling has one of these, or a blank or a letter that was changed.
            if not secret.isalnum() or not secret.isascii() or "%" in text or "&" in text:
                text = _spellings(secret).sub("***", text)
    return text


@functools.lru_cache(maxsize=64)
def _spellings(secret: str) -> re.Pattern[str]:
    """The spellings of a secret in foreign texts: each character plain, as a reference of XML or HTML, or as octets."""
    return re.compile("".join(_BLANKS if run.isspace() else "".join(map(_spelling, run)) for run in _runs(secret)))


# Blanks in any number: servers fold them.
_BLANKS: Final = r"(?:\s|\+|%(?:25)*20|&(?:amp;)*#(?:0*32|[xX]0*20);)+"


def _runs(secret: str) -> list[str]:
    return re.findall(r"\s+|\S+", secret)


_NAMED: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _spelling(char: str) -> str:
    # A server may have escaped twice, so that "&lt;" is "&amp;lt;" and "%3C" is "%253C".
    references = [f"#0*{ord(char)}", f"#[xX]0*(?i:{ord(char):x})"]
    if char in _NAMED:
        references.append(_NAMED[char])
    spellings = [f"&(?:amp;)*(?:{'|'.join(references)});"]
    for encoding in ("utf-8", "latin-1"):
        octets = char.encode(encoding, "replace")
        spellings.append("".join(f"%(?:25)*(?i:{octet:02x})" for octet in octets))
        # As it is after decoding by the other encoding.
        spellings += re.escape(octets.decode("latin-1")), re.escape(octets.decode("utf-8", "replace"))
    return f"(?:{'|'.join(dict.fromkeys([*spellings, re.escape(char)]))})"


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Make a foreign text fit to be shown: mask secrets, numbers and ids, fold blanks, cut to 200 characters."""
    return _NUMBERS.sub("***", " ".join(redact(text, secrets).split()))[:_LONGEST_EXCERPT]


# ITU-T E.164 assigned country codes: 1 and 7 have one digit, these have two, all others three.
_SHORTEST_NUMBER: Final = 7
_TWO_DIGITS: Final = pattern("20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def masked_number(number: str) -> str:
    """Mask a number for logs and reprs: its country code and its last two digits stay."""
    digits = number.removeprefix("+")
    if len(digits) < _SHORTEST_NUMBER:
        return "…"
    code = 1 if digits[0] in "17" else 2 if _TWO_DIGITS.match(digits) else 3
    return f"{digits[:code]}…{digits[-2:]}"
