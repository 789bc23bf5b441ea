"""The simulated gateway: fifteen commands over one state.

The settings decide where the vendor's documents are silent. Beyond them this is assumed. Replies come in the order of
the recipients. A message of too many parts is refused recipient by recipient, after the check of the number. A message
that was already sent is not stopped but answered with its status. One that reached no network costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Final

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refusal, Refused
from clicksoap.simulator.gateway.accounts import Account
from clicksoap.simulator.gateway.admin import Administration
from clicksoap.simulator.gateway.batches import Batches
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.payments import Payments
from clicksoap.simulator.gateway.queries import Queries
from clicksoap.simulator.gateway.sending import Sending
from clicksoap.simulator.gateway.settings import DEFAULTS, Settings
from clicksoap.simulator.gateway.state import GatewayState
from clicksoap.simulator.gateway.stops import Stops

CAPACITY: Final = 10_000
"""The default number of messages that are kept."""

ReplyHook = Callable[[Command], None]
"""A function that is called with every command after its execution and before its reply is given."""


@dataclass(frozen=True, slots=True)
class GatewayReply:
    """The reply to a command.

    Attributes:
        lines: The lines as the gateway words them.
        refusals: The reasons of the refusals among them; empty if nothing was refused.
        accepted: The number of messages that were accepted.
    """

    lines: list[str] = field(repr=False)
    refusals: tuple[Refusal, ...] = ()
    accepted: int = 0


class Gateway(Administration):
    """The commands of a gateway, with its administration; safe to use from any thread.

    Args:
        accounts: The only accounts. Without them, all credentials work except the password ``wrong``, and each new pair
            of api_id and user makes an account.
        settings: The behaviour where no document decides it.
        clock: The clock of sessions, batches and statuses; one of its own by default.
        capacity: The most messages that are kept. The oldest are dropped first and are then unknown to every command.

    Raises:
        ValueError: The capacity is less than 1.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[Account] | None = None,
        settings: Settings = DEFAULTS,
        clock: Clock | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        state = GatewayState(accounts, settings, clock or Clock(), capacity)
        super().__init__(state)
        sending, queries = Sending(state), Queries(state)
        self._batches = Batches(state)
        self._payments = Payments(state)
        self._reply_hooks: tuple[ReplyHook, ...] = ()
        self._hooks_lock = Lock()
        self._handlers: dict[str, Callable[[Command], list[str]]] = {
            "auth": state.sessions.auth,
            "ping": state.sessions.ping,
            "sendmsg": sending.sendmsg,
            "si_push": sending.si_push,
            "ind_push": sending.ind_push,
            "startbatch": self._batches.startbatch,
            "senditem": self._batches.senditem,
            "quicksend": self._batches.quicksend,
            "endbatch": self._batches.endbatch,
            "querymsg": queries.querymsg,
            "delmsg": Stops(state).delmsg,
            "getmsgcharge": queries.getmsgcharge,
            "getbalance": queries.getbalance,
            "routecoverage": queries.routecoverage,
            "token_pay": self._payments.token_pay,
        }

    @property
    def commands(self) -> dict[str, int]:
        """The number of executions of each command, refused ones included; every command is a key."""
        with self._state.locked():
            return {name: self._state.executed[name] for name in self._handlers}

    @property
    def has_reply_hooks(self) -> bool:
        """True if a reply hook is set, so that ``execute`` may wait."""
        return bool(self._reply_hooks)

    def add_reply_hook(self, hook: ReplyHook) -> Callable[[], None]:
        """Call a function with every command after its execution and before its reply is given.

        It is called in the thread that executes the command, and no lock is held, so that it may wait. It must not
        raise.

        Args:
            hook: The function.

        Returns:
            Removes the hook; calling it again does nothing.
        """

        def entry(command: Command) -> None:
            hook(command)

        def remove() -> None:
            with self._hooks_lock:
                self._reply_hooks = tuple(each for each in self._reply_hooks if each is not entry)

        with self._hooks_lock:
            self._reply_hooks = (*self._reply_hooks, entry)
        return remove

    def execute(self, command: Command) -> list[str]:
        """Execute a command.

        Returns:
            The lines of the reply; a refusal is a line, too.

        Raises:
            KeyError: The command is unknown.
        """
        return self.reply(command).lines

    def reply(self, command: Command) -> "GatewayReply":
        """Execute a command; gives the reply with the reasons of its refusals.

        Raises:
            KeyError: The command is unknown.
        """
        reply = self._executed(command)
        for hook in self._reply_hooks:
            hook(command)
        return reply

    def refusal(self, code: str, recipients: int) -> list[str]:
        """The lines that refuse a whole command.

        Args:
            code: The three-digit code of the error.
            recipients: The number of recipients of the command.
        """
        until = int((self.clock.now() + timedelta(days=1)).timestamp())
        line = rules.error_line(code, until)
        return [line] * max(1, recipients if self.settings.refusal == "each" else 1)

    def reset(self) -> None:
        """Forget messages, sessions, batches and counters; accounts and settings are as at the start again."""
        with self._state.locked():
            self._batches.clear()
            self._payments.clear()
            self._state.reset()

    def _executed(self, command: Command) -> "GatewayReply":
        with self._state.locked():
            handler = self._handlers[command.name]
            state = self._state
            state.executed[command.name] += 1
            state.refusals, before = [], state.accepted_so_far
            try:
                lines = handler(command)
            except Refused as refused:
                state.refusals.append(refused.refusal)
                lines = self.refusal(refused.refusal.code, len(command.to))
            return GatewayReply(lines, tuple(state.refusals), state.accepted_so_far - before)
