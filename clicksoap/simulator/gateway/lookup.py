"""Find the messages that a command asks for, by the gateway's id or the client's."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.accounts import AccountState
from clicksoap.simulator.gateway.forgotten_ids import STATUS_LOOK_BACK
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.state import GatewayState

_ANY_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NO_ID: Final = "0" * 32


def find_messages(state: GatewayState, owner: AccountState, values: Mapping[str, str]) -> list[Message]:
    """The messages of the last six days with the id of a command; the gateway's id counts before the client's.

    Raises:
        Refused: There is neither id (109).
    """
    if "apimsgid" in values:
        message = find_message(state, owner, values["apimsgid"], STATUS_LOOK_BACK)
        return [] if message is None else [message]
    if "climsgid" not in values:
        raise Refused("109", "apimsgid", "neither apimsgid nor climsgid is given", "give one of them")
    now = state.clock.now()
    found = state.mailbox.of_client(owner.key, values["climsgid"])
    return [each for each in found if now - each.created <= STATUS_LOOK_BACK]


def find_message(state: GatewayState, owner: AccountState, message_id: str, look_back: timedelta) -> Message | None:
    """The message of a gateway id; None if it is unknown, too old, or of another account."""
    message = state.mailbox.get(message_id)
    if message is None or state.clock.now() - message.created > look_back:
        return None
    return message if message.account == owner.key else None


def unknown_reply(state: GatewayState, owner: AccountState, values: Mapping[str, str]) -> str:
    """The reply line for an id without a message; an accepted message that is no longer kept has status 001.

    Raises:
        Refused: The settings demand an error (103, 104), or the id is malformed (103).
    """
    now = state.clock.now()
    forgotten = state.mailbox.forgotten
    if "apimsgid" not in values:
        client_id = values["climsgid"]
        if state.settings.unknown_client_id == "error" and not forgotten.knows_client_id(owner.key, client_id, now):
            rule = "no message of this account in the last six days has this client id"
            raise Refused("104", "climsgid", rule, "give the id that the message was sent with", value=client_id)
        return f"ID: {_NO_ID} Status: 001"
    message_id = values["apimsgid"]
    demands_error = state.settings.unknown_id == "error" and not forgotten.knows_message(message_id, now)
    if demands_error or not _ANY_ID.fullmatch(message_id):
        is_formed = _ANY_ID.fullmatch(message_id) is not None
        rule = "no message of this account has this id" if is_formed else "not an id of 1 to 64 letters and digits"
        raise Refused("103", "apimsgid", rule, "give the id that the gateway gave", value=message_id)
    return f"ID: {message_id} Status: 001"


def status_line(message: Message) -> str:
    """The reply line that tells a message's status."""
    return f"ID: {message.id} Status: {message.status}"
