"""Endpoints for traffic: requests on the wire, calls to the customer's server, messages from handsets."""

from typing import Final

from clicksoap.simulator.api.endpoints import PAGE_QUERY, ApiRequest, Endpoint, not_found, page, page_of
from clicksoap.simulator.api.message_endpoints import EXCHANGE
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.schema.fields import field_of, fields_of
from clicksoap.simulator.schema.shapes import array_of, dataclass_schema, object_schema, schema_of, to_json
from clicksoap.simulator.webhooks.dispatcher import Attempt
from clicksoap.simulator.webhooks.handset import Inbound

_NOT_IN_LISTS: Final = frozenset({"request", "reply", "request_headers", "reply_headers", "refusals"})
_HANDSET: Final = {
    "text": field_of(str, description="The text; STOP, END, CANCEL, UNSUBSCRIBE and QUIT opt the sender out."),
    **fields_of(Inbound, {"id", "at", "text", "charset", "udh"}),
}


def _exchanges(request: ApiRequest) -> object:
    return page(request, "exchanges", request.simulation.exchanges.latest(), lambda each: to_json(each, _NOT_IN_LISTS))


def _exchange(request: ApiRequest) -> object:
    number = request.path["number"]
    found = request.simulation.exchanges.get(int(number)) if number.isascii() and number.isdigit() else None
    if found is None:
        raise not_found("exchange", "number")
    return to_json(found)


def _callbacks(request: ApiRequest) -> object:
    return page(request, "callbacks", request.simulation.callbacks.attempts(), to_json)


def _inbound(request: ApiRequest) -> object:
    return page(request, "messages", request.simulation.handset.sent(), to_json)


def _send(request: ApiRequest) -> object:
    try:
        return {"messages": [to_json(each) for each in request.simulation.handset.send(**request.fields)]}
    except KeyError:
        raise not_found("account", "user") from None
    except ValueError as error:
        raise Problem.of(error, request.fields) from None


ENDPOINTS: Final = (
    Endpoint(
        name="listExchanges",
        method="GET",
        path="/exchanges",
        summary="List the exchanges without their bodies, the latest first.",
        run=_exchanges,
        answer=page_of("exchanges", dataclass_schema(Exchange, _NOT_IN_LISTS)),
        query=PAGE_QUERY,
    ),
    Endpoint(
        name="getExchange",
        method="GET",
        path="/exchange/{number}",
        summary="Get a request and its reply, with masked passwords and session ids.",
        run=_exchange,
        answer=EXCHANGE,
    ),
    Endpoint(
        name="listCallbacks",
        method="GET",
        path="/callbacks",
        summary="List the calls to the customer's server, the latest first.",
        run=_callbacks,
        answer=page_of("callbacks", schema_of(Attempt)),
        query=PAGE_QUERY,
    ),
    Endpoint(
        name="listInbound",
        method="GET",
        path="/inbound",
        summary="List the messages from handsets, the latest first.",
        run=_inbound,
        answer=page_of("messages", schema_of(Inbound)),
        query=PAGE_QUERY,
    ),
    Endpoint(
        name="sendInbound",
        method="POST",
        path="/inbound",
        summary="Send a message from a handset to an account.",
        run=_send,
        answer=object_schema(messages=array_of(schema_of(Inbound))),
        body=_HANDSET,
    ),
)
"""The endpoints for traffic."""
