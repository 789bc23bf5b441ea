"""The gateway's error codes and message statuses: their numbers, their meanings and the classes of the statuses.

The gateway's wording of an error is not stable (case and phrasing vary between its servers), so only the number
decides. The tables join the vendor's HTTP API specification 2.3.8 and its later list (2.5.x).
"""

from dataclasses import dataclass
from enum import StrEnum
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


class Phase(StrEnum):
    """The part of a message's way that a status stands for; the last three are final."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    QUEUED = "queued"
    HANDED_ON = "handed_on"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    FAILED = "failed"


_FINAL_PHASES: Final = frozenset({Phase.DELIVERED, Phase.CANCELLED, Phase.FAILED})


@dataclass(frozen=True, slots=True)
class StatusDefinition:
    """A message status and its classes, as far as the gateway's documents say; every other table derives from these.

    Attributes:
        code: The number as a three-digit string, such as ``"004"``.
        text: The meaning, in the vendor's wording.
        word: The meaning in one word, for searches and lists; unique.
        phase: The part of the message's way.
        is_free: True if the gateway charges nothing for a message that ends so. Documented for 010; assumed for the
            other statuses of messages that never reached a network.
        is_from_network: True if the network or the handset reports it, false if the gateway sets it by itself.
        is_in_callback_table: True if the vendor's table of callbacks lists it. The table leaves out 001 and 008, which
            are never reported, and 006 and 014, about which it says nothing.
    """

    code: str
    text: str
    word: str
    phase: Phase
    is_free: bool = False
    is_from_network: bool = False
    is_in_callback_table: bool = True

    @property
    def is_final(self) -> bool:
        """True if the status does not change any more."""
        return self.phase in _FINAL_PHASES

    @property
    def is_delivered(self) -> bool:
        """True if the message was received on the handset (004)."""
        return self.phase is Phase.DELIVERED

    @property
    def is_error(self) -> bool:
        """True if the message failed; a cancelled one (006) did not."""
        return self.phase is Phase.FAILED


STATUS_DEFINITIONS: Final[dict[str, StatusDefinition]] = {
    each.code: each
    for each in (
        StatusDefinition(
            "001", "Unknown message, or reporting delayed", "unknown", Phase.UNKNOWN, is_in_callback_table=False
        ),
        StatusDefinition("002", "Queued for another delivery attempt", "queued", Phase.QUEUED),
        StatusDefinition(
            "003", "Handed to the upstream gateway or network", "sent", Phase.HANDED_ON, is_from_network=True
        ),
        StatusDefinition("004", "Received on the handset", "delivered", Phase.DELIVERED, is_from_network=True),
        StatusDefinition("005", "Error with the message content", "malformed", Phase.FAILED),
        StatusDefinition(
            "006",
            "Cancelled by the user or by staff",
            "cancelled",
            Phase.CANCELLED,
            is_free=True,
            is_in_callback_table=False,
        ),
        StatusDefinition("007", "Error delivering to the handset", "undelivered", Phase.FAILED, is_from_network=True),
        StatusDefinition("008", "Accepted by the gateway", "accepted", Phase.ACCEPTED, is_in_callback_table=False),
        StatusDefinition("009", "Routing error", "unroutable", Phase.FAILED, is_free=True),
        StatusDefinition(
            "010", "Expired before it reached the upstream gateway", "expired", Phase.FAILED, is_free=True
        ),
        StatusDefinition("011", "Queued for later delivery", "scheduled", Phase.QUEUED),
        StatusDefinition("012", "Out of credit", "unpaid", Phase.FAILED, is_free=True),
        StatusDefinition(
            "014", "Maximum MT limit exceeded", "limited", Phase.FAILED, is_free=True, is_in_callback_table=False
        ),
    )
}
"""Every message status that a document of the gateway names, by its code; 013 is named nowhere."""

STATUSES: Final[dict[str, str]] = {code: each.text for code, each in STATUS_DEFINITIONS.items()}
"""The meaning of every message status, by its code."""

# Some servers print the number in hexadecimal, with letters from ten on.
_HEXADECIMAL: Final = {"00A": "010", "00B": "011", "00C": "012"}


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """The status of a message.

    Attributes:
        code: The gateway's number as a three-digit string, such as ``"004"``. Never an integer: one client read the
            leading zeros as octal.
        text: The meaning of the number; empty for a number that no document names.
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
        """True if the status does not change any more; a number that no document names counts as not final."""
        return self.code in STATUS_DEFINITIONS and STATUS_DEFINITIONS[self.code].is_final

    @property
    def is_delivered(self) -> bool:
        """True if the message was received on the handset (004)."""
        return self.code in STATUS_DEFINITIONS and STATUS_DEFINITIONS[self.code].is_delivered
