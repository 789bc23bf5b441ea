"""Mutants that change nothing that a caller can see, with the reason; they do not count as survivors."""

from typing import Final

EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {
    (
        "clicksoap/text.py",
        "if not force_ucs2 and GSM_BASIC.issuperset(text) and (charset is Charset.UNICODE or text.isascii()):",
        "charset is Charset.UNICODE or text.isascii() -> (charset is Charset.UNICODE and text.isascii())",
    ): "the longer way counts the same",
    (
        "clicksoap/text.py",
        'return (char in GSM_BASIC or char in GSM_EXTENSION) and (charset is Charset.UNICODE or char <= "\\xff")',
        "char <= \"\\xff\" -> (char < 'ÿ')",
    ): "the character is not in the alphabet",
    (
        "clicksoap/protocol/replies.py",
        "zip(ids, strict=False),",
        "False -> (True)",
    ): "there is one column",
    (
        "clicksoap/protocol/replies.py",
        "if start < 0 or not _TAG.fullmatch(text, start):",
        "start < 0 -> (start <= 0)",
    ): "of a tag alone nothing is left, which is no line of the language either",
    (
        "clicksoap/protocol/replies.py",
        "if start < 0 or not _TAG.fullmatch(text, start):",
        "0 -> (1)",
    ): "likewise",
}
"""The file, the whole line and the change of each, and why it is equivalent."""
