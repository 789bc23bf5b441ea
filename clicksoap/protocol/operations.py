"""The gateway's commands, each with both directions: arguments to named parameters, reply lines to a result.

Operations speak one vocabulary, Document/Literal's; a binding knows where its own names differ.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Generic, TypeVar

from clicksoap.checks import check_text
from clicksoap.codes import MessageStatus
from clicksoap.errors import ClicksoapError, InvalidInput, ProtocolError
from clicksoap.lazy_re import pattern
from clicksoap.msisdn import Recipients
from clicksoap.options import minutes_until
from clicksoap.protocol.replies import Credit, Failure, Identified, Line, Ok, all_accepted, expired_session, match
from clicksoap.results import Charge, Coverage, QueriedStatus, RecipientResult, State

T = TypeVar("T")

Value = str | int | Decimal | Sequence[str]
Parameters = Mapping[str, Value]


class Effect(Enum):
    """The effect of repeating a command."""

    NONE = "nothing: it only reads"
    IDEMPOTENT = "the same again: it changes something, and twice is as good as once"
    ONCE = "it costs again: a second message, a second voucher"


class Operation(ABC, Generic[T]):
    """One gateway command with its arguments.

    Attributes:
        name: The command's name in Document/Literal.
        effect: What repeating it does.
        needs_session: Whether only a session id identifies the caller, whatever the client prefers.
        attempts: How many of its requests a recorder was told of; 0 without a recorder.
        may_have_left: Whether its last request may be with the gateway.
    """

    name: ClassVar[str]
    effect: ClassVar[Effect] = Effect.NONE
    needs_session: ClassVar[bool] = False
    attempts: int = 0
    may_have_left: bool = False

    @property
    def size(self) -> int:
        """The number of recipients; 0 for commands without any."""
        return 0

    @abstractmethod
    def parameters(self) -> Parameters:
        """The parameters of the command, without those that identify the caller."""

    def usual_result(self, items: Sequence[str]) -> T | None:  # noqa: ARG002 - most commands have one line to read
        """The result of the usual answer, read in one step; None for any other answer. It equals that of `result`."""
        return None

    @abstractmethod
    def result(self, lines: Sequence[Line]) -> T:
        """The result that the lines of the answer stand for.

        Raises:
            GatewayError: The gateway refused.
            ProtocolError: The lines are none that this command answers with.
        """


class Authenticate(Operation[str]):
    """Open a session (auth); gives the session id, which is a secret."""

    name = "auth"

    def __init__(self, api_id: int | str, user: str, password: str) -> None:
        self._credentials = {"api_id": api_id, "user": user, "password": password}

    def parameters(self) -> Parameters:
        return self._credentials

    def result(self, lines: Sequence[Line]) -> str:
        line = _only(lines)
        if isinstance(line, Ok) and line.session_id and " " not in line.session_id:
            return line.session_id
        raise _unexpected(self.name, line)


class Ping(Operation[None]):
    """Keep the session alive (ping)."""

    name = "ping"
    needs_session = True

    def parameters(self) -> Parameters:
        return {}

    def result(self, lines: Sequence[Line]) -> None:
        _expect_ok(self.name, lines)


class ByMessageId(Operation[QueriedStatus]):
    """A command about one message, by the gateway's id or by the client's."""

    def __init__(self, message_id: str | None = None, client_message_id: str | None = None) -> None:
        if (message_id is None) == (client_message_id is None):
            found = "missing" if message_id is None else "given"
            raise InvalidInput(f"message_id= and client_message_id= are both {found}: give exactly one of them")
        if message_id is not None:
            self._id = {"apimsgid": _checked_id(message_id, "message_id")}
        else:
            self._id = {"climsgid": _checked_id(client_message_id, "client_message_id")}

    def parameters(self) -> Parameters:
        return self._id

    def result(self, lines: Sequence[Line]) -> QueriedStatus:
        return _status(self.name, lines)


class QueryMessage(ByMessageId):
    """Ask for the status of a message (querymsg)."""

    name = "querymsg"


class StopMessage(ByMessageId):
    """Stop a message that waits in the gateway (delmsg)."""

    name = "delmsg"
    effect = Effect.IDEMPOTENT


class MessageCharge(Operation[Charge]):
    """Ask what a message cost (getmsgcharge); the gateway knows for 15 days."""

    name = "getmsgcharge"

    def __init__(self, message_id: str) -> None:
        self._id = _checked_id(message_id, "message_id")

    def parameters(self) -> Parameters:
        return {"apimsgid": self._id}

    def result(self, lines: Sequence[Line]) -> Charge:
        line = _only(lines)
        if isinstance(line, Identified) and line.charge is not None and line.status is not None:
            return Charge(line.charge, MessageStatus.of(line.status), line.raw)
        raise _unexpected(self.name, line)


class Balance(Operation[Decimal]):
    """Ask for the credits that are left (getbalance)."""

    name = "getbalance"

    def parameters(self) -> Parameters:
        return {}

    def result(self, lines: Sequence[Line]) -> Decimal:
        line = _only(lines)
        if isinstance(line, Credit):
            return line.amount
        raise _unexpected(self.name, line)


class RouteCoverage(Operation[Coverage]):
    """Ask whether a prefix is routed and at what lowest price (routecoverage)."""

    name = "routecoverage"

    _CHARGE: ClassVar[re.Pattern[str]] = pattern(r"(?i)\s*charge\s*:\s*([0-9]+(?:\.[0-9]+)?)\s*$", re.ASCII)

    def __init__(self, msisdn: str) -> None:
        self._msisdn = msisdn

    def parameters(self) -> Parameters:
        return {"msisdn": self._msisdn}

    def result(self, lines: Sequence[Line]) -> Coverage:
        # The one command whose ordinary "no" is an ERR line, known by its missing number.
        line = _only(lines, numbered_errors_only=True)
        if isinstance(line, Failure):
            return Coverage(routed=False, charge=None, text=line.text)
        if isinstance(line, Ok):
            charge = self._CHARGE.search(line.text)
            text = self._CHARGE.sub("", line.text)
            return Coverage(routed=True, charge=Decimal(charge[1]) if charge else None, text=text)
        raise _unexpected(self.name, line)


class PayToken(Operation[None]):
    """Redeem a voucher (token_pay)."""

    name = "token_pay"
    effect = Effect.ONCE

    # Vouchers have 16 digits (vendor's HTTP API specification 2.3.8).
    _VOUCHER: ClassVar[re.Pattern[str]] = pattern(r"[0-9]{16}", re.ASCII)

    def __init__(self, token: str) -> None:
        check_text(token, "voucher")
        if not self._VOUCHER.fullmatch(token):
            raise InvalidInput("voucher is not a str of 16 digits: give it without blanks")
        self._token = token

    def parameters(self) -> Parameters:
        return {"token": self._token}

    def result(self, lines: Sequence[Line]) -> None:
        _expect_ok(self.name, lines)


class StartBatch(Operation[str]):
    """Open a template batch (startbatch); gives its id. Batches die by themselves after 24 hours."""

    name = "startbatch"
    effect = Effect.IDEMPOTENT

    def __init__(self, template: Parameters, deliver_at: datetime | None = None) -> None:
        self._template = template
        self._deliver_at = deliver_at

    def parameters(self) -> Parameters:
        if self._deliver_at is None:
            return self._template
        return {**self._template, "deliv_time": minutes_until(self._deliver_at)}

    def result(self, lines: Sequence[Line]) -> str:
        line = _only(lines)
        if isinstance(line, Identified):
            return line.message_id
        raise _unexpected(self.name, line)


class EndBatch(Operation[None]):
    """Close a template batch (endbatch)."""

    name = "endbatch"
    effect = Effect.IDEMPOTENT

    def __init__(self, batch_id: str) -> None:
        self._id = batch_id

    def parameters(self) -> Parameters:
        return {"batch_id": self._id}

    def result(self, lines: Sequence[Line]) -> None:
        _expect_ok(self.name, lines)


class Answer:
    """The answer to a sending command.

    Attributes:
        results: One per recipient of the request, in order.
        lines: Every line of it, as it came.
        unmatched: The lines that belong to nobody.
        stop: Why nothing more of the send goes out: a recipient is left unknown, or the account or the whole request
            is refused. None to go on.
    """

    def __init__(
        self,
        results: list[RecipientResult],
        lines: Sequence[str],
        unmatched: Sequence[str] = (),
        stop: ClicksoapError | None = None,
    ) -> None:
        self.results = results
        self.lines = lines
        self.unmatched = unmatched
        self.stop = stop


class Deliver(Operation[Answer]):
    """The recipients of one request handed to a sending command.

    Attributes:
        recipients: The recipients of this request, in order.
        content: What goes to all of them.
        client_message_id: The request's own id, where the command takes one.
        deliver_at: When to deliver; the gateway counts in minutes from the moment it gets the request.
    """

    effect = Effect.ONCE

    def __init__(
        self,
        recipients: Recipients,
        content: Parameters,
        client_message_id: str | None = None,
        deliver_at: datetime | None = None,
    ) -> None:
        self.recipients = recipients
        self.content = content
        self.client_message_id = client_message_id
        self.deliver_at = deliver_at

    @property
    def size(self) -> int:
        return len(self.recipients)

    def usual_result(self, items: Sequence[str]) -> Answer | None:
        results = all_accepted(self.recipients, items, self.client_message_id)
        return None if results is None else Answer(results, items)

    def parameters(self) -> Parameters:
        parameters = dict(self.content)
        parameters["to"] = self.recipients.msisdns
        if self.client_message_id is not None:
            parameters["climsgid"] = self.client_message_id
        if self.deliver_at is not None:
            parameters["deliv_time"] = minutes_until(self.deliver_at)
        return parameters

    def result(self, lines: Sequence[Line]) -> Answer:
        results, unmatched, refusal = match(self.recipients, lines, self.client_message_id)
        expired = expired_session(results)
        if expired is not None:
            raise expired
        stop: ClicksoapError | None = refusal
        if unknown := sum(result.state is State.UNKNOWN for result in results):
            stop = ProtocolError(f"the answer leaves {unknown} of {self.size} recipients without a line")
        return Answer(results, [line.raw for line in lines], [line.raw for line in unmatched], stop)


class SendMessage(Deliver):
    """Send a message (sendmsg)."""

    name = "sendmsg"


class PushLink(Deliver):
    """Send a WAP push (si_push)."""

    name = "si_push"


class NotifyMms(Deliver):
    """Send an MMS notification (ind_push)."""

    name = "ind_push"


class SendItem(Deliver):
    """Send a batch's template with fields merged in (senditem)."""

    name = "senditem"


