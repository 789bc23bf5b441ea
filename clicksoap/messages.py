"""The kinds of messages, and the gateway's parameters of each."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, IntFlag, StrEnum
from typing import ClassVar, Final

from clicksoap.checks import check_text, plain_duration, plain_moment
from clicksoap.errors import InvalidInput, NotExpressible
from clicksoap.text import MAX_PARTS, Alphabet, Charset, Segments, segments, ucs2_hex

Content = Mapping[str, str | int]
"""Parameters of one request, by the gateway's names, that say what the message is."""


class Feature(IntFlag):
    """Features that a route has to support (gateway: ``req_feat``); the gateway adds 8BIT, UDH, UCS2 and CONCAT."""

    TEXT = 0x0001
    EIGHT_BIT = 0x0002
    UDH = 0x0004
    UCS2 = 0x0008
    ALPHA = 0x0010
    NUMERIC = 0x0020
    FLASH = 0x0200
    DELIVERY_ACK = 0x2000
    CONCAT = 0x4000


_NO_FEATURE: Final = Feature(0)


@dataclass(frozen=True, slots=True)
class Text:
    """A text message. A plain ``str`` given to ``send`` is one.

    Attributes:
        text: What the phone shows, in any characters.
        flash: Show it at once and do not keep it (gateway: ``msg_type`` SMS_FLASH and FEAT_FLASH).
        unicode: Send it in UCS-2 (True) or only if it fits the plain alphabet (False, else refused); None decides by
            content.

    Raises:
        InvalidInput: The text is empty, is no str, or holds something that is not a character.
    """

    command: ClassVar[str] = "sendmsg"
    is_eight_bit: ClassVar[bool] = False

    text: str = field(repr=False)
    flash: bool = False
    unicode: bool | None = None

    def __post_init__(self) -> None:
        text = check_text(self.text, "the text")
        if text is not self.text:
            object.__setattr__(self, "text", text)
        if not text:
            raise InvalidInput("the text is empty: the gateway refuses an empty message (107)")
        if not isinstance(self.flash, bool):
            raise InvalidInput(f"flash is {type(self.flash).__name__}: give True or False")
        if self.unicode is not None and not isinstance(self.unicode, bool):
            raise InvalidInput(f"unicode is {type(self.unicode).__name__}: give True, False or None")

    @property
    def features(self) -> Feature:
        """FLASH for a flash message."""
        return Feature.FLASH if self.flash else _NO_FEATURE

    def segments(self, charset: Charset) -> Segments:
        """Its cost in parts."""
        return segments(self.text, charset, force_ucs2=self.unicode is True)

    def contents(self, charset: Charset, max_parts: int = MAX_PARTS) -> Sequence[Content]:
        """The gateway's parameters ``text``, ``unicode``, ``concat`` and ``msg_type``."""
        cost = self.segments(charset)
        if self.unicode is False and cost.culprits:
            raise InvalidInput(
                f"the text holds {cost.culprits_named()}, which this binding cannot send as plain text: "
                "leave unicode= out, or see segments().culprits"
            )
        content = text_content("text", self.text, cost, max_parts)
        return ({**content, "msg_type": "SMS_FLASH"} if self.flash else content,)


def text_content(name: str, text: str, cost: Segments, max_parts: int) -> dict[str, str | int]:
    """The gateway's parameters of a text: as it is, or as hexadecimal with ``unicode=1`` if its characters need it.

    ``concat`` (the gateway's greatest number of parts) is set where one part is too few, because the gateway's own
    default may be one part, and what exceeds it is refused with error 113.
    """
    check_parts(cost.parts, max_parts)
    plain = cost.alphabet is Alphabet.GSM7
    content: dict[str, str | int] = {name: text} if plain else {name: ucs2_hex(text), "unicode": 1}
    if cost.parts > 1:
        content["concat"] = cost.parts
    return content


