"""The command that pays with a voucher: token_pay."""

import re
from decimal import Decimal
from typing import Final

from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.state import GatewayState

VOUCHER_CREDITS: Final = Decimal(100)
"""The credits that a voucher adds to the balance."""

_VOUCHER: Final = re.compile(r"[0-9]{16}")
_MAX_VOUCHERS: Final = 10_000  # that are known to be used; the one used first may be used again


class Payments:
    """Payment by vouchers; not safe between threads by itself.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self._used_vouchers: dict[str, None] = {}

    def clear(self) -> None:
        """Forget the used vouchers."""
        self._used_vouchers.clear()

    def token_pay(self, command: Command) -> list[str]:
        """Execute token_pay: add the credits of an unused voucher to the account, and end its trial."""
        owner = self._state.sessions.authorised(command)
        token = command.values.get("token", "")
        if not _VOUCHER.fullmatch(token):
            rule = "not 16 digits" if token else "missing, or empty"
            raise Refused("101", "token", rule, "give the 16 digits of a voucher", value=token)
        if token in self._used_vouchers:
            raise Refused("101", "token", "used already", "give another voucher", value=token)
        if len(self._used_vouchers) >= _MAX_VOUCHERS:
            del self._used_vouchers[next(iter(self._used_vouchers))]
        self._used_vouchers[token] = None
        owner.balance += VOUCHER_CREDITS
        owner.trial = False
        return ["OK: 605"]
