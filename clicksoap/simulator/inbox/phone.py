"""A message as the phone would show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.segments import Segment, split

DisplayKind = Literal["text", "flash", "push", "mms", "binary", "nokia"]
"""How a phone shows it."""

_TYPES: Final[Mapping[str, str]] = {
    "SMS_NOKIA_OLOGO": "Operator logo",
    "SMS_NOKIA_GLOGO": "Group logo",
    "SMS_NOKIA_PICTURE": "Picture message",
    "SMS_NOKIA_RINGTONE": "Ringing tone",
    "SMS_NOKIA_RTTL": "Ringing tone (RTTTL)",
    "SMS_NOKIA_CLEAN": "Logo removal",
    "SMS_NOKIA_VCARD": "vCard",
    "SMS_NOKIA_VCAL": "vCalendar",
}
_CLASSES: Final[Mapping[str, str]] = {
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
class Shown:
    """What a phone makes of a message.

    Attributes:
        kind: How it shows it.
        label: What it calls it; empty for an ordinary text.
        parts: The parts of the text, where it is one.
        units: What their sizes are counted in.
        url: Where it wants to lead, as given; empty if nowhere.
        link: The same as something to follow; empty if it is no address of the web.
        facts: What else it says.
    """

    kind: DisplayKind
    label: str
    parts: tuple[Segment, ...]
    units: str
    url: str
    link: str
    facts: tuple[tuple[str, str], ...]


def shown(message: Message) -> Shown:
    """How a phone shows a message."""
    kind, given = _kind(message), message.parameters
    label = _TYPES.get(given.get("msg_type", ""), "") or _LABELS[kind]
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
            ("Class", f"{mms_class} {_CLASSES.get(mms_class, '')}".strip()),
            ("Expires after", f"{given.get('mms_expire', '')} s"),
        )
    parts = split(message.text, unicode=message.unicode) if kind in {"text", "flash"} else ()
    if message.parts == 1 and len(parts) > 1:
        parts = ()  # a trial account's text takes the place of another, whatever its length
    return Shown(kind, label, parts, "UTF-16 units" if message.unicode else "septets", url, _followed(url), facts)


def label_of(message: Message) -> str:
    """What a message is called beside others; empty for an ordinary text."""
    return _TYPES.get(message.parameters.get("msg_type", ""), "") or _LABELS[_kind(message)]


def _kind(message: Message) -> DisplayKind:
    if message.command == "si_push":
        return "push"
    if message.command == "ind_push":
        return "mms"
    if message.data or message.udh:
        return "binary"
    if message.parameters.get("msg_type", "") in _TYPES:
        return "nokia"
    return "flash" if message.flash else "text"


def _followed(url: str) -> str:
    """The address to follow: of the web or none at all, decoded if its very beginning is encoded."""
    plain = url if ":" in url else unquote(url)
    try:
        parts = urlsplit(plain)
    except ValueError:
        return ""
    return plain if parts.scheme in {"http", "https"} and parts.netloc else ""
