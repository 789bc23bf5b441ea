"""Batches: templates that are sent to recipients later; startbatch, senditem, quicksend and endbatch."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.accounts import AccountState
from clicksoap.simulator.gateway.content import content_of
from clicksoap.simulator.gateway.messages import size_of
from clicksoap.simulator.gateway.state import GatewayState
from clicksoap.simulator.gateway.submissions import (
    Submission,
    check_options,
    check_recipients,
    public_parameters,
    submit,
)

BATCH_LIFETIME: Final = timedelta(hours=24)
"""The time after its start at which a batch expires, used or not."""

_PLACEHOLDER: Final = re.compile(r"#(field[0-9]+)#")
_MAX_BATCHES: Final = 10_000
_MAX_TOTAL_SIZE: Final = 64 * 1024 * 1024  # characters of all templates
_MAX_MERGED: Final = 1 << 16  # far too long for a message (113)


@dataclass(frozen=True, slots=True)
class BatchState:
    """An open batch.

    Attributes:
        owner: The account that started it.
        created: The time of its start.
        parameters: The template and the options of its messages.
    """

    owner: AccountState
    created: datetime
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def size(self) -> int:
        """The approximate number of characters that it holds."""
        return size_of(self.parameters)


class Batches:
    """The open batches of a gateway; not safe between threads by itself.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self._by_id: dict[str, BatchState] = {}
        self._size = 0

    def clear(self) -> None:
        """Forget every batch."""
        self._by_id.clear()
        self._size = 0

    def startbatch(self, command: Command) -> list[str]:
        """Execute startbatch: keep a template."""
        state, values = self._state, command.values
        owner = state.sessions.authorised(command)
        if "template" not in values:
            raise Refused("202", "template", "missing, or empty", "give the text of the messages")
        check_options(state, values)
        content_of(values, "template", state.settings.concat_default)  # a template that is refused never gets better
        batch = BatchState(owner, state.clock.now(), public_parameters(values))
        self._size += batch.size
        while self._by_id and (len(self._by_id) >= _MAX_BATCHES or self._size > _MAX_TOTAL_SIZE):
            self._forget(next(iter(self._by_id)))
        batch_id = secrets.token_hex(16)
        self._by_id[batch_id] = batch
        return [f"ID: {batch_id}"]

    def senditem(self, command: Command) -> list[str]:
        """Execute senditem: send the template with its fields filled in."""
        batch = self._batch(command)
        check_recipients(self._state, command)
        template = batch.parameters["template"]
        if rules.integer(batch.parameters, "unicode") != 1:  # the vendor does not merge fields into unicode
            template = _merged(template, command.values)
        if not template:
            rule = "empty once its fields are filled in"
            raise Refused("107", "template", rule, "give the fields of the template a value")
        submission = self._submission(command, batch, template)
        return submit(self._state, batch.owner, command, submission, names_single=False)

    def quicksend(self, command: Command) -> list[str]:
        """Execute quicksend: send the template as it is."""
        batch = self._batch(command)
        check_recipients(self._state, command)
        submission = self._submission(command, batch, batch.parameters["template"])
        names_single = self._state.settings.names_single
        return submit(self._state, batch.owner, command, submission, names_single=names_single)

    def endbatch(self, command: Command) -> list[str]:
        """Execute endbatch: forget a batch."""
        self._batch(command)
        self._forget(command.values["batch_id"])
        return [self._state.settings.endbatch_reply]

    def _forget(self, batch_id: str) -> None:
        self._size -= self._by_id.pop(batch_id).size

    def _submission(self, command: Command, batch: BatchState, template: str) -> Submission:
        check_options(self._state, command.values)
        parameters = MappingProxyType({**batch.parameters, **public_parameters(command.values)})
        content = content_of({**parameters, "template": template}, "template", self._state.settings.concat_default)
        return Submission(content, command.values["batch_id"], parameters)

    def _batch(self, command: Command) -> BatchState:
        """The batch of a command, if the account of the command started it; refused otherwise (201)."""
        owner = self._state.sessions.authorised(command)
        batch_id = command.values.get("batch_id", "")
        batch = self._by_id.get(batch_id)
        if batch is None:
            rule = "unknown, or ended already" if batch_id else "missing, or empty"
        elif batch.owner is not owner:
            rule = "a batch of another account"
        elif self._state.clock.now() - batch.created > BATCH_LIFETIME:
            rule = "expired: a batch lasts 24 hours"
        else:
            return batch
        raise Refused("201", "batch_id", rule, "give the id that startbatch gave", value=batch_id)


def _merged(template: str, values: Mapping[str, str]) -> str:
    """A template with its fields filled in, up to a size limit: a long field can stand in many places."""
    pieces: list[str] = []
    size = 0
    for index, piece in enumerate(_PLACEHOLDER.split(template)):
        pieces.append(values.get(piece, "") if index % 2 else piece)
        size += len(pieces[-1])
        if size > _MAX_MERGED:
            break
    return "".join(pieces)[:_MAX_MERGED]
