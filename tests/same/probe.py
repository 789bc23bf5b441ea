"""Prints what the imported clicksoap sends and tells, as canonical JSON.

It uses only public names of clicksoap, so that it works with the package of any commit; ``python -m tests.same`` runs
it with two of them.
"""

import argparse
import json
import logging
import re
import secrets
import socket
import sys
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from facades import FACADES
from rawserver import Hangup, RawServer, Received, reply
from recorded import ORDINARY, Recorded, called, ordinary

from benchmarks.commits import check_package

from .calls import CLIENTS, SETTINGS, calls
from .gateway import recording
from .outcomes import outcome

SAMPLES: Final = Path(__file__).parents[1] / "samples"


class FixedIds:
    """Ids that are the same in every run, in place of random ones."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin again with the first."""
        self._numbers = count(1)

    def uuid4(self) -> uuid.UUID:
        return uuid.UUID(int=next(self._numbers), version=4)

    def randbelow(self, exclusive_upper_bound: int) -> int:
        return next(self._numbers) % exclusive_upper_bound


def requests(ids: FixedIds, wanted: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """For each call by name: the requests that it makes, and its outcome."""
    gateway, server = recording()
    with server:
        for facade, make in FACADES.items():
            for binding, own in CLIENTS.items():
                for setting, more in SETTINGS.items():
                    given = {"api_id": 7, "user": "acme", "password": "secret", "retry": None, **own, **more}
                    with make(**given, endpoint=server.origin) as client:
                        for name, call in calls():
                            case = f"{facade}, {binding}, {setting}: {name}"
                            if not wanted.search(case):
                                continue
                            ids.restart()
                            told = outcome(lambda call=call, client=client: call(client))  # type: ignore[misc]
                            yield case, {"requests": gateway.take(), "outcome": told}


def replies(ids: FixedIds, wanted: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """For each recorded reply by name: the outcome of the call that meets it."""
    strangers = RawServer(lambda _socket, _request: None)
    with strangers:
        for facade, make in FACADES.items():
            for path in sorted(SAMPLES.glob("*/*.reply")):
                sample = Recorded.load(path, SAMPLES)
                case = f"{facade}, reply {sample.name}"
                if wanted.search(case):
                    ids.restart()
                    yield case, _met(sample, make, strangers.origin)


def _met(sample: Recorded, make: Any, strangers: str) -> dict[str, Any]:
    def answer(connection: socket.socket, received: Received) -> None:
        operation = re.search(rb"<ns1:(\w+)", received.body)
        name = operation[1].decode().lower() if operation else ""
        if name != sample.recorded:
            connection.sendall(reply(ordinary(ORDINARY[name])))
            return
        connection.sendall(sample.reply(strangers))
        if sample.closes:
            raise Hangup

    with (
        RawServer(answer) as server,
        make(1, "acme", "secret", endpoint=server.origin, binding=sample.binding, retry=None) as client,
    ):
        return outcome(lambda: called(client, sample.command, sample.to))


def main() -> int:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", help="the folder of the clicksoap that has to be imported")
    parser.add_argument("--only", default="", help="a pattern that the names of cases contain")
    arguments = parser.parse_args()
    check_package(arguments.package)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a busy machine makes slow callbacks
    ids = FixedIds()
    uuid.uuid4 = ids.uuid4
    secrets.randbelow = ids.randbelow
    wanted = re.compile(arguments.only)
    found = dict([*requests(ids, wanted), *replies(ids, wanted)])
    json.dump(found, sys.stdout, sort_keys=True, indent=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
