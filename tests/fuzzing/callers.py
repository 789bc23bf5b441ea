"""Callers of the simulator: one whose requests are correct, and senders of mutants."""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from clicksoap.codes import ERRORS
from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.simulator import Simulator

from .contract import ID, Tally, read_envelope, read_reply, read_text
from .corpus import BLOCKED, FIRST, SECOND, KnownIds
from .http import FORM, XML, KeptConnection, Request
from .mutant import mutant

SEED: Final = os.environ.get("SEED") or "clicksoap"
"""Decides every mutant."""

START: Final = Decimal(10) ** 12
"""The credits of every account at the start."""

MUTANT_API_ID, CORRECT_API_ID = 7, 8
"""Mutants come from accounts of the one API id, correct requests from accounts of the other."""

CORRECT_AFTER: Final = 10
"""After so many mutants there is a correct request."""


def call(connection: KeptConnection, way: str, command: str, to: Sequence[str] = (), /, **values: object) -> list[str]:
    """One correct request, and the lines of its reply.

    Args:
        connection: The connection that it goes over.
        way: The path of a SOAP service, or the method of the HTTP API: ``GET`` or ``POST``.
        command: The command in Document/Literal's spelling.
        to: The recipients.
        values: The other parameters.
    """
    if way in {"GET", "POST"}:
        given = {**values, "to": ",".join(to)} if to else values
        form = urlencode(given, encoding="latin-1").encode()
        headers = {"Content-Type": FORM} if way == "POST" else {}
        request = Request(way, f"/http/{command}", headers=headers).with_payload(form)
        return read_text(command, way, connection.exchange(request))
    parts = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())
    numbers = "".join(f"<item>{each}</item>" for each in to)
    if SERVICE_PATHS[way] is Dialect.DOCUMENT_LITERAL:
        parts += numbers.replace("item>", "to>")
    elif to:
        parts += f"<to>{numbers}</to>"
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<x:{command} xmlns:x="urn:x">{parts}</x:{command}></s:Body></s:Envelope>'
    )
    request = Request("POST", way, headers={"Content-Type": XML}, body=body.encode())
    answer = read_envelope(SERVICE_PATHS[way], connection.exchange(request))
    assert answer is not None
    assert answer[0] == command
    return answer[1]


def known_ids(sim: Simulator) -> KnownIds:
    """A session, a message and batches for the mutants to name."""
    way = next(iter(SERVICE_PATHS))
    with KeptConnection(sim.origin) as connection:
        (opened,) = call(connection, way, "auth", api_id=MUTANT_API_ID, user="acme", password="secret")
        session = opened.removeprefix("OK: ")
        (sent,) = call(connection, way, "sendmsg", [FIRST], session_id=session, text="hi")
        batches = [
            call(connection, way, "startbatch", session_id=session, template="Dear #field1#")[0].removeprefix("ID: ")
            for _ in range(40)
        ]
    return KnownIds(session, sent.removeprefix("ID: "), batches[1:], batches[0])


class CorrectCaller:
    """A caller whose requests are correct and who knows the exact reply to each.

    Each step is one request. The test compares `sent` with the state of the simulator at the end.
    """

    def __init__(self, number: int, connection: KeptConnection) -> None:
        self.user = f"good{number}"
        self.sent: list[tuple[str, str]] = []
        self._connection = connection
        self._round = 0
        self._steps = self._all_steps()

    def step(self) -> None:
        """Send the next request and check its reply."""
        next(self._steps)

    def _all_steps(self) -> Iterator[None]:
        while True:
            for way in (*SERVICE_PATHS, "GET", "POST"):
                yield from self._one_round(way)

    def _one_round(self, way: str) -> Iterator[None]:
        self._round += 1
        text, own_id = f"Grüße & <{self._round}>", f"{self.user}n{self._round}"
        (opened,) = call(self._connection, way, "auth", api_id=CORRECT_API_ID, user=self.user, password="secret")
        session = opened.removeprefix("OK: ")
        assert re.fullmatch(ID, session), opened
        yield
        one, refused, other = call(
            self._connection,
            way,
            "sendmsg",
            [FIRST, BLOCKED, SECOND],
            session_id=session,
            text=text,
            climsgid=own_id,
        )
        assert refused == f"ERR: 121, {ERRORS['121']} To: {BLOCKED}"
        for line, to in ((one, FIRST), (other, SECOND)):
            found = re.fullmatch(f"ID: ({ID}) To: {to}", line)
            assert found, line
            self.sent.append((found[1], text))
        yield
        last = self.sent[-1][0]
        queried = call(self._connection, way, "querymsg", session_id=session, climsgid=own_id)
        assert queried == [f"ID: {last} Status: 008"]
        yield
        remaining = START - len(self.sent)
        assert call(self._connection, way, "getbalance", session_id=session) == [f"Credit: {remaining:.2f}"]
        yield
        charge = call(self._connection, way, "getmsgcharge", session_id=session, apimsgid=last)
        assert charge == [f"apiMsgId: {last} charge: 1 status: 008"]
        yield


class MutantSenders:
    """Callers who send mutants and now and then a correct request; the first failure stops all of them.

    Args:
        sim: The simulator.
        requests: The corpus.
        known: The ids that the mutants name.
    """

    def __init__(self, sim: Simulator, requests: Sequence[Request], known: KnownIds) -> None:
        self._sim = sim
        self._requests = requests
        self._known = known
        self._failed = threading.Event()

    def send(self, worker: int, numbers: range) -> tuple[Tally, CorrectCaller]:
        """The share of one caller, over one connection."""
        tally = Tally()
        with KeptConnection(self._sim.origin) as connection:
            correct = CorrectCaller(worker, connection)
            for turn, number in enumerate(numbers, 1):
                if self._failed.is_set():
                    break
                try:
                    self.send_one(connection, number, tally)
                    if turn % CORRECT_AFTER == 0:
                        correct.step()
                except BaseException as error:
                    self._failed.set()
                    error.add_note(f"during or after mutant {number} of the seed {SEED}")
                    raise
        return tally, correct

    def send_one(self, connection: KeptConnection, number: int, tally: Tally) -> None:
        """Send one mutant and check the reply."""
        request = mutant(f"{SEED}-{number}", self._requests, self._known)
        try:
            read_reply(request, connection.exchange(request), tally)
        except BaseException as error:
            error.add_note(f"sent: {request.to_bytes().hex()}")
            raise
