"""Words of a reply that end or resume the messages to its sender; they need no outbox."""

import unicodedata
from typing import Final

STOP_WORDS: Final = frozenset(
    {
        # CTIA, Messaging Principles and Best Practices, section 5.1.3; WASPA Code of Conduct, South Africa
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"),
        # 47 CFR 64.1200(a)(10), since April 2025
        *("REVOKE", "OPTOUT"),
        # Canada: the Canadian Telecommunications Association's code for short codes, in French
        *("ARRET", "ARRÊT"),
    }
)
"""The words that put their sender on the suppression list, if they are the whole text."""

START_WORDS: Final = frozenset({"START", "UNSTOP"})
"""Words that may take their sender off the suppression list. No word does unless the caller says so."""


def keyword(text: str) -> str:
    """The text of a reply in the form of `STOP_WORDS`: upper case, without blanks and without a dot at the end.

    ``" Stop all. "`` gives ``"STOPALL"``.
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).removesuffix(".").upper()