class QuickSend(Deliver):
    """Send a batch's template as it is (quicksend)."""

    name = "quicksend"


def _checked_id(value: object, argument: str) -> str:
    text = check_text(value, argument)
    if not text or any(char.isspace() for char in text):
        raise InvalidInput(f"{argument} is empty or holds blanks: give the id as it was received")
    return text


def _only(lines: Sequence[Line], *, numbered_errors_only: bool = False) -> Line:
    """The one line of an answer, unless it is a refusal."""
    answered = [line for line in lines if line.raw]
    if len(answered) != 1:
        raise ProtocolError(f"the gateway answered {len(answered)} lines instead of one")
    line = answered[0]
    if isinstance(line, Failure) and not (numbered_errors_only and line.code is None):
        raise line.error
    return line


def _expect_ok(name: str, lines: Sequence[Line]) -> None:
    line = _only(lines)
    if not isinstance(line, Ok):
        raise _unexpected(name, line)


def _status(name: str, lines: Sequence[Line]) -> QueriedStatus:
    line = _only(lines)
    if isinstance(line, Identified) and line.status is not None:
        return QueriedStatus(line.message_id, MessageStatus.of(line.status), line.raw)
    raise _unexpected(name, line)


def _unexpected(name: str, line: Line) -> ClicksoapError:
    # The line itself may hold a session id, so only its kind is told.
    return ProtocolError(f"the gateway answered {name} with a line of another command: {type(line).__name__}")
