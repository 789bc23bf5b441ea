"""What the vendor's documents leave open, each choice by name; the defaults are the safest reading."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args, get_origin, get_type_hints

from clicksoap.simulator.front.rules import MAX_PARTS
from clicksoap.simulator.gateway.model import CallbackUrl

_WEEK: Final = 10080  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a simulated gateway behaves where no document decides it, and what it does by itself.

    Attributes:
        concat_default: The parts allowed to a message whose ``concat`` says nothing, 1 to 35; more are refused (113).
            The vendor's documents say 1, or 3 for a new connection.
        over_limit: What becomes of a request for more recipients than its service allows: ``error`` refuses it whole
            (101), ``accept`` takes them all.
        unknown_id: What is answered to a well-formed message id that stands for nothing: ``status`` for status 001,
            ``error`` for error 103.
        unknown_client_id: The same for a client id: ``error`` for error 104, ``status`` for an id of zeros with 001.
        wrong_password: The error that a wrong user or password earns: ``001`` or ``002``.
        prefers: What counts if a request brings both: a living ``session``, or the ``credentials``.
        refusal: How a request for several recipients is refused as a whole: ``one`` line, or one for ``each``.
        names_single: Whether quicksend names the number even if it is the only one, as the two pushes do.
        credit_word: What getbalance calls credits: ``Credit`` or ``Credits``.
        ping_reply: What ping answers: ``OK:`` or ``OK: `` with a blank.
        endbatch_reply: What endbatch answers: ``OK`` or ``OK:``.
        longest_validity: The most minutes that ``validity`` may say, 1 to 10080; more are refused (101).
        gzip: Whether the Document/Literal service compresses replies for those who accept it.
        session_calls: After how many uses a session dies; None for no limit.
        reporting_delay: How old a message must be before querymsg tells its status; until then that is 001.
        handed_on_after: When a message goes from 008 (accepted) to 003 (handed to the network), counted from when it
            was due. One whose ``validity`` is shorter expires instead (010).
        received_after: When it reaches 004 (on the handset), counted from when it was due.
        report_stops: Whether 006 and 014, which the vendor's table of callbacks leaves out, are reported as well.
        callback: Where delivery reports of accounts go that name no place of their own.
        inbound: Where messages from handsets to such accounts go.

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
    callback: CallbackUrl | None = None
    inbound: CallbackUrl | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 1 <= self.concat_default <= MAX_PARTS:
            raise ValueError(f"concat_default is a number of parts: give 1 to {MAX_PARTS}")
        if not 1 <= self.longest_validity <= _WEEK:
            raise ValueError(f"longest_validity is a number of minutes: give 1 to {_WEEK}")
        if self.session_calls is not None and self.session_calls < 0:
            raise ValueError("session_calls counts the uses of a session: give 0 or more, or None for no limit")
        for name in ("reporting_delay", "handed_on_after", "received_after"):
            if getattr(self, name) < timedelta():
                raise ValueError(f"{name} is a time to wait: give 0 or more")
        if self.received_after < self.handed_on_after:
            raise ValueError("received_after comes after handed_on_after: give at least as much")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}")


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    name: get_args(hint) for name, hint in get_type_hints(Settings).items() if get_origin(hint) is Literal
}
"""The values of each setting that is a choice between words."""

DEFAULTS: Final = Settings()
"""The settings of a gateway that is given none."""
