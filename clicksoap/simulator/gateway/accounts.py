"""Accounts: their setup, their changing state, and the registry that finds them by credentials."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.callback_url import CallbackUrl

STARTING_CREDITS: Final = Decimal(1000)
"""The credits at the start of an account without a limit, and the credits that it gets again when they run out."""

TRIAL_CREDITS: Final = Decimal(10)
"""The balance of a trial account."""

CREDENTIALS: Final = ("api_id", "user", "password")
"""The parameters that identify an account without a session."""

_WRONG_PASSWORD: Final = "wrong"  # noqa: S105 - the one password that an open gateway refuses
_API_ID: Final = re.compile(r"[0-9]{1,18}")
_MAX_OPEN_ACCOUNTS: Final = 10_000  # that an open gateway makes
_MAX_USER: Final = 1000  # characters, of an account that an open gateway makes
_MAX_OPTED_OUT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the simulated gateway, as it is set up.

    Attributes:
        api_id: The number of the API connection.
        user: The user name.
        password: The password; it never appears in the repr.
        balance: The credits at the start; messages beyond them are refused (301). None for no limit: the account begins
            with 1000 credits, is charged as usual, and gets 1000 more whenever they run out.
        price: The credits that one message costs.
        trial: True to replace texts by a canned one until credits are bought.
        frozen: True to refuse everything (004).
        networks: The addresses and networks that may use it, such as ``10.0.0.0/8``; others are refused (007). Empty
            for any.
        dial_prefix: The country code that replaces a leading 0 of a number; empty for none.
        senders: The registered ``from`` addresses; others are refused (123). None for any.
        daily_limit: The messages of a day; more are refused (130). None for no limit.
        callback: The address for its delivery reports; None for the one of the settings.
        inbound: The address for its inbound messages; None for the one of the settings.

    Raises:
        ValueError: A network is invalid, or the dial prefix holds something other than digits.
    """

    api_id: int
    user: str
    password: str = field(repr=False)
    balance: Decimal | None = None
    price: Decimal = Decimal(1)
    trial: bool = False
    frozen: bool = False
    networks: tuple[str, ...] = ()
    dial_prefix: str = ""
    senders: tuple[str, ...] | None = None
    daily_limit: int | None = None
    callback: CallbackUrl | None = None
    inbound: CallbackUrl | None = None

    def __post_init__(self) -> None:
        """Check the networks and the dial prefix."""
        for each in self.networks:
            ip_network(each, strict=False)
        if self.dial_prefix and not (self.dial_prefix.isascii() and self.dial_prefix.isdigit()):
            raise ValueError("dial_prefix is not a country code: give digits, such as 27")

    @classmethod
    def on_trial(cls, api_id: int, user: str, password: str) -> "Account":
        """An account before the first purchase: ten credits, and every text is replaced by a canned one."""
        return cls(api_id, user, password, TRIAL_CREDITS, trial=True)

    def admits(self, peer: str | None) -> bool:
        """True if the account may be used from an address; None stands for a caller inside the process."""
        if not self.networks or peer is None:
            return True
        address = ip_address(peer)
        return any(address in ip_network(each, strict=False) for each in self.networks)


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The changing part of an account at one moment; see `AccountState`."""

    api_id: int
    user: str
    balance: Decimal
    trial: bool
    day: datetime | None
    sent_on_day: int
    opted_out: tuple[str, ...] = field(repr=False)
    is_limited: bool = False


@dataclass(slots=True)
class AccountState:
    """An account with its balance, trial state, day count and opt-outs.

    Attributes:
        account: The account as it was set up.
        balance: The credits left.
        trial: True while texts are still replaced.
        day: The beginning of the present day of its limit.
        sent_on_day: The messages accepted on that day.
        opted_out: The numbers that opted out (122), the latest last; the oldest are dropped first.
        is_limited: True if messages beyond the balance are refused.
    """

    account: Account
    balance: Decimal
    trial: bool
    day: datetime | None = None
    sent_on_day: int = 0
    opted_out: dict[str, None] = field(default_factory=dict[str, None], repr=False)
    is_limited: bool = False

    @classmethod
    def of(cls, account: Account) -> "AccountState":
        """The state of an account that was not used yet."""
        balance = STARTING_CREDITS if account.balance is None else account.balance
        return cls(account, balance, account.trial, is_limited=account.balance is not None)

    @property
    def key(self) -> tuple[int, str]:
        """The account's API id and user."""
        return self.account.api_id, self.account.user

    @property
    def snapshot(self) -> AccountSnapshot:
        """The changing part, at this moment."""
        numbers = tuple(self.opted_out)
        return AccountSnapshot(
            *self.key, self.balance, self.trial, self.day, self.sent_on_day, numbers, self.is_limited
        )

    def restore(self, snapshot: AccountSnapshot) -> None:
        """Put a snapshot back."""
        self.balance, self.trial = snapshot.balance, snapshot.trial
        self.is_limited = snapshot.is_limited or self.account.balance is not None
        self.day, self.sent_on_day = snapshot.day, snapshot.sent_on_day
        self.opted_out = dict.fromkeys(snapshot.opted_out)

    def set_balance(self, balance: Decimal) -> None:
        """Set the credits, which are a limit from now on."""
        self.balance = balance
        self.is_limited = True

    def affords(self, price: Decimal) -> bool:
        """True if the credits suffice for a price; an account without a limit gets more if they do not."""
        if self.balance >= price:
            return True
        if not self.is_limited:
            while self.balance < price:
                self.balance += max(STARTING_CREDITS, price)
        return not self.is_limited

    def opt_out(self, number: str) -> None:
        """Add a number to those that opted out."""
        self.opted_out.pop(number, None)
        if len(self.opted_out) >= _MAX_OPTED_OUT:
            del self.opted_out[next(iter(self.opted_out))]
        self.opted_out[number] = None


