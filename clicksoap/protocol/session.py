"""The gateway session that all calls of a client share: one id, renewed once for everybody."""

import copy

from clicksoap.errors import ClicksoapError, TransportTimeout


class SessionSnapshot:
    """The session as it was when a call began.

    Attributes:
        id: The session id, or None where there was none.
        attempts: How many logins had ended by then.
    """

    __slots__ = ("attempts", "id")

    def __init__(self, session_id: str | None, attempts: int) -> None:
        self.id = session_id
        self.attempts = attempts


class Session:
    """The state of the shared session. A thread or task that changes it holds the driver's lock; reading takes none.

    The gateway lets many requests use one id at once, and an id dies after 15 minutes without use.
    """

    _held: SessionSnapshot
    _failure: ClicksoapError | None
    _failure_limits: object
    _proven: str | None

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, without a session."""
        self._held = SessionSnapshot(None, 0)
        self._failure = None
        self._failure_limits = None
        self._proven = None

    def current(self) -> SessionSnapshot:
        """The session as it stands."""
        return self._held

    def prove(self, held: SessionSnapshot) -> None:
        """Remember that the gateway took this id from somebody."""
        if held.id == self._held.id:
            self._proven = held.id

    def may_renew(self, held: SessionSnapshot, *, is_fresh: bool) -> bool:
        """Whether a call whose id was refused may log in and repeat.

        Not if the call has just had the id from a login and it never worked for anybody: the next one would meet the
        same refusal. An id of longer standing may have died of disuse before its first use.
        """
        return not is_fresh or held.id != self._held.id or held.id == self._proven

    def settled(self, held: SessionSnapshot, limits: object) -> bool:
        """Whether somebody already did what a call that held this wants from a login.

        Raises:
            ClicksoapError: Somebody tried meanwhile and failed; the same failure is this call's, so that a wrong
                password costs one login and not one per thread.
        """
        if self._held.id is not None and self._held.id != held.id:
            return True
        failure = self._failure
        if failure is None or self._held.attempts <= held.attempts:
            return False
        # A time-out is the other call's own if its limits are not those of this one.
        if limits == self._failure_limits or not isinstance(failure, TransportTimeout):
            raise copy.copy(failure)
        return False

    def opened(self, session_id: str) -> None:
        """Take a new id."""
        self._failure = None
        self._held = SessionSnapshot(session_id, self._held.attempts + 1)

    def failed(self, error: ClicksoapError, limits: object) -> None:
        """Keep a failed login for those who wait behind it."""
        # A copy, because the original travels on and takes a report of its own.
        self._failure = copy.copy(error)
        self._failure_limits = limits
        self._held = SessionSnapshot(None, self._held.attempts + 1)
