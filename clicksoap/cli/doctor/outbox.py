"""Check of an outbox: its database, its mark, its pauses, and how long messages wait in it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.doctor.examination import Examination
from clicksoap.cli.doctor.results import Result, failure, passed, skipped, warned
from clicksoap.cli.exit_codes import FAILED, code_of
from clicksoap.cli.extras import outbox_package
from clicksoap.cli.output import counted
from clicksoap.errors import ClicksoapError

if TYPE_CHECKING:
    from clicksoap.outbox import Check, Outbox, Status

_LONG: Final = timedelta(minutes=10)
_NEW: Final = timedelta(minutes=1)
"""Within which a worker that works was seen."""


def outbox(examination: Examination) -> Result:
    """Look at the outbox without changing it."""
    url = examination.outbox
    if url is None:
        return skipped("no outbox: give --outbox, or set CLICKSOAP_OUTBOX")
    try:
        package = outbox_package()
    except click.ClickException as error:
        return failure(error.message, "The outbox needs packages of its own.", "Install the extra outbox.", FAILED)
    from clicksoap.outbox.databases import open_database  # noqa: PLC0415 - an extra

    try:
        box: Outbox = package.Outbox(url, mark=examination.mark)
        try:
            if not box.exists():
                if open_database(url).is_missing():
                    return skipped(f"no outbox yet, the first plan or enqueue creates it: {box}")
                return warned(
                    f"the database holds no outbox: {box}",
                    "Nothing was ever enqueued there, or the URL names another database.",
                    "Compare the URL with that of the program that enqueues.",
                )
            return _judged(box.status(), box.check())
        finally:
            box.close()
    except ClicksoapError as error:
        return failure(
            str(error),
            "No worker can use this outbox, so nothing of it is sent.",
            "Do what the text says, then run clicksoap outbox check.",
            code_of(error),
        )


def _judged(status: "Status", check: "Check") -> Result:
    if check.problems:
        return failure(
            check.problems[0],
            "The outbox is not as clicksoap leaves it: what it says about a message may be wrong.",
            "Stop the workers. If the database was put back from a copy: clicksoap outbox check --after-restore WHY.",
            FAILED,
            check.problems[1:],
        )
    found = [
        f"account {each.name} is paused since {each.paused_since:%Y-%m-%d %H:%M:%S} UTC: {each.paused_why}"
        for each in status.accounts
        if each.paused_since is not None
    ]
    if status.oldest_due is not None:
        waited = status.at - status.oldest_due
        is_worked = any(status.at - each.seen_at < _NEW for each in status.workers)
        if waited > _LONG or (waited > _NEW and not is_worked):
            found.append(
                f"{counted(status.due, 'message')} due, the oldest since {status.oldest_due:%Y-%m-%d %H:%M:%S} UTC"
                + ("" if is_worked else ", and no worker was seen within the last minute")
            )
    if check.doubtful:
        found.append(f"{counted(check.doubtful, 'message')} in doubt")
    if not found:
        return passed(f"{counted(check.messages, 'message')}, {status.due} due, {status.in_flight} in flight")
    return warned(
        found[0],
        "Messages wait for a worker, for the end of a pause, or for a decision.",
        "Start a worker if none runs. See clicksoap outbox status and clicksoap outbox list; docs/how-to/night.md says "
        "what to do about each.",
        tuple(found[1:]),
    )
