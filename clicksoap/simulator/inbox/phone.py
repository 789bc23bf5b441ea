"""Display of a message as a phone shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.segments import Segment, split

DisplayKind = Literal["text", "flash", "push", "mms", "binary", "nokia"]
"""The way in which a phone shows a message."""

_NOKIA_TYPES: Final[Mapping[str, str]] = {
    "SMS_NOKIA_OLOGO": "Operator logo",
    "SMS_NOKIA_GLOGO": "Group logo",
    "SMS_NOKIA_PICTURE": "Picture message",
    "SMS_NOKIA_RINGTONE": "Ringing tone",
    "SMS_NOKIA_RTTL": "Ringing tone (RTTTL)",
    "SMS_NOKIA_CLEAN": "Logo removal",
    "SMS_NOKIA_VCARD": "vCard",
    "SMS_NOKIA_VCAL": "vCalendar",
}
_MMS_CLASSES: Final[Mapping[str, str]] = {
    "80": "personal",
    "81": "advertisement",
    "82": "informational",
    "83": "automatic",
}
_LABELS: Final[Mapping[DisplayKind, str]] = {
    "text": "",
    "flash": "Flash",
    "push": "WAP push",
    "mms": "MMS",
    "binary": "Binary",
    "nokia": "Nokia",
}


@dataclass(frozen=True, slots=True)
class PhoneDisplay:
    """A message as a phone shows it.

    Attributes:
        kind: The way in which it is shown.
        label: The kind of message for people; empty for an ordinary text.
        parts: The parts of a text or flash message; empty for other kinds.
        units: The unit of the sizes of the parts: ``septets`` or ``UTF-16 units``.
        url: The address in the message, as given; empty for no address.
        link: The address as a link; empty if it is not an http or https address.
        facts: More names and values to show.
    """

    kind: DisplayKind
    label: str
    parts: tuple[Segment, ...]
    units: str
    url: str
    link: str
    facts: tuple[tuple[str, str], ...]


def phone_display(message: Message) -> PhoneDisplay:
    """The display of a message on a phone."""
    kind, given = _kind(message), message.parameters
    label = _NOKIA_TYPES.get(given.get("msg_type", ""), "") or _LABELS[kind]
    url, facts = "", tuple[tuple[str, str], ...]()
    if kind == "push":
        url = given.get("si_url", "")
        names = {"si_action": "Signal", "si_created": "Created", "si_expires": "Expires", "si_id": "Identifier"}
        facts = tuple((word, given[name]) for name, word in names.items() if name in given)
    elif kind == "mms":
        url = given.get("mms_url", "")
        mms_class = given.get("mms_class", "")
        facts = (
            ("From", given.get("mms_from", "")),
            ("Class", f"{mms_class} {_MMS_CLASSES.get(mms_class, '')}".strip()),
            ("Expires after", f"{given.get('mms_expire', '')} s"),
        )
    parts = split(message.text, unicode=message.unicode) if kind in {"text", "flash"} else ()
    if message.parts == 1 and len(parts) > 1:
        parts = ()  # a trial account's text replaces another one of any length
    units = "UTF-16 units" if message.unicode else "septets"
    return PhoneDisplay(kind, label, parts, units, url, _web_link(url), facts)


def display_label(message: Message) -> str:
    """The kind of a message as a label; empty for an ordinary text."""
    return _NOKIA_TYPES.get(message.parameters.get("msg_type", ""), "") or _LABELS[_kind(message)]


def _kind(message: Message) -> DisplayKind:
    if message.command == "si_push":
        return "push"
    if message.command == "ind_push":
        return "mms"
    if message.data or message.udh:
        return "binary"
    if message.parameters.get("msg_type", "") in _NOKIA_TYPES:
        return "nokia"
    return "flash" if message.flash else "text"


def _web_link(url: str) -> str:
    """The http or https address to link to, decoded if its scheme is encoded; empty for any other."""
    plain = url if ":" in url else unquote(url)
    try:
        parts = urlsplit(plain)
    except ValueError:
        return ""
    return plain if parts.scheme in {"http", "https"} and parts.netloc else ""
