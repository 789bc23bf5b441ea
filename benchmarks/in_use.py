"""What people do with a client, beside zeep and beside code written by hand, with a server in C on the other core.

Other than in `side_by_side`, the one by hand also reads number and id of every result, because its caller needs them.
"""

import argparse
import contextlib
import gc
import http.client
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

import clicksoap
from benchmarks.canned_server import last_request, running, running_in_c
from benchmarks.contenders import (
    SOAP_HEADERS,
    Contender,
    InTasks,
    InThreads,
    OneByOne,
    clicksoap_async,
    zeep_service,
)
from benchmarks.measuring import CLIENT_CORE, median, pin
from benchmarks.scenario import (
    ACTIONS,
    API_ID,
    DOCUMENT,
    ENCODING,
    ENVELOPE,
    NAMESPACES,
    PASSWORD,
    PATHS,
    RPC,
    RPC_PARTS,
    SESSION,
    TEXT,
    UNSET,
    USER,
    XSD,
    XSI,
    new_id,
    numbers,
)
from benchmarks.side_by_side import Row, leaves, measure_row

ZEEP: Final = "zeep"
BY_HAND: Final = "template + http.client by hand"
BY_HAND_READ: Final = "template + http.client by hand, every result read"
OURS: Final = "clicksoap"
OURS_READ: Final = "clicksoap, every result read"
OURS_THREADED: Final = "clicksoap, 16 threads"
OURS_ASYNC: Final = "clicksoap async, 32 at once"

SENDER: Final = "Acme"
CALLBACK: Final = 7
ALPHA: Final = 16


@dataclass(frozen=True)
class Use:
    """One way to use a client.

    Attributes:
        name: What the page calls it.
        credentials: Whether each request carries them, in place of a session id.
        options: Whether each send has a sender and a callback.
        texts: How many different texts are sent in turn.
        as_str: Whether the one recipient is given as str and not in a list.
    """

    name: str
    credentials: bool = False
    options: bool = False
    texts: int = 1
    as_str: bool = False

    def values(self) -> dict[str, str]:
        """The parameters that every request has, by Document/Literal's names."""
        account = {"api_id": str(API_ID), "user": USER, "password": PASSWORD}
        options = {"from": SENDER, "msg_callback": str(CALLBACK), "req_feat": str(ALPHA)}
        return {
            **(account if self.credentials else {"session_id": SESSION}),
            **(options if self.options else {}),
        }

    def next_text(self) -> Callable[[], str]:
        """Gives the text of each further request."""
        texts = [TEXT] if self.texts == 1 else [f"{TEXT} (parcel {number})" for number in range(self.texts)]
        return itertools.cycle(texts).__next__

    def to(self, count: int) -> Any:  # noqa: ANN401 - as a caller writes it
        """The recipients, as they are given."""
        return numbers(count)[0] if self.as_str else numbers(count)


FULL: Final = Use("credentials, sender and callback", credentials=True, options=True)
USES: Final = (
    Use("session"),
    Use("credentials in each request", credentials=True),
    Use("sender and callback", options=True),
    FULL,
    Use("one recipient as str", as_str=True),
    Use("1 000 different texts", texts=1000),
)
SIZES: Final = (1, 300)


@dataclass(frozen=True)
class UseCase:
    """The contenders of one use, binding and number of recipients."""

    use: Use
    binding: str
    recipients: int
    rows: dict[str, Row]

    def rate(self, name: str, other: str) -> float:
        """How many times as many calls a second, as the median over rounds."""
        pairs = zip(self.rows[name].rates, self.rows[other].rates, strict=True)
        return median([rate / against for rate, against in pairs])

    def cpu(self, name: str, other: str) -> float:
        """How many times as many calls for the same CPU time, as the median over rounds."""
        pairs = zip(self.rows[name].cpu, self.rows[other].cpu, strict=True)
        return median([against / cpu for cpu, against in pairs])


@dataclass(frozen=True)
class InUse:
    """What was measured, and the language of the server."""

    cases: Sequence[UseCase]
    language: str

    def find(self, use: Use, binding: str, recipients: int) -> UseCase | None:
        """One case, if it was measured."""
        wanted = use, binding, recipients
        return next((case for case in self.cases if (case.use, case.binding, case.recipients) == wanted), None)


# The ways to send.


