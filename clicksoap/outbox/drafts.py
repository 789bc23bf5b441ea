"""Checks what is to be sent before it is written: as a client would, and as one request can carry it."""

from dataclasses import dataclass, field
from typing import Final

from clicksoap.checks import check_text
from clicksoap.errors import InvalidInput
from clicksoap.messages import Message
from clicksoap.msisdn import Numbers
from clicksoap.options import CallbackOn, SendOptions
from clicksoap.outbox.content import Stored, check_stored, store
from clicksoap.outbox.pace import LARGEST
from clicksoap.protocol.arguments import Arguments
from clicksoap.protocol.compose import ClientCore
from clicksoap.protocol.endpoint import BindingName
from clicksoap.protocol.plan import Ledger, Plan
from clicksoap.redaction import masked_number

LONGEST_KEY: Final = 200
_LONGEST_ACCOUNT: Final = 64
MAX_PER_REQUEST: Final = 300


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked message for one or several recipients, ready to be written.

    Attributes:
        msisdns: The MSISDNs, in input order; each stands once.
        given: The caller's spellings of them.
        stored: The message and its options.
        parts: How many parts it has for each recipient.
    """

    msisdns: tuple[str, ...] = field(repr=False)
    given: tuple[str, ...] = field(repr=False)
    stored: Stored
    parts: int


class Checker:
    """Checks messages as a client of a binding would.

    Args:
        binding: The binding that the workers' clients have.
        region: The country whose national numbers are understood.
        per_request: How many recipients one request has at most.

    Attributes:
        charset: What plain texts of the binding carry.
        per_request: How many recipients one request has at most.
        most_per_request: How many the binding takes at most.
    """

    def __init__(self, binding: BindingName, region: str | None, per_request: int) -> None:
        self._core = ClientCore(
            Arguments(
                api_id=1,
                user="outbox",
                password="outbox",  # noqa: S106 - nothing is sent with it
                endpoint=None,
                binding=binding,
                wsdl=None,
                auth="session",
                timeout=None,
                retry=None,
                deadline=None,
                allow_plaintext=False,
                max_recipients=None,
                region=region,
                sender=None,
                on_exchange=None,
                http_method="POST",
                log_content=False,
            )
        )
        self.charset = self._core.binding.capabilities.charset
        self.most_per_request = self._core.max_recipients
        self.per_request = min(per_request, self.most_per_request)

    def draft(self, to: Numbers, message: str | Message, options: SendOptions) -> Draft:
        """Check recipients, message and options.

        Raises:
            InvalidInput: Something cannot be sent, or takes several requests; the text names the argument.
        """
        check_stored(options)
        plan = self._core.plan(to, message, options)
        numbers = plan.recipients
        if not numbers:
            raise InvalidInput("to names nobody: give at least one number")
        if len(plan.contents) > 1:
            raise InvalidInput(
                f"the message needs {len(plan.contents)} requests, and the outbox counts whole ones: shorten it"
            )
        first: dict[str, int] = {}
        for position, number in enumerate(numbers.msisdns, 1):
            earlier = first.setdefault(number, position)
            if earlier != position:
                raise InvalidInput(
                    f"to holds {masked_number(number)} at positions {earlier} and {position}: give it once, "
                    "or enqueue a second message with a key of its own"
                )
        parts = message_parts(message, self._core)
        most = max(1, min(self.per_request, LARGEST // parts))
        if len(numbers) > most:
            raise InvalidInput(
                f"to names {len(numbers)} recipients, and one request of the outbox takes {most} of this message: "
                "enqueue several groups, each with a key of its own"
            )
        self._check_encoding(plan)
        # Reports settle what no answer tells, so they are asked for unless the caller says otherwise.
        stored = store(message, {"callback": CallbackOn.FINAL | CallbackOn.ERROR, **options})
        return Draft(numbers.msisdns, numbers.given, stored, parts)

    def _check_encoding(self, plan: Plan) -> None:
        """Refuse what the binding cannot carry: a client finds that out only when it writes the request."""
        operation = Ledger(plan, lambda: "").next()
        if operation is not None:
            self._core.binding.encode(operation.name, {"session_id": "", **operation.parameters()})


def message_parts(message: str | Message, core: ClientCore) -> int:
    """How many parts a message has for each recipient."""
    return core.segments(message).parts


def checked_key(key: object, argument: str = "key", longest: int = LONGEST_KEY) -> str:
    """Return a key, if it is a str of 1 to 200 characters."""
    text = check_text(key, argument)
    if not text.strip() or len(text) > longest:
        raise InvalidInput(f"{argument} has {len(text)} characters: give 1 to {longest}, not only blanks")
    return text


def checked_account(account: object) -> str:
    """Return the name of an account, if it is a str of 1 to 64 characters."""
    return checked_key(account, "account", _LONGEST_ACCOUNT)


def filled(value: object, argument: str) -> str:
    """Return a text that is recorded, if it is not empty; a name in ``by`` has at most 200 characters."""
    written = check_text(value, argument)
    if not written.strip():
        raise InvalidInput(f"{argument} is empty: give a text, it is recorded")
    if argument == "by" and len(written) > LONGEST_KEY:
        raise InvalidInput(f"by has {len(written)} characters: give {LONGEST_KEY} at most")
    return written
