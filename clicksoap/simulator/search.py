"""The search language for messages, the same in the inbox and in the API.

A query is a row of terms, all of which must hold: words, "phrases in quotes", and fields such as ``to:2782``,
``status:delivered`` or ``from:"Corner Shop"``. A ``-`` in front turns a term round.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from clicksoap.codes import STATUS_DEFINITIONS, MessageStatus
from clicksoap.simulator.gateway.messages import Message

Test = Callable[[Message], bool]

STATUS_WORDS: Final[Mapping[str, frozenset[str]]] = {
    **{each.word: frozenset({code}) for code, each in STATUS_DEFINITIONS.items()},
    "failed": frozenset(code for code, each in STATUS_DEFINITIONS.items() if each.is_error),
    "final": frozenset(code for code, each in STATUS_DEFINITIONS.items() if each.is_final),
    "pending": frozenset(code for code, each in STATUS_DEFINITIONS.items() if not each.is_final),
}
"""The words that ``status:`` takes beside the numbers, and the statuses of each; the last three stand for several."""

MAX_TERMS: Final = 1000
"""The greatest length of a query, in characters."""

_TERM: Final = re.compile(r'(?P<minus>-?)(?:(?P<field>[A-Za-z_]+):(?!//))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))?')
_CODE: Final = re.compile(r"[0-9]{1,3}|00[A-Ca-c]")
_PUNCTUATION: Final = re.compile(r"[^0-9]")


def matching(query: str) -> Test:
    """Compile a query into a test of messages; an empty query finds every message.

    Args:
        query: Terms with blanks between them. A word or a phrase is looked for in the text, the sender and the number.
            ``to:``, ``from:`` and ``text:`` look for a part of one of those; ``id:`` for the beginning of the
            gateway's, the client's or the batch's id; ``command:`` and ``account:`` (the API id or the user) for the
            whole; ``status:`` takes a number or one of `STATUS_WORDS`. Case does not matter.

    Raises:
        ValueError: The query is invalid; the text says why.
    """
    if len(query) > MAX_TERMS:
        raise ValueError(f"the search is too long: give at most {MAX_TERMS} characters")
    tests = [_test(term) for term in terms(query)]
    return lambda message: all(test(message) for test in tests)


def terms(query: str) -> list[re.Match[str]]:
    """The terms of a query, as matches with the groups ``minus``, ``field``, ``phrase`` and ``word``.

    Raises:
        ValueError: A quotation mark is unbalanced.
    """
    found: list[re.Match[str]] = []
    place = 0
    while place < len(query):
        if query[place].isspace():
            place += 1
            continue
        term = _TERM.match(query, place)
        if term is None or term.end() == place or (term.end() < len(query) and not query[term.end()].isspace()):
            raise ValueError('unbalanced quotation mark: write phrases as "of two words", with blanks around them')
        found.append(term)
        place = term.end()
    return found


def _test(term: re.Match[str]) -> Test:
    field = (term["field"] or "").lower()
    value = (term["phrase"] if term["word"] is None else term["word"]) or ""
    if field and field not in _FIELDS:
        names = ", ".join(f"{name}:" for name in _FIELDS)
        raise ValueError(f'unknown search field {field}: give one of {names}, or put the word in "quotes"')
    if not value.strip():
        raise ValueError(f"{term[0]!r} is empty: give a word or a phrase to look for")
    test = _FIELDS[field](value.casefold()) if field else _anywhere(value.casefold())
    return (lambda message: not test(message)) if term["minus"] else test


def _anywhere(value: str) -> Test:
    return lambda message: value in message.text.casefold() or value in message.sender.casefold() or value in message.to


def _to(value: str) -> Test:
    digits = _PUNCTUATION.sub("", value)
    if not digits:
        raise ValueError("to: without a digit: give a number or a part of one")
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
        codes = frozenset({MessageStatus.of(value).code}) & STATUS_DEFINITIONS.keys()
    if not codes:
        raise ValueError(
            f"status: with an unknown status: give a number such as 004, or one of {', '.join(STATUS_WORDS)}"
        )
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
