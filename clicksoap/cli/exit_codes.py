"""Exit codes of the command line: which error and which report gives which."""

from collections.abc import Iterator

from clicksoap.cli.app import PRECEDENCE
from clicksoap.errors import (
    AccountError,
    AuthenticationError,
    ClicksoapError,
    ConfigurationError,
    GatewayError,
    GatewayFailure,
    InsufficientCredit,
    InvalidInput,
    LimitExceeded,
    OutcomeUnknown,
    PartlySent,
    ProtocolError,
    SessionExpired,
)
from clicksoap.results import RecipientResult, SendReport, State

OK, FAILED, USAGE, REJECTED, NOT_SENT, UNKNOWN, ACCOUNT, CREDIT, LATER = 0, 1, 2, 3, 4, 5, 6, 7, 75
INTERRUPTED, TERMINATED = 130, 143


def worst(codes: Iterator[int] | list[int]) -> int:
    """The exit code of several outcomes: the first of the documented order that occurs.

    A code outside of the order, such as 75, is given only if no code of the order occurs.
    """
    found = set(codes) - {OK}
    return next((code for code in PRECEDENCE if code in found), max(found, default=OK))


def code_of(error: ClicksoapError) -> int:
    """The exit code of an error outside of a send."""
    if isinstance(error, InvalidInput | ConfigurationError):
        return USAGE
    if isinstance(error, OutcomeUnknown):
        return UNKNOWN
    if isinstance(error, GatewayError):
        return _code_of_refusal(error)
    if error.retryable:
        return LATER
    if error.cause is not None:
        return code_of(error.cause)
    return FAILED if isinstance(error, ProtocolError) else NOT_SENT


def code_of_send(report: SendReport, error: ClicksoapError | None, tolerated: int = 0) -> int:
    """The exit code of a send.

    Args:
        report: The state of every recipient.
        error: The error that ended the send; None if it was completed.
        tolerated: How many rejected recipients are passed over.
    """
    is_temporary = error is not None and (error.retryable or _is_limit(error))
    if is_temporary and report and all(each.state is State.NOT_SENT for each in report):
        return LATER
    rejected = len(report.rejected)
    codes = [_code_of_result(each, error) for each in report if each.state is not State.REJECTED]
    if rejected > tolerated:
        codes.append(REJECTED)
    if error is not None and not report:
        codes.append(code_of(error))
    return worst(codes)


def _is_limit(error: ClicksoapError) -> bool:
    return isinstance(error, LimitExceeded) or isinstance(error.cause, LimitExceeded)


def _code_of_result(result: RecipientResult, error: ClicksoapError | None) -> int:
    if result.state is State.ACCEPTED:
        return OK
    if result.state is not State.NOT_SENT:
        return UNKNOWN
    cause = error.cause if isinstance(error, PartlySent | OutcomeUnknown) else error
    reason = result.error or cause
    if isinstance(reason, AuthenticationError | AccountError | SessionExpired):
        return ACCOUNT
    return CREDIT if isinstance(reason, InsufficientCredit) else NOT_SENT


def _code_of_refusal(error: GatewayError) -> int:
    if isinstance(error, AuthenticationError | AccountError | SessionExpired):
        return ACCOUNT
    if isinstance(error, InsufficientCredit):
        return CREDIT
    return LATER if isinstance(error, LimitExceeded | GatewayFailure) else REJECTED
