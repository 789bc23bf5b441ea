"""Outcomes of calls as plain data, without the words of errors."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from zeep.exceptions import Error as ZeepError

from clicksoap import Charge, ClicksoapError, Coverage, SendReport

from .names import class_name


def outcome(call: Callable[[], object]) -> dict[str, Any]:
    """What a call gives or raises."""
    try:
        value = call()
    except ClicksoapError as error:
        return {"raised": _error(error)}
    except ZeepError as error:  # of `service`
        return {"raised": {"class": type(error).__name__, "code": getattr(error, "code", None)}}
    return {"returned": _value(value)}


def _error(error: ClicksoapError) -> dict[str, Any]:
    return {
        "class": class_name(error),
        "code": getattr(error, "code", None),
        "cause": None if error.cause is None else _error(error.cause),
        "may_have_taken_effect": error.may_have_taken_effect,
        "retryable": error.retryable,
        "report": None if error.report is None else _report(error.report),
    }


def _report(report: SendReport) -> dict[str, Any]:
    return {
        "results": [
            {
                "to": each.to,
                "state": str(each.state),
                "ids": list(each.message_ids),
                "error": None if each.error is None else [class_name(each.error), each.error.code],
                "client_message_id": each.client_message_id,
            }
            for each in report
        ],
        "lines": list(report.lines),
        "unmatched": list(report.unmatched),
    }


def _status(value: Any) -> str:
    """The code of a status, which is a value of its own in some commits."""
    return str(value.code if hasattr(value, "code") else value.status.code)


def _value(value: object) -> Any:
    if isinstance(value, list):
        return [_value(each) for each in value]
    if value is None or isinstance(value, str):
        return value
    data: dict[str, Any] = {"class": class_name(value)}
    match value:
        case SendReport():
            data |= _report(value)
        case Charge():
            data |= {"credits": str(value.credits), "status": _status(value)}
        case Coverage():
            data |= {"routed": value.routed, "charge": str(value.charge), "text": value.text}
        case Decimal():
            data |= {"value": str(value)}
        case _ if class_name(value) == "QueriedStatus":
            data |= {"id": value.message_id, "status": _status(value)}  # type: ignore[attr-defined]
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be compared: add it to {__name__}")
    return data