class BinaryType(StrEnum):
    """A kind of binary content that the gateway packs by itself (gateway: ``msg_type``)."""

    OPERATOR_LOGO = "SMS_NOKIA_OLOGO"
    GROUP_LOGO = "SMS_NOKIA_GLOGO"
    PICTURE = "SMS_NOKIA_PICTURE"
    RINGTONE = "SMS_NOKIA_RINGTONE"
    RTTL = "SMS_NOKIA_RTTL"
    CLEAN = "SMS_NOKIA_CLEAN"
    VCARD = "SMS_NOKIA_VCARD"
    VCALENDAR = "SMS_NOKIA_VCAL"


# Octets of one short message (3GPP TS 23.040 section 9.2.3.16), and the concatenation element with an 8-bit
# reference: identifier, length, reference, total, part (section 9.2.3.24.1).
_MAX_OCTETS: Final = 140
_CONCATENATION_LENGTH: Final = 5
_CONCATENATION_ELEMENTS: Final = frozenset({0x00, 0x08})


@dataclass(frozen=True, slots=True)
class Binary:
    """Octets for a device or an application on the phone.

    What exceeds 140 octets, header included, is split into several messages with a concatenation header; each is
    accepted and charged by itself.

    Attributes:
        data: The octets (gateway: ``data``; with a type, ``text``), sent in hexadecimal.
        udh: The user data header, its length octet first (gateway: ``udh``).
        type: A kind of content that the gateway packs by itself; excludes a header and splitting.

    Raises:
        InvalidInput: There is no data, the header is malformed, or header and type exclude one another.
    """

    command: ClassVar[str] = "sendmsg"
    is_eight_bit: ClassVar[bool] = True
    features: ClassVar[Feature] = _NO_FEATURE

    data: bytes = field(repr=False)
    udh: bytes = field(default=b"", repr=False)
    type: BinaryType | None = None

    def __post_init__(self) -> None:
        for name in ("data", "udh"):
            octets: object = getattr(self, name)
            if isinstance(octets, bytes) and type(octets) is not bytes:
                object.__setattr__(self, name, bytes.__getitem__(octets, slice(None)))
        if not isinstance(self.data, bytes) or not self.data:
            raise InvalidInput("data is empty or not bytes: give the octets to be sent (bytes(...) of a bytearray)")
        if not isinstance(self.udh, bytes) or (self.udh and self.udh[0] != len(self.udh) - 1):
            raise InvalidInput("udh is not a user data header: give one whose first octet counts the octets behind it")
        if _element_ids(self.udh) is None:
            raise InvalidInput("udh is not a user data header: give whole elements (identifier, length, content)")
        if self.udh and self.type is not None:
            raise InvalidInput(
                "udh and type exclude one another: leave udh out, the gateway makes the header of a type"
            )
        if self.type is not None and not isinstance(self.type, BinaryType):
            raise InvalidInput("type is not a BinaryType: give one, such as BinaryType.VCARD")
        if len(self.udh) >= _MAX_OCTETS:
            raise InvalidInput(f"udh leaves no room for data: shorten it, a message holds {_MAX_OCTETS} octets")

    def segments(self, charset: Charset) -> Segments:  # noqa: ARG002 - octets are the same in every charset
        """Its cost in parts; units are octets."""
        pieces = self._pieces()
        capacity = _MAX_OCTETS - len(self.udh) if len(pieces) == 1 else self._piece_size()
        left = max(0, capacity - len(pieces[-1]))
        return Segments(Alphabet.EIGHT_BIT, len(self.data), len(pieces), left, ())

    def contents(self, charset: Charset, max_parts: int = MAX_PARTS) -> Sequence[Content]:  # noqa: ARG002
        """The gateway's parameters ``data`` and ``udh``, once per part; with a type, ``text`` and ``msg_type``."""
        if self.type is not None:
            return ({"text": self.data.hex(), "msg_type": self.type.value},)
        pieces = self._pieces()
        check_parts(len(pieces), max_parts)
        if len(pieces) == 1:
            return ({"data": self.data.hex(), **({"udh": self.udh.hex()} if self.udh else {})},)
        reference = secrets.randbelow(256)
        elements = self.udh[1:]
        return tuple(
            {
                "data": piece.hex(),
                "udh": bytes(
                    (len(elements) + _CONCATENATION_LENGTH, *elements, 0x00, 0x03, reference, len(pieces), number)
                ).hex(),
            }
            for number, piece in enumerate(pieces, 1)
        )

    def _piece_size(self) -> int:
        # Without a header of the caller's own, the length octet comes on top.
        return _MAX_OCTETS - _CONCATENATION_LENGTH - (len(self.udh) or 1)

    def _pieces(self) -> list[bytes]:
        if self.type is not None or len(self.udh) + len(self.data) <= _MAX_OCTETS:
            return [self.data]
        size = self._piece_size()
        if size <= 0 or not _CONCATENATION_ELEMENTS.isdisjoint(_element_ids(self.udh) or ()):
            raise InvalidInput("data and udh exceed 140 octets, and udh leaves no way to split them: shorten the data")
        return [self.data[start : start + size] for start in range(0, len(self.data), size)]


