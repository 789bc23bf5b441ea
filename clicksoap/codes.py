"""The gateway's numbers and what they mean: error codes and message statuses, with the vendor's wording.

The gateway's own wording of an error is not stable (case and phrasing vary between its servers), so only the number
decides. The tables join the vendor's HTTP API specification 2.3.8 and its later list (2.5.x).
"""

from dataclasses import dataclass
from typing import Final

ERRORS: Final[dict[str, str]] = {
    "001": "Authentication failed",
    "002": "Unknown username or password",
    "003": "Session ID expired",
    "004": "Account frozen",
    "005": "Missing session ID",
    "007": "IP lockdown violation",
    "100": "Data malformed",
    "101": "Invalid or missing parameters",
    "102": "Invalid user data header",
    "103": "Unknown API message ID",
    "104": "Unknown client message ID",
    "105": "Invalid destination address",
    "106": "Invalid source address",
    "107": "Empty message",
    "108": "Invalid or missing API ID",
    "109": "Missing message ID",
    "110": "Error with email message",
    "111": "Invalid protocol",
    "112": "Invalid message type",
    "113": "Maximum message parts exceeded",
    "114": "Cannot route message",
    "115": "Message expired",
    "116": "Invalid Unicode data",
    "120": "Invalid delivery time",
    "121": "Destination mobile number blocked",
    "122": "Destination mobile opted out",
    "123": "Invalid sender ID",
    "128": "Number delisted",
    "130": "Maximum MT limit exceeded",
    "201": "Invalid batch ID",
    "202": "No batch template",
    "301": "No credit left",
    "302": "Max allowed credit",
    "901": "Internal error, retry",
}
"""Every error code that a document of the gateway names, as three-digit strings."""

STATUSES: Final[dict[str, str]] = {
    "001": "Unknown message, or reporting delayed",
    "002": "Queued for another delivery attempt",
    "003": "Handed to the upstream gateway or network",
    "004": "Received on the handset",
    "005": "Error with the message content",
    "006": "Cancelled by the user or by staff",
    "007": "Error delivering to the handset",
    "008": "Accepted by the gateway",
    "009": "Routing error",
    "010": "Expired before it reached the upstream gateway",
    "011": "Queued for later delivery",
    "012": "Out of credit",
    "014": "Maximum MT limit exceeded",
}
"""Every message status that a document of the gateway names; 013 is named nowhere."""

_FINAL: Final = frozenset({"004", "005", "006", "007", "009", "010", "012", "014"})

# Some servers print the number in hexadecimal, with letters from ten on.
_HEXADECIMAL: Final = {"00A": "010", "00B": "011", "00C": "012"}


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """Where a message is.

    Attributes:
        code: The gateway's number as a three-digit string, such as ``"004"``. Never an integer: one client read the
            leading zeros as octal.
        text: What the number means; empty for a number that no document names.
    """

    code: str
    text: str

    @classmethod
    def of(cls, code: str) -> "MessageStatus":
        """The status behind the gateway's spelling of a number: ``"4"``, ``"004"`` and ``"00A"`` are understood."""
        spelled = code.upper().zfill(3)
        decimal = _HEXADECIMAL.get(spelled, spelled)
        return cls(decimal, STATUSES.get(decimal, ""))

    @property
    def is_final(self) -> bool:
        """Whether the status will not change any more; an unnamed number counts as not final."""
        return self.code in _FINAL

    @property
    def is_delivered(self) -> bool:
        """Whether the message was received on the handset (004)."""
        return self.code == "004"
