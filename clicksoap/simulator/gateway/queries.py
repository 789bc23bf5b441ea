"""The commands that change nothing: querymsg, getmsgcharge, getbalance and routecoverage."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.lookup import find_message, find_messages, status_line, unknown_reply
from clicksoap.simulator.gateway.state import GatewayState

_CHARGE_LOOK_BACK: Final = timedelta(days=15)
_COVERED: Final = (
    "OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: {charge}"
)
_NOT_COVERED: Final = (
    "ERR: This prefix is not currently supported. Messages sent to this prefix will fail."
    " Please contact support for assistance."
)


class Queries:
    """Queries of messages, credits and coverage; not safe between threads by itself.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    def querymsg(self, command: Command) -> list[str]:
        """Execute querymsg: the status of a message."""
        state = self._state
        owner = state.sessions.authorised(command)
        found = find_messages(state, owner, command.values)
        if not found:
            return [unknown_reply(state, owner, command.values)]
        message = found[-1]
        if state.clock.now() - message.created < state.settings.reporting_delay:
            message = replace(message, status="001")
        return [status_line(message)]

    def getmsgcharge(self, command: Command) -> list[str]:
        """Execute getmsgcharge: the charge of a message."""
        state, values = self._state, command.values
        owner = state.sessions.authorised(command)
        if "apimsgid" not in values:
            raise Refused("109", "apimsgid", "missing, or empty", "give the id that the gateway gave")
        message = find_message(state, owner, values["apimsgid"], _CHARGE_LOOK_BACK)
        if message is None:
            unknown_reply(state, owner, values)  # an id that querymsg refuses is refused here, too
            return [f"apiMsgId: {values['apimsgid']} charge: 0 status: 001"]
        return [f"apiMsgId: {message.id} charge: {_plain(message.charge)} status: {message.status}"]

    def getbalance(self, command: Command) -> list[str]:
        """Execute getbalance: the credits of the account."""
        owner = self._state.sessions.authorised(command)
        return [f"{self._state.settings.credit_word}: {owner.balance:.2f}"]

    def routecoverage(self, command: Command) -> list[str]:
        """Execute routecoverage: whether a number can be reached, and the charge."""
        owner, values = self._state.sessions.authorised(command), command.values
        rules.require(values, "msisdn")
        number = rules.dialled(values["msisdn"], owner.account.dial_prefix)
        if number.startswith(rules.REFUSED_PREFIX):
            return [_NOT_COVERED]
        problem = rules.number_refusal(number, "msisdn")
        if problem is not None:
            raise Refused(problem.code, "msisdn", problem.rule, problem.mend, value=number)
        return [_COVERED.format(charge=_plain(owner.account.price))]


def _plain(credit: Decimal) -> str:
    return f"{credit.normalize():f}"
