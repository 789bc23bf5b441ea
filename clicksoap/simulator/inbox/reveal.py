"""Display of characters that cannot be seen: each one becomes a label with its code point."""

import unicodedata
from typing import Final

from markupsafe import Markup, escape

_SHORT_NAMES: Final = {
    0x200B: "ZWSP",
    0x200E: "LRM",
    0x200F: "RLM",
    0x061C: "ALM",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2060: "WJ",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0xFEFF: "BOM",
    0x00AD: "SHY",
    0x007F: "DEL",
}
_CONTROLS: Final = (
    *("NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI"),
    *("DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US"),
)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_KEPT: Final = frozenset("\n\t\u200c\u200d")  # scripts and emojis join characters with the last two


def revealed(text: str) -> Markup:
    """The text as HTML, with a label in place of each character that cannot be seen or that turns the direction."""
    if all(each.isprintable() for each in text.splitlines()) and "\r" not in text:
        hidden: list[int] = []
    else:
        hidden = [
            place
            for place, each in enumerate(text)
            if not each.isprintable() and each not in _KEPT and unicodedata.category(each) in _HIDDEN
        ]
    if not hidden:
        return escape(text)
    pieces: list[Markup] = []
    start = 0
    for place in hidden:
        pieces += (escape(text[start:place]), _label(text[place]))
        start = place + 1
    return Markup("").join((*pieces, escape(text[start:])))


def _label(character: str) -> Markup:
    code = ord(character)
    short = _CONTROLS[code] if code < len(_CONTROLS) else _SHORT_NAMES.get(code, f"U+{code:04X}")
    name = unicodedata.name(character, "control character").lower()
    return Markup('<span class="control" title="U+{:04X} {}">{}</span>').format(code, name, short)