def _element_ids(udh: bytes) -> list[int] | None:
    """The identifiers of a user data header's elements (3GPP TS 23.040 section 9.2.3.24); None if it is malformed."""
    found: list[int] = []
    position = 1
    while position + 1 < len(udh):
        found.append(udh[position])
        position += 2 + udh[position + 1]
    return found if position == len(udh) or not udh else None


class PushAction(StrEnum):
    """The urgency with which a phone shows a WAP push (gateway: ``si_action``)."""

    NONE = "signal-none"
    LOW = "signal-low"
    MEDIUM = "signal-medium"
    HIGH = "signal-high"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class WapPush:
    """A service indication: a link with a text (gateway: ``si_push``).

    Attributes:
        url: Where the link leads (gateway: ``si_url``).
        text: What is shown with it (gateway: ``si_text``).
        id: Identifies the indication, so that a later one can replace or delete it (gateway: ``si_id``); made up if
            left out.
        created: When its content was made, an aware datetime (gateway: ``si_created``).
        expires: When the phone may drop it, an aware datetime (gateway: ``si_expires``).
        action: How the phone takes it (gateway: ``si_action``); the gateway's default is medium.

    Raises:
        InvalidInput: An attribute is empty, or a time is naive.
    """

    command: ClassVar[str] = "si_push"
    is_eight_bit: ClassVar[bool] = False
    features: ClassVar[Feature] = _NO_FEATURE

    url: str = field(repr=False)
    text: str = field(repr=False)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: datetime | None = None
    expires: datetime | None = None
    action: PushAction | None = None

    def __post_init__(self) -> None:
        for name in ("url", "text", "id"):
            object.__setattr__(self, name, _filled(getattr(self, name), name))
        for name in ("created", "expires"):
            moment: object = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, _in_utc(plain_moment(moment, name), name))
        if self.action is not None and not isinstance(self.action, PushAction):
            raise InvalidInput("action is not a PushAction: give one, such as PushAction.HIGH")

    def segments(self, charset: Charset) -> Segments:
        """The cost of its text alone; no document tells how many octets the gateway adds for the link."""
        return segments(self.text, charset)

    def contents(self, charset: Charset, max_parts: int = MAX_PARTS) -> Sequence[Content]:  # noqa: ARG002
        """The gateway's ``si_`` parameters."""
        for name in ("url", "text", "id"):
            _check_carried(getattr(self, name), name, charset)
        content: dict[str, str | int] = {"si_id": self.id, "si_url": self.url, "si_text": self.text}
        if self.created is not None:
            content["si_created"] = _utc(self.created)
        if self.expires is not None:
            content["si_expires"] = _utc(self.expires)
        if self.action is not None:
            content["si_action"] = self.action.value
        return (content,)