def _client(port: int, binding: str, use: Use) -> Any:  # noqa: ANN401 - also of another commit
    auth = "credentials" if use.credentials else "session"
    where = f"http://127.0.0.1:{port}{PATHS[binding]}"
    return clicksoap.Client(API_ID, USER, PASSWORD, endpoint=where, auth=auth)


def _options(use: Use) -> dict[str, Any]:
    return {"sender": SENDER, "callback": CALLBACK} if use.options else {}


def ours(port: int, binding: str, use: Use, count: int) -> OneByOne:
    """The facade, with all that it checks."""
    client, to, text, options = _client(port, binding, use), use.to(count), use.next_text(), _options(use)
    return OneByOne(lambda: len(client.send(to, text(), **options).accepted), count, client.close)


def ours_read(port: int, binding: str, use: Use, count: int) -> OneByOne:
    """The facade, and a caller who looks at what became of everybody."""
    client, to, text, options = _client(port, binding, use), use.to(count), use.next_text(), _options(use)
    accepted = clicksoap.State.ACCEPTED

    def call() -> int:
        report = client.send(to, text(), **options)
        return len({result.to: result.message_id for result in report if result.state is accepted})

    return OneByOne(call, count, client.close)


def ours_async(port: int, binding: str, use: Use, count: int) -> InTasks:
    """The asynchronous facade, 32 calls at once."""
    auth = "credentials" if use.credentials else "session"
    return clicksoap_async(port, binding, count, 32, auth=auth, options=_options(use))


def of_zeep(port: int, binding: str, use: Use, count: int) -> OneByOne:
    """Zeep as shipped; its strings are only counted."""
    service, close = zeep_service(port, binding)
    to, text, sendmsg = numbers(count), use.next_text(), service.sendmsg
    values: dict[str, Any] = {name: int(value) if value.isdigit() else value for name, value in use.values().items()}
    if binding == DOCUMENT:
        return OneByOne(lambda: len(sendmsg(**values, text=text(), to=to, climsgid=new_id())), count, close)
    unset = {name: UNSET.get(kind) for name, kind in RPC_PARTS.items() if name not in {"cliMsgId", "text"}}
    values = {**unset, **values, "to": to}
    return OneByOne(lambda: len(sendmsg(**values, text=text(), cliMsgId=new_id())), count, close)


