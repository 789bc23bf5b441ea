"""What the simulated gateway keeps: accounts, messages, sessions and batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Final, Literal
from urllib.parse import urlsplit

from clicksoap.contract import MAX_SOAP_RECIPIENTS
from clicksoap.simulator.gateway.content import Content

STARTING_CREDITS: Final = Decimal(1000)
"""The balance of an account that names none."""

TRIAL_CREDITS: Final = Decimal(10)
"""The balance of a trial account."""

SESSION_LIFE: Final = timedelta(minutes=15)
"""How long a session lives without being used."""

BATCH_LIFE: Final = timedelta(hours=24)
"""How long a batch lives, used or not."""

_MAX_OPTED_OUT: Final = 10_000


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """Where the gateway calls the customer's server, and how.

    Attributes:
        url: An address that begins with ``http://`` or ``https://``.
        method: ``GET`` puts the fields into the query, ``POST`` into a form.
        variant: ``http`` for one field each, ``xml`` or ``soap`` for one field ``data`` that holds a document.
        user: The user of Basic authentication; empty for none.
        password: Its password.

    Raises:
        ValueError: The address is none, or it holds a password.
    """

    url: str = field(repr=False)  # whatever stands in its query may be a secret
    method: Literal["GET", "POST"] = "POST"
    variant: Literal["http", "xml", "soap"] = "http"
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be called."""
        try:
            parts = urlsplit(self.url)
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # the port is too large, or the host no address
            is_address = False
        if not is_address:
            raise ValueError("url is where to call: give an address that begins with http:// or https://")
        if urlsplit(self.url).password is not None:
            raise ValueError("url must not hold a password: give user= and password=")
        if self.method not in {"GET", "POST"} or self.variant not in {"http", "xml", "soap"}:
            raise ValueError('method is "GET" or "POST", and variant "http", "xml" or "soap"')


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the simulated gateway.

    Attributes:
        api_id: The number of the API connection.
        user: The user name.
        password: The password; it never appears in the repr.
        balance: The credits to begin with.
        price: What one message costs.
        trial: Whether texts are replaced by canned ones until credits are bought.
        frozen: Whether everything is refused (004).
        networks: The addresses and networks that may use it, such as ``10.0.0.0/8``; others are refused (007). Empty
            for anybody.
        dial_prefix: The country code that replaces a leading 0 of a number; empty for none.
        senders: The ``from`` addresses that are registered; others are refused (123). None for any.
        daily_limit: The messages of a day; more are refused (130). None for no limit.
        callback: Where its delivery reports go; None for where the settings say.
        inbound: Where messages to it go; None for where the settings say.

    Raises:
        ValueError: A network is none, or the dial prefix no digits.
    """

    api_id: int
    user: str
    password: str = field(repr=False)
    balance: Decimal = STARTING_CREDITS
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
        """Refuse what could never work."""
        for each in self.networks:
            ip_network(each, strict=False)
        if self.dial_prefix and not (self.dial_prefix.isascii() and self.dial_prefix.isdigit()):
            raise ValueError("dial_prefix is a country code: give digits, such as 27")

    @classmethod
    def on_trial(cls, api_id: int, user: str, password: str) -> "Account":
        """An account as it is before the first purchase: ten credits, and every text replaced by a canned one."""
        return cls(api_id, user, password, TRIAL_CREDITS, trial=True)

    def admits(self, peer: str | None) -> bool:
        """Whether it may be used from an address; None is the gateway's own house."""
        if not self.networks or peer is None:
            return True
        address = ip_address(peer)
        return any(address in ip_network(each, strict=False) for each in self.networks)


