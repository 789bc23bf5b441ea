"""Search for exchanges on the pages of traffic and of refused requests."""

from collections.abc import Callable, Mapping
from typing import Final

from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.inbox.labels import SERVICE_NAMES
from clicksoap.simulator.search import MAX_TERMS, terms

Test = Callable[[Exchange], bool]

_FIELDS: Final[Mapping[str, Callable[[Exchange], tuple[str, ...]]]] = {
    "to": lambda each: (each.to, *(refusal.to for refusal in each.refusals)),
    "text": lambda each: (each.text,),
    "reason": lambda each: tuple(refusal.text for refusal in each.refusals),
    "code": lambda each: tuple(refusal.code for refusal in each.refusals),
    "parameter": lambda each: tuple(refusal.parameter for refusal in each.refusals),
    "command": lambda each: (each.command,),
    "outcome": lambda each: (each.outcome,),
    "service": lambda each: (each.service, SERVICE_NAMES.get(each.service, "")),
    "path": lambda each: (each.path,),
    "peer": lambda each: (each.peer,),
    "fault": lambda each: (each.fault,),
}
_WHOLE: Final = frozenset({"code", "parameter", "command", "outcome"})


def exchanges_matching(query: str) -> Test:
    """Compile a query into a test of exchanges; an empty query finds every exchange.

    Args:
        query: Terms with blanks between them, as in the search for messages. A word or a phrase is looked for in every
            field. ``code:``, ``parameter:``, ``command:`` and ``outcome:`` look for the whole value, ``to:``,
            ``text:``, ``reason:``, ``service:``, ``path:``, ``peer:`` and ``fault:`` for a part of it. A ``-`` in front
            excludes. Case does not matter.

    Raises:
        ValueError: The query is invalid; the text says why.
    """
    if len(query) > MAX_TERMS:
        raise ValueError(f"the search is too long: give at most {MAX_TERMS} characters")
    tests: list[Test] = []
    for term in terms(query):
        value = ((term["phrase"] if term["word"] is None else term["word"]) or "").casefold()
        if not value.strip():
            raise ValueError(f"{term[0]!r} is empty: give a word or a phrase to look for")
        test = _test((term["field"] or "").lower(), value)
        tests.append(_negated(test) if term["minus"] else test)
    return lambda exchange: all(test(exchange) for test in tests)


def _test(field: str, value: str) -> Test:
    if not field:
        return lambda exchange: any(value in each.casefold() for of in _FIELDS.values() for each in of(exchange))
    values_of = _FIELDS.get(field)
    if values_of is None:
        names = ", ".join(f"{name}:" for name in _FIELDS)
        raise ValueError(f'unknown search field {field}: give one of {names}, or put the word in "quotes"')
    if field in _WHOLE:
        return lambda exchange: any(value == each.casefold() for each in values_of(exchange))
    return lambda exchange: any(value in each.casefold() for each in values_of(exchange))


def _negated(test: Test) -> Test:
    return lambda exchange: not test(exchange)