def by_hand(port: int, binding: str, use: Use, count: int, *, read: bool = False) -> OneByOne:
    """A template, the standard library's HTTP client, and lxml for the answer: hardly any less is possible."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    to, text, values = numbers(count), use.next_text(), use.values()
    headers = {**SOAP_HEADERS, "SOAPAction": f'"{ACTIONS[binding]}"'}
    write = _document if binding == DOCUMENT else _rpc

    def call() -> int:
        connection.request("POST", PATHS[binding], write(values, text(), to), headers)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status != http.HTTPStatus.OK:
            raise RuntimeError(f"HTTP {reply.status}")
        wrapper = etree.fromstring(content)[0][0]
        lines = [line.text for line in (wrapper[0] if len(wrapper[0]) else wrapper)]
        if not read:
            return len(lines)
        if count == 1:
            return len({to[0]: lines[0].removeprefix("ID: ")})
        ids: dict[str, str] = {}
        for line in lines:
            head, _, number = line.partition(" To: ")
            if head.startswith("ID: "):
                ids[number] = head[4:]
        return len(ids)

    return OneByOne(call, count, connection.close)


def _document(values: dict[str, str], text: str, to: list[str]) -> bytes:
    parts = "".join([f"<{name}>{escape(value)}</{name}>" for name, value in values.items()])
    recipients = "".join([f"<to>{escape(number)}</to>" for number in to])
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}">'
        f'<soap:Body><ns1:sendmsg xmlns:ns1="{NAMESPACES[DOCUMENT]}">{parts}<text>{escape(text)}</text>{recipients}'
        f"<climsgid>{new_id()}</climsgid></ns1:sendmsg></soap:Body></soap:Envelope>"
    ).encode()


def _rpc(values: dict[str, str], text: str, to: list[str]) -> bytes:
    values = {**values, "text": text, "cliMsgId": new_id()}
    recipients = "".join([f'<item xsi:type="xsd:string">{escape(number)}</item>' for number in to])
    parts = "".join(
        [
            f'<to SOAP-ENC:arrayType="xsd:string[{len(to)}]" xsi:type="{kind}">{recipients}</to>'
            if name == "to"
            else f'<{name} xsi:type="{kind}">{escape(values[name]) if name in values else UNSET[kind]}</{name}>'
            for name, kind in RPC_PARTS.items()
        ]
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}"'
        f' xmlns:ns1="{NAMESPACES[RPC]}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xmlns:SOAP-ENC="{ENCODING}">'
        f"<soap:Body><ns1:sendmsg>{parts}</ns1:sendmsg></soap:Body></soap:Envelope>"
    ).encode()


_MAKERS: Final[dict[str, Callable[[int, str, Use, int], Contender]]] = {
    ZEEP: of_zeep,
    BY_HAND: by_hand,
    BY_HAND_READ: lambda *case: by_hand(*case, read=True),
    OURS: ours,
    OURS_READ: ours_read,
    OURS_THREADED: lambda *case: InThreads(ours(*case), 16),
    OURS_ASYNC: ours_async,
}


# The measurement.


def measure(  # noqa: PLR0913 - each is a choice of the run
    port: int, use: Use, binding: str, recipients: int, rounds: int, seconds: float, *, only: str = ""
) -> UseCase:
    """One case; ``only`` names whom to measure, by a part of the name."""
    ready: dict[str, Contender] = {}
    try:
        for name, make in _MAKERS.items():
            # Tasks send one text, and threads beside them are of interest once for each binding and size.
            if name in {OURS_THREADED, OURS_ASYNC} and use is not FULL:
                continue
            if only in name:
                ready[name] = make(port, binding, use, recipients)
                ready[name].run(0)
                _check_equal(name, ready[name], port, use, recipients)
        rows = {name: Row(name) for name in ready}
        gc.collect()
        gc.freeze()
        names = list(rows)
        for turn in range(rounds):
            start = turn % len(names)
            for name in names[start:] + names[:start]:
                measure_row(rows[name], ready[name], seconds)
    finally:
        for contender in ready.values():
            contender.close()
        gc.unfreeze()
    return UseCase(use, binding, recipients, rows)


def _check_equal(name: str, contender: Contender, port: int, use: Use, recipients: int) -> None:
    """Refuse a contender that sends something else than the others."""
    if not isinstance(contender, OneByOne):
        return
    said = leaves(last_request(port))
    said.pop("climsgid")
    text = said.pop("text")
    expected = {name.lower(): [value] for name, value in use.values().items()} | {"to": numbers(recipients)}
    if said != expected or not text[0].startswith(TEXT):
        raise RuntimeError(f"{name} does not send what the others send: {sorted(said)}")


def show(case: UseCase) -> str:
    """A table in plain text: ratios of calls a second, and of CPU time in brackets."""
    people = f"{case.recipients} recipient{'s' * (case.recipients > 1)}"
    lines = [f"{case.binding}, {people}: {case.use.name}"]
    for name, row in case.rows.items():
        line = f"  {name:50} {median(row.rates):7.0f}/s {median(row.cpu) * 1e6:6.0f} µs"
        for other in (ZEEP, BY_HAND, BY_HAND_READ):
            if other in case.rows:
                line += f"  {case.rate(name, other):6.2f} ({case.cpu(name, other):5.2f})"
        lines.append(line)
    return "\n".join(lines)


@contextlib.contextmanager
def _running() -> Iterator[tuple[int, str]]:
    """The port of the fastest server that there can be, and its language."""
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(running_in_c()), "C"
        except FileNotFoundError:
            yield stack.enter_context(running()), "Python"


def in_use(*, quick: bool, uses: Sequence[Use] = USES, progress: bool = True) -> InUse:
    """All cases."""
    rounds, seconds = (3, 0.05) if quick else (13, 0.1)
    pin(CLIENT_CORE)
    cases: list[UseCase] = []
    with _running() as (port, language):
        for use, binding, recipients in itertools.product(uses, (DOCUMENT, RPC), SIZES):
            if use.as_str and recipients > 1:
                continue
            cases.append(measure(port, use, binding, recipients, rounds, seconds))
            if progress:
                print(show(cases[-1]), end="\n\n", file=sys.stderr, flush=True)
    return InUse(cases, language)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few short rounds, to see that it works")
    parser.add_argument("--use", choices=[use.name for use in USES], help="one use alone; all by default")
    arguments = parser.parse_args()
    in_use(quick=arguments.quick, uses=[use for use in USES if arguments.use in {None, use.name}])