@dataclass(frozen=True, slots=True)
class Stage:
    """A status that a message has, or is to have, from a moment on."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Message:
    """One accepted message to one number, as it was when the gateway was asked.

    The repr shows neither number nor text.

    Attributes:
        id: The gateway's message id, 32 hexadecimal digits.
        command: The command that brought it, such as ``sendmsg``.
        status: The three-digit status; it moves with the gateway's clock.
        created: When it was accepted.
        due: When it is to go out: ``created`` plus ``deliv_time``, or ``scheduled_time``.
        charge: What it cost: the account's price for each part; nothing once it ended without being handed on.
        to: The number.
        sender: The ``from`` address; empty for the gateway's own.
        text: The text as a phone would show it: unicode decoded, fields of a batch filled in.
        text_as_sent: The text as it arrived: hexadecimal digits if ``unicode`` is set.
        unicode: Whether the text came as hexadecimal UTF-16.
        parts: How many messages it took on the air.
        data: The bytes of an 8-bit message; empty in a text message.
        udh: The user data header of an 8-bit message.
        flash: Whether the phone was to show it at once.
        client_message_id: The caller's own id; empty if none was given.
        batch_id: The batch it was sent from; empty outside of batches.
        parameters: Every parameter that was given, in Document/Literal's spelling, but for recipients and credentials.
        api_id: The account's API id.
        user: The account's user.
        callback: Which of its statuses are reported: the bits 1 (intermediate), 2 (final) and 4 (error).
        exchange: The number of the request that brought it; 0 if it came by none.
        history: The statuses that it had so far, the present one last.
    """

    id: str
    command: str
    status: str
    created: datetime
    due: datetime
    charge: Decimal
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    text_as_sent: str = field(repr=False)
    unicode: bool
    parts: int
    data: bytes = field(repr=False)
    udh: bytes = field(repr=False)
    flash: bool
    client_message_id: str
    batch_id: str
    parameters: Mapping[str, str] = field(repr=False)
    api_id: int
    user: str
    callback: int
    exchange: int
    history: tuple[Stage, ...] = field(repr=False)

    @property
    def account(self) -> tuple[int, str]:
        """The account's API id and user."""
        return self.api_id, self.user

    def at_stage(self, stage: Stage, *, charge: Decimal) -> "Message":
        """The same message, one status further."""
        return replace(self, status=stage.status, charge=charge, history=(*self.history, stage))


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message and the statuses that are still before it, the nearest first."""

    message: Message
    planned: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """What changes of an account, at one moment; see `AccountState`."""

    api_id: int
    user: str
    balance: Decimal
    trial: bool
    day: datetime | None
    sent_on_day: int
    opted_out: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class AccountState:
    """An account, what is left on it, and what else changes of it.

    Attributes:
        account: The account as it was set up.
        balance: The credits left.
        trial: Whether texts are still replaced.
        day: When the present day of its limit began.
        sent_on_day: The messages accepted on that day.
        opted_out: The numbers that want nothing more of it (122), the latest last; the oldest give way.
    """

    account: Account
    balance: Decimal
    trial: bool
    day: datetime | None = None
    sent_on_day: int = 0
    opted_out: dict[str, None] = field(default_factory=dict[str, None], repr=False)

    @classmethod
    def of(cls, account: Account) -> "AccountState":
        """A fresh one."""
        return cls(account, account.balance, account.trial)

    @property
    def standing(self) -> AccountSnapshot:
        """How it is at this moment."""
        account, numbers = self.account, tuple(self.opted_out)
        return AccountSnapshot(
            account.api_id, account.user, self.balance, self.trial, self.day, self.sent_on_day, numbers
        )

    def restore(self, standing: AccountSnapshot) -> None:
        """Be as at an earlier moment."""
        self.balance, self.trial = standing.balance, standing.trial
        self.day, self.sent_on_day = standing.day, standing.sent_on_day
        self.opted_out = dict.fromkeys(standing.opted_out)

    def opt_out(self, number: str) -> None:
        """Let a number want nothing more."""
        self.opted_out.pop(number, None)
        if len(self.opted_out) >= _MAX_OPTED_OUT:
            del self.opted_out[next(iter(self.opted_out))]
        self.opted_out[number] = None


@dataclass(slots=True)
class Session:
    """An open session."""

    purse: AccountState
    used: datetime
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """A template, waiting for recipients."""

    purse: AccountState
    created: datetime
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A command as a service hands it in.

    Attributes:
        command: Its name in Document/Literal's spelling.
        values: What was given, normalised (see ``parameters.normalised``), but for the recipients.
        to: The recipients, in order.
        max_recipients: How many of them the service allows.
        peer: The address it came from; None if it came by no network.
        exchange: The number under which the exchange is kept; 0 for none.
    """

    command: str
    values: Mapping[str, str] = field(repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    max_recipients: int = MAX_SOAP_RECIPIENTS
    peer: str | None = None
    exchange: int = 0


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be sent, before it is known to whom."""

    content: Content
    batch_id: str
    parameters: Mapping[str, str] = field(repr=False)
