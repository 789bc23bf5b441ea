"""What the API does with messages that were sent."""

from typing import Any, Final

from clicksoap.codes import STATUSES
from clicksoap.simulator.api.endpoints import PAGE, Asked, Operation, no_such, page, page_of
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.schema.fields import Field, field_of
from clicksoap.simulator.schema.shapes import Schema, listed, record, record_of, schema_of, shown
from clicksoap.simulator.search import matching
from clicksoap.simulator.webhooks.handset import Inbound

_NOT_IN_LISTS: Final = frozenset({"text_as_sent", "data", "udh", "parameters", "history"})
_WORDS: Final[Schema] = {"type": "string", "description": "What the status means."}
SUMMARY: Final = record_of(Message, _NOT_IN_LISTS, status_text=_WORDS)
MESSAGE: Final = record_of(Message, status_text=_WORDS, planned=listed(schema_of(Stage)))
EXCHANGE: Final = record_of(Exchange)
DELETED: Final = record(deleted={"type": "integer"})

_QUERY: Final = Field({"type": "string", "description": "As in the inbox: `to:2782 status:delivered parcel`."}, str)
_STATUS: Final = Field(
    {"type": "string", "enum": list(STATUSES), "description": "The status that it keeps from now on."},
    field_of(str).read,
)
_IDS: Final = {"ids": field_of(tuple[str, ...], description="The ids of those to delete.")}
_TEXT: Final = {"text": field_of(str, description="What the handset answers.")}


def _summary(message: Message) -> dict[str, Any]:
    return {**shown(message, _NOT_IN_LISTS), "status_text": STATUSES[message.status]}


def _messages(asked: Asked) -> object:
    return page(asked, "messages", asked.simulation.gateway.latest(), _summary)


def _search(asked: Asked) -> object:
    return page(asked, "messages", _found(asked), _summary)


def _message(asked: Asked) -> object:
    return _whole(asked, _kept(asked))


def _raw(asked: Asked) -> object:
    exchange = asked.simulation.exchanges.get(_kept(asked).exchange)
    if exchange is None:
        raise no_such("exchange: it was too long ago, or the message came by none", "id")
    return shown(exchange)


def _set_status(asked: Asked) -> object:
    message = _kept(asked)
    try:
        return _whole(asked, asked.simulation.gateway.set_status(message.id, asked.fields["status"]))
    except ValueError as error:
        raise Problem(422, str(error), "status") from None


def _report(asked: Asked) -> object:
    message = _kept(asked)
    try:
        asked.simulation.callbacks.report(message.id)
    except ValueError as error:
        raise Problem(422, str(error), "id") from None
    return _whole(asked, message)


def _reply(asked: Asked) -> object:
    message = _kept(asked)
    try:
        parts = asked.simulation.handset.reply(message.id, asked.fields["text"])
    except ValueError as error:
        raise Problem(422, str(error), "text") from None
    return {"messages": [shown(each) for each in parts]}


def _delete(asked: Asked) -> object:
    gateway = asked.simulation.gateway
    ids = [each.id for each in gateway.messages] if asked.body is None else asked.body["ids"]
    return {"deleted": gateway.delete(ids)}


def _delete_found(asked: Asked) -> object:
    return {"deleted": asked.simulation.gateway.delete([each.id for each in _found(asked)])}


def _kept(asked: Asked) -> Message:
    try:
        return asked.simulation.gateway.message(asked.path["id"])
    except KeyError:
        raise no_such("message", "id") from None


def _whole(asked: Asked, message: Message) -> dict[str, Any]:
    planned = asked.simulation.gateway.planned(message.id)
    return {**shown(message), "status_text": STATUSES[message.status], "planned": shown(planned)}


def _found(asked: Asked) -> list[Message]:
    try:
        wanted = matching(asked.query["query"])
    except ValueError as error:
        raise Problem(422, str(error), "query") from None
    return [each for each in asked.simulation.gateway.latest() if wanted(each)]


OPERATIONS: Final = (
    Operation(
        name="listMessages",
        method="GET",
        path="/messages",
        summary="The messages that are kept, the latest first.",
        run=_messages,
        answer=page_of("messages", SUMMARY),
        query=PAGE,
    ),
    Operation(
        name="deleteMessages",
        method="DELETE",
        path="/messages",
        summary="Forget the messages of some ids; without a body, all.",
        run=_delete,
        answer=DELETED,
        body=_IDS,
        whole=False,
    ),
    Operation(
        name="searchMessages",
        method="GET",
        path="/search",
        summary="The messages that a query finds, the latest first.",
        run=_search,
        answer=page_of("messages", SUMMARY),
        query={"query": _QUERY, **PAGE},
    ),
    Operation(
        name="deleteFoundMessages",
        method="DELETE",
        path="/search",
        summary="Forget the messages that a query finds.",
        run=_delete_found,
        answer=DELETED,
        query={"query": _QUERY},
    ),
    Operation(
        name="getMessage",
        method="GET",
        path="/message/{id}",
        summary="Everything about a message.",
        run=_message,
        answer=MESSAGE,
    ),
    Operation(
        name="getMessageRaw",
        method="GET",
        path="/message/{id}/raw",
        summary="The request that brought a message and what it was answered, passwords and session ids masked.",
        run=_raw,
        answer=EXCHANGE,
    ),
    Operation(
        name="setMessageStatus",
        method="PUT",
        path="/message/{id}/status",
        summary="Give a message a status that it keeps, and report it as ever.",
        run=_set_status,
        answer=MESSAGE,
        body={"status": _STATUS},
    ),
    Operation(
        name="reportMessage",
        method="POST",
        path="/message/{id}/report",
        summary="Report the present status of a message once more.",
        run=_report,
        answer=MESSAGE,
    ),
    Operation(
        name="replyToMessage",
        method="POST",
        path="/message/{id}/reply",
        summary="Answer a message as the handset that has it.",
        run=_reply,
        answer=record(messages=listed(schema_of(Inbound))),
        body=_TEXT,
    ),
)
"""What can be asked about messages."""
