"""The simulated gateway: fifteen commands over one state. It knows neither SOAP nor HTTP.

Where the vendor's documents are silent, this is assumed: replies come in the order of the recipients; a whole request
is refused by one line without ``To:``, but a message of too many parts recipient by recipient, after what is wrong
with the number; an unknown gateway id has status 001, an unknown client id is error 104; a message already sent is not
stopped but answered with its status; a stopped one costs nothing.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Lock
from types import MappingProxyType
from typing import Final, Literal

from clicksoap.simulator import rules
from clicksoap.simulator.clock import Clock
from clicksoap.simulator.content import MOST_PARTS, Content, content_of
from clicksoap.simulator.model import (
    BATCH_LIFE,
    SESSION_LIFE,
    Account,
    Batch,
    Message,
    Order,
    Purse,
    Recipients,
    Session,
)
from clicksoap.simulator.rules import Refused

VOUCHER_CREDITS: Final = Decimal(100)
"""What a voucher adds to the balance."""

_CREDENTIALS: Final = ("api_id", "user", "password")
_SECRETS: Final = frozenset({"session_id", *_CREDENTIALS})
_WRONG_PASSWORD: Final = "wrong"  # noqa: S105 - the one password that an open gateway refuses
_STATUS_LOOK_BACK: Final = timedelta(days=6)
_CHARGE_LOOK_BACK: Final = timedelta(days=15)
_API_ID: Final = re.compile(r"[0-9]{1,18}")
_ANY_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_VOUCHER: Final = re.compile(r"[0-9]{16}")
_NO_ID: Final = "0" * 32
_PLACEHOLDER: Final = re.compile(r"#(field[0-9]+)#")
_NOT_DIGIT: Final = re.compile(r"[^0-9]")
_COVERED: Final = (
    "OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: {charge}"
)
_NOT_COVERED: Final = (
    "ERR: This prefix is not currently supported. Messages sent to this prefix will fail."
    " Please contact support for assistance."
)

_Values = Mapping[str, str]
_Handler = Callable[[_Values, Recipients], list[str]]


class Gateway:
    """The state of a gateway and its commands; safe to use from any thread.

    Args:
        accounts: The only accounts there are. Without them any api_id, user and password is let in, and an account
            made for each pair of api_id and user; the password ``wrong`` alone is refused.
        clock: What sessions, batches and statuses go by.
        session_calls: After how many uses a session dies; None for no limit.
        concat_default: The parts allowed to a message whose ``concat`` says nothing, 1 to 35.
        reporting_delay: How old a message must be before querymsg tells its status; until then that is 001.
        unknown_client_id: What is answered to a client id that stands for nothing: ``error`` for error 104, ``status``
            for an id of zeros with status 001.

    Attributes:
        reporting_delay: As given; it may be changed at any time.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of the user's, by keyword
        self,
        *,
        accounts: Sequence[Account] | None = None,
        clock: Clock | None = None,
        session_calls: int | None = None,
        concat_default: int = 1,
        reporting_delay: timedelta = timedelta(),
        unknown_client_id: Literal["error", "status"] = "error",
    ) -> None:
        if not 1 <= concat_default <= MOST_PARTS:
            raise ValueError(f"concat_default is a number of parts: give 1 to {MOST_PARTS}")
        if unknown_client_id not in {"error", "status"}:
            raise ValueError('unknown_client_id is "error" or "status"')
        self.reporting_delay = reporting_delay
        self._concat_default = concat_default
        self._unknown_client_id = unknown_client_id
        self._clock = clock or Clock()
        self._session_calls = session_calls
        self._lock = Lock()
        self._open = accounts is None
        self._purses = {(each.api_id, each.user): Purse(each, each.balance) for each in accounts or ()}
        self._sessions: dict[str, Session] = {}
        self._batches: dict[str, Batch] = {}
        self._messages: dict[str, Message] = {}
        self._stopped: set[str] = set()
        self._by_client_id: dict[tuple[int, str, str], list[str]] = {}
        self._vouchers: set[str] = set()
        self._carried_out: Counter[str] = Counter()
        self._handlers: dict[str, _Handler] = {
            "auth": self._auth,
            "ping": self._ping,
            "sendmsg": self._sendmsg,
            "querymsg": self._querymsg,
            "delmsg": self._delmsg,
            "getbalance": self._getbalance,
            "routecoverage": self._routecoverage,
            "si_push": self._si_push,
            "ind_push": self._ind_push,
            "token_pay": self._token_pay,
            "startbatch": self._startbatch,
            "senditem": self._senditem,
            "quicksend": self._quicksend,
            "endbatch": self._endbatch,
            "getmsgcharge": self._getmsgcharge,
        }

    # What tests look at

    @property
    def messages(self) -> list[Message]:
        """Every accepted message, in the order of arrival, with its present status."""
        with self._lock:
            return [self._snapshot(each) for each in self._messages.values()]

    @property
    def commands(self) -> dict[str, int]:
        """How often each command was carried out, refused ones included; every command is there."""
        with self._lock:
            return {name: self._carried_out[name] for name in self._handlers}

    def message(self, message_id: str) -> Message:
        """The message of a gateway id, with its present status.

        Raises:
            KeyError: There is none.
        """
        with self._lock:
            return self._snapshot(self._messages[message_id])

    def balance(self, api_id: int, user: str) -> Decimal:
        """The credits left on an account.

        Raises:
            KeyError: There is no such account; in an open gateway, none has been used yet.
        """
        with self._lock:
            return self._purses[api_id, user].balance

    def expire_sessions(self) -> None:
        """End every open session at once."""
        with self._lock:
            self._sessions.clear()

    # What the outside world does

    def execute(
        self,
        command: str,
        parameters: Mapping[str, str],
        to: Sequence[str] = (),
        *,
        max_recipients: int = rules.MAX_RECIPIENTS,
    ) -> list[str]:
        """Carry a command out.

        Args:
            command: Its name in Document/Literal's spelling.
            parameters: What was given, normalised (see ``parameters.normalised``), but for the recipients.
            to: The recipients, in order.
            max_recipients: How many of them the service allows.

        Returns:
            The lines of the reply; a refusal is a line too.

        Raises:
            KeyError: There is no such command.
        """
        with self._lock:
            handler = self._handlers[command]
            self._carried_out[command] += 1
            try:
                return handler(parameters, Recipients(tuple(each.strip() for each in to), max_recipients))
            except Refused as refusal:
                return [rules.error_line(refusal.code, self._clock.now())]

    # Who is asking

    def _auth(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._by_credentials(values)
        session_id = secrets.token_hex(16)
        self._sessions[session_id] = Session(purse, self._clock.now())
        return [f"OK: {session_id}"]

    def _ping(self, values: _Values, _to: Recipients) -> list[str]:
        if "session_id" not in values:
            raise Refused("005")
        if self._by_session(values["session_id"]) is None:
            raise Refused("003")
        return ["OK:"]

    def _authorised(self, values: _Values) -> Purse:
        """Whose request this is: by the session if it is alive, else by the credentials."""
        session_id = values.get("session_id")
        if session_id is not None:
            purse = self._by_session(session_id)
            if purse is not None:
                return purse
            if not all(name in values for name in _CREDENTIALS):
                raise Refused("003")
        elif not any(name in values for name in _CREDENTIALS):
            raise Refused("005")
        return self._by_credentials(values)

    def _by_session(self, session_id: str) -> Purse | None:
        session = self._sessions.get(session_id)
        if session is None:
            return None
        now = self._clock.now()
        worn_out = self._session_calls is not None and session.uses >= self._session_calls
        if worn_out or now - session.used > SESSION_LIFE:
            del self._sessions[session_id]
            return None
        session.used = now
        session.uses += 1
        return session.purse

    def _by_credentials(self, values: _Values) -> Purse:
        api_id = values.get("api_id", "")
        if not _API_ID.fullmatch(api_id):
            raise Refused("108")
        user, password = values.get("user", ""), values.get("password", "")
        if not user or not password:
            raise Refused("001")
        key = (int(api_id), user)
        if self._open:
            if password == _WRONG_PASSWORD:
                raise Refused("001")
            if key not in self._purses:
                account = Account(*key, password)
                self._purses[key] = Purse(account, account.balance)
        elif key not in self._purses or self._purses[key].account.password != password:
            raise Refused("001")
        return self._purses[key]

    # Sending

    def _sendmsg(self, values: _Values, to: Recipients) -> list[str]:
        purse = self._authorised(values)
        rules.check_recipients(to.numbers, to.most)
        if "text" not in values and "data" not in values:
            raise Refused("107")
        rules.check_options(values, self._clock.now())
        order = Order("sendmsg", content_of(values, "text", self._concat_default), "", _public(values))
        return self._send(purse, order, to, named=len(to.numbers) > 1)

    def _si_push(self, values: _Values, to: Recipients) -> list[str]:
        purse = self._authorised(values)
        rules.check_recipients(to.numbers, to.most)
        rules.check_push(values)
        rules.check_options(values, self._clock.now())
        text, is_unicode = rules.shown_text(values, "si_text")
        order = Order("si_push", Content(text, values["si_text"], is_unicode), "", _public(values))
        return self._send(purse, order, to, named=True)

    def _ind_push(self, values: _Values, to: Recipients) -> list[str]:
        purse = self._authorised(values)
        rules.check_recipients(to.numbers, to.most)
        rules.check_notification(values)
        rules.check_options(values, self._clock.now())
        subject = values["mms_subject"]
        order = Order("ind_push", Content(subject, subject), "", _public(values))
        return self._send(purse, order, to, named=True)

    def _send(self, purse: Purse, order: Order, to: Recipients, *, named: bool) -> list[str]:
        lines: list[str] = []
        for number in to.numbers:
            problem = rules.number_problem(number)
            if problem is None and order.content.too_long:
                problem = "113"
            if problem is None and purse.balance < purse.account.price * order.content.parts:
                problem = "301"
            line = (
                f"ID: {self._accept(purse, order, number)}"
                if problem is None
                else rules.error_line(problem, self._clock.now())
            )
            lines.append(f"{line} To: {_NOT_DIGIT.sub('', number)}" if named else line)
        return lines

    def _accept(self, purse: Purse, order: Order, number: str) -> str:
        account, content, now = purse.account, order.content, self._clock.now()
        due, charge = rules.due(order.parameters, now), account.price * content.parts
        purse.balance -= charge
        message = Message(
            id=secrets.token_hex(16),
            command=order.command,
            status="008",
            created=now,
            due=due,
            charge=charge,
            to=number,
            sender=order.parameters.get("from", ""),
            text=content.text,
            text_as_sent=content.text_as_sent,
            unicode=content.unicode,
            parts=content.parts,
            data=content.data,
            udh=content.udh,
            flash=content.flash,
            client_message_id=order.parameters.get("climsgid", ""),
            batch_id=order.batch_id,
            parameters=order.parameters,
            api_id=account.api_id,
            user=account.user,
        )
        self._messages[message.id] = message
        if message.client_message_id:
            key = (account.api_id, account.user, message.client_message_id)
            self._by_client_id.setdefault(key, []).append(message.id)
        return message.id

    # Batches

    def _startbatch(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._authorised(values)
        if "template" not in values:
            raise Refused("202")
        rules.check_options(values, self._clock.now())
        content_of(values, "template", self._concat_default)  # fields may change its length, but not its kind
        batch_id = secrets.token_hex(16)
        self._batches[batch_id] = Batch(purse, self._clock.now(), _public(values))
        return [f"ID: {batch_id}"]

    def _senditem(self, values: _Values, to: Recipients) -> list[str]:
        purse, batch = self._batch(values)
        rules.check_recipients(to.numbers, to.most)
        template = batch.parameters["template"]
        if rules.integer(batch.parameters, "unicode") != 1:  # the vendor does not merge fields into unicode
            template = _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), template)
        if not template:
            raise Refused("107")
        order = self._item("senditem", values, batch, template)
        return self._send(purse, order, to, named=len(to.numbers) > 1)

    def _quicksend(self, values: _Values, to: Recipients) -> list[str]:
        purse, batch = self._batch(values)
        rules.check_recipients(to.numbers, to.most)
        order = self._item("quicksend", values, batch, batch.parameters["template"])
        return self._send(purse, order, to, named=True)

    def _item(self, command: str, values: _Values, batch: Batch, template: str) -> Order:
        rules.check_options(values, self._clock.now())
        parameters = MappingProxyType({**batch.parameters, **_public(values)})
        content = content_of({**parameters, "template": template}, "template", self._concat_default)
        return Order(command, content, values["batch_id"], parameters)

    def _endbatch(self, values: _Values, _to: Recipients) -> list[str]:
        self._batch(values)
        del self._batches[values["batch_id"]]
        return ["OK"]

    def _batch(self, values: _Values) -> tuple[Purse, Batch]:
        purse = self._authorised(values)
        batch = self._batches.get(values.get("batch_id", ""))
        if batch is None or batch.purse is not purse or self._clock.now() - batch.created > BATCH_LIFE:
            raise Refused("201")
        return purse, batch

    # Questions

    def _querymsg(self, values: _Values, _to: Recipients) -> list[str]:
        found = self._asked_for(self._authorised(values), values)
        if not found:
            return [self._unknown(values)]
        message = self._snapshot(found[-1])
        if self._clock.now() - message.created < self.reporting_delay:
            message = replace(message, status="001")
        return [_status_line(message)]

    def _delmsg(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._authorised(values)
        found = self._asked_for(purse, values)
        for message in found:
            if self._snapshot(message).status == "011":
                self._stopped.add(message.id)
                purse.balance += message.charge
        return [_status_line(self._snapshot(found[-1]))] if found else [self._unknown(values)]

    def _getmsgcharge(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._authorised(values)
        if "apimsgid" not in values:
            raise Refused("109")
        message = self._own(purse, values["apimsgid"], _CHARGE_LOOK_BACK)
        if message is None:
            self._unknown(values)  # a malformed id is refused
            return [f"apiMsgId: {values['apimsgid']} charge: 0 status: 001"]
        now = self._snapshot(message)
        return [f"apiMsgId: {now.id} charge: {_plain(now.charge)} status: {now.status}"]

    def _getbalance(self, values: _Values, _to: Recipients) -> list[str]:
        return [f"Credit: {self._authorised(values).balance:.2f}"]

    def _routecoverage(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._authorised(values)
        rules.require(values, "msisdn")
        if values["msisdn"].startswith(rules.REFUSED_PREFIX):
            return [_NOT_COVERED]
        problem = rules.number_problem(values["msisdn"])
        if problem is not None:
            raise Refused(problem)
        return [_COVERED.format(charge=_plain(purse.account.price))]

    def _token_pay(self, values: _Values, _to: Recipients) -> list[str]:
        purse = self._authorised(values)
        token = values.get("token", "")
        if not _VOUCHER.fullmatch(token) or token in self._vouchers:
            raise Refused("101")
        self._vouchers.add(token)
        purse.balance += VOUCHER_CREDITS
        return ["OK: 605"]

    def _asked_for(self, purse: Purse, values: _Values) -> list[Message]:
        """The messages that an id stands for; the gateway's id goes before the client's."""
        if "apimsgid" in values:
            ids = [values["apimsgid"]]
        elif "climsgid" in values:
            account = purse.account
            ids = self._by_client_id.get((account.api_id, account.user, values["climsgid"]), [])
        else:
            raise Refused("109")
        found = (self._own(purse, each, _STATUS_LOOK_BACK) for each in ids)
        return [each for each in found if each is not None]

    def _own(self, purse: Purse, message_id: str, look_back: timedelta) -> Message | None:
        message = self._messages.get(message_id)
        if message is None or self._clock.now() - message.created > look_back:
            return None
        account = purse.account
        return message if (message.api_id, message.user) == (account.api_id, account.user) else None

    def _unknown(self, values: _Values) -> str:
        """The reply to an id that stands for nothing."""
        if "apimsgid" not in values:
            if self._unknown_client_id == "error":
                raise Refused("104")
            return f"ID: {_NO_ID} Status: 001"
        if not _ANY_ID.fullmatch(values["apimsgid"]):
            raise Refused("103")
        return f"ID: {values['apimsgid']} Status: 001"

    def _snapshot(self, message: Message) -> Message:
        if message.id in self._stopped:
            return replace(message, status="006", charge=Decimal(0))
        return replace(message, status=message.status_at(self._clock.now()))


def _public(values: _Values) -> _Values:
    return MappingProxyType({name: value for name, value in values.items() if name not in _SECRETS})


def _status_line(message: Message) -> str:
    return f"ID: {message.id} Status: {message.status}"


def _plain(credit: Decimal) -> str:
    return f"{credit.normalize():f}"
