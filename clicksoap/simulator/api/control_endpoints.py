"""What the API shows and changes of the gateway itself."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator.api.endpoints import Asked, Operation, no_such
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.front.rules import REFUSED_PREFIX
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.gateway.stages import STATUS_PREFIX
from clicksoap.simulator.schema.fields import Field, field_of, fields_of
from clicksoap.simulator.schema.shapes import listed, record, record_of, schema_of, shown
from clicksoap.version import __version__

SETTINGS: Final = fields_of(Settings)
"""The settings as they are taken."""

_CALLS: Final = frozenset({"callback", "inbound"})
_COUNT: Final = {"type": "integer"}
_TEXT: Final = {"type": "string"}
ACCOUNT: Final = record_of(Account)
SETTINGS_SHOWN: Final = record_of(Settings)
_CLOCK: Final = record(now=schema_of(datetime), speed={"type": "number", "description": "Seconds in a real second."})
_SESSION: Final = record(api_id=_COUNT, user=_TEXT, used=schema_of(datetime), uses=_COUNT)
_FAULTS: Final = record(faults=listed(schema_of(Rule)))
INFO: Final = record(
    version=_TEXT,
    origin=_TEXT,
    wsdl=listed(_TEXT),
    http_api=_TEXT,
    counts=record(messages=_COUNT, accepted=_COUNT, exchanges=_COUNT, inbound=_COUNT, callbacks=_COUNT),
    commands={"type": "object", "additionalProperties": _COUNT},
    store=record(problem={"type": "string", "description": "Why nothing is stored any more; empty if it is."}),
    refused=listed(record(number=_TEXT, error=_TEXT, meaning=_TEXT)),
    ends=listed(record(number=_TEXT, status=_TEXT, meaning=_TEXT)),
    breaks=listed(record(number=_TEXT, kind=_TEXT, meaning=_TEXT)),
)

_BALANCE: Final = {
    "api_id": field_of(int),
    "user": field_of(str),
    "balance": field_of(Decimal, description="The credits that it has from now on."),
}
_STEP: Final = {
    unit: Field({"type": "number", "minimum": 0}, field_of(float).read, required=False)
    for unit in ("days", "hours", "minutes", "seconds")
}
_RULE: Final = {
    name: Field(field.schema, field.read, required=name == "kind")
    for name, field in fields_of(Rule, {"id", "hits"}).items()
}


def _account(account: Account, balance: Decimal, *, trial: bool) -> dict[str, Any]:
    return {**shown(account), "balance": shown(balance), "trial": trial}


def _accounts(asked: Asked) -> object:
    found = asked.simulation.gateway.accounts()
    return {"accounts": [_account(account, balance, trial=trial) for account, balance, trial in found]}


def _set_balance(asked: Asked) -> object:
    gateway, given = asked.simulation.gateway, asked.fields
    try:
        gateway.set_balance(**given)
    except KeyError:
        raise no_such("account", "user") from None
    return next(
        _account(account, balance, trial=trial)
        for account, balance, trial in gateway.accounts()
        if (account.api_id, account.user) == (given["api_id"], given["user"])
    )


def _sessions(asked: Asked) -> object:
    found = asked.simulation.gateway.sessions()
    return {
        "sessions": [
            {"api_id": account.api_id, "user": account.user, "used": shown(used), "uses": uses}
            for account, used, uses in found
        ]
    }


def _expire(asked: Asked) -> object:
    return {"ended": asked.simulation.gateway.expire_sessions()}


def _clock(asked: Asked) -> object:
    clock = asked.simulation.clock
    return {"now": shown(clock.now()), "speed": clock.speed}


def _advance(asked: Asked) -> object:
    try:
        asked.simulation.clock.advance(**asked.fields)
    except ValueError as error:
        raise Problem(422, str(error)) from None
    return _clock(asked)


def _settings(asked: Asked) -> object:
    return shown(asked.simulation.gateway.settings)


def _update(asked: Asked) -> object:
    gateway, choices = asked.simulation.gateway, dict(asked.fields)
    try:
        for name in _CALLS & choices.keys():
            if choices[name] is not None:
                choices[name] = _callback_url(choices[name], getattr(gateway.settings, name))
        return shown(gateway.update_settings(**choices))
    except ValueError as error:
        raise Problem.of(error, choices) from None


def _callback_url(given: dict[str, Any], present: CallbackUrl | None) -> CallbackUrl:
    """Where to call; a password that is not given is still the present one, unless it would go to somebody else."""
    wanted = CallbackUrl(**given)
    if present is None or "password" in given or (present.url, present.user) != (wanted.url, wanted.user):
        return wanted
    return replace(wanted, password=present.password)


def _faults(asked: Asked) -> object:
    return {"faults": shown(asked.simulation.faults.rules)}


def _add_fault(asked: Asked) -> object:
    try:
        return shown(asked.simulation.faults.add(**asked.fields))
    except ValueError as error:
        raise Problem.of(error, _RULE) from None


def _clear_faults(asked: Asked) -> object:
    asked.simulation.faults.clear()
    return _faults(asked)


def _remove_fault(asked: Asked) -> object:
    if not asked.simulation.faults.remove(asked.path["id"]):
        raise no_such("fault", "id")
    return _faults(asked)


def _reset(asked: Asked) -> object:
    asked.simulation.reset()
    return _info(asked)


def _info(asked: Asked) -> object:
    simulation = asked.simulation
    gateway = simulation.gateway
    return {
        "version": __version__,
        "origin": asked.origin,
        "wsdl": [f"{asked.origin}{path}?wsdl" for path in SERVICE_PATHS],
        "http_api": f"{asked.origin}/http/",
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


OPERATIONS: Final = (
    Operation(
        name="getInfo",
        method="GET",
        path="/info",
        summary="What runs here, where its services are, how much it keeps, and which numbers end how.",
        run=_info,
        answer=INFO,
    ),
    Operation(
        name="listAccounts",
        method="GET",
        path="/accounts",
        summary="The accounts, with the credits left on them; without accounts of its own, those that were used.",
        run=_accounts,
        answer=record(accounts=listed(ACCOUNT)),
    ),
    Operation(
        name="setBalance",
        method="PUT",
        path="/accounts/balance",
        summary="Give an account other credits.",
        run=_set_balance,
        answer=ACCOUNT,
        body=_BALANCE,
    ),
    Operation(
        name="listSessions",
        method="GET",
        path="/sessions",
        summary="The open sessions; their ids stay secret.",
        run=_sessions,
        answer=record(sessions=listed(_SESSION)),
    ),
    Operation(
        name="expireSessions",
        method="DELETE",
        path="/sessions",
        summary="End every session at once.",
        run=_expire,
        answer=record(ended=_COUNT),
    ),
    Operation(
        name="getClock",
        method="GET",
        path="/clock",
        summary="The gateway's clock.",
        run=_clock,
        answer=_CLOCK,
    ),
    Operation(
        name="advanceClock",
        method="POST",
        path="/clock/advance",
        summary="Move the clock forward by the sum of what is given.",
        run=_advance,
        answer=_CLOCK,
        body=_STEP,
    ),
    Operation(
        name="getSettings",
        method="GET",
        path="/settings",
        summary="How the gateway behaves where no document decides it.",
        run=_settings,
        answer=SETTINGS_SHOWN,
    ),
    Operation(
        name="changeSettings",
        method="PATCH",
        path="/settings",
        summary="Change some settings; a callback's password, if left out, stays as long as its url and user do.",
        run=_update,
        answer=SETTINGS_SHOWN,
        body={name: Field(field.schema, field.read, required=False) for name, field in SETTINGS.items()},
    ),
    Operation(
        name="listFaults",
        method="GET",
        path="/faults",
        summary="What goes wrong.",
        run=_faults,
        answer=_FAULTS,
    ),
    Operation(
        name="addFault",
        method="POST",
        path="/faults",
        summary="Let something go wrong.",
        run=_add_fault,
        answer=schema_of(Rule),
        body=_RULE,
    ),
    Operation(
        name="clearFaults",
        method="DELETE",
        path="/faults",
        summary="Let nothing go wrong any more.",
        run=_clear_faults,
        answer=_FAULTS,
    ),
    Operation(
        name="removeFault",
        method="DELETE",
        path="/fault/{id}",
        summary="Let one thing go wrong no more.",
        run=_remove_fault,
        answer=_FAULTS,
    ),
    Operation(
        name="reset",
        method="POST",
        path="/reset",
        summary="Forget everything that happened; accounts, settings and faults are again as in the beginning.",
        run=_reset,
        answer=INFO,
    ),
)
"""What can be asked about the gateway itself."""
