"""The errors that clicksoap raises, ordered by what became of the message and what the caller may do.

The class of an error speaks of the whole call: nothing was done (`NotSent`), the gateway refused all of it
(`GatewayError`), a part was done (`PartlySent`), or something may have been done (`OutcomeUnknown`). None of the four
is a subclass of another, so that the simplest handler is right.
"""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clicksoap.codes import ERRORS
from clicksoap.lazy_re import pattern
from clicksoap.redaction import scrub

if TYPE_CHECKING:
    from clicksoap.results import SendReport


# The attribute of Python's own class, which holds the texts alone.
_TEXTS: Final[Any] = vars(BaseException)["args"]
_FLAGS: Final = ("may_have_taken_effect", "retryable")


class ClicksoapError(Exception):
    """The parent of every error that clicksoap raises.

    Args:
        message: The text.
        details: Plain data, as ``args`` ends in it.

    Attributes:
        may_have_taken_effect: Whether the gateway did, or may have done, any part of the call.
        retryable: Whether the same call, unchanged, may succeed if it is made again. It speaks of the whole call:
            false as soon as a recipient is accepted or unknown, because these would get the message twice.
    """

    may_have_taken_effect: bool = False
    retryable: bool = False
    _report: "SendReport | None" = None
    # The attributes that `args` carries where the error has them by itself and not by its class.
    _detailed: ClassVar[tuple[str, ...]] = _FLAGS

    def __init__(self, message: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self._take(details)

    if not TYPE_CHECKING:  # for type checkers it is the attribute of BaseException

        @property
        def args(self) -> tuple[Any, ...]:
            """The texts, and a dict of plain data with what else the error has: ``type(error)(*args)`` makes it again.

            All of it may pass through JSON. The report is not among it, because it holds numbers, and many programs
            print ``args``: `SendReport.to_dict` gives it as plain data.
            """
            details = self._details()
            return (*_TEXTS.__get__(self), details) if details else _TEXTS.__get__(self)

        @args.setter
        def args(self, texts: tuple[Any, ...]) -> None:
            _TEXTS.__set__(self, texts)

    def _details(self) -> dict[str, Any]:
        own = vars(self)
        return {name: own[name] for name in self._detailed if name in own}

    def _take(self, details: object) -> None:
        """Take what `_details` gave."""
        if isinstance(details, Mapping):
            for name in self._detailed:
                if name in details:
                    setattr(self, name, details[name])

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
        return _rebuild, (type(self), _TEXTS.__get__(self), self.__dict__)


class InvalidInput(ClicksoapError, ValueError):
    """An argument was refused before anything left; the text names it and says how to fix it."""


class NotExpressible(InvalidInput):
    """The binding in use cannot carry this; the text names the bindings that can."""


class ConfigurationError(ClicksoapError):
    """A setting of the client cannot work, or is not safe; the text names it."""


class TransportError(ClicksoapError):
    """The connection failed. ``may_have_taken_effect`` tells whether any of the request had left; in doubt it had."""

    def __init__(
        self,
        message: str = "",
        details: Mapping[str, object] | None = None,
        *,
        may_have_left: bool = True,
        retryable: bool = True,
    ) -> None:
        super().__init__(message)
        self.may_have_taken_effect = may_have_left
        self.retryable = retryable
        self._take(details)


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

    _detailed = (*_FLAGS, "status", "retry_after")

    def __init__(  # noqa: PLR0913 - all that is known of the answer
        self,
        message: str = "",
        details: Mapping[str, object] | None = None,
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
        self._take(details)


class SoapFault(ClicksoapError):
    """The server answered with a SOAP Fault (1.1 or 1.2).

    The gateway reports its own refusals as ``ERR`` lines, so a Fault speaks of the envelope or of the server. Only
    the code ``Client`` (``Sender`` in SOAP 1.2) says that nothing was done.

    Attributes:
        code: The local part of the fault code, such as ``"Client"``; empty where none was given.
        text: The fault string, with numbers and secrets masked.
    """

    def __init__(self, code: str = "", text: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__()
        self.args = code, text
        self.code = code
        self.text = text
        self.may_have_taken_effect = code.partition(".")[0].lower() not in {"client", "sender"}
        self.retryable = self.may_have_taken_effect
        self._take(details)

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
        self,
        message: str = "",
        details: Mapping[str, object] | None = None,
        *,
        cause: ClicksoapError | None = None,
        report: "SendReport | None" = None,
    ) -> None:
        super().__init__(message, details)
        self._cause: ClicksoapError = cause if cause is not None else _cause_in(details)
        self._report = report

    @property
    def cause(self) -> ClicksoapError:
        """The error that ended the call, already freed of secrets."""
        return self._cause

    def _details(self) -> dict[str, Any]:
        cause = self._cause
        return {**super()._details(), "cause": {"class": _public_class(cause).__name__, "args": list(cause.args)}}


class NotSent(_Ended):
    """Nothing of this call was done, certainly; ``cause`` says why.

    No recipient is accepted or unknown, so the call may be repeated. ``retryable`` says whether that may succeed
    unchanged.
    """

    def __init__(
        self,
        message: str = "",
        details: Mapping[str, object] | None = None,
        *,
        cause: ClicksoapError | None = None,
        report: "SendReport | None" = None,
    ) -> None:
        super().__init__(message, details, cause=cause, report=report)
        self.retryable = self.cause.retryable
        self._take(details)


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

    def __init__(self, code: str | None = None, text: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__()
        self.args = code, text
        self.code = code
        self.text = text
        self._take(details)

    def __str__(self) -> str:
        return f"the gateway refused: {self.code}, {self.text}" if self.code else f"the gateway refused: {self.text}"

    def __eq__(self, other: object) -> bool:
        # Results hold errors, and a result that was stored and restored is the same result.
        if not isinstance(other, GatewayError):
            return NotImplemented
        return type(self) is type(other) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((type(self), self.code, self.text))

    def _identity(self) -> tuple[object, ...]:
        return self.code, self.text, self._limit()

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

    def _details(self) -> dict[str, Any]:
        return {**super()._details(), **({"until": self.until.isoformat()} if self.until is not None else {})}

    def _take(self, details: object) -> None:
        super()._take(details)
        with contextlib.suppress(KeyError, TypeError, ValueError):
            data: Any = details
            self.until = datetime.fromisoformat(data["until"])


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


def _rebuild(kind: type[ClicksoapError], texts: tuple[object, ...], state: dict[str, object]) -> ClicksoapError:
    """Unpickle an error with its report and its cause, whatever its constructor takes."""
    error = kind.__new__(kind, *texts)
    error.args = texts
    error.__dict__.update(state)
    return error


def _public_class(error: ClicksoapError) -> type[ClicksoapError]:
    """The class of an error; of a class that is not of this module, the first of its parents that is."""
    return next(each for each in type(error).__mro__ if each.__module__ == __name__ and each.__name__[0] != "_")


def _cause_in(details: object) -> ClicksoapError:
    """The cause that the details of an error hold."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        data: Any = details
        kind: Any = globals()[data["cause"]["class"]]
        if issubclass(kind, ClicksoapError):  # a name from outside must not call anything else
            cause: ClicksoapError = kind(*data["cause"]["args"])
            return cause
    return ClicksoapError("the cause was not kept")


class InvalidCallback(ClicksoapError, ValueError):
    """A request to the customer's server is not a callback of the gateway; the text names what is wrong with it.

    The text never quotes a value of the request.
    """


class OutboxError(ClicksoapError):
    """The outbox cannot do what it was asked for; its messages stay as they are."""


class OutboxUnavailable(OutboxError):
    """The database of the outbox does not answer, or is locked, full or read-only. Nothing is lost."""

    retryable = True


class OutboxMismatch(OutboxError):
    """The database holds another outbox than the one meant, one of another version, or an older copy of it."""


class KeyTaken(OutboxError, ValueError):
    """The key names another message already, with another text or another recipient."""
