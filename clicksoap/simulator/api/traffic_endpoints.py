"""What the API tells of the traffic: requests on the wire, calls of the customer's server, messages from handsets."""

from typing import Final

from clicksoap.simulator.api.endpoints import PAGE, Asked, Operation, no_such, page, page_of
from clicksoap.simulator.api.message_endpoints import EXCHANGE
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.schema.fields import field_of, fields_of
from clicksoap.simulator.schema.shapes import listed, record, record_of, schema_of, shown
from clicksoap.simulator.webhooks.dispatcher import Attempt
from clicksoap.simulator.webhooks.handset import Inbound

_BODIES: Final = frozenset({"request", "reply", "request_headers", "reply_headers"})
_HANDSET: Final = {
    "text": field_of(str, description="What it says; STOP, END, CANCEL, UNSUBSCRIBE and QUIT opt the number out."),
    **fields_of(Inbound, {"id", "at", "text", "charset", "udh"}),
}


def _exchanges(asked: Asked) -> object:
    return page(asked, "exchanges", asked.simulation.exchanges.latest(), lambda each: shown(each, _BODIES))


def _exchange(asked: Asked) -> object:
    number = asked.path["number"]
    found = asked.simulation.exchanges.get(int(number)) if number.isascii() and number.isdigit() else None
    if found is None:
        raise no_such("exchange", "number")
    return shown(found)


def _callbacks(asked: Asked) -> object:
    return page(asked, "callbacks", asked.simulation.callbacks.attempts(), shown)


def _inbound(asked: Asked) -> object:
    return page(asked, "messages", asked.simulation.handset.sent(), shown)


def _send(asked: Asked) -> object:
    try:
        return {"messages": [shown(each) for each in asked.simulation.handset.send(**asked.fields)]}
    except KeyError:
        raise no_such("account", "user") from None
    except ValueError as error:
        raise Problem.of(error, asked.fields) from None


OPERATIONS: Final = (
    Operation(
        name="listExchanges",
        method="GET",
        path="/exchanges",
        summary="The requests that were answered, without their bodies, the latest first.",
        run=_exchanges,
        answer=page_of("exchanges", record_of(Exchange, _BODIES)),
        query=PAGE,
    ),
    Operation(
        name="getExchange",
        method="GET",
        path="/exchange/{number}",
        summary="A request and its answer, passwords and session ids masked.",
        run=_exchange,
        answer=EXCHANGE,
    ),
    Operation(
        name="listCallbacks",
        method="GET",
        path="/callbacks",
        summary="The calls of the customer's server, the latest first.",
        run=_callbacks,
        answer=page_of("callbacks", schema_of(Attempt)),
        query=PAGE,
    ),
    Operation(
        name="listInbound",
        method="GET",
        path="/inbound",
        summary="The messages from handsets, the latest first.",
        run=_inbound,
        answer=page_of("messages", schema_of(Inbound)),
        query=PAGE,
    ),
    Operation(
        name="sendInbound",
        method="POST",
        path="/inbound",
        summary="Let a handset send a message to an account.",
        run=_send,
        answer=record(messages=listed(schema_of(Inbound))),
        body=_HANDSET,
    ),
)
"""What can be asked about the traffic."""
