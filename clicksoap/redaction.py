"""Masking of secrets, numbers and ids in texts that are shown: errors, logs, reprs."""

import functools
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from clicksoap.lazy_re import pattern

SECRET_PARAMETERS: Final = frozenset({"session_id", "password", "token"})
"""The gateway's parameters whose values are secret: masked wherever a text is shown. ``token`` is a voucher."""

IDENTITY_PARAMETERS: Final = SECRET_PARAMETERS | {"api_id", "user"}
"""The parameters that the logs mask by name: the secrets, and those that name the account."""

# Five digits are enough of a number to be somebody's; sixteen hexadecimal ones are enough of an id to be a session.
_NUMBERS: Final = pattern(r"[0-9A-Fa-f]{16,}|\+?[0-9](?:[ .-]?[0-9]){4,}")
_LONGEST_EXCERPT: Final = 200


def redact(text: str, secrets: Iterable[str]) -> str:
    """Mask every secret in a foreign text."""
    for secret in secrets:
        if secret:
            for form in _forms(secret):
                text = text.replace(form, "***")
    return text


@functools.lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[str, ...]:
    """The forms of a secret in foreign texts: plain, escaped for XML once or twice, form-encoded; longest first."""
    forms = {secret}
    if not (secret.isascii() and secret.isalnum()):
        once = _escaped(secret)
        for escaped in (once, _escaped(once), once.replace('"', "&quot;").replace("'", "&apos;")):
            forms |= {escaped, escaped.encode("ascii", "xmlcharrefreplace").decode()}
        for encoding in ("utf-8", "latin-1"):
            forms |= {quoted(secret, encoding=encoding, errors="replace") for quoted in (quote, quote_plus)}
    return tuple(sorted(forms, key=len, reverse=True))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Make a foreign text fit to be shown: mask secrets, numbers and ids, fold blanks, cut to 200 characters."""
    known = list(secrets)
    # Once more after folding: a server may have wrapped a secret that holds a blank.
    folded = redact(" ".join(redact(text, known).split()), (" ".join(secret.split()) for secret in known))
    return _NUMBERS.sub("***", folded)[:_LONGEST_EXCERPT]


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
