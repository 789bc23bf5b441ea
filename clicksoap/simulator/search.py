"""The language in which messages are looked for, the same in the inbox and in the API.

A query is a row of terms, all of which must hold: words, "phrases in quotes", and fields such as ``to:2782``,
``status:delivered`` or ``from:"Corner Shop"``. A ``-`` in front turns a term round.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from clicksoap.codes import STATUSES, MessageStatus
from clicksoap.simulator.gateway.model import Message

Test = Callable[[Message], bool]

STATUS_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "unknown": frozenset({"001"}),
    "queued": frozenset({"002"}),
    "sent": frozenset({"003"}),
    "delivered": frozenset({"004"}),
    "malformed": frozenset({"005"}),
    "cancelled": frozenset({"006"}),
    "undelivered": frozenset({"007"}),
    "accepted": frozenset({"008"}),
    "unroutable": frozenset({"009"}),
    "expired": frozenset({"010"}),
    "scheduled": frozenset({"011"}),
    "unpaid": frozenset({"012"}),
    "limited": frozenset({"014"}),
    "failed": frozenset({"005", "007", "009", "010", "012", "014"}),
    "final": frozenset(code for code in STATUSES if MessageStatus.of(code).is_final),
    "pending": frozenset(code for code in STATUSES if not MessageStatus.of(code).is_final),
}
"""What ``status:`` takes beside the numbers; the last three stand for several."""

MAX_TERMS: Final = 1000
"""The characters that a query may have."""

_TERM: Final = re.compile(r'(?P<minus>-?)(?:(?P<field>[A-Za-z_]+):(?!//))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))?')
_CODE: Final = re.compile(r"[0-9]{1,3}|00[A-Ca-c]")
_PUNCTUATION: Final = re.compile(r"[^0-9]")


def matching(query: str) -> Test:
    """What tells whether a message is found by a query; an empty query finds every message.

    Args:
        query: Terms with blanks between them. A word or a phrase is looked for in the text, the sender and the number.
            ``to:``, ``from:`` and ``text:`` look for a part of one of those; ``id:`` for the beginning of the
            gateway's, the client's or the batch's id; ``command:`` and ``account:`` (the API id or the user) for the
            whole; ``status:`` takes a number or one of `STATUS_WORDS`. Case does not matter.

    Raises:
        ValueError: It cannot be understood; the text says why.
    """
    if len(query) > MAX_TERMS:
        raise ValueError(f"a search has at most {MAX_TERMS} characters")
    tests = [_test(term) for term in _terms(query)]
    return lambda message: all(test(message) for test in tests)


def _terms(query: str) -> list[re.Match[str]]:
    terms: list[re.Match[str]] = []
    place = 0
    while place < len(query):
        if query[place].isspace():
            place += 1
            continue
        term = _TERM.match(query, place)
        if term is None or term.end() == place or (term.end() < len(query) and not query[term.end()].isspace()):
            raise ValueError('a quotation mark is alone: write phrases as "of two words", with blanks around them')
        terms.append(term)
        place = term.end()
    return terms


def _test(term: re.Match[str]) -> Test:
    field = (term["field"] or "").lower()
    value = (term["phrase"] if term["word"] is None else term["word"]) or ""
    if field and field not in _FIELDS:
        names = ", ".join(f"{name}:" for name in _FIELDS)
        raise ValueError(f'there is no {field}: to search by; there are {names}, or put it in "quotes"')
    if not value.strip():
        raise ValueError(f"{term[0]!r} says nothing to look for")
    test = _FIELDS[field](value.casefold()) if field else _anywhere(value.casefold())
    return (lambda message: not test(message)) if term["minus"] else test


def _anywhere(value: str) -> Test:
    return lambda message: value in message.text.casefold() or value in message.sender.casefold() or value in message.to


def _to(value: str) -> Test:
    digits = _PUNCTUATION.sub("", value)
    if not digits:
        raise ValueError("to: takes a number or a part of one")
    return lambda message: digits in message.to


def _from(value: str) -> Test:
    return lambda message: value in message.sender.casefold()


def _text(value: str) -> Test:
    return lambda message: value in message.text.casefold()


def _id(value: str) -> Test:
    return lambda message: any(
        each.casefold().startswith(value) for each in (message.id, message.client_message_id, message.batch_id)
    )


def _command(value: str) -> Test:
    return lambda message: message.command == value


def _account(value: str) -> Test:
    return lambda message: value in {str(message.api_id), message.user.casefold()}


def _status(value: str) -> Test:
    codes = STATUS_WORDS.get(value)
    if codes is None and _CODE.fullmatch(value):
        codes = frozenset({MessageStatus.of(value).code}) & STATUSES.keys()
    if not codes:
        raise ValueError(f"status: takes a number such as 004, or one of {', '.join(STATUS_WORDS)}")
    return lambda message: message.status in codes


_FIELDS: Final[Mapping[str, Callable[[str], Test]]] = {
    "to": _to,
    "from": _from,
    "text": _text,
    "status": _status,
    "command": _command,
    "id": _id,
    "account": _account,
}
