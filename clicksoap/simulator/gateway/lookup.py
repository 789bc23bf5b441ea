"""Find the messages that a command asks for, by the gateway's id or the client's."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from clicksoap.simulator.front.rules import Refused
from clicksoap.simulator.gateway.accounts import AccountState
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.gateway.state import GatewayState

_STATUS_LOOK_BACK: Final = timedelta(days=6)
_ANY_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NO_ID: Final = "0" * 32


def find_messages(state: GatewayState, owner: AccountState, values: Mapping[str, str]) -> list[Message]:
    """The messages of the last six days with the id of a command; the gateway's id counts before the client's.

    Raises:
        Refused: There is neither id (109).
    """
    if "apimsgid" in values:
        message = find_message(state, owner, values["apimsgid"], _STATUS_LOOK_BACK)
        return [] if message is None else [message]
    if "climsgid" not in values:
        raise Refused("109")
    now = state.clock.now()
    found = state.mailbox.of_client(owner.key, values["climsgid"])
    return [each for each in found if now - each.created <= _STATUS_LOOK_BACK]


def find_message(state: GatewayState, owner: AccountState, message_id: str, look_back: timedelta) -> Message | None:
    """The message of a gateway id; None if it is unknown, too old, or of another account."""
    message = state.mailbox.get(message_id)
    if message is None or state.clock.now() - message.created > look_back:
        return None
    return message if message.account == owner.key else None


def unknown_reply(state: GatewayState, values: Mapping[str, str]) -> str:
    """The reply line for an id without a message.

    Raises:
        Refused: The settings demand an error (103, 104), or the id is malformed (103).
    """
    if "apimsgid" not in values:
        if state.settings.unknown_client_id == "error":
            raise Refused("104")
        return f"ID: {_NO_ID} Status: 001"
    if state.settings.unknown_id == "error" or not _ANY_ID.fullmatch(values["apimsgid"]):
        raise Refused("103")
    return f"ID: {values['apimsgid']} Status: 001"


def status_line(message: Message) -> str:
    """The reply line that tells a message's status."""
    return f"ID: {message.id} Status: {message.status}"
