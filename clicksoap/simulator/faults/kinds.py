"""The kinds of faults: the effect and the arguments of each, and the check of a rule's arguments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from clicksoap.codes import ERRORS
from clicksoap.simulator.front.xml_characters import NOT_XML

FaultKindName = Literal[
    "delay",
    "status",
    "fault",
    "error",
    "session",
    "html",
    "malformed",
    "truncated",
    "empty",
    "charset",
    "gzip",
    "trickle",
    "reset",
]
"""The name of a kind of fault."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: its default, its description and its arguments.

    Attributes:
        carried_out: The default of a rule's ``carried_out``: whether the command is carried out first.
        description: The effect on the caller.
        arguments: The arguments that belong to this kind alone.
        required: Those of them that must be given.
    """

    carried_out: bool
    description: str
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


KINDS: Final[dict[FaultKindName, FaultKind]] = {
    "delay": FaultKind(
        True,
        "The answer comes `seconds` later. With `carried_out=False` the command itself waits that long, and is dropped"
        " if the caller hangs up before.",
        ("seconds",),
        ("seconds",),
    ),
    "status": FaultKind(
        False,
        "An HTTP status (503 unless `status` says another) and a line of plain text, with `Retry-After` if"
        " `retry_after` says so.",
        ("status", "retry_after"),
    ),
    "fault": FaultKind(
        False,
        "A SOAP Fault with HTTP 500, of the fault code `code` (`Server`) and the words `text`. The HTTP API has none:"
        " there it is the line of error 901.",
        ("code", "text"),
    ),
    "error": FaultKind(False, "The line of error `code` (901) for the whole request.", ("code",)),
    "session": FaultKind(
        True,
        "Every session of the gateway expires before the command is carried out. With `carried_out=False` it is"
        " refused with 003 whatever it brought.",
    ),
    "html": FaultKind(True, "A page of HTML with HTTP 200."),
    "malformed": FaultKind(True, "XML that is not well-formed; by the HTTP API a line of garbage."),
    "truncated": FaultKind(True, "`Content-Length` promises more than comes; then the connection ends."),
    "empty": FaultKind(True, "HTTP 200 without a byte."),
    "charset": FaultKind(True, "UTF-16, which the header and the XML prolog call something else."),
    "gzip": FaultKind(True, "Damaged gzip that says it is gzip, whether or not the caller takes gzip."),
    "trickle": FaultKind(
        True,
        "The answer comes in small pieces, `bytes_per_second` of them.",
        ("bytes_per_second",),
        ("bytes_per_second",),
    ),
    "reset": FaultKind(
        True,
        "The connection breaks without a byte: the message is kept and its answer lost. With `carried_out=False`"
        " nothing was done.",
    ),
}
"""Every kind, in the order of the reference page."""

_NAMES: Final = ("seconds", "status", "retry_after", "code", "text", "bytes_per_second")
# The least and the greatest value, and the words of the error about what to give.
_RANGES: Final[dict[str, tuple[float, float, str]]] = {
    "probability": (0, 1, "the share of requests that it happens to, 0 to 1"),
    "per_second": (0, 1_000_000, "the requests a second that pass, 0 to 1000000, where 0 means no limit"),
    "seconds": (0.001, 86_400, "the seconds to wait, 0.001 to 86400"),
    "bytes_per_second": (0.1, 1_000_000, "the speed of the answer, 0.1 to 1000000 bytes a second"),
}
_WHOLE: Final[dict[str, tuple[int, int, str]]] = {
    "nth": (0, 2**31, "which of these requests it happens to, a whole number from 1, or 0 for all"),
    "times": (0, 2**31, "how often it happens, a whole number of 1 or more, or 0 for no limit"),
    "seed": (-(2**63), 2**63, "the seed of the random choice, a whole number"),
    "status": (300, 599, "an HTTP status other than success, 300 to 599"),
    "retry_after": (0, 86_400, "the seconds of the header Retry-After, a whole number from 0 to 86400"),
}
_PREFIX: Final = re.compile(r"[0-9]{1,15}")
_FAULT_CODE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


def check_rule(kind: str, given: Mapping[str, object], commands: Mapping[str, object]) -> None:
    """Check the arguments of a rule.

    Args:
        kind: The name of the kind.
        given: The other arguments that were given, by their names.
        commands: The gateway's commands, by their names.

    Raises:
        ValueError: An argument is out of its range, or does not belong to the kind; the text says what to give.
    """
    about = {str(each): about for each, about in KINDS.items()}.get(kind) if isinstance(kind, str) else None
    if about is None:
        raise ValueError(f"kind is unknown: give one of {', '.join(get_args(FaultKindName))}")
    for name in _NAMES:
        if name in given and name not in about.arguments:
            raise ValueError(f"{name} does not belong to the kind {kind}: leave it out")
    for name in about.required:
        if name not in given:
            raise ValueError(f"{name} is missing, and the kind {kind} requires it: give {_RANGES[name][2]}")
    for name, value in given.items():
        _check_one(kind, name, value)
    if given.get("command", "") not in {"", *commands}:
        raise ValueError("command is unknown: give a command as Document/Literal spells it, all in lower case")


def _check_one(kind: str, name: str, value: object) -> None:
    if name in _RANGES:
        low, high, wording = _RANGES[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name} is not valid: give {wording}")
    elif name in _WHOLE:
        first, last, wording = _WHOLE[name]
        if isinstance(value, bool) or not isinstance(value, int) or not first <= value <= last:
            raise ValueError(f"{name} is not valid: give {wording}")
    elif name == "carried_out":
        if not isinstance(value, bool):
            raise ValueError("carried_out is not a boolean: give True to carry the command out first, or False")
    elif not isinstance(value, str):
        raise ValueError(f"{name} is not a text: give a string")
    else:
        _check_text(kind, name, value)


def _check_text(kind: str, name: str, value: str) -> None:
    if name == "prefix" and value and not _PREFIX.fullmatch(value):
        raise ValueError("prefix is not the beginning of a number: give up to 15 digits, without + or 00, such as 2782")
    if name == "code" and kind == "error" and value not in ERRORS:
        raise ValueError(f"code is not an error code: give one of {', '.join(ERRORS)}")
    if name == "code" and kind == "fault" and not _FAULT_CODE.fullmatch(value):
        raise ValueError('code is not a SOAP 1.1 fault code: give a word without prefix, such as "Server" or "Client"')
    if name == "text" and NOT_XML.search(value):
        raise ValueError("text holds a character that XML does not allow: leave it out")
