"""Plans a campaign: checks each row of a source and writes it down, without sending anything."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, select, update

from clicksoap.errors import KeyTaken
from clicksoap.outbox import suppression
from clicksoap.outbox.campaigns import importing
from clicksoap.outbox.campaigns.doubles import Suspicion
from clicksoap.outbox.campaigns.importing import CHUNK, NewRow
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.row_checker import CheckedRow, RowChecker, Variant
from clicksoap.outbox.campaigns.rows import SourceRow
from clicksoap.outbox.campaigns.settings import Place, PlanRecord, ShownProblem
from clicksoap.outbox.campaigns.sources import Source
from clicksoap.outbox.databases import Database
from clicksoap.outbox.identity import digest
from clicksoap.outbox.pace import LARGEST
from clicksoap.outbox.stream import NOT_ALLOWED
from clicksoap.outbox.tables import CAMPAIGN
from clicksoap.text import segments

_MAX_SHOWN: Final = 20
_MAX_GROUPS: Final = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that all rows of a plan share.

    Attributes:
        account: The account that sends them.
        due_at: From when on they may be sent, in seconds since 1970; None for at once.
        expires_at: When they are not sent any more; None for never.
        per_request: How many recipients one request has at most.
        allowed: The MSISDNs that may get something; None for all.
        sends_duplicates: Whether a number that stands in several rows gets a message for each.
        tag: A label of the caller's own.
    """

    account: str
    due_at: float | None
    expires_at: float | None
    per_request: int
    allowed: frozenset[str] | None = field(repr=False)
    sends_duplicates: bool
    tag: str | None


