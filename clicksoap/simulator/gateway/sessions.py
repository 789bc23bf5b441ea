"""Sessions: login, their lifetime, and the authorisation of every command; the commands auth and ping."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.accounts import CREDENTIALS, Account, Accounts, AccountState
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.settings import Settings

SESSION_LIFETIME: Final = timedelta(minutes=15)
"""The time after its last use at which a session expires."""

_MAX_SESSIONS: Final = 10_000


@dataclass(slots=True)
class SessionState:
    """An open session.

    Attributes:
        owner: The account that opened it.
        used: The time of its last use.
        uses: The number of its uses.
    """

    owner: AccountState
    used: datetime
    uses: int = 0


class Sessions:
    """The open sessions of a gateway; not safe between threads by itself.

    Args:
        accounts: The accounts that may log in.
        clock: The clock by which sessions expire.
        settings: Returns the present settings.
    """

    def __init__(self, accounts: Accounts, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._accounts = accounts
        self._clock = clock
        self._settings = settings
        self._by_id: dict[str, SessionState] = {}

    def open_sessions(self) -> list[tuple[Account, datetime, int]]:
        """Every open session: its account, the time of its last use, and the number of its uses."""
        now = self._clock.now()
        return [
            (each.owner.account, each.used, each.uses)
            for each in self._by_id.values()
            if now - each.used <= SESSION_LIFETIME
        ]

    def clear(self) -> None:
        """End every session."""
        self._by_id.clear()

    def authorised(self, command: Command) -> AccountState:
        """The account of a command, by its session or its credentials.

        Raises:
            Refused: The session or the credentials are missing or wrong, or the account refuses the caller.
        """
        return _admitted(self._identified(command.values), command.peer)

    def auth(self, command: Command) -> list[str]:
        """Execute auth: open a session."""
        owner = _admitted(self._by_credentials(command.values), command.peer)
        now = self._clock.now()
        if len(self._by_id) >= _MAX_SESSIONS:
            self._drop_expired(now)
        session_id = secrets.token_hex(16)
        self._by_id[session_id] = SessionState(owner, now)
        return [f"OK: {session_id}"]

    def ping(self, command: Command) -> list[str]:
        """Execute ping: renew a session."""
        if "session_id" not in command.values:
            raise Refused("005", "session_id", "missing, or empty", "give the session id that auth gave")
        _admitted(self._by_session(command.values["session_id"]), command.peer)
        return [self._settings().ping_reply]

    def _identified(self, values: Mapping[str, str]) -> AccountState:
        session_id = values.get("session_id")
        has_credentials = all(name in values for name in CREDENTIALS)
        if session_id is not None and not (has_credentials and self._settings().prefers == "credentials"):
            try:
                return self._by_session(session_id)
            except Refused:
                if not has_credentials:
                    raise
        elif not any(name in values for name in CREDENTIALS):
            rule = "neither a session id nor api_id, user and password are given"
            raise Refused("005", "session_id", rule, "log in by auth, or give the credentials")
        return self._by_credentials(values)

    def _by_credentials(self, values: Mapping[str, str]) -> AccountState:
        return self._accounts.by_credentials(values, self._settings().wrong_password)

    def _by_session(self, session_id: str) -> AccountState:
        """The account of a session, which counts as used now; refused (003) if the session is unknown or expired."""
        session = self._by_id.get(session_id)
        if session is None:
            raise _no_session(session_id, "unknown, or ended already")
        now, max_uses = self._clock.now(), self._settings().session_calls
        if max_uses is not None and session.uses >= max_uses:
            del self._by_id[session_id]
            raise _no_session(session_id, f"used {session.uses} times, as often as session_calls allows")
        if now - session.used > SESSION_LIFETIME:
            del self._by_id[session_id]
            idle = int((now - session.used).total_seconds())
            raise _no_session(session_id, f"expired: last used {idle} seconds ago, and it lasts 15 minutes")
        session.used = now
        session.uses += 1
        return session.owner

    def _drop_expired(self, now: datetime) -> None:
        """Forget the expired sessions; if there are none, the one that was unused longest."""
        expired = [each for each, session in self._by_id.items() if now - session.used > SESSION_LIFETIME]
        for each in expired or [min(self._by_id, key=lambda each: self._by_id[each].used)]:
            del self._by_id[each]


def _no_session(session_id: str, rule: str) -> Refused:
    return Refused("003", "session_id", rule, "log in by auth again", value=session_id)


def _admitted(owner: AccountState, peer: str | None) -> AccountState:
    """The account, if it is not frozen (004) and not locked to other addresses (007)."""
    if owner.account.frozen:
        raise Refused("004", "user", "the account is frozen", "use another account", value=owner.account.user)
    if not owner.account.admits(peer):
        rule = f"the address {peer} is not in the networks of the account"
        raise Refused(
            "007", "user", rule, "call from another address, or add it to the networks", value=owner.account.user
        )
    return owner
