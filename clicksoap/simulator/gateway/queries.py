"""The commands that ask: about messages, credits and coverage; and the two that stop and that pay."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.rules import Refused
from clicksoap.simulator.gateway.accounts import Accounts
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.mailbox import Mailbox
from clicksoap.simulator.gateway.model import AccountState, Message, Request, Stage
from clicksoap.simulator.gateway.settings import Settings

VOUCHER_CREDITS: Final = Decimal(100)
"""What a voucher adds to the balance."""

_STATUS_LOOK_BACK: Final = timedelta(days=6)
_CHARGE_LOOK_BACK: Final = timedelta(days=15)
_ANY_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MAX_VOUCHERS: Final = 10_000  # that are known to be used; the one used first may be used again
_VOUCHER: Final = re.compile(r"[0-9]{16}")
_NO_ID: Final = "0" * 32
_COVERED: Final = (
    "OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: {charge}"
)
_NOT_COVERED: Final = (
    "ERR: This prefix is not currently supported. Messages sent to this prefix will fail."
    " Please contact support for assistance."
)


class Queries:
    """What the commands that ask do; not safe between threads by itself.

    Args:
        access: Who is asking.
        mailbox: The messages that it may be about.
        clock: When it is.
        settings: Asked whenever something depends on them.
    """

    def __init__(self, access: Accounts, mailbox: Mailbox, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._access = access
        self._mailbox = mailbox
        self._clock = clock
        self._settings = settings
        self._vouchers: dict[str, None] = {}

    def commands(self) -> Mapping[str, Callable[[Request], list[str]]]:
        """What is carried out here."""
        return {
            "querymsg": self._querymsg,
            "delmsg": self._delmsg,
            "getmsgcharge": self._getmsgcharge,
            "getbalance": self._getbalance,
            "routecoverage": self._routecoverage,
            "token_pay": self._token_pay,
        }

    def reset(self) -> None:
        """Forget which vouchers were used."""
        self._vouchers.clear()

    def _querymsg(self, request: Request) -> list[str]:
        found = self._asked_for(self._access.authorised(request), request.values)
        if not found:
            return [self._unknown(request.values)]
        message = found[-1]
        if self._clock.now() - message.created < self._settings().reporting_delay:
            message = replace(message, status="001")
        return [_status_line(message)]

    def _delmsg(self, request: Request) -> list[str]:
        found = self._asked_for(self._access.authorised(request), request.values)
        if not found:
            return [self._unknown(request.values)]
        now = self._clock.now()
        return [
            _status_line(self._mailbox.end(each, Stage(now, "006")) if each.status == "011" else each) for each in found
        ][-1:]

    def _getmsgcharge(self, request: Request) -> list[str]:
        purse, values = self._access.authorised(request), request.values
        if "apimsgid" not in values:
            raise Refused("109")
        message = self._own(purse, values["apimsgid"], _CHARGE_LOOK_BACK)
        if message is None:
            self._unknown(values)  # what it refuses is refused here, too
            return [f"apiMsgId: {values['apimsgid']} charge: 0 status: 001"]
        return [f"apiMsgId: {message.id} charge: {_plain(message.charge)} status: {message.status}"]

    def _getbalance(self, request: Request) -> list[str]:
        return [f"{self._settings().credit_word}: {self._access.authorised(request).balance:.2f}"]

    def _routecoverage(self, request: Request) -> list[str]:
        purse, values = self._access.authorised(request), request.values
        rules.require(values, "msisdn")
        number = rules.dialled(values["msisdn"], purse.account.dial_prefix)
        if number.startswith(rules.REFUSED_PREFIX):
            return [_NOT_COVERED]
        problem = rules.number_problem(number)
        if problem is not None:
            raise Refused(problem)
        return [_COVERED.format(charge=_plain(purse.account.price))]

    def _token_pay(self, request: Request) -> list[str]:
        purse = self._access.authorised(request)
        token = request.values.get("token", "")
        if not _VOUCHER.fullmatch(token) or token in self._vouchers:
            raise Refused("101")
        if len(self._vouchers) >= _MAX_VOUCHERS:
            del self._vouchers[next(iter(self._vouchers))]
        self._vouchers[token] = None
        purse.balance += VOUCHER_CREDITS
        purse.trial = False
        return ["OK: 605"]

    def _asked_for(self, purse: AccountState, values: Mapping[str, str]) -> list[Message]:
        """The messages that an id stands for; the gateway's id goes before the client's."""
        if "apimsgid" in values:
            own = self._own(purse, values["apimsgid"], _STATUS_LOOK_BACK)
            return [] if own is None else [own]
        if "climsgid" not in values:
            raise Refused("109")
        account = (purse.account.api_id, purse.account.user)
        now = self._clock.now()
        found = self._mailbox.of_client(account, values["climsgid"])
        return [each for each in found if now - each.created <= _STATUS_LOOK_BACK]

    def _own(self, purse: AccountState, message_id: str, look_back: timedelta) -> Message | None:
        message = self._mailbox.get(message_id)
        if message is None or self._clock.now() - message.created > look_back:
            return None
        return message if message.account == (purse.account.api_id, purse.account.user) else None

    def _unknown(self, values: Mapping[str, str]) -> str:
        """The reply to an id that stands for nothing."""
        settings = self._settings()
        if "apimsgid" not in values:
            if settings.unknown_client_id == "error":
                raise Refused("104")
            return f"ID: {_NO_ID} Status: 001"
        if settings.unknown_id == "error" or not _ANY_ID.fullmatch(values["apimsgid"]):
            raise Refused("103")
        return f"ID: {values['apimsgid']} Status: 001"


def _status_line(message: Message) -> str:
    return f"ID: {message.id} Status: {message.status}"


def _plain(credit: Decimal) -> str:
    return f"{credit.normalize():f}"
