"""The corpus: correct requests for every command, as many SOAP stacks and HTTP callers write them."""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.protocol.bindings.http import HttpApi
from clicksoap.protocol.bindings.soap import SoapBinding

from .http import XML, Request
from .stacks import NAMESPACES, STACKS

FIRST: Final = "27820000001"
SECOND: Final = "27820000002"
BLOCKED: Final = "9991210000"
"""A number that the simulator refuses with error 121."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownIds:
    """The ids that a simulator gave out.

    Attributes:
        session: An open session.
        message: A message that was accepted.
        batches: Open batches; a mutant names one of them.
        closing_batch: The batch that ``endbatch`` names.
    """

    session: str
    message: str
    batches: Sequence[str]
    closing_batch: str


def commands(known: KnownIds) -> list[tuple[str, Values]]:
    """Every command with the arguments of a caller, several times where several kinds of arguments exist."""
    who = {"session_id": known.session}
    whom = {"to": [FIRST, SECOND]}
    named = {"api_id": 7, "user": "acme", "password": "secret"}
    batch = {**who, "batch_id": known.batches[0]}
    push = {"si_id": "1", "si_url": "http://shop.test/?a=1&b=2", "si_text": "look", "si_action": "signal-high"}
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "60", "mms_from": "me", "mms_url": "http://shop.test/"}
    options = {
        "from": "Shop",
        "concat": 3,
        "deliv_ack": 1,
        "msg_callback": 3,
        "deliv_time": 60,
        "max_credits": Decimal(2),
        "req_feat": 48,
        "queue": 1,
        "escalate": 1,
        "mo": 1,
        "climsgid": "m1",
        "validity": 60,
    }
    return [
        ("auth", named),
        ("ping", who),
        ("sendmsg", {**who, **whom, "text": "  Grüße, <you> & me\n"}),
        ("sendmsg", {**named, "to": [FIRST], "text": "hi", **options}),
        ("sendmsg", {**who, "to": [FIRST, BLOCKED], "text": "005a0061017c", "unicode": 1}),
        ("sendmsg", {**who, **whom, "data": "0a1b2c", "udh": "06050415811581"}),
        ("querymsg", {**who, "apimsgid": known.message}),
        ("querymsg", {**named, "climsgid": "m1"}),
        ("delmsg", {**who, "apimsgid": known.message}),
        ("delmsg", {**who, "climsgid": "m1"}),
        ("getbalance", who),
        ("getmsgcharge", {**who, "apimsgid": known.message}),
        ("routecoverage", {**who, "msisdn": FIRST}),
        ("routecoverage", {**who, "msisdn": BLOCKED}),
        ("si_push", {**who, **whom, **push}),
        ("ind_push", {**who, **whom, **mms}),
        ("token_pay", {**who, "token": "1234567890123456"}),
        ("startbatch", {**who, "template": "Dear #field1#, #field2#", "concat": 2, "climsgid": "b1"}),
        ("senditem", {**batch, **whom, "field1": "Ann & Bob", "field2": "#field1#"}),
        ("quicksend", {**batch, **whom}),
        ("endbatch", {**who, "batch_id": known.closing_batch}),
    ]


def corpus(known: KnownIds, without: AbstractSet[str] = frozenset()) -> list[Request]:
    """Every command as every stack writes it, for every service.

    Args:
        known: The ids that the requests name.
        without: The names of commands to leave out.
    """
    return [
        request
        for command, values in commands(known)
        if command not in without
        for request in (*_by_soap(command, values), *_by_http(command, values))
    ]


def _by_http(command: str, values: Values) -> Iterator[Request]:
    for method in ("GET", "POST"):
        wire = HttpApi("http://localhost", method).encode(command, values)
        address = urlsplit(wire.url)
        yield Request(method, address.path, address.query.encode("ascii"), wire.headers, wire.body)


def _by_soap(command: str, values: Values) -> Iterator[Request]:
    for path, dialect in SERVICE_PATHS.items():
        binding = SoapBinding(dialect, f"http://localhost{path}")
        wire = binding.encode(command, values)
        yield Request("POST", path, headers=wire.headers, body=wire.body)
        parts = binding.serializer(command).parts
        given = [(part, values.get(part.name)) for part in parts]
        name = "routeCoverage" if dialect is Dialect.RPC_ENCODED and command == "routecoverage" else command
        for stack, content in STACKS[dialect].items():
            headers = {"Content-Type": XML, "SOAPAction": f'"{NAMESPACES[dialect]}/{name}"', "User-Agent": stack}
            yield Request("POST", path, headers=headers, body=content(name, given).encode())
