"""Who is asking: accounts, their credits, and sessions."""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from clicksoap.simulator.front.rules import Refused
from clicksoap.simulator.gateway.clock import Clock
from clicksoap.simulator.gateway.model import SESSION_LIFE, Account, AccountSnapshot, AccountState, Request, Session
from clicksoap.simulator.gateway.settings import Settings

CREDENTIALS: Final = ("api_id", "user", "password")
"""The parameters that say who is asking, if no session does."""

_WRONG_PASSWORD: Final = "wrong"  # noqa: S105 - the one password that an open gateway refuses
_API_ID: Final = re.compile(r"[0-9]{1,18}")
_MAX_SESSIONS: Final = 10_000  # of sessions, and of the accounts that an open gateway makes


class Accounts:
    """The accounts of a gateway and their open sessions; not safe between threads by itself.

    Args:
        accounts: The only ones there are; None lets everybody in but the password ``wrong``, and makes an account for
            each pair of api_id and user.
        clock: What sessions go by.
        settings: Asked whenever something depends on them.
    """

    def __init__(self, accounts: Sequence[Account] | None, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._accounts = accounts
        self._clock = clock
        self._settings = settings
        self._purses: dict[tuple[int, str], AccountState] = {}
        self._sessions: dict[str, Session] = {}
        self.reset()

    def commands(self) -> Mapping[str, Callable[[Request], list[str]]]:
        """What is carried out here."""
        return {"auth": self._auth, "ping": self._ping}

    def reset(self) -> None:
        """Begin anew: no session, and accounts as they were set up."""
        self._sessions.clear()
        self._purses = {(each.api_id, each.user): AccountState.of(each) for each in self._accounts or ()}

    @property
    def purses(self) -> list[AccountState]:
        """Every account that there is; in an open gateway, every one that was used."""
        return list(self._purses.values())

    def purse(self, api_id: int, user: str) -> AccountState:
        """An account and what is left on it; KeyError if there is none."""
        return self._purses[api_id, user]

    def restore(self, standings: Iterable[AccountSnapshot]) -> None:
        """Let accounts be as at an earlier moment; those that are not there any more are passed over."""
        for each in standings:
            key = each.api_id, each.user
            if self._accounts is None and key not in self._purses:
                self._purses[key] = AccountState.of(Account(*key, ""))  # an open gateway compares no passwords
            if key in self._purses:
                self._purses[key].restore(each)

    def sessions(self) -> list[tuple[Account, datetime, int]]:
        """Every session that is open: whose, when last used, how often used."""
        now = self._clock.now()
        return [
            (each.purse.account, each.used, each.uses)
            for each in self._sessions.values()
            if now - each.used <= SESSION_LIFE
        ]

    def expire_sessions(self) -> int:
        """End every session; gives how many there were."""
        ended = len(self.sessions())
        self._sessions.clear()
        return ended

    def authorised(self, request: Request) -> AccountState:
        """Whose request this is: by its session or its credentials, whichever counts first and holds."""
        purse = self._identified(request.values)
        if purse.account.frozen:
            raise Refused("004")
        if not purse.account.admits(request.peer):
            raise Refused("007")
        return purse

    def _identified(self, values: Mapping[str, str]) -> AccountState:
        session_id = values.get("session_id")
        has_credentials = all(name in values for name in CREDENTIALS)
        if session_id is not None and not (has_credentials and self._settings().prefers == "credentials"):
            purse = self._by_session(session_id)
            if purse is not None:
                return purse
            if not has_credentials:
                raise Refused("003")
        elif not any(name in values for name in CREDENTIALS):
            raise Refused("005")
        return self._by_credentials(values)

    def _auth(self, request: Request) -> list[str]:
        purse = self._by_credentials(request.values)
        if purse.account.frozen:
            raise Refused("004")
        if not purse.account.admits(request.peer):
            raise Refused("007")
        now = self._clock.now()
        if len(self._sessions) >= _MAX_SESSIONS:
            self._drop_dead_sessions(now)
        session_id = secrets.token_hex(16)
        self._sessions[session_id] = Session(purse, now)
        return [f"OK: {session_id}"]

    def _ping(self, request: Request) -> list[str]:
        if "session_id" not in request.values:
            raise Refused("005")
        purse = self._by_session(request.values["session_id"])
        if purse is None:
            raise Refused("003")
        if not purse.account.admits(request.peer):
            raise Refused("007")
        return [self._settings().ping_reply]

    def _by_session(self, session_id: str) -> AccountState | None:
        session = self._sessions.get(session_id)
        if session is None:
            return None
        now, most = self._clock.now(), self._settings().session_calls
        if (most is not None and session.uses >= most) or now - session.used > SESSION_LIFE:
            del self._sessions[session_id]
            return None
        session.used = now
        session.uses += 1
        return session.purse

    def _by_credentials(self, values: Mapping[str, str]) -> AccountState:
        api_id = values.get("api_id", "")
        if not _API_ID.fullmatch(api_id):
            raise Refused("108")
        wrong = Refused(self._settings().wrong_password)
        user, password = values.get("user", ""), values.get("password", "")
        if not user or not password:
            raise wrong
        key = (int(api_id), user)
        if self._accounts is None:
            if password == _WRONG_PASSWORD or (key not in self._purses and len(self._purses) >= _MAX_SESSIONS):
                raise wrong
            if key not in self._purses:
                self._purses[key] = AccountState.of(Account(*key, password))
        elif key not in self._purses or not _same(self._purses[key].account.password, password):
            raise wrong
        return self._purses[key]

    def _drop_dead_sessions(self, now: datetime) -> None:
        """Forget the dead ones; if all are alive, the one that was unused longest."""
        dead = [each for each, session in self._sessions.items() if now - session.used > SESSION_LIFE]
        for each in dead or [min(self._sessions, key=lambda each: self._sessions[each].used)]:
            del self._sessions[each]


def _same(expected: str, given: str) -> bool:
    return secrets.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))
