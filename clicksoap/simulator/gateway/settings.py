"""Settings of a gateway: the choices that the vendor's documents leave open; the defaults are the safest reading."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args, get_origin, get_type_hints

from clicksoap.simulator.front.rules import MAX_PARTS
from clicksoap.simulator.gateway.callback_url import CallbackUrl

_WEEK: Final = 10080  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The behaviour of a simulated gateway where no document decides it, with its delays and callback addresses.

    Attributes:
        concat_default: The parts allowed to a message without ``concat``, 1 to 35; more are refused (113).
            The vendor's documents say 1, or 3 for a new connection.
        over_limit: The treatment of a request for more recipients than its service allows: ``error`` refuses it whole
            (101), ``accept`` takes them all.
        unknown_id: The answer to a well-formed message id that is unknown: ``status`` for status 001,
            ``error`` for error 103.
        unknown_client_id: The same for a client id: ``error`` for error 104, ``status`` for an id of zeros with 001.
        wrong_password: The error for a wrong user or password: ``001`` or ``002``.
        prefers: The one that counts if a request brings both: an open ``session``, or the ``credentials``.
        refusal: The lines that refuse a whole request for several recipients: ``one`` line, or one for ``each``.
        names_single: True if quicksend names the number even if it is the only one, as the two pushes do.
        credit_word: The word for credits in the answer of getbalance: ``Credit`` or ``Credits``.
        ping_reply: The answer of ping: ``OK:``, or the same with a blank behind it.
        endbatch_reply: The answer of endbatch: ``OK`` or ``OK:``.
        longest_validity: The greatest ``validity`` in minutes, 1 to 10080; more is refused (101).
        gzip: True if the Document/Literal service compresses replies for callers that accept gzip.
        session_calls: The number of uses after which a session expires; None for no limit.
        reporting_delay: The age at which querymsg begins to tell a message's status; until then it tells 001.
        handed_on_after: The delay from the time it is due until a message goes from 008 (accepted) to 003 (handed to
            the network). One whose ``validity`` is shorter expires instead (010).
        received_after: The delay from the time it is due until a message reaches 004 (on the handset).
        report_stops: True to report 006 and 014 as well, which the vendor's table of callbacks leaves out.
        strict: True to refuse a request that the simulator otherwise only warns about. SOAP answers with a Fault
            Client. The HTTP API answers with error 101, and so does SOAP if only values are wrong.
        callback: The address for delivery reports of accounts without an address of their own.
        inbound: The address for inbound messages of such accounts.

    Raises:
        ValueError: A setting is out of its range; the text says which.
    """

    concat_default: int = 1
    over_limit: Literal["error", "accept"] = "error"
    unknown_id: Literal["status", "error"] = "status"
    unknown_client_id: Literal["error", "status"] = "error"
    wrong_password: Literal["001", "002"] = "001"  # noqa: S105 - an error's number
    prefers: Literal["session", "credentials"] = "session"
    refusal: Literal["one", "each"] = "one"
    names_single: bool = True
    credit_word: Literal["Credit", "Credits"] = "Credit"
    ping_reply: Literal["OK:", "OK: "] = "OK:"
    endbatch_reply: Literal["OK", "OK:"] = "OK"
    longest_validity: int = _WEEK
    gzip: bool = True
    session_calls: int | None = None
    reporting_delay: timedelta = timedelta()
    handed_on_after: timedelta = timedelta(seconds=5)
    received_after: timedelta = timedelta(seconds=15)
    report_stops: bool = False
    strict: bool = False
    callback: CallbackUrl | None = None
    inbound: CallbackUrl | None = None

    def __post_init__(self) -> None:
        """Check every setting."""
        if not 1 <= self.concat_default <= MAX_PARTS:
            raise ValueError(f"concat_default is out of range: give a number of parts, 1 to {MAX_PARTS}")
        if not 1 <= self.longest_validity <= _WEEK:
            raise ValueError(f"longest_validity is out of range: give a number of minutes, 1 to {_WEEK}")
        if self.session_calls is not None and self.session_calls < 0:
            raise ValueError(
                "session_calls is negative: give the uses of a session, 0 or more, or None for unlimited use"
            )
        for name in ("reporting_delay", "handed_on_after", "received_after"):
            if getattr(self, name) < timedelta():
                raise ValueError(f"{name} is negative: give a delay of 0 or more")
        if self.received_after < self.handed_on_after:
            raise ValueError("received_after is shorter than handed_on_after: give at least as much")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is not valid: give one of {', '.join(map(repr, choices))}")


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    name: get_args(hint) for name, hint in get_type_hints(Settings).items() if get_origin(hint) is Literal
}
"""The allowed values of each setting that is a choice between words."""

DEFAULTS: Final = Settings()
"""The default settings."""
