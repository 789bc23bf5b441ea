"""Checks the rows of a source: each becomes a message, or a reason why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from clicksoap.errors import InvalidInput
from clicksoap.messages import Text, check_parts
from clicksoap.options import SendOptions
from clicksoap.outbox.campaigns.options import RowSettings, row_settings
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.recipients import recipient
from clicksoap.outbox.campaigns.templates import Template
from clicksoap.outbox.drafts import LONGEST_KEY, Checker
from clicksoap.text import MAX_PARTS, Alphabet

_MAX_VARIANTS: Final = 1000
_SAMPLE_NUMBER: Final = "27820000000"


class Variant(NamedTuple):
    """The part of a message that rows with the same settings share.

    Attributes:
        number: Its number among the variants of a plan.
        options: The message's kind and options, as a column.
        max_parts: How many parts a text may have.
        settings: What else the rows bring along.
    """

    number: int
    options: str
    max_parts: int
    settings: RowSettings


class CheckedRow(NamedTuple):
    """A row that can be sent.

    Attributes:
        line: Its line in the source.
        cells: Its cells.
        key: Its key.
        msisdn: Its MSISDN.
        text: Its text.
        parts: How many parts the text has.
        is_unicode: Whether it is sent in UCS-2.
        variant: What it shares with others.
    """

    line: int
    cells: tuple[str, ...]
    key: str
    msisdn: str
    text: str
    parts: int
    is_unicode: bool
    variant: Variant


@dataclass(frozen=True, slots=True)
class Columns:
    """The positions of the cells of a row.

    Attributes:
        names: The names of all columns.
        to: The position of the number.
        key: The position of the key; None if rows are told apart by their line.
        per_row: The positions of the settings that a row brings along, by name.
    """

    names: tuple[str, ...]
    to: int
    key: int | None
    per_row: Mapping[str, int]


class RowChecker:
    """Checks rows as a client would, and once for all rows what all rows share.

    Args:
        checker: Knows the binding and the largest request.
        template: The text.
        columns: Where a row has what.
        region: The country whose national numbers are understood.
        options: The options of every message.
        zone: The time zone of times without an offset.
        flash: Whether the texts are shown at once.
        unicode: As of `clicksoap.Text`.

    Attributes:
        to: The position of the number in a row.
        key_name: The column of the key.
        charset: What plain texts of the binding carry.

    Raises:
        InvalidInput: What all rows share cannot be sent.
    """

    def __init__(
        self,
        checker: Checker,
        template: Template,
        columns: Columns,
        region: str | None,
        options: SendOptions,
        *,
        zone: str | None,
        flash: bool,
        unicode: bool | None,
    ) -> None:
        self.to = columns.to
        self.charset = checker.charset
        self._checker = checker
        self._template = template
        self._columns = columns
        self._region = region
        self._options = options
        self._zone = zone
        self._flash = flash
        self._unicode = unicode
        self._to_name = columns.names[columns.to]
        self.key_name = None if columns.key is None else columns.names[columns.key]
        self._per_row = {name: columns.names[position] for name, position in columns.per_row.items()}
        self._made = 0
        self._variants: dict[tuple[str, ...], Variant] = {}
        sample = template.render(("",) * len(columns.names)) if template.is_constant else "sample"
        self._common = self._variant_of(RowSettings({}), sample)
        self._constant = self._measured(sample, self._common.max_parts) if template.is_constant else None

    def check(self, line: int, cells: tuple[str, ...]) -> CheckedRow:
        """Check a row.

        Raises:
            BadRow: It cannot be sent.
        """
        columns = self._columns
        msisdn = recipient(cells[columns.to], self._to_name, self._region)
        variant = self._common if not self._per_row else self._variant(cells)
        if self._constant is not None and variant is self._common:
            text, parts, is_unicode = self._constant
        else:
            text, parts, is_unicode = self._rendered(cells, variant)
        key = f"line {line}" if columns.key is None else self._key(cells[columns.key])
        return CheckedRow(line, cells, key, msisdn, text, parts, is_unicode, variant)

    def _key(self, cell: str) -> str:
        key = cell.strip()
        if not key:
            raise BadRow(Problem(Kind.KEY, self.key_name, "", "the key is empty: give each row a key of its own"))
        if len(key) > LONGEST_KEY:
            reason = f"the key has {len(key)} characters: give at most {LONGEST_KEY}"
            raise BadRow(Problem(Kind.KEY, self.key_name, key, reason))
        return key

    def _variant(self, cells: tuple[str, ...]) -> Variant:
        given = tuple([cells[position] for position in self._columns.per_row.values()])
        found = self._variants.get(given)
        if found is None:
            named = dict(zip(self._per_row, given, strict=True))
            settings = row_settings(named, self._per_row, self._zone)
            try:
                found = self._variant_of(settings, "sample")
            except InvalidInput as error:
                column = next((self._per_row[name] for name in self._per_row if str(error).startswith(name)), None)
                raise BadRow(Problem(Kind.OPTION, column, "", str(error))) from None
            if len(self._variants) < _MAX_VARIANTS:
                self._variants[given] = found
        return found

    def _variant_of(self, settings: RowSettings, sample: str) -> Variant:
        """Check options once for all rows that have them."""
        options = cast("SendOptions", {**self._options, **settings.options})
        draft = self._checker.draft(_SAMPLE_NUMBER, Text(sample, self._flash, self._unicode), options)
        self._made += 1
        return Variant(self._made, draft.stored.options, options.get("max_parts", MAX_PARTS), settings)

    def _rendered(self, cells: tuple[str, ...], variant: Variant) -> tuple[str, int, bool]:
        text = self._template.render(cells)
        try:
            return self._measured(text, variant.max_parts)
        except InvalidInput as error:
            kind = Kind.TOO_LONG if " parts: " in str(error) else Kind.TEXT
            raise BadRow(Problem(kind, None, "", str(error))) from None

    def _measured(self, text: str, max_parts: int) -> tuple[str, int, bool]:
        message = Text(text, self._flash, self._unicode)
        charset = self.charset
        if self._unicode is False:
            message.contents(charset, max_parts)  # refuses what needs Unicode
        cost = message.segments(charset)
        check_parts(cost.parts, max_parts)
        return text, cost.parts, cost.alphabet is Alphabet.UCS2
