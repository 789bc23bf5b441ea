"""Reader of URL-encoded queries and forms that keeps every byte."""

from typing import Final
from urllib.parse import unquote_to_bytes

from clicksoap.errors import InvalidCallback

MAX_FIELDS: Final = 64
"""The maximum number of fields in a query or form. A callback has eight."""


def pairs_of_form(encoded: bytes) -> list[tuple[str, bytes]]:
    """The pairs of name and value of a query or form, in order; the names as ISO-8859-1 characters.

    Raises:
        InvalidCallback: Too many fields.
    """
    if encoded.count(b"&") >= MAX_FIELDS:
        raise InvalidCallback(f"the form has more than {MAX_FIELDS} fields: give those of one callback")
    found: list[tuple[str, bytes]] = []
    for pair in encoded.split(b"&"):
        if pair:
            name, _, value = pair.replace(b"+", b" ").partition(b"=")
            found.append((unquote_to_bytes(name).decode("latin-1"), unquote_to_bytes(value)))
    return found
