"""Endpoints for sent messages."""

from typing import Any, Final

from clicksoap.codes import STATUSES
from clicksoap.simulator.api.endpoints import PAGE_QUERY, ApiRequest, Endpoint, not_found, page, page_of
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.schema.fields import Field, field_of
from clicksoap.simulator.schema.shapes import Schema, array_of, dataclass_schema, object_schema, schema_of, to_json
from clicksoap.simulator.search import matching
from clicksoap.simulator.webhooks.handset import Inbound

_NOT_IN_LISTS: Final = frozenset({"text_as_sent", "data", "udh", "parameters", "history"})
_STATUS_TEXT: Final[Schema] = {"type": "string", "description": "The meaning of the status."}
SUMMARY: Final = dataclass_schema(Message, _NOT_IN_LISTS, status_text=_STATUS_TEXT)
MESSAGE: Final = dataclass_schema(Message, status_text=_STATUS_TEXT, planned=array_of(schema_of(Stage)))
EXCHANGE: Final = dataclass_schema(Exchange)
DELETED: Final = object_schema(deleted={"type": "integer"})

_QUERY: Final = Field(
    {"type": "string", "description": "Search terms, such as `to:2782 status:delivered parcel`."}, str
)
_STATUS: Final = Field(
    {"type": "string", "enum": list(STATUSES), "description": "The status to pin."},
    field_of(str).read,
)
_IDS: Final = {"ids": field_of(tuple[str, ...], description="The ids of the messages to delete.")}
_TEXT: Final = {"text": field_of(str, description="The text of the reply.")}


def _summary(message: Message) -> dict[str, Any]:
    return {**to_json(message, _NOT_IN_LISTS), "status_text": STATUSES[message.status]}


def _messages(request: ApiRequest) -> object:
    return page(request, "messages", request.simulation.gateway.latest(), _summary)


def _search(request: ApiRequest) -> object:
    return page(request, "messages", _search_results(request), _summary)


def _message(request: ApiRequest) -> object:
    return _message_json(request, _find_message(request))


def _exchange_of(request: ApiRequest) -> object:
    exchange = request.simulation.exchanges.get(_find_message(request).exchange)
    if exchange is None:
        raise not_found("exchange: it has been dropped, or the message was not sent by a request", "id")
    return to_json(exchange)


def _set_status(request: ApiRequest) -> object:
    message = _find_message(request)
    try:
        return _message_json(request, request.simulation.gateway.set_status(message.id, request.fields["status"]))
    except ValueError as error:
        raise Problem(422, str(error), "status") from None


def _report(request: ApiRequest) -> object:
    message = _find_message(request)
    try:
        request.simulation.callbacks.report(message.id)
    except ValueError as error:
        raise Problem(422, str(error), "id") from None
    return _message_json(request, message)


def _reply(request: ApiRequest) -> object:
    message = _find_message(request)
    try:
        parts = request.simulation.handset.reply(message.id, request.fields["text"])
    except ValueError as error:
        raise Problem(422, str(error), "text") from None
    return {"messages": [to_json(each) for each in parts]}


def _delete(request: ApiRequest) -> object:
    gateway = request.simulation.gateway
    ids = [each.id for each in gateway.messages] if request.body is None else request.body["ids"]
    return {"deleted": gateway.delete(ids)}


def _delete_found(request: ApiRequest) -> object:
    return {"deleted": request.simulation.gateway.delete([each.id for each in _search_results(request)])}


def _find_message(request: ApiRequest) -> Message:
    try:
        return request.simulation.gateway.message(request.path["id"])
    except KeyError:
        raise not_found("message", "id") from None


def _message_json(request: ApiRequest, message: Message) -> dict[str, Any]:
    planned = request.simulation.gateway.planned(message.id)
    return {**to_json(message), "status_text": STATUSES[message.status], "planned": to_json(planned)}


def _search_results(request: ApiRequest) -> list[Message]:
    try:
        matches = matching(request.query["query"])
    except ValueError as error:
        raise Problem(422, str(error), "query") from None
    return [each for each in request.simulation.gateway.latest() if matches(each)]


ENDPOINTS: Final = (
    Endpoint(
        name="listMessages",
        method="GET",
        path="/messages",
        summary="List the kept messages, the latest first.",
        run=_messages,
        answer=page_of("messages", SUMMARY),
        query=PAGE_QUERY,
    ),
    Endpoint(
        name="deleteMessages",
        method="DELETE",
        path="/messages",
        summary="Delete messages by their ids; without a body, all messages.",
        run=_delete,
        answer=DELETED,
        body=_IDS,
        body_required=False,
    ),
    Endpoint(
        name="searchMessages",
        method="GET",
        path="/search",
        summary="Search messages, the latest first.",
        run=_search,
        answer=page_of("messages", SUMMARY),
        query={"query": _QUERY, **PAGE_QUERY},
    ),
    Endpoint(
        name="deleteFoundMessages",
        method="DELETE",
        path="/search",
        summary="Delete the messages that a search finds.",
        run=_delete_found,
        answer=DELETED,
        query={"query": _QUERY},
    ),
    Endpoint(
        name="getMessage",
        method="GET",
        path="/message/{id}",
        summary="Get a message with all its attributes.",
        run=_message,
        answer=MESSAGE,
    ),
    Endpoint(
        name="getMessageRaw",
        method="GET",
        path="/message/{id}/raw",
        summary="Get the request that sent a message and its reply, with masked passwords and session ids.",
        run=_exchange_of,
        answer=EXCHANGE,
    ),
    Endpoint(
        name="setMessageStatus",
        method="PUT",
        path="/message/{id}/status",
        summary="Pin the status of a message, and report it as usual.",
        run=_set_status,
        answer=MESSAGE,
        body={"status": _STATUS},
    ),
    Endpoint(
        name="reportMessage",
        method="POST",
        path="/message/{id}/report",
        summary="Report the present status of a message once more.",
        run=_report,
        answer=MESSAGE,
    ),
    Endpoint(
        name="replyToMessage",
        method="POST",
        path="/message/{id}/reply",
        summary="Reply to a message as the handset that received it.",
        run=_reply,
        answer=object_schema(messages=array_of(schema_of(Inbound))),
        body=_TEXT,
    ),
)
"""The endpoints for sent messages."""
