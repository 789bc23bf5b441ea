"""Events that the gateway tells the customer's server: delivery reports and inbound messages, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from clicksoap.codes import MessageStatus
from clicksoap.errors import InvalidInput
from clicksoap.redaction import masked_number

RawFields = tuple[tuple[str, str], ...]
"""Fields as they came, in order. The bytes of a form stand for the ISO-8859-1 characters of the same numbers."""

_T = TypeVar("_T")

# 3GPP TS 23.040 section 9.2.3.24: the information elements of concatenated short messages.
_EIGHT_BIT_REFERENCE: Final = (0x00, 3)
_SIXTEEN_BIT_REFERENCE: Final = (0x08, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A delivery report: the status of a message that was sent, told by the gateway.

    Attributes:
        message_id: The gateway's id of the message (gateway: ``apiMsgId``).
        status: The gateway's status number and its meaning (gateway: ``status``). Unknown numbers are kept.
        at: The time of the status, in UTC (gateway: ``timestamp``, Unix seconds).
        to: The number of the recipient (gateway: ``to``).
        sender: The sender of the message (gateway: ``from``); empty if there was none.
        client_message_id: The customer's id of the message (gateway: ``cliMsgId``); None if it is empty or missing.
        charge: The charge in credits (gateway: ``charge``); None if it is empty or missing.
        api_id: The API id of the account (gateway: ``api_id``); None in the XML variant, which has none.
        raw: All fields as they came, as pairs of name and value.
    """

    message_id: str
    status: MessageStatus
    at: datetime
    to: str
    sender: str = ""
    client_message_id: str | None = None
    charge: Decimal | None = None
    api_id: int | None = None
    raw: RawFields = ()

    @property
    def code(self) -> str:
        """The gateway's number as a three-digit string, such as ``"004"``."""
        return self.status.code

    @property
    def text(self) -> str:
        """The meaning of the number; empty for a number that no document names."""
        return self.status.text

    @property
    def is_final(self) -> bool:
        """Whether the status will not change any more; an unnamed number counts as not final."""
        return self.status.is_final

    @property
    def is_delivered(self) -> bool:
        """Whether the message was received on the handset (004)."""
        return self.status.is_delivered

    def supersedes(self, earlier: "DeliveryReport | None") -> bool:
        """Whether this report is news beside another one about the same message that was received before it.

        A final status supersedes an intermediate one, and never the reverse. Otherwise the later time wins. With
        equal times an intermediate status supersedes another intermediate one, and a final one stays.

        Args:
            earlier: The report that was received before; None for no report.
        """
        if earlier is None:
            return True
        if self.is_final != earlier.is_final:
            return self.is_final
        return self.at > earlier.at or (self.at == earlier.at and not self.is_final and self.code != earlier.code)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON, numbers included."""
        return {
            "message_id": self.message_id,
            "status": self.status.code,
            "at": self.at.isoformat(),
            "to": self.to,
            "sender": self.sender,
            "client_message_id": self.client_message_id,
            "charge": None if self.charge is None else str(self.charge),
            "api_id": self.api_id,
            "raw": [list(pair) for pair in self.raw],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "DeliveryReport":
        """The report that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        return _read(
            "DeliveryReport",
            lambda: cls(
                message_id=str(data["message_id"]),
                status=MessageStatus.of(data["status"]),
                at=_moment(data["at"]),
                to=str(data["to"]),
                sender=str(data["sender"]),
                client_message_id=data["client_message_id"],
                charge=None if data["charge"] is None else Decimal(data["charge"]),
                api_id=data["api_id"],
                raw=_raw(data["raw"]),
            ),
        )

    def __repr__(self) -> str:
        return f"<DeliveryReport {self.message_id} to {masked_number(self.to)}: {self.code} at {self.at.isoformat()}>"


