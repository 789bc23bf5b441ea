"""Charsets of inbound texts: their names and the decoding of their bytes."""

from typing import Final

from clicksoap.errors import InvalidCallback

LATIN: Final = "ISO-8859-1"
"""The charset of a text that names no charset."""

UTF8: Final = "UTF-8"
UTF16: Final = "UTF-16BE"

# Each name and the name of Python's codec. Only these: some of Python's codecs are slow, or do not decode texts.
_CODECS: Final[dict[str, tuple[str, str]]] = {
    **{f"iso-8859-{part}": (f"ISO-8859-{part}", f"iso8859-{part}") for part in (*range(1, 12), *range(13, 17))},
    **{f"windows-{page}": (f"windows-{page}", f"cp{page}") for page in range(1250, 1259)},
    "utf-8": (UTF8, "utf-8"),
    "utf-16be": (UTF16, "utf-16-be"),
    "utf-16le": ("UTF-16LE", "utf-16-le"),
    "us-ascii": ("US-ASCII", "ascii"),
}
_ALIASES: Final = {
    "": "iso-8859-1",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "utf8": "utf-8",
    "utf-16": "utf-16be",
    "utf16be": "utf-16be",
    "ucs-2": "utf-16be",
    "ucs2": "utf-16be",
    "ascii": "us-ascii",
}


def charset_of(name: str) -> str:
    """The usual spelling of a charset's name; ISO-8859-1 for an empty name.

    Raises:
        InvalidCallback: Unknown charset.
    """
    spelled = name.strip().lower().replace("_", "-")
    found = _CODECS.get(_ALIASES.get(spelled, spelled))
    if found is None:
        raise InvalidCallback("charset is unknown: give ISO-8859-1, UTF-8 or UTF-16BE")
    return found[0]


def decoded(content: bytes, charset: str) -> str:
    """The text of some bytes. Bytes that do not belong to the charset become U+FFFD.

    Args:
        content: The bytes.
        charset: A name that `charset_of` gave.
    """
    return content.decode(_CODECS[charset.lower()][1], "replace").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
