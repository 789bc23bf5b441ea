"""The part of an outbox that plans campaigns, and finds them again."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final, Literal, TextIO, Unpack

from sqlalchemy import Connection, func, select

from clicksoap.checks import plain_int, plain_moment
from clicksoap.client import Client
from clicksoap.errors import InvalidInput, KeyTaken
from clicksoap.options import SendOptions
from clicksoap.outbox.accounts import DEFAULT_ACCOUNT
from clicksoap.outbox.administration import Administration
from clicksoap.outbox.campaigns import importing, steering
from clicksoap.outbox.campaigns.campaign import Box, Campaign, CampaignInfo, RunOptions, campaign_info
from clicksoap.outbox.campaigns.earlier import noted_before
from clicksoap.outbox.campaigns.options import check_per_row
from clicksoap.outbox.campaigns.plan import Plan, plan_of
from clicksoap.outbox.campaigns.planner import Planner, Terms, finish
from clicksoap.outbox.campaigns.quiet import QuietHours, check_zone
from clicksoap.outbox.campaigns.row_checker import Columns, RowChecker
from clicksoap.outbox.campaigns.settings import PlanRecord
from clicksoap.outbox.campaigns.sources import Source, open_source
from clicksoap.outbox.campaigns.steering import CampaignState
from clicksoap.outbox.campaigns.templates import Template
from clicksoap.outbox.credentials import ClientFactory
from clicksoap.outbox.drafts import MAX_PER_REQUEST, Checker, checked_account, checked_key, filled
from clicksoap.outbox.tables import ACCOUNT, CAMPAIGN, DatabaseRow

_MAX_CREDITS: Final = 10**9
_REMOVED_AT_ONCE: Final = 5000
_MAX_AGAIN: Final = 1000


class Campaigns(Administration, ABC):
    """The part of an outbox that plans campaigns, and finds them again."""

    _checker: Checker
    _allowed: frozenset[str] | None
    _counts_parts: bool

    def plan(
        self,
        name: str,
        /,
        *,
        csv: str | PathLike[str] | TextIO | BinaryIO | None = None,
        jsonl: str | PathLike[str] | TextIO | BinaryIO | None = None,
        rows: Iterable[Mapping[str, object]] | None = None,
        to: str,
        text: str,
        key: str | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        per_row: Mapping[str, str] | None = None,
        due_at: datetime | None = None,
        expires_at: datetime | None = None,
        quiet: str | None = None,
        zone: str | None = None,
        duplicates: Literal["skip", "send"] = "skip",
        strict: bool = False,
        again: str | None = None,
        per_request: int | None = None,
        credits_per_part: Decimal | int | str = 1,
        allow_empty: bool = False,
        flash: bool = False,
        unicode: bool | None = None,
        account: str = DEFAULT_ACCOUNT,
        tag: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Plan:
        """Check every row of a source and write it down, without sending anything.

        A plan that was never sent is replaced by another one of the same name. Rows are read one by one: the memory
        does not grow with their number.

        Args:
            name: The name of the campaign, 1 to 200 characters.
            csv: The path of a CSV file with a header, or such a file, open.
            jsonl: The path of a file with a JSON object in each line, or such a file, open.
            rows: Mappings; exactly one of the three is given.
            to: The column of the numbers.
            text: The text of the messages; ``{column}`` stands for a cell, ``{{`` for a brace.
            key: The column of the rows' keys, such as an invoice number; without one, a row is known by its line.
            encoding: The encoding of the file; by default its byte order mark says it, or it is UTF-8.
            delimiter: What separates the cells; by default what the header uses.
            per_row: Columns of settings that each row has for itself, such as ``{"deliver_at": "when"}``: sender,
                validity (minutes), max_credits, max_parts, queue, deliver_at, due_at, expires_at, zone, tag. An empty
                cell leaves the setting as it is for all.
            due_at: From when on messages may leave, an aware datetime; by default as soon as the plan is sent.
            expires_at: When they are not sent any more, an aware datetime; by default never.
            quiet: Hours in which nothing leaves, such as ``"21:00-08:00"``.
            zone: The time zone of the quiet hours and of times without an offset, such as ``"Africa/Johannesburg"``.
            duplicates: ``"skip"`` sends to a number once, ``"send"`` for each of its rows.
            strict: Whether nothing may be sent if a row is bad.
            again: Why a source is sent that was sent before; it is recorded.
            per_request: How many recipients one request has at most; by default as the outbox says. Only rows with the
                same text and settings share requests.
            credits_per_part: What a part costs, for the estimate.
            allow_empty: Whether an empty cell may stand in a text.
            flash: Whether the phones show the texts at once and do not keep them.
            unicode: As of `clicksoap.Text`.
            account: The account that sends them.
            tag: A label of the caller's own.
            options: As of `Outbox.enqueue`.

        Returns:
            The plan; ``print`` shows it, and `Outbox.send` sends it.

        Raises:
            InvalidInput: The source cannot be read, a column is missing, or an argument cannot be sent.
            KeyTaken: The name, or the same source, was sent before: the text names that campaign.
            OutboxUnavailable, OutboxMismatch: As of `Outbox.work`.
        """
        checked_key(name, "name")
        uuid = self._known_uuid()
        reason = None if again is None else filled(again, "again")
        terms = self._terms(account, due_at, expires_at, per_request, duplicates, tag)
        _check_window(quiet, zone, per_row)
        credits_ = _checked_credits(credits_per_part)
        for argument, value in (("strict", strict), ("allow_empty", allow_empty), ("flash", flash)):
            if not isinstance(value, bool):
                raise InvalidInput(f"{argument} is {type(value).__name__}: give True or False")
        with open_source(csv=csv, jsonl=jsonl, rows=rows, encoding=encoding, delimiter=delimiter) as source:
            columns = _columns(source, to, key, {} if per_row is None else per_row)
            template = Template(text, source.columns, allow_empty=allow_empty)
            checker = RowChecker(
                self._checker, template, columns, self._region, options, zone=zone, flash=flash, unicode=unicode
            )
            with self._database.read() as connection:
                rate = connection.execute(select(ACCOUNT.c.rate).where(ACCOUNT.c.name == terms.account)).scalar()
            record = PlanRecord(
                source.name,
                _path(csv) or _path(jsonl),
                source.encoding,
                source.columns,
                terms.account,
                quiet=quiet,
                zone=zone,
                strict=strict,
                rate=rate,
                counts_parts=self._counts_parts,
                credits_per_part=str(credits_),
                is_template_constant=template.is_constant,
            )
            known_hash = None if rows is not None else source.digest
            campaign, shown = self._begin_plan(name, known_hash, reason)
            try:
                planner = Planner(self._database, uuid, campaign, checker, terms, record)
                record = planner.run(source)
                if key is not None:
                    with self._database.read() as connection:
                        record = noted_before(connection, campaign, record)
                if rows is not None:
                    with self._database.read() as connection:
                        self._check_source(connection, source.digest, reason)
            except BaseException:
                with suppress(Exception):  # what is left is removed by the next plan of this name
                    self._remove_plan(campaign)
                raise
            source_hash = source.digest
        with self._writing() as (connection, _):
            if not finish(connection, campaign, record, source_hash):
                raise KeyTaken(f"campaign {shown!r} was planned again meanwhile, and that plan counts")
            return plan_of(connection, campaign, shown, record)

    def campaign(self, name: str) -> Campaign:
        """The campaign of a name.

        Raises:
            InvalidInput: There is none.
        """
        checked_key(name, "name")
        self._known_uuid()
        with self._database.read() as connection:
            row = steering.by_name(connection, name)
        return Campaign(Box(self._database, self._writing, self._tell, self._campaign_run), int(row.id), name)

    def campaigns(self) -> tuple[CampaignInfo, ...]:
        """All campaigns with their states, the latest first."""
        self._known_uuid()
        with self._database.read() as connection:
            rows = connection.execute(steering.ALL.order_by(CAMPAIGN.c.id.desc())).all()
            return tuple(campaign_info(connection, row) for row in rows)

    @abstractmethod
    def _campaign_run(
        self, campaign: int, account: str, client: Client | ClientFactory, options: RunOptions
    ) -> Callable[[], None]:
        """The run of a campaign, ready with its client: it works until the campaign is settled."""

    def _terms(
        self,
        account: str,
        due_at: datetime | None,
        expires_at: datetime | None,
        per_request: int | None,
        duplicates: str,
        tag: str | None,
    ) -> Terms:
        most = self._checker.per_request
        if per_request is not None:
            number = plain_int(per_request)
            if number is None or not 1 <= number <= MAX_PER_REQUEST:
                raise InvalidInput(f"per_request is not a number from 1 to {MAX_PER_REQUEST}: give one")
            most = min(number, self._checker.most_per_request)
        if duplicates not in ("skip", "send"):
            raise InvalidInput('duplicates is not "skip" or "send": give one of them')
        return Terms(
            checked_account(account),
            None if due_at is None else plain_moment(due_at, "due_at").timestamp(),
            None if expires_at is None else plain_moment(expires_at, "expires_at").timestamp(),
            most,
            self._allowed,
            duplicates == "send",
            None if tag is None else checked_key(tag, "tag"),
        )

    def _begin_plan(self, name: str, source_hash: str | None, again: str | None) -> tuple[int, str]:
        """Make the row of a campaign, in the place of a plan of this name that was never sent."""
        while True:
            with self._database.read() as connection:
                discarded = connection.execute(_DISCARDED).scalars().all()
            for number in discarded:
                self._remove_plan(int(number))
            with self._writing() as (connection, now):
                earlier = None if source_hash is None else self._check_source(connection, source_hash, again)
                row = connection.execute(steering.ALL.where(CAMPAIGN.c.key == name)).first()
                if row is None or row.state not in _NEVER_SENT:
                    shown = name if row is None else _other_name(connection, row, again)
                    same = row if earlier is None else earlier
                    made = connection.execute(
                        CAMPAIGN.insert()
                        .values(
                            key=shown,
                            state=CampaignState.PLANNING.value,
                            again_of=None if same is None else same.id,
                            again_why=None if same is None else again,
                            created_at=now,
                        )
                        .returning(CAMPAIGN.c.id)
                    ).scalar_one()
                    return int(made), shown
                # A live planner of this name sees at its next rows that another one took its place.
                steering.discard(connection, row)

    def _check_source(self, connection: Connection, source_hash: str, again: str | None) -> DatabaseRow | None:
        """The campaign that sent the same source before.

        Raises:
            KeyTaken: There is one, and nobody says why it is sent again.
        """
        earlier = connection.execute(
            steering.ALL.where(CAMPAIGN.c.source_hash == source_hash, CAMPAIGN.c.state.not_in(_NEVER_SENT))
            .order_by(CAMPAIGN.c.id.desc())
            .limit(1)
        ).first()
        if earlier is not None and again is None:
            raise KeyTaken(
                f"the same rows were sent as campaign {earlier.key!r}: use its resume() to go on, "
                'or give again="the reason" to send them once more'
            )
        return earlier

    def _remove_plan(self, campaign: int) -> None:
        is_more = True
        while is_more:
            with self._database.write() as connection:
                is_more = importing.remove(connection, campaign, _REMOVED_AT_ONCE)


_NEVER_SENT: Final = [CampaignState.PLANNING.value, CampaignState.PLANNED.value]
_DISCARDED: Final = select(CAMPAIGN.c.id).where(CAMPAIGN.c.state == steering.DISCARDED)


def changed_source(record: PlanRecord, source_hash: str) -> bool:
    """Whether the file of a plan is there and has another content now."""
    if record.path is None:
        return False
    try:
        with Path(record.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != source_hash
    except OSError:
        return False  # moved away: the rows that were planned stand in the outbox


def _other_name(connection: Connection, row: DatabaseRow, again: str | None) -> str:
    """A name for a campaign whose name was used before."""
    if again is None:
        raise KeyTaken(
            f"campaign {row.key!r} was sent before: use its resume() to go on, give another name, "
            'or give again="the reason" to send once more'
        )
    for number in range(2, _MAX_AGAIN):
        name = f"{row.key} ({number})"
        if not connection.execute(select(func.count()).where(CAMPAIGN.c.key == name)).scalar_one():
            return name
    raise KeyTaken(f"campaign {row.key!r} was sent {_MAX_AGAIN} times: give another name")


def _columns(source: Source, to: str, key: str | None, per_row: Mapping[str, str]) -> Columns:
    for argument, name in (("to", to), ("key", key)):
        if name is None and argument == "key":
            continue
        if not isinstance(name, str):
            raise InvalidInput(f"{argument} is {type(name).__name__}: give the name of a column")
        if name not in source.columns:
            raise InvalidInput(
                f"{argument} names the column {name!r}, and {source.name} has {', '.join(source.columns)}: "
                "give one of them"
            )
    return Columns(
        source.columns,
        source.columns.index(to),
        None if key is None else source.columns.index(key),
        check_per_row(per_row, source.columns),
    )


def _check_window(quiet: str | None, zone: str | None, per_row: Mapping[str, str] | None) -> None:
    if zone is not None:
        check_zone(zone)
    if quiet is None:
        return
    if zone is None and (not isinstance(per_row, Mapping) or "zone" not in per_row):
        raise InvalidInput("quiet has no time zone: give zone=, such as Africa/Johannesburg, or a column in per_row")
    QuietHours.parse(quiet)


def _checked_credits(value: Decimal | int | str) -> Decimal:
    with suppress(ArithmeticError, TypeError, ValueError):
        number = Decimal(value)
        if not isinstance(value, bool) and number.is_finite() and 0 <= number <= _MAX_CREDITS:
            return number
    raise InvalidInput("credits_per_part is not a number of credits: give a Decimal, an int or a str")


def _path(source: str | PathLike[str] | TextIO | BinaryIO | None) -> str | None:
    # Only a path gets here: the source was opened before.
    return os.path.abspath(os.fsdecode(source)) if isinstance(source, str | PathLike) else None  # noqa: PTH100 - of any path