class MmsClass(Enum):
    """The class of an MMS (gateway: ``mms_class``)."""

    PERSONAL = "80"
    ADVERTISEMENT = "81"
    INFORMATIONAL = "82"
    AUTO = "83"


@dataclass(frozen=True, slots=True)
class MmsNotification:
    """The notification that an MMS waits for the phone (gateway: ``ind_push``).

    Attributes:
        url: Where the MMS is (gateway: ``mms_url``).
        subject: Its subject (gateway: ``mms_subject``).
        sender: Who it is from, as shown (gateway: ``mms_from``).
        expires: How long it may be fetched, in whole seconds (gateway: ``mms_expire``).
        class_: What it is about (gateway: ``mms_class``).

    Raises:
        InvalidInput: An attribute is empty, or the time is not positive and whole.
    """

    command: ClassVar[str] = "ind_push"
    is_eight_bit: ClassVar[bool] = False
    features: ClassVar[Feature] = _NO_FEATURE

    url: str = field(repr=False)
    subject: str = field(repr=False)
    sender: str = field(repr=False)
    expires: timedelta
    class_: MmsClass = MmsClass.PERSONAL

    def __post_init__(self) -> None:
        for name in ("url", "subject", "sender"):
            object.__setattr__(self, name, _filled(getattr(self, name), name))
        expires = plain_duration(self.expires, "expires") if isinstance(self.expires, timedelta) else timedelta(0)
        if expires <= timedelta(0) or expires.microseconds:
            raise InvalidInput(
                "expires is not a timedelta of whole, positive seconds: give one, such as timedelta(days=2)"
            )
        object.__setattr__(self, "expires", expires)
        if not isinstance(self.class_, MmsClass):
            raise InvalidInput("class_ is not an MmsClass: give one, such as MmsClass.PERSONAL")

    def segments(self, charset: Charset) -> Segments:
        """The cost of its subject alone; no document tells how the gateway makes the octets that it sends."""
        return segments(self.subject, charset)

    def contents(self, charset: Charset, max_parts: int = MAX_PARTS) -> Sequence[Content]:  # noqa: ARG002
        """The gateway's ``mms_`` parameters."""
        for name in ("url", "subject", "sender"):
            _check_carried(getattr(self, name), name, charset)
        return (
            {
                "mms_subject": self.subject,
                "mms_class": self.class_.value,
                "mms_expire": str(self.expires // timedelta(seconds=1)),
                "mms_from": self.sender,
                "mms_url": self.url,
            },
        )


Message = Text | Binary | WapPush | MmsNotification
"""What `Client.send` takes beside a str.

Each knows its gateway command, what the route has to support for it (``features``), whether it travels as octets, what
it costs (``segments``), and the parameters of each request that a recipient needs (``contents``): one, or one per part
of split octets.
"""


def check_parts(parts: int, max_parts: int) -> None:
    """Refuse a message that needs more parts than allowed."""
    if parts > max_parts:
        raise InvalidInput(
            f"the message needs {parts} parts: shorten it, {max_parts} are allowed (max_parts=, at most {MAX_PARTS})"
        )


def _filled(text: object, argument: str) -> str:
    """Return the text if it holds more than blanks."""
    plain = check_text(text, argument)
    if not plain.strip():
        raise InvalidInput(f"{argument} is empty: give a text")
    return plain


def _check_carried(text: str, argument: str, charset: Charset) -> None:
    if charset is Charset.LATIN1 and not all(char <= "\xff" for char in text):
        raise NotExpressible(
            f"{argument} holds characters outside ISO-8859-1, which is all that this binding carries here: "
            "use document_literal"
        )


def _in_utc(moment: datetime, argument: str) -> datetime:
    try:
        converted = moment.astimezone(UTC)
    except OverflowError:
        converted = None
    if converted is None or converted.year < _FIRST_YEAR:
        raise InvalidInput(f"{argument} is out of range: give a time from the year {_FIRST_YEAR} to 9999 in UTC")
    return converted


_FIRST_YEAR: Final = 1970


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
