"""The commands ``clicksoap outbox``: run a worker, look at the outbox, and decide."""

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from clicksoap.cli.exit_codes import LATER, OK, UNKNOWN
from clicksoap.cli.extras import outbox_package
from clicksoap.cli.outbox_campaigns import VERBS
from clicksoap.cli.outbox_verbs import named_states, opened, paced, signed
from clicksoap.cli.output import Output, counted
from clicksoap.cli.values import duration
from clicksoap.cli.verbs import Account, connected, examples
from clicksoap.redaction import masked_number

if TYPE_CHECKING:
    from clicksoap.outbox import Outbox, OutboxMessage, Status

_ACCOUNT: Final = "default"  # as of clicksoap.outbox, which is not imported for a help text


@click.group("outbox", epilog=examples("clicksoap outbox work --rate 30", "clicksoap outbox status"))
def command() -> None:
    """Send what stands in the outbox, look at it, and decide.

    The outbox is the database of CLICKSOAP_OUTBOX or --url: sqlite:///PATH or postgresql://USER@HOST/NAME.
    """


for _verb in VERBS:
    command.add_command(_verb)


@command.command(
    "work",
    epilog=examples(
        "clicksoap outbox work",
        "clicksoap outbox work --rate 30 --floor 500",
        "clicksoap outbox work --profile codes --account codes",
    ),
)
@click.option(
    "--account",
    "of_account",
    default=_ACCOUNT,
    show_default=True,
    metavar="NAME",
    help="Account of the outbox whose messages are sent.",
)
@paced
@click.option("--until-settled", is_flag=True, help="End as soon as every message is settled.")
@connected
@opened
def work(  # noqa: PLR0913 - each is an option
    *,
    box: "Outbox",
    account: Account,
    output: Output,
    of_account: str,
    rate: float | None,
    floor: float | None,
    senders: int,
    grace: str,
    until_settled: bool,
) -> int:
    """Send what is due until Ctrl-C or SIGTERM.

    It then takes nothing new, waits for answers, and gives back what has not left.
    """
    from clicksoap.cli.signals import usual_signals  # noqa: PLC0415 - only needed here

    with usual_signals():
        done = box.work(
            account.client,
            account=of_account,
            rate=rate,
            floor=floor,
            senders=senders,
            grace=duration(grace).total_seconds(),
            until_settled=until_settled,
        )
    output.note(f"{counted(done.sent, 'request')} sent, {counted(done.accepted, 'message')} accepted.")
    if done.unfinished:
        output.note(f"{counted(done.unfinished, 'request')} had no answer yet; the next worker asks about them.")
    output.document({"exit_code": OK, **asdict(done)})
    return OK


@command.command(
    "status", epilog=examples("clicksoap outbox status", "clicksoap outbox status --quiet --fail-if 'oldest>10m'")
)
@click.option(
    "--fail-if",
    "limits",
    multiple=True,
    metavar="oldest>TIME",
    help="Exit with code 75 if it holds; with --quiet, without data.",
)
@click.option("--metrics", is_flag=True, help="Write the text format of Prometheus.")
@opened
def status(*, box: "Outbox", output: Output, limits: tuple[str, ...], metrics: bool) -> int:
    """Print the numbers of messages by state, what is due, the workers, and the pauses."""
    found = box.status()
    exceeded = [each for each in limits if _is_exceeded(found, each)]
    code = LATER if exceeded else OK
    if limits and output.quiet:
        pass  # the exit code is the answer: a cron job has nothing to mail
    elif metrics:
        output.line(found.metrics().rstrip("\n"))
    else:
        output.rows([(state.value, str(count)) for state, count in sorted(found.messages.items())])
        output.line(f"due\t{found.due}")
        output.line(f"in flight\t{found.in_flight}")
        if found.asking:
            until = f", at least until {found.asking_until:%H:%M:%S} UTC" if found.asking_until else ""
            output.line(f"asked about\t{found.asking}{until}")
        for worker in found.workers:
            output.line(
                f"worker {worker.name}\t{worker.in_flight} in flight, last slice {worker.slice_at:%H:%M:%S}, "
                f"seen {worker.seen_at:%H:%M:%S} UTC"
            )
    for account in found.accounts:
        if account.paused_since is not None:
            output.note(
                f"Account {account.name} is paused since {account.paused_since:%Y-%m-%d %H:%M:%S} UTC: "
                f"{account.paused_why}"
            )
    for each in exceeded:
        output.problem(f"{each} holds")
    output.document(
        {
            "exit_code": code,
            "messages": {state.value: count for state, count in found.messages.items()},
            "due": found.due,
            "oldest_due": found.oldest_due,
            "in_flight": found.in_flight,
            "asking": found.asking,
            "asking_until": found.asking_until,
            "unreported": found.unreported,
            "accounts": [asdict(each) for each in found.accounts],
            "workers": [asdict(each) for each in found.workers],
        }
    )
    return code