class Planner:
    """Writes the rows of one plan, some thousand in each transaction, so that others wait for none of them.

    Args:
        database: The database of the outbox.
        uuid: The uuid of the outbox.
        campaign: The number of the campaign, whose state is ``planning``.
        checker: Checks the rows.
        terms: What all rows share.
        record: What is known of the plan beforehand.
    """

    def __init__(
        self,
        database: Database,
        uuid: str,
        campaign: int,
        checker: RowChecker,
        terms: Terms,
        record: PlanRecord,
    ) -> None:
        self._database = database
        self._uuid = uuid
        self._campaign = campaign
        self._checker = checker
        self._terms = terms
        self._record = record
        self._numbers = Suspicion()
        self._keys = Suspicion()
        self._contents: dict[tuple[str, str | None], int] = {}
        self._digests: tuple[str, str] | None = None
        self._groups: dict[tuple[str, int], list[int]] = {}
        self._zones: set[str] = set()
        self._bad: Counter[str] = Counter()
        self._shown: list[ShownProblem] = []
        self._rows = self._messages = self._parts = self._unicode = self._requests = 0
        self._duplicates = self._suppressed = self._not_allowed = 0
        self._longest: Place | None = None
        self._first_unicode: Place | None = None

    def run(self, source: Source) -> PlanRecord:
        """Plan every row, and return what is to be kept of the plan.

        Raises:
            InvalidInput: The source cannot be read on.
            KeyTaken: Somebody removed the plan meanwhile.
        """
        rows = iter(source)
        while chunk := list(islice(rows, CHUNK)):
            with self._database.write() as connection:
                self._write(connection, chunk)
        return replace(
            self._record,
            columns=source.columns,
            rows=self._rows,
            messages=self._messages,
            parts=self._parts,
            unicode=self._unicode,
            requests=self._requests,
            bad=dict(self._bad),
            duplicates=self._duplicates,
            suppressed=self._suppressed,
            not_allowed=self._not_allowed,
            problems=tuple(self._shown),
            longest=self._longest,
            first_unicode=self._first_unicode,
            zones=tuple(sorted(self._zones)),
        )

    def _write(self, connection: Connection, chunk: Sequence[SourceRow]) -> None:
        state = connection.execute(select(CAMPAIGN.c.state).where(CAMPAIGN.c.id == self._campaign)).scalar()
        if state != "planning":
            raise KeyTaken("the campaign was planned again meanwhile, and that plan counts: plan under another name")
        now = self._database.now(connection)
        checked: list[CheckedRow] = []
        rows: list[NewRow] = []
        for row in chunk:
            problem = row.problem
            if problem is None:
                try:
                    checked.append(self._checker.check(row.line, row.cells))
                    continue
                except BadRow as error:
                    problem = error.problem
            rows.append(self._bad_row(row.line, row.cells, problem, now))
        self._rows += len(chunk)
        if self._checker.key_name is not None:
            checked, taken = self._with_new_keys(connection, checked, now)
            rows += taken
        rows += self._new_rows(connection, checked, now)
        # In the order of the source, in which an export reads them.
        importing.insert(connection, sorted(rows, key=attrgetter("line")))

    def _bad_row(self, line: int, cells: tuple[str, ...], problem: Problem, now: float) -> NewRow:
        self._bad[problem.kind.value] += 1
        where = "" if problem.column is None else f"column {problem.column}: "
        if len(self._shown) < _MAX_SHOWN:
            self._shown.append(ShownProblem(line, problem.column, problem.kind.value, problem.reason))
        return self._row(
            row_key=f"line {line}",
            member=line,
            line=line,
            cells=cells,
            state="rejected",
            why=f"{where}{problem.reason}",
            now=now,
        )

    def _with_new_keys(
        self, connection: Connection, checked: list[CheckedRow], now: float
    ) -> tuple[list[CheckedRow], list[NewRow]]:
        """The rows whose key is new, and those that are bad because an earlier row has it."""
        add = self._keys.add
        suspects = [row.key for row in checked if add(hash(row.key))]
        lines = importing.lines_of_keys(connection, self._campaign, suspects) if suspects else {}
        kept: list[CheckedRow] = []
        taken: list[NewRow] = []
        for row in checked:
            was = lines.setdefault(row.key, row.line)
            if was == row.line:
                kept.append(row)
                continue
            reason = f"the key stands in line {was} already: give each row a key of its own"
            problem = Problem(Kind.KEY, self._checker.key_name, row.key, reason)
            taken.append(self._bad_row(row.line, row.cells, problem, now))
        return kept, taken

    def _new_rows(self, connection: Connection, checked: list[CheckedRow], now: float) -> Iterator[NewRow]:
        """The rows that are sent, and those that are not, with the reason."""
        numbers = [row.msisdn for row in checked]
        opted_out = suppression.reasons(connection, self._terms.account, numbers)
        earlier = self._earlier_lines(connection, checked)
        seen: dict[str, int] = {}
        allowed = self._terms.allowed
        for row in checked:
            number = row.msisdn
            was = earlier.get(number) or seen.setdefault(number, row.line)
            is_double = was != row.line
            if number in opted_out:
                self._suppressed += 1
                yield self._skipped(row, f"the number is suppressed: {opted_out[number]}", now)
            elif allowed is not None and number not in allowed:
                self._not_allowed += 1
                yield self._skipped(row, NOT_ALLOWED, now)
            elif is_double and not self._terms.sends_duplicates:
                self._duplicates += 1
                yield self._skipped(row, f"the number stands in line {was} already", now)
            else:
                yield self._sendable(connection, row, now, is_alone=is_double)

    def _earlier_lines(self, connection: Connection, checked: list[CheckedRow]) -> dict[str, int]:
        add = self._numbers.add
        suspects = [row.msisdn for row in checked if add(int(row.msisdn))]
        return importing.lines_of_numbers(connection, self._campaign, suspects) if suspects else {}

    def _sendable(self, connection: Connection, row: CheckedRow, now: float, *, is_alone: bool) -> NewRow:
        variant = row.variant
        terms = self._terms
        is_constant = self._record.is_template_constant
        settings = variant.settings
        batch = None if is_alone else self._batch(row)
        self._requests += batch is None
        self._count(row)
        if settings.zone is not None:
            self._zones.add(settings.zone)
        return NewRow(
            row.key,
            0,
            row.msisdn,
            row.cells[self._checker.to],
            self._content(connection, variant, row.text if is_constant else None),
            None if is_constant else row.text,
            None,
            self._digest(row.text),
            batch,
            row.parts,
            settings.due_at or terms.due_at or now,
            settings.expires_at or terms.expires_at,
            "pending",
            None,
            settings.tag or terms.tag,
            None,
            row.line,
            _as_json(row.cells),
            settings.zone,
            row.is_unicode,
            self._campaign,
            terms.account,
            now,
        )

    def _batch(self, row: CheckedRow) -> str | None:
        """The batch of a row: rows with the same text and settings share requests."""
        group = (row.text, row.variant.number)
        found = self._groups.get(group)
        if found is None:
            if len(self._groups) >= _MAX_GROUPS:
                return None
            found = self._groups[group] = [len(self._groups) + 1, 0]
        number, count = found
        size = max(1, min(self._terms.per_request, LARGEST // row.parts))
        found[1] += 1
        self._requests += count % size == 0
        return f"{number}-{count // size + 1}"

    def _count(self, row: CheckedRow) -> None:
        self._messages += 1
        self._parts += row.parts
        longest = self._longest
        if longest is None or (row.parts, len(row.text)) > (longest.parts, longest.characters):
            self._longest = Place(row.line, row.parts, len(row.text), "")
        if row.is_unicode:
            self._unicode += 1
            if self._first_unicode is None:
                because = segments(row.text, self._checker.charset).culprits_named()
                self._first_unicode = Place(row.line, row.parts, len(row.text), because)

    def _content(self, connection: Connection, variant: Variant, text: str | None) -> int:
        key = (variant.options, text)
        found = self._contents.get(key)
        if found is None:
            found = importing.content_id(connection, self._uuid, variant.options, text)
            if len(self._contents) < _MAX_GROUPS:
                self._contents[key] = found
        return found

    def _digest(self, text: str) -> str:
        known = self._digests
        if known is None or known[0] != text:
            known = self._digests = (text, digest(self._uuid, "Text", text))
        return known[1]

    def _skipped(self, row: CheckedRow, why: str, now: float) -> NewRow:
        return self._row(
            row_key=row.key,
            member=0,
            line=row.line,
            cells=row.cells,
            state="skipped",
            why=why,
            now=now,
            msisdn=row.msisdn,
            text=row.text,
        )

    def _row(
        self,
        *,
        row_key: str,
        member: int,
        line: int,
        cells: tuple[str, ...],
        state: str,
        why: str,
        now: float,
        msisdn: str | None = None,
        text: str = "",
    ) -> NewRow:
        """A row that is not sent."""
        to = self._checker.to
        given = cells[to] if to < len(cells) else None
        return NewRow(
            *(row_key, member, msisdn, given, None, None, None, self._digest(text), None, 0, now, None, state, why),
            *(self._terms.tag, now, line, _as_json(cells), None, None, self._campaign, self._terms.account),
            now,
        )


def _as_json(cells: tuple[str, ...]) -> str:
    """Cells as a JSON array; four times as fast as an encoder that asks for the type of each."""
    return f"[{','.join(map(encode_basestring, cells))}]"


def finish(connection: Connection, campaign: int, record: PlanRecord, source_hash: str) -> bool:
    """Write what is kept of a plan; returns whether it is still there."""
    return bool(
        connection.execute(
            update(CAMPAIGN)
            .where(CAMPAIGN.c.id == campaign, CAMPAIGN.c.state == "planning")
            .values(state="planned", plan=record.to_json(), source_hash=source_hash)
        ).rowcount
    )
