"""Errors of the database as errors of the outbox, without a statement or a value in their text."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from clicksoap.errors import OutboxUnavailable
from clicksoap.transports.failures import raised_by_signal_handler

_SQLITE: Final = (
    ("locked", "another program holds the database locked: end its transaction"),
    ("full", "the disk is full: free some space; nothing is lost, the work goes on by itself"),
    ("readonly", "the database is read-only: give this user the right to write to the file and its folder"),
    ("unable to open", "the database cannot be opened: check the path, and the rights of its folder"),
    ("no such table", "the database holds no outbox, or only a part of one: restore it, or give an empty one"),
    ("malformed", "the database is damaged: restore a copy, then say so with after_restore()"),
    ("not a database", "the file is not a database of SQLite: give another path"),
)
# SQLSTATE classes and codes, PostgreSQL's documentation, appendix A.
_POSTGRESQL: Final = (
    ("08", "the connection to the database broke: it is made again by itself"),
    ("57P", "the database is stopped, or the connection was ended from there: start it"),
    ("57014", "a statement took too long and was cancelled"),
    ("55P03", "another transaction holds rows of the outbox locked: end it"),
    ("25P03", "the transaction was idle for too long: commit it sooner"),
    ("53100", "the disk of the database is full: free some space; nothing is lost, the work goes on by itself"),
    ("53", "the database has too few resources, such as connections: raise its limits, or use fewer workers"),
    ("28", "the database refuses the user or the password: check the URL"),
    ("3D", "the database does not exist: create it, or check the URL"),
    ("25006", "the database is read-only: connect to the primary server"),
    ("42P01", "the database holds no outbox, or only a part of one: restore it, or give an empty one"),
    ("42501", "the user may not do this in the database: grant the right, or let its owner run upgrade()"),
    ("40", "the database asks to repeat the transaction, because another one changed the same rows"),
)
# A connection that is refused comes without a SQLSTATE, in the words of the server.
_REFUSED: Final = (
    ("too many", "53"),
    ("connection slots", "53"),
    ("authentication failed", "28"),
    ("no password supplied", "28"),
    ("pg_hba.conf", "28"),
    ("permitted to log in", "28"),
    ("role ", "28"),
    ("database ", "3D"),
    ("starting up", "57P"),
    ("shutting down", "57P"),
)


@contextmanager
def translated() -> Generator[None]:
    """Raise `OutboxUnavailable` for what the database raises.

    The original error is not chained: it holds the statement with numbers and texts. An exception of a signal handler
    is raised as it is, also where the clean-up of the database's libraries failed over it.
    """
    outer = sys.exception()
    problem = foreign = None
    try:
        yield
    except exc.IntegrityError:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        foreign = _interruption_behind(error, outer)
        problem = described(error)
    except exc.StatementError as error:
        # SQLAlchemy wraps what the handler of a signal raises within it.
        foreign = error.orig
        if foreign is None:
            raise
    if foreign is not None:
        raise foreign
    if problem is not None:
        raise OutboxUnavailable(f"the outbox does not reach its database: {problem}")


def _interruption_behind(error: Exception, outer: BaseException | None) -> BaseException | None:
    """The exception of a signal handler that an error took the place of; None if there is none.

    Args:
        error: The error.
        outer: The exception that the caller was handling before: it has no part in this.
    """
    found = getattr(error, "orig", None) or error.__context__
    while found is not None and found is not outer:
        if not isinstance(found, Exception) or raised_by_signal_handler(found):
            return found
        found = found.__context__
    return None


def described(error: Exception) -> str:
    """What a database's error means and what mends it."""
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None)
    words = str(origin)
    if state is None and "FATAL" in words:
        said = words.partition("FATAL")[2]
        state = next((code for part, code in _REFUSED if part in said), None)
    if state is not None:
        for prefix, meaning in _POSTGRESQL:
            if str(state).startswith(prefix):
                return meaning
        return f"it answers with the error {state}"
    if type(origin).__module__.startswith("psycopg"):
        return "nobody answers at its address: start the database, or check the URL"
    for part, meaning in _SQLITE:
        if part in words:
            return meaning
    return f"it raises {type(origin).__name__}"
