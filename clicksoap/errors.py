"""The errors that clicksoap raises, ordered by what became of the message and what the caller may do.

The class of an error speaks of the whole call: nothing was done (`NotSent`), the gateway refused all of it
(`GatewayError`), a part was done (`PartlySent`), or something may have been done (`OutcomeUnknown`). None of the four
is a subclass of another, so that the simplest handler is right.
"""

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from clicksoap.codes import ERRORS
from clicksoap.lazy_re import pattern
from clicksoap.redaction import scrub

if TYPE_CHECKING:
    from clicksoap.results import SendReport


class ClicksoapError(Exception):
    """The parent of every error that clicksoap raises.

    Attributes:
        may_have_taken_effect: Whether the gateway did, or may have done, any part of the call.
        retryable: Whether the same call, unchanged, may succeed if it is made again. It speaks of the whole call:
            false as soon as a recipient is accepted or unknown, because these would get the message twice.
    """

    may_have_taken_effect: bool = False
    retryable: bool = False
    _report: "SendReport | None" = None

    @property
    def report(self) -> "SendReport | None":
        """The report of the send that this error ended, one result per recipient; None outside a send."""
        return self._report

    @report.setter
    def report(self, report: "SendReport") -> None:
        self._report = report

    @property
    def cause(self) -> "ClicksoapError | None":
        """The error beneath, which ended the call, already freed of secrets; None if this is the one."""
        return None

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class InvalidInput(ClicksoapError, ValueError):
    """An argument was refused before anything left; the text names it and says how to fix it."""


class NotExpressible(InvalidInput):
    """The binding in use cannot carry this; the text names the bindings that can."""


class ConfigurationError(ClicksoapError):
    """A setting of the client cannot work, or is not safe; the text names it."""


class TransportError(ClicksoapError):
    """The connection failed. ``may_have_taken_effect`` tells whether any of the request had left."""

    def __init__(self, message: str, *, may_have_left: bool, retryable: bool = True) -> None:
        super().__init__(message)
        self.may_have_taken_effect = may_have_left
        self.retryable = retryable


class TransportTimeout(TransportError, TimeoutError):
    """A time limit ran out while connecting, waiting for a free connection, or reading."""


class TransportLost(TransportError, ConnectionError):
    """The connection was refused, reset or closed early."""


class ProtocolError(ClicksoapError):
    """The answer is not one of the contract: another HTTP status, not SOAP, cut off, too large.

    Attributes:
        status: The HTTP status, or None where it does not matter.
        retry_after: Seconds that the server asks to wait (Retry-After), or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        may_have_taken_effect: bool = True,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.may_have_taken_effect = may_have_taken_effect
        self.retryable = retryable


class SoapFault(ClicksoapError):
    """The server answered with a SOAP Fault (1.1 or 1.2).

    The gateway reports its own refusals as ``ERR`` lines, so a Fault speaks of the envelope or of the server. Only
    the code ``Client`` (``Sender`` in SOAP 1.2) says that nothing was done.

    Attributes:
        code: The local part of the fault code, such as ``"Client"``; empty where none was given.
        text: The fault string, with numbers and secrets masked.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.may_have_taken_effect = code.partition(".")[0].lower() not in {"client", "sender"}
        self.retryable = self.may_have_taken_effect

    def __str__(self) -> str:
        return f"SOAP Fault {self.code or 'without a code'}: {self.text or 'no text'}"


class _WithReport(ClicksoapError):
    """An error that always has a report; it is empty where the call has no recipients."""

    @property
    def report(self) -> "SendReport":
        """The report of the send, one result per recipient in input order; empty for a call without recipients."""
        if self._report is None:
            from clicksoap.results import SendReport  # noqa: PLC0415 - results are made of errors

            self._report = SendReport(())
        return self._report

    @report.setter
    def report(self, report: "SendReport") -> None:
        self._report = report


class _Ended(_WithReport):
    """An error that says what became of a call which another error ended."""

    def __init__(
        self, message: str = "", *, cause: ClicksoapError | None = None, report: "SendReport | None" = None
    ) -> None:
        super().__init__(message)
        self._cause: ClicksoapError = cause if cause is not None else ClicksoapError("the cause was not kept")
        self._report = report

    @property
    def cause(self) -> ClicksoapError:
        """The error that ended the call, already freed of secrets."""
        return self._cause


class NotSent(_Ended):
    """Nothing of this call was done, certainly; ``cause`` says why.

    No recipient is accepted or unknown, so the call may be repeated. ``retryable`` says whether that may succeed
    unchanged.
    """

    def __init__(
        self, message: str = "", *, cause: ClicksoapError | None = None, report: "SendReport | None" = None
    ) -> None:
        super().__init__(message, cause=cause, report=report)
        self.retryable = self.cause.retryable


class PartlySent(_Ended):
    """At least one recipient is accepted, none is unknown, and the call was not completed; ``cause`` says why.

    All other recipients are rejected or certainly not sent. Send to ``report.not_sent`` only, once the cause is mended.
    """

    may_have_taken_effect = True


class OutcomeUnknown(_Ended):
    """At least one recipient is unknown: the message may have been sent; ``cause`` says why that is not known.

    Never repeat what the report calls unknown: an SMS cannot be recalled. `Client.reconcile` asks the gateway.
    """

    may_have_taken_effect = True


