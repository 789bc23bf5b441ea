"""The gateway's answer language: ``KEY: value`` lines, the same in SOAP and in the HTTP API.

The vendor's documents contradict one another in letter case, blanks and key names, and its servers in the wording of
errors. So keys are read in any case, blanks are folded, and an error is known by its number alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any, Final, NamedTuple

from clicksoap.errors import ACCOUNT_CODES, GatewayError, SessionExpired
from clicksoap.lazy_re import pattern
from clicksoap.msisdn import Recipients
from clicksoap.redaction import redact
from clicksoap.results import RecipientResult, State


class Line:
    """One line of an answer, read. The plain class is a line outside the language."""

    def __init__(self, raw: str) -> None:
        self.raw = raw


class Ok(Line):
    """``OK``, ``OK:`` or ``OK: text``.

    Attributes:
        text: The text, without secrets.
        session_id: The text as it came: the answer to a login is a session id.
    """

    def __init__(self, raw: str, text: str, session_id: str) -> None:
        super().__init__(raw)
        self.text = text
        self.session_id = session_id


class Identified(Line):
    """``ID: x``, with any of ``To:``, ``Status:`` and ``Charge:`` behind it; also spelled ``apiMsgId: x``."""

    def __init__(
        self,
        raw: str,
        message_id: str,
        to: str | None = None,
        status: str | None = None,
        charge: Decimal | None = None,
    ) -> None:
        super().__init__(raw)
        self.message_id = message_id
        self.to = to
        self.status = status
        self.charge = charge


class Failure(Line):
    """``ERR: nnn, text``, with or without ``To:``; routeCoverage gives an ERR without a number."""

    def __init__(self, raw: str, code: str | None, text: str, to: str | None = None) -> None:
        super().__init__(raw)
        self.code = code
        self.text = text
        self.to = to

    @property
    def error(self) -> GatewayError:
        """The error that the number stands for."""
        return GatewayError.of(self.code, self.text)


class Credit(Line):
    """``Credit: n`` or ``Credits: n``."""

    def __init__(self, raw: str, amount: Decimal) -> None:
        super().__init__(raw)
        self.amount = amount


MAX_LINES: Final = 10_000
"""What has far more lines than one request has recipients (600 at most) is no answer, and is not worth the reading."""

# Every pattern is ASCII on purpose: Unicode digits would pass for numbers.
_I: Final = re.IGNORECASE | re.ASCII
_LINE_BREAK: Final = re.compile(r"[\r\n]+")
_STARTS_LINE: Final = pattern(r"\s*(?:OK|ERR|ID|apiMsgId|Credits?)\b", _I)
# What nearly every line of a large answer is, read in one step; all else goes the long way to the same result.
_COMMON: Final = re.compile(r"ID: ([0-9A-Za-z]+)(?: To: ([0-9]+))?", re.ASCII)
# The documents give ids of 32 hexadecimal digits; gateways that copied the contract number theirs in other ways.
_ID: Final = pattern(r"[0-9A-Za-z._+/=@-]+", re.ASCII)
_TAG: Final = pattern(r"</?[A-Za-z][^<>]*>", re.ASCII)
_OK: Final = re.compile(r"OK\b\s*:?\s*(.*)", _I | re.DOTALL)
_ERR: Final = pattern(
    r"ERR\b\s*:?\s*(?:([0-9]{1,3})(?![0-9.])\s*[,:]?\s*)?(.*?)(?:\bTo\s*:\s*(\+?[0-9][0-9 ().-]*))?", _I | re.DOTALL
)
_CREDIT: Final = pattern(r"Credits?\s*:\s*([+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?)", _I)
_FIELD: Final = pattern(r" (?=[a-z]+ ?:)", _I)
_TO: Final = pattern(r"\+?[0-9][0-9 ().-]*", re.ASCII)
_STATUS: Final = pattern(r"[0-9A-F]{1,3}", _I)
_AMOUNT: Final = pattern(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


def read(items: Iterable[str], secrets: Sequence[str] = ()) -> list[Line]:
    """Read the lines of an answer; whatever they hold, none raises.

    Args:
        items: The strings of the reply in order. One string may hold several lines.
        secrets: Texts to be masked in what the lines keep: a gateway may repeat what it was sent.

    Returns:
        The lines, one more than `MAX_LINES` at most: the work is bounded, and what comes behind them is left out.
    """
    lines: list[Line] = []
    for item in items:
        if len(lines) > MAX_LINES:
            break
        if common := _COMMON.fullmatch(item):
            lines.append(Identified(item, common[1], common[2]))
        else:
            lines.extend(_line(part.strip(), secrets) for part in _lines_of(item)[: MAX_LINES + 1 - len(lines)])
    return lines


def starts_line(item: str) -> bool:
    """Whether a string begins as a line of the language does."""
    return _STARTS_LINE.match(item.lstrip("\ufeff")) is not None


def _lines_of(item: str) -> list[str]:
    """The lines inside one string; a break that no keyword follows is a stray one inside a line."""
    first, *rest = _LINE_BREAK.split(item.strip(), maxsplit=MAX_LINES)
    lines = [[first]]
    for part in rest:
        if _STARTS_LINE.match(part):
            lines.append([part])
        else:
            lines[-1].append(part)
    return ["\n".join(parts) for parts in lines]


def _line(raw: str, secrets: Sequence[str]) -> Line:
    # Folded first: no pattern then meets a run of blanks, so each works in linear time.
    folded = " ".join(_without_markup(raw).split())
    raw = redact(raw, secrets)
    if found := _OK.fullmatch(folded):
        return Ok(raw, redact(found[1], secrets), found[1])
    if found := _ERR.fullmatch(folded):
        code, text, to = found.groups()
        return Failure(raw, code and code.zfill(3), redact(text.rstrip(" ,"), secrets), to)
    if found := _CREDIT.fullmatch(folded):
        return Credit(raw, Decimal(found[1]))
    return _identified(raw, folded) or Line(raw)


def _without_markup(raw: str) -> str:
    """The line without the byte order mark in front and the tags and NULs behind that some servers print around it."""
    text = raw.lstrip("\ufeff \t").rstrip(" \t\0")
    while text.endswith(">"):
        start = text.rfind("<")
        if start < 0 or not _TAG.fullmatch(text, start):
            break
        text = text[:start].rstrip(" \t\0")
    return text


def _identified(raw: str, folded: str) -> Identified | None:
    fields: dict[str, str] = {}
    for part in _FIELD.split(folded):
        key, colon, value = part.partition(":")
        if not colon or key.strip().lower() in fields:
            return None
        fields[key.strip().lower()] = value.strip()
    message_id = fields.get("id") or fields.get("apimsgid")
    to, status, charge = fields.get("to"), fields.get("status"), fields.get("charge")
    if (
        not message_id
        or not _ID.fullmatch(message_id)
        or next(iter(fields)) not in {"id", "apimsgid"}
        or (to is not None and not _TO.fullmatch(to))
        or (status is not None and not _STATUS.fullmatch(status))
        or (charge is not None and not _AMOUNT.fullmatch(charge))
    ):
        return None
    return Identified(raw, message_id, to, status, None if charge is None else Decimal(charge))


def all_accepted(
    recipients: Recipients, items: Sequence[str], client_message_id: str | None
) -> list[RecipientResult] | None:
    """The results of the usual answer, which accepts every recipient in order, one plain line each.

    It gives what `read` and `match` would, without making a `Line` of every string; None for any other answer.
    """
    if not items or len(items) != len(recipients):
        return None
    heads, told, said = zip(*[item.partition(" To: ") for item in items], strict=True)
    if said != recipients.msisdns and told != ("",):
        return None
    # One line break before each head, and one before each id: so each head is "ID: " and an id.
    first, *ids = "\n".join(("", *heads)).split("\nID: ")
    letters = "".join(ids)
    if first or len(ids) != len(items) or "" in ids or not (letters.isascii() and letters.encode().isalnum()):
        return None
    return _accepted(recipients, ids, client_message_id, items)


class _Columns:
    """The fields of a `RecipientResult` before it is one, filled in by position.

    A frozen dataclass sets each field by a Python call, which for 300 recipients takes as long as half of a send. This
    class has the same slots, so that an instance becomes a result by its class alone.
    """

    __slots__ = tuple(RecipientResult.__dataclass_fields__)

    def __init__(  # noqa: PLR0913 - they are mapped from columns
        self,
        to: str,
        given: str,
        state: State,
        message_ids: tuple[str, ...],
        error: GatewayError | None,
        client_message_id: str | None,
        raw: str | None,
        unique: bool,  # noqa: FBT001 - a column as the others
    ) -> None:
        self.to = to
        self.given = given
        self.state = state
        self.message_ids = message_ids
        self.error = error
        self.client_message_id = client_message_id
        self.raw = raw
        self.unique = unique


def _accepted(
    recipients: Recipients, ids: Sequence[str], client_message_id: str | None, lines: Sequence[str]
) -> list[RecipientResult]:
    """The results of recipients that were all accepted, each with one id and a line of its own."""
    made: list[Any] = list(
        map(
            _Columns,
            recipients.msisdns,
            recipients.given,
            repeat(State.ACCEPTED),
            zip(ids, strict=False),
            repeat(None),
            repeat(client_message_id),
            lines,
            repeat(False),
        )
    )
    for result in made:
        result.__class__ = RecipientResult
    return made


def expired_session(results: Sequence[RecipientResult]) -> SessionExpired | None:
    """The error of an answer that refuses every recipient for the session alone, so that a new login mends it."""
    error = results[0].error if results else None
    if isinstance(error, SessionExpired) and all(isinstance(result.error, SessionExpired) for result in results):
        return error
    return None


class Matched(NamedTuple):
    """The lines of an answer, told to the recipients of its request.

    Attributes:
        results: One per recipient, in order.
        unmatched: The lines that belong to nobody.
        refusal: The error of a line that concerns the account, or a whole request of several recipients: nothing more
            is to be sent. None if there is none.
    """

    results: list[RecipientResult]
    unmatched: list[Line]
    refusal: GatewayError | None


def match(recipients: Recipients, lines: Sequence[Line], client_message_id: str | None = None) -> Matched:
    """Tell the lines of an answer to the recipients of its request; nothing is guessed.

    By the number after ``To:``, normalised on both sides; by position only where no line carries one and the counts
    agree; a single ERR line without ``To:`` concerns everybody. A recipient that cannot be matched is unknown.
    """
    # Blank lines, OK and warnings answer for nobody: counted, they would shift every position behind them.
    answering = [line for line in lines if isinstance(line, Identified | Failure)]
    numbers = [line.to for line in answering]
    is_whole_request = numbers == [None] and isinstance(answering[0], Failure)
    assigned: Mapping[int, Identified | Failure]
    if numbers == list(recipients.msisdns):
        assigned = dict(enumerate(answering))
    elif any(number is not None for number in numbers):
        assigned = _by_number(recipients.msisdns, answering)
    elif is_whole_request:
        assigned = dict.fromkeys(range(len(recipients)), answering[0])
    elif len(answering) == len(recipients):
        assigned = dict(enumerate(answering))
    else:
        assigned = {}
    results: list[RecipientResult] = []
    told: set[int] = set()
    refusal: GatewayError | None = None
    for index, (to, given) in enumerate(zip(recipients.msisdns, recipients.given, strict=True)):
        line = assigned.get(index)
        if line is None:
            results.append(RecipientResult(to, given, State.UNKNOWN, client_message_id=client_message_id))
            continue
        told.add(id(line))
        if isinstance(line, Identified):
            result = RecipientResult(to, given, State.ACCEPTED, (line.message_id,), None, client_message_id, line.raw)
        else:
            error, state = line.error, _refused(line)
            result = RecipientResult(to, given, state, (), error, client_message_id, line.raw)
            if state is State.NOT_SENT or (is_whole_request and len(recipients) > 1):
                refusal = refusal or error
        results.append(result)
    return Matched(results, [line for line in lines if id(line) not in told], refusal)


def _refused(line: Failure) -> State:
    """The state of a recipient that a line refuses: for itself, or for what nobody can send with."""
    is_session = line.code in SessionExpired.codes
    # 302: the message costs more than is allowed. Said of nobody, the account sets that limit.
    is_account = line.code in ACCOUNT_CODES or (line.code == "302" and line.to is None)
    return State.NOT_SENT if is_session or is_account else State.REJECTED


def _by_number(msisdns: Sequence[str], lines: Sequence[Identified | Failure]) -> dict[int, Identified | Failure]:
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for index, msisdn in enumerate(msisdns):
        asked[msisdn].append(index)
    national = _national_forms(asked)
    answered: defaultdict[str, list[Identified | Failure]] = defaultdict(list)
    for line in lines:
        if line.to is not None and (number := _asked_number(line.to, asked, national)) is not None:
            answered[number].append(line)
    return {
        index: line
        for number, found in answered.items()
        if len(found) == len(asked[number])
        for index, line in zip(asked[number], found, strict=True)
    }


def _national_forms(asked: Iterable[str]) -> dict[str, str | None]:
    """Each number without its country code of one to three digits (ITU-T E.164); None where two numbers fit."""
    forms: dict[str, str | None] = {}
    for number in asked:
        for code in (1, 2, 3):
            form = number[code:]
            forms[form] = None if form in forms else number
    return forms


def _asked_number(to: str, asked: Mapping[str, object], national: Mapping[str, str | None]) -> str | None:
    digits = re.sub(r"[^0-9]", "", to)
    international = digits.removeprefix("00")
    if international in asked:
        return international
    # An account with a default dial prefix may answer in national form: the 0 stands for the country code. What is also
    # an asked number behind its 0 fits two.
    is_national = digits.startswith("0") and digits[1:] not in asked
    return national.get(digits[1:]) if is_national else None
