"""Endpoints for the gateway itself: accounts, sessions, clock, settings and faults."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.api.endpoints import ApiRequest, Endpoint, not_found
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.rules import REFUSED_PREFIX
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.gateway.stages import STATUS_PREFIX
from clicksoap.simulator.schema.fields import Field, field_of, fields_of, text_or_value
from clicksoap.simulator.schema.settings import CALLBACK_SETTINGS, SETTING_FIELDS
from clicksoap.simulator.schema.shapes import array_of, dataclass_schema, object_schema, schema_of, to_json
from clicksoap.version import __version__

_COUNT: Final = {"type": "integer"}
_TEXT: Final = {"type": "string"}
ACCOUNT: Final = dataclass_schema(Account)
SETTINGS: Final = dataclass_schema(Settings)
_CLOCK: Final = object_schema(
    now=schema_of(datetime),
    speed={"type": "number", "description": "The seconds by which it advances in a real second."},
)
_SESSION: Final = object_schema(api_id=_COUNT, user=_TEXT, used=schema_of(datetime), uses=_COUNT)
_FAULTS: Final = object_schema(faults=array_of(schema_of(Rule)))
INFO: Final = object_schema(
    version=_TEXT,
    origin=_TEXT,
    wsdl=array_of(_TEXT),
    http_api=_TEXT,
    counts=object_schema(messages=_COUNT, accepted=_COUNT, exchanges=_COUNT, inbound=_COUNT, callbacks=_COUNT),
    commands={"type": "object", "additionalProperties": _COUNT},
    store=object_schema(
        problem={
            "type": "string",
            "description": "The reason why nothing is stored at present; empty if all is stored.",
        }
    ),
    refused=array_of(object_schema(number=_TEXT, error=_TEXT, meaning=_TEXT)),
    ends=array_of(object_schema(number=_TEXT, status=_TEXT, meaning=_TEXT)),
    breaks=array_of(object_schema(number=_TEXT, kind=_TEXT, meaning=_TEXT)),
)

_BALANCE: Final = {
    "api_id": field_of(int),
    "user": field_of(str),
    "balance": field_of(Decimal, description="The new balance in credits."),
}
_CLOCK_STEP: Final = {
    unit: Field({"type": "number", "minimum": 0}, field_of(float).read, required=False)
    for unit in ("days", "hours", "minutes", "seconds")
}
_RULE: Final = {
    name: Field(field.schema, field.read, required=name == "kind")
    for name, field in fields_of(Rule, {"id", "hits"}).items()
}


def _account(account: Account, balance: Decimal, *, trial: bool) -> dict[str, Any]:
    return {**to_json(account), "balance": to_json(balance), "trial": trial}


def _accounts(request: ApiRequest) -> object:
    found = request.simulation.gateway.accounts()
    return {"accounts": [_account(account, balance, trial=trial) for account, balance, trial in found]}


def _set_balance(request: ApiRequest) -> object:
    gateway, given = request.simulation.gateway, request.fields
    try:
        gateway.set_balance(**given)
    except KeyError:
        raise not_found("account", "user") from None
    return next(
        _account(account, balance, trial=trial)
        for account, balance, trial in gateway.accounts()
        if (account.api_id, account.user) == (given["api_id"], given["user"])
    )


def _sessions(request: ApiRequest) -> object:
    found = request.simulation.gateway.sessions()
    return {
        "sessions": [
            {"api_id": account.api_id, "user": account.user, "used": to_json(used), "uses": uses}
            for account, used, uses in found
        ]
    }


def _expire(request: ApiRequest) -> object:
    return {"ended": request.simulation.gateway.expire_sessions()}


def _clock(request: ApiRequest) -> object:
    clock = request.simulation.clock
    return {"now": to_json(clock.now()), "speed": clock.speed}


def _advance(request: ApiRequest) -> object:
    try:
        request.simulation.clock.advance(**request.fields)
    except ValueError as error:
        raise Problem(422, str(error)) from None
    return _clock(request)


def _settings(request: ApiRequest) -> object:
    return to_json(request.simulation.gateway.settings)


def _update(request: ApiRequest) -> object:
    gateway, choices = request.simulation.gateway, dict(request.fields)
    try:
        for name in CALLBACK_SETTINGS & choices.keys():
            if choices[name] is not None:
                choices[name] = _callback_url(choices[name], getattr(gateway.settings, name))
        return to_json(gateway.update_settings(**choices))
    except ValueError as error:
        raise Problem.of(error, choices) from None


def _callback_url(given: dict[str, Any], present: CallbackUrl | None) -> CallbackUrl:
    """The new address. A missing password keeps its present value if url and user stay the same."""
    new = CallbackUrl(**given)
    if present is None or "password" in given or (present.url, present.user) != (new.url, new.user):
        return new
    return replace(new, password=present.password)


def _faults(request: ApiRequest) -> object:
    return {"faults": to_json(request.simulation.faults.rules)}


def _add_fault(request: ApiRequest) -> object:
    try:
        return to_json(request.simulation.faults.add(**request.fields))
    except ValueError as error:
        raise Problem.of(error, _RULE) from None


def _clear_faults(request: ApiRequest) -> object:
    request.simulation.faults.clear()
    return _faults(request)


def _remove_fault(request: ApiRequest) -> object:
    if not request.simulation.faults.remove(request.path["id"]):
        raise not_found("fault", "id")
    return _faults(request)


def _reset(request: ApiRequest) -> object:
    request.simulation.reset()
    return _info(request)


def _info(request: ApiRequest) -> object:
    simulation = request.simulation
    gateway = simulation.gateway
    return {
        "version": __version__,
        "origin": request.origin,
        "wsdl": [f"{request.origin}{path}?wsdl" for path in SERVICE_PATHS],
        "http_api": f"{request.origin}/http/",
        "counts": {
            "messages": len(gateway.messages),
            "accepted": gateway.accepted_so_far,
            "exchanges": len(simulation.exchanges.latest()),
            "inbound": len(simulation.handset.sent()),
            "callbacks": len(simulation.callbacks.attempts()),
        },
        "commands": gateway.commands,
        "store": {"problem": simulation.store.problem},
        "refused": [
            {"number": f"{REFUSED_PREFIX}{code}…", "error": code, "meaning": text} for code, text in ERRORS.items()
        ],
        "ends": [
            {"number": f"{STATUS_PREFIX}{code}…", "status": code, "meaning": text} for code, text in STATUSES.items()
        ],
        "breaks": [
            {"number": f"{MAGIC_PREFIX}{digits}…", "kind": each.rule.kind, "meaning": each.description}
            for digits, each in MAGIC.items()
        ],
    }


ENDPOINTS: Final = (
    Endpoint(
        name="getInfo",
        method="GET",
        path="/info",
        summary="Get the version, the addresses of the services, counts, and the magic numbers.",
        run=_info,
        answer=INFO,
    ),
    Endpoint(
        name="listAccounts",
        method="GET",
        path="/accounts",
        summary="List the accounts and their balances; a gateway without a list of accounts has those that were used.",
        run=_accounts,
        answer=object_schema(accounts=array_of(ACCOUNT)),
    ),
    Endpoint(
        name="setBalance",
        method="PUT",
        path="/accounts/balance",
        summary="Set the balance of an account.",
        run=_set_balance,
        answer=ACCOUNT,
        body=_BALANCE,
    ),
    Endpoint(
        name="listSessions",
        method="GET",
        path="/sessions",
        summary="List the open sessions without their ids.",
        run=_sessions,
        answer=object_schema(sessions=array_of(_SESSION)),
    ),
    Endpoint(
        name="expireSessions",
        method="DELETE",
        path="/sessions",
        summary="End all sessions at once.",
        run=_expire,
        answer=object_schema(ended=_COUNT),
    ),
    Endpoint(
        name="getClock",
        method="GET",
        path="/clock",
        summary="Get the time and speed of the gateway's clock.",
        run=_clock,
        answer=_CLOCK,
    ),
    Endpoint(
        name="advanceClock",
        method="POST",
        path="/clock/advance",
        summary="Advance the clock by the sum of the given units.",
        run=_advance,
        answer=_CLOCK,
        body=_CLOCK_STEP,
    ),
    Endpoint(
        name="getSettings",
        method="GET",
        path="/settings",
        summary="Get the settings: the behaviour of the gateway where the vendor's documents leave it open.",
        run=_settings,
        answer=SETTINGS,
    ),
    Endpoint(
        name="changeSettings",
        method="PATCH",
        path="/settings",
        summary=(
            "Change some settings, as values or as the texts of --set; a missing callback password keeps its value"
            " if url and user stay the same."
        ),
        run=_update,
        answer=SETTINGS,
        body={name: text_or_value(field) for name, field in SETTING_FIELDS.items()},
    ),
    Endpoint(
        name="listFaults",
        method="GET",
        path="/faults",
        summary="List the fault rules.",
        run=_faults,
        answer=_FAULTS,
    ),
    Endpoint(
        name="addFault",
        method="POST",
        path="/faults",
        summary="Add a fault rule.",
        run=_add_fault,
        answer=schema_of(Rule),
        body=_RULE,
    ),
    Endpoint(
        name="clearFaults",
        method="DELETE",
        path="/faults",
        summary="Remove all fault rules.",
        run=_clear_faults,
        answer=_FAULTS,
    ),
    Endpoint(
        name="removeFault",
        method="DELETE",
        path="/fault/{id}",
        summary="Remove a fault rule.",
        run=_remove_fault,
        answer=_FAULTS,
    ),
    Endpoint(
        name="reset",
        method="POST",
        path="/reset",
        summary="Delete everything that happened, and restore the initial accounts, settings and faults.",
        run=_reset,
        answer=INFO,
    ),
)
"""The endpoints for the gateway itself."""
