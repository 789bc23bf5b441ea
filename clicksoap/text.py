"""Alphabets and segments of SMS texts (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clicksoap.errors import InvalidInput

# 3GPP TS 23.038 section 6.2.1, in code order; 0x1B is the escape to the extension table and no character.
GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: each costs two septets, the escape and the character.
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")

MAX_PARTS: Final = 35
"""The gateway's ceiling of concatenated parts in one message."""


class Alphabet(StrEnum):
    """The alphabet of a text on the air."""

    GSM7 = "GSM 7-bit"
    UCS2 = "UCS-2"
    EIGHT_BIT = "8-bit"


class Charset(StrEnum):
    """The characters that the plain ``text`` parameter of a service carries."""

    UNICODE = "Unicode"
    LATIN1 = "ISO-8859-1"


# Units that fit one message, and one part of several: the 6 octets of the concatenation header take 7 septets or
# 3 UCS-2 units (3GPP TS 23.040 section 9.2.3.24.1).
_CAPACITY: Final = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """The cost of a text in units and parts.

    Attributes:
        alphabet: GSM 7-bit, or UCS-2 as soon as one character asks for it.
        units: Septets (two for a character of the extension table) or UCS-2 units (two beyond the basic plane).
        parts: Messages that are sent and charged.
        units_left: Units that still fit the last part.
        culprits: The characters that force UCS-2, each once, in order of appearance; empty for GSM 7-bit.
    """

    alphabet: Alphabet
    units: int
    parts: int
    units_left: int
    culprits: tuple[str, ...]


def segments(text: str, charset: Charset = Charset.UNICODE, *, force_ucs2: bool = False) -> Segments:
    """Count a text as a service of that charset would send it.

    A service that reads ISO-8859-1 turns GSM characters outside of it (the euro sign, Greek capitals) into ``?``, so
    there they force UCS-2 as well.

    Args:
        text: The text.
        charset: What the service's plain ``text`` carries.
        force_ucs2: Count it in UCS-2 whatever it holds.
    """
    if not force_ucs2 and GSM_BASIC.issuperset(text) and (charset is Charset.UNICODE or text.isascii()):
        # The commonest text by far: a septet a character, and nothing that could be split.
        single, joined = _CAPACITY[Alphabet.GSM7]
        parts = 1 if len(text) <= single else -(-len(text) // joined)
        return Segments(Alphabet.GSM7, len(text), parts, parts * (single if parts == 1 else joined) - len(text), ())
    culprits = tuple(dict.fromkeys(char for char in text if not _is_plain(char, charset)))
    alphabet = Alphabet.UCS2 if culprits or force_ucs2 else Alphabet.GSM7
    sizes = [_units(char, alphabet) for char in text]
    single, joined = _CAPACITY[alphabet]
    units = sum(sizes)
    if units <= single:
        return Segments(alphabet, units, 1, single - units, culprits)
    parts, filled = 1, 0
    for size in sizes:
        # A character of two units is never split over two parts.
        if filled + size > joined:
            parts, filled = parts + 1, 0
        filled += size
    return Segments(alphabet, units, parts, joined - filled, culprits)


# What word processors put in for ASCII, and what it stood for.
_TYPOGRAPHIC: Final = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
        "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}": "'",
        "\N{PRIME}": "'",
        "\N{ACUTE ACCENT}": "'",
        "\N{GRAVE ACCENT}": "'",
        "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}": "'",
        "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
        "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}": '"',
        "\N{DOUBLE PRIME}": '"',
        "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
        "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{FIGURE DASH}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HORIZONTAL BAR}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{SOFT HYPHEN}": "",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{BULLET}": "-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{EN SPACE}": " ",
        "\N{EM SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\N{ZERO WIDTH SPACE}": "",
        "\N{ZERO WIDTH NO-BREAK SPACE}": "",
        "\N{LINE SEPARATOR}": "\n",
        "\N{PARAGRAPH SEPARATOR}": "\n",
        "\t": " ",
    }
)


def transliterate(text: str) -> str:
    """Replace typographic quotes, dashes, ellipses and blanks, which alone force UCS-2, by plain ASCII.

    Never done unasked; letters are left alone.
    """
    return text.translate(_TYPOGRAPHIC)


def ucs2_hex(text: str) -> str:
    """Encode a text for the gateway's ``unicode=1``: UTF-16BE in hexadecimal, without a byte order mark."""
    try:
        return text.encode("utf-16-be").hex()
    except UnicodeEncodeError:
        raise InvalidInput("the text holds half of a surrogate pair: take it out, it is not a character") from None


def _is_plain(char: str, charset: Charset) -> bool:
    return (char in GSM_BASIC or char in GSM_EXTENSION) and (charset is Charset.UNICODE or char <= "\xff")


def _units(char: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.UCS2:
        return 2 if char > "\uffff" else 1
    return 2 if char in GSM_EXTENSION else 1