class Accounts:
    """The accounts of a gateway; not safe between threads by itself.

    Args:
        accounts: The only accounts. None for an open gateway: all credentials work except the password ``wrong``, and
            each new pair of api_id and user makes an account.
    """

    def __init__(self, accounts: Sequence[Account] | None) -> None:
        self._accounts = accounts
        self._states: dict[tuple[int, str], AccountState] = {}
        self.reset()

    def reset(self) -> None:
        """Set every account up anew."""
        self._states = {(each.api_id, each.user): AccountState.of(each) for each in self._accounts or ()}

    @property
    def states(self) -> list[AccountState]:
        """Every account; in an open gateway, every one that was used."""
        return list(self._states.values())

    def state(self, api_id: int, user: str) -> AccountState:
        """The account of an API id and a user; KeyError if it is unknown."""
        return self._states[api_id, user]

    def restore(self, snapshots: Iterable[AccountSnapshot]) -> None:
        """Put the state of a previous run back; accounts that do not exist any more are ignored."""
        for each in snapshots:
            key = each.api_id, each.user
            if self._accounts is None and key not in self._states:
                self._states[key] = AccountState.of(Account(*key, ""))  # an open gateway compares no passwords
            if key in self._states:
                self._states[key].restore(each)

    def by_credentials(self, values: Mapping[str, str], wrong_password: Literal["001", "002"]) -> AccountState:
        """The account of a command's credentials.

        Args:
            values: The parameters of the command.
            wrong_password: The error code for an unknown user or a wrong password.

        Raises:
            Refused: The credentials are missing or wrong (108, or as given).
        """
        api_id = values.get("api_id", "")
        if not _API_ID.fullmatch(api_id):
            rule = "not a number of 1 to 18 digits" if api_id else "missing"
            raise Refused("108", "api_id", rule, "give the API id of the account", value=api_id)
        user, password = values.get("user", ""), values.get("password", "")
        for name, value in (("user", user), ("password", password)):
            if not value:
                raise Refused(wrong_password, name, "missing, or empty", f"give the {name} of the account")
        key = (int(api_id), user)
        if self._accounts is None:
            return self._open_account(key, password, wrong_password)
        if key not in self._states:
            is_known = any(api_id == key[0] for api_id, _ in self._states)
            name, rule = ("user", "no account of this API id") if is_known else ("api_id", "no account has it")
            raise Refused(wrong_password, name, rule, "give an account of the simulator", value=values[name])
        if not _is_same(self._states[key].account.password, password):
            mend = "give the password that the simulator was started with"
            raise Refused(wrong_password, "password", "not the password of this account", mend, value=password)
        return self._states[key]

    def _open_account(self, key: tuple[int, str], password: str, wrong_password: Literal["001", "002"]) -> AccountState:
        """The account of an open gateway, which is made if it does not exist."""
        if password == _WRONG_PASSWORD:
            rule = "the one password that a simulator without accounts refuses"
            raise Refused(wrong_password, "password", rule, "give any other password", value=password)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= _MAX_OPEN_ACCOUNTS or len(key[1]) > _MAX_USER:
                rule = (
                    f"the simulator has {len(self._states)} accounts, or the name is longer than {_MAX_USER} characters"
                )
                raise Refused(wrong_password, "user", rule, "use fewer accounts, or shorter names", value=key[1])
            # No password is compared, so none is kept.
            state = self._states[key] = AccountState.of(Account(*key, ""))
        return state


def _is_same(expected: str, given: str) -> bool:
    return secrets.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))