def _is_exceeded(found: "Status", limit: str) -> bool:
    name, separator, text = limit.partition(">")
    if name.strip() != "oldest" or not separator:
        raise click.UsageError(f"--fail-if: {limit!r} is not a limit: give oldest>TIME, such as oldest>10m")
    longest = duration(text.strip())
    return found.oldest_due is not None and found.at - found.oldest_due > longest


@command.command("check", epilog=examples("clicksoap outbox check", "clicksoap outbox check --json"))
@click.option(
    "--after-restore",
    metavar="WHY",
    help="Have waiting messages asked about before they are sent, because the database is an older copy; the reason.",
)
@opened
def check(*, box: "Outbox", output: Output, after_restore: str | None) -> int:
    """Check that every message is in exactly one state.

    Exit code 5 if a message is in doubt, 1 if anything is wrong.
    """
    asked = None
    if after_restore is not None:
        asked = box.after_restore(by=getpass.getuser(), why=after_restore)
        output.note(f"{counted(asked, 'waiting message')}: the workers ask about it before they send it.")
    found = box.check()
    output.line(str(found))
    code = 1 if not found.is_sound else UNKNOWN if found.doubtful else OK
    if found.doubtful:
        output.note(f"{counted(found.doubtful, 'message')} may have been sent: clicksoap outbox list")
    output.document(
        {
            "exit_code": code,
            "messages": found.messages,
            "by_state": {state.value: count for state, count in found.by_state.items()},
            "problems": list(found.problems),
            "asked_first": asked,
        }
    )
    return code


@command.command(
    "list",
    epilog=examples("clicksoap outbox list", "clicksoap outbox list pending --campaign billing-2026-11 --limit 20"),
)
@click.argument("states", nargs=-1, metavar="[STATE]…")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many at most.")
@click.option("--campaign", metavar="NAME", help="Campaign whose messages are meant; by default all messages are.")
@opened
def list_(*, box: "Outbox", output: Output, states: tuple[str, ...], limit: int, campaign: str | None) -> int:
    """Print messages in some states; by default those that a person has to look at: unconfirmed and unknown."""
    messages: tuple[OutboxMessage, ...] = box.list(*named_states(states), limit=limit, campaign=campaign)
    output.rows([_row(each) for each in messages])
    output.document({"exit_code": OK, "messages": [_data(each) for each in messages]})
    return OK


def _row(message: "OutboxMessage") -> tuple[str, ...]:
    number = "" if message.to is None else masked_number(message.to)
    return (str(message.id), message.state.value, number, message.key, message.why or "")


def _data(message: "OutboxMessage") -> dict[str, object]:
    return {
        "id": message.id,
        "key": message.key,
        "to": message.to,
        "state": message.state.value,
        "why": message.why,
        "code": message.code,
        "message_id": message.message_id,
        "client_message_id": message.client_message_id,
        "attempts": message.attempts,
        "delivery": None if message.delivery is None else message.delivery.code,
        "settled_at": message.settled_at,
    }


@command.command(
    "resolve",
    epilog=examples(
        'clicksoap outbox resolve 4711 arrived --why "it is on the invoice"',
        'clicksoap outbox resolve 4711 4712 4713 send-again --why "the gateway has none of them"',
    ),
)
@click.argument("messages", type=int, nargs=-1, required=True, metavar="ID…")
@click.argument("decision", type=click.Choice(["arrived", "send-again", "give-up"]))
@signed
@opened
def resolve(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", output: Output, messages: tuple[int, ...], decision: str, by: str, why: str
) -> int:
    """Decide about messages that the outbox cannot settle; each decision is recorded for ever.

    The ids stand in the first column of clicksoap outbox list, and in the column sms_id of an export. If one
    message cannot be decided so, those before it are decided, and those behind it are not.
    """
    package = outbox_package()
    chosen = package.Decision(decision.replace("-", "_"))
    settled: list[OutboxMessage] = []
    try:
        settled.extend(box.resolve(message, chosen, by=by, why=why) for message in dict.fromkeys(messages))
    finally:
        output.rows([_row(each) for each in settled])
    output.document({"exit_code": OK, "messages": [_data(each) for each in settled]})
    if any(each.state is package.MessageState.PENDING for each in settled):
        output.note("A worker sends what waits again: clicksoap outbox work, or clicksoap outbox resume NAME.")
    return OK


@command.command(
    "pause",
    epilog=examples(
        'clicksoap outbox pause --why "the gateway sends twice"',
        'clicksoap outbox pause --account codes --why "the sender is wrong"',
        'clicksoap outbox pause --campaign billing-2026-11 --why "wrong amounts"',
    ),
)
@click.option("--account", metavar="NAME", help=f"Account of the outbox to be paused; without it, {_ACCOUNT}.")
@click.option("--campaign", metavar="NAME", help="Campaign to be paused alone, instead of an account.")
@signed
@opened
def pause(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", output: Output, account: str | None, campaign: str | None, by: str, why: str
) -> int:
    """Send nothing of an account, or nothing of a campaign, until clicksoap outbox continue.

    It holds for all workers. They still wait for the answers that are out.
    """
    chosen = _account_unless(campaign, account)
    if campaign is None:
        box.pause(by=by, why=why, account=chosen)
    else:
        box.campaign(campaign).pause(by=by, why=why)
    output.document({"exit_code": OK})
    return OK


