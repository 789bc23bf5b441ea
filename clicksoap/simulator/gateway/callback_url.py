"""The address of the customer's server, which the gateway calls with delivery reports and inbound messages."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """An address that the gateway calls, with the method and the format of the call.

    Attributes:
        url: An address that begins with ``http://`` or ``https://``.
        method: ``GET`` puts the fields into the query, ``POST`` into a form.
        variant: ``http`` for one field each, ``xml`` or ``soap`` for one field ``data`` that holds a document.
        user: The user of Basic authentication; empty for none.
        password: The password of Basic authentication.

    Raises:
        ValueError: The address is invalid or holds a password, or the method or the variant is unknown.
    """

    url: str = field(repr=False)  # its query may hold a secret
    method: Literal["GET", "POST"] = "POST"
    variant: Literal["http", "xml", "soap"] = "http"
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Check the address, the method and the variant."""
        try:
            parts = urlsplit(self.url)
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # the port is too large, or the host invalid
            is_address = False
        if not is_address:
            raise ValueError("url is not an address to call: give one that begins with http:// or https://")
        if urlsplit(self.url).password is not None:
            raise ValueError("url holds a password: give user= and password= instead")
        if self.method not in {"GET", "POST"} or self.variant not in {"http", "xml", "soap"}:
            raise ValueError('unknown method or variant: give method "GET" or "POST", variant "http", "xml" or "soap"')