class GatewayError(_WithReport):
    """The gateway refused the call, with a number of its own or with none. Made by `GatewayError.of`, by number alone.

    Raised by a send, it means that nothing was done: every recipient is rejected or not sent.

    Attributes:
        code: The gateway's number as a three-digit string, or None where it gave none.
        text: The documented meaning of the number; for an undocumented one the gateway's own words, masked.
    """

    codes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, code: str | None, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return f"the gateway refused: {self.code}, {self.text}" if self.code else f"the gateway refused: {self.text}"

    def __eq__(self, other: object) -> bool:
        # Results hold errors, and a result that was stored and restored is the same result.
        if not isinstance(other, GatewayError):
            return NotImplemented
        return type(self) is type(other) and self.args == other.args and self._limit() == other._limit()

    def __hash__(self) -> int:
        return hash((type(self), self.args))

    def _limit(self) -> datetime | None:
        return None

    @classmethod
    def of(cls, code: str | None, text: str) -> "GatewayError":
        """The error class of a gateway number.

        Args:
            code: Three digits, or None for an ``ERR`` line without a number.
            text: The gateway's words, used only where the number is not documented.
        """
        error = _BY_CODE.get(code, GatewayError)(code, ERRORS.get(code or "") or scrub(text))
        if isinstance(error, LimitExceeded) and (stamp := _TIMESTAMP.search(text)):
            error.until = datetime.fromtimestamp(int(stamp.group()), UTC)
        return error


class AuthenticationError(GatewayError):
    """Wrong credentials, an unknown API id, or an address outside the account's allow-list."""

    codes = frozenset({"001", "002", "007", "108"})


class SessionExpired(GatewayError):
    """The session id is expired or missing, and logging in again did not help."""

    codes = frozenset({"003", "005"})
    retryable = True


class AccountError(GatewayError):
    """The account is frozen."""

    codes = frozenset({"004"})


class ParameterRefused(GatewayError):
    """A parameter of the request was refused."""

    codes = frozenset({"100", "101", "102", "107", "109", "110", "111", "112", "113", "115", "116", "120"})


class RecipientError(GatewayError):
    """The destination is invalid, not routed, blocked, opted out or delisted."""

    codes = frozenset({"105", "114", "121", "122", "128"})


class SenderError(GatewayError):
    """The source address is invalid or not registered."""

    codes = frozenset({"106", "123"})


class UnknownMessage(GatewayError):
    """The gateway knows no message of that id; it forgets messages after six days."""

    codes = frozenset({"103", "104"})


class BatchError(GatewayError):
    """The batch id is unknown (batches live 24 hours) or the batch has no template."""

    codes = frozenset({"201", "202"})


class InsufficientCredit(GatewayError):
    """No credit is left, or the message costs more than was allowed."""

    codes = frozenset({"301", "302"})


class LimitExceeded(GatewayError):
    """The account's limit of messages is reached.

    Attributes:
        until: When the limit ends, if the gateway told (error 130 ends in a Unix time stamp).
    """

    codes = frozenset({"130"})
    until: datetime | None = None

    def _limit(self) -> datetime | None:
        return self.until


class GatewayFailure(GatewayError):
    """The gateway had an internal error and asks to retry."""

    codes = frozenset({"901"})
    retryable = True


_BY_CODE: Final[dict[str | None, type[GatewayError]]] = {
    code: kind
    for kind in (
        AuthenticationError,
        SessionExpired,
        AccountError,
        ParameterRefused,
        RecipientError,
        SenderError,
        UnknownMessage,
        BatchError,
        InsufficientCredit,
        LimitExceeded,
        GatewayFailure,
    )
    for code in kind.codes
}

_TIMESTAMP: Final = pattern(r"(?<![0-9])[0-9]{9,10}(?![0-9])")

ACCOUNT_CODES: Final = AuthenticationError.codes | AccountError.codes | LimitExceeded.codes | frozenset({"301"})
"""Numbers that speak of the account and not of a recipient: nothing else of the send can succeed either."""


def report_of(error: BaseException) -> "SendReport | None":
    """Return the report of a send that an exception ended.

    Works for clicksoap's own errors and for whatever interrupted the send from outside, such as KeyboardInterrupt.
    None where the error did not come out of a send. What a time limit made of a cancellation is looked through.
    """
    inner: BaseException | None = error
    while inner is not None:
        report: SendReport | None = inner.__dict__.get("_report" if isinstance(inner, ClicksoapError) else "report")
        if report is not None or isinstance(inner, ClicksoapError):
            return report
        # asyncio makes a TimeoutError of the cancellation that it caused, and its runner a KeyboardInterrupt.
        made = inner.__cause__ or inner.__context__
        is_made_of_one = type(made).__name__ == "CancelledError" and isinstance(inner, TimeoutError | KeyboardInterrupt)
        inner = made if is_made_of_one else None
    return None


def attach_report(error: BaseException, report: "SendReport") -> None:
    """Hang the report of a send on an exception; a foreign one that takes no attributes passes without it."""
    with contextlib.suppress(AttributeError, TypeError):
        error.report = report  # type: ignore[attr-defined]


def _rebuild(kind: type[ClicksoapError], args: tuple[object, ...], state: dict[str, object]) -> ClicksoapError:
    """Unpickle an error whose constructor takes more than its args."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidCallback(ClicksoapError, ValueError):
    """A request to the customer's server is not a callback of the gateway; the text names what is wrong with it.

    The text never quotes a value of the request.
    """
