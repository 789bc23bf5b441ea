"""The commands that send: messages, pushes and batches."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.rules import Refused
from clicksoap.simulator.gateway.accounts import CREDENTIALS, Accounts
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.content import Content, content_of
from clicksoap.simulator.gateway.mailbox import Mailbox
from clicksoap.simulator.gateway.model import BATCH_LIFE, AccountState, Batch, Message, Request, Stage, Submission
from clicksoap.simulator.gateway.settings import Settings
from clicksoap.simulator.gateway.stages import ending_of, life

TRIAL_TEXT: Final = "A trial account sent this text: it will carry your own once credits were bought."
"""What the messages of a trial account say."""

_SECRETS: Final = frozenset({"session_id", *CREDENTIALS})
_PLACEHOLDER: Final = re.compile(r"#(field[0-9]+)#")
_NOT_DIGIT: Final = re.compile(r"[^0-9]")
_DAY: Final = timedelta(days=1)
_MAX_BATCHES: Final = 10_000
_MAX_MERGED: Final = 1 << 20  # as much as a request can say by itself, and far too long for a message (113)


class Sending:
    """What the commands that send do; not safe between threads by itself.

    Args:
        access: Who is asking.
        mailbox: Where accepted messages go.
        clock: When it is.
        settings: Asked whenever something depends on them.
        accepted: Called with the messages that a request brought.
    """

    def __init__(
        self,
        access: Accounts,
        mailbox: Mailbox,
        clock: Clock,
        settings: Callable[[], Settings],
        accepted: Callable[[tuple[Message, ...]], None],
    ) -> None:
        self._access = access
        self._mailbox = mailbox
        self._clock = clock
        self._settings = settings
        self._accepted = accepted
        self._batches: dict[str, Batch] = {}

    def commands(self) -> Mapping[str, Callable[[Request], list[str]]]:
        """What is carried out here."""
        return {
            "sendmsg": self._sendmsg,
            "si_push": self._si_push,
            "ind_push": self._ind_push,
            "startbatch": self._startbatch,
            "senditem": self._senditem,
            "quicksend": self._quicksend,
            "endbatch": self._endbatch,
        }

    def reset(self) -> None:
        """Forget every batch."""
        self._batches.clear()

    def _sendmsg(self, request: Request) -> list[str]:
        purse = self._access.authorised(request)
        self._check_recipients(request)
        values = request.values
        if "text" not in values and "data" not in values:
            raise Refused("107")
        self._check_options(values)
        content = content_of(values, "text", self._settings().concat_default)
        return self._send(purse, request, Submission(content, "", _public(values)), names_single=False)

    def _si_push(self, request: Request) -> list[str]:
        purse = self._access.authorised(request)
        self._check_recipients(request)
        values = request.values
        rules.check_push(values)
        self._check_options(values)
        text, is_unicode = rules.shown_text(values, "si_text")
        content = Content(text, values["si_text"], is_unicode)
        return self._send(purse, request, Submission(content, "", _public(values)), names_single=True)

    def _ind_push(self, request: Request) -> list[str]:
        purse = self._access.authorised(request)
        self._check_recipients(request)
        values = request.values
        rules.check_notification(values)
        self._check_options(values)
        content = Content(values["mms_subject"], values["mms_subject"])
        return self._send(purse, request, Submission(content, "", _public(values)), names_single=True)

    def _startbatch(self, request: Request) -> list[str]:
        purse, values = self._access.authorised(request), request.values
        if "template" not in values:
            raise Refused("202")
        self._check_options(values)
        content_of(values, "template", self._settings().concat_default)  # fields change its length, but not its kind
        if len(self._batches) >= _MAX_BATCHES:
            del self._batches[next(iter(self._batches))]
        batch_id = secrets.token_hex(16)
        self._batches[batch_id] = Batch(purse, self._clock.now(), _public(values))
        return [f"ID: {batch_id}"]

    def _senditem(self, request: Request) -> list[str]:
        purse, batch = self._batch(request)
        self._check_recipients(request)
        template = batch.parameters["template"]
        if rules.integer(batch.parameters, "unicode") != 1:  # the vendor does not merge fields into unicode
            template = _merged(template, request.values)
        if not template:
            raise Refused("107")
        return self._send(purse, request, self._item(request, batch, template), names_single=False)

    def _quicksend(self, request: Request) -> list[str]:
        purse, batch = self._batch(request)
        self._check_recipients(request)
        order = self._item(request, batch, batch.parameters["template"])
        return self._send(purse, request, order, names_single=self._settings().names_single)

    def _endbatch(self, request: Request) -> list[str]:
        self._batch(request)
        del self._batches[request.values["batch_id"]]
        return [self._settings().endbatch_reply]

    def _item(self, request: Request, batch: Batch, template: str) -> Submission:
        self._check_options(request.values)
        parameters = MappingProxyType({**batch.parameters, **_public(request.values)})
        content = content_of({**parameters, "template": template}, "template", self._settings().concat_default)
        return Submission(content, request.values["batch_id"], parameters)

    def _batch(self, request: Request) -> tuple[AccountState, Batch]:
        purse = self._access.authorised(request)
        batch = self._batches.get(request.values.get("batch_id", ""))
        if batch is None or batch.purse is not purse or self._clock.now() - batch.created > BATCH_LIFE:
            raise Refused("201")
        return purse, batch

    def _check_recipients(self, request: Request) -> None:
        if not any(request.to) or (len(request.to) > request.max_recipients and self._settings().over_limit == "error"):
            raise Refused("101")

    def _check_options(self, values: Mapping[str, str]) -> None:
        rules.check_options(values, self._clock.now(), self._settings().longest_validity)

    def _send(self, purse: AccountState, request: Request, order: Submission, *, names_single: bool) -> list[str]:
        names = names_single or len(request.to) > 1
        lines: list[str] = []
        accepted: list[Message] = []
        if purse.trial and not order.content.data:
            order = Submission(Content(TRIAL_TEXT, order.content.text_as_sent), order.batch_id, order.parameters)
        now, lives = self._clock.now(), dict[str, tuple[Stage, ...]]()
        for given in request.to:
            number = rules.dialled(given, purse.account.dial_prefix)
            problem = rules.number_problem(number) or self._problem(purse, order, number)
            if problem is None:
                # Most recipients of a request have the same life before them; it is worked out once for all.
                ending = ending_of(number)
                if ending not in lives:
                    lives[ending] = life(order.parameters, ending, now, purse.account.price, self._settings())
                message = self._accept(purse, request, order, number, lives[ending])
                accepted.append(message)
                line = f"ID: {message.id}"
            else:
                line = rules.error_line(problem, self._limit_ends(purse))
            lines.append(f"{line} To: {_NOT_DIGIT.sub('', number)}" if names else line)
        if accepted:
            self._accepted(tuple(accepted))
        return lines

    def _problem(self, purse: AccountState, order: Submission, number: str) -> str | None:
        """What keeps a message from going to a good number; None if nothing does."""
        account = purse.account
        if number in purse.opted_out:
            return "122"
        sender = order.parameters.get("from")
        if account.senders is not None and sender is not None and sender not in account.senders:
            return "123"
        if order.content.too_long:
            return "113"
        if account.daily_limit is not None and self._sent_today(purse) >= account.daily_limit:
            return "130"
        if purse.balance < account.price * order.content.parts:
            return "301"
        return None

    def _sent_today(self, purse: AccountState) -> int:
        now = self._clock.now()
        if purse.day is None or now - purse.day >= _DAY:
            purse.day, purse.sent_on_day = now, 0
        return purse.sent_on_day

    def _limit_ends(self, purse: AccountState) -> int:
        """When a day's limit ends, as seconds of the Unix clock."""
        now = self._clock.now()
        began = now if purse.day is None or now - purse.day >= _DAY else purse.day
        return int((began + _DAY).timestamp())

    def _accept(
        self, purse: AccountState, request: Request, order: Submission, number: str, stages: tuple[Stage, ...]
    ) -> Message:
        account, content = purse.account, order.content
        charge = account.price * content.parts
        first, *ahead = stages
        message = Message(
            id=secrets.token_hex(16),
            command=request.command,
            status=first.status,
            created=first.at,
            due=ahead[0].at if first.status == "011" else first.at,
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
            callback=rules.integer(order.parameters, "msg_callback"),
            exchange=request.exchange,
            history=(first,),
        )
        purse.balance -= charge
        purse.sent_on_day += 1
        self._mailbox.add(message, ahead)
        return message


def _merged(template: str, values: Mapping[str, str]) -> str:
    """A template with its fields filled in, as far as that may matter: a long field can stand in many places."""
    pieces: list[str] = []
    size = 0
    for place, piece in enumerate(_PLACEHOLDER.split(template)):
        pieces.append(values.get(piece, "") if place % 2 else piece)
        size += len(pieces[-1])
        if size > _MAX_MERGED:
            break
    return "".join(pieces)[:_MAX_MERGED]


def _public(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({name: value for name, value in values.items() if name not in _SECRETS})
