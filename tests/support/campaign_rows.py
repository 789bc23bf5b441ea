"""Campaigns of the tests as rows of the database, in any state that a test needs."""

import json
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final

from sqlalchemy import insert

from clicksoap.outbox import Outbox
from clicksoap.outbox.campaigns.settings import PlanRecord
from clicksoap.outbox.databases import Database
from clicksoap.outbox.tables import CAMPAIGN, MESSAGE, REQUEST

COLUMNS: Final = ("mobile", "name")
T0: Final = 1_795_000_000.0  # 2026-11-18 11:06:40 UTC
_NUMBERS: Final = count(1)


def database(box: Outbox) -> Database:
    return box._database


def add_campaign(  # noqa: PLR0913 - the columns of a campaign
    box: Outbox,
    rows: Iterable[dict[str, Any]],
    *,
    name: str = "run",
    columns: Sequence[str] = COLUMNS,
    requests: Sequence[tuple[str, float]] = (),
    record: dict[str, Any] | None = None,
    **values: Any,
) -> int:
    """Write a campaign with its rows and requests, and return its number."""
    plan = PlanRecord("run.csv", None, "utf-8", tuple(columns), "default", **(record or {}))
    with database(box).write() as connection:
        number = connection.execute(
            CAMPAIGN.insert()
            .values(
                **{
                    "key": name,
                    "state": "running",
                    "plan": plan.to_json(),
                    "created_at": T0,
                    "started_at": T0,
                    **values,
                }
            )
            .returning(CAMPAIGN.c.id)
        ).scalar_one()
        for request, at in requests:
            connection.execute(
                insert(REQUEST).values(
                    id=request, account="default", endpoint="http://127.0.0.1", binding="soap", size=1,
                    state="answered", worker="test", claimed_at=at, dead_at=at + 60, ask_at=at + 60,
                )
            )  # fmt: skip
        made = [{**_ROW, "row_key": f"line {next(_NUMBERS)}", "campaign_id": int(number), **row} for row in rows]
        if made:
            connection.execute(insert(MESSAGE), made)
    return int(number)


def row(line: int, cells: Sequence[str] | None, state: str = "accepted", **values: Any) -> dict[str, Any]:
    """A row of the source and its message."""
    source = None if cells is None else json.dumps(list(cells))
    return {**_ROW, "line": line, "source": source, "state": state, **values}


_ROW: Final[dict[str, Any]] = {
    **dict.fromkeys(
        (
            "msisdn",
            "given",
            "why",
            "code",
            "message_id",
            "request_id",
            "delivery",
            "delivery_at",
            "charge",
            "settled_at",
        )
    ),
    "expires_at": None,
    "account": "default",
    "digest": "",
    "parts": 1,
    "priority": 1,
    "created_at": T0,
    "due_at": T0,
    "sensitive": False,
    "ignore_suppression": False,
    "attempts": 0,
    "text": None,
    "is_unicode": None,
}
