"""Submit one content to many recipients: each is accepted as a message or refused with an error."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refusal, Refused, refusal
from clicksoap.simulator.gateway.accounts import CREDENTIALS, AccountState
from clicksoap.simulator.gateway.content import Content
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.gateway.stages import final_status_of, planned_stages
from clicksoap.simulator.gateway.state import GatewayState
from clicksoap.simulator.masking import SECRET_PARAMETERS

TRIAL_TEXT: Final = "A trial account sent this text: it will carry your own once credits were bought."
"""The text of every message of a trial account."""

# The account stands in a message by itself; secrets do not stand there at all.
_LEFT_OUT: Final = frozenset({*SECRET_PARAMETERS, *CREDENTIALS})
_NOT_DIGIT: Final = re.compile(r"[^0-9]")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Submission:
    """A content to be sent, the same for every recipient of a command.

    Attributes:
        content: The content.
        batch_id: The id of the batch; empty outside of batches.
        parameters: The parameters of the command, without credentials and secrets.
    """

    content: Content
    batch_id: str
    parameters: Mapping[str, str] = field(repr=False)


def check_recipients(state: GatewayState, command: Command) -> None:
    """Refuse a command without recipients, or with more than its service allows (101)."""
    to = command.to
    if not any(to):
        raise Refused("101", "to", "no recipient", "give one number or more")
    if len(to) > command.max_recipients and state.settings.over_limit == "error":
        rule = f"{len(to)} recipients, at most {command.max_recipients} a request"
        raise Refused("101", "to", rule, "send several requests")


def check_options(state: GatewayState, values: Mapping[str, str]) -> None:
    """Refuse invalid options of a message (101, 102, 106, 112, 120)."""
    rules.check_options(values, state.clock.now(), state.settings.longest_validity)


def public_parameters(values: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters of a command without credentials and secrets; read-only."""
    return MappingProxyType({name: value for name, value in values.items() if name not in _LEFT_OUT})


def submit(
    state: GatewayState, owner: AccountState, command: Command, submission: Submission, *, names_single: bool
) -> list[str]:
    """Submit a content to every recipient of a command.

    Args:
        state: The state of the gateway.
        owner: The account that pays.
        command: The command, for its recipients.
        submission: The content and its options.
        names_single: True to name the number in the reply even if it is the only one.

    Returns:
        One reply line for each recipient, in order: the id of a message, or an error.
    """
    names_numbers = names_single or len(command.to) > 1
    lines: list[str] = []
    accepted: list[Message] = []
    if owner.trial and not submission.content.data:
        submission = replace(submission, content=Content(TRIAL_TEXT, submission.content.text_as_sent))
    now, plans = state.clock.now(), dict[str, tuple[Stage, ...]]()
    for given in command.to:
        number = rules.dialled(given, owner.account.dial_prefix)
        problem = rules.number_refusal(number) or _problem(owner, submission, number, now)
        if problem is None:
            # Most recipients of a command have the same stages; they are planned once for all.
            final_status = final_status_of(number)
            if final_status not in plans:
                plans[final_status] = planned_stages(
                    submission.parameters, final_status, now, owner.account.price, state.settings
                )
            stages = plans[final_status]
            message = _message(owner, command, submission, number, stages)
            owner.balance -= message.charge
            owner.sent_on_day += 1
            state.mailbox.add(message, stages[1:])
            accepted.append(message)
            line = f"ID: {message.id}"
        else:
            state.refusals.append(problem)
            line = rules.error_line(problem.code, _limit_ends(owner, now))
        lines.append(f"{line} To: {_NOT_DIGIT.sub('', number)}" if names_numbers else line)
    if accepted:
        state.count_accepted(tuple(accepted))
    return lines


def _problem(owner: AccountState, submission: Submission, number: str, now: datetime) -> Refusal | None:
    """The reason that keeps a message from going to a valid number; None if it may go."""
    account = owner.account
    if number in owner.opted_out:
        rule = "the number opted out of messages of this account"
        return refusal("122", "to", rule, "leave it out", value=number, to=number)
    sender = submission.parameters.get("from")
    if account.senders is not None and sender is not None and sender not in account.senders:
        mend = f"give one of {', '.join(account.senders) or 'none'}, or leave from out"
        return refusal("123", "from", "not a sender of the account", mend, value=sender, to=number)
    if submission.content.excess:
        mend = "give a shorter text, or a greater concat"
        return refusal("113", submission.content.name, submission.content.excess, mend, to=number)
    if account.daily_limit is not None and _sent_today(owner, now) >= account.daily_limit:
        rule = f"{owner.sent_on_day} messages today, at most {account.daily_limit}"
        return refusal("130", "", rule, "wait until the day of the limit ends", to=number)
    price = account.price * submission.content.parts
    if not owner.affords(price):
        rule = f"{owner.balance:f} credits left, and the message costs {price:f}"
        return refusal("301", "", rule, "set the balance of the account, or give it no limit", to=number)
    return None


def _sent_today(owner: AccountState, now: datetime) -> int:
    if owner.day is None or now - owner.day >= _DAY:
        owner.day, owner.sent_on_day = now, 0
    return owner.sent_on_day


def _limit_ends(owner: AccountState, now: datetime) -> int:
    """The Unix time in seconds at which the present day of a limit ends."""
    start = now if owner.day is None or now - owner.day >= _DAY else owner.day
    return int((start + _DAY).timestamp())


def _message(
    owner: AccountState,
    command: Command,
    submission: Submission,
    number: str,
    stages: tuple[Stage, ...],
) -> Message:
    account, content, parameters = owner.account, submission.content, submission.parameters
    first = stages[0]
    return Message(
        id=secrets.token_hex(16),
        command=command.name,
        status=first.status,
        created=first.at,
        due=stages[1].at if first.status == "011" else first.at,
        charge=account.price * content.parts,
        to=number,
        sender=parameters.get("from", ""),
        text=content.text,
        text_as_sent=content.text_as_sent,
        unicode=content.unicode,
        parts=content.parts,
        data=content.data,
        udh=content.udh,
        flash=content.flash,
        client_message_id=parameters.get("climsgid", ""),
        batch_id=submission.batch_id,
        parameters=parameters,
        api_id=account.api_id,
        user=account.user,
        callback=rules.integer(parameters, "msg_callback"),
        exchange=command.exchange,
        history=(first,),
    )
