"""Alphabets and segments of SMS texts (3GPP TS 23.038 and 23.040)."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clicksoap.checks import named_character
from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern

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

    @property
    def named_culprits(self) -> tuple[str, ...]:
        """The culprits by code point and name, such as ``U+2019 RIGHT SINGLE QUOTATION MARK``."""
        return tuple(map(named_character, self.culprits))

    def culprits_named(self, most: int = 3) -> str:
        """The culprits for an error text: the first of them by code point and name, and how many more there are."""
        more = len(self.culprits) - most
        return ", ".join(self.named_culprits[:most]) + (f" and {more} other characters" if more > 0 else "")


def segments(text: str, charset: Charset = Charset.UNICODE, *, force_ucs2: bool = False) -> Segments:
    """Count a text as a service of that charset would send it.

    A service that reads ISO-8859-1 turns GSM characters outside of it (the euro sign, Greek capitals) into ``?``, so
    there they force UCS-2 as well.

    Args:
        text: The text.
        charset: What the service's plain ``text`` carries.
        force_ucs2: Count it in UCS-2 whatever it holds.

    Raises:
        InvalidInput: The text is no str, or an argument is of a wrong kind.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"text is {type(text).__name__}: give a str")
    if not isinstance(charset, Charset):
        raise InvalidInput(f"charset is {type(charset).__name__}: give a Charset, such as Charset.UNICODE")
    if not isinstance(force_ucs2, bool):
        raise InvalidInput(f"force_ucs2 is {type(force_ucs2).__name__}: give True or False")
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


# What word processors and phones put in for ASCII, and what it stood for.
_TYPOGRAPHIC: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′‵´`‹›ʹʻʼʽˈˊˋ＇", "'"),  # noqa: RUF001 - each is told from the others by its code point
        **dict.fromkeys("“”„‟″‶«»ʺˮ〝〞〟＂", '"'),  # noqa: RUF001
        **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－•", "-"),  # noqa: RUF001
        **dict.fromkeys("\t\N{NO-BREAK SPACE}\N{OGHAM SPACE MARK}\N{EN QUAD}\N{EM QUAD}\N{EN SPACE}\N{EM SPACE}", " "),
        **dict.fromkeys("\N{THREE-PER-EM SPACE}\N{FOUR-PER-EM SPACE}\N{SIX-PER-EM SPACE}\N{FIGURE SPACE}", " "),
        **dict.fromkeys("\N{PUNCTUATION SPACE}\N{THIN SPACE}\N{HAIR SPACE}\N{NARROW NO-BREAK SPACE}", " "),
        **dict.fromkeys("\N{MEDIUM MATHEMATICAL SPACE}\N{IDEOGRAPHIC SPACE}\N{BRAILLE PATTERN BLANK}", " "),
        **dict.fromkeys("\v\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}", "\n"),
        **dict.fromkeys("\N{SMALL TILDE}\N{SWUNG DASH}\N{TILDE OPERATOR}\N{FULLWIDTH TILDE}", "~"),
        **dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}", "/"),
        "\N{ONE DOT LEADER}": ".",
        "\N{TWO DOT LEADER}": "..",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        # Unicode's second code points of the same characters.
        "\N{KELVIN SIGN}": "K",
        "\N{ANGSTROM SIGN}": "Å",
        "\N{GREEK QUESTION MARK}": ";",
        "\N{GREEK VARIA}": "'",
    }
)
# Marks that nobody sees, whatever stands around them.
_UNSEEN: Final = pattern(
    "[\N{SOFT HYPHEN}\N{COMBINING GRAPHEME JOINER}\N{MONGOLIAN VOWEL SEPARATOR}\N{ZERO WIDTH SPACE}"
    "\N{WORD JOINER}-\N{INVISIBLE PLUS}\N{ZERO WIDTH NO-BREAK SPACE}\N{INTERLINEAR ANNOTATION ANCHOR}"
    "-\N{INTERLINEAR ANNOTATION TERMINATOR}]"
)
# Marks that order Hebrew and Arabic beside other scripts.
_BIDI: Final = pattern(
    "[\N{ARABIC LETTER MARK}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{LEFT-TO-RIGHT EMBEDDING}"
    "-\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}-\N{POP DIRECTIONAL ISOLATE}]"
)
# Joiners and variation selectors, which shape the emoji, the Persian or the Indian letter before them.
_SHAPING: Final = pattern(
    "[\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-1}-\N{VARIATION SELECTOR-16}"
    "\N{VARIATION SELECTOR-17}-\N{VARIATION SELECTOR-256}]++(?!\N{COMBINING ENCLOSING KEYCAP})"
)
_LAST_LATIN: Final = "\u024f"
_ACCENTED: Final = pattern("[^\u0300-\u036f][\u0300-\u036f]+")


def transliterate(text: str) -> str:
    """Replace characters that alone force UCS-2, and look plain or are not seen at all, by plain ones.

    Typographic quotes, dashes, ellipses and blanks become ASCII. A letter with a combining accent becomes one
    character. Invisible marks go: zero-width and bidirectional ones, joiners, variation selectors. They stay where
    other scripts or emoji need them. Letters stay as they are. It is never done unasked.

    Raises:
        InvalidInput: The text is no str.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"text is {type(text).__name__}: give a str")
    text = str.__str__(text)
    if text.isascii() and "\t" not in text and "`" not in text and "\v" not in text:
        return text
    text = _UNSEEN.sub("", text)
    if not any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text):
        text = _BIDI.sub("", text)
    text = _SHAPING.sub(_without_needless_marks, text)
    # Composed letter by letter: to compose the whole text would take letters of other scripts apart.
    text = _ACCENTED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return text.translate(_TYPOGRAPHIC)


def _without_needless_marks(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 1) : found.start()].translate(_TYPOGRAPHIC)
    is_plain = all(_is_plain(char, Charset.UNICODE) for char in before)
    is_latin = before.isalpha() and before <= _LAST_LATIN
    return "" if is_plain or is_latin or "\u0300" <= before <= "\u036f" else found[0]


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
