"""The report of a campaign: one page of HTML without scripts, which needs nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Final

from sqlalchemy import Connection, func, select

from clicksoap.outbox.campaigns import settings
from clicksoap.outbox.campaigns.outputs import Target, written
from clicksoap.outbox.campaigns.pictures import STYLE, number, reason_text, reasons_picture, throughput_picture
from clicksoap.outbox.campaigns.settings import PlanRecord
from clicksoap.outbox.campaigns.totals import Throughput, Totals, general, throughput, totals
from clicksoap.outbox.databases import Database
from clicksoap.outbox.journal import moment
from clicksoap.outbox.states import MessageState
from clicksoap.outbox.tables import CAMPAIGN, MESSAGE, REQUEST, DatabaseRow


@dataclass(frozen=True, slots=True)
class Waiting:
    """The rows of a campaign that have no outcome yet.

    Attributes:
        pending: How many have not left.
        due_at: When the first of them may leave, in UTC.
        expires_at: When the last of them is not sent any more, in UTC; None for never.
        opens_at: When the quiet hours end, in UTC; None if none are.
        sending: How many are out.
        asked_at: From when on the outcomes of all of them are asked about, in UTC.
    """

    pending: int
    due_at: datetime | None
    expires_at: datetime | None
    opens_at: datetime | None
    sending: int
    asked_at: datetime | None


def write_report(path: Target, database: Database, campaign: int, *, overwrite: bool = False) -> None:
    """Write the report of a campaign to a file, which appears when it is complete, with mode 0600.

    Raises:
        InvalidInput: The file exists or cannot be created.
        OSError: The disk is full, or fails.
    """
    with written(path, overwrite=overwrite) as file:
        with database.read() as connection:
            page = report_html(connection, campaign, database.now(connection))
        file.write(page)


def report_html(connection: Connection, campaign: int, now: float) -> str:
    """The report of a campaign as HTML: its facts, its outcomes, two pictures, and the open questions.

    No number and no text of a message appears in it, and every text of others is escaped.

    Args:
        connection: A transaction that sees one state of the database.
        campaign: The number of the campaign.
        now: The time by the database's clock.
    """
    row = connection.execute(select(CAMPAIGN).where(CAMPAIGN.c.id == campaign)).one()
    record = None if row.plan is None else settings.read(row.plan)
    counted = totals(connection, campaign)
    waiting = _waiting(connection, campaign, record, now)
    return _page(row, record, counted, waiting, throughput(connection, campaign), moment(now))


def _waiting(connection: Connection, campaign: int, record: PlanRecord | None, now: float) -> Waiting:
    of_campaign = MESSAGE.c.campaign_id == campaign
    pending, due, expires, expiring = connection.execute(
        select(
            func.count(), func.min(MESSAGE.c.due_at), func.max(MESSAGE.c.expires_at), func.count(MESSAGE.c.expires_at)
        ).where(of_campaign, MESSAGE.c.state == "pending")
    ).one()
    sending, dead = connection.execute(
        select(func.count(), func.max(REQUEST.c.dead_at))
        .select_from(MESSAGE)
        .outerjoin(REQUEST, REQUEST.c.id == MESSAGE.c.request_id)
        .where(of_campaign, MESSAGE.c.state == "sending")
    ).one()
    opens = record.opens_at(now) if pending and record is not None else None
    return Waiting(
        int(pending),
        _at(due),
        _at(expires) if expiring == pending else None,
        _at(opens),
        int(sending),
        _at(dead),
    )


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(float(seconds))


def _page(
    row: DatabaseRow,
    record: PlanRecord | None,
    counted: Totals,
    waiting: Waiting,
    over_time: Throughput | None,
    at: datetime,
) -> str:
    name = escape(row.key)
    sections = (
        _table("Campaign", _facts(row, record, counted, waiting, at)),
        _outcomes(counted),
        _table("Cost", _cost(record, counted)),
        f"<section><h2>Over time</h2>\n{throughput_picture(over_time)}</section>",
        f"<section><h2>Outcomes by reason</h2>\n{reasons_picture(counted.by_reason)}</section>",
        _list("Still waiting", _waits(row, waiting, at)),
        _list("In doubt", _doubts(counted)),
        _reasons(counted),
    )
    return _FRAME.format(name=name, style=STYLE + _PAGE_STYLE, sections="\n".join([each for each in sections if each]))


def _facts(
    row: DatabaseRow, record: PlanRecord | None, counted: Totals, waiting: Waiting, at: datetime
) -> list[tuple[str, str]]:
    is_finished = row.state in {"running", "paused"} and not waiting.pending and not waiting.sending
    state = "finished" if is_finished else row.state
    if row.paused_why and not is_finished:
        state = f"{state}: {general(row.paused_why)}"
    facts = [("State", state)]
    if record is not None:
        facts.append(("Source", f"{record.source}, {_counted(record.rows, 'row')}"))
        if record.quiet is not None:
            zones = ", ".join(record.zones or (record.zone or "UTC",))
            facts.append(("Quiet hours", f"{record.quiet} ({zones})"))
    facts.append(("Planned", _shown(moment(row.created_at))))
    if row.started_at is not None:
        facts.append(("Started", _shown(moment(row.started_at))))
    if counted.first_sent is not None:
        facts.append(("First request", _shown(counted.first_sent)))
    if counted.last_settled is not None:
        facts.append(("Last outcome", _shown(counted.last_settled)))
    if row.again_why:
        facts.append(("Sent again because", row.again_why))
    if row.note:
        facts.append(("Note", row.note))
    if record is not None and record.rows != counted.rows:
        facts.append(("Problem", f"the source has {number(record.rows)} rows, and the outbox {number(counted.rows)}"))
    return [*facts, ("This page", _shown(at))]


_MEANINGS: Final = {
    MessageState.ACCEPTED: "the gateway took it",
    MessageState.REJECTED: "refused by the gateway, or cannot be sent as it is",
    MessageState.UNCONFIRMED: "its request arrived; a delivery report settles it",
    MessageState.UNKNOWN: "nobody can say whether it arrived",
    MessageState.PENDING: "has not left",
    MessageState.SENDING: "is out, without an answer yet",
    MessageState.EXPIRED: "its time was over before it could be sent",
    MessageState.SKIPPED: "left out: suppressed, not allowed, or a duplicate",
    MessageState.CANCELLED: "cancelled before it was sent",
}


def _outcomes(counted: Totals) -> str:
    rows: list[tuple[str, ...]] = []
    for state, meaning in _MEANINGS.items():
        if count := counted.by_state.get(state, 0):
            rows.append((state.value, number(count), _share(count, counted.rows), meaning))
        if state is MessageState.ACCEPTED and counted.accepted:
            reports = (
                ("delivered", counted.delivered, "received on the handset"),
                ("not delivered", counted.undelivered, "a report says that it failed"),
                ("not reported", counted.unreported, "there is no final report yet"),
            )
            rows += [
                (f"of these {each}", number(some), _share(some, counted.rows), why)
                for each, some, why in reports
                if some
            ]
    rows.append(("all rows", number(counted.rows), _share(counted.rows, counted.rows), ""))
    return _grid("Totals", ("State", "Rows", "Share", "Meaning"), rows)


def _cost(record: PlanRecord | None, counted: Totals) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if record is not None:
        price = Decimal(record.credits_per_part)
        planned = f"{_counted(record.parts, 'part')} at {_credits(price)}, as planned"
        accepted = f"{_counted(counted.parts, 'part')} of {_counted(counted.accepted, 'message')}"
        facts += [
            ("Estimate", f"{_credits(price * record.parts)} credits: {planned}"),
            ("Accepted", f"{_credits(price * counted.parts)} credits by the same price: {accepted}"),
        ]
    if counted.charge is None:
        return [*facts, ("Charged", "no delivery report has told a charge yet")]
    base = f"reports of {_counted(counted.charged, 'message')}; {number(counted.accepted)} were accepted"
    return [*facts, ("Charged", f"{_credits(counted.charge)} credits, by {base}")]


def _waits(row: DatabaseRow, waiting: Waiting, at: datetime) -> list[str]:
    found: list[str] = []
    if waiting.pending:
        text = f"{_have(waiting.pending)} not left."
        if row.state == "planned":
            text += " The campaign is planned and not started."
        elif row.state == "paused":
            text += " The campaign is paused: clicksoap outbox resume goes on."
        elif waiting.opens_at is not None:
            text += f" Quiet hours end at {_shown(waiting.opens_at)}."
        if waiting.due_at is not None and waiting.due_at > at:
            text += f" The first of them may leave from {_shown(waiting.due_at)} on."
        if waiting.expires_at is not None:
            verb = "is sent" if waiting.expires_at > at else "was to be sent"
            text += f" None {verb} after {_shown(waiting.expires_at)}."
        found.append(text)
    if waiting.sending:
        text = f"{_have(waiting.sending)} no answer yet."
        if waiting.asked_at is not None:
            text += f" Where it is lost, a worker asks the gateway from {_shown(waiting.asked_at)} on."
        found.append(text)
    return found


def _doubts(counted: Totals) -> list[str]:
    found: list[str] = []
    if count := counted.by_state.get(MessageState.UNCONFIRMED, 0):
        found.append(
            f"{_counted(count, 'message')} unconfirmed: the request arrived, and its answer is lost. "
            "Wait for the delivery reports, which settle them one by one. Do not send them again."
        )
    if count := counted.by_state.get(MessageState.UNKNOWN, 0):
        found.append(
            f"{_counted(count, 'message')} unknown: they may have arrived. Look at them with clicksoap outbox list "
            "unknown, and decide with clicksoap outbox resolve: arrived, send-again or give-up."
        )
    return found


def _reasons(counted: Totals) -> str:
    rows = [(number(each.rows), _share(each.rows, counted.rows), reason_text(each)) for each in counted.by_reason]
    return _grid("Reasons", ("Rows", "Share", "Outcome and reason"), rows) if rows else ""


# Pieces of HTML; each escapes what it gets.


def _table(title: str, facts: Iterable[tuple[str, str]]) -> str:
    lines = "\n".join([f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts])
    return f"<section><h2>{title}</h2>\n<dl>\n{lines}\n</dl></section>"


def _grid(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(head)
    kinds: dict[str, str] = dict.fromkeys(("Rows", "Share"), ' class="count"')
    heads = "".join([f'<th scope="col"{kinds.get(name, "")}>{name}</th>' for name in names])
    lines = [
        "".join([f"<td{kinds.get(name, '')}>{escape(cell)}</td>" for name, cell in zip(names, row, strict=True)])
        for row in rows
    ]
    body = "\n".join([f"<tr>{line}</tr>" for line in lines])
    table = f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return f"<section><h2>{title}</h2>\n<table>\n{table}</table></section>"


def _list(title: str, items: Iterable[str]) -> str:
    lines = "\n".join([f"<li>{escape(each)}</li>" for each in items])
    return f"<section><h2>{title}</h2>\n<ul>\n{lines}\n</ul></section>" if lines else ""


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _counted(count: int, noun: str) -> str:
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def _have(count: int) -> str:
    return "1 message has" if count == 1 else f"{number(count)} messages have"


def _share(count: int, rows: int) -> str:
    if not rows or count in {0, rows}:
        return "100 %" if rows and count else "0 %"
    # Neither nothing nor all, unless it is.
    return f"{min(99.9, max(0.1, 100 * count / rows)):.1f} %"


def _credits(value: Decimal) -> str:
    text = f"{value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


_PAGE_STYLE: Final = """\
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 400; }
td { overflow-wrap: break-word; }
.count { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
ul { margin: 0; padding-left: 1.25rem; }
footer { color: var(--soft); margin-top: 2rem; font-size: .875rem; }
@media print { section { break-inside: avoid; } }
"""

_FRAME: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}: campaign</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>Campaign {name}</h1>
{sections}
</main>
<footer>All times are UTC. This page holds no numbers of recipients and no texts of messages.</footer>
</body>
</html>
"""