@dataclass(frozen=True, slots=True)
class Concatenation:
    """The place of a part in a long message, from its user data header (3GPP TS 23.040, sections 9.2.3.24.1 and .8).

    Attributes:
        reference: The number that all parts of one message share.
        bits: The size of the reference: 8 or 16.
        total: The number of parts, 1 to 255.
        number: The number of this part, from 1.
    """

    reference: int
    bits: int
    total: int
    number: int

    @classmethod
    def of(cls, udh: bytes) -> "Concatenation | None":
        """The concatenation that a user data header states.

        Args:
            udh: The header with its length octet.

        Returns:
            None for a header without it, and for one whose lengths or numbers do not fit.
        """
        found: Concatenation | None = None
        if not udh or udh[0] != len(udh) - 1:
            return None
        place = 1
        while place + 1 < len(udh):
            kind, size = udh[place], udh[place + 1]
            value = udh[place + 2 : place + 2 + size]
            if len(value) != size:
                return None
            if (kind, size) in {_EIGHT_BIT_REFERENCE, _SIXTEEN_BIT_REFERENCE}:
                total, number = value[-2:]
                if 1 <= number <= total:  # else the element is to be ignored
                    found = cls(int.from_bytes(value[:-2]), 8 * (size - 2), total, number)
            place += 2 + size
        return found if place == len(udh) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """An inbound message: what a handset sent to the customer's number. It may be one part of a long message.

    Attributes:
        message_id: The gateway's id (gateway: ``moMsgId``); of a joined message that of its first part.
        sender: The number of the handset (gateway: ``from``).
        to: The number of the customer (gateway: ``to``).
        at: The time of arrival at the gateway, in UTC (gateway: ``timestamp``, in UTC+2). A joined message has that of
            its latest part.
        text: The text. A byte that does not belong to the charset becomes U+FFFD.
        charset: The charset of ``content``.
        content: The bytes of the text. A document in XML has characters in place of bytes; they stand here in UTF-8.
        udh: The user data header (gateway: ``udh``); empty if there was none, and in a joined message.
        message_ids: The gateway's ids of the parts that were joined, in their order.
        missing: The numbers of the parts that a joined message lacks, from 1; empty for a complete message.
        api_id: The API id of the account (gateway: ``api_id``); None if it is empty or missing.
        network: The handset's network (gateway: ``network``); None if it is empty or missing.
        raw: All fields as they came, as pairs of name and value; of a joined message those of all parts.
    """

    message_id: str
    sender: str
    to: str
    at: datetime
    text: str
    charset: str = "ISO-8859-1"
    content: bytes = b""
    udh: bytes = b""
    message_ids: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()
    api_id: int | None = None
    network: str | None = None
    raw: RawFields = ()

    @property
    def is_complete(self) -> bool:
        """Whether no part is missing."""
        return not self.missing

    @property
    def concatenation(self) -> Concatenation | None:
        """The place of this part in a long message; None for a message that is not a part of another one."""
        return Concatenation.of(self.udh)

    def to_dict(self) -> dict[str, Any]:
        """The message as plain data for JSON, numbers and text included."""
        return {
            "message_id": self.message_id,
            "sender": self.sender,
            "to": self.to,
            "at": self.at.isoformat(),
            "text": self.text,
            "charset": self.charset,
            "content": self.content.hex(),
            "udh": self.udh.hex(),
            "message_ids": list(self.message_ids),
            "missing": list(self.missing),
            "api_id": self.api_id,
            "network": self.network,
            "raw": [list(pair) for pair in self.raw],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "InboundMessage":
        """The message that `to_dict` gave.

        Raises:
            InvalidInput: The data is not of that shape.
        """
        return _read(
            "InboundMessage",
            lambda: cls(
                message_id=str(data["message_id"]),
                sender=str(data["sender"]),
                to=str(data["to"]),
                at=_moment(data["at"]),
                text=str(data["text"]),
                charset=str(data["charset"]),
                content=bytes.fromhex(data["content"]),
                udh=bytes.fromhex(data["udh"]),
                message_ids=tuple(data["message_ids"]),
                missing=tuple(data["missing"]),
                api_id=data["api_id"],
                network=data["network"],
                raw=_raw(data["raw"]),
            ),
        )

    def __repr__(self) -> str:
        lacks = f", without {len(self.missing)} of its parts" if self.missing else ""
        numbers = f"from {masked_number(self.sender)} to {masked_number(self.to)}"
        return f"<InboundMessage {self.message_id} {numbers} at {self.at.isoformat()}{lacks}>"


def _read(kind: str, make: Callable[[], _T]) -> _T:
    try:
        return make()
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        problem = f"data is not a value that to_dict() gave ({type(error).__name__})"
    raise InvalidInput(f"{problem}: give what {kind}.to_dict() returned")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("at has no time zone")
    return moment.astimezone(UTC)


def _raw(pairs: list[list[str]]) -> RawFields:
    return tuple((str(name), str(value)) for name, value in pairs)
