"""Decoder of user data headers for display (3GPP TS 23.040 section 9.2.3.24)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_PORTS: Final[Mapping[int, str]] = {
    2948: "WAP push",
    2949: "secure WAP push",
    5505: "ringing tone",
    5506: "operator logo",
    5507: "group logo",
    5514: "picture message",
    9200: "WAP, connectionless",
    9204: "vCard",
    9205: "vCalendar",
    9206: "secure vCard",
    9207: "secure vCalendar",
}


@dataclass(frozen=True, slots=True)
class UdhElement:
    """One information element of a header.

    Attributes:
        name: The name of the element.
        meaning: Its decoded content; hexadecimal digits if the element is unknown.
        data: All bytes of the element, with its identifier and length.
    """

    name: str
    meaning: str
    data: bytes


def udh_elements(header: bytes) -> tuple[UdhElement, ...]:
    """Decode the elements of a header, in order. An unreadable rest becomes the last element.

    Args:
        header: The header with its leading length byte; empty for none.
    """
    if not header:
        return ()
    length = header[0]
    if length != len(header) - 1:
        wrong = f"the header says {length} bytes and has {len(header) - 1}"
        return (UdhElement("Unreadable", wrong, header),)
    found: list[UdhElement] = []
    rest = header[1:]
    while rest:
        element = rest[: 2 + rest[1]] if len(rest) > 1 else b""
        if len(element) < 2 or len(element) < 2 + element[1]:  # noqa: PLR2004 - an identifier and a length
            found.append(UdhElement("Unreadable", "it ends in the middle of an element", rest))
            break
        found.append(_read(element))
        rest = rest[len(element) :]
    return tuple(found)


def _read(element: bytes) -> UdhElement:
    identifier, data = element[0], element[2:]
    known = _KNOWN.get((identifier, len(data)))
    if known is None:
        return UdhElement(f"Element {identifier:02X}", data.hex(" ").upper() or "empty", element)
    name, meaning = known
    return UdhElement(name, meaning(data), element)


def _joined(data: bytes) -> str:
    *reference, total, part = data
    return f"part {part} of {total}, reference {bytes(reference).hex().upper()}"


def _ports(data: bytes) -> str:
    half = len(data) // 2
    to, origin = (int.from_bytes(each, "big") for each in (data[:half], data[half:]))
    return f"to {_port(to)}, from {_port(origin)}"


def _port(port: int) -> str:
    name = _PORTS.get(port)
    return f"{port} (0x{port:04X}{f', {name}' if name else ''})"


_KNOWN: Final[Mapping[tuple[int, int], tuple[str, Callable[[bytes], str]]]] = {
    (0x00, 3): ("Concatenation", _joined),
    (0x08, 4): ("Concatenation, 16-bit reference", _joined),
    (0x04, 2): ("Ports, 8-bit", _ports),
    (0x05, 4): ("Ports", _ports),
}