@command.command(
    "continue",
    epilog=examples(
        'clicksoap outbox continue --why "credits are bought"',
        'clicksoap outbox continue --account codes --why "the sender is right"',
    ),
)
@click.option("--account", metavar="NAME", help=f"Account of the outbox whose pause ends; without it, {_ACCOUNT}.")
@click.option("--campaign", metavar="NAME", help="Campaign whose pause ends; workers that run send it on.")
@signed
@opened
def continue_(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", output: Output, account: str | None, campaign: str | None, by: str, why: str
) -> int:
    """End the pause of an account or of a campaign, made by a person or by a worker.

    clicksoap outbox resume also sends.
    """
    chosen = _account_unless(campaign, account)
    if campaign is None:
        box.resume(by=by, why=why, account=chosen)
    else:
        box.campaign(campaign).resume(by=by, why=why)
    output.document({"exit_code": OK})
    return OK


def _account_unless(campaign: str | None, account: str | None) -> str:
    """The account that is meant, where no campaign is; both together are refused."""
    if account is not None and campaign is not None:
        raise click.UsageError("--account and --campaign are both given: each has a pause of its own, give one of them")
    return _ACCOUNT if account is None else account


@command.command("rate", epilog=examples("clicksoap outbox rate 30", "clicksoap outbox rate none"))
@click.argument("rate", metavar="RATE")
@click.option("--account", default=_ACCOUNT, show_default=True, metavar="NAME", help="Account of the outbox.")
@opened
def rate_(*, box: "Outbox", output: Output, rate: str, account: str) -> int:
    """Set the pace of an account in parts a second, for all its workers from now on; none for no limit."""
    number: float | None = None
    if rate != "none":
        try:
            number = float(rate)
        except ValueError:
            raise click.UsageError(f"{rate!r} is not a pace: give parts a second, such as 30, or none") from None
    box.set_rate(number, account=account)
    output.document({"exit_code": OK, "account": account, "rate": number})
    return OK


@command.command("suppress", epilog=examples('clicksoap outbox suppress +27821234567 --why "STOP by letter"'))
@click.argument("number")
@click.option("--remove", is_flag=True, help="Take the number off the list.")
@signed
@opened
def suppress(  # noqa: PLR0913 - each is an option
    *, box: "Outbox", output: Output, number: str, remove: bool, by: str, why: str
) -> int:
    """Put a number on the suppression list: nothing more is sent to it."""
    change = box.unsuppress if remove else box.suppress
    is_changed = change(number, why=why, by=by)
    if not is_changed:
        output.note("The number is not on the list." if remove else "The number is on the list already.")
    output.document({"exit_code": OK, "is_changed": is_changed})
    return OK


@command.command("forget", epilog=examples("clicksoap outbox forget +27821234567"))
@click.argument("number")
@click.option("--by", metavar="NAME", help="Person who decides; by default the user of the system.")
@opened
def forget(*, box: "Outbox", output: Output, number: str, by: str | None) -> int:
    """Remove the personal data of a number, and cancel what waits for it."""
    messages = box.forget(number, by=by or getpass.getuser())
    output.line(counted(messages, "message"))
    output.document({"exit_code": OK, "messages": messages})
    return OK


@command.command("upgrade", epilog=examples("clicksoap outbox upgrade"))
@click.option("--no-backup", is_flag=True, help="Do not copy an SQLite file before.")
@opened
def upgrade(*, box: "Outbox", output: Output, no_backup: bool) -> int:
    """Create the tables, or bring them to the version of this clicksoap. Stop the workers before.

    Afterwards start the workers again, and the programs that enqueue.
    """
    from clicksoap.outbox.schema import is_open_to  # noqa: PLC0415 - an extra

    before = box.version()
    copy = box.upgrade(backup=not no_backup)
    after = box.version()
    if before is None:
        output.line(f"tables created, version {after}")
    elif before == after:
        output.line(f"nothing to do, version {after}")
    else:
        output.line(f"tables upgraded from version {before} to {after}")
        if is_open_to(str(after), before):
            output.note("Programs that enqueue go on. Start the workers again.")
        else:
            output.note("Start the workers and the programs that enqueue again: until then, each enqueue fails.")
    if copy is not None:
        output.note(f"A copy of the outbox before the upgrade is in {copy}.")
    output.document(
        {"exit_code": OK, "before": before, "version": after, "backup": None if copy is None else str(copy)}
    )
    return OK
